"""Gates a model must pass before it ships. The artefact is judged, never the estimator behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from model_export.arrays import NumpyOps
from model_export.checker import check
from model_export.contract import CONTRACT, IR, ML_OPSET, OPERATORS, OPSET
from model_export.decode import decode
from model_export.encode import Catalog, encode
from model_export.export import operators
from model_export.golden import check_golden
from model_export.policy import run
from model_export.request import Request, parse
from model_export.runtime import Generator, ModelError, impossible, run_graph
from model_export.sampling import payload
from model_export.trees import Trees, read_trees

MAX_BYTES = 300_000
MAX_P50_MS = 5.0
"""Processor time of one routine. The gate refuses four times that: a shared cache must not decide."""


@dataclass(frozen=True)
class Gate:
    """One gate's outcome; `found` is what was measured, in words."""

    name: str
    passed: bool
    found: str


def reference(generator: Generator, trees: Trees, catalog: Catalog, request: Request) -> dict[str, Any]:
    """The numpy reference's outputs for one request."""
    tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
    return run(NumpyOps(), generator.vocabulary, tensors, trees)


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Names of outputs that are not the same bytes."""
    return [
        name for name in theirs
        if np.asarray(ours[name], np.int32).tobytes() != np.asarray(theirs[name], np.int32).tobytes()
        or np.shape(ours[name]) != np.shape(theirs[name])
    ]  # fmt: skip


@dataclass
class Tally:
    """What a run over random requests found."""

    requests: int = 0
    different: int = 0
    unsafe: int = 0
    refused: int = 0
    first: str = ""
    times_ms: list[float] = field(default_factory=list)


def prove(
    content: bytes,
    catalog: Catalog,
    requests: int,
    seed: int,
    progress: Callable[[int], object] = int,
) -> Tally:
    """Run random requests through graph, reference and checker. Deterministic for a seed."""
    generator, trees = Generator.load(content), read_trees(onnx.load_from_string(content))
    rng = np.random.default_rng(seed)
    tally = Tally()
    for number in range(requests):
        given = payload(rng, catalog, red_flags=number % 25 == 0)
        request = parse(given, catalog)
        start = time.process_time()
        outputs = run_graph(generator, catalog, request)
        tally.times_ms.append((time.process_time() - start) * 1e3)
        different = differences(reference(generator, trees, catalog, request), outputs)
        routine = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256)
        violations = check(catalog, given, routine)
        refused = impossible(catalog, request, outputs, routine, violations)
        tally.requests += 1
        tally.different += bool(different)
        tally.unsafe += bool(violations) and refused is None
        tally.refused += refused is not None
        if (different or (violations and refused is None)) and not tally.first:
            tally.first = f"request {number}: {different or violations} for {given}"
        progress(1)
    return tally


def gates(
    content: bytes,
    golden: bytes,
    catalog: Catalog,
    requests: int,
    seed: int = 7,
    progress: Callable[[int], object] = int,
) -> Iterator[Gate]:
    """Every gate in order; stops after the first that makes the others meaningless."""
    try:
        generator = Generator.load(content)
    except ModelError as error:
        yield Gate("loads", False, str(error))
        return
    yield Gate("loads", True, f"contract {CONTRACT}, sha256 {generator.sha256[:12]}")
    yield Gate("size", len(content) <= MAX_BYTES, f"{len(content):,} of {MAX_BYTES:,} bytes")
    model = onnx.load_from_string(content)
    opsets = {o.domain or "ai.onnx": o.version for o in model.opset_import}
    pinned = opsets == {"ai.onnx": OPSET, "ai.onnx.ml": ML_OPSET} and model.ir_version == IR
    yield Gate("opset", pinned, f"{opsets}, IR {model.ir_version}")
    foreign = operators(model.graph) - OPERATORS
    yield Gate("operators", not foreign, f"outside the contract: {sorted(foreign) or 'none'}")
    try:
        yield Gate("golden", True, f"{check_golden(generator, golden)} cases")
    except ModelError as error:
        yield Gate("golden", False, str(error))
    tally = prove(content, catalog, requests, seed, progress)
    yield Gate(
        "parity", not tally.different, f"{tally.different} of {tally.requests} differ from the reference"
    )
    yield Gate(
        "safety", not tally.unsafe, f"{tally.unsafe} of {tally.requests} break a hard rule. {tally.first}"
    )
    served = tally.requests - tally.refused
    yield Gate(
        "served",
        tally.refused <= tally.requests // 50,
        f"{served} of {tally.requests} get a routine of their length",
    )
    p50, p99 = np.percentile(tally.times_ms or [0.0], [50, 99])
    yield Gate(
        "latency", p50 <= 4 * MAX_P50_MS, f"p50 {p50:.2f} ms, p99 {p99:.2f} ms (aim {MAX_P50_MS:.0f} ms)"
    )
