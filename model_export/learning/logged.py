"""What logged slots say of a scorer: ranking, calibration, cohorts, and what its choices would have earned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from model_export.learning import measures
from model_export.learning.compare import age_band
from model_export.learning.estimators import Report, Rounds, estimate
from model_export.learning.prior import targets
from model_export.learning.scorer import Params, Rows, fit, probability
from model_export.learning.slots import codes, sampled
from model_export.trees import Trees

MOST_ROWS = 500_000
COLUMNS = (
    "person", "session", "at", "family", "kind", "age", "level", "conditioned", "propensity", "explored", "outcome",
    "reward", "item", "features", "candidate_items", "candidate_features",
)  # fmt: skip
TOP = 5
LEAST_IN_COHORT = 50
"""Slots of a cohort below which its figures are noise and it is not called the worst."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Explored:
    """Slots whose item was drawn: row in the log [e], their candidates' features [c, F], where each slot's begin [e +
    1], which candidate was shown, counted from the slot's first [e]."""

    row: Ints
    rows: Rows
    start: Ints
    shown: Ints


@dataclass(frozen=True)
class Log:
    """n logged slots; `cohorts` names the groups of each by kind, level, age band and condition; `drawn` counts all
    slots that were drawn, `explored` holds those with a choice."""

    rows: Rows
    reward: Floats
    person: Ints
    session: Ints
    item: Ints
    completed: npt.NDArray[np.bool_]
    cohorts: dict[str, npt.NDArray[np.bool_]]
    explored: Explored
    drawn: int
    simulated: bool

    def __len__(self) -> int:
        return len(self.reward)


def read_log(folder: Path, most: int = MOST_ROWS) -> Log:
    """About `most` slots of a dataset at most, by whole people. Raises what `slots.sampled` raises."""
    from model_export.data import table

    rows, candidates, columns = [], [], []
    for batch in sampled(folder, COLUMNS, most):
        rows.append(table.matrix(batch))
        candidates += table.candidates(batch)
        columns.append(batch.drop_columns(["features", "candidate_features"]))
    read = pa.Table.from_batches(columns)
    item = read.column("item").to_numpy().astype(np.int64)
    listed = read.column("candidate_items").to_pylist()
    return Log(
        np.concatenate(rows),
        read.column("reward").to_numpy().astype(np.float64),
        codes(read.column("person").to_pylist())[0],
        codes(read.column("session").to_pylist())[0],
        item,
        np.array([outcome == "completed" for outcome in read.column("outcome").to_pylist()]),
        groups(read),
        explored_of(item, listed, candidates),
        int(read.column("explored").to_numpy().sum()),
        read.column("family").null_count < len(item),
    )


def groups(read: pa.Table) -> dict[str, npt.NDArray[np.bool_]]:
    """Cohort -> which slots belong to it."""
    conditioned = read.column("conditioned").to_numpy()
    labels = {
        "kind": read.column("kind").to_pylist(),
        "level": read.column("level").to_pylist(),
        "age": [age_band(age) for age in read.column("age").to_pylist()],
        "condition": ["yes" if yes else "no" for yes in conditioned],
    }
    return {
        f"{name}: {value}": np.array([label == value for label in column])
        for name, column in labels.items()
        for value in sorted(set(column))
    }


def explored_of(
    item: Ints, listed: Sequence[list[int] | None], candidates: Sequence[npt.NDArray[np.int32] | None]
) -> Explored:
    """The drawn slots; one whose item is not among its own candidates is left out, as is one with a single
    candidate."""
    row, shown, blocks = [], [], []
    for place, (names, features) in enumerate(zip(listed, candidates, strict=True)):
        if names is None or features is None or len(names) < 2 or item[place] not in names:
            continue
        row.append(place)
        shown.append(names.index(int(item[place])))
        blocks.append(features)
    width = blocks[0].shape[1] if blocks else 0
    return Explored(
        np.array(row, np.int64),
        np.concatenate(blocks) if blocks else np.zeros((0, width), np.int32),
        np.concatenate([[0], np.cumsum([len(block) for block in blocks])]).astype(np.int64),
        np.array(shown, np.int64),
    )


def ndcg_of_routines(log: Log, predicted: Floats, k: int = TOP) -> float:
    """Mean nDCG@k over routines: were the welcome slots of a routine predicted above its others?"""
    order = np.argsort(log.session, kind="stable")
    bounds = np.flatnonzero(np.diff(log.session[order])) + 1
    return float(
        np.mean([measures.ndcg(log.reward[part], predicted[part], k) for part in np.split(order, bounds)])
    )


def cohort_table(log: Log, predicted: Floats) -> dict[str, dict[str, float]]:
    """Cohort -> slots, reward, AUC, Brier and ECE."""
    return {
        name: measures.summary(log.reward[of], predicted[of]) for name, of in log.cohorts.items() if of.any()
    }


def worst_cohort(table: dict[str, dict[str, float]]) -> str | None:
    """The cohort with the lowest AUC among those with enough slots and both outcomes."""
    known = {
        name: row["auc"]
        for name, row in table.items()
        if row["slots"] >= LEAST_IN_COHORT and not np.isnan(row["auc"])
    }
    return min(known, key=lambda name: (known[name], name)) if known else None


def reward_model(log: Log, seed: int) -> Floats:
    """[c] predicted reward of every candidate, by a model fitted on other people: two halves predict each other.

    Without that, DR would lean on rewards it was fitted to.
    """
    rng = np.random.default_rng(seed)
    half = rng.permutation(int(log.person.max()) + 1) % 2
    side = half[log.person]
    out = np.full(len(log.explored.rows), float(log.reward.mean()))
    owner = np.repeat(log.explored.row, np.diff(log.explored.start))
    for value in (0, 1):
        train, test = side != value, side[owner] == value
        if train.any() and test.any():
            model = fit(log.rows[train], log.reward[train], None, Params(least_rows=50), seed)
            out[test] = np.clip(model.predict(log.explored.rows[test].astype(np.float32)), 0, 1)
    return out


def picks(explored: Explored, score: npt.NDArray[Any]) -> Ints:
    """[e] the candidate with the greatest score in each slot, counted from its first; ties to the earlier."""
    pairs = zip(explored.start[:-1], explored.start[1:], strict=True)
    return np.array([int(np.argmax(score[a:b])) for a, b in pairs], np.int64)


def rounds_of(log: Log, chances: Floats, predicted: Floats) -> Rounds:
    """Bandit rounds for a target that takes candidate c of its slot with chance `chances` [c]."""
    e = log.explored
    count = np.diff(e.start)
    at = e.start[:-1] + e.shown
    value = np.add.reduceat(chances * predicted, e.start[:-1])
    return Rounds(
        log.reward[e.row], 1.0 / count, chances[at], predicted[at], value, log.person[e.row]
    )  # fmt: skip


def certain(explored: Explored, pick: Ints) -> Floats:
    """[c] 1 for the picked candidate of each slot, 0 for the others."""
    chances = np.zeros(len(explored.rows))
    chances[explored.start[:-1] + pick] = 1.0
    return chances


def off_policy(log: Log, trees: Trees, *, seed: int = 0, resamples: int = 1000) -> dict[str, Report]:
    """What choosing by the scorer alone, by the prior, by the logging model, and by lot would have earned in the slots
    that were drawn. The choice is among the logged candidates, so every choice could have been shown: full support."""
    e = log.explored
    predicted = reward_model(log, seed)
    count = np.diff(e.start)
    made: dict[str, Callable[[], Floats]] = {
        "the model's highest score": lambda: certain(e, picks(e, trees(e.rows))),
        "the reviewed prior's highest": lambda: certain(e, picks(e, targets(e.rows))),
        "the logging model's first": lambda: certain(e, np.zeros(len(count), np.int64)),
        "by lot, as it was logged": lambda: np.repeat(1 / count, count),
    }
    return {
        name: estimate(rounds_of(log, chances(), predicted), resamples=resamples, seed=seed)
        for name, chances in made.items()
    }


def assess(log: Log, trees: Trees, *, seed: int = 0, resamples: int = 1000) -> dict[str, Any]:
    """Everything this module can say, ready for JSON."""
    predicted = probability(trees(log.rows))
    table = cohort_table(log, predicted)
    found: dict[str, Any] = {
        **measures.summary(log.reward, predicted),
        "ndcg": round(ndcg_of_routines(log, predicted), 5),
        "completion": round(float(log.completed.mean()), 5),
        "people": len(np.unique(log.person)),
        "sessions": len(np.unique(log.session)),
        "items_shown": len(np.unique(log.item)),
        "calibration": [
            [round(p, 5), round(o, 5), n] for p, o, n in measures.calibration(log.reward, predicted)
        ],
        "cohorts": table,
        "worst_cohort": worst_cohort(table),
        "simulated": log.simulated,
        "explored": len(log.explored.row),
        "support": round(len(log.explored.row) / max(log.drawn, 1), 5),
        "off_policy": {},
    }
    if len(log.explored.row):
        found["off_policy"] = {
            name: {
                "ips": r.ips.as_dict(), "snips": r.snips.as_dict(), "dr": r.dr.as_dict(), "rounds": r.rounds,
                "matched": r.matched, "effective": round(r.effective, 1), "largest_weight": round(r.largest_weight, 2),
            }
            for name, r in off_policy(log, trees, seed=seed, resamples=resamples).items()
        }  # fmt: skip
    return found
