"""Chosen muscles and movements work as a named activity does."""

from tests.model_export.scenarios.coach import alike, payload, scenario

PULL = {
    "muscles": {"forearm_flexors": 3, "lats": 3},
    "moves": {"finger.flexion": 3, "shoulder.flexion": 2},
    "explosive": 1,
}
LEAP = {"muscles": {"quads": 3, "glute_max": 3, "gastroc": 2}, "moves": {"hip.extension": 3, "knee.extension": 3},
        "explosive": 3, "met": 8}  # fmt: skip
REST = {
    "muscles": {"pecs": 3, "hip_flexors": 3, "hamstrings": 2},
    "moves": {"shoulder.horizontal_abduction": 2},
}


@scenario(payload("warmup", PULL, 8, age=40, kit=["band"]))
def test_a_chosen_grip_and_pull_sport_is_not_filled_up_with_leg_work(plan):
    assert {"forearm_flexors", "lats"} <= plan.muscles
    assert {"finger.flexion", "shoulder.flexion"} <= plan.moves
    legs = {"quads", "glute_max", "hamstrings", "gastroc", "soleus", "adductors", "glute_med", "tib_ant"}
    strays = [row.slug for row in plan.rows if row.type != "pulse_raiser" and row.primary <= legs]
    assert len(strays) <= 1
    assert not [row.slug for row in plan.drills if not row.content & {*PULL["muscles"], *PULL["moves"]}]


@scenario(payload("warmup", LEAP, 12, age=22, kit=[]))
def test_a_chosen_explosive_leg_sport_ends_fast_on_legs(plan):
    assert {"quads", "glute_max"} <= plan.muscles
    assert {"hip.extension", "knee.extension"} <= plan.moves
    assert plan.drills
    assert all(row.primary & {*LEAP["muscles"]} for row in plan.drills)
    assert plan.peak >= 4


@scenario(payload("cooldown", REST, 8, age=59, kit=["doorway", "chair"]))
def test_a_chosen_cooldown_stretches_what_was_chosen(plan):
    assert {"pecs", "hip_flexors", "hamstrings"} <= {
        muscle for row in plan.stretches for muscle in row.primary
    }


@scenario(
    payload(
        "mobility", {"muscles": {"deep_hip_rotators": 3}, "moves": {"hip.internal_rotation": 3}}, 8, age=45
    )
)
def test_a_chosen_joint_movement_is_practised_more_than_once(plan):
    assert sum("hip.internal_rotation" in row.moves for row in plan.rows) >= 2


def test_a_sport_described_by_hand_gets_as_much_covered_as_the_sport_by_name(plan_of, catalog):
    named = catalog.activities["swim"]
    by_hand = {
        "muscles": named["muscles"],
        "moves": named["moves"],
        "explosive": named["explosive"],
        "met": named["met"],
    }
    for seed in range(3):
        one, two = (
            plan_of({**payload("warmup", activity, 10, kit=["band"]), "seed": seed})
            for activity in ("swim", by_hand)
        )
        for plan in (one, two):
            muscles, moves = plan.wanted(3)
            assert muscles <= {m for row in plan.rows for m in row.muscles}
            assert len(moves & plan.moves) >= 0.7 * len(moves)


def test_a_chosen_sport_has_no_pair_of_near_twins(plan_of):
    for activity in (PULL, LEAP):
        plan = plan_of(payload("warmup", activity, 10, kit=[]))
        pairs = [
            (one.slug, other.slug)
            for n, one in enumerate(plan.rows) for other in plan.rows[n + 1 :]
            if one.type == other.type and alike(one, other) >= 0.9 and other.met < one.met + 1
        ]  # fmt: skip
        assert pairs == []
