"""Integer walk of the fixed-point tree ensemble: the reference for the graph's TreeEnsembleRegressor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trees:
    """Flat nodes: feature (-1 at a leaf), integer threshold (go left when value <= it), children, leaf weight."""

    feature: Ints
    threshold: Ints
    left: Ints
    right: Ints
    weight: Ints
    roots: Ints
    base: int
    depth: int

    def __call__(self, features: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """[N, F] -> [N] sum of the leaves, exact."""
        rows = np.arange(len(features))[:, None]
        node = np.broadcast_to(self.roots, (len(features), len(self.roots)))
        for _ in range(self.depth):
            feature = self.feature[node]
            value = features[rows, np.maximum(feature, 0)]
            below = np.where(value <= self.threshold[node], self.left[node], self.right[node])
            node = np.where(feature < 0, node, below)
        total: npt.NDArray[np.int32] = (self.base + self.weight[node].sum(1)).astype(np.int32)
        return total


def tree_node(model: Any) -> Any:
    """The one TreeEnsembleRegressor of an ONNX model. Raises ValueError when there is not exactly one."""
    nodes = [n for n in model.graph.node if n.op_type == "TreeEnsembleRegressor"]
    if len(nodes) != 1:
        raise ValueError(f"expected one TreeEnsembleRegressor, found {len(nodes)}")
    return nodes[0]


def read_trees(model: Any) -> Trees:
    """Trees of an ONNX scorer whose leaves are integers and whose thresholds are k + 0.5."""
    a = {x.name: x for x in tree_node(model).attribute}
    place = {
        key: i for i, key in enumerate(zip(a["nodes_treeids"].ints, a["nodes_nodeids"].ints, strict=True))
    }
    leaf = np.array([mode == b"LEAF" for mode in a["nodes_modes"].strings])
    tree = list(a["nodes_treeids"].ints)

    def children(name: str) -> Ints:
        ids = a[name].ints
        return np.array([i if leaf[i] else place[tree[i], ids[i]] for i in range(len(tree))], np.int64)

    weight = np.zeros(len(tree), np.int64)
    for t, n, w in zip(
        a["target_treeids"].ints, a["target_nodeids"].ints, a["target_weights"].floats, strict=True
    ):
        weight[place[t, n]] += int(w)
    left, right = children("nodes_truenodeids"), children("nodes_falsenodeids")
    roots = np.array([place[t, 0] for t in dict.fromkeys(tree)], np.int64)
    base = int(a["base_values"].floats[0]) if "base_values" in a else 0
    depth, level = 0, set(roots.tolist())
    while level:
        level = {int(c) for n in level if not leaf[n] for c in (left[n], right[n])}
        depth += 1
    return Trees(
        np.where(leaf, -1, np.array(a["nodes_featureids"].ints)),
        np.floor(np.array(a["nodes_values"].floats, np.float64)).astype(np.int64),
        left, right, weight, roots, base, depth,
    )  # fmt: skip
