"""The learned scorer as a fixed-point tree ensemble.

Leaves become integers held in float32 (their sum bounded below 2^24) and thresholds k + 0.5 over integer features, so
no summation order, thread count or fused multiply-add changes a score (generator.md).
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from model_export.arrays import FLOAT32_EXACT
from model_export.contract import ML_OPSET, OPSET
from model_export.learning.constraints import interactions, monotone
from model_export.learning.prior import SCALE
from model_export.policy import FEATURES
from model_export.trees import tree_node

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Params:
    """Size of the ensemble. Few shallow trees: a phone walks every one of them for every exercise. The defaults suit
    the prior, which has no noise; crossval.GRID is for logs."""

    trees: int = 24
    leaves: int = 16
    depth: int = 5
    rate: float = 0.4
    least_rows: int = 50
    l2: float = 0.0

    def estimator(self, seed: int, **options: Any) -> HistGradientBoostingRegressor:
        """Squared error on a reward of 0..1: its minimum is the probability itself, which leaves can add up to."""
        return HistGradientBoostingRegressor(
            max_iter=self.trees, max_leaf_nodes=self.leaves, max_depth=self.depth, learning_rate=self.rate,
            min_samples_leaf=self.least_rows, l2_regularization=self.l2, monotonic_cst=monotone(FEATURES),
            interaction_cst=interactions(FEATURES), random_state=seed, **{"early_stopping": False, **options},
        )  # fmt: skip

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def fit(
    rows: Rows, target: Floats, weight: Floats | None, params: Params, seed: int
) -> HistGradientBoostingRegressor:
    """The estimator on rows [N, F], targets 0..1 [N] and weights [N]. One thread: sums come in one order everywhere."""
    with threadpool_limits(1):
        return params.estimator(seed).fit(rows.astype(np.float32), target, weight)


def probability(score: npt.NDArray[np.int32]) -> Floats:
    """[N] P(completed and welcome) that fixed-point scores stand for, cut to 0..1."""
    return np.clip(score / SCALE + 0.5, 0.0, 1.0)


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


def constant(score: int = 0) -> onnx.ModelProto:
    """A scorer that gives every item the same score: with it the graph is rules alone."""
    model = HistGradientBoostingRegressor(max_iter=1, early_stopping=False)
    rows = np.zeros((40, len(FEATURES)), np.float32)
    rows[::2, 0] = 1  # something to convert; both leaves come out as zero
    return convert(model.fit(rows, np.full(len(rows), 0.5 + score / SCALE)))


def replaced(generator: bytes, other: onnx.ModelProto) -> bytes:
    """The same generator with another scorer: policy, metadata and all else unchanged."""
    model = onnx.load_from_string(generator)
    ours, theirs = tree_node(model), tree_node(other)
    del ours.attribute[:]
    ours.attribute.extend(theirs.attribute)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
