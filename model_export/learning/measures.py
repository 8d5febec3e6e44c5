"""How good a scorer is on what was logged: ranking, calibration, error. Plain numpy, definitions in the docstrings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BINS = 10


def auc(reward: Floats, predicted: Floats) -> float:
    """Area under the ROC curve: chance that a welcome slot outranks an unwelcome one, ties half. nan with one class.

    Mann and Whitney 1947 by average ranks.
    """
    positive = reward > 0.5
    n, m = int(positive.sum()), int((~positive).sum())
    if n == 0 or m == 0:
        return float("nan")
    _, inverse, counts = np.unique(predicted, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def brier(reward: Floats, predicted: Floats) -> float:
    """Mean squared error of a probability (Brier 1950)."""
    return float(np.mean((reward - predicted) ** 2))


def log_loss(reward: Floats, predicted: Floats) -> float:
    """Mean negative log-likelihood, probabilities kept 1e-3 away from 0 and 1: a fixed-point score can reach both."""
    p = np.clip(predicted, 1e-3, 1 - 1e-3)
    return float(-np.mean(reward * np.log(p) + (1 - reward) * np.log(1 - p)))


def calibration(reward: Floats, predicted: Floats, bins: int = BINS) -> list[tuple[float, float, int]]:
    """(mean predicted, mean observed, slots) of bins that hold about as many slots each, ascending."""
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [(float(predicted[p].mean()), float(reward[p].mean()), len(p)) for p in parts]


def ece(reward: Floats, predicted: Floats, bins: int = BINS) -> float:
    """Expected calibration error: mean |predicted - observed| over bins of equal size (Naeini 2015, AAAI 29:2901)."""
    curve = calibration(reward, predicted, bins)
    total = sum(count for _, _, count in curve)
    return sum(abs(p - o) * count for p, o, count in curve) / total if total else float("nan")


def ndcg(gains: Floats, predicted: Floats, k: int) -> float:
    """nDCG@k of one list: gains [n] >= 0 ranked by prediction, discount 1/log2(1 + rank). 1 when there is no gain.

    Järvelin and Kekäläinen 2002, ACM TOIS 20:422-446. Ties keep the given order.
    """
    discount = 1 / np.log2(np.arange(2, min(k, len(gains)) + 2))
    ideal = np.sort(gains)[::-1][: len(discount)] @ discount
    if ideal <= 0:
        return 1.0
    got = gains[np.argsort(-predicted, kind="stable")][: len(discount)] @ discount
    return float(got / ideal)


def effective_sample_size(weight: Floats) -> float:
    """(sum w)^2 / sum w^2 (Kish 1965): how many equally weighted slots are worth as much."""
    squares = float(weight @ weight)
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def summary(reward: Floats, predicted: Floats) -> dict[str, float]:
    """The figures of one measured part of a split, rounded so that they repeat."""
    return {
        "auc": round(auc(reward, predicted), 5),
        "brier": round(brier(reward, predicted), 6),
        "log_loss": round(log_loss(reward, predicted), 6),
        "ece": round(ece(reward, predicted), 5),
        "reward": round(float(reward.mean()), 5),
        "slots": len(reward),
    }
