"""Ways to make a plan, each timed: in this process, and in Node for the app's runtimes."""

import hashlib
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from mobile_lib import MobileError, ready

from bench_lib.list_ops import ListOps, Plain, plain, plain_scorer
from bench_lib.report import BenchError, say
from model_export import vectors
from model_export.arrays import NumpyOps
from model_export.bundle import Bundle
from model_export.encode import Catalog, encode
from model_export.policy import run
from model_export.request import parse
from model_export.runtime import Generator, RequestError, UnsafePlan, generate
from model_export.trees import read_trees

PYTHON, WASM = "Python", "wasm"
ENGINES = {"Node": "node", "Node, newest": "node-latest", WASM: "wasm"}
"""Runtimes outside this process, and what mobile/tools/engines.ts calls them."""
GRAPH, WHOLE = "graph alone", "whole routine"
NUMPY, PLAIN = "policy in numpy", "policy in plain Python"

Times = list[tuple[float, float]]  # wall, CPU; seconds
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A catalogue, by what it has besides the bundle's, and the payloads to run on it."""

    extras: dict[str, Any]
    payloads: Sequence[Payload]
    plain_every: int
    """Plain Python takes every so-manieth payload: it is some hundred times slower."""


@dataclass
class Measured:
    """What one job gave: times of each way, plans as digests per payload, routines that could not be filled."""

    times: dict[str, Times] = field(default_factory=dict)
    plans: dict[str, dict[int, str]] = field(default_factory=dict)
    refused: int = 0


@dataclass
class Here:
    """The bundled model in this process, for every way that Python has."""

    held: Bundle
    loads: Times
    generator: Generator
    trees: Any
    scorer: Callable[[Plain], Plain]


def timed(times: Times, work: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    used = time.process_time() - cpu
    times.append((time.perf_counter() - wall, used))
    return result


def load(held: Bundle, count: int) -> Here:
    loads: Times = []
    for _ in range(count):
        generator = timed(loads, lambda: Generator.load(held.model))
    trees = read_trees(onnx.load_from_string(held.model))
    return Here(held, loads, generator, trees, plain_scorer(trees))


def digest(plan: Any) -> str:
    data = plan.data if isinstance(plan, Plain) else plan
    return hashlib.sha256(np.asarray(data, "<i4").tobytes()).hexdigest()


def whole(generator: Generator, catalog: Catalog, payload: Payload) -> bool:
    """Whether a routine came out; an impossible request, or one that the checker refuses, costs the same."""
    try:
        generate(generator, catalog, payload)
    except (RequestError, UnsafePlan):
        return False
    return True


def measure_here(here: Here, job: Job, warm_up: int) -> Measured:
    """Every way in turn for each payload, in rotating order, so that none always finds a warm cache."""
    generator = here.generator
    catalog = vectors.extended(here.held.catalog, job.extras)
    plan = [output.name for output in generator.session.get_outputs()].index("plan")
    found = Measured()
    for payload in job.payloads[:warm_up]:
        whole(generator, catalog, payload)
    for number, payload in enumerate(job.payloads):
        tensors = encode(
            catalog, parse(payload, catalog), generator.feature_spec, generator.vocabulary, generator.sha256
        )
        ways: list[tuple[str, Callable[[], Any]]] = [
            (f"{PYTHON}: {GRAPH}", lambda t=tensors: generator.session.run(None, t)[plan]),
            (f"{PYTHON}: {WHOLE}", lambda p=payload: whole(generator, catalog, p)),
            (NUMPY, lambda t=tensors: run(NumpyOps(), generator.vocabulary, t, here.trees)["plan"]),
        ]
        if number % job.plain_every == 0:
            lists = {name: plain(value) for name, value in tensors.items()}
            ways.append((PLAIN, lambda t=lists: run(ListOps(), generator.vocabulary, t, here.scorer)["plan"]))
        turn = number % len(ways)
        for name, work in ways[turn:] + ways[:turn]:
            result = timed(found.times.setdefault(name, []), work)
            if name == f"{PYTHON}: {WHOLE}":
                found.refused += not result
            else:
                found.plans.setdefault(name, {})[number] = digest(result)
    return found


def measure_node(
    runtime: str, jobs: Sequence[Job], loads: int, warm_up: int
) -> tuple[str, Times, list[Measured]]:
    """(version, session loads, one result a job) of a runtime in a Node process of its own. Raises MobileError."""
    tool = ready() / "tools" / "bench.js"
    asked = {
        "loads": loads, "warm_up": warm_up,
        "catalogs": [{"extras": job.extras, "payloads": job.payloads} for job in jobs],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="limber-bench-") as folder:
        file = Path(folder) / "job.json"
        file.write_text(json.dumps(asked))
        done = subprocess.run(
            ["node", tool, ENGINES[runtime], file],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    if done.returncode != 0:
        raise BenchError(f"{runtime}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    answer = json.loads(done.stdout)
    results = []
    for part in answer["catalogs"]:
        times = {f"{runtime}: {GRAPH}": part["graph"], f"{runtime}: {WHOLE}": part["whole"]}
        results.append(Measured(times, {f"{runtime}: {GRAPH}": dict(enumerate(part["plans"]))}))
    return answer["version"], answer["load"], results


def measure(
    held: Bundle, jobs: Sequence[Job], loads: int, warm_up: int, runtimes: Sequence[str]
) -> tuple[dict[str, tuple[str, Times]], list[Measured]]:
    """Session loads with the version by runtime (Python's and those of ENGINES that are asked for), and one result a
    job with every way in it.

    Raises BenchError when two ways disagree about a plan. Without Node its ways are left out, and that is said.
    """
    import onnxruntime

    here = load(held, loads)
    found = [measure_here(here, job, warm_up) for job in jobs]
    sessions = {PYTHON: (f"onnxruntime {onnxruntime.__version__}", here.loads)}
    for runtime in runtimes:
        say(f"generate: {runtime}")
        try:
            version, times, results = measure_node(runtime, jobs, loads, warm_up)
        except MobileError as error:
            say(f"Node and wasm are left out: {error}")
            break
        sessions[runtime] = (version, times)
        for one, more in zip(found, results, strict=True):
            one.times |= more.times
            one.plans |= more.plans
    for number, one in enumerate(found):
        compare(one, f"catalogue {number}")
    return sessions, found


def compare(found: Measured, where: str) -> None:
    """Raise BenchError unless every way made the same plans as the numpy policy."""
    for name, plans in found.plans.items():
        for number, plan in plans.items():
            if plan != found.plans[NUMPY][number]:
                raise BenchError(f"{where}, request {number}: {name} and {NUMPY} make different plans")
