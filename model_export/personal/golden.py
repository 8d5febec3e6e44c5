"""Golden cases of `learn.onnx`: feedback and what must come of it, to the integer, self-contained.

A device runs them before it lets a new learner in. They carry the few fields of exercises that the learner reads, so
that they hold for whatever catalogue release the device has.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from model_export.encode import Catalog
from model_export.personal.runtime import Learner, LearnerError, checksum

CASES = 8
EXERCISES = 40
READ = (
    "slug", "type", "primary_muscles", "secondary_muscles", "positions", "equipment", "hazards", "difficulty", "met",
    "dose",
)  # fmt: skip


def documents_of(catalog: Catalog) -> list[dict[str, Any]]:
    """Every eighth exercise or so, what it refers to, and nothing that the learner does not read."""
    step = max(len(catalog.exercises) // EXERCISES, 1)
    found = [("exercise", e["slug"], {name: e[name] for name in READ}) for e in catalog.exercises[::step]]
    found += [("activity", code, {}) for code in sorted(catalog.activities)[:1]]
    found += [("condition", code, {}) for code in sorted(catalog.conditions)[:1]]
    muscles = {code: {"region": entry["region"]} for code, entry in catalog.vocabulary["muscles"].items()}
    # A device's generic encoder also makes the regions of hazards, though the learner does not read them.
    hazards: dict[str, Any] = {code: {} for code in catalog.vocabulary["hazards"]}
    found.append(("vocabulary", "muscles", {"entries": muscles}))
    found.append(("vocabulary", "hazards", {"entries": hazards}))
    return [{"collection": collection, "id": key, "data": data} for collection, key, data in found]


def make(learner: Learner, catalog: Catalog, seed: int = 2026) -> bytes:
    """{"documents", "cases": [{"feedback", "state", "personal"}]} as compact JSON; `state` is the text's checksum.

    The cases are one story: each goes on from the state before it. The first gives no feedback.
    """
    documents = documents_of(catalog)
    small = Catalog.from_documents(documents, release=catalog.release)
    rng, state, cases = np.random.default_rng(seed), learner.initial_state(), []
    slugs = list(small.places)
    for number in range(CASES):
        size = (0, 1, 5, 12, 48, 64, 100, 7)[number % CASES]
        # One person who likes what comes first in the alphabet, one case of one thumbs-up again and again.
        chosen = rng.integers(0, len(slugs), size) if number != CASES - 2 else np.zeros(size, np.int64)
        given = [(slugs[i], int(rng.integers(-2, 1) + 2 * (i < len(slugs) // 2))) for i in chosen]
        state = learner.update(state, small, given)
        cases.append({"feedback": given, **result(learner, small, state)})
    return json.dumps(
        {"documents": documents, "cases": cases}, separators=(",", ":"), sort_keys=True
    ).encode()


def result(learner: Learner, catalog: Catalog, state: Any) -> dict[str, Any]:
    return {
        "state": checksum(learner.to_text(state).encode()),
        "personal": learner.personal(state, catalog).tolist(),
    }


def check_golden(learner: Learner, golden: bytes) -> int:
    """Run the cases and compare to the integer; returns how many. Raises LearnerError for the first that differs."""
    try:
        content = json.loads(golden)
        catalog = Catalog.from_documents(content["documents"], release=0)
        cases = [([(slug, value) for slug, value in case["feedback"]], case) for case in content["cases"]]
    except (ValueError, KeyError, TypeError) as error:
        raise LearnerError(f"the learner's golden cases are malformed: {error}") from error
    if not cases:
        raise LearnerError("there are no golden cases of the learner")
    state = learner.initial_state()
    for number, (given, case) in enumerate(cases):
        state = learner.update(state, catalog, given)
        for name, value in result(learner, catalog, state).items():
            if value != case[name]:
                raise LearnerError(f"golden case {number} of the learner: {name} differs")
    return len(cases)
