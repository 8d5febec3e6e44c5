"""`GET /v1/catalog/changes`, `GET /v1/catalog/snapshot`, `GET /v1/keys`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from server.access import public
from server.db import read
from server.keys import signing_key, trust
from server.objects import pick_sibling
from server.problems import Fault
from server.replication import catalog_head, changes, changes_etag
from server.replication.schemas import Changes, ChangesQuery, Keys, NoQuery, Snapshot
from server.state import State, state
from server.telemetry import log
from server.web import (
    COMPRESS_FROM_BYTES,
    IF_NONE_MATCH,
    Blueprint,
    body_response,
    coding,
    json_response,
    not_modified,
    problems_of,
)
from sync.compress import compress
from sync.objects import ObjectMissing
from sync.signing import KeyInvalid, KeyUnavailable
from sync.store import Head, StreamUnknown

CACHE = {"Cache-Control": "public, max-age=30, must-revalidate", "Vary": "Accept-Encoding"}
NOTHING = "No catalogue release is published yet."

blp = Blueprint("catalog", __name__, description="The published catalogue, for devices")

_VALIDATORS = {
    "ETag": {"schema": {"type": "string"}, "description": "Strong; send it back as If-None-Match"},
    "Cache-Control": {"schema": {"type": "string"}},
    "Vary": {"schema": {"type": "string"}},
}


@blp.route("/v1/catalog/changes", parameters=[IF_NONE_MATCH])
@public(blp)
@blp.doc(
    operationId="getCatalogChanges",
    summary="What changed since a cursor",
    description="Follow `cursor` while `more` is true, then apply everything at once: the signed `release` "
    "proves what you then hold. Bodies come as zstd, brotli or gzip.",
)
@blp.arguments(ChangesQuery(), location="query")
@blp.response(200, Changes, headers=_VALIDATORS)
@blp.alt_response(304, "NOT_MODIFIED", success=True)
@problems_of(blp, 404, 406, 503)
def get_changes(query: dict[str, Any]) -> Response:
    """One page of changes; unchanged since If-None-Match costs at most one indexed read, and no body."""
    shared = state()
    since, base_url = query.get("since"), shared.settings.public_url or ""
    limit = min(query.get("limit", shared.settings.page_limit), shared.settings.page_limit)
    how = coding()
    head, plain, tag = _recent_head(shared, ask=bool(request.if_none_match)), None, ""
    if head is not None:
        tag = changes_etag(head, since, limit, base_url)
        if unchanged := not_modified(f"{tag}-{how}", CACHE):
            return unchanged
        plain = shared.bodies.get(tag)
    if plain is None:
        # One statement brings the page and the head that it was read at; the tag must name what was sent.
        try:
            head, plain = read(shared.engine, lambda conn: changes(conn, since, limit, base_url))
        except StreamUnknown:
            raise Fault(404, NOTHING) from None
        shared.head = (time.monotonic(), head)
        tag = changes_etag(head, since, limit, base_url)
        shared.bodies.put(tag, plain)
    if how == "identity" or len(plain) < COMPRESS_FROM_BYTES:
        return body_response(plain, f"{tag}-{how}", "identity", CACHE)
    body = shared.bodies.get(f"{tag}-{how}")
    if body is None:
        body = compress(plain, how)
        shared.bodies.put(f"{tag}-{how}", body)
    return body_response(body, f"{tag}-{how}", how, CACHE)


def _recent_head(shared: State, *, ask: bool) -> Head | None:
    """The catalogue's head, at most `head_seconds` old, so that a rush costs the database nothing.

    None when none that recent is known; with `ask` the database is asked before that. An old head can only confirm or
    repeat what was right that moment ago: a body is kept under the head that it was read at, and no body was ever read
    for a cursor ahead of its head.
    """
    now = time.monotonic()
    known_at, head = shared.head
    if now - known_at < shared.head_seconds:
        return head
    if not ask:
        return None
    head = read(shared.engine, catalog_head)
    shared.head = (now, head)
    return head


@blp.route("/v1/catalog/snapshot", parameters=[IF_NONE_MATCH])
@public(blp)
@blp.doc(
    operationId="getCatalogSnapshot",
    summary="The whole current release",
    description="Served from memory; the same bytes stay for ever under "
    "`/v1/objects/snapshots/<sha256>.json` (`Content-Location`).",
)
@blp.arguments(NoQuery(), location="query")
@blp.response(
    200,
    Snapshot,
    headers={**_VALIDATORS, "Content-Location": {"schema": {"type": "string"}}},
)
@blp.alt_response(304, "NOT_MODIFIED", success=True)
@problems_of(blp, 404, 406, 503)
def get_snapshot(_: dict[str, Any]) -> Response:
    """The current release's snapshot, from memory once it was asked for."""
    shared = state()
    how = coding()
    release = shared.catalog_release.get()
    if release is None:
        raise Fault(404, NOTHING)
    tag = f"{release.object_sha256}-{how}"
    headers = {**CACHE, "Content-Location": f"/v1/objects/{release.object_key}"}
    if unchanged := not_modified(tag, headers):
        return unchanged
    body = shared.bodies.get(tag)
    if body is None:
        try:
            found, coded = pick_sibling(shared.store, release.object_key, how)
            body = shared.store.get(found)
        except ObjectMissing:
            raise Fault(
                503, "The snapshot is not in object storage.", headers={"Retry-After": "30"}
            ) from None
        if coded != how:
            body = compress(body, how)
        shared.bodies.put(tag, body)
    return body_response(body, tag, how, headers)


@blp.route("/v1/keys")
@public(blp)
@blp.doc(
    operationId="getKeys",
    summary="The keys that sign releases",
    description="For trust on first use: pin what you get, show its fingerprint, never replace it from here.",
)
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Keys)
@problems_of(blp, 404, 503)
def get_keys(_: dict[str, Any]) -> Response:
    """The signing key's public half, those that are trusted beside it, and the statements that say so."""
    shared = state()
    if shared.settings.signing_kms is None and not shared.settings.signing_key.exists():
        raise Fault(404, "This server has no signing key.")
    try:
        key = signing_key(shared.settings)
    except (KeyInvalid, KeyUnavailable) as error:
        log.error("signing_key_invalid", error=str(error))
        raise Fault(503, "The signing key cannot be read.", headers={"Retry-After": "30"}) from None
    found = read(shared.engine, lambda conn: trust(conn, key, datetime.now(UTC)))
    return json_response(found, {"Cache-Control": "public, max-age=300"})
