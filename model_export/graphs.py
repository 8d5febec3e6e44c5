"""What an ONNX file holds, for gates and for people: operators, sizes, the loop, metadata."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import brotli
import onnx

from sync.canonical import sha256_hex

_LARGEST = 8
_SHOWN = 60


def nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node of a graph and of its subgraphs."""
    for node in graph.node:
        yield node
        for inner in subgraphs(node):
            yield from nodes(inner)


def subgraphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    return [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]


def operators(graph: onnx.GraphProto) -> set[str]:
    """Operator types of a graph and its subgraphs."""
    return {node.op_type for node in nodes(graph)}


def described(content: bytes) -> dict[str, Any]:
    """A model file as JSON values: what netron would show. Raises google.protobuf's DecodeError for no ONNX file."""
    model = onnx.load_from_string(content)
    graph = model.graph
    everything = list(nodes(graph))
    initialisers = [*graph.initializer, *(i for n in everything for g in subgraphs(n) for i in g.initializer)]
    loops = [node for node in everything if node.op_type == "Loop"]
    return {
        "sha256": sha256_hex(content),
        "bytes": len(content),
        "brotli": len(brotli.compress(content)),
        "ir": model.ir_version,
        "opsets": {o.domain or "ai.onnx": o.version for o in model.opset_import},
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "inputs": {value.name: _type(value) for value in graph.input},
        "outputs": {value.name: _type(value) for value in graph.output},
        "operators": _operators(everything),
        "initialisers": {
            "count": len(initialisers),
            "bytes": sum(each.ByteSize() for each in initialisers),
            "largest": [
                {
                    "name": each.name,
                    "type": _dtype(each.data_type),
                    "shape": list(each.dims),
                    "bytes": each.ByteSize(),
                }
                for each in sorted(initialisers, key=lambda i: (-i.ByteSize(), i.name))[:_LARGEST]
            ],
        },
        "loops": [_loop(node) for node in loops],
        "trees": _trees(everything),
        "metadata": {entry.key: _value(entry.value) for entry in model.metadata_props},
    }


def _operators(everything: list[onnx.NodeProto]) -> dict[str, dict[str, int]]:
    """{operator: {"nodes", "bytes"}}, the heaviest first; a loop's bytes are without its body's."""
    count: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for node in everything:
        count[node.op_type] += 1
        size[node.op_type] += node.ByteSize() - sum(inner.ByteSize() for inner in subgraphs(node))
    return {name: {"nodes": count[name], "bytes": size[name]} for name, _ in size.most_common()}


def _loop(node: onnx.NodeProto) -> dict[str, Any]:
    (body,) = subgraphs(node)
    carried = len(node.input) - 2
    return {
        "nodes": sum(1 for _ in nodes(body)),
        "carried": carried,
        "scanned": len(body.output) - 1 - carried,
        "operators": dict(Counter(inner.op_type for inner in nodes(body)).most_common()),
    }


def _trees(everything: list[onnx.NodeProto]) -> dict[str, int] | None:
    found = next((node for node in everything if node.op_type == "TreeEnsembleRegressor"), None)
    if found is None:
        return None
    held = {a.name: a for a in found.attribute}
    modes = held["nodes_modes"].strings
    return {
        "trees": len(set(held["nodes_treeids"].ints)),
        "splits": sum(mode != b"LEAF" for mode in modes),
        "leaves": sum(mode == b"LEAF" for mode in modes),
    }


def _type(value: onnx.ValueInfoProto) -> str:
    tensor = value.type.tensor_type
    shape = ", ".join(
        d.dim_param or (str(d.dim_value) if d.HasField("dim_value") else "?") for d in tensor.shape.dim
    )
    return f"{_dtype(tensor.elem_type)}[{shape}]"


def _dtype(number: int) -> str:
    return str(onnx.TensorProto.DataType.Name(number)).lower()


def _value(text: str) -> str:
    """A metadata entry in a line: what it is and how much of it."""
    try:
        value = json.loads(text)
    except ValueError:
        return text[:_SHOWN]
    if isinstance(value, dict):
        return f"{len(value)} entries: {', '.join(value)}"[:_SHOWN]
    return f"{len(value)} entries" if isinstance(value, list) else str(value)[:_SHOWN]


def as_text(facts: dict[str, Any]) -> str:
    """`described` for people."""
    trees, initialisers = facts["trees"], facts["initialisers"]
    lines = [
        f"sha256        {facts['sha256']}",
        f"size          {facts['bytes']:,} bytes, {facts['brotli']:,} with brotli",
        f"format        IR {facts['ir']}, {', '.join(f'{n} {v}' for n, v in facts['opsets'].items())}; "
        f"made by {facts['producer'] or 'unknown'}",
        "",
        *_section("inputs", facts["inputs"]),
        *_section("outputs", facts["outputs"]),
        f"operators ({sum(o['nodes'] for o in facts['operators'].values())} nodes)",
        *(f"  {n:<24}{o['nodes']:>6} nodes {o['bytes']:>9,} bytes" for n, o in facts["operators"].items()),
        "",
        f"initialisers ({initialisers['count']}, {initialisers['bytes']:,} bytes), the largest",
        *(
            f"  {each['name']:<24}{each['type']}{each['shape']} {each['bytes']:,} bytes"
            for each in initialisers["largest"]
        ),
        "",
    ]
    for loop in facts["loops"]:
        busiest = ", ".join(f"{name} {count}" for name, count in list(loop["operators"].items())[:8])
        lines += [
            f"loop          {loop['nodes']} nodes in its body, {loop['carried']} values carried from step to step, "
            f"{loop['scanned']} collected",
            f"              {busiest}",
            "",
        ]
    if trees:
        lines += [
            f"trees         {trees['trees']} with {trees['splits']} splits and {trees['leaves']} leaves",
            "",
        ]
    return "\n".join([*lines, *_section("metadata", facts["metadata"])]).rstrip()


def _section(title: str, entries: dict[str, str]) -> list[str]:
    return [f"{title} ({len(entries)})", *(f"  {name:<24}{value}" for name, value in entries.items()), ""]
