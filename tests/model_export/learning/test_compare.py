"""What lives add up to, on lives written by hand."""

import numpy as np
import pytest

from model_export.learning import compare
from model_export.learning.closed_loop import Session


def session(
    policy, person, number, reward, *, family="taste", slugs=("a", "b"), kind="warmup", age=30, seated=False
):
    return Session(
        policy,
        family,
        person,
        number,
        reward,
        1.0,
        None,
        slugs,
        kind,
        "general",
        "beginner",
        age,
        False,
        seated,
        0,
    )


def lives(gain, people=20, **options):
    """Everybody earns a reward of their own, and with the model `gain` more."""
    return [
        session(policy, person, number, 0.4 + 0.02 * person + (gain if policy == "model" else 0), **options)
        for policy in ("model", "rules_only", "oracle")
        for person in range(people)
        for number in (1, 2)
    ]


def test_a_gain_is_found_however_much_people_differ():
    """Paired by person: the spread between people does not blur what each of them gained."""
    found = compare.difference(lives(0.05), "model", "rules_only")
    assert found["difference"] == pytest.approx(0.05)
    assert found["interval"] == pytest.approx([0.05, 0.05])
    assert (found["people"], found["sessions"]) == (20, 40)


def test_people_who_had_no_session_with_one_policy_do_not_count():
    found = [s for s in lives(0.1) if not (s.policy == "model" and s.person < 15)]
    assert compare.difference(found, "model", "rules_only")["people"] == 5
    assert compare.difference(lives(0.1), "model", "nobody") is None


def test_the_cohort_that_gains_least_is_the_worst():
    found = compare.cohorts(
        [*lives(0.05), *[s for s in lives(-0.03, age=80, kind="cooldown") if s.person < 12]]
    )
    assert found["age: 65 and over"]["difference"] == pytest.approx(-0.03)
    assert compare.worst(found) in ("age: 65 and over", "kind: cooldown")
    assert {"level: beginner", "condition: no", "seated: no"} <= set(found)


def test_a_handful_of_people_is_no_cohort():
    few = [*lives(0.05), *[s for s in lives(-0.4, age=80) if s.person < 3]]
    found = compare.cohorts(few)
    assert "age: 65 and over" not in found


def test_always_the_same_routine_has_no_diversity_and_another_each_time_has_all():
    same = compare.by_person([session("model", 1, n, 0.5) for n in range(4)], "model")
    fresh = compare.by_person(
        [session("model", 1, n, 0.5, slugs=(f"a{n}", f"b{n}")) for n in range(4)], "model"
    )
    assert compare.diversity(same) == 0
    assert compare.diversity(fresh) == 1
    assert compare.novelty(same) == 0
    assert compare.novelty(fresh) == 1


def test_a_routine_is_compared_with_the_last_one_of_its_kind():
    mixed = [
        session("model", 1, n, 0.5, slugs=("a",) if n % 2 else ("z",), kind=("warmup", "cooldown")[n % 2])
        for n in range(6)
    ]
    assert compare.diversity(compare.by_person(mixed, "model")) == 0


def test_regret_is_what_the_oracle_earned_more():
    found = compare.regret(lives(-0.02), "taste", "model", 1)
    assert found.value == pytest.approx(0.02)
    assert compare.regret(lives(0), "taste", "model", 5) is None


def test_a_curve_has_a_point_for_each_session():
    assert len(compare.curve(lives(0), "taste", "model")) == 2
    assert compare.curve(lives(0), "order", "model") == []


def test_every_age_has_a_band():
    assert [compare.age_band(age) for age in (7, 17, 18, 39, 40, 64, 65, 120)] == [
        "under 18", "under 18", "18 to 39", "18 to 39", "40 to 64", "40 to 64", "65 and over", "65 and over",
    ]  # fmt: skip


def test_figures_without_a_demanded_muscle_have_no_answer_to_it():
    found = compare.figures(lives(0), "taste", "model", 335)
    assert found["answered"] is None
    assert found["coverage"] == round(2 / 335, 5)
    assert np.isfinite(found["reward"])
