"""Write the learning as `learn.onnx`: what numpy runs, traced into a graph that keeps the generator's contract."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from spox import Tensor, argument, build

from model_export import contract
from model_export.arrays import SpoxOps, Traced
from model_export.encode import Catalog, vocabulary_of
from model_export.export import hoist, shorten
from model_export.graphs import operators
from model_export.personal import golden, spec
from model_export.personal.learn import run
from model_export.personal.runtime import Learner


def files(catalog: Catalog) -> tuple[bytes, bytes]:
    """`learn.onnx` for a catalogue's vocabularies, and its golden cases. Same catalogue, same bytes."""
    vocabulary = vocabulary_of(catalog, spec.VOCABULARIES)
    model = build_learn_graph(vocabulary).SerializeToString(deterministic=True)
    return model, golden.make(Learner.load(model), catalog)


def input_shapes(vocabulary: Mapping[str, Sequence[str]]) -> dict[str, tuple[Any, ...]]:
    """Every input with its shape, all int32; "N" is the number of exercises. The item tensors are the generator's."""
    shapes: dict[str, tuple[Any, ...]] = {
        "state": (spec.STATE,),
        "feedback": (spec.FEEDBACK_ROWS, len(spec.FEEDBACK)),
        "muscle_region": (len(vocabulary["muscles"]), len(vocabulary["regions"])),
    }
    for entry in spec.ITEM_SPEC:
        if entry["encoder"] == "index":
            shapes[entry["tensor"]] = ("N",)
        elif entry["encoder"] == "numbers":
            shapes[entry["tensor"]] = ("N", len(entry["columns"]))
        else:
            shapes[entry["tensor"]] = ("N", len(vocabulary[entry["vocabulary"]]))
    return shapes


def build_learn_graph(vocabulary: Mapping[str, Sequence[str]]) -> onnx.ModelProto:
    """`learn.onnx` for the generator's vocabularies. Raises ValueError for an operator outside the contract."""
    known = {name: list(vocabulary[name]) for name in spec.VOCABULARIES}
    ops = SpoxOps()
    arguments = {name: argument(Tensor(np.int32, shape)) for name, shape in input_shapes(known).items()}
    with warnings.catch_warnings():
        # A loop's state has no static length in ONNX's own shape inference; the types are known all the same.
        warnings.filterwarnings("ignore", message="Output type for variable")
        outputs = run(ops, known, {name: Traced(ops, var) for name, var in arguments.items()})
        model = build(arguments, {name: value.var for name, value in outputs.items()})
    finish(model, known)
    return model


def finish(model: onnx.ModelProto, vocabulary: Mapping[str, Sequence[str]]) -> None:
    """Pin opset and IR, write the metadata a device needs to encode, keep and explain a state, check the operators."""
    del model.opset_import[:]
    model.opset_import.extend([onnx.helper.make_opsetid("", contract.OPSET)])
    model.ir_version = contract.IR
    model.producer_name, model.producer_version = "limber", str(spec.CONTRACT)
    metadata = {
        "learn_contract": spec.CONTRACT,
        "state": {
            "length": spec.STATE,
            "tag": spec.tag(spec.TASTE),
            "bound": spec.BOUND,
            "features": spec.K,
            "noise": spec.NOISE,
            "prior": spec.PRIOR,
        },
        "feedback": {"rows": spec.FEEDBACK_ROWS, "columns": spec.FEEDBACK, "most": spec.MAX_REWARD},
        "points": {"most": spec.MOST_POINTS, "per_reward": spec.POINTS, "unit": spec.UNIT},
        "taste": spec.TASTE,
        "vocabulary": vocabulary,
        "feature_spec": spec.ITEM_SPEC,
    }
    onnx.helper.set_model_props(
        model,
        {name: json.dumps(value, separators=(",", ":"), sort_keys=True) for name, value in metadata.items()},
    )
    hoist(model.graph)
    merge_constants(model.graph)
    shorten(model.graph, {}, iter(range(1_000_000)))
    foreign = operators(model.graph) - contract.OPERATORS
    if foreign:
        raise ValueError(f"operators outside the contract: {', '.join(sorted(foreign))}")
    onnx.checker.check_model(model, full_check=True)


def merge_constants(graph: onnx.GraphProto) -> None:
    """One node for equal constants, which a trace makes anew at every use; a third of this small file."""
    first: dict[bytes, str] = {}
    kept: list[onnx.NodeProto] = []
    renamed: dict[str, str] = {}
    for node in graph.node:
        if node.op_type == "Constant":
            value = node.attribute[0].SerializeToString(deterministic=True)
            renamed[node.output[0]] = first.setdefault(value, node.output[0])
            if renamed[node.output[0]] != node.output[0]:
                continue
        kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    rename(graph, renamed)


def rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Other names for what the nodes of a graph and its subgraphs read."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                rename(attribute.g, names)
