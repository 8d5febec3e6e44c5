"""After the work: down in steps, every worked muscle once before any twice. And range for its own sake."""

from tests.model_export.scenarios.coach import HOME, payload, scenario


def stretched(plan):
    return {muscle for row in plan.stretches for muscle in row.primary}


def assert_comes_down(plan):
    """C04, C05: easy movement first, never harder again, breath last when there is one."""
    assert plan.rows[0].type == "pulse_raiser"
    assert plan.rows[0].posture == "standing"
    assert plan.peak <= 4.2
    assert not {"impact", "impact_high"} & plan.hazards
    thirds = [plan.third(n) for n in range(3)]
    means = [sum(row.met for row in rows) / len(rows) for rows in thirds if rows]
    assert means[0] >= means[-1]
    breath = plan.place(lambda row: row.type == "breathing")
    assert all(row.type == "breathing" for row in plan.rows[breath:])
    assert len(plan.of_type("breathing")) <= 1


@scenario(payload("cooldown", "run_distance", 10, age=38))
def test_after_a_run_calves_hamstrings_hips_and_thighs_are_each_stretched_once(plan):
    assert_comes_down(plan)
    assert {"hamstrings", "hip_flexors"} <= stretched(plan)
    assert {"gastroc", "soleus"} & stretched(plan)
    assert {"glute_max", "quads"} & stretched(plan)


@scenario(payload("cooldown", "football", 12, age=24, kit=["mat"]))
def test_after_football_groin_hamstrings_front_hips_and_thighs_all_get_their_turn(plan):
    assert_comes_down(plan)
    assert {"adductors", "hamstrings"} <= stretched(plan)
    assert {"hip_flexors", "quads"} <= {muscle for row in plan.stretches for muscle in row.muscles}
    assert sum("adductors" in row.primary for row in plan.stretches) <= 2


@scenario(payload("cooldown", "climb", 10, age=30, kit=["mat", "doorway"]))
def test_after_climbing_forearms_lats_and_chest_come_first(plan):
    assert_comes_down(plan)
    assert {"forearm_flexors", "lats"} <= stretched(plan)
    assert {"pecs", "delts_rear", "mid_back", "forearm_extensors"} & stretched(plan)


@scenario(payload("cooldown", "swim", 8, age=60, kit=["doorway"]))
def test_after_a_swim_lats_chest_and_back_of_the_shoulders_are_stretched_standing(plan):
    assert_comes_down(plan)
    assert {"lats", "pecs"} <= stretched(plan)
    assert all(row.posture == "standing" for row in plan.rows)


@scenario(payload("cooldown", "lift_bench", 8, age=33, kit=["doorway"]))
def test_after_bench_chest_front_shoulders_and_triceps_are_let_go(plan):
    assert_comes_down(plan)
    assert {"pecs", "triceps"} <= stretched(plan)


@scenario(payload("cooldown", "lift_squat", 15, age=37, kit=["mat", "foam_roller", "chair"]))
def test_after_squats_thighs_glutes_and_groin_are_rolled_or_stretched_in_one_stay_on_the_mat(plan):
    assert_comes_down(plan)
    released = stretched(plan) | {muscle for row in plan.of_type("foam_roll") for muscle in row.primary}
    assert {"quads", "glute_max", "adductors"} <= released


@scenario(
    payload("cooldown", "cycle", 15, age=68, level="beginner", conditions=["cardiac"], kit=["chair", "mat"])
)
def test_a_heart_patient_of_68_comes_down_for_four_minutes_upright_before_any_lying(plan):
    """C04"""
    assert_comes_down(plan)
    easy = plan.place(lambda row: row.type != "pulse_raiser")
    assert plan.seconds(plan.rows[:easy]) >= 230
    assert {"quads", "hip_flexors", "glute_max"} <= {
        muscle for row in plan.stretches for muscle in row.muscles
    }
    assert min(row.item["work_s_per_side"] for row in plan.of_type("static_stretch")) >= 30


@scenario(payload("cooldown", "boxing", 30, age=27))
def test_half_an_hour_after_boxing_is_longer_holds_rather_than_two_dozen_stretches(plan):
    assert_comes_down(plan)
    assert len(plan.rows) <= 22
    assert {"delts_front", "gastroc", "obliques"} <= {
        muscle for row in plan.stretches for muscle in row.muscles
    }


@scenario(payload("cooldown", "badminton", 10, age=29, kit=["mat"]))
def test_priority_muscles_get_a_minute_a_side_when_time_allows(plan):
    """F03: the most demanded muscles first"""
    wanted = plan.stretchable(3)
    assert len(wanted & {m for row in plan.stretches for m in row.muscles}) >= 0.75 * len(wanted)
    per_muscle = {
        m: sum(r.per_side_s for r in plan.stretches if m in r.primary) for m in wanted & stretched(plan)
    }
    assert max(per_muscle.values()) >= 30


@scenario(payload("mobility", "general", 10, age=35))
def test_ten_minutes_of_mobility_start_warm_and_reach_hips_upper_back_and_hamstrings(plan):
    assert plan.rows[0].type == "pulse_raiser"
    assert {"thoracic.rotation", "hip.extension", "hip.flexion"} <= plan.moves
    assert {"thoracic.extension", "shoulder.flexion"} & plan.moves
    assert {"hamstrings", "hip_flexors"} <= plan.muscles
    assert plan.stretches
    assert sum("cervical.rotation" in row.moves for row in plan.rows) <= 1


@scenario(
    payload("mobility", "lift_squat", 12, age=34, deficits=["ankle.dorsiflexion", "thoracic.extension"])
)
def test_stiff_ankles_and_upper_back_are_worked_twice_each_from_a_warm_start(plan):
    assert plan.rows[0].type == "pulse_raiser"
    assert sum("ankle.dorsiflexion" in row.moves for row in plan.rows) >= 2
    assert sum("thoracic.extension" in row.moves for row in plan.rows) >= 2
    assert any("you asked" in row.item["reason"] for row in plan.rows)


@scenario(
    payload("mobility", "dance", 20, age=22, level="trained", deficits=["hip.abduction", "hip.flexion"])
)
def test_a_dancer_after_the_splits_warms_swings_and_then_holds_adductors_and_hamstrings(plan):
    assert plan.rows[0].type == "pulse_raiser"
    assert {"adductors", "hamstrings"} <= stretched(plan)
    assert plan.of_type("dynamic_stretch")
    moving = plan.place(lambda row: row.type == "dynamic_stretch")
    assert moving < plan.place(lambda row: row in plan.stretches)


@scenario(payload("mobility", "climb", 15, age=42, kit=["mat", "ball", "dowel"]))
def test_a_climbers_rest_day_opens_hips_and_forearms_and_overhead(plan):
    assert {"forearm_flexors", "lats"} <= plan.muscles
    assert "hip.external_rotation" in plan.moves
    assert {"adductors", "deep_hip_rotators", "glute_max"} & plan.muscles
    assert "shoulder.flexion" in plan.moves


@scenario(payload("mobility", "desk_work", 15, age=47, deficits=["shoulder"], kit=list(HOME)))
def test_a_stiff_region_named_as_such_is_answered(plan):
    shoulder = {m for m, e in plan.catalog.vocabulary["muscles"].items() if e["region"] == "shoulder"}
    assert sum(bool(row.primary & shoulder) for row in plan.rows) >= 3
