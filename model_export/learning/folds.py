"""Splits that answer two questions: does it work for new people, and does it work tomorrow?

Each fold has three parts that share nobody (by person) or no moment (by time): what is trained on, what decides when to
stop, and what is measured. Stopping on the measured part would flatter every number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold

STOP_SHARE = 0.15
LEAST_PEOPLE = 10

Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Fold:
    """Row numbers: trained on, deciding when to stop, measured on. `kind` is "person" or "time"."""

    kind: str
    number: int
    train: Index
    stop: Index
    test: Index


def _without(people: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """The people who decide when to stop."""
    known = np.unique(people)
    count = max(1, round(len(known) * STOP_SHARE))
    return rng.permutation(known)[:count]


def by_person(person: npt.NDArray[np.int64], folds: int, seed: int) -> Iterator[Fold]:
    """Every person is measured once, by a model that never saw them. Raises ValueError with too few people."""
    count = len(np.unique(person))
    if count < max(LEAST_PEOPLE, 2 * folds):
        raise ValueError(
            f"{count} people are too few to cross-validate over {folds} folds: "
            f"{max(LEAST_PEOPLE, 2 * folds)} at least"
        )
    rng = np.random.default_rng(seed)
    for number, (rest, test) in enumerate(GroupKFold(folds).split(person, groups=person)):
        stopping = np.isin(person[rest], _without(person[rest], rng))
        yield Fold("person", number, rest[~stopping], rest[stopping], test)


def by_time(at: npt.NDArray[np.int64], folds: int) -> Iterator[Fold]:
    """Forward chaining: train on the past, stop on the latest part of it, measure on the block that follows.

    Blocks hold about as many slots each and never cut through one moment. A fold without rows in every part is left
    out.
    """
    cuts = np.quantile(at, np.linspace(0, 1, folds + 2)[1:-1], method="higher")
    last = np.append(cuts[1:], at.max() + 1)
    for number, (cut, end) in enumerate(zip(cuts, last, strict=True)):
        past = np.flatnonzero(at < cut)
        test = np.flatnonzero((at >= cut) & (at < end))
        if not len(past) or not len(test):
            continue
        late = np.quantile(at[past], 1 - STOP_SHARE, method="higher")
        stopping = at[past] >= late
        if stopping.any() and not stopping.all():
            yield Fold("time", number, past[~stopping], past[stopping], test)
