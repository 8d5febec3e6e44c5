"""What a device does with the file, in Python: encode, run, decode, check. numpy and onnxruntime only.

generator = Generator.load("mobile/assets/models/generator.onnx")
catalog = Catalog.from_documents(documents, release=1)
routine = generate(generator, catalog, payload)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime as ort

from model_export.checker import Violation, check
from model_export.contract import CONTRACT
from model_export.decode import decode
from model_export.encode import Array, Catalog, encode
from model_export.personal.runtime import Learner
from model_export.request import Request, RequestError, parse
from model_export.session import open_session

__all__ = [
    "Catalog",
    "Generator",
    "Learner",
    "ModelError",
    "RequestError",
    "UnsafePlan",
    "generate",
    "run_graph",
]

TOLERANCE_S = 30


class ModelError(ValueError):
    """The file is not a generator this runtime can use."""


class UnsafePlan(RuntimeError):
    """The independent checker refused a plan: the device falls back to its previous model."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(f"{v.rule}: {v.message}" for v in violations))
        self.violations = violations


@dataclass(frozen=True)
class Generator:
    """A loaded model: session, SHA-256 of its file, and the metadata that travels in it."""

    session: ort.InferenceSession
    sha256: str
    vocabulary: dict[str, list[str]]
    feature_spec: list[dict[str, Any]]
    wording: dict[str, Any]

    @classmethod
    def load(cls, source: str | Path | bytes, threads: int = 1) -> Generator:
        """From a path or the file's bytes. Raises ModelError with what is wrong."""
        names = ("vocabulary", "feature_spec", "wording")
        opened = open_session(source, "model", ModelError, ("contract", CONTRACT), names, threads)
        return cls(opened.session, opened.sha256, **opened.metadata)


def run_graph(
    generator: Generator, catalog: Catalog, request: Request, personal: Array | None = None
) -> dict[str, Array]:
    """The graph's outputs (contract.py) for one checked request, tilted by `personal` [N] of on-device learning."""
    tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
    if personal is not None:
        tensors["personal"] = personal
    names = [output.name for output in generator.session.get_outputs()]
    return dict(zip(names, generator.session.run(None, tensors), strict=True))


def generate(
    generator: Generator, catalog: Catalog, payload: Any, learner: Learner | None = None
) -> dict[str, Any]:
    """A routine for the payload of generator.md, as its JSON.

    With a learner, `history.learned` tilts the choice; a state that cannot be read is left aside, and `learned_refused`
    in the routine says why.

    Raises RequestError for a malformed or impossible request, UnsafePlan when the checker refuses the plan.
    """
    request = parse(payload, catalog)
    personal, refused = learner.personal_of(catalog, request.learned) if learner else (None, "")
    outputs = run_graph(generator, catalog, request, personal)
    routine = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256)
    if refused:
        routine["learned_refused"] = refused
    violations = check(catalog, payload, routine)
    refusal = impossible(catalog, request, outputs, routine, violations)
    if refusal is not None:
        raise refusal
    if violations:
        raise UnsafePlan(violations)
    return routine


def impossible(
    catalog: Catalog,
    request: Request,
    outputs: dict[str, Array],
    routine: dict[str, Any],
    violations: list[Violation],
) -> RequestError | None:
    """What to say when no routine fits the wishes, naming them; None when one does.

    Two things cannot be done without: easy movement to open with (W02, C04, O10), and enough to fill the time. Missing
    them is the wishes' doing only when everything that they leave is in the routine already.
    """
    if routine["status"] != "ok":
        return None
    wishes = ", ".join([*request.constraints, *request.conditions, *request.acute_regions]) or "this level"
    if not request.equipment:
        wishes += " and no equipment"
    opening = {v.rule for v in violations} & {"W02", "C04", "O10"}
    if opening and openers(catalog, outputs) <= {item["slug"] for item in routine["items"]}:
        return RequestError(
            "request.kind", f"a {request.kind} starts with easy movement ({', '.join(sorted(opening))}), and {wishes} "
            f"leaves too little of it for {request.budget_s} s",
        )  # fmt: skip
    if abs(routine["total_s"] - routine["budget_s"]) > TOLERANCE_S:
        return RequestError(
            "request.budget_s",
            f"only {routine['total_s']} of {routine['budget_s']} s can be filled with what {wishes} allows; "
            "ask for less time or allow more",
        )
    return None


def openers(catalog: Catalog, outputs: dict[str, Array]) -> set[str]:
    """Slugs of the easy movement that this person may open with."""
    return {
        exercise["slug"]
        for exercise, blocked in zip(catalog.exercises, outputs["blocked_by"], strict=True)
        if not blocked and exercise["type"] == "pulse_raiser" and exercise["met"] < 6
    }
