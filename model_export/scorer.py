"""The learned scorer as a fixed-point tree ensemble.

Leaves become integers held in float32 (their sum bounded below 2^24) and thresholds k + 0.5 over integer features, so
no summation order, thread count or fused multiply-add changes a score (generator.md).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import HistGradientBoostingRegressor

from model_export.arrays import FLOAT32_EXACT, NumpyOps
from model_export.contract import ML_OPSET, OPSET
from model_export.encode import Catalog, encode
from model_export.policy import FEATURES, Problem, features, first_demand, prepare
from model_export.request import parse
from model_export.sampling import payload
from model_export.trees import tree_node

SCALE = 400
"""Score points per unit of predicted utility (0..1)."""

Progress = Callable[[int, int], None]
"""Told how many of how many requests are done."""


def silent(_done: int, _total: int) -> None:
    """No progress shown."""


def prior_utility(x: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """[N] reviewed prior of P(completed and welcome), 0..1, before there are logs. Judgement, not measured.

    People finish what suits their level, what rehearses their activity, what needs little fetching and no getting
    down; older people and beginners like it gentler; what was skipped is skipped again.
    """
    z = (
        0.4
        + 0.9 * x["affinity"]
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
        + 0.02 * np.minimum(x["demand"], 40)
        - 0.3 * np.minimum(x["skipped"], 4)
        + 0.05 * np.minimum(x["done"], 6)
        + 0.01 * np.minimum(x["days_since"], 14)
        - 0.002 * np.abs(x["met10"] - 30)
    )
    return np.asarray(1 / (1 + np.exp(-z)), np.float64)


def training_rows(
    catalog: Catalog,
    spec: Sequence[Mapping[str, Any]],
    vocabulary: Mapping[str, list[str]],
    requests: int,
    seed: int,
    progress: Progress,
) -> npt.NDArray[np.int32]:
    """[rows, F] features by the graph's own front end, so that training and serving cannot differ."""
    rng = np.random.default_rng(seed)
    blocks = []
    for done in range(requests):
        request = parse(payload(rng, catalog), catalog)
        given = encode(catalog, request, spec, vocabulary, "training")
        problem: Problem = prepare(NumpyOps(), vocabulary, given)
        rows = features(problem, first_demand(problem))
        blocks.append(rows[rng.choice(len(rows), min(120, len(rows)), replace=False)])
        progress(done + 1, requests)
    return np.concatenate(blocks)


def train(rows: npt.NDArray[np.int32], seed: int) -> HistGradientBoostingRegressor:
    """The scorer, fitted to the prior. More skips and a harder item than one's level never raise a score."""
    columns = {name: rows[:, i].astype(np.float64) for i, name in enumerate(FEATURES)}
    monotone = {"skipped": -1, "equipment": -1, "affinity": 1}
    model = HistGradientBoostingRegressor(
        max_iter=40, max_leaf_nodes=14, learning_rate=0.2, min_samples_leaf=200, early_stopping=False,
        monotonic_cst=[monotone.get(name, 0) for name in FEATURES], random_state=seed,
    )  # fmt: skip
    return model.fit(rows.astype(np.float32), prior_utility(columns))


def convert(model: HistGradientBoostingRegressor) -> onnx.ModelProto:
    """ONNX TreeEnsembleRegressor with integer leaves and k + 0.5 thresholds. Raises ValueError past 2^24."""
    shape = [("features", FloatTensorType([None, len(FEATURES)]))]
    with warnings.catch_warnings():
        # skl2onnx 1.20 passes numpy scalars where numpy 2.4 wants ints; the values are right.
        warnings.simplefilter("ignore", DeprecationWarning)
        converted: onnx.ModelProto = to_onnx(
            model, initial_types=shape, target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET}
        )
    node = tree_node(converted)
    a = {x.name: x for x in node.attribute}
    weights = np.round(np.array(a["target_weights"].floats, np.float64) * SCALE)
    base = np.round(np.array(a["base_values"].floats, np.float64) * SCALE - SCALE / 2)
    trees = np.array(a["target_treeids"].ints)
    bound = np.abs(base).max() + sum(np.abs(weights[trees == t]).max() for t in np.unique(trees))
    if bound >= FLOAT32_EXACT:
        raise ValueError(f"the scorer's leaves may sum to {bound:.0f}, past what float32 holds exactly")
    branch = np.array([mode != b"LEAF" for mode in a["nodes_modes"].strings])
    values = np.array(a["nodes_values"].floats, np.float64)
    for name, floats in (
        ("target_weights", weights),
        ("base_values", base),
        ("nodes_values", np.where(branch, np.floor(values) + 0.5, 0)),
    ):
        del a[name].floats[:]
        a[name].floats.extend(floats.tolist())
    return converted
