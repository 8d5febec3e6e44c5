"""From an estimator to fixed-point trees: exact at every threshold, the same on every runtime, refused when not."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from model_export.learning import prior, scorer
from model_export.policy import FEATURES
from model_export.runtime import Generator
from model_export.trees import read_trees


@pytest.fixture(scope="module")
def model(rows):
    return scorer.fit(rows, prior.targets(rows), None, scorer.Params(least_rows=10), 0)


def test_onnx_and_the_integer_walk_agree_at_every_threshold_and_one_ulp_beside_it(model, rows):
    """skl2onnx shifts float64 thresholds; ours are k + 0.5, which float32 holds exactly."""
    converted = scorer.convert(model)
    trees = read_trees(converted)
    session = ort.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])
    splits = np.flatnonzero(trees.feature >= 0)
    at = np.tile(splits, 3)
    given = np.resize(rows, (len(at), len(FEATURES))).astype(np.float32)
    threshold = trees.threshold[at].astype(np.float32) + np.float32(0.5)
    beside = np.repeat([0.0, 1.0, -1.0], len(splits)).astype(np.float32)
    given[np.arange(len(at)), trees.feature[at]] = np.where(
        beside == 0, threshold, np.nextafter(threshold, np.sign(beside) * np.float32(1e9))
    )
    (scores,) = session.run(None, {"features": given})
    # The walk reads integers, so it is given the side that the comparison `value <= threshold` decides.
    whole = np.floor(given).astype(np.int32)
    inside = given[np.arange(len(at)), trees.feature[at]]
    whole[np.arange(len(at)), trees.feature[at]] = np.where(
        inside <= threshold, trees.threshold[at], trees.threshold[at] + 1
    )
    assert np.array_equal(scores.ravel().astype(np.int64), trees(whole).astype(np.int64))
    assert len(splits) > 50


def test_onnx_and_the_integer_walk_agree_on_integers_around_every_threshold(model, rng):
    converted = scorer.convert(model)
    trees = read_trees(converted)
    session = ort.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])
    given = rng.integers(0, 60, (4000, len(FEATURES))).astype(np.int32)
    chosen = rng.choice(np.flatnonzero(trees.feature >= 0), len(given))
    given[np.arange(len(given)), trees.feature[chosen]] = trees.threshold[chosen] + rng.integers(
        0, 2, len(given)
    )
    (scores,) = session.run(None, {"features": given.astype(np.float32)})
    assert np.array_equal(scores.ravel().astype(np.int64), trees(given).astype(np.int64))


def test_the_converted_trees_route_like_the_estimator(model, rows):
    exact = (model.predict(rows.astype(np.float32)) - 0.5) * prior.SCALE
    shipped = read_trees(scorer.convert(model))(rows)
    assert np.abs(exact - shipped).max() <= model.max_iter  # half a point of rounding for each tree at most


def test_leaves_are_whole_and_thresholds_are_halves(model):
    a = {x.name: x for x in scorer.tree_node(scorer.convert(model)).attribute}
    weights = np.array(a["target_weights"].floats)
    branch = np.array([mode != b"LEAF" for mode in a["nodes_modes"].strings])
    assert (weights == np.round(weights)).all()
    assert (np.array(a["nodes_values"].floats)[branch] % 1 == 0.5).all()


def test_leaves_past_what_float32_holds_are_refused(model, monkeypatch):
    monkeypatch.setattr(scorer, "SCALE", 10**9)
    with pytest.raises(ValueError, match="past what float32 holds"):
        scorer.convert(model)


def test_a_score_stands_for_a_chance():
    assert scorer.probability(np.array([0, prior.SCALE // 4, -10_000, 10_000])).tolist() == [
        0.5,
        0.75,
        0.0,
        1.0,
    ]


def test_a_constant_scorer_says_the_same_of_everything(rows):
    assert set(read_trees(scorer.constant())(rows).tolist()) == {0}
    assert set(read_trees(scorer.constant(25))(rows).tolist()) == {25}


def test_replacing_the_scorer_changes_nothing_but_the_trees(held, rows):
    """Rules only is the very model under test, less its opinion."""
    swapped = onnx.load_from_string(scorer.replaced(held.model, scorer.constant()))
    assert set(read_trees(swapped)(rows).tolist()) == {0}
    model = onnx.load_from_string(held.model)
    for one in (model, swapped):
        del scorer.tree_node(one).attribute[:]
    assert model == swapped
    assert Generator.load(swapped_bytes := scorer.replaced(held.model, scorer.constant())).vocabulary
    assert len(swapped_bytes) < len(held.model)
