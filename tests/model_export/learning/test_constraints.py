"""What was reviewed holds in the trees that ship: monotone where it must be, and history apart from the rest."""

import numpy as np
import pytest

from model_export.learning import constraints, prior, scorer
from model_export.policy import FEATURES
from model_export.trees import read_trees


@pytest.fixture(scope="module")
def trees(rows):
    """Fitted to a law that goes against every constraint."""
    x = {name: rows[:, i].astype(float) for i, name in enumerate(FEATURES)}
    against = sum(-way * x[name] / (1 + np.abs(x[name]).max()) for name, way in constraints.MONOTONE.items())
    mixed = against + 0.3 * (x["skipped"] > 1) * (x["age"] > 40) + prior.targets(rows)
    target = (mixed - mixed.min()) / (mixed.max() - mixed.min())
    return read_trees(scorer.convert(scorer.fit(rows, target, None, scorer.Params(least_rows=10), 0)))


def test_every_feature_is_in_exactly_one_group():
    members = [name for group in constraints.GROUPS.values() for name in group]
    assert sorted(members) == sorted(FEATURES)
    assert len(members) == len(set(members))


def test_every_group_may_act_somewhere():
    assert {group for groups in constraints.ALLOWED.values() for group in groups} == set(constraints.GROUPS)


def test_a_feature_that_nobody_reviewed_stops_training():
    with pytest.raises(ValueError, match="shoe_size is in no group"):
        constraints.interactions([*FEATURES, "shoe_size"])


@pytest.mark.parametrize("name", sorted(constraints.MONOTONE))
def test_a_score_never_moves_against_its_direction(trees, rows, name):
    place, way = FEATURES.index(name), constraints.MONOTONE[name]
    values = np.unique(rows[:, place])
    scores = []
    for value in values:
        changed = rows[:300].copy()
        changed[:, place] = value
        scores.append(trees(changed))
    assert (np.diff(np.array(scores), axis=0) * way >= 0).all()


def test_what_history_adds_is_the_same_for_everybody(trees, rows):
    """The score is an exact sum of two parts: swapping the history moves every row by the same points."""
    history = [FEATURES.index(name) for name in constraints.GROUPS["history"]]
    one, other = rows.copy(), rows.copy()
    one[:, history] = [2, 9, 0]
    other[:, history] = [30, 0, 3]
    gap = trees(one) - trees(other)
    assert gap[0] != 0
    assert (gap == gap[0]).all()


def test_no_tree_mixes_history_with_anything_else(trees):
    history = {FEATURES.index(name) for name in constraints.GROUPS["history"]}
    for root in trees.roots:
        used, level = set(), [int(root)]
        while level:
            node = level.pop()
            if trees.feature[node] >= 0:
                used.add(int(trees.feature[node]))
                level += [int(trees.left[node]), int(trees.right[node])]
        assert not used & history or used <= history
