"""What a coach would notice, counted on routines put together by hand."""

import pytest

from model_export.evidence.quality import are_twins, quality, twins, uncovered, variety


def exercise(catalog, slug):
    return catalog.exercises[catalog.places[slug]]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("a-march", "a-march-in-place", True),
        ("calf-stretch-wall", "calf-stretch-step", True),
        ("air-squat", "air-squat", True),
        ("air-squat", "cat-cow", False),
        ("march-in-place", "air-squat", False),
    ],
)
def test_twins_share_what_they_do_or_their_name_to_a_suffix(catalog, one, other, alike):
    assert are_twins(exercise(catalog, one), exercise(catalog, other)) is alike
    assert are_twins(exercise(catalog, other), exercise(catalog, one)) is alike


def test_twins_of_a_routine_are_named(compose):
    r = compose("warmup", "run_distance", 5, [("a-march", {}), ("air-squat", {}), ("a-march-in-place", {})])
    assert twins(r) == [("a-march", "a-march-in-place")]


def test_every_number_is_what_was_put_together(compose):
    plan = [
        ("march-in-place", {"reason": "a"}),
        ("butterfly", {"sets": 2, "reason": "b"}),
        ("brisk-walk", {"reason": "b"}),
    ]
    found = quality(compose("mobility", "hike", 10, plan))
    # 35 + 65 + 35 s, of which a second hold of 30 s: half of what the item takes.
    assert found["time in repeated sets"] == pytest.approx(30 / 135)
    assert (found["level changes"], found["position changes"], found["twins"]) == (2, 2, 0)
    assert found["distinct reasons"] == pytest.approx(2 / 3)
    # Hiking asks most of thighs and glutes: march and walk work them, one each.
    assert found["demand-3 muscles"] == found["demand-3 muscles as primary"] == 1
    assert found["demand-3 movements"] in {0, 1}


def test_neighbours_are_related_by_position_or_region(compose):
    apart = compose("mobility", "general", 5, [("march-in-place", {}), ("pec-stretch-wall", {})])
    together = compose("mobility", "general", 5, [("march-in-place", {}), ("brisk-walk", {})])
    assert (quality(apart)["related neighbours"], quality(together)["related neighbours"]) == (0, 1)


def test_what_is_demanded_most_and_not_worked_is_listed(compose):
    assert uncovered(compose("warmup", "hike", 10, [("cat-cow", {})])) == [
        "glute_max",
        "quads",
        "ankle.dorsiflexion",
    ]


def test_variety_is_the_share_of_items_that_differ(compose):
    one = compose("warmup", "hike", 5, [("cat-cow", {}), ("air-squat", {})])
    other = compose("warmup", "hike", 5, [("cat-cow", {}), ("brisk-walk", {})])
    assert variety([one, one]) == 0
    assert variety([one, other]) == 0.5
    assert variety([one, one, other]) == pytest.approx(1 / 3)
