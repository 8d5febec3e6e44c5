"""Lifters: the joint ranges of the lift, the trunk, then the lift itself, lighter before heavier."""

import pytest

from tests.model_export.scenarios.coach import payload, scenario


def barbell(row):
    return "barbell" in row.exercise["equipment"]


def assert_ends_on_the_lift(plan):
    """The bar comes after the bodyweight work, and nothing but heavier or faster work comes after the bar."""
    first = plan.place(barbell)
    assert first < len(plan.rows)
    assert plan.lists(plan.rows[first])
    assert all(row.type in {"skill_drill", "potentiation"} for row in plan.rows[first:])


@scenario(payload("warmup", "lift_squat", 12, kit=["barbell", "mat"]))
def test_a_squat_session_opens_ankles_and_hips_braces_the_trunk_and_ends_under_the_empty_bar(plan):
    assert {"ankle.dorsiflexion", "hip.flexion", "knee.flexion", "trunk.stability"} <= plan.moves
    assert {"quads", "glute_max", "adductors"} <= plan.muscles
    assert_ends_on_the_lift(plan)
    squats = [row for row in plan.rows if row.type == "activation" and {"quads", "glute_max"} <= row.primary]
    assert 1 <= len(squats) <= 2


@scenario(payload("warmup", "lift_bench", 10, kit=["barbell", "bench", "band"]))
def test_a_bench_session_sets_the_shoulder_blades_before_pressing(plan):
    assert {"scapula.retraction", "shoulder.external_rotation", "shoulder.horizontal_adduction"} <= plan.moves
    assert {"pecs", "rotator_cuff"} <= plan.muscles
    blades = plan.place(lambda row: row.type == "activation" and "scapula.retraction" in row.moves)
    assert blades < plan.place(barbell)
    assert_ends_on_the_lift(plan)
    legs = {"hip_flexors", "quads", "hamstrings", "adductors", "gastroc", "soleus", "tib_ant"}
    assert not [row for row in plan.rows if row.type != "pulse_raiser" and row.primary <= legs]


@scenario(payload("warmup", "lift_deadlift", 12, level="trained", gap_s=300, kit=["barbell", "mat"]))
def test_a_deadlift_session_hinges_light_before_it_hinges_heavy(plan):
    assert {"hip.flexion", "hip.extension", "trunk.stability"} <= plan.moves
    assert {"hamstrings", "glute_max"} <= plan.muscles
    hinge = plan.place(lambda row: {"hip.flexion", "hip.extension"} <= row.moves and not barbell(row))
    light = plan.place(lambda row: barbell(row) and row.type == "skill_drill")
    heavy = plan.place(lambda row: "isometric_hold" in row.hazards and barbell(row))
    assert hinge < light <= heavy
    assert light < len(plan.rows)


@scenario(payload("warmup", "lift_overhead", 10, kit=["barbell", "dowel", "band"]))
def test_an_overhead_session_extends_the_upper_back_and_turns_the_blades_up(plan):
    assert {"thoracic.extension", "scapula.upward_rotation", "shoulder.flexion"} <= plan.moves
    assert {"serratus", "rotator_cuff", "delts_front"} <= plan.muscles
    assert_ends_on_the_lift(plan)
    ready = plan.place(lambda row: row.type in {"mobility", "dynamic_stretch"} and "overhead" in row.hazards)
    assert ready < plan.place(barbell)


@scenario(payload("warmup", "lift_olympic", 15, level="trained", age=29, kit=["barbell", "dowel", "mat"]))
def test_a_weightlifter_prepares_wrists_ankles_and_upper_back_then_takes_the_stick_then_the_bar(plan):
    assert {"ankle.dorsiflexion", "thoracic.extension", "shoulder.flexion", "wrist.extension"} <= plan.moves
    assert {"quads", "glute_max"} <= plan.muscles
    bars = [row for row in plan.rows if barbell(row)]
    assert bars
    assert plan.place(lambda row: "wrist.extension" in row.moves) < plan.place(barbell)


@scenario(payload("warmup", "lift_pull", 10, kit=["pullup_bar", "band"]))
def test_a_pull_session_draws_the_blades_down_and_warms_elbows_before_hanging(plan):
    assert {"scapula.depression", "scapula.retraction", "shoulder.extension", "elbow.flexion"} <= plan.moves
    assert {"lats", "mid_back", "biceps"} <= plan.muscles
    assert plan.place(lambda row: row.type == "activation" and "lats" in row.primary) < len(plan.rows)
    hang = plan.place(lambda row: row.posture == "bar")
    assert hang == len(plan.rows) or hang >= len(plan.rows) / 2


@scenario(payload("warmup", "calisthenics", 12, age=21, kit=["pullup_bar", "mat"]))
def test_a_calisthenics_session_readies_the_wrists_before_weight_is_on_them(plan):
    assert {"wrist.extension", "shoulder.flexion", "trunk.stability"} <= plan.moves
    assert {"serratus", "rotator_cuff"} & plan.muscles
    loaded = plan.place(lambda row: "wrist_ext_wb" in row.hazards)
    assert loaded == len(plan.rows) or plan.place(lambda row: "wrist.extension" in row.moves) <= loaded
    assert loaded < len(plan.rows) or "trunk.stability" in plan.moves


@scenario(payload("warmup", "hiit", 10, age=31, kit=["mat", "step"]))
def test_a_circuit_warmup_squats_hinges_braces_and_gets_the_pulse_up(plan):
    assert {"hip.flexion", "knee.flexion", "trunk.stability"} <= plan.moves
    assert {"quads", "glute_max"} <= plan.muscles
    assert plan.peak >= 0.5 * plan.catalog.activities["hiit"]["met"]


@scenario(payload("warmup", "manual_work", 5, age=55, kit=[]))
def test_a_worker_of_55_rehearses_the_lift_from_the_hips_before_the_shift(plan):
    assert {"hip.flexion", "trunk.stability"} <= plan.moves
    assert "glute_max" in plan.muscles
    assert plan.rows[-1].type == "skill_drill"
    assert all(row.posture == "standing" for row in plan.rows)
    assert plan.peak <= 5


@pytest.mark.parametrize("gap_s", [None, 60])
def test_no_near_maximal_set_without_three_known_minutes_to_recover(plan_of, gap_s):
    """P01"""
    for activity in ("lift_squat", "lift_deadlift", "lift_bench", "lift_overhead"):
        plan = plan_of(payload("warmup", activity, 15, level="trained", gap_s=gap_s, kit=["barbell", "mat"]))
        assert not [row.slug for row in plan.of_type("potentiation") if "isometric_hold" in row.hazards]
