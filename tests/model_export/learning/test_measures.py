"""Each measure against its definition, and where it has nothing to say."""

import numpy as np
import pytest

from model_export.learning import measures


def test_auc_is_the_share_of_pairs_that_are_ranked_right_ties_half():
    rng = np.random.default_rng(0)
    reward = (rng.random(80) < 0.4).astype(float)
    predicted = np.round(rng.random(80) + 0.3 * reward, 1)
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a in predicted[reward == 1]
        for b in predicted[reward == 0]
    ]
    assert measures.auc(reward, predicted) == pytest.approx(np.mean(pairs))


def test_auc_of_one_class_is_unknown_rather_than_a_number():
    assert np.isnan(measures.auc(np.ones(5), np.arange(5.0)))


def test_a_calibrated_prediction_has_no_calibration_error_and_a_shifted_one_has_its_shift():
    rng = np.random.default_rng(1)
    chance = rng.uniform(0.2, 0.7, 200_000)
    reward = (rng.random(200_000) < chance).astype(float)
    assert measures.ece(reward, chance) < 0.01
    assert measures.ece(reward, chance + 0.2) == pytest.approx(0.2, abs=0.01)


def test_the_calibration_curve_has_bins_of_equal_size_in_rising_order():
    curve = measures.calibration(np.tile([0.0, 1.0], 50), np.linspace(0, 1, 100))
    assert [count for _, _, count in curve] == [10] * 10
    assert [p for p, _, _ in curve] == sorted(p for p, _, _ in curve)


def test_ndcg_is_one_for_the_best_order_and_falls_as_gains_sink():
    gains = np.array([1.0, 0, 1, 0])
    assert measures.ndcg(gains, np.array([4.0, 2, 3, 1]), 4) == 1
    late = measures.ndcg(gains, np.array([1.0, 4, 2, 3]), 4)
    later = (1 / np.log2(4) + 1 / np.log2(5)) / (1 + 1 / np.log2(3))
    assert late == pytest.approx(later)
    assert measures.ndcg(np.zeros(4), np.arange(4.0), 4) == 1


def test_brier_and_log_loss_punish_a_wrong_certainty():
    assert measures.brier(np.array([1.0, 0]), np.array([1.0, 1])) == 0.5
    assert measures.log_loss(np.array([1.0]), np.array([0.0])) == pytest.approx(-np.log(1e-3))


def test_equal_weights_are_worth_their_number_and_one_heavy_one_is_worth_little():
    assert measures.effective_sample_size(np.ones(40)) == pytest.approx(40)
    assert measures.effective_sample_size(np.array([1000.0, *np.ones(40)])) < 1.1
    assert measures.effective_sample_size(np.zeros(3)) == 0
