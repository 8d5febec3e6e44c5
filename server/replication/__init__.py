"""The cacheable catalogue reads: plain functions on a connection, bytes from PostgreSQL to the socket."""

from __future__ import annotations

import hashlib

import orjson
from sqlalchemy import Connection

from server.replication.schemas import STREAM
from sync import store
from sync.cursor import Cursor, encode
from sync.releases import current_release, snapshot_hint

# Part of every ETag: raise it when the form of a body changes, or old copies would be confirmed.
BODY_VERSION = "1"


def catalog_head(conn: Connection) -> store.Head | None:
    """Where the catalogue stands; None while nothing was ever published."""
    return store.read_head(conn, STREAM)


def changes_etag(head: store.Head, since: Cursor | None, limit: int, base_url: str) -> str:
    """A digest of all that the body of a changes answer depends on (hex, without the content coding)."""
    asked = "" if since is None else encode(since)
    parts = (BODY_VERSION, head.epoch, str(head.seq), str(head.floor), asked, str(limit), base_url)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def changes(conn: Connection, since: Cursor | None, limit: int, base_url: str) -> tuple[store.Head, bytes]:
    """The body for a reader at `since` as JSON bytes, and the head it was read at.

    A reader that begins anew also gets the hint to a snapshot. Raises store.StreamUnknown.
    """
    pulled = store.pull(conn, STREAM, since, limit)
    if pulled.kind == "page":
        return pulled.head, pulled.body()
    release = current_release(conn, STREAM)
    hint = snapshot_hint(release, pulled)
    if release is None or hint is None:
        return pulled.head, pulled.body()
    # The end of a window that is still open: whoever comes from here lacks the release's manifest, and is told it.
    last = Cursor(STREAM, pulled.head.epoch, release.seq or 0, until=release.seq, fresh=True)
    hint = {"url": f"{base_url}/v1/objects/{release.object_key}", **hint, "cursor": encode(last)}
    return pulled.head, pulled.body(snapshot=orjson.dumps(hint))
