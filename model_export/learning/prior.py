"""The reviewed prior: what is assumed about people before there are logs. Judgement, not measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from model_export.arrays import NumpyOps
from model_export.encode import Catalog, encode
from model_export.policy import FEATURES, features, first_demand
from model_export.problem import Problem, prepare
from model_export.request import parse
from model_export.sampling import payload

SCALE = 500
"""Score points per unit of predicted chance: a fifth more of it weighs as much as a most-demanded muscle
(docs/training.md)."""
ROWS_PER_REQUEST = 120

Progress = Callable[[int, int], None]
"""Told how many of how many are done."""


def silent(_done: int, _total: int) -> None:
    """No progress shown."""


def prior_utility(x: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """[N] reviewed prior of P(completed and welcome), 0..1.

    People finish what suits their level, what needs little fetching and no getting down, and no more effort than they
    are used to; older people and beginners like it gentler; what was skipped is skipped again, what has rested is
    fresh. Being listed for the activity and answering its demand count for little here: the rules score both already,
    and a prior that repeats them drowns what it alone knows.
    """
    z = (
        0.1
        + 0.3 * x["affinity"]
        - 0.35 * np.maximum(x["difficulty"] - x["level"] - 1.5, 0)
        - 0.25 * np.maximum(x["level"] + 1 - x["difficulty"], 0) * (x["minutes"] >= 8)
        - 0.25 * x["equipment"]
        - x["floor"]
        * (0.15 + 0.5 * (x["kind_warmup"] + x["kind_desk_break"]) + 0.01 * np.maximum(x["age"] - 55, 0))
        - x["impact"] * (0.2 + 0.02 * np.maximum(x["age"] - 45, 0)) * (1 - 0.3 * x["explosive"])
        + x["type_dynamic_stretch"] * 0.4 * x["kind_warmup"]
        + x["type_skill_drill"] * 0.3 * x["explosive"]
        + x["type_mobility"] * 0.25 * (x["kind_mobility"] + x["kind_desk_break"])
        + x["type_balance"] * 0.02 * np.maximum(x["age"] - 60, 0)
        - x["type_pnf_stretch"] * (0.5 - 0.2 * x["level"])
        - x["type_foam_roll"] * 0.15
        + 0.006 * np.minimum(x["demand"], 40)
        - 0.3 * np.minimum(x["skipped"], 4)
        + 0.05 * np.minimum(x["done"], 6)
        + 0.03 * np.minimum(x["days_since"], 14)
        # W06: a warm-up is to end unwearied, and 4 MET are an effort to a beginner, 6 to somebody trained.
        - 0.012 * np.maximum(x["met10"] - 40 - 10 * x["level"], 0)
    )
    return np.asarray(1 / (1 + np.exp(-z)), np.float64)


def targets(rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """[N] the prior of rows [N, F] in the order of FEATURES."""
    return prior_utility({name: rows[:, i].astype(np.float64) for i, name in enumerate(FEATURES)})


def sampled_rows(
    catalog: Catalog,
    spec: Sequence[Mapping[str, Any]],
    vocabulary: Mapping[str, list[str]],
    requests: int,
    seed: int,
    progress: Progress = silent,
) -> npt.NDArray[np.int32]:
    """[rows, F] features of random people by the graph's own front end, so that training and serving cannot differ."""
    rng = np.random.default_rng(seed)
    blocks = []
    for done in range(requests):
        request = parse(payload(rng, catalog), catalog)
        given = encode(catalog, request, spec, vocabulary, "training")
        problem: Problem = prepare(NumpyOps(), vocabulary, given)
        rows = features(problem, first_demand(problem))
        blocks.append(rows[rng.choice(len(rows), min(ROWS_PER_REQUEST, len(rows)), replace=False)])
        progress(done + 1, requests)
    return np.concatenate(blocks)
