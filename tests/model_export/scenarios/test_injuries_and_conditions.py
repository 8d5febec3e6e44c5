"""What hurts is spared, what remains is trained, and the list of what was left out says why.

K-rules name the literature; where a rule bars a hazard the test also says what a physiotherapist would keep.
"""

import pytest

from tests.model_export.scenarios.coach import payload, scenario


def assert_spares(plan, *conditions):
    """No excluded hazard, a stop sign for pain, and every cause in the left-out list is one of the conditions."""
    out = {hazard for code in conditions for hazard in plan.catalog.conditions[code]["exclude"]}
    assert not out & plan.hazards
    assert "pain_stop" in plan.warnings
    assert all(cause.split(":")[0] in conditions for cause in plan.causes().values()), plan.causes()


@scenario(payload("warmup", "run_distance", 12, age=46, conditions=["achilles_tendinopathy"], kit=["step"]))
def test_a_sore_achilles_is_loaded_in_mid_range_instead_of_stretched(plan):
    """K02"""
    assert_spares(plan, "achilles_tendinopathy")
    assert "ankle.plantarflexion" in plan.moves
    assert any({"gastroc", "soleus"} & row.primary and row.type == "activation" for row in plan.rows)
    assert any("calf_end" in cause for cause in plan.causes().values())
    limited = plan.seconds(row for row in plan.rows if "impact" in row.hazards)
    assert limited <= 0.35 * plan.seconds(plan.rows)


@scenario(payload("cooldown", "hike", 10, age=51, conditions=["plantar_fasciopathy"], kit=["chair", "step"]))
def test_a_sore_heel_after_a_hike_gets_calf_and_sole_stretched(plan):
    assert_spares(plan, "plantar_fasciopathy")
    stretched = {muscle for row in plan.stretches for muscle in row.muscles}
    assert {"gastroc", "soleus"} & stretched
    assert {"quads", "glute_max"} & stretched


@scenario(
    payload("warmup", "basketball", 12, age=18, conditions=["ankle_sprain_acute"], kit=["chair", "step"])
)
def test_a_fresh_ankle_sprain_means_no_jump_no_cut_no_single_leg_and_advice_to_see_somebody(plan):
    """K06"""
    assert_spares(plan, "ankle_sprain_acute")
    assert "seek_clearance" in plan.warnings
    assert {"quads", "glute_max"} <= plan.muscles
    assert plan.of_phase("potentiate") == [] or max(row.met for row in plan.of_phase("potentiate")) < 6


@scenario(payload("warmup", "volleyball", 15, age=23, conditions=["ankle_instability"], kit=["band"]))
def test_an_unstable_ankle_is_trained_to_balance(plan):
    """K06"""
    assert_spares(plan, "ankle_instability")
    balance = plan.of_type("balance")
    assert balance
    assert "K06" in balance[0].item["rules"]
    assert plan.rows.index(balance[0]) < plan.place(lambda row: "impact_high" in row.hazards)


@scenario(payload("warmup", "run_distance", 10, age=39, conditions=["calf_strain"], kit=["chair", "mat"]))
def test_a_strained_calf_walks_and_works_the_hips(plan):
    assert_spares(plan, "calf_strain")
    assert "seek_clearance" in plan.warnings
    assert {"hip.extension", "hip.flexion"} <= plan.moves
    assert {"glute_max", "hip_flexors"} <= plan.muscles


@scenario(payload("warmup", "cycle", 8, age=27, conditions=["patellofemoral_pain"], kit=["bike", "mat"]))
def test_kneecap_pain_on_the_bike_has_no_deep_bend_and_no_kneeling_and_works_the_hip(plan):
    """K07"""
    assert_spares(plan, "patellofemoral_pain")
    assert {"glute_max", "glute_med"} & plan.muscles
    assert "bike" in plan.rows[0].exercise["equipment"]


@scenario(
    payload("warmup", "volleyball", 12, age=21, conditions=["patellar_tendinopathy"], kit=["band", "chair"])
)
def test_a_jumpers_knee_warms_up_for_volleyball_without_big_jumps(plan):
    assert_spares(plan, "patellar_tendinopathy")
    assert {"quads", "rotator_cuff"} <= plan.muscles
    assert plan.drills


@scenario(
    payload("warmup", "football", 15, age=28, conditions=["knee_ligament_meniscus"], kit=["mat", "chair"])
)
def test_a_knee_not_yet_cleared_is_kept_from_jumping_cutting_and_deep_bending(plan):
    assert_spares(plan, "knee_ligament_meniscus")
    assert {"hamstrings", "glute_max", "adductors"} <= plan.muscles
    assert any(row.type == "activation" and {"quads", "hamstrings"} & row.primary for row in plan.rows)
    assert plan.rows[-1].type in {"skill_drill", "potentiation"}


@scenario(
    payload(
        "warmup",
        "run_sprint",
        20,
        age=24,
        level="trained",
        conditions=["hamstring_strain_acute"],
        kit=["mat"],
    )
)
def test_a_torn_hamstring_is_not_sprinted_or_swung_and_is_loaded_gently(plan):
    """K03: pain-free loading first; no swings, no sprints."""
    assert_spares(plan, "hamstring_strain_acute")
    assert not [row.slug for row in plan.rows if row.met >= 8 and "hamstrings" in row.primary]
    assert {"glute_max", "hip_flexors"} <= plan.muscles
    gentle = ("activation", "mobility", "dynamic_stretch")
    assert any("hamstrings" in row.muscles and row.type in gentle for row in plan.rows)
    assert "seek_clearance" in plan.warnings


@scenario(payload("cooldown", "lift_deadlift", 10, age=45, conditions=["hamstring_tendinopathy"]))
def test_a_sore_sit_bone_is_not_stretched_after_deadlifts(plan):
    """K04"""
    assert_spares(plan, "hamstring_tendinopathy")
    assert not [row.slug for row in plan.stretches if "hamstrings" in row.primary]
    assert {"glute_max", "hip_flexors", "lumbar_extensors", "quads", "lats"} & {
        muscle for row in plan.stretches for muscle in row.primary
    }


@scenario(payload("warmup", "skate_hockey", 12, age=26, conditions=["groin_strain"], kit=["chair", "strap"]))
def test_a_strained_groin_squeezes_instead_of_striding_wide_and_does_not_shuffle_hard(plan):
    """K16: adductor squeeze in the pain limit, no cutting early."""
    assert_spares(plan, "groin_strain")
    assert not [row.slug for row in plan.rows if row.met >= 6 and "adductors" in row.primary]
    assert {"glute_max", "glute_med"} & plan.muscles
    assert "seek_clearance" in plan.warnings


@scenario(payload("warmup", "lift_squat", 12, age=34, conditions=["hip_fai"], kit=["barbell", "mat", "band"]))
def test_pinching_hips_squat_without_forced_depth(plan):
    """K14"""
    assert_spares(plan, "hip_fai")
    limited = plan.seconds(row for row in plan.rows if "knee_deep_flex" in row.hazards)
    assert limited <= 0.35 * plan.seconds(plan.rows)
    assert {"glute_max", "quads"} <= plan.muscles
    assert "trunk.stability" in plan.moves


@scenario(payload("cooldown", "run_distance", 10, age=57, conditions=["gluteal_tendinopathy"]))
def test_a_sore_outer_hip_never_crosses_the_midline_after_running(plan):
    """K05"""
    assert_spares(plan, "gluteal_tendinopathy")
    assert not [row.slug for row in plan.stretches if {"tfl_itb", "glute_med"} & row.primary]
    stretched = {muscle for row in plan.stretches for muscle in row.primary}
    assert {"gastroc", "soleus"} & stretched
    assert {"hamstrings", "quads", "hip_flexors"} & stretched


@scenario(
    payload("warmup", "lift_deadlift", 12, age=42, conditions=["low_back_pain"], kit=["barbell", "mat"])
)
def test_a_stiff_back_hinges_from_the_hips_with_a_braced_trunk(plan):
    assert_spares(plan, "low_back_pain")
    assert {"hip.flexion", "hip.extension", "trunk.stability"} <= plan.moves
    assert any("trunk.stability" in row.moves for row in plan.of_type("activation", "dynamic_stretch"))
    assert plan.place(lambda row: "trunk.stability" in row.moves) < plan.place(
        lambda row: row.type == "potentiation"
    )


@scenario(
    payload("cooldown", "swim", 8, age=48, conditions=["lumbar_extension_intolerant"], kit=["mat", "doorway"])
)
def test_a_spine_that_hates_arching_is_not_arched_after_swimming(plan):
    """K10"""
    assert_spares(plan, "lumbar_extension_intolerant")
    stretched = {muscle for row in plan.stretches for muscle in row.primary}
    assert "lats" in stretched
    assert {"pecs", "delts_rear", "mid_back"} & stretched


@scenario(payload("mobility", "general", 12, age=67, conditions=["osteoporosis"]))
def test_frail_bones_hinge_and_extend_and_balance_but_never_round_or_twist(plan):
    """O07"""
    assert_spares(plan, "osteoporosis")
    assert "lumbar.flexion" not in plan.moves or "spine_flex_end" not in plan.hazards
    assert {"thoracic.extension", "hip.extension"} & plan.moves
    assert plan.of_type("balance")
    assert "seek_clearance" in plan.warnings


@scenario(payload("warmup", "boxing", 10, age=31, conditions=["neck_pain"], kit=["mat"]))
def test_a_sore_neck_boxes_without_end_range_and_without_hanging_the_head(plan):
    """K15"""
    assert_spares(plan, "neck_pain")
    assert {"delts_front", "obliques"} <= plan.muscles
    assert plan.drills


@scenario(payload("warmup", "swim", 10, age=44, conditions=["shoulder_impingement"], kit=["band", "chair"]))
def test_a_pinching_shoulder_wakes_cuff_and_blades_below_the_painful_arc(plan):
    """K11"""
    assert_spares(plan, "shoulder_impingement")
    assert {"rotator_cuff", "mid_back"} <= plan.muscles
    assert {"scapula.retraction", "shoulder.external_rotation"} <= plan.moves
    overhead = plan.seconds(row for row in plan.rows if "overhead" in row.hazards)
    assert overhead <= 0.35 * plan.seconds(plan.rows)


@scenario(
    payload(
        "warmup",
        "throw_sport",
        15,
        age=20,
        level="trained",
        conditions=["shoulder_instability"],
        kit=["band"],
    )
)
def test_an_unstable_shoulder_is_never_taken_to_the_cocked_position(plan):
    """K12"""
    assert_spares(plan, "shoulder_instability")
    assert any("rotator_cuff" in row.primary and row.type == "activation" for row in plan.rows)
    assert {"thoracic.rotation", "shoulder.external_rotation"} <= plan.moves


@scenario(
    payload(
        "warmup",
        "climb",
        15,
        age=35,
        conditions=["elbow_tendinopathy"],
        kit=["band", "pullup_bar", "activity_venue"],
    )
)
def test_a_climbers_elbow_moves_fingers_and_wrists_without_gripping_hard(plan):
    assert_spares(plan, "elbow_tendinopathy")
    assert {"forearm_flexors", "forearm_extensors"} & plan.muscles
    assert {"finger.flexion", "finger.extension", "wrist.flexion", "wrist.extension"} & plan.moves
    assert any("grip" in cause for cause in plan.causes().values())


@scenario(payload("warmup", "calisthenics", 12, age=30, conditions=["wrist_pain"], kit=["mat", "band"]))
def test_sore_wrists_brace_the_trunk_off_the_hands(plan):
    assert_spares(plan, "wrist_pain")
    assert "trunk.stability" in plan.moves
    assert {"serratus", "rotator_cuff"} & plan.muscles


@scenario(
    payload("mobility", "dance", 12, age=19, conditions=["hypermobility"], kit=["chair", "mat", "band"])
)
def test_a_loose_jointed_dancer_trains_control_in_mid_range_and_is_never_stretched(plan):
    """O12"""
    assert_spares(plan, "hypermobility")
    assert plan.stretches == []
    strength = plan.of_type("activation", "balance")
    assert plan.seconds(strength) >= 0.25 * plan.seconds(plan.rows)
    assert plan.of_type("balance")


@scenario(
    payload(
        "cooldown", "cycle", 12, age=61, conditions=["clot_risk"], kit=["foam_roller", "ball", "mat", "chair"]
    )
)
def test_on_blood_thinners_nothing_is_rolled_and_the_list_says_so(plan):
    """C07"""
    assert_spares(plan, "clot_risk")
    assert plan.of_type("foam_roll") == []
    assert any("direct_pressure" in cause for cause in plan.causes().values())
    assert {"quads", "hip_flexors", "glute_max"} <= {
        muscle for row in plan.stretches for muscle in row.muscles
    }


@scenario(payload("warmup", "manual_work", 6, age=48, conditions=["abdominal_hernia"], kit=["chair"]))
def test_a_worker_with_a_hernia_rehearses_lifting_without_straining_the_belly(plan):
    assert_spares(plan, "abdominal_hernia")
    assert "hip.flexion" in plan.moves
    assert "glute_max" in plan.muscles
    assert plan.rows[-1].type == "skill_drill"


@scenario(
    payload("warmup", "rugby_contact", 12, age=20, conditions=["concussion_recent"], kit=["mat", "band"])
)
def test_a_concussed_player_gets_calm_steady_work_and_is_told_to_be_cleared(plan):
    """X05"""
    assert_spares(plan, "concussion_recent")
    assert "seek_clearance" in plan.warnings
    assert plan.peak < 6
    assert len(plan.rows) <= 15
    assert plan.of_phase("potentiate") == []


@scenario(payload("warmup", "football", 15, age=17, conditions=["exercise_asthma"], kit=[]))
def test_an_asthmatic_player_of_17_warms_up_in_small_steps_over_a_long_raise(plan):
    """W02, O11"""
    assert_spares(plan, "exercise_asthma")
    assert plan.seconds(plan.of_phase("raise")) >= 0.2 * 900
    hard = plan.seconds(row for row in plan.rows if row.met >= 6)
    assert 0 < hard <= 0.35 * plan.seconds(plan.rows)


@scenario(payload("mobility", "general", 10, age=54, conditions=["hypertension"], kit=["chair", "mat"]))
def test_high_blood_pressure_breathes_keeps_the_head_up_and_holds_nothing_hard(plan):
    """O08"""
    assert_spares(plan, "hypertension")
    assert {"breathe", "seek_clearance"} <= plan.warnings
    assert plan.peak < 6


@scenario(payload("warmup", "tennis", 15, age=64, level="beginner", kit=["chair", "band"],
                  conditions=["knee_oa", "shoulder_impingement", "hypertension"]))  # fmt: skip
def test_three_conditions_at_once_still_leave_a_tennis_warmup(plan):
    assert_spares(plan, "knee_oa", "shoulder_impingement", "hypertension")
    assert {"thoracic.rotation", "shoulder.external_rotation"} <= plan.moves
    assert {"rotator_cuff", "obliques"} <= plan.muscles
    assert plan.drills


@scenario(payload("warmup", "basketball", 12, age=22, acute_regions=["ankle"], kit=["mat", "chair"]))
def test_an_ankle_hurt_yesterday_is_left_alone_altogether(plan):
    """K01"""
    ankle = {m for m, e in plan.catalog.vocabulary["muscles"].items() if e["region"] == "ankle"}
    assert not [row.slug for row in plan.rows if row.primary & ankle]
    assert not {"impact", "impact_high", "knee_pivot", "single_leg"} & plan.hazards
    assert "pain_stop" in plan.warnings
    assert {"quads", "glute_max"} & plan.muscles


@pytest.mark.parametrize("flag", ["calf_swelling", "suspected_fracture", "thunderclap", "acute_locked_joint"])
def test_a_red_flag_gets_care_and_no_exercise_whatever_else_is_asked(plan_of, flag):
    plan = plan_of(payload("mobility", "general", 10, conditions=["low_back_pain"], red_flags=[flag]))
    assert (plan.routine["status"], plan.rows) == ("refer", [])
