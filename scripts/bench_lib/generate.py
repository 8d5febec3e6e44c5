"""`scripts/bench generate`: the bundled model in this machine's runtimes, beside the same policy in plain Python."""

from collections.abc import Mapping, Sequence
from typing import Any

import brotli
import numpy as np

from bench_lib.generate_ways import (
    ENGINES,
    GRAPH,
    NUMPY,
    PLAIN,
    PYTHON,
    WASM,
    WHOLE,
    Job,
    Measured,
    Times,
    measure,
)
from bench_lib.report import BenchError, Row, aim, say
from model_export import bundle, sampling
from model_export.admission import MAX_BYTES

LOADS = 6
WARM_UP = 20
GROWTH_REQUESTS = 20
PLAIN_REQUESTS = 10
MAX_P50_MS, MAX_P50_MS_AT_3000, MAX_BROTLI = 3.0, 15.0, 30_000
COLUMNS = [
    ("row", "generate"), ("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"), ("cpu_p50_ms", "CPU p50 ms"),
    ("cpu_p99_ms", "CPU p99 ms"), ("ratio_to_plain", "of plain Python"), ("bytes", "bytes"), ("brotli", "brotli"),
    ("count", "runs"), ("note", ""),
]  # fmt: skip


def copies(exercises: Sequence[Mapping[str, Any]], size: int) -> dict[str, Any]:
    """What makes a catalogue of this many exercises: copies of the bundle's under other slugs."""
    added = [
        {"of": exercises[n % len(exercises)]["slug"], "changes": {},
         "slug": f"{exercises[n % len(exercises)]['slug']}-{n // len(exercises) + 2}"}
        for n in range(size - len(exercises))
    ]  # fmt: skip
    return {"exercises": added, "vocabulary": {}}


def run(
    requests: int, seed: int, sizes: Sequence[int], runtimes: Sequence[str] = tuple(ENGINES)
) -> list[Row]:
    """Rows of the bundled model, of its growth with the catalogue, and its aims; `runtimes` besides Python.

    Raises BenchError, also when two ways make different plans.
    """
    try:
        held = bundle.read()
    except bundle.BundleInvalid as error:
        raise BenchError(str(error)) from None
    exercises = held.catalog.exercises
    rng = np.random.default_rng(seed)
    payloads = [sampling.payload(rng, held.catalog) for _ in range(requests)]
    few = payloads[:GROWTH_REQUESTS]
    jobs = [Job(copies(exercises, 0), payloads, max(1, requests // PLAIN_REQUESTS))]
    larger = [size for size in sizes if size > len(exercises)]
    jobs += [Job(copies(exercises, size), few, len(few)) for size in larger]
    say(
        f"generate: {requests} random requests (seed {seed}), {len(few)} on catalogues of {larger or 'no other size'}"
    )
    sessions, found = measure(held, jobs, LOADS, WARM_UP, runtimes)
    rows = [*sizes_of(held), *rows_of(sessions, found[0])]
    growth = growth_rows([len(exercises), *larger], found, len(few))
    p50 = {(row["row"], row["items"]): row["p50_ms"] for row in growth}
    aims = [aim("model file", len(held.model) / 1000, "KB", most=MAX_BYTES / 1000)]
    packed = next(row["brotli"] for row in rows if row["row"] == "generator.onnx")
    aims.append(aim("model file, brotli", packed / 1000, "KB", most=MAX_BROTLI / 1000))
    main = {row["row"]: row.get("p50_ms") for row in rows}
    for runtime in (PYTHON, WASM):
        name = f"{runtime}: {WHOLE}"
        if name in main:
            aims.append(aim(f"{name}, {len(exercises)} items, p50", main[name], "ms", most=MAX_P50_MS))
        if (name, 3000) in p50:
            aims.append(aim(f"{name}, 3,000 items, p50", p50[name, 3000], "ms", most=MAX_P50_MS_AT_3000))
    return [*rows, *growth, *aims]


def sizes_of(held: bundle.Bundle) -> list[Row]:
    """One row a model of the bundle: bytes as it is and as a server sends it."""
    rows = []
    for name in sorted(held.manifest["files"]):
        if name.endswith(".onnx"):
            body = (bundle.FOLDER / name).read_bytes()
            packed = len(brotli.compress(body, quality=11))
            rows.append({"bench": "generate", "row": name, "bytes": len(body), "brotli": packed})
    return rows


def percentiles(times: Times) -> dict[str, float]:
    wall, cpu = np.array(times).T * 1e3
    (p50, p99), (cpu50, cpu99) = np.percentile(wall, [50, 99]), np.percentile(cpu, [50, 99])
    return {
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "cpu_p50_ms": float(cpu50),
        "cpu_p99_ms": float(cpu99),
    }


def rows_of(sessions: Mapping[str, tuple[str, Times]], found: Measured) -> list[Row]:
    """A row for each runtime's load and for each way."""
    rows: list[Row] = []
    for runtime, (version, times) in sessions.items():
        first = f"{version}; the first took {times[0][0] * 1e3:.0f} ms"
        rows.append(
            {"bench": "generate", "row": f"{runtime}: session load", "count": len(times), "note": first}
            | percentiles(times[1:] or times)
        )
        for what in (GRAPH, WHOLE):
            rows.append(way_row(f"{runtime}: {what}", found))
    rows += [way_row(name, found) for name in (NUMPY, PLAIN)]
    if found.refused:
        note = f"{found.refused} refused in words: the time cannot be filled"
        next(row for row in rows if row["row"] == f"{PYTHON}: {WHOLE}")["note"] = note
    return rows


def way_row(name: str, found: Measured) -> Row:
    """A way's percentiles; the ratio is the median over the requests that plain Python ran, too."""
    times = found.times[name]
    pairs = zip(found.plans[PLAIN], found.times[PLAIN], strict=True)
    ratio = float(np.median([times[number if name != PLAIN else place][0] / wall
                             for place, (number, (wall, _)) in enumerate(pairs)]))  # fmt: skip
    return {
        "bench": "generate",
        "row": name,
        "count": len(times),
        **percentiles(times),
        "ratio_to_plain": ratio,
    }


def growth_rows(sizes: Sequence[int], found: Sequence[Measured], requests: int) -> list[Row]:
    """A row for each way and size: p50 of the same requests on each, and how many times the smallest catalogue's."""
    rows = []
    for name in found[0].times:
        least = None
        for size, measured in zip(sizes, found, strict=True):
            walls = [wall for wall, _ in measured.times[name]]
            # Plain Python ran only the first of these requests on the larger catalogues.
            p50 = float(np.median(walls[:1] if name == PLAIN else walls[:requests])) * 1e3
            least = least or p50
            rows.append(
                {"bench": "growth", "row": name, "items": size, "p50_ms": p50, "ratio_to_least": p50 / least}
            )
    return rows
