"""What the room allows and what the clock allows: the essential survives, and what is missing is said."""

from tests.model_export.scenarios.coach import HOME, changes, floor_visits, payload, scenario


def missing(plan):
    """What the routine owns up to: muscles and moves of demand 3 that nothing answers."""
    found = plan.routine["missing"]
    return set(found["muscles"]), set(found["moves"])


@scenario(payload("warmup", "football", 2, age=25, kit=[]))
def test_two_minutes_before_kick_off_are_a_raise_a_swing_and_a_rehearsal(plan):
    assert {"time_too_short", "reduced_dose"} <= plan.warnings
    assert plan.rows[0].type == "pulse_raiser"
    assert len(plan.of_phase("mobilise")) >= 1
    assert plan.drills
    assert 3 <= len(plan.rows) <= 5
    assert plan.peak <= 7.5
    assert missing(plan)[0] or missing(plan)[1]


@scenario(
    payload("warmup", "run_distance", 3, kit=[]),
    payload("warmup", "lift_squat", 4, kit=["barbell"]),
    payload("warmup", "swim", 4, kit=[]),
    payload("warmup", "tennis", 3, kit=[]),
)
def test_under_five_minutes_the_essential_is_there_in_order_and_the_rest_is_named(plan):
    """evidence.md: one raise, one mobility for the most demanded joint, one rehearsal"""
    kinds = [row.item["phase"] for row in plan.rows]
    assert kinds[0] == "raise"
    assert "mobilise" in kinds
    assert plan.rows[-1].type == "skill_drill"
    assert len(plan.rows) <= 3 + plan.minutes
    joints = {move for row in plan.of_phase("mobilise") for move in row.moves}
    assert joints & plan.wanted(3)[1]
    muscles, moves = plan.wanted(3)
    assert missing(plan) == (muscles - plan.muscles, moves - plan.moves)
    assert "time_too_short" in plan.warnings


@scenario(payload("cooldown", "run_distance", 3, kit=["step"]))
def test_a_three_minute_cooldown_walks_a_minute_and_stretches_what_ran(plan):
    """C04"""
    assert plan.rows[0].type == "pulse_raiser"
    assert plan.rows[0].work_s >= 60
    stretched = {muscle for row in plan.stretches for muscle in row.muscles}
    assert {"gastroc", "soleus"} & stretched
    assert {"hamstrings", "hip_flexors", "glute_max"} & stretched


@scenario(payload("warmup", "football", 30, level="trained", kit=["mat", "mini_band"]))
def test_half_an_hour_goes_into_sets_and_speed_rather_than_into_a_list_of_thirty_exercises(plan):
    assert len(plan.rows) <= 28
    assert plan.of_phase("potentiate")
    assert plan.of_type("balance")
    assert plan.seconds(plan.of_phase("raise")) <= 0.4 * 1800


@scenario(payload("mobility", "general", 45, kit=[*HOME, "foam_roller"]))
def test_three_quarters_of_an_hour_of_mobility_use_the_mat_and_reach_every_large_joint(plan):
    assert len(plan.rows) <= 36
    assert any(row.posture == "floor" for row in plan.rows)
    stretched = {muscle for row in plan.stretches for muscle in row.primary}
    assert len({"hamstrings", "hip_flexors", "adductors", "glute_max", "pecs", "lats"} - stretched) <= 1
    assert {
        "thoracic.rotation",
        "thoracic.extension",
        "hip.internal_rotation",
        "ankle.dorsiflexion",
    } <= plan.moves
    assert changes(plan) <= 9


@scenario(payload("mobility", "general", 60, age=50))
def test_an_hour_never_repeats_an_exercise_and_overstretches_nothing(plan):
    """F08: at most four minutes a muscle in one session"""
    slugs = [row.slug for row in plan.rows]
    assert len(slugs) == len(set(slugs))
    muscles = {muscle for row in plan.stretches for muscle in row.primary}
    for muscle in muscles:
        assert sum(row.per_side_s for row in plan.stretches if muscle in row.primary) <= 240, muscle


@scenario(payload("cooldown", "hiit", 8, kit=["chair"], constraints=["no_floor", "small_space"]))
def test_a_cooldown_without_the_floor_in_a_small_room_still_reaches_legs_and_hips(plan):
    assert all(row.posture != "floor" for row in plan.rows)
    assert "travel" not in plan.hazards
    stretched = {muscle for row in plan.stretches for muscle in row.muscles}
    assert {"quads", "glute_max"} <= stretched
    assert {"hip_flexors", "hamstrings", "gastroc"} & stretched
    assert set(plan.causes().values()) <= {"no_floor", "small_space", "no_floor, small_space"}


@scenario(payload("mobility", "yoga_pilates", 20, age=41, kit=["mat", "strap"], constraints=["no_kneel"]))
def test_knees_that_cannot_kneel_still_get_a_mat_practice_lying_and_sitting(plan):
    assert "kneeling" not in plan.hazards
    assert max(floor_visits(plan), default=0) >= 3
    assert {"hamstrings", "adductors", "glute_max"} & {m for row in plan.stretches for m in row.primary}
    assert "no_kneel" in set(plan.causes().values())


@scenario(
    payload("warmup", "run_distance", 10, age=33, kit=["step", "mat"], constraints=["small_space", "no_jump"])
)
def test_a_runner_in_a_flat_above_sleeping_neighbours_drills_on_the_spot(plan):
    assert not {"travel", "impact", "impact_high"} & plan.hazards
    assert plan.rows[-1].type == "skill_drill"
    assert {"ankle.dorsiflexion", "ankle.plantarflexion", "hip.extension", "hip.flexion"} <= plan.moves
    assert {"small_space", "no_jump"} & {
        cause for text in plan.causes().values() for cause in text.split(", ")
    }


@scenario(payload("warmup", "boxing", 10, age=36, kit=["jump_rope", "mat"], constraints=["no_equipment"]))
def test_no_equipment_means_none_even_when_it_lies_in_the_cupboard(plan):
    assert all(set(row.exercise["equipment"]) <= {"wall"} for row in plan.rows)
    assert plan.drills


@scenario(payload("warmup", "swim", 8, age=56, kit=["chair", "band"], constraints=["seated_only"]))
def test_a_swimmer_in_a_chair_warms_shoulders_and_upper_back_seated(plan):
    assert {row.item["position"] for row in plan.rows} == {"seated_chair"}
    assert {"rotator_cuff", "mid_back"} <= plan.muscles
    assert {"thoracic.extension", "shoulder.flexion", "shoulder.internal_rotation"} <= plan.moves
