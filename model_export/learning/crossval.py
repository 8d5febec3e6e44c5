"""Cross-validation of a grid of ensembles: one job per setting and fold, run wherever joblib's engine is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from model_export.learning import measures
from model_export.learning.folds import Fold
from model_export.learning.prior import Progress, silent
from model_export.learning.scorer import Params, convert, probability
from model_export.learning.slots import Slots
from model_export.trees import read_trees

PATIENCE = 4
"""Trees without improvement before stopping."""
GRID = (
    Params(trees=24, leaves=16, depth=5, rate=0.3, least_rows=200),
    Params(trees=24, leaves=16, depth=5, rate=0.15, least_rows=200),
    Params(trees=24, leaves=8, depth=4, rate=0.3, least_rows=200),
    Params(trees=16, leaves=16, depth=5, rate=0.3, least_rows=200),
)
"""What is tried. None is dearer on a phone than the first: 24 trees of depth 5 (docs/training.md has the times)."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pseudo:
    """The reviewed prior as rows [m, F] with targets [m]; together they weigh as much as `slots` logged ones."""

    rows: npt.NDArray[np.int32]
    target: Floats
    slots: float

    def blend(self, data: Slots) -> tuple[npt.NDArray[np.int32], Floats, Floats]:
        """Rows, targets, weights of logs and prior together."""
        weight = np.full(len(self.target), self.slots / max(len(self.target), 1))
        return (
            np.concatenate([data.rows, self.rows]),
            np.concatenate([data.target, self.target]),
            np.concatenate([data.weight, weight]),
        )


def run_job(data: Slots, prior: Pseudo, params: Params, fold: Fold, seed: int) -> dict[str, Any]:
    """Fit one setting on one fold and measure the trees as they would ship. The unit of work of every engine."""
    rows, target, weight = prior.blend(data.take(fold.train))
    stop, test = data.take(fold.stop), data.take(fold.test)
    # One thread: jobs run beside each other, and sums come in one order everywhere.
    with threadpool_limits(1):
        model = params.estimator(seed, early_stopping=True, n_iter_no_change=PATIENCE).fit(
            rows.astype(np.float32), target, weight,
            X_val=stop.rows.astype(np.float32), y_val=stop.target, sample_weight_val=stop.weight,
        )  # fmt: skip
    shipped = probability(read_trees(convert(model))(test.rows))
    figures = measures.summary(test.reward, shipped)
    explored = test.explored
    if explored.any():
        figures["auc_explored"] = round(measures.auc(test.reward[explored], shipped[explored]), 5)
    return {"split": fold.kind, "fold": fold.number, "trees": int(model.n_iter_), **figures}


def cross_validate(
    data: Slots,
    prior: Pseudo,
    grid: Sequence[Params],
    folds: Sequence[Fold],
    seed: int,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """One entry per setting: its parameters, the figures of every fold, mean and standard error of each split.

    Runs through joblib, so the engine around the call decides where (engine.py); the result does not depend on it.
    """
    tasks = [(params, fold) for params in grid for fold in folds]
    found = []
    for result in joblib.Parallel(return_as="generator")(
        joblib.delayed(run_job)(data, prior, params, fold, seed) for params, fold in tasks
    ):
        found.append(result)
        progress(len(found), len(tasks))
    table = []
    for place, params in enumerate(grid):
        results = found[place * len(folds) : (place + 1) * len(folds)]
        table.append({"params": params.as_dict(), "folds": results, "mean": means(results)})
    return table


def means(results: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Per split: mean of each figure over the folds, and the standard error of the Brier score."""
    out = {}
    for kind in dict.fromkeys(result["split"] for result in results):
        part = [result for result in results if result["split"] == kind]
        figures = {
            name: round(float(np.mean([r[name] for r in part])), 6)
            for name in part[0]
            if name not in ("split", "fold") and all(name in r for r in part)
        }
        errors = [r["brier"] for r in part]
        spread = float(np.std(errors, ddof=1)) if len(errors) > 1 else 0.0
        out[kind] = {**figures, "brier_se": round(spread / math.sqrt(len(errors)), 6)}
    return out


def choose(table: Sequence[dict[str, Any]]) -> int:
    """Place of the setting to ship: the cheapest on a phone within one standard error of the best on new people.

    The one-standard-error rule (Breiman 1984, CART, 3.4.3); cheapest is fewest nodes walked, trees x depth.
    """
    by = [entry["mean"]["person"] for entry in table]
    best = min(range(len(table)), key=lambda i: by[i]["brier"])
    limit = by[best]["brier"] + by[best]["brier_se"]
    good = [i for i in range(len(table)) if by[i]["brier"] <= limit]
    return min(
        good, key=lambda i: (table[i]["params"]["trees"] * table[i]["params"]["depth"], by[i]["brier"], i)
    )


def trees_to_fit(entry: dict[str, Any]) -> int:
    """Median number of trees at which the folds of a setting stopped; at least one."""
    return max(1, int(np.median([fold["trees"] for fold in entry["folds"]])))
