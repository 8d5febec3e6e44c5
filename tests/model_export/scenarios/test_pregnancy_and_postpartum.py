"""Before and after a birth: content changes by trimester, and every answer says whom to ask."""

from tests.model_export.scenarios.coach import payload, scenario


def assert_gentle(plan):
    """O03"""
    assert {"breathe", "seek_clearance", "pain_stop"} <= plan.warnings
    assert plan.peak <= 6
    assert not {"breath_hold", "impact_high", "isometric_hold"} & plan.hazards
    assert plan.of_type("potentiation") == []


@scenario(payload("warmup", "swim", 10, age=30, conditions=["pregnancy_t1"], kit=["band"]))
def test_a_swimmer_in_the_first_trimester_keeps_her_shoulder_warmup_at_talking_pace(plan):
    assert_gentle(plan)
    assert {"lats", "rotator_cuff", "serratus"} <= plan.muscles
    assert plan.rows[-1].type == "skill_drill"
    assert plan.rows[0].posture == "standing"


@scenario(payload("warmup", "yoga_pilates", 8, age=33, conditions=["pregnancy_t23"], kit=["mat", "chair"]))
def test_a_class_in_the_third_trimester_has_nothing_on_back_or_belly_and_nothing_head_down(plan):
    assert_gentle(plan)
    out = {
        "supine",
        "prone",
        "core_high",
        "hip_abd_end",
        "head_below_heart",
        "spine_rot_end",
        "rapid_position_change",
    }
    assert not out & plan.hazards
    assert "hip.flexion" in plan.moves
    assert {"thoracic.extension", "shoulder.flexion"} & plan.moves
    assert len(plan.rows) <= 11


@scenario(
    payload(
        "mobility",
        "general",
        12,
        age=35,
        conditions=["pregnancy_t23", "pelvic_girdle_pain"],
        kit=["chair", "mat"],
    )
)
def test_pelvic_girdle_pain_keeps_the_legs_together_and_both_feet_down(plan):
    """O05: no wide abduction, no asymmetric load on one leg; standing on one leg counts even beside a wall."""
    assert_gentle(plan)
    assert not {"hip_abd_end", "single_leg", "impact"} & plan.hazards
    assert not [row.slug for row in plan.rows if row.item["position"] == "standing_single_leg"]
    assert not [row.slug for row in plan.rows if row.item["position"] == "squat"]
    assert {"thoracic.extension", "thoracic.rotation"} & plan.moves
    assert {"pecs", "mid_back", "thoracic_extensors"} & plan.muscles


@scenario(payload("cooldown", "hike", 10, age=31, conditions=["pregnancy_t23"], kit=["chair", "step"]))
def test_after_a_walk_late_in_pregnancy_legs_are_stretched_upright_or_seated(plan):
    assert_gentle(plan)
    assert not {"supine", "prone", "head_below_heart"} & plan.hazards
    assert all(row.posture != "floor" for row in plan.rows)
    stretched = {muscle for row in plan.stretches for muscle in row.muscles}
    assert {"gastroc", "soleus"} & stretched
    assert {"quads", "hip_flexors"} & stretched
    assert min(row.item["work_s_per_side"] for row in plan.stretches) >= 15
    assert plan.rows[-1].met <= 2.5


@scenario(
    payload("warmup", "run_distance", 12, age=32, conditions=["postpartum_early"], kit=["mat", "chair"])
)
def test_eight_weeks_after_birth_a_runner_walks_wakes_calves_and_glutes_and_does_not_bounce(plan):
    """O06"""
    assert not {"impact", "impact_high", "spine_flex_load", "core_high", "isometric_hold"} & plan.hazards
    assert plan.of_type("potentiation") == []
    assert {"seek_clearance", "pain_stop"} <= plan.warnings
    assert {"glute_max", "glute_med"} & plan.muscles
    assert {"gastroc", "soleus"} & plan.muscles
    assert plan.peak < 6
    assert any("postpartum_early: impact" in cause for cause in plan.causes().values())
    assert len(plan.rows) <= 15


@scenario(payload("mobility", "yoga_pilates", 10, age=29, conditions=["postpartum_early"], kit=["mat"]))
def test_back_on_the_mat_after_birth_the_core_is_low_load_and_the_breath_is_in(plan):
    assert not {"core_high", "isometric_hold", "spine_flex_load", "impact"} & plan.hazards
    core = {"deep_core", "diaphragm"}
    assert core & {muscle for row in plan.rows for muscle in row.muscles}
    assert {"hip.flexion", "thoracic.extension", "hip.external_rotation"} & plan.moves
