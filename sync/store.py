"""All SQL of the log: publish, pull, prune. The transaction is always the caller's."""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import psycopg
from sqlalchemy import Connection, select

from sync import tables
from sync.canonical import Document, Key, check_document
from sync.cursor import STREAM_NAME, Cursor, CursorInvalid, encode, origin

Resync = Literal["epoch", "pruned", "ahead"]
ACCOUNT = "account:"
"""What the names of accounts' streams begin with; an account's id, a UUID, follows."""


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
    changes   JSON array of {"collection","id","seq","deleted","data"} ascending by seq, `count` long; in an account's
              stream also "hlc", the greatest clock of the row
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
_PULL = """
WITH head AS MATERIALIZED (
    SELECT epoch, head, floor, resync,
           CASE WHEN resync IS NULL THEN coalesce(%(until)s::bigint, head) END AS until
      FROM (SELECT *, CASE WHEN epoch <> %(epoch)s::text THEN 'epoch'
                           WHEN greatest(%(seq)s::bigint, %(until)s::bigint) > head THEN 'ahead'
                           WHEN %(seq)s::bigint > 0
                            AND floor > CASE WHEN %(fresh)s THEN %(until)s::bigint ELSE %(seq)s::bigint END
                           THEN 'pruned' END AS resync
              FROM stream WHERE stream = %(stream)s::text{known}) AS judged
), {window}
SELECT head.epoch, head.head, head.floor, head.resync, head.until, {read}, rows.count, rows.last, rows.body,
       {release}
  FROM head, (SELECT count(*), max(seq) AS last, string_agg(row_to_json(page)::text, ',' ORDER BY seq) AS body
          FROM page) AS rows
"""

PULL = _PULL.format(
    known="",
    window="""page AS MATERIALIZED (
    SELECT collection, id, seq, deleted, CASE WHEN NOT deleted THEN data END AS data
      FROM record
     WHERE stream = %(stream)s::text AND seq > %(seq)s::bigint AND seq <= (SELECT until FROM head)
     ORDER BY seq LIMIT %(limit)s::bigint
)""",
    read="rows.count < %(limit)s::bigint",
    release="""CASE WHEN head.until = head.head AND (rows.count < %(limit)s::bigint OR rows.last = head.head)
            THEN (SELECT manifest::text FROM release WHERE stream = %(stream)s::text AND seq = head.head
                   ORDER BY number DESC LIMIT 1) END""",
)

# Row-level security asks whose account it is. The setting is made by the very statement that needs it, which costs no
# round trip: LATERAL and the mention of `known` put it first, and it ends with the statement's own transaction.
_AS_ACCOUNT = (
    "SELECT it.* FROM set_config('limber.account', coalesce(%(account)s::text, current_setting('limber.account', true),"
    " ''), true) AS known, LATERAL ({}) AS it"
)

PAGE_BYTES = 4 * 2**20
"""Bytes, as stored, after which a page of an account's records ends: a thousand large ones would fill a server."""

# The sizes are looked at before anything is unpacked, and the first row is always in.
PULL_ACCOUNT = _AS_ACCOUNT.format(
    _PULL.format(
        known=" AND known IS NOT NULL",
        window="""wanted AS MATERIALIZED (
    SELECT collection, id, seq, deleted, data, hlc, sum(pg_column_size(data)) OVER
           (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM (SELECT * FROM record
             WHERE stream = %(stream)s::text AND seq > %(seq)s::bigint AND seq <= (SELECT until FROM head)
               AND seq <> ALL (%(own)s::bigint[])
             ORDER BY seq LIMIT %(limit)s::bigint) AS first
), page AS MATERIALIZED (
    SELECT collection, id, seq, deleted, CASE WHEN NOT deleted THEN data END AS data, hlc
      FROM wanted WHERE coalesce(before, 0) < %(bytes)s::bigint
)""",
        read="rows.count < %(limit)s::bigint AND rows.count = (SELECT count(*) FROM wanted)",
        release="NULL::text",
    )
)

_HEAD = "SELECT epoch, head, floor FROM stream WHERE stream = %(stream)s::text"
_LOCK = "SELECT epoch, head, floor, records, bytes FROM stream WHERE stream = %(stream)s::text FOR UPDATE"
_HEAD_ACCOUNT = _AS_ACCOUNT.format(_HEAD + " AND known IS NOT NULL")

# Reads the stored versions and writes the different ones in one go; the caller holds the head's lock.
_PUBLISH = """
WITH incoming AS (
    SELECT i ->> 0 AS collection, i ->> 1 AS id, i -> 2 AS data
      FROM jsonb_array_elements(%(documents)s::text::jsonb) AS i
), gone AS (
    SELECT i ->> 0 AS collection, i ->> 1 AS id FROM jsonb_array_elements(%(gone)s::text::jsonb) AS i
), changed AS (
    SELECT i.collection, i.id, false AS deleted, i.data
      FROM incoming i
      LEFT JOIN record r ON (r.stream, r.collection, r.id) = (%(stream)s::text, i.collection, i.id)
     WHERE r.id IS NULL OR r.deleted OR r.data <> i.data
    UNION ALL
    SELECT r.collection, r.id, true, NULL
      FROM record r LEFT JOIN incoming i ON (i.collection, i.id) = (r.collection, r.id)
     WHERE r.stream = %(stream)s::text AND NOT r.deleted AND i.id IS NULL
       AND (%(gone)s::text IS NULL OR (r.collection, r.id) IN (SELECT collection, id FROM gone))
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
    UPDATE stream SET floor = greatest(floor, (SELECT max(seq) FROM pruned)),
                      records = greatest(0, records - (SELECT count(*) FROM pruned))
     WHERE stream = %(stream)s AND EXISTS (SELECT FROM pruned)
)
SELECT count(*) FROM pruned
"""


def is_account(stream: str) -> bool:
    """Whether the stream is an account's: private, written by patches, its changes with their clock."""
    return stream.startswith(ACCOUNT)


def pull(
    conn: Connection,
    stream: str,
    cursor: Cursor | None,
    limit: int,
    *,
    account: str | None = None,
    own: Sequence[int] = (),
) -> Pulled:
    """Up to `limit` versions after `cursor`, in one statement (so it also holds in autocommit).

    For an account's stream: `account` is who asks (None: as the connection is set already), `own` are versions that
    the reader holds already and are left out, and without a cursor the pages begin at once. Raises StreamUnknown,
    also where row-level security hides the stream, CursorInvalid for a cursor of another stream, ValueError for a
    limit below 1.
    """
    if limit < 1:
        raise ValueError("limit must be at least 1")
    if cursor is not None and cursor.stream != stream:
        raise CursorInvalid(f"cursor belongs to another stream than {stream}")
    two_way = is_account(stream)
    at = cursor or origin(stream, "")  # no stream has an empty epoch
    asked: dict[str, Any] = {
        "stream": stream, "seq": at.seq, "until": at.until, "fresh": at.fresh, "limit": limit,
        "epoch": None if two_way and cursor is None else at.epoch,
    }  # fmt: skip
    if two_way:
        asked |= {"account": account, "own": list(own), "bytes": PAGE_BYTES}
    row = _fetch(conn, PULL_ACCOUNT if two_way else PULL, asked)
    if row is None:
        raise StreamUnknown(f"stream {stream} is empty")
    epoch, head_seq, floor, reason, until, whole, count, last, body, release = row
    head = Head(epoch, head_seq, floor)
    if reason is not None:
        begin = origin(stream, epoch)
        if cursor is None:
            return Pulled("start", b"[]", 0, begin, True, None, head, None)
        return Pulled("resync", b"[]", 0, begin, True, reason, head, None)
    changes = b"[%s]" % (body or "").encode()
    if whole or last == until:  # the window is read; rows that left it are in the next one
        following, more = Cursor(stream, epoch, until), head_seq > until
    else:
        following, more = Cursor(stream, epoch, last, until, fresh=at.fresh or at.seq == 0), True
    return Pulled("page", changes, count, following, more, None, head, release.encode() if release else None)


def _fetch(conn: Connection, statement: str, parameters: Mapping[str, Any]) -> Any:
    """The only row, or None. In autocommit through the driver: SQLAlchemy's own objects would double the cost."""
    held = _driver(conn)
    if held.autocommit:
        try:
            return held.execute(statement, parameters).fetchone()
        except (psycopg.OperationalError, psycopg.ProgrammingError):
            pass  # let SQLAlchemy meet it: it wraps the error and drops a dead connection
    return conn.exec_driver_sql(statement, parameters).one_or_none()


def _driver(conn: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection, in the same transaction."""
    return cast("psycopg.Connection[Any]", conn.connection.driver_connection)


def read_head(conn: Connection, stream: str, *, account: str | None = None) -> Head | None:
    """Where `stream` stands: one row by its key. None while nothing was ever written, or it is not for `account`."""
    if is_account(stream):
        row = _fetch(conn, _HEAD_ACCOUNT, {"stream": stream, "account": account})
    else:
        row = _fetch(conn, _HEAD, {"stream": stream})
    return None if row is None else Head(*row)


def lock_head(conn: Connection, stream: str) -> Head:
    """Lock the stream's head row until the transaction ends, creating the stream if needed.

    Every writer of a stream does this first: commit order is then `seq` order, and what it reads afterwards
    is the newest. Raises RuntimeError on a connection in autocommit, where the lock would be gone at once.
    """
    return lock_account(conn, stream)[0]


def lock_account(conn: Connection, stream: str) -> tuple[Head, int, int]:
    """`lock_head` of an account's stream: its head, and how many records and bytes it keeps."""
    if _driver(conn).autocommit:
        raise RuntimeError("writing to a stream needs a transaction, not autocommit")
    locked = _fetch(conn, _LOCK, {"stream": stream})
    if locked is None:
        if not STREAM_NAME.fullmatch(stream):
            raise ValueError(f"stream {stream!r} is not a name (1-200 printable ASCII characters, no space)")
        conn.exec_driver_sql(
            "INSERT INTO stream (stream, epoch) VALUES (%(stream)s, %(epoch)s) ON CONFLICT DO NOTHING",
            {"stream": stream, "epoch": secrets.token_hex(8)},
        )
        locked = conn.exec_driver_sql(_LOCK, {"stream": stream}).one()
    epoch, seq, floor, records, size = locked
    return Head(epoch, seq, floor), records, size


def publish(
    conn: Connection, stream: str, documents: Mapping[Key, Document], *, gone: Collection[Key] | None = None
) -> Published:
    """Make `documents` the live state of `stream`: new versions of what differs, tombstones for the rest.

    With `gone` only these get a tombstone, and documents in neither stay: thousands need not be sent for one change.
    Each written row takes the next seq, in order of collection and id. All or nothing with the transaction.
    Raises ValueError, before any write, naming the document that cannot be stored.
    """
    for key, data in documents.items():
        check_document(key, data)
    # As one text: an array of thousands costs the driver seconds to quote.
    rows = [(*key, data) for key, data in documents.items()]
    head = lock_head(conn, stream)
    changed, deleted = conn.exec_driver_sql(
        _PUBLISH,
        {
            "stream": stream,
            "head": head.seq,
            "documents": json.dumps(rows, ensure_ascii=False),
            "gone": None if gone is None else json.dumps(list(gone)),
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


def prune_accounts(conn: Connection, older_than: datetime) -> int:
    """`prune` of every account's stream, for the owner of the tables. Commits after each stream.

    Returns how many tombstones went.
    """
    streams = conn.exec_driver_sql(
        "SELECT DISTINCT stream FROM record"
        " WHERE deleted AND at < %(older_than)s AND starts_with(stream, %(account)s)",
        {"older_than": older_than, "account": ACCOUNT},
    ).scalars()
    gone = 0
    for stream in list(streams):
        gone += prune(conn, stream, older_than)
        conn.commit()
    return gone


def new_epochs(conn: Connection) -> int:
    """Begin another epoch in every stream, after restoring a backup of the database. Returns how many.

    For the owner of the tables: row-level security would hide the accounts' streams.
    """
    statement = "UPDATE stream SET epoch = substr(replace(gen_random_uuid()::text, '-', ''), 1, 16)"
    return conn.exec_driver_sql(statement).rowcount


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


def live_changes(conn: Connection, stream: str) -> list[bytes]:
    """The live rows of `stream`, each as the JSON of a change, ascending by seq: the rows of a snapshot."""
    rows = conn.exec_driver_sql(
        "SELECT row_to_json(live)::text"
        " FROM (SELECT collection, id, seq, deleted, data FROM record"
        "        WHERE stream = %(stream)s AND NOT deleted) AS live ORDER BY seq",
        {"stream": stream},
    )
    return [text.encode() for text in rows.scalars()]
