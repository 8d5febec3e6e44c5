"""What devices ask of the models: which one they should have, and how it does on them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response

from server.access import public
from server.db import read, write
from server.models import FIRST_APP, Ask, answer, health, newest_model, opset_of_ort
from server.models.schemas import Current, CurrentQuery, HealthReport, HealthTaken
from server.problems import Fault
from server.replication.schemas import NoQuery
from server.state import state
from server.web import IF_NONE_MATCH, Blueprint, body_response, json_response, not_modified, problems_of

CACHE = {"Cache-Control": "public, max-age=30, must-revalidate"}

blp = Blueprint("models", __name__, description="Signed model releases")


@blp.route("/v1/models/current", parameters=[IF_NONE_MATCH])
@public(blp)
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
    """The newest release of the channel for the device's contract, runtime, app and place in the rollout."""
    shared = state()
    opset = query.get("opset")
    if opset is None and "ort" in query:
        opset = opset_of_ort(query["ort"])
    ask = Ask(
        query["channel"], query.get("contract"), opset, query.get("app", FIRST_APP), query.get("device")
    )
    release = read(shared.engine, lambda conn: newest_model(conn, ask))
    if release is None:
        raise Fault(404, f"No model in channel {query['channel']} fits this device.")
    body = orjson.dumps(answer(release, query.get("installed"), shared.settings.public_url or ""))
    tag = hashlib.sha256(body).hexdigest()[:32]
    return not_modified(tag, CACHE) or body_response(body, tag, "identity", CACHE)


@blp.route("/v1/models/health", methods=["POST"])
@public(blp)
@blp.doc(
    operationId="reportModelHealth",
    summary="How a device's models do",
    description="Counters since the last report, by model and channel; nothing of a person is in them. A device keeps "
    "a report until it is answered and sends it again under the same id: it counts once.",
)
@blp.arguments(NoQuery(), location="query")
@blp.arguments(HealthReport())
@blp.response(200, HealthTaken)
@problems_of(blp, 400, 413, 415, 503)
def post_health(_: dict[str, Any], report: dict[str, Any]) -> Response:
    """Counts the report."""
    now = datetime.now(UTC)
    counted = write(state().engine, lambda conn: health.count(conn, report, now))
    return json_response({"counted": counted})
