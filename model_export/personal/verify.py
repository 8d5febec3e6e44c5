"""What `learn.onnx` must hold before it ships. The artefact is judged: file, golden cases, and numpy beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx

from model_export import contract
from model_export.arrays import NumpyOps
from model_export.encode import Array, Catalog
from model_export.graphs import operators
from model_export.personal import spec
from model_export.personal.golden import check_golden
from model_export.personal.learn import run
from model_export.personal.runtime import Learner, LearnerError

MAX_BYTES = 20_000
SESSIONS = 300


def feedback_array(rows: list[tuple[int, int]]) -> Array:
    """The input `feedback` for rows of (item index, reward)."""
    feedback = np.full((spec.FEEDBACK_ROWS, len(spec.FEEDBACK)), -1, np.int32)
    feedback[: len(rows)] = np.array(rows, np.int32).reshape(len(rows), len(spec.FEEDBACK))
    return feedback


def reference(
    learner: Learner, catalog: Catalog, state: Array, rows: list[tuple[int, int]]
) -> dict[str, Any]:
    """The numpy reference's outputs."""
    given = {**learner.tensors(catalog), "state": state, "feedback": feedback_array(rows)}
    return run(NumpyOps(), learner.vocabulary, given)


def lives(catalog: Catalog, sessions: int, seed: int) -> Iterator[tuple[Array | None, list[tuple[int, int]]]]:
    """Sessions as (a state to start anew from, or None to go on; rows). Deterministic for a seed.

    Of every size, some of one exercise again and again, and now and then from a state that nobody learned.
    """
    rng = np.random.default_rng(seed)
    count = len(catalog.exercises)
    for number in range(sessions):
        size = int(rng.choice([0, 1, 2, 9, 14, 30, spec.FEEDBACK_ROWS]))
        rows = [
            (int(i), int(r))
            for i, r in zip(rng.integers(0, count, size), rng.integers(-2, 3, size), strict=True)
        ]
        if number % 7 == 6:
            rows = [(int(rng.integers(count)), int(rng.choice([-2, 2])))] * 50
        wild = rng.integers(-(2**31), 2**31, spec.STATE).astype(np.int32) if number % 50 == 49 else None
        yield wild, rows


def different(
    learner: Learner, catalog: Catalog, sessions: int, seed: int, progress: Callable[[int], object] = int
) -> int:
    """In how many of the sessions graph and reference differ in any byte, or `personal` leaves its bound."""
    state, found = learner.initial_state(), 0
    for wild, rows in lives(catalog, sessions, seed):
        state = state if wild is None else wild
        ours, theirs = learner.run(state, catalog, rows), reference(learner, catalog, state, rows)
        same = all(ours[name].tobytes() == np.asarray(theirs[name], np.int32).tobytes() for name in theirs)
        found += not same or int(np.abs(ours["personal"]).max()) > spec.MOST_POINTS
        state = ours["state_out"]
        progress(1)
    return found


def problems(
    content: bytes,
    golden: bytes,
    catalog: Catalog,
    sessions: int = SESSIONS,
    seed: int = 0,
    progress: Callable[[int], object] = int,
) -> list[str]:
    """Why this file must not ship, a sentence each; none where it may."""
    try:
        learner = Learner.load(content)
        check_golden(learner, golden)
    except LearnerError as error:
        return [str(error)]
    model = onnx.load_from_string(content)
    versions = [(each.domain, each.version) for each in model.opset_import], model.ir_version
    foreign = operators(model.graph) - contract.OPERATORS
    failed = different(learner, catalog, sessions, seed, progress)
    found = {
        f"{len(content):,} bytes, {MAX_BYTES:,} are allowed": len(content) > MAX_BYTES,
        f"opsets {versions[0]} and IR {versions[1]}": versions != ([("", contract.OPSET)], contract.IR),
        f"operators outside the contract: {', '.join(sorted(foreign))}": bool(foreign),
        "a fresh state tilts the choice": bool(learner.personal(learner.initial_state(), catalog).any()),
        f"{failed} of {sessions} sessions differ from the reference or leave the bound": failed > 0,
    }
    return [sentence for sentence, wrong in found.items() if wrong]
