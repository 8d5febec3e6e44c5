"""Runners and players: they leave warm, moving like their sport, a little faster at every step."""

from tests.model_export.scenarios.coach import HOME, falls, payload, scenario

EXPLOSIVE = ("hamstrings", "hip_flexors", "quads", "glute_max")


def before_hard_work(plan):
    """What was moved before the first item of 6 MET and more that is not the raise."""
    hard = plan.place(lambda row: row.met >= 6 and row.type != "pulse_raiser")
    return plan.rows[:hard]


def assert_rises_to_the_sport(plan, share=0.5):
    """W05: the last third is no easier than the middle one and comes near the sport's own intensity."""
    middle, last = ([row.met for row in plan.third(n)] for n in (1, 2))
    assert sum(last) / len(last) >= sum(middle) / len(middle) - 0.2
    assert max(last) >= share * plan.catalog.activities[plan.activity]["met"]


@scenario(payload("warmup", "run_distance", 10, age=34))
def test_an_easy_runner_walks_then_jogs_loosens_ankles_and_hips_and_ends_on_running_drills(plan):
    raise_ = plan.of_phase("raise")
    assert raise_[-1].met >= 4.8
    assert "global.locomotion" in raise_[-1].moves
    assert {"ankle.dorsiflexion", "ankle.plantarflexion", "hip.extension", "hip.flexion"} <= plan.moves
    assert {"hamstrings", "hip_flexors", "glute_max"} <= plan.muscles
    assert {"gastroc", "soleus"} & plan.muscles
    assert plan.rows[-1].type in {"skill_drill", "potentiation"}
    assert plan.lists(plan.rows[-1])
    assert_rises_to_the_sport(plan)
    assert all(row.posture == "standing" for row in plan.rows)


@scenario(payload("warmup", "run_distance", 8, age=52, level="beginner", kit=[]))
def test_a_beginner_of_52_gets_a_gentle_run_up_without_jumps_or_hard_balance(plan):
    assert all(row.exercise["difficulty"] <= 2 for row in plan.rows)
    assert plan.rows[0].met <= 4.8
    assert plan.of_type("potentiation") == []
    assert not {"impact_high", "ballistic"} & plan.hazards
    assert plan.seconds(plan.of_type("pulse_raiser")) >= 0.18 * 480
    assert {"ankle.dorsiflexion", "ankle.plantarflexion", "hip.extension"} <= plan.moves


@scenario(payload("warmup", "run_sprint", 20, age=23, level="trained", kit=[], gap_s=420))
def test_a_sprinter_swings_before_skipping_and_skips_before_the_fast_strides(plan):
    moved = {muscle for row in before_hard_work(plan) for muscle in row.muscles}
    assert {"hamstrings", "hip_flexors", "glute_max"} <= moved
    assert len(plan.of_type("dynamic_stretch")) >= 3
    drills = [row for row in plan.drills if row.item["phase"] == "activate"]
    assert drills
    assert falls((row.met for row in drills), tolerance=0.5) == []
    assert plan.third(2)[-1].met >= 7
    assert plan.peak >= 9
    assert any("impact_high" in row.hazards for row in plan.of_phase("potentiate"))
    assert any(row.met >= 10 and "global.locomotion" in row.moves for row in plan.drills)
    assert plan.seconds(row for row in plan.rows if "impact_high" in row.hazards) <= 120
    assert_rises_to_the_sport(plan)


@scenario(payload("warmup", "run_trail", 12, age=41, kit=[]))
def test_a_trail_runner_prepares_ankles_in_every_direction_and_one_leg_at_a_time(plan):
    assert {"ankle.dorsiflexion", "hip.extension"} <= plan.moves
    assert {"peroneals", "tib_post", "foot_intrinsics"} & {m for row in plan.rows for m in row.muscles}
    assert {"gastroc", "soleus"} & plan.muscles
    assert any("single_leg" in row.hazards or row.item["sides"] == 2 for row in plan.rows)
    assert "global.balance" in plan.moves
    assert_rises_to_the_sport(plan)


@scenario(payload("warmup", "hike", 6, age=62, level="beginner", kit=[]))
def test_a_hiker_of_62_warms_thighs_glutes_and_ankles_upright_and_without_impact(plan):
    assert all(row.posture == "standing" for row in plan.rows)
    assert {"quads", "glute_max"} <= plan.muscles
    assert "ankle.dorsiflexion" in plan.moves
    assert not {"impact", "impact_high", "ballistic"} & plan.hazards
    assert plan.peak <= 5


@scenario(payload("warmup", "football", 20, age=24, kit=[]))
def test_a_footballer_gets_running_groin_balance_strength_and_quick_feet_as_in_the_eleven_plus(plan):
    """N01, N03: run, then strength and balance, then fast work."""
    raise_ = plan.of_phase("raise")
    assert max(row.met for row in raise_) >= 4.8
    assert {"adductors", "hamstrings", "hip_flexors", "quads", "glute_max", "glute_med"} <= plan.muscles
    assert {"hip.adduction", "hip.abduction"} & plan.moves
    assert plan.of_type("balance")
    assert len(plan.of_type("activation")) >= 2
    assert plan.drills
    assert all(plan.lists(row) for row in plan.drills)
    assert_rises_to_the_sport(plan)


@scenario(payload("warmup", "football", 15, age=12, kit=[]))
def test_a_footballer_of_12_runs_and_plays_without_adult_loads_and_with_a_grown_up(plan):
    """N04"""
    assert "supervise" in plan.warnings
    assert all(row.exercise["difficulty"] <= 3 for row in plan.rows)
    assert plan.of_type("potentiation") == []
    assert max(row.met for row in plan.of_phase("raise")) >= 4.8
    assert max((row.item["work_s_per_side"] for row in plan.of_phase("raise")), default=0) <= 150
    assert any(row.type == "skill_drill" for row in plan.rows[-3:])


@scenario(payload("warmup", "rugby_contact", 20, age=27, level="trained", kit=["mat"]))
def test_a_rugby_player_prepares_the_neck_and_trunk_for_contact_and_ends_at_speed(plan):
    assert {"neck_flexors", "neck_extensors"} & plan.muscles
    assert "trunk.stability" in plan.moves
    assert {"hamstrings", "quads", "glute_max"} <= plan.muscles
    assert plan.place(lambda row: "neck_flexors" in row.primary) < plan.place(lambda row: row.met >= 9)
    assert plan.of_phase("potentiate")
    assert_rises_to_the_sport(plan)


@scenario(payload("warmup", "basketball", 15, age=19, constraints=["small_space"], kit=[]))
def test_a_basketball_player_beside_the_court_stays_on_the_spot_and_still_lands_softly_first(plan):
    assert "travel" not in plan.hazards
    assert {"ankle.dorsiflexion", "ankle.plantarflexion", "knee.flexion"} <= plan.moves
    assert {"gastroc", "quads", "glute_max"} <= plan.muscles
    jump = plan.place(lambda row: "impact_high" in row.hazards)
    assert plan.place(lambda row: "quads" in row.primary and row.type != "pulse_raiser") < jump
    assert_rises_to_the_sport(plan)
    assert set(plan.causes().values()) <= {"small_space"}


@scenario(payload("warmup", "volleyball", 15, age=22, level="trained", kit=["band"]))
def test_a_volleyball_player_warms_shoulders_for_the_spike_and_legs_for_the_jump(plan):
    assert {"shoulder.flexion", "shoulder.external_rotation", "knee.flexion"} <= plan.moves
    assert {"rotator_cuff", "quads", "glute_max"} <= plan.muscles
    assert any(
        "rotator_cuff" in row.primary and row.type in {"activation", "skill_drill"} for row in plan.rows
    )
    assert any("impact" in row.hazards for row in plan.drills)
    assert_rises_to_the_sport(plan)


@scenario(payload("warmup", "throw_sport", 15, age=30, level="trained", kit=["band"]))
def test_a_thrower_wakes_the_cuff_then_rehearses_the_throw_slow_before_fast(plan):
    assert {"shoulder.external_rotation", "shoulder.internal_rotation", "thoracic.rotation"} <= plan.moves
    assert {"rotator_cuff", "obliques"} <= plan.muscles
    throws = [row for row in plan.drills if "thoracic.rotation" in row.moves]
    assert throws
    cuff = plan.place(
        lambda row: "rotator_cuff" in row.primary and row.type not in {"skill_drill", "potentiation"}
    )
    assert cuff < plan.rows.index(throws[0])
    fast = plan.place(lambda row: "ballistic" in row.hazards)
    assert fast == len(plan.rows) or any(row.type == "skill_drill" for row in plan.rows[:fast])


@scenario(payload("warmup", "skate_hockey", 12, age=16, kit=[]))
def test_a_skater_of_16_opens_and_closes_the_hips_sideways_before_skating_steps(plan):
    assert {"hip.abduction", "hip.extension"} <= plan.moves
    assert {"adductors", "glute_med"} <= plan.muscles
    sideways = plan.place(lambda row: row.type == "dynamic_stretch" and "adductors" in row.primary)
    assert sideways < plan.place(lambda row: row.type == "skill_drill")
    assert_rises_to_the_sport(plan)


@scenario(payload("warmup", "ski_alpine", 8, age=45, kit=[]))
def test_a_skier_of_45_at_the_lift_bends_knees_moves_sideways_and_finds_balance(plan):
    assert {"knee.flexion", "ankle.dorsiflexion", "hip.abduction"} <= plan.moves
    assert {"quads", "glute_max", "adductors"} <= plan.muscles
    assert any(plan.lists(row) for row in plan.drills)
    assert all(row.posture == "standing" for row in plan.rows)


@scenario(payload("warmup", "ski_xc", 8, age=53, kit=[]))
def test_a_cross_country_skier_of_53_gets_arms_and_legs_and_a_long_start(plan):
    assert {"shoulder.extension", "hip.extension"} <= plan.moves
    assert {"lats", "triceps"} & plan.muscles
    assert "glute_max" in plan.muscles
    assert plan.seconds(plan.of_phase("raise")) >= 0.2 * 480


@scenario(payload("warmup", "run_sprint", 15, age=14, kit=list(HOME)))
def test_a_sprinter_of_14_does_skips_and_strides_but_no_maximal_bounds(plan):
    assert all(row.exercise["difficulty"] <= 3 for row in plan.rows)
    assert any(row.met >= 7 for row in plan.drills)
    assert plan.place(lambda row: row.met >= 7 and row.type != "pulse_raiser") > len(plan.rows) / 2
