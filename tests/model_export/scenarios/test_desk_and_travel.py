"""Breaks between screens and rooms that are not gyms: up, the joints that sitting holds still, and back."""

from tests.model_export.scenarios.coach import payload, scenario

NECK = {"cervical.rotation", "cervical.lateral_flexion", "cervical.flexion", "cervical.extension"}
UPPER_BACK = {"thoracic.extension", "thoracic.rotation"}


def neck_items(plan):
    return [row for row in plan.rows if row.moves & NECK]


@scenario(payload("desk_break", "desk_work", 3, kit=["chair"]))
def test_three_minutes_at_the_desk_get_you_up_and_open_hips_and_upper_back(plan):
    """C09"""
    assert plan.rows[0].posture == "standing"
    assert plan.moves & UPPER_BACK
    assert plan.peak < 4
    assert all(row.posture != "floor" for row in plan.rows)
    assert len(neck_items(plan)) <= 1
    assert len(plan.rows) <= 6


@scenario(payload("desk_break", "desk_work", 5, age=43, kit=["chair"]))
def test_five_minutes_reach_hips_upper_back_shoulder_blades_neck_and_wrists(plan):
    assert "hip.extension" in plan.moves
    assert plan.moves & UPPER_BACK
    assert {"mid_back", "pecs"} & plan.muscles
    assert neck_items(plan)
    assert len(neck_items(plan)) <= 2
    assert {"forearm_extensors", "forearm_flexors"} & plan.muscles
    assert plan.peak < 4


@scenario(payload("desk_break", "desk_work", 5, age=37, kit=["chair"], constraints=["seated_only"]))
def test_a_wheelchair_user_at_the_desk_turns_and_opens_the_upper_back_seated(plan):
    assert {row.item["position"] for row in plan.rows} == {"seated_chair"}
    assert plan.moves & UPPER_BACK
    assert {"mid_back", "pecs"} & plan.muscles
    assert len(neck_items(plan)) <= 2
    assert plan.causes()
    assert set(plan.causes().values()) == {"seated_only"}


@scenario(payload("desk_break", "desk_work", 2, age=24, kit=[]))
def test_two_minutes_without_a_chair_are_spent_standing(plan):
    assert all(row.posture == "standing" for row in plan.rows)
    assert {"hip.extension", *UPPER_BACK, "scapula.retraction"} & plan.moves
    assert len(plan.rows) <= 5


@scenario(payload("desk_break", "desk_work", 10, age=49, kit=["chair", "doorway"], conditions=["neck_pain"]))
def test_a_sore_neck_at_the_desk_moves_in_mid_range_and_the_shoulders_do_more(plan):
    """K15"""
    assert "neck_end_range" not in plan.hazards
    assert {"mid_back", "pecs", "thoracic_extensors"} <= plan.muscles
    assert {"hip.extension", "thoracic.extension", "scapula.retraction"} <= plan.moves
    assert any("neck_end_range" in cause for cause in plan.causes().values())
    assert "pain_stop" in plan.warnings


@scenario(payload("mobility", "desk_work", 8, age=55, conditions=["lumbar_disc"], local_time="06:45"))
def test_a_disc_patient_early_in_the_morning_extends_and_opens_without_bending_or_twisting(plan):
    """K09"""
    assert "no_flexion_am" in plan.warnings
    assert not {"spine_flex_end", "spine_flex_load", "spine_rot_end", "hamstring_end"} & plan.hazards
    assert "lumbar.flexion" not in plan.rows[0].moves
    assert "hip.extension" in plan.moves
    assert {"thoracic.extension", "thoracic.rotation"} & plan.moves


@scenario(
    payload("warmup", "hiit", 8, age=32, kit=[], constraints=["small_space", "no_jump", "no_equipment"])
)
def test_a_hotel_room_at_night_gets_warm_without_a_sound_a_step_or_a_thing(plan):
    assert not {"travel", "impact", "impact_high"} & plan.hazards
    assert all(set(row.exercise["equipment"]) <= {"wall"} for row in plan.rows)
    assert {"hip.flexion", "knee.flexion"} <= plan.moves
    assert "trunk.stability" in plan.moves
    assert {"quads", "glute_max"} <= plan.muscles


@scenario(
    payload(
        "mobility", "general", 6, age=66, kit=[], constraints=["seated_only", "small_space", "no_equipment"]
    )
)
def test_a_passenger_of_66_moves_ankles_and_shoulders_in_the_seat(plan):
    assert {row.item["position"] for row in plan.rows} == {"seated_chair"}
    assert all(set(row.exercise["equipment"]) <= {"wall", "chair"} for row in plan.rows)
    regions = {plan.catalog.vocabulary["muscles"][m]["region"] for m in plan.muscles}
    assert "shoulder" in regions
    assert {"ankle", "foot"} & regions
    assert len(regions) >= 3
    assert min(row.item["work_s_per_side"] for row in plan.stretches or plan.rows) >= 8


@scenario(payload("warmup", "throw_sport", 8, age=27, kit=["chair", "band"], constraints=["seated_only"]))
def test_a_wheelchair_thrower_gets_a_real_warmup_seated_from_easy_arms_to_fast_hands(plan):
    assert {row.item["position"] for row in plan.rows} == {"seated_chair"}
    assert {"rotator_cuff", "obliques"} <= plan.muscles
    assert {"shoulder.external_rotation", "shoulder.internal_rotation", "thoracic.rotation"} <= plan.moves
    assert plan.rows[-1].type in {"potentiation", "skill_drill"}
