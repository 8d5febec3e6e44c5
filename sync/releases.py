"""What was published: one row a release, with its signed manifest and the object that holds its body."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, func, insert, select

from sync import tables
from sync.cursor import Cursor, encode
from sync.store import Pulled


@dataclass(frozen=True, slots=True)
class Release:
    """`manifest` is the signed envelope. `seq`: the head that was released; None where there is no log."""

    stream: str
    number: int
    channel: str
    manifest: dict[str, Any]
    object_key: str
    object_sha256: str
    object_bytes: int
    published_at: datetime
    seq: int | None = None


def next_number(conn: Connection, stream: str) -> int:
    """The number of the release about to be recorded. Publishers of one stream wait here for each other."""
    conn.exec_driver_sql(
        "SELECT pg_advisory_xact_lock(hashtextextended('release ' || %(stream)s::text, 0))",
        {"stream": stream},
    )
    r = tables.release.c
    greatest = conn.execute(select(func.max(r.number)).where(r.stream == stream)).scalar_one()
    return cast(int, greatest or 0) + 1


def record_release(conn: Connection, release: Release) -> None:
    """Add the row. Raises ValueError for a time without zone, IntegrityError for a number already taken."""
    if release.published_at.tzinfo is None:
        raise ValueError("published_at needs a time zone")
    fields = {column.name: getattr(release, column.name) for column in tables.release.c}
    conn.execute(insert(tables.release).values(fields))


def current_release(conn: Connection, stream: str, channel: str = "stable") -> Release | None:
    """The newest release of `stream` in `channel`."""
    r = tables.release.c
    newest = (
        select(tables.release)
        .where(r.stream == stream, r.channel == channel)
        .order_by(r.number.desc())
        .limit(1)
    )
    row = conn.execute(newest).one_or_none()
    return None if row is None else Release(**row._mapping)


def snapshot_hint(release: Release | None, pulled: Pulled) -> dict[str, Any] | None:
    """What to tell a reader that begins from nothing: the snapshot, and the cursor to continue from.

    Returns {"sha256", "bytes", "cursor", "release"}; the caller adds the "url". None where going on from
    there would only resync again: it is of another epoch, or tombstones newer than it were pruned.
    """
    if release is None or release.seq is None:
        return None
    epoch = release.manifest["manifest"]["epoch"]
    if epoch != pulled.head.epoch or not pulled.head.floor <= release.seq <= pulled.head.seq:
        return None
    return {
        "sha256": release.object_sha256,
        "bytes": release.object_bytes,
        "cursor": encode(Cursor(release.stream, epoch, release.seq)),
        "release": release.number,
    }
