"""From 12 to 85: what age changes in content and dose, not in a disclaimer."""

from tests.model_export.scenarios.coach import payload, scenario

UNSUPPORTED = ("toe-walk", "heel-walk", "backward-walk")


@scenario(payload("warmup", "dance", 10, age=12, level="beginner", kit=[]))
def test_a_dancer_of_12_moves_much_holds_nothing_long_and_has_a_grown_up(plan):
    assert "supervise" in plan.warnings
    assert all(row.exercise["difficulty"] <= 2 for row in plan.rows)
    assert plan.of_type("potentiation", "static_stretch") == []
    assert max(row.item["work_s_per_side"] for row in plan.rows if row.type != "pulse_raiser") <= 45
    assert {"hip.external_rotation", "ankle.plantarflexion"} <= plan.moves


@scenario(payload("mobility", "general", 15, age=70, level="beginner"))
def test_at_70_holds_last_half_a_minute_and_balance_is_trained_with_support_near(plan):
    """F02, O01"""
    holds = [row.item["work_s_per_side"] for row in plan.of_type("static_stretch")]
    assert holds
    assert min(holds) >= 30
    assert max(holds) <= 60
    assert plan.of_type("balance")
    assert "support" in plan.warnings
    assert {"hamstrings", "hip_flexors"} & {m for row in plan.stretches for m in row.primary}
    assert "ballistic" not in plan.hazards


@scenario(
    payload("warmup", "hike", 8, age=72, level="beginner", conditions=["knee_oa"], kit=["chair", "step"])
)
def test_a_hiker_of_72_with_worn_knees_loads_them_lightly_and_not_deeply(plan):
    """K08"""
    assert not {"impact", "knee_deep_flex", "kneeling", "knee_pivot"} & plan.hazards
    assert "quads" in plan.muscles
    assert {"glute_max", "glute_med"} & plan.muscles
    assert "ankle.dorsiflexion" in plan.moves
    assert plan.peak <= 5
    assert any("knee_deep_flex" in cause for cause in plan.causes().values())


@scenario(
    payload(
        "mobility",
        "general",
        10,
        age=85,
        level="beginner",
        conditions=["fall_risk", "osteoporosis"],
        kit=["chair"],
    )
)
def test_at_85_with_falls_and_frail_bones_nothing_bends_twists_hurries_or_stands_unsupported(plan):
    """O02, O07"""
    out = {
        "spine_flex_end",
        "spine_flex_load",
        "spine_rot_end",
        "single_leg",
        "impact",
        "rapid_position_change",
    }
    assert not out & plan.hazards
    assert not {row.slug for row in plan.rows} & set(UNSUPPORTED)
    assert {"hip.extension", "thoracic.extension"} & plan.moves
    assert plan.of_type("balance")
    assert {"support", "seek_clearance", "pain_stop"} <= plan.warnings
    assert all(row.posture != "floor" for row in plan.rows)
    assert min((row.item["work_s_per_side"] for row in plan.stretches), default=30) >= 30


@scenario(
    payload("mobility", "general", 10, age=85, level="beginner", conditions=["fall_risk"], constraints=["seated_only"],
            kit=["chair"])
)  # fmt: skip
def test_an_85_year_old_in_the_chair_works_ankles_hips_upper_back_and_shoulders(plan):
    assert {row.item["position"] for row in plan.rows} == {"seated_chair"}
    assert {"ankle.dorsiflexion", "thoracic.extension", "hip.flexion"} <= plan.moves
    regions = {plan.catalog.vocabulary["muscles"][m]["region"] for m in plan.muscles}
    assert {"hip", "ankle", "shoulder"} <= regions


@scenario(payload("warmup", "golf", 10, age=78, level="beginner", conditions=["hip_replacement"],
                  kit=["chair", "dowel", "mat"]))  # fmt: skip
def test_a_golfer_of_78_with_a_new_hip_turns_from_the_upper_back_and_is_sent_to_ask_the_surgeon(plan):
    """K13"""
    assert not {"hip_flex_end", "hip_add_ir_end", "impact", "impact_high", "knee_pivot"} & plan.hazards
    assert "thoracic.rotation" in plan.moves
    assert {"glute_max", "glute_med"} & plan.muscles
    assert all(row.posture != "floor" for row in plan.rows)
    assert {"seek_clearance", "pain_stop"} <= plan.warnings
    assert plan.peak <= 5


@scenario(
    payload(
        "warmup", "cycle", 12, age=66, level="beginner", kit=["bike"], conditions=["cardiac", "hypertension"]
    )
)
def test_a_heart_patient_of_66_starts_gently_for_long_and_never_strains(plan):
    """O08, O10"""
    assert plan.seconds(plan.of_phase("raise")) >= 0.25 * 720
    assert plan.rows[0].met <= 4
    assert plan.peak < 6
    assert not {"isometric_hold", "breath_hold", "head_below_heart"} & plan.hazards
    assert {"breathe", "seek_clearance", "reduced_dose"} <= plan.warnings
    assert len(plan.rows) <= 14


@scenario(payload("warmup", "tennis", 10, age=58, conditions=["vertigo"], kit=["chair", "band"]))
def test_a_tennis_player_of_58_with_vertigo_keeps_the_head_level_and_a_support_near(plan):
    assert not {"neck_end_range", "head_below_heart", "rapid_position_change"} & plan.hazards
    assert "support" in plan.warnings
    assert {"rotator_cuff", "obliques"} <= plan.muscles
    assert plan.drills


@scenario(payload("warmup", "hike", 8, age=76, level="beginner", conditions=["neuropathy"], kit=["chair"]))
def test_a_hiker_of_76_with_numb_feet_has_a_support_and_no_unsupported_single_leg_work(plan):
    assert not {"single_leg", "impact_high"} & plan.hazards
    assert "support" in plan.warnings
    assert "ankle.dorsiflexion" in plan.moves
    assert {"quads", "glute_max"} <= plan.muscles


@scenario(payload("cooldown", "tennis", 10, age=70, kit=["chair", "mat", "step"]))
def test_after_tennis_at_70_calves_forearms_and_waist_are_held_for_half_a_minute(plan):
    holds = plan.of_type("static_stretch")
    assert min(row.item["work_s_per_side"] for row in holds) >= 30
    stretched = {muscle for row in plan.stretches for muscle in row.muscles}
    assert {"gastroc", "soleus"} & stretched
    assert {"forearm_extensors", "forearm_flexors"} & stretched
    assert {"obliques", "lats"} & stretched


@scenario(payload("mobility", "yoga_pilates", 15, age=63, conditions=["glaucoma"], kit=["mat", "strap"]))
def test_a_yogi_of_63_with_glaucoma_never_hangs_the_head_and_still_gets_a_floor_practice(plan):
    """O09"""
    assert "head_below_heart" not in plan.hazards
    assert any(row.posture == "floor" for row in plan.rows)
    assert {"hamstrings", "adductors", "hip_flexors"} & {m for row in plan.stretches for m in row.primary}
    assert any("head_below_heart" in cause for cause in plan.causes().values())
