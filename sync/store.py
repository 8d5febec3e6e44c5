"""All SQL of the log: publish, pull, prune. The transaction is always the caller's."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import psycopg
from sqlalchemy import Connection, select

from sync import tables
from sync.canonical import Document, Key, check_document
from sync.cursor import STREAM_NAME, Cursor, CursorInvalid, encode, origin

Resync = Literal["epoch", "pruned", "ahead"]


class StreamUnknown(LookupError):
    """Nothing was ever written to the stream."""


@dataclass(frozen=True, slots=True)
class Head:
    """A stream's newest `seq`, its epoch, and the greatest `seq` of a pruned tombstone."""

    epoch: str
    seq: int
    floor: int


@dataclass(frozen=True, slots=True)
class Published:
    """The stream's head after a publish, and how many documents it wrote and tombstoned."""

    seq: int
    epoch: str
    changed: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """One answer to a reader.

    kind      "page"; "start" without a cursor; "resync" for one that cannot be continued (see `reason`)
    changes   JSON array of {"collection","id","seq","deleted","data"} ascending by seq, `count` long
    cursor    where the reader continues: the origin for "start" and "resync"
    more      False: with this page the reader is at a complete checkpoint, the head of the stream
    head      the stream in the same snapshot as the changes
    release   the signed envelope released at this checkpoint, as JSON bytes; None while `more`
    """

    kind: Literal["page", "start", "resync"]
    changes: bytes
    count: int
    cursor: Cursor
    more: bool
    reason: Resync | None
    head: Head
    release: bytes | None

    def body(self, **extra: bytes) -> bytes:
        """The response as JSON bytes; `extra` adds members that are JSON already: snapshot=b'{…}'."""
        parts = [b'{"changes":', self.changes, b',"cursor":"', encode(self.cursor).encode()]
        parts.append(b'","more":true' if self.more else b'","more":false')
        if self.reason:
            parts.append(b',"resync":"%s"' % self.reason.encode())
        members = extra if self.release is None else {"release": self.release, **extra}
        for name, value in members.items():
            parts += [b',"', name.encode(), b'":', value]
        return b"".join((*parts, b"}"))


# One statement, so one snapshot: head, verdict on the cursor, rows and release belong together.
# `head.until` is NULL when the cursor cannot be continued; no seq is at most NULL, so no row is then read.
PULL = """
WITH head AS MATERIALIZED (
    SELECT epoch, head, floor, resync,
           CASE WHEN resync IS NULL THEN coalesce(%(until)s::bigint, head) END AS until
      FROM (SELECT *, CASE WHEN epoch <> %(epoch)s::text THEN 'epoch'
                           WHEN greatest(%(seq)s::bigint, %(until)s::bigint) > head THEN 'ahead'
                           WHEN %(seq)s::bigint > 0
                            AND floor > CASE WHEN %(fresh)s THEN %(until)s::bigint ELSE %(seq)s::bigint END
                           THEN 'pruned' END AS resync
              FROM stream WHERE stream = %(stream)s::text) AS judged
), page AS MATERIALIZED (
    SELECT collection, id, seq, deleted, CASE WHEN NOT deleted THEN data END AS data
      FROM record
     WHERE stream = %(stream)s::text AND seq > %(seq)s::bigint AND seq <= (SELECT until FROM head)
     ORDER BY seq LIMIT %(limit)s::bigint
)
SELECT head.epoch, head.head, head.floor, head.resync, head.until, rows.count, rows.last, rows.body,
       CASE WHEN head.until = head.head AND (rows.count < %(limit)s::bigint OR rows.last = head.head)
            THEN (SELECT manifest::text FROM release WHERE stream = %(stream)s::text AND seq = head.head
                   ORDER BY number DESC LIMIT 1) END
  FROM head, (SELECT count(*), max(seq) AS last, string_agg(row_to_json(page)::text, ',' ORDER BY seq) AS body
          FROM page) AS rows
"""

# Reads the stored versions and writes the different ones in one go; the caller holds the head's lock.
_PUBLISH = """
WITH incoming AS (
    SELECT * FROM unnest(%(collections)s::text[], %(ids)s::text[], %(data)s::text[]::jsonb[])
               AS i (collection, id, data)
), changed AS (
    SELECT i.collection, i.id, false AS deleted, i.data
      FROM incoming i
      LEFT JOIN record r ON (r.stream, r.collection, r.id) = (%(stream)s::text, i.collection, i.id)
     WHERE r.id IS NULL OR r.deleted OR r.data <> i.data
    UNION ALL
    SELECT r.collection, r.id, true, NULL
      FROM record r LEFT JOIN incoming i ON (i.collection, i.id) = (r.collection, r.id)
     WHERE r.stream = %(stream)s::text AND NOT r.deleted AND i.id IS NULL
), written AS (
    INSERT INTO record (stream, collection, id, seq, deleted, data)
    SELECT %(stream)s::text, collection, id,
           %(head)s::bigint + row_number() OVER (ORDER BY collection COLLATE "C", id COLLATE "C"),
           deleted, data
      FROM changed
    ON CONFLICT (stream, collection, id)
    DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted, data = excluded.data,
                  clocks = NULL, at = now()
    RETURNING deleted
), moved AS (
    UPDATE stream SET head = head + (SELECT count(*) FROM changed)
     WHERE stream = %(stream)s::text AND EXISTS (SELECT FROM changed)
)
SELECT count(*) FILTER (WHERE NOT deleted), count(*) FILTER (WHERE deleted) FROM written
"""

_PRUNE = """
WITH pruned AS (
    DELETE FROM record WHERE stream = %(stream)s AND deleted AND at < %(older_than)s RETURNING seq
), raised AS (
    UPDATE stream SET floor = greatest(floor, (SELECT max(seq) FROM pruned))
     WHERE stream = %(stream)s AND EXISTS (SELECT FROM pruned)
)
SELECT count(*) FROM pruned
"""


def pull(conn: Connection, stream: str, cursor: Cursor | None, limit: int) -> Pulled:
    """Up to `limit` versions after `cursor`, in one statement (so it also holds in autocommit).

    Raises StreamUnknown, CursorInvalid for a cursor of another stream, ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError("limit must be at least 1")
    if cursor is not None and cursor.stream != stream:
        raise CursorInvalid(f"cursor belongs to another stream than {stream}")
    at = cursor or origin(stream, "")  # no stream has an empty epoch
    window = {"stream": stream, "epoch": at.epoch, "seq": at.seq, "until": at.until, "fresh": at.fresh}
    row = _fetch(conn, PULL, {**window, "limit": limit})
    if row is None:
        raise StreamUnknown(f"stream {stream} is empty")
    epoch, head_seq, floor, reason, until, count, last, body, release = row
    head = Head(epoch, head_seq, floor)
    if reason is not None:
        begin = origin(stream, epoch)
        if cursor is None:
            return Pulled("start", b"[]", 0, begin, True, None, head, None)
        return Pulled("resync", b"[]", 0, begin, True, reason, head, None)
    changes = b"[%s]" % (body or "").encode()
    if count < limit or last == until:  # the window is read; rows that left it are in the next one
        following, more = Cursor(stream, epoch, until), head_seq > until
    else:
        following, more = Cursor(stream, epoch, last, until, fresh=at.fresh or at.seq == 0), True
    return Pulled("page", changes, count, following, more, None, head, release.encode() if release else None)


def _fetch(conn: Connection, statement: str, parameters: Mapping[str, Any]) -> Any:
    """The only row, or None. Through the driver: SQLAlchemy's own objects would double the cost."""
    try:
        return _driver(conn).execute(statement, parameters).fetchone()
    except (psycopg.OperationalError, psycopg.ProgrammingError):
        # Let SQLAlchemy meet it: it wraps the error and drops a dead connection.
        return conn.exec_driver_sql(statement, parameters).one_or_none()


def _driver(conn: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", conn.connection.driver_connection)


def read_head(conn: Connection, stream: str) -> Head | None:
    """Where `stream` stands: one row by its key. None while nothing was ever published."""
    row = _fetch(conn, "SELECT epoch, head, floor FROM stream WHERE stream = %(stream)s", {"stream": stream})
    return None if row is None else Head(*row)


def lock_head(conn: Connection, stream: str) -> Head:
    """Lock the stream's head row until the transaction ends, creating the stream if needed.

    Every writer of a stream does this first: commit order is then `seq` order, and what it reads afterwards
    is the newest. Raises RuntimeError on a connection in autocommit, where the lock would be gone at once.
    """
    select_head = "SELECT epoch, head, floor FROM stream WHERE stream = %(stream)s FOR UPDATE"
    row = conn.exec_driver_sql(select_head, {"stream": stream}).one_or_none()
    if _driver(conn).autocommit:
        raise RuntimeError("writing to a stream needs a transaction, not autocommit")
    if row is None:
        if not STREAM_NAME.fullmatch(stream):
            raise ValueError(f"stream {stream!r} is not a name (1-200 printable ASCII characters, no space)")
        conn.exec_driver_sql(
            "INSERT INTO stream (stream, epoch) VALUES (%(stream)s, %(epoch)s) ON CONFLICT DO NOTHING",
            {"stream": stream, "epoch": secrets.token_hex(8)},
        )
        row = conn.exec_driver_sql(select_head, {"stream": stream}).one()
    return Head(*row)


def publish(conn: Connection, stream: str, documents: Mapping[Key, Document]) -> Published:
    """Make `documents` the live state of `stream`: new versions of what differs, tombstones for the rest.

    Each written row takes the next seq, in order of collection and id. All or nothing with the transaction.
    Raises ValueError, before any write, naming the document that cannot be stored.
    """
    for key, data in documents.items():
        check_document(key, data)
    head = lock_head(conn, stream)
    changed, deleted = conn.exec_driver_sql(
        _PUBLISH,
        {
            "stream": stream,
            "head": head.seq,
            "collections": [collection for collection, _ in documents],
            "ids": [record_id for _, record_id in documents],
            "data": [json.dumps(data, ensure_ascii=False) for data in documents.values()],
        },
    ).one()
    return Published(head.seq + changed + deleted, head.epoch, changed, deleted)


def prune(conn: Connection, stream: str, older_than: datetime) -> int:
    """Forget tombstones written before `older_than` (with a time zone); a reader behind one must resync.

    Returns how many.
    """
    if older_than.tzinfo is None:
        raise ValueError("older_than needs a time zone")
    lock_head(conn, stream)
    return cast(int, conn.exec_driver_sql(_PRUNE, {"stream": stream, "older_than": older_than}).scalar_one())


def new_epoch(conn: Connection, stream: str) -> Head:
    """Begin another epoch, so that every reader resyncs: after restoring a backup, whose seqs come again."""
    head = lock_head(conn, stream)
    epoch = secrets.token_hex(8)
    conn.exec_driver_sql(
        "UPDATE stream SET epoch = %(epoch)s WHERE stream = %(stream)s", {"epoch": epoch, "stream": stream}
    )
    return Head(epoch, head.seq, head.floor)


def state(conn: Connection, stream: str) -> dict[Key, dict[str, Any]]:
    """The live documents of `stream` as Python objects: what a reader at the head must hold."""
    r = tables.record.c
    rows = conn.execute(select(r.collection, r.id, r.data).where(r.stream == stream, ~r.deleted))
    return {(collection, record_id): data for collection, record_id, data in rows}


def live_changes(conn: Connection, stream: str) -> bytes:
    """The live rows of `stream` as a JSON array of changes, ascending by seq: the rows of a snapshot."""
    body = conn.exec_driver_sql(
        "SELECT string_agg(row_to_json(live)::text, ',')"
        " FROM (SELECT collection, id, seq, deleted, data FROM record"
        "        WHERE stream = %(stream)s AND NOT deleted ORDER BY seq) AS live",
        {"stream": stream},
    ).scalar_one()
    return b"[%s]" % (body or "").encode()
