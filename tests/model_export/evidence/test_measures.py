"""Each score rule of a routine, put together by hand once so that it is met and once so that it is missed."""

import pytest

from model_export.evidence.measures import RULES, Part, mean_met, measure, met_of
from model_export.runtime import generate

W = {"work_s_per_side": 60}
JOGS = [("easy-jog", {"work_s_per_side": 240}), ("brisk-walk", {"work_s_per_side": 240})]
STRENGTH = [
    (slug, {"work_s_per_side": 60, "phase": "activate"})
    for slug in (
        "air-squat", "glute-bridge", "single-leg-stance", "countermovement-jump", "calf-raise", "split-squat",
        "mini-squat", "heel-walk", "toe-walk",
    )
]  # fmt: skip
RUNS = [("stride-60", W), ("a-skip", W), ("defensive-slide", W)]
SWIMMERS = [(slug, {}) for slug in ("march-in-place", "lat-stretch-wall", "cat-cow")]

# Rule -> (kind, activity, minutes, items, options) that meets it, and the same that misses it.
CASES = {
    "W04": (
        ("warmup", "general", 5, [("march-in-place", W), ("brisk-walk", W)], {}),
        ("warmup", "general", 5, [("seated-march", W), ("march-in-place", {"work_s_per_side": 5})], {}),
    ),
    "W05": (
        ("warmup", "football", 5, [("march-in-place", W), ("brisk-walk", W), ("easy-jog", W)], {}),
        ("warmup", "football", 5, [("brisk-walk", W), ("easy-jog", W), ("march-in-place", W)], {}),
    ),
    "W06": (
        ("warmup", "general", 5, [("march-in-place", W), ("brisk-walk", W), ("easy-jog", W)], {}),
        ("warmup", "general", 5, [("march-in-place", W), ("easy-jog", {"work_s_per_side": 120})], {}),
    ),
    "W07": (
        ("warmup", "general", 5, [("march-in-place", W)], {"gap_s": 1200, "warnings": ["rewarm"]}),
        ("warmup", "general", 5, [("march-in-place", W)], {"gap_s": 1200}),
    ),
    "W10": (
        ("warmup", "hike", 8, [("air-squat", W), ("knee-to-wall", W)], {}),
        ("warmup", "hike", 8, [("cat-cow", W)], {}),
    ),
    "S05": (
        ("warmup", "general", 5, [("march-in-place", W), ("hamstring-sweep", W)], {"level": "beginner"}),
        ("warmup", "general", 5, [("march-in-place", W), ("leg-swing-frontal", W)], {"level": "beginner"}),
    ),
    "S07": (
        ("warmup", "dance", 5, [("butterfly", {"work_s_per_side": 30})], {}),
        ("warmup", "dance", 5, [("butterfly", {"work_s_per_side": 31})], {}),
    ),
    "F03": (
        ("cooldown", "general", 5, [("butterfly", {"sets": 2})], {"deficits": ["adductors"]}),
        ("cooldown", "general", 5, [("butterfly", {})], {"deficits": ["adductors"]}),
    ),
    "F10": (
        ("mobility", "general", 5, [("butterfly", {"sets": 2})], {"deficits": ["hip"]}),
        ("mobility", "general", 5, [("butterfly", {})], {"deficits": ["hip"]}),
    ),
    "N01": (
        ("warmup", "football", 20, [*JOGS, *STRENGTH, *RUNS], {}),
        ("warmup", "football", 20, [*JOGS, *RUNS, *STRENGTH], {}),
    ),
    "N03": (
        ("warmup", "basketball", 15, [*STRENGTH, *RUNS], {}),
        ("warmup", "basketball", 15, STRENGTH[:2], {}),
    ),
    "O11": (
        (
            "warmup", "general", 5, [("brisk-walk", W)],
            {"conditions": ["exercise_asthma"], "warnings": ["time_too_short"]},
        ),
        ("warmup", "general", 10, [("brisk-walk", {"work_s_per_side": 500})], {"conditions": ["exercise_asthma"]}),
    ),
    "U03": (
        ("mobility", "general", 5, [("cat-cow", {}), ("butterfly", {}), ("brisk-walk", {})], {}),
        ("mobility", "general", 5, [("cat-cow", {}), ("brisk-walk", {}), ("butterfly", {})], {}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
def test_a_measure_can_be_missed_and_met(rule, compose):
    good, bad = (compose(*case[:4], **case[4]) for case in CASES[rule])
    assert met_of(measure(good))[rule], measure(good)[rule]
    assert not met_of(measure(bad))[rule], measure(bad)[rule]


def test_every_score_rule_of_one_routine_is_measured():
    assert set(CASES) == set(RULES)


def test_bounds_are_inclusive_and_are_written_as_they_are():
    assert Part("W10", "muscles", 0.8, low=0.8).met
    assert not Part("W10", "muscles", 0.79, low=0.8).met
    assert [p.bound for p in (Part("a", "", 0, low=1), Part("a", "", 0, high=2), Part("a", "", 0, low=3, high=6))] == [
        ">= 1", "<= 2", "3 to 6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "kind", "activity", "minutes", "options"),
    [
        ("W05", "warmup", "run_distance", 10, {}),
        ("W07", "warmup", "football", 10, {}),
        ("W10", "warmup", "football", 7, {}),
        ("S07", "warmup", "football", 10, {}),
        ("F03", "cooldown", "football", 4, {}),
        ("N01", "warmup", "football", 10, {}),
        ("N01", "warmup", "football", 20, {"age": 13}),
        ("N03", "warmup", "tennis", 20, {}),
        ("O11", "warmup", "football", 10, {}),
        ("W06", "cooldown", "football", 10, {}),
    ],
)
def test_a_rule_that_speaks_of_something_else_is_left_out(compose, rule, kind, activity, minutes, options):
    assert rule not in measure(compose(kind, activity, minutes, [*JOGS, ("butterfly", {})], **options))


def test_the_numbers_are_those_of_the_routine(compose):
    r = compose(
        "warmup",
        "hike",
        8,
        [("march-in-place", {"work_s_per_side": 60}), ("brisk-walk", {"work_s_per_side": 20})],
    )
    parts = {p.part: p.value for p in measure(r)["W04"]}
    # 60 s of 3 MET and 20 s of 4.8 MET; transitions count for nothing.
    assert parts["mean MET"] == pytest.approx((60 * 3 + 20 * 4.8) / 80)
    assert (parts["lowest MET"], parts["highest MET"]) == (3, 4.8)
    assert mean_met(r.slots, 0, 5) is None


def test_holds_are_counted_per_side_and_muscle(compose):
    """Two holds of 30 s on each side are 60 s per side, not 120."""
    plan = [("calf-stretch-wall", {"sides": 2, "sets": 2, "work_s_per_side": 30})]
    parts = measure(compose("cooldown", "general", 8, plan, deficits=["gastroc"]))["F03"]
    assert [(p.part, p.value) for p in parts] == [("priority at 60 s", 1.0)]


def test_a_referred_person_has_nothing_to_measure(compose):
    assert measure(compose("warmup", "football", 10, [])) == {}


def test_a_wish_for_no_jumping_lowers_the_peak_that_is_asked_for(compose):
    plan = [("march-in-place", W), ("brisk-walk", W), ("brisk-walk", W)]
    bounds = [
        next(
            p.bound
            for p in measure(compose("warmup", "football", 10, plan, **who))["W05"]
            if "peak" in p.part
        )
        for who in ({}, {"constraints": ["no_jump"]}, {"conditions": ["knee_oa"]})
    ]
    assert bounds == [">= 0.5", ">= 0.4", ">= 0.4"]


def test_routines_of_the_bundled_model_can_be_measured(generator, catalog, ask):
    from model_export.evidence.reading import read

    for kind in ("warmup", "cooldown", "mobility"):
        payload = ask(kind, "football", 15, level="trained", age=35)
        found = measure(read(catalog, payload, generate(generator, catalog, payload)))
        assert "U03" in found
        assert all(p.rule == rule for rule, parts in found.items() for p in parts)
