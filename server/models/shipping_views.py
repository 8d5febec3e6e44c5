"""What an ML engineer does with models: upload, publish, promote, halt, roll back, look. The permissions `models.…`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import Response, request
from sqlalchemy import Connection

from server.access import requires
from server.auth import subject
from server.db import read, write
from server.keys import signing_key
from server.models import releasing, uploads
from server.models.health import Thresholds
from server.models.releasing import By, Done, Outpaced, Refused, Wish
from server.models.shipping_schemas import File, Halt, Outcome, Promotion, Publication, Rollback, Status
from server.models.status import status
from server.problems import Fault
from server.replication.schemas import NoQuery
from server.state import state
from server.telemetry import log
from server.web import Blueprint, json_response, problems_of
from sync.canonical import sha256_hex
from sync.objects import ObjectMissing
from sync.signing import KeyInvalid, KeyUnavailable, SigningKey

NAME_PATTERN = r"^[0-9a-f]{64}\.(onnx|golden\.json)$"
_NAME = re.compile(NAME_PATTERN)
_RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})", re.ASCII)

blp = Blueprint(
    "shipping", __name__, description="Shipping models: the permissions models.read, models.release"
)

_FILE_NAME = {
    "in": "path",
    "name": "name",
    "required": True,
    "schema": {"type": "string", "pattern": NAME_PATTERN},
    "description": "`<sha256>.onnx` or `<sha256>.golden.json`",
}


@blp.route("/v1/models/files/<name>", parameters=[_FILE_NAME])
@requires(blp, "models.release")
@blp.doc(operationId="getModelFile", summary="How much of a file has come")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, File)
@problems_of(blp, 404, 503)
def get_file(_: dict[str, Any], name: str) -> Response:
    """Where an upload that broke off goes on."""
    shared = state()
    _check_name(name)
    found = read(shared.engine, lambda conn: uploads.arrived(conn, shared.store, name))
    return json_response(asdict(found))


@blp.route("/v1/models/files/<name>", methods=["PUT"], parameters=[_FILE_NAME])
@requires(blp, "models.release")
@blp.doc(
    operationId="putModelFile",
    summary="Upload a file, or a part of it",
    description="Without `Content-Range` the body is the whole file. With it, the part that follows what is here; "
    "after an interruption ask how much that is. The file is there for a release when its hash is its name.",
    parameters=[
        {
            "in": "header",
            "name": "Content-Range",
            "schema": {"type": "string"},
            "example": "bytes 0-65535/133843",
        }
    ],
    requestBody={
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
)
@blp.arguments(NoQuery(), location="query")
@blp.response(200, File)
@problems_of(blp, 404, 409, 413, 415, 503)
def put_file(_: dict[str, Any], name: str) -> Response:
    """Take a part."""
    shared = state()
    _check_name(name)
    part = request.get_data(cache=False)
    start, total = _content_range(len(part))
    now = datetime.now(UTC)
    try:
        found = write(
            shared.engine, lambda conn: uploads.receive(conn, shared.store, name, start, total, part, now)
        )
    except uploads.Misplaced as error:
        raise Fault(409, f"{error}.", **asdict(error.arrived)) from None
    except Refused as error:
        if error.field == "name":
            write(shared.engine, lambda conn: uploads.forget(conn, name))
        raise Fault(422, f"{error}.", errors={error.field: [error.reason]}) from None
    return json_response(asdict(found))


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Fault(404, "A file is named <sha256>.onnx or <sha256>.golden.json.")


def _content_range(length: int) -> tuple[int, int]:
    """(first byte, bytes of the whole file) of the request."""
    text = request.headers.get("Content-Range")
    if text is None:
        return 0, length
    said = _RANGE.fullmatch(text)
    if said is None or int(said[2]) - int(said[1]) + 1 != length:
        why = f"must be `bytes first-last/total` for the {length} bytes of the body"
        raise Fault(422, f"Content-Range {why}.", errors={"Content-Range": [why]})
    return int(said[1]), int(said[3])


# --- releases --------------------------------------------------------------------------------------------


@blp.route("/v1/models/releases", methods=["POST"])
@requires(blp, "models.release")
@blp.doc(
    operationId="publishModel",
    summary="Release an uploaded model",
    description="The server checks the files again (size, format, metadata, operators, golden cases, evaluation), "
    "signs and records the release: until then no device sees anything of it.",
)
@blp.arguments(NoQuery(), location="query")
@blp.arguments(Publication())
@blp.response(200, Outcome)
@problems_of(blp, 400, 409, 413, 415, 503)
def publish(_: dict[str, Any], body: dict[str, Any]) -> Response:
    """Publish."""
    files = _admitted(body)
    return _done(
        body, lambda conn, key, wish, by: releasing.publish(conn, key, files, body["evaluation"], wish, by)
    )


@blp.route("/v1/models/promote", methods=["POST"])
@requires(blp, "models.release")
@blp.doc(operationId="promoteModel", summary="Bring a release to more devices")
@blp.arguments(NoQuery(), location="query")
@blp.arguments(Promotion())
@blp.response(200, Outcome)
@problems_of(blp, 400, 409, 413, 415, 503)
def promote(_: dict[str, Any], body: dict[str, Any]) -> Response:
    """From canary to another channel, or to a greater share; refused when devices report ill of it."""
    limits = Thresholds.of(state().settings)
    return _done(
        body, lambda conn, key, wish, by: releasing.promote(conn, key, body.get("release"), wish, limits, by)
    )


@blp.route("/v1/models/halt", methods=["POST"])
@requires(blp, "models.release")
@blp.doc(operationId="haltModel", summary="Stop a release")
@blp.arguments(NoQuery(), location="query")
@blp.arguments(Halt())
@blp.response(200, Outcome)
@problems_of(blp, 400, 409, 413, 415, 503)
def halt(_: dict[str, Any], body: dict[str, Any]) -> Response:
    """No device gets it any more; those that have it are offered the one before."""
    return _done(body, lambda conn, key, _wish, by: releasing.halt(conn, key, body["release"], by))


@blp.route("/v1/models/rollback", methods=["POST"])
@requires(blp, "models.release")
@blp.doc(operationId="rollBackModel", summary="Release an older file again")
@blp.arguments(NoQuery(), location="query")
@blp.arguments(Rollback())
@blp.response(200, Outcome)
@problems_of(blp, 400, 409, 413, 415, 503)
def rollback(_: dict[str, Any], body: dict[str, Any]) -> Response:
    """Under a new number, for all devices of the channel."""
    return _done(body, lambda conn, key, wish, by: releasing.rollback(conn, key, body.get("to"), wish, by))


@blp.route("/v1/models/status")
@requires(blp, "models.read")
@blp.doc(operationId="getModelStatus", summary="Releases, channels, health and the audit trail")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Status)
@problems_of(blp, 503)
def get_status(_: dict[str, Any]) -> Response:
    """What is out there."""
    now = datetime.now(UTC)
    found = write(state().engine, lambda conn: status(conn, now))  # one transaction: its parts fit together
    return json_response(found, {"Cache-Control": "no-store"})


Work = Callable[[Connection, SigningKey, Wish, By], Done]


def _done(body: dict[str, Any], work: Work) -> Response:
    """Do it in one transaction, as whoever asks, and answer what stands now."""
    if body.get("force") and not body.get("reason"):
        raise Fault(422, "To force it, say why.", errors={"reason": ["Missing data for required field."]})
    shared = state()
    try:
        key = signing_key(shared.settings)
    except (KeyInvalid, KeyUnavailable) as error:
        log.error("signing_key_invalid", error=str(error))
        raise Fault(503, "The signing key cannot be read.", headers={"Retry-After": "30"}) from None
    wish = Wish(
        channel=body.get("channel", "stable"),
        share=round(body.get("percent", 100) * 100),
        min_app=body.get("min_app"),
        expected=body.get("expected"),
        force=body.get("force", False),
    )
    by = By(subject().name, datetime.now(UTC), body.get("reason"))
    try:
        done = write(shared.engine, lambda conn: work(conn, key, wish, by))
    except Outpaced as error:
        raise Fault(409, f"Not done: {error}.", found=error.found) from None
    except KeyUnavailable as error:
        log.error("signing_key_unavailable", error=str(error))
        raise Fault(503, "The signing key does not answer.", headers={"Retry-After": "30"}) from None
    except Refused as error:
        raise Fault(409, f"Not done: {error.reason}.", errors={error.field: [error.reason]}) from None
    release = done.release
    return json_response(
        {
            "release": release.number if release else None,
            "channel": release.channel if release else None,
            "sha256": release.object_sha256 if release else None,
            "changed": done.changed,
            "notes": done.notes,
        }
    )


def _admitted(body: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says of the uploaded files, once they and the evaluation passed. Raises Fault."""
    shared, found = state(), {}
    for field, ending in (("model", "onnx"), ("golden", "golden.json")):
        try:
            found[field] = shared.store.get(f"models/{body[field]}.{ending}")
        except ObjectMissing:
            why = "no such file was uploaded"
            raise Fault(422, f"{field}: {why}.", errors={field: [why]}) from None
        if sha256_hex(found[field]) != body[field]:
            raise Fault(503, f"The stored {field} is damaged.", headers={"Retry-After": "30"})
    admission = shared.admission()
    try:
        files: dict[str, Any] = admission.admit(found["model"], found["golden"])
    except admission.Rejected as error:
        raise Fault(422, f"A gate failed: {error}.", errors={"model": [str(error)]}) from None
    if body["evaluation"] is not None:
        failed = [gate for gate in admission.judged(body["evaluation"], body["model"]) if not gate.passed]
        if failed:
            reasons = [f"{gate.name}: {gate.why}" for gate in failed]
            raise Fault(422, f"A gate failed: {'; '.join(reasons)}.", errors={"evaluation": reasons})
    return files | {"catalog_min": body["catalog_min"], "catalog_max": body["catalog_max"]}
