"""What a policy would have earned, from slots that another one logged: IPS, SNIPS and DR, with intervals by person.

One explored slot is one bandit round: the logging policy drew uniformly among its best candidates, so every chance is
known and no slot's weight exceeds their number. Slots of one person are not independent; intervals resample people.

IPS: Horvitz and Thompson 1952. SNIPS: Swaminathan and Joachims 2015, NeurIPS 28. DR: Dudik, Langford and Li 2011, ICML.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from model_export.learning.measures import effective_sample_size

Floats = npt.NDArray[np.float64]

RESAMPLES = 1000
LEVEL = 0.95
CHUNK = 50


@dataclass(frozen=True)
class Rounds:
    """n logged rounds of one target policy, each array [n].

    `reward` 0..1; `propensity` the chance with which the shown item was drawn, > 0; `target` the target policy's
    chance of that same item; `model_shown` a reward model's prediction for it and `model_target` its mean under the
    target policy; `person` a number.
    """

    reward: Floats
    propensity: Floats
    target: Floats
    model_shown: Floats
    model_target: Floats
    person: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(number, 5) for name, number in asdict(self).items()}


@dataclass(frozen=True)
class Report:
    """The three estimates of one policy. `matched`: rounds that showed the target's own choice; `effective`: the sample
    size that the weights are worth; `largest_weight`: how much one round may sway the sum."""

    ips: Estimate
    snips: Estimate
    dr: Estimate
    rounds: int
    matched: int
    effective: float
    largest_weight: float


def importance(rounds: Rounds) -> Floats:
    """[n] target chance over logged chance. Raises ValueError for a propensity that is not in (0, 1]."""
    if ((rounds.propensity <= 0) | (rounds.propensity > 1)).any():
        raise ValueError("propensity: must be above 0 and at most 1")
    return rounds.target / rounds.propensity


def sums(rounds: Rounds) -> Floats:
    """[people, 4] per person: weighted reward, weight, doubly robust term, rounds."""
    w = importance(rounds)
    robust = rounds.model_target + w * (rounds.reward - rounds.model_shown)
    _, person = np.unique(rounds.person, return_inverse=True)
    columns = (w * rounds.reward, w, robust, np.ones_like(w))
    return np.stack([np.bincount(person, weights=column) for column in columns], 1)


def values(total: Floats) -> Floats:
    """[..., 3] IPS, SNIPS, DR from sums [..., 4]; SNIPS is nan where nothing matched."""
    n = np.maximum(total[..., 3], 1)
    weight = total[..., 1]
    snips = np.divide(total[..., 0], weight, out=np.full_like(weight, np.nan), where=weight > 0)
    return np.stack([total[..., 0] / n, snips, total[..., 2] / n], -1)


def resampled(people: Floats, resamples: int, seed: int) -> Iterator[Floats]:
    """Blocks [b, k] of column sums over people drawn with replacement (the cluster bootstrap)."""
    rng = np.random.default_rng(seed)
    count = len(people)
    for start in range(0, resamples, CHUNK):
        drawn = rng.multinomial(count, np.full(count, 1 / count), min(CHUNK, resamples - start))
        yield drawn.astype(np.float64) @ people


def interval(samples: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Percentiles of bootstrap samples, those that are nan left out."""
    known = samples[~np.isnan(samples)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def estimate(rounds: Rounds, *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = 0) -> Report:
    """All estimates of one policy. Raises ValueError without rounds or with an impossible propensity."""
    if not len(rounds.reward):
        raise ValueError("no explored slot: nothing can be said about another policy")
    people = sums(rounds)
    point = values(people.sum(0))
    samples = values(np.concatenate(list(resampled(people, resamples, seed))))
    bounds = [interval(samples[:, i], level) for i in range(3)]
    w = importance(rounds)
    ips, snips, dr = (
        Estimate(float(value), low, high) for value, (low, high) in zip(point, bounds, strict=True)
    )
    return Report(
        ips, snips, dr, len(w), int((w > 0).sum()), effective_sample_size(w), float(w.max(initial=0.0))
    )


def mean_interval(
    value: Floats,
    person: npt.NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """Mean of value [n] with a bootstrap interval by person [n]."""
    _, codes = np.unique(person, return_inverse=True)
    people = np.stack([np.bincount(codes, weights=value), np.bincount(codes).astype(np.float64)], 1)
    samples = np.concatenate(list(resampled(people, resamples, seed)))
    low, high = interval(samples[:, 0] / np.maximum(samples[:, 1], 1), level)
    return Estimate(float(value.mean()), low, high)
