"""Join policy and scorer into one ONNX file: opsets pinned, metadata written, operators checked."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from spox import Tensor, argument, build, inline

from model_export.arrays import SpoxOps, Traced, Value
from model_export.contract import (
    CONTRACT,
    FEATURE_SPEC,
    HISTORY,
    IR,
    ITEM_NUMBER,
    ML_OPSET,
    OPERATORS,
    OPSET,
    REQUEST,
    REQUEST_VECTORS,
    VOCABULARIES,
)
from model_export.encode import Catalog, vocabulary_of
from model_export.graphs import operators
from model_export.policy import run
from model_export.wording import WORDING


def input_shapes(vocabulary: Mapping[str, list[str]]) -> dict[str, tuple[Any, ...]]:
    """Every input of the graph with its shape; "N" is the number of exercises."""
    shapes: dict[str, tuple[Any, ...]] = {"request": (len(REQUEST),)}
    for entry in FEATURE_SPEC:
        rows: Any = len(vocabulary[entry["rows"]]) if "rows" in entry else "N"
        if entry["encoder"] == "index":
            shapes[entry["tensor"]] = (rows,)
        elif entry["encoder"] == "numbers":
            shapes[entry["tensor"]] = (rows, len(ITEM_NUMBER))
        else:
            shapes[entry["tensor"]] = (rows, len(vocabulary[entry["vocabulary"]]))
    shapes |= {name: (len(vocabulary[codes]),) for name, codes in REQUEST_VECTORS.items()}
    for tensor, name in (("muscle_region", "muscles"), ("hazard_region", "hazards")):
        shapes[tensor] = (len(vocabulary[name]), len(vocabulary["regions"]))
    shapes["history"] = ("N", len(HISTORY))
    return shapes | dict.fromkeys(("blocked", "personal", "noise"), ("N",))


def build_graph(catalog: Catalog, scorer: onnx.ModelProto) -> onnx.ModelProto:
    """The generator for this catalogue's vocabularies. Raises ValueError for an operator outside the contract."""
    vocabulary = vocabulary_of(catalog, VOCABULARIES)
    ops = SpoxOps()
    arguments = {name: argument(Tensor(np.int32, shape)) for name, shape in input_shapes(vocabulary).items()}

    def score(features: Value) -> Traced:
        as_float = ops.op.cast(features.var, to=np.float32)
        (leaves,) = inline(scorer)(as_float).values()
        flat = ops.op.reshape(leaves, ops.op.const(np.array([-1], np.int64)))
        return Traced(ops, ops.op.cast(flat, to=np.int32))

    with warnings.catch_warnings():
        # A loop's state has no static length in ONNX's own shape inference; the types are known all the same.
        warnings.filterwarnings("ignore", message="Output type for variable")
        outputs = run(ops, vocabulary, {name: Traced(ops, var) for name, var in arguments.items()}, score)
        model = build(arguments, {name: value.var for name, value in outputs.items()})
    finish(model, vocabulary)
    return model


def hoist(graph: onnx.GraphProto) -> None:
    """Move what a loop's body computes from outer values only in front of the loop.

    spox places a node in the innermost scope that uses it, so the policy's preparation would run again in every step.
    """
    at = next(i for i, node in enumerate(graph.node) if node.op_type == "Loop")
    body = next(a.g for a in graph.node[at].attribute if a.name == "body")
    varying = {value.name for value in body.input}
    kept: list[onnx.NodeProto] = []
    moved: list[onnx.NodeProto] = []
    for node in body.node:
        invariant = not varying.intersection(node.input)
        (moved if invariant else kept).append(node)
        if not invariant:
            varying.update(node.output)
    nodes = [*graph.node[:at], *moved, *graph.node[at:]]
    del body.node[:]
    body.node.extend(kept)
    del graph.node[:]
    graph.node.extend(nodes)


def finish(model: onnx.ModelProto, vocabulary: Mapping[str, list[str]]) -> None:
    """Pin opsets and IR, write the metadata, drop names that only help a debugger."""
    del model.opset_import[:]
    model.opset_import.extend(
        [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    )
    model.ir_version = IR
    model.producer_name, model.producer_version = "limber", str(CONTRACT)
    metadata = {
        "contract": CONTRACT,
        "vocabulary": vocabulary,
        "feature_spec": FEATURE_SPEC,
        "wording": WORDING,
    }
    onnx.helper.set_model_props(
        model,
        {name: json.dumps(value, separators=(",", ":"), sort_keys=True) for name, value in metadata.items()},
    )
    hoist(model.graph)
    shorten(model.graph, {}, iter(range(1_000_000)))
    foreign = operators(model.graph) - OPERATORS
    if foreign:
        raise ValueError(f"operators outside the contract: {', '.join(sorted(foreign))}")
    onnx.checker.check_model(model, full_check=True)


def shorten(graph: onnx.GraphProto, names: dict[str, str], counter: Any) -> None:
    """Short value names: they are a third of the file. Inputs and outputs of the model keep theirs."""
    fixed = {v.name for v in [*graph.input, *graph.output]} if not names else set()
    names = names | {name: name for name in fixed}

    def short(name: str) -> str:
        if name and name not in names:
            names[name] = f"v{next(counter)}"
        return names.get(name, name)

    for value in [*graph.input, *graph.initializer]:
        value.name = short(value.name)
    for node in graph.node:
        node.name = ""
        node.output[:] = [short(name) for name in node.output]
    for node in graph.node:
        node.input[:] = [short(name) for name in node.input]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                shorten(attribute.g, names, counter)
    for value in graph.output:
        value.name = short(value.name)
    del graph.value_info[:]
