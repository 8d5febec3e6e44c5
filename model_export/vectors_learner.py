"""Shared vectors of the on-device learner: one person's feedback, session after session, and what must come of it.

Values come from the numpy reference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from model_export.encode import Array, Catalog
from model_export.personal.runtime import Learner
from model_export.request import RequestError

SEED = 20261125
SESSIONS = 60
DIGITS = 16


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:DIGITS]


def make(learner: Learner, catalog: Catalog) -> dict[str, Any]:
    """{"text": the state at the end, "refusals": [{"text", "reason"}], "cases": a session each}."""
    rng, state, cases = np.random.default_rng(SEED), learner.initial_state(), []
    slugs = [str(exercise["slug"]) for exercise in catalog.exercises]
    for number in range(SESSIONS):
        size = int(rng.choice([0, 1, 2, 9, 14, 30, learner.feedback["rows"]]))
        places = rng.integers(0, len(slugs), size) if number % 7 else np.full(size, rng.integers(len(slugs)))
        given = [(int(place), int(rng.integers(-2, 3))) for place in places]
        outputs = reference(learner, catalog, state, given)
        state = np.asarray(outputs["state_out"], np.int32)
        feedback = [[slugs[place], reward] for place, reward in given]
        cases.append({"feedback": feedback, **promise(learner, state, np.asarray(outputs["personal"]))})
    text = learner.to_text(state)
    damaged = ["", "%", "AAAA", text[:-4], text[:40], text.swapcase(), "A" * len(text), text + "AAAA"]
    refusals = [{"text": each, "reason": refusal(learner, each)} for each in damaged]
    return {"text": text, "refusals": refusals, "cases": cases}


def reference(
    learner: Learner, catalog: Catalog, state: Array, rows: list[tuple[int, int]]
) -> Mapping[str, Any]:
    from model_export.arrays import NumpyOps
    from model_export.personal.learn import run

    feedback = np.full((learner.feedback["rows"], len(learner.feedback["columns"])), -1, np.int32)
    feedback[: len(rows)] = np.array(rows, np.int32).reshape(len(rows), feedback.shape[1])
    given = {**learner.tensors(catalog), "state": state, "feedback": feedback}
    outputs: Mapping[str, Any] = run(NumpyOps(), learner.vocabulary, given)
    return outputs


def promise(learner: Learner, state: Array, personal: Array) -> dict[str, str]:
    """Digests of the state, of its text and of `personal` after a session."""
    return {
        "state": digest(state.astype("<i4").tobytes()),
        "text": digest(learner.to_text(state).encode()),
        "personal": digest(personal.astype("<i4").tobytes()),
    }


def refusal(learner: Learner, text: str) -> str | None:
    try:
        learner.from_text(text)
    except RequestError as error:
        return error.reason
    return None


def differences(learner: Learner, catalog: Catalog, content: Mapping[str, Any]) -> Iterator[str]:
    """A line for each session and refusal that comes out otherwise than promised, in the installed onnxruntime."""
    state = learner.initial_state()
    for number, case in enumerate(content["cases"]):
        state = learner.update(state, catalog, [(slug, reward) for slug, reward in case["feedback"]])
        found = promise(learner, state, learner.personal(state, catalog))
        wrong = [name for name, value in found.items() if value != case[name]]
        if not np.array_equal(learner.from_text(learner.to_text(state)), state):
            wrong.append("state read back from its text")
        if wrong:
            yield f"learner, session {number}: {', '.join(wrong)} differ"
    for case in content["refusals"]:
        if refusal(learner, case["text"]) != case["reason"]:
            yield f"learner, text {case['text'][:20]!r}: not refused because it {case['reason']}"
