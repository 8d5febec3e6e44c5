"""F04, F08, F09: a week of routines put together by hand."""

import pytest

from model_export.evidence.measures import met_of
from model_export.evidence.week import Day, measure_week


@pytest.fixture
def hold(compose):
    """hold(seconds, sets) -> a cool-down that holds the adductors so long."""
    return lambda seconds, sets=1: compose(
        "cooldown", "general", 10, [("butterfly", {"work_s_per_side": seconds, "sets": sets})]
    )


CASES = {
    "F04": ([(0, 30, 1), (3, 30, 1)], [(0, 30, 1)]),
    "F08": ([(0, 60, 4)], [(0, 61, 4)]),
    "F09": ([(day, 60, 1) for day in range(5)], [(day, 75, 1) for day in range(4)]),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_of_the_week_can_be_missed_and_met(rule, hold):
    good, bad = (
        measure_week([Day(day, hold(seconds, sets)) for day, seconds, sets in week]) for week in CASES[rule]
    )
    assert met_of(good)[rule], good[rule]
    assert not met_of(bad)[rule], bad[rule]


def test_a_week_is_capped_even_when_no_session_is(hold):
    week = measure_week([Day(day, hold(60, 2)) for day in range(6)])
    assert [(p.value, p.met) for p in week["F08"]] == [(120, True), (720, False)]


def test_a_muscle_that_was_wanted_and_never_stretched_counts_as_missed(hold):
    week = measure_week([Day(0, hold(30)), Day(1, hold(30))], wanted=["adductors", "gastroc"])
    assert week["F04"][0].value == 0.5


def test_two_sessions_of_a_day_are_two_sessions_of_one_day(hold):
    found = measure_week([Day(0, hold(60)) for _ in range(5)])
    assert met_of(found) == {"F04": True, "F08": True, "F09": False}


def test_moving_work_counts_for_how_often_and_not_for_how_long(compose):
    moving = compose("mobility", "general", 10, [("hamstring-sweep", {})])
    found = measure_week([Day(0, moving), Day(2, moving)], wanted=["hamstrings"])
    assert found["F04"][0].met
    assert found["F08"][0].value == 0


def test_a_week_without_stretching_says_nothing(compose):
    assert measure_week([Day(0, compose("warmup", "general", 5, [("march-in-place", {})]))]) == {}


def test_an_eighth_day_is_refused(hold):
    with pytest.raises(ValueError, match="day 7"):
        measure_week([Day(7, hold(30))])
