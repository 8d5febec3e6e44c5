"""`POST /v1/sync` and `GET /v1/sync/digest` for the OpenAPI document; `envelope.py` is what checks a request."""

from __future__ import annotations

from typing import Any, get_args

import marshmallow as ma

from server.models.schemas import (
    CHANNELS,
    SHA256_PATTERN,
    VERSION_PATTERN,
    Current,
    HealthReport,
)
from server.models.schemas import HealthTaken as Counted
from server.replication.envelope import (
    MOST_CONTRACT,
    MOST_LIMIT,
    MOST_OPSET,
    MOST_PATCHES,
    MOST_PROTOCOL,
    ORT_PATTERN,
    PROTOCOL,
    REQUEST_PATTERN,
)
from server.replication.schemas import Change, Changes
from sync.push import Code, Status

DEVICE = r"^[0-9a-f]{16}$(?!\n)"
CLOCK = "019acb12f3a4-0000-1f2e3d4c5b6a7988"
RESYNC = ("epoch", "pruned", "ahead")


def _said(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


def _whole(least: int, most: int, description: str, **options: Any) -> ma.fields.Integer:
    within = ma.validate.Range(min=least, max=most)
    return ma.fields.Integer(strict=True, validate=within, metadata=_said(description), **options)


def _text(pattern: str, description: str) -> ma.fields.String:
    return ma.fields.String(
        allow_none=True, validate=ma.validate.Regexp(pattern), metadata=_said(description)
    )


class SyncCursors(ma.Schema):
    account = ma.fields.String(
        allow_none=True,
        metadata=_said("Of the last answer; null: nothing is held yet. Left out: not asked for"),
    )
    catalog = ma.fields.String(allow_none=True, metadata=_said("The same for the catalogue"))


class SyncRuntime(ma.Schema):
    ort = _text(ORT_PATTERN, "ONNX Runtime on the device; bounds the opset where `opset` is not given")
    opset = _whole(1, MOST_OPSET, "Greatest opset the device can run", allow_none=True)


class SyncModel(ma.Schema):
    installed = _text(SHA256_PATTERN, "SHA-256 of the installed model")
    contract = _whole(
        1, MOST_CONTRACT, "Version of the tensor contract that the device speaks", allow_none=True
    )
    channel = ma.fields.String(validate=ma.validate.OneOf(CHANNELS), metadata=_said("`stable` if left out"))
    app = _text(VERSION_PATTERN, "Version of the app; without it only models for every app are sent")
    runtime = ma.fields.Nested(SyncRuntime, allow_none=True)


class SyncRequest(ma.Schema):
    protocol = _whole(0, MOST_PROTOCOL, f"Form of the round trip; the newest is {PROTOCOL}", required=True)
    device = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(DEVICE),
        metadata=_said(
            "Random id that the install made for itself; not all zero", example="1f2e3d4c5b6a7988"
        ),
    )
    request = _text(REQUEST_PATTERN, "Names this request; the answer says it again")
    cursors = ma.fields.Nested(SyncCursors)
    # Each is judged for itself and never fails the request, so anything may stand here.
    patches = ma.fields.List(
        ma.fields.Raw(
            allow_none=True,
            metadata=_said(
                "`{collection, id, hlc, set: {field: value}}` or `{collection, id, hlc, delete: true}`; one that is "
                "malformed is answered by its own `rejected` result",
                example={"collection": "profile", "id": "me", "hlc": CLOCK, "set": {"level": "trained"}},
            ),
        ),
        validate=ma.validate.Length(max=MOST_PATCHES),
    )
    model = ma.fields.Nested(SyncModel, allow_none=True)
    health = ma.fields.Nested(
        HealthReport, allow_none=True, metadata=_said("As for `POST /v1/models/health`")
    )
    limit = _whole(1, MOST_LIMIT, "Most changes wanted of each stream; the server may send fewer")


class SyncError(ma.Schema):
    code = ma.fields.String(required=True, validate=ma.validate.OneOf(get_args(Code)))
    field = ma.fields.String(
        required=True, metadata=_said("Of the patch, such as `set.level`; empty for all of it")
    )
    detail = ma.fields.String(required=True, metadata=_said("A sentence for people"))


class SyncResult(ma.Schema):
    id = ma.fields.String(
        required=True, allow_none=True, metadata=_said("Of the record; null if it was no text")
    )
    status = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(get_args(Status)),
        metadata=_said(
            "applied; merged: some fields had newer values; stale: all had; rejected: see `error`; deferred: nothing "
            "was done, resync and send again"
        ),
    )
    seq = ma.fields.Integer(metadata=_said("Where the record now stands"))
    error = ma.fields.Nested(SyncError)


class AccountChange(Change):
    hlc = ma.fields.String(
        required=True, allow_none=True, metadata=_said("The record's greatest clock", example=CLOCK)
    )


class AccountChanges(ma.Schema):
    changes = ma.fields.List(ma.fields.Nested(AccountChange), required=True)
    cursor = ma.fields.String(required=True)
    more = ma.fields.Boolean(required=True, metadata=_said("False: the copy is complete with this page"))
    resync = ma.fields.String(
        validate=ma.validate.OneOf(RESYNC), metadata=_said("Replace the copy, and keep every pending patch")
    )


class SyncAnswer(ma.Schema):
    server_time = ma.fields.Integer(required=True, metadata=_said("Milliseconds since 1970, UTC"))
    protocol = ma.fields.Integer(required=True, metadata=_said("The form of this answer"))
    request = ma.fields.String(
        metadata=_said(
            "As in the request: what a late answer to another one cannot have. Results name only records, so a device "
            "believes no other answer"
        )
    )
    results = ma.fields.List(
        ma.fields.Nested(SyncResult), required=True, metadata=_said("One for each patch, in order")
    )
    account = ma.fields.Nested(AccountChanges)
    catalog = ma.fields.Nested(
        Changes,
        metadata=_said(
            "As `GET /v1/catalog/changes`, but no `release` when nothing is new; absent: none published"
        ),
    )
    model = ma.fields.Nested(Current, metadata=_said("Only when it is another than `installed`"))
    health = ma.fields.Nested(Counted)
    next_sync_after_s = ma.fields.Integer(required=True, metadata=_said("0: there is more, come at once"))
    live = ma.fields.String(metadata=_said("Where to listen for wake-ups while the app is open"))


class DigestQuery(ma.Schema):
    stream = ma.fields.String(required=True, validate=ma.validate.OneOf(["account"]))


class Digest(ma.Schema):
    digest = ma.fields.String(
        required=True,
        metadata=_said(
            "SHA-256 over the canonical JSON of {collection: {id: SHA-256 of the record's canonical JSON}}"
        ),
    )
    documents = ma.fields.Integer(required=True)
    cursor = ma.fields.String(required=True, metadata=_said("The state that was digested"))
