"""Golden cases: a few requests with the plans the model must give, self-contained.

They carry the documents they were made with, so a device can run them before it lets a model in, whatever catalogue
release it holds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from model_export.encode import Catalog
from model_export.request import parse
from model_export.runtime import Generator, ModelError, run_graph
from model_export.sampling import payload

CASES = 16
EXERCISES = 90


def documents_of(catalog: Catalog) -> list[dict[str, Any]]:
    """A part of the catalogue: every third exercise or so, and all that they and a request refer to."""
    step = max(len(catalog.exercises) // EXERCISES, 1)
    found = [("exercise", e["slug"], e) for e in catalog.exercises[::step]]
    found += [("activity", code, data) for code, data in catalog.activities.items()]
    found += [("condition", code, data) for code, data in catalog.conditions.items()]
    for name, entries in catalog.vocabulary.items():
        slim = {code: {"region": e["region"]} if name == "muscles" else {} for code, e in entries.items()}
        found.append(("vocabulary", name, {"entries": slim}))
    return [{"collection": collection, "id": key, "data": data} for collection, key, data in found]


def make(generator: Generator, catalog: Catalog, seed: int = 2026) -> bytes:
    """The golden file: {"documents", "cases": [{"payload", "plan", "warnings"}]} as compact JSON."""
    documents = documents_of(catalog)
    small = Catalog.from_documents(documents, release=catalog.release)
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(CASES):
        given = payload(rng, small, red_flags=number == CASES - 1)
        outputs = run_graph(generator, small, parse(given, small))
        cases.append(
            {"payload": given, "plan": outputs["plan"].tolist(), "warnings": outputs["warnings"].tolist()}
        )
    return json.dumps(
        {"documents": documents, "cases": cases}, separators=(",", ":"), sort_keys=True
    ).encode()


def check_golden(generator: Generator, golden: bytes) -> int:
    """Run the cases and compare to the integer; returns how many. Raises ModelError for the first that differs."""
    try:
        content = json.loads(golden)
        catalog = Catalog.from_documents(content["documents"], release=0)
        cases = content["cases"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the golden cases are malformed: {error}") from error
    if not cases:
        raise ModelError("there are no golden cases")
    for number, case in enumerate(cases):
        outputs = run_graph(generator, catalog, parse(case["payload"], catalog))
        for name in ("plan", "warnings"):
            if outputs[name].tolist() != case[name]:
                raise ModelError(f"golden case {number}: {name} differs")
    return len(cases)


def check_model(path: Path, golden: bytes) -> None:
    """What a device does before it lets a downloaded model in. Raises ModelError."""
    check_golden(Generator.load(path), golden)
