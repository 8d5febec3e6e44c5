"""`POST /v1/routines`: a routine from the same ONNX file that phones run."""

from __future__ import annotations

from typing import Any

from flask import Response

from server.access import public
from server.problems import Fault
from server.routines import NotReady
from server.routines.schemas import Routine, RoutineInput
from server.state import state
from server.telemetry import log
from server.web import Blueprint, json_response, problems_of
from sync.objects import ObjectMissing

blp = Blueprint("routines", __name__, description="Routines for a client that cannot run the model itself")

LATER = {"Retry-After": "30"}
EXAMPLE = {
    "request": {"kind": "warmup", "activity": "run_distance", "budget_s": 720},
    "profile": {"age": 42, "conditions": ["achilles_tendinopathy"], "constraints": [], "equipment": []},
    "seed": 7,
}


@blp.route("/v1/routines", methods=["POST"])
@public(blp)
@blp.doc(
    operationId="makeRoutine",
    summary="Make a routine",
    description="Nothing is stored. Equal input, seed, model and catalogue give the same routine anywhere.",
)
@blp.arguments(RoutineInput(), example=EXAMPLE)
@blp.response(200, Routine)
@problems_of(blp, 400, 413, 415, 503)
def make_routine(payload: dict[str, Any]) -> Response:
    """The routine for a request and a profile."""
    shared = state()
    runtime = shared.runtime()
    try:
        ready = shared.routines.get()
    except NotReady as error:
        raise Fault(503, str(error), headers=LATER) from None
    except (ObjectMissing, OSError, runtime.ModelError) as error:
        log.error("model_unusable", error=str(error))
        raise Fault(503, "The model or the catalogue cannot be read.", headers=LATER) from None
    try:
        routine = runtime.generate(ready.generator, ready.catalog, payload)
    except runtime.RequestError as error:
        raise Fault(
            422, f"No routine: {error.field}: {error.reason}", errors={error.field: [error.reason]}
        ) from None
    except runtime.UnsafePlan as error:
        # The independent checker has the last word; a person gets no routine rather than this one.
        log.error(
            "unsafe_plan", model=ready.model_sha256, catalog=ready.catalog_number, violations=str(error)
        )
        raise Fault(503, "The safety check refused the routine. It was reported.", headers=LATER) from None
    return json_response(routine, {"Cache-Control": "no-store"})
