"""`scripts/bench generate`: the bundled model on this machine, against the numpy reference side by side."""

import time
from collections.abc import Callable
from typing import Any

import brotli
import numpy as np
import onnx

from bench_lib.report import BenchError, Row, aim, say
from model_export import bundle, sampling
from model_export.encode import encode
from model_export.request import parse
from model_export.runtime import Generator, RequestError, generate
from model_export.trees import read_trees
from model_export.verify import MAX_BYTES, MAX_P50_MS, differences, reference

LOADS = 10
WARM_UP = 5
COLUMNS = [
    ("row", "generate"), ("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"), ("cpu_p50_ms", "CPU p50 ms"),
    ("cpu_p99_ms", "CPU p99 ms"), ("ratio_to_reference", "of reference"), ("bytes", "bytes"), ("note", ""),
]  # fmt: skip

Times = list[tuple[float, float]]  # wall, CPU; seconds


def _timed(times: Times, work: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    used = time.process_time() - cpu
    times.append((time.perf_counter() - wall, used))
    return result


def _row(name: str, times: Times, baseline: Times | None = None, **more: Any) -> Row:
    wall, cpu = np.array(times).T * 1e3
    ratio = None if baseline is None else float(np.median(wall / (np.array(baseline).T[0] * 1e3)))
    (p50, p99), (cpu50, cpu99) = np.percentile(wall, [50, 99]), np.percentile(cpu, [50, 99])
    return {
        "bench": "generate", "row": name, "count": len(times), "p50_ms": float(p50), "p99_ms": float(p99),
        "cpu_p50_ms": float(cpu50), "cpu_p99_ms": float(cpu99), "ratio_to_reference": ratio, **more,
    }  # fmt: skip


def run(requests: int, seed: int) -> list[Row]:
    """Rows of the bundled model and its aims. Raises BenchError, also when graph and reference differ.

    Every request is timed three ways in turn; the order rotates, so that none always finds a warm cache.
    """
    try:
        held = bundle.read()
    except bundle.BundleInvalid as error:
        raise BenchError(str(error)) from None
    say(f"generate: {requests} random requests (seed {seed}), each three ways")
    loads: Times = []
    for _ in range(LOADS):
        generator = _timed(loads, lambda: Generator.load(held.model))
    trees = read_trees(onnx.load_from_string(held.model))
    rng = np.random.default_rng(seed)
    graph: Times = []
    whole: Times = []
    numpy_reference: Times = []
    refused = 0

    for number in range(WARM_UP + requests):
        if number == WARM_UP:  # the first calls pay for allocations that no later one does
            graph, whole, numpy_reference, refused = [], [], [], 0
        payload = sampling.payload(rng, held.catalog)
        request = parse(payload, held.catalog)
        tensors = encode(
            held.catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256
        )

        def run_graph(tensors: Any = tensors) -> Any:
            return generator.session.run(None, tensors)

        def run_whole(payload: Any = payload) -> Any:
            try:
                return generate(generator, held.catalog, payload)
            except RequestError:
                return None

        def run_reference(request: Any = request) -> Any:
            return reference(generator, trees, held.catalog, request)

        ways = [("graph", graph, run_graph), ("whole", whole, run_whole)]
        ways.append(("reference", numpy_reference, run_reference))
        turn = number % len(ways)
        results = {name: _timed(times, work) for name, times, work in ways[turn:] + ways[:turn]}
        refused += results["whole"] is None
        names = [output.name for output in generator.session.get_outputs()]
        outputs = dict(zip(names, results["graph"], strict=True))
        if wrong := differences(results["reference"], outputs):
            raise BenchError(f"request {number}: graph and reference differ in {', '.join(wrong)}")

    size = len(held.model)
    note = f"{refused} refused: the time cannot be filled" if refused else ""
    rows = [
        {"bench": "generate", "row": "model file", "bytes": size},
        {
            "bench": "generate", "row": "model file, brotli",
            "bytes": len(brotli.compress(held.model, quality=11)),
        },
        _row("session load", loads),
        _row("graph alone", graph, numpy_reference),
        _row("whole routine", whole, numpy_reference, note=note),
        _row("numpy reference", numpy_reference, numpy_reference, note="with encode"),
    ]  # fmt: skip
    p50 = next(row["p50_ms"] for row in rows if row["row"] == "whole routine")
    return [
        *rows,
        aim("whole routine, p50", p50, "ms", most=MAX_P50_MS),
        aim("model file", size / 1000, "KB", most=MAX_BYTES / 1000),
    ]
