"""Gates a model must pass before it ships. The artefact is judged, never the estimator behind it.

The cheap ones, which the server repeats, are in `admission`; here are those that run thousands of routines.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from model_export import admission
from model_export.admission import MARGIN, Gate
from model_export.arrays import NumpyOps
from model_export.checker import check
from model_export.decode import decode
from model_export.encode import Catalog, encode
from model_export.policy import run
from model_export.request import Request, parse
from model_export.runtime import Generator, impossible, run_graph
from model_export.sampling import payload
from model_export.trees import Trees, read_trees
from sync.canonical import sha256_hex

MAX_P50_MS = 5.0
"""Processor time of one routine, in Python on one thread; the quickest of `TIMED` runs of each request."""
MAX_REFUSED = 0.02
"""Most requests whose time cannot be filled."""
TIMED = 3
MANY_THREADS = 4
WATCHED = 40
"""Requests that are timed, and run again with more threads."""


def reference(generator: Generator, trees: Trees, catalog: Catalog, request: Request) -> dict[str, Any]:
    """The numpy reference's outputs for one request."""
    tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
    return run(NumpyOps(), generator.vocabulary, tensors, trees)


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Names of outputs that are not the same bytes."""
    return [
        name for name in theirs
        if name not in ours
        or np.asarray(ours[name], np.int32).tobytes() != np.asarray(theirs[name], np.int32).tobytes()
        or np.shape(ours[name]) != np.shape(theirs[name])
    ]  # fmt: skip


@dataclass
class Tally:
    """What a run over random requests found; `first_…`: the first request that was wrong, in words."""

    requests: int = 0
    different: int = 0
    unsafe: int = 0
    refused: int = 0
    watched: int = 0
    wavering: int = 0
    first_different: str = ""
    first_unsafe: str = ""
    times_ms: list[float] = field(default_factory=list)


def prove(
    content: bytes,
    catalog: Catalog,
    requests: int,
    seed: int,
    progress: Callable[[int], object] = int,
) -> Tally:
    """Run random requests through graph, reference and checker. Deterministic for a seed, but for the times."""
    generator, trees = Generator.load(content), read_trees(onnx.load_from_string(content))
    many = Generator.load(content, threads=MANY_THREADS)
    rng = np.random.default_rng(seed)
    tally = Tally()
    for number in range(requests):
        given = payload(rng, catalog, red_flags=number % 25 == 0)
        request = parse(given, catalog)
        outputs, took = _timed(generator, catalog, request, TIMED if number < WATCHED else 1)
        different = differences(reference(generator, trees, catalog, request), outputs)
        routine = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256)
        violations = check(catalog, given, routine)
        refused = impossible(catalog, request, outputs, routine, violations)
        unsafe = violations if refused is None else []
        tally.requests += 1
        tally.different += bool(different)
        tally.unsafe += bool(unsafe)
        tally.refused += refused is not None
        if number < WATCHED:
            tally.watched += 1
            tally.times_ms.append(took)
            tally.wavering += bool(differences(outputs, run_graph(many, catalog, request)))
        if different and not tally.first_different:
            tally.first_different = f"request {number}: {', '.join(different)} differ for {given}"
        if unsafe and not tally.first_unsafe:
            broken = ", ".join(sorted({violation.rule for violation in unsafe}))
            tally.first_unsafe = f"request {number} breaks {broken}: {given}"
        progress(1)
    return tally


def _timed(
    generator: Generator, catalog: Catalog, request: Request, times: int
) -> tuple[dict[str, Any], float]:
    """(outputs, ms of this thread's processor time in the quickest run): what else runs here must not decide."""
    outputs, quickest = {}, float("inf")
    for _ in range(times):
        start = time.thread_time()
        outputs = run_graph(generator, catalog, request)
        quickest = min(quickest, (time.thread_time() - start) * 1e3)
    return outputs, quickest


def gates(
    content: bytes,
    golden: bytes,
    catalog: Catalog,
    requests: int,
    seed: int = 7,
    progress: Callable[[int], object] = int,
    evaluation: dict[str, Any] | None = None,
    *,
    unevaluated: bool = False,
    max_ms: float = MAX_P50_MS,
) -> Iterator[Gate]:
    """Every gate in order; without those that make no sense for a file that does not load.

    `evaluation` is the run's evaluation.json. Without one the gates on it fail, unless `unevaluated` says that this is
    known: then they are left out, and the release will say so. `max_ms` bounds the median time.
    """
    cheap = list(admission.cheap(content, golden))
    yield from cheap
    if any(gate.name in ("loads", "metadata", "operators") and gate.passed is False for gate in cheap):
        return
    try:
        tally = prove(content, catalog, requests, seed, progress)
    except Exception as error:  # whatever stops a graph on a well-formed request is the graph's fault
        yield Gate("runs", False, "raised", "0 errors", f"{type(error).__name__}: {error}"[:300])
        return
    yield from proven(tally, max_ms)
    if evaluation is not None:
        yield from admission.judged(evaluation, sha256_hex(content))
    else:
        told = None if unevaluated else False
        why = "there is no evaluation.json: run `evaluate`, or say --without-evaluation"
        yield Gate("families", told, "not evaluated", f"all > 0, none < {MARGIN:+.2f}", why)
        yield Gate("cohorts", told, "not evaluated", "none worse", why)


def proven(tally: Tally, max_ms: float) -> list[Gate]:
    """The gates on what `prove` found."""
    p50, p99 = np.percentile(tally.times_ms or [0.0], [50, 99])
    of = f"of {tally.requests:,}"
    return [
        Gate("parity", not tally.different, f"{tally.different} {of} differ", "0", tally.first_different),
        Gate("safety", not tally.unsafe, f"{tally.unsafe} {of} unsafe", "0", tally.first_unsafe),
        Gate(
            "served", tally.refused <= MAX_REFUSED * tally.requests, f"{tally.requests - tally.refused:,} {of}",
            f"≥ {1 - MAX_REFUSED:.0%}", "too many requests get no routine of their length",
        ),
        Gate(
            "latency", bool(p50 <= max_ms), f"p50 {p50:.2f}, p99 {p99:.2f} ms", f"p50 ≤ {max_ms:g} ms",
            "too slow on this machine, as it is now",
        ),
        Gate(
            "threads", not tally.wavering, f"{tally.wavering} of {tally.watched} differ",
            f"0 (1 and {MANY_THREADS})", "the result depends on the number of threads",
        ),
    ]  # fmt: skip


def table(found: Sequence[Gate]) -> str:
    """The gates as lines of text: verdict, name, what was found, the limit; then why each failed one did."""
    words = {True: "pass", False: "FAIL", None: "skip"}
    wide = max([len(gate.found) for gate in found], default=0)
    rows = [f"{words[gate.passed]}  {gate.name:<11} {gate.found:<{wide}}  {gate.limit}" for gate in found]
    reasons = [f"{gate.name}: {gate.why}" for gate in found if gate.passed is False]
    return "\n".join([f"{'':4}  {'gate':<11} {'found':<{wide}}  limit", *rows, *reasons])
