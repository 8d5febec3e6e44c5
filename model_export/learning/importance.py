"""What the shipped trees go by: importances by permutation, of the fixed-point ensemble itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from model_export.learning import measures
from model_export.learning.constraints import GROUPS
from model_export.learning.scorer import Rows
from model_export.policy import FEATURES
from model_export.trees import Trees

REPEATS = 3
MOST_ROWS = 5_000
"""Rows that importances are measured on: enough for a figure of two digits, few enough for every feature in turn."""


def columns_of(names: Sequence[str]) -> list[int]:
    return [i for i, name in enumerate(FEATURES) if name in names]


def importances(
    trees: Trees,
    rows: Rows,
    reward: measures.Floats | None = None,
    parts: Mapping[str, Sequence[str]] = GROUPS,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Part -> `points`: root mean square change of the score when its columns are shuffled together between rows, and
    with rewards `auc`: how much AUC that costs. Mean of three shuffles (Breiman 2001, Mach Learn 45:5-32).

    Shuffled together, as the columns of one group stand or fall together.
    """
    rng = np.random.default_rng(seed)
    if len(rows) > MOST_ROWS:
        some = rng.choice(len(rows), MOST_ROWS, replace=False)
        rows, reward = rows[some], None if reward is None else reward[some]
    score = trees(rows).astype(np.float64)
    base = measures.auc(reward, score) if reward is not None else None
    found: dict[str, dict[str, Any]] = {}
    for name, members in parts.items():
        columns = columns_of(members)
        moved, lost = [], []
        for _ in range(REPEATS):
            shuffled = rows.copy()
            shuffled[:, columns] = rows[rng.permutation(len(rows))][:, columns]
            other = trees(shuffled).astype(np.float64)
            moved.append(np.mean((other - score) ** 2))
            if reward is not None and base is not None:
                lost.append(base - measures.auc(reward, other))
        entry: dict[str, Any] = {"points": round(float(np.sqrt(np.mean(moved))), 2)}
        if lost:
            entry["auc"] = round(float(np.mean(lost)), 5)
        found[name] = entry
    return found


def by_feature(trees: Trees, rows: Rows, seed: int = 0) -> dict[str, float]:
    """Feature -> points, greatest first; those that move nothing are left out."""
    found = importances(trees, rows, None, {name: (name,) for name in FEATURES}, seed)
    moved = {name: entry["points"] for name, entry in found.items() if entry["points"] > 0}
    return dict(sorted(moved.items(), key=lambda pair: (-pair[1], pair[0])))
