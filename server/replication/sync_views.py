"""`POST /v1/sync`, the whole periodic sync in one round trip, and `GET /v1/sync/digest` to prove that it worked."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from flask import Response, request

from server.access import requires
from server.accounts.acting import opened
from server.db import write
from server.models import health
from server.replication.digest import account_digest
from server.replication.envelope import PROTOCOL, UPDATE, Asked, read_envelope
from server.replication.pace import next_after
from server.replication.parts import (
    AccountPart,
    catalog_part,
    exchange,
    look,
    model_part,
    results_json,
)
from server.replication.schemas import NoQuery
from server.replication.shared import Shared, admitted, shared
from server.replication.sync_schemas import Digest, DigestQuery, SyncAnswer, SyncRequest
from server.replication.wake import wake
from server.state import State, state
from server.web import COMPRESS_FROM_BYTES, Blueprint, coding, json_body, json_response, problems_of
from sync import store
from sync.compress import compress

EVENTS = "/v1/sync/events"
DIGEST_COST = 10
"""A digest reads all that the account has: so many syncs it counts for in the rate."""
FRESH = {"Cache-Control": "no-store"}

blp = Blueprint("sync", __name__, description="Two-way replication of a person's own records")


@blp.route("/v1/sync", methods=["POST"])
@requires(blp, "sync")
@blp.doc(
    operationId="sync",
    summary="Push, pull, catalogue, model and health report in one round trip",
    description="Send it again after a lost answer: patches are idempotent. Follow both cursors "
    "while `more` is true. The body may be compressed (`Content-Encoding: zstd`, `br` or `gzip`); the limit of a body "
    f"holds inflated too. 426: {UPDATE}",
    requestBody={"required": True, "content": {"application/json": {"schema": SyncRequest}}},
    parameters=[
        {
            "in": "header",
            "name": "Content-Encoding",
            "schema": {"type": "string", "enum": ["zstd", "br", "gzip", "identity"]},
        }
    ],
)
@blp.arguments(NoQuery(), location="query")
@blp.response(200, SyncAnswer)
@problems_of(blp, 400, 406, 413, 415, 426, 429, 503)
def post_sync(_: dict[str, Any]) -> Response:
    """Answers from memory what it can; see `parts`."""
    began = time.perf_counter()
    here, ours = state(), shared()
    account = admitted()
    how = coding()
    asked = read_envelope(json_body(request), f"{store.ACCOUNT}{account}")
    now_ms = time.time_ns() // 1_000_000
    part = opened(lambda: _account_part(here, ours, account, asked, now_ms))
    if part.moved:
        wake(here.engine, here.settings, f"{store.ACCOUNT}{account}", asked.device)
    body = _body(here, ours, asked, part, now_ms)
    headers = {**FRESH, "Vary": "Accept-Encoding"}
    if how != "identity" and len(body) >= COMPRESS_FROM_BYTES:
        body, headers["Content-Encoding"] = compress(body, how), how
    ours.load.add(time.perf_counter() - began)
    return Response(body, mimetype="application/json", headers=headers)


def _account_part(here: State, ours: Shared, account: UUID, asked: Asked, now_ms: int) -> AccountPart:
    cursor, pull, limit = asked.cursors.get("account"), "account" in asked.cursors, _limit(here, asked)
    if asked.patches:
        return exchange(
            here.engine, here.settings, ours.limits, account, asked.patches, cursor,
            pull=pull, limit=limit, now_ms=now_ms,
        )  # fmt: skip
    if pull:
        return look(here.engine, here.settings, account, cursor, limit)
    return AccountPart(None, False, [])


def _limit(here: State, asked: Asked) -> int:
    most = here.settings.page_limit
    return most if asked.limit is None else min(asked.limit, most)


def _body(here: State, ours: Shared, asked: Asked, part: AccountPart, now_ms: int) -> bytes:
    """The answer, joined from parts that are JSON already."""
    settings, more = here.settings, part.more
    said = [b'{"server_time":%d,"protocol":%d,"results":' % (now_ms, min(asked.protocol, PROTOCOL))]
    said.append(results_json(part.results) if part.results else b"[]")
    if asked.request is not None:
        said.append(b',"request":"%s"' % asked.request.encode())
    if part.body is not None:
        said += [b',"account":', part.body]
    if "catalog" in asked.cursors:
        found = catalog_part(here, ours, asked.cursors["catalog"], _limit(here, asked))
        if found is not None:
            said += [b',"catalog":', found[0]]
            more = more or found[1]
    if asked.model is not None:
        model = model_part(ours.models.get(), asked.model, asked.installed, settings.public_url or "")
        if model is not None:
            said += [b',"model":', model]
    if asked.health is not None:
        report, now = asked.health, datetime.fromtimestamp(now_ms / 1000, UTC)
        counted = write(here.engine, lambda conn: health.count(conn, report, now))
        said.append(b',"health":{"counted":%d}' % counted)
    wait = 0 if more else next_after(asked.device, settings.sync_seconds, ours.load.share())
    said.append(b',"next_sync_after_s":%d' % wait)
    if settings.live_url is not None:
        said += [b',"live":', orjson.dumps(settings.live_url + EVENTS)]
    return b"".join((*said, b"}"))


@blp.route("/v1/sync/digest")
@requires(blp, "sync")
@blp.doc(
    operationId="getSyncDigest",
    summary="What a complete copy of the account's records must add up to",
    description="A device whose copy stands at `cursor` and has another digest throws it away and resyncs; pending "
    "patches stay. It counts for ten syncs in the rate.",
)
@blp.arguments(DigestQuery(), location="query")
@blp.response(200, Digest)
@problems_of(blp, 429, 503)
def get_digest(_: dict[str, Any]) -> Response:
    """Of all live records, in one snapshot with the cursor."""
    here, account = state(), admitted(DIGEST_COST)
    found = opened(lambda: account_digest(here.engine, here.settings, here.bodies, account))
    return json_response(found, FRESH)
