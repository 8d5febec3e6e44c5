"""What the prior says, as somebody who reviews it would read it."""

import numpy as np
import pytest

from model_export.learning import prior
from model_export.policy import FEATURES


@pytest.fixture
def chance():
    """chance(difficulty=3, age=70) -> the prior for an ordinary exercise and person but for what is named."""
    ordinary = dict.fromkeys(FEATURES, 0) | {
        "difficulty": 2, "met10": 30, "sides": 1, "type_mobility": 1, "kind_mobility": 1, "minutes": 10, "age": 40,
        "level": 1, "days_since": 14,
    }  # fmt: skip

    def of(**changed):
        values = {name: np.array([float(value)]) for name, value in (ordinary | changed).items()}
        return float(prior.prior_utility(values)[0])

    return of


@pytest.mark.parametrize(
    ("liked", "unliked"),
    [
        ({}, {"difficulty": 5}),
        ({"level": 2, "difficulty": 4}, {"level": 0, "difficulty": 4}),
        ({}, {"equipment": 2}),
        ({"age": 40, "floor": 1}, {"age": 80, "floor": 1}),
        ({"kind_mobility": 1, "floor": 1}, {"kind_mobility": 0, "kind_warmup": 1, "floor": 1}),
        ({"age": 25, "impact": 1}, {"age": 70, "impact": 1}),
        ({}, {"skipped": 2}),
        ({"done": 4}, {}),
        ({"days_since": 14}, {"days_since": 1}),
        ({"met10": 40}, {"met10": 90}),
        ({"met10": 90, "level": 2}, {"met10": 90, "level": 0}),
        ({"affinity": 1}, {}),
        ({"demand": 20}, {}),
    ],
)
def test_people_rather_finish(chance, liked, unliked):
    assert chance(**liked) > chance(**unliked)


def test_it_is_a_chance(rows):
    found = prior.targets(rows)
    assert 0 < found.min() < found.max() < 1


def test_what_the_rules_score_already_does_not_drown_what_only_the_prior_knows(rows):
    """Listed and demanded exercises get their points elsewhere in the score."""
    found = prior.targets(rows)
    for name in ("affinity", "demand"):
        assert abs(np.corrcoef(rows[:, FEATURES.index(name)], found)[0, 1]) < 0.5
