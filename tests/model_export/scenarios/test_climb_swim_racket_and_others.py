"""Climbers, swimmers, rackets, boats, wheels, mats and stages: the joints of the sport first, the sport itself last."""

from tests.model_export.scenarios.coach import payload, scenario


def rehearsal_is_last(plan):
    """Something that rehearses the sport is at the very end."""
    return plan.rows[-1].type in {"skill_drill", "potentiation"} and plan.lists(plan.rows[-1])


@scenario(payload("warmup", "climb", 15, age=26, kit=["activity_venue", "pullup_bar", "band"]))
def test_a_climber_loads_the_fingers_step_by_step_and_ends_on_the_wall(plan):
    assert {"finger.flexion", "shoulder.flexion", "hip.external_rotation"} <= plan.moves
    assert {"forearm_flexors", "lats"} <= plan.muscles
    gentle = plan.place(
        lambda row: row.primary & {"forearm_flexors", "hand_intrinsics"} and "grip" not in row.hazards
    )
    assert gentle < plan.place(lambda row: "grip" in row.hazards) < len(plan.rows)
    assert rehearsal_is_last(plan)


@scenario(payload("warmup", "climb", 10, age=38, kit=[]))
def test_a_climber_at_the_crag_without_any_kit_still_readies_fingers_shoulders_and_hips(plan):
    assert {"forearm_flexors", "hand_intrinsics"} & plan.muscles
    assert {"rotator_cuff", "lats"} & plan.muscles
    assert "hip.external_rotation" in plan.moves
    assert all(set(row.exercise["equipment"]) <= {"wall"} for row in plan.rows)


@scenario(payload("warmup", "swim", 10, age=40, kit=["band"]))
def test_a_swimmer_frees_the_upper_back_turns_the_blades_up_and_rehearses_the_catch_on_dry_land(plan):
    assert {"thoracic.extension", "shoulder.flexion", "shoulder.internal_rotation"} <= plan.moves
    assert {"lats", "rotator_cuff", "serratus"} <= plan.muscles
    assert rehearsal_is_last(plan)
    assert all(row.posture == "standing" for row in plan.rows)


@scenario(payload("warmup", "tennis", 12, age=50, kit=["band"]))
def test_a_tennis_player_of_50_turns_the_trunk_wakes_the_cuff_and_forearm_and_swings_before_serving(plan):
    assert {"thoracic.rotation", "shoulder.external_rotation", "shoulder.internal_rotation"} <= plan.moves
    assert {"rotator_cuff", "obliques"} <= plan.muscles
    assert {"forearm_extensors", "forearm_flexors"} & plan.muscles
    assert {"gastroc", "soleus"} & plan.muscles
    swings = [row for row in plan.drills if "thoracic.rotation" in row.moves]
    assert swings
    assert all(row.exercise["difficulty"] <= 3 for row in plan.rows)


@scenario(payload("warmup", "badminton", 12, age=33, kit=[]))
def test_a_squash_player_lunges_before_darting_and_has_the_shoulder_ready(plan):
    assert {"knee.flexion", "ankle.dorsiflexion", "shoulder.external_rotation"} <= plan.moves
    assert {"quads", "glute_max", "adductors"} <= plan.muscles
    lunge = plan.place(
        lambda row: {"quads", "glute_max"} & row.primary and row.type in {"dynamic_stretch", "activation"}
    )
    assert lunge < plan.place(lambda row: row.met >= 6 and row.type != "pulse_raiser")
    assert plan.drills


@scenario(payload("warmup", "paddle", 8, age=47, kit=["dowel"]))
def test_a_kayaker_rotates_and_strokes_the_air_and_leaves_the_legs_alone(plan):
    assert {"thoracic.rotation", "shoulder.extension"} <= plan.moves
    assert {"obliques", "lats"} <= plan.muscles
    assert rehearsal_is_last(plan)
    legs = {"quads", "glute_max", "hamstrings", "gastroc", "soleus", "tib_ant"}
    only_legs = [row for row in plan.rows if row.type != "pulse_raiser" and row.primary <= legs]
    assert plan.seconds(only_legs) <= 0.15 * plan.seconds(plan.rows)


@scenario(payload("warmup", "row", 10, age=36, kit=["rower", "mat"]))
def test_a_rower_starts_and_rehearses_on_the_machine_and_braces_the_trunk_between(plan):
    assert "rower" in plan.of_phase("raise")[0].exercise["equipment"]
    assert any("rower" in row.exercise["equipment"] for row in plan.drills)
    assert {"hip.flexion", "hip.extension", "trunk.stability"} <= plan.moves
    assert {"lats", "mid_back"} & plan.muscles


@scenario(payload("warmup", "cycle", 8, age=44, kit=["bike"]))
def test_a_cyclist_starts_on_the_bike_and_spins_up_at_the_end(plan):
    assert "bike" in plan.of_phase("raise")[0].exercise["equipment"]
    assert "bike" in plan.rows[-1].exercise["equipment"]
    assert {"quads", "glute_max", "hip_flexors"} <= plan.muscles
    assert {"hip.flexion", "knee.flexion", "knee.extension"} <= plan.moves


@scenario(payload("warmup", "boxing", 12, age=28, kit=["mat"]))
def test_a_boxer_loosens_shoulders_and_waist_braces_and_ends_on_combinations(plan):
    assert {"thoracic.rotation", "shoulder.flexion"} <= plan.moves
    assert {"delts_front", "obliques", "serratus"} <= plan.muscles
    assert {"deep_core", "abs"} & {m for row in plan.rows for m in row.muscles}
    assert {"gastroc", "soleus"} & plan.muscles
    combination = plan.place(lambda row: row.type == "skill_drill" and "thoracic.rotation" in row.moves)
    assert combination < len(plan.rows)
    assert all(row.type in {"skill_drill", "potentiation"} for row in plan.rows[combination:])


@scenario(payload("warmup", "grappling", 15, age=25, kit=["mat"]))
def test_a_judoka_readies_neck_hips_and_trunk_and_rehearses_on_the_mat_in_one_visit(plan):
    assert {"neck_flexors", "neck_extensors"} & plan.muscles
    assert {"hip.flexion", "hip.external_rotation", "thoracic.rotation"} <= plan.moves
    assert {"adductors", "obliques"} <= plan.muscles
    assert any(row.posture == "floor" for row in plan.drills)


@scenario(payload("warmup", "dance", 12, age=20, level="trained", kit=["mat"]))
def test_a_dancer_turns_out_from_the_hips_works_the_feet_and_ends_at_the_barre(plan):
    assert {"hip.external_rotation", "hip.abduction", "ankle.plantarflexion", "hip.flexion"} <= plan.moves
    assert {"foot_intrinsics", "deep_hip_rotators", "adductors"} & plan.muscles
    assert {"gastroc", "soleus"} & plan.muscles
    assert rehearsal_is_last(plan)


@scenario(payload("warmup", "golf", 8, age=70, level="beginner", kit=["dowel"]))
def test_a_golfer_of_70_turns_easily_then_swings_half_and_never_fast(plan):
    assert {"thoracic.rotation", "hip.internal_rotation"} <= plan.moves
    assert {"obliques", "glute_max"} <= plan.muscles
    assert rehearsal_is_last(plan)
    assert not {"ballistic", "impact", "impact_high"} & plan.hazards
    assert plan.seconds(plan.of_phase("raise")) >= 0.2 * 480


@scenario(payload("warmup", "yoga_pilates", 6, age=29, kit=["mat"]))
def test_a_pilates_student_arrives_with_spine_hips_and_trunk_awake(plan):
    assert {"deep_core"} & {m for row in plan.rows for m in row.muscles}
    assert {"hip.flexion"} & plan.moves
    assert {"thoracic.extension", "shoulder.flexion"} & plan.moves
    assert plan.peak <= 5


@scenario(payload("warmup", "general", 8, age=58, kit=["mat"]))
def test_somebody_without_a_sport_gets_the_large_joints_once_round(plan):
    regions = {plan.catalog.vocabulary["muscles"][m]["region"] for m in plan.muscles}
    assert {"hip", "shoulder"} <= regions
    assert {"ankle", "knee"} & regions
    assert {"thoracic.rotation", "thoracic.extension"} & plan.moves
