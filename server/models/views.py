"""`GET /v1/models/current`: the newest model that the asking device can run."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from flask import Response

from server.db import read
from server.models import answer, newest_model, opset_of_ort
from server.models.schemas import Current, CurrentQuery
from server.problems import Fault
from server.state import state
from server.web import IF_NONE_MATCH, Blueprint, body_response, not_modified, problems_of

CACHE = {"Cache-Control": "public, max-age=30, must-revalidate"}

blp = Blueprint("models", __name__, description="Signed model releases")


@blp.route("/v1/models/current", parameters=[IF_NONE_MATCH])
@blp.doc(
    operationId="getCurrentModel",
    summary="The model a device should have",
)
@blp.arguments(CurrentQuery(), location="query")
@blp.response(
    200,
    Current,
    headers={"ETag": {"schema": {"type": "string"}}, "Cache-Control": {"schema": {"type": "string"}}},
)
@blp.alt_response(304, "NOT_MODIFIED", success=True)
@problems_of(blp, 404, 503)
def get_current(query: dict[str, Any]) -> Response:
    """The newest release of the channel for the device's contract and runtime."""
    shared = state()
    opset = query.get("opset")
    if opset is None and "ort" in query:
        opset = opset_of_ort(query["ort"])
    release = read(
        shared.engine, lambda conn: newest_model(conn, query["channel"], query.get("contract"), opset)
    )
    if release is None:
        raise Fault(404, f"No model in channel {query['channel']} fits this device.")
    body = orjson.dumps(answer(release, query.get("installed"), shared.settings.public_url or ""))
    tag = hashlib.sha256(body).hexdigest()[:32]
    return not_modified(tag, CACHE) or body_response(body, tag, "identity", CACHE)
