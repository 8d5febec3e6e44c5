"""The device's copy of the account's records, and what the person sees: that copy with what waits laid over it.

`base` is the server's state at a complete checkpoint, `base_staged` the pages of the next one. A deleted record stays
in `base`, with what it held, while patches for it are not settled. All of it inside the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sync import device_clock, outbox, replica
from sync.answers import AccountRow
from sync.canonical import document_digest
from sync.clock import greatest
from sync.outbox import Entry

Key = tuple[str, str]
_UNSETTLED = "state IN ('pending', 'acked')"


@dataclass(frozen=True)
class Place:
    """How far the copy has come.

    `full`: a whole copy is being staged, from nothing; `resync` says why if it is not the first one.
    """

    cursor: str | None = None
    full: bool = True
    resync: str | None = None


@dataclass(frozen=True)
class Held:
    """A record: as the server has it, or with patches laid over it. `hlc`: the greatest clock in it."""

    seq: int = 0
    deleted: bool = True
    data: dict[str, Any] | None = None
    hlc: str | None = None


NOTHING = Held()


def place(db: sqlite3.Connection) -> Place:
    """Where the copy stands."""
    return Place(**(replica.recall(db, "account_place") or {}))


def go_to(db: sqlite3.Connection, where: Place) -> None:
    """Remember it."""
    replica.remember(db, "account_place", vars(where))


def start_over(db: sqlite3.Connection, reason: str) -> Place:
    """Begin a whole copy. Unless deletions were merely forgotten, the server may have lost what it acknowledged."""
    db.execute("DELETE FROM base_staged")
    if reason == "pruned":
        # What became of these is in the copy that comes: the record as it is, or nothing.
        db.execute("UPDATE outbox SET status = 'stale' WHERE state = 'acked'")
    else:
        outbox.offer_again(db)
    return Place(None, True, reason)


def stage(db: sqlite3.Connection, rows: Iterable[AccountRow]) -> None:
    """Add a page. A row that comes twice keeps its greater seq."""
    db.executemany(
        "INSERT INTO base_staged VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (collection, id) DO UPDATE"
        " SET seq = excluded.seq, deleted = excluded.deleted, data = excluded.data,"
        " digest = excluded.digest, hlc = excluded.hlc WHERE excluded.seq >= seq",
        rows,
    )


def checkpoint(db: sqlite3.Connection, where: Place, wall_ms: int, device: str) -> int:
    """The staged rows become the copy, and acknowledged patches that it shows are settled. Returns the rows moved."""
    came = list(db.execute("SELECT collection, id FROM base_staged"))
    if where.full:
        _complete(db, where.resync, wall_ms, device)
        db.execute("DELETE FROM base WHERE (collection, id) NOT IN (SELECT collection, id FROM base_staged)")
    db.execute(
        "INSERT INTO base SELECT * FROM base_staged WHERE 1 ON CONFLICT (collection, id) DO UPDATE"
        " SET seq = excluded.seq, deleted = excluded.deleted, digest = excluded.digest, hlc = excluded.hlc,"
        " data = CASE WHEN excluded.deleted THEN data ELSE excluded.data END WHERE ? OR excluded.seq >= seq",
        (where.full,),
    )
    db.execute("DELETE FROM base_staged")
    outbox.offer_waiting(db, came)
    _settle(db, full=where.full)
    db.execute(
        "DELETE FROM base WHERE deleted AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.collection = base.collection"
        " AND outbox.id = base.id AND state IN ('pending', 'acked'))"
    )
    return len(came)


def _settle(db: sqlite3.Connection, *, full: bool) -> None:
    """Acknowledged patches whose outcome the copy shows need not be laid over it any more.

    At a complete checkpoint every version came, but those that the server left out because we hold them: the copy
    with our patches, all of whose fields won.
    """
    for key, acked in _by_record(outbox.entries(db, "state = 'acked'")):
        base = _base(db, key)
        unseen = [entry for entry in acked if (entry.seq or 0) > base.seq]
        ours = [entry for entry in unseen if entry.status == "applied"]
        if ours:
            seq = max(entry.seq or 0 for entry in ours)
            _put(db, key, _won(base, ours, seq))
        for entry in acked:
            # Anything else that did not come answers another request of ours, and will come; or it was pruned.
            if entry not in unseen or entry in ours or full:
                db.execute("UPDATE outbox SET state = 'kept', again = 0 WHERE number = ?", (entry.number,))


def _won(base: Held, ours: Sequence[Entry], seq: int) -> Held:
    """`base` with patches all of whose fields won on it."""
    deleted, data = base.deleted, dict(base.data or {})
    for entry in ours:
        deleted = entry.fields is None
        data |= entry.fields or {}
    return Held(seq, deleted, data, greatest(base.hlc, *(entry.hlc for entry in ours)))


def _complete(db: sqlite3.Connection, reason: str | None, wall_ms: int, device: str) -> None:
    """Before the old copy goes: what only it holds of records that we have changed is offered to the server.

    A record that was deleted and forgotten, or that a restored server never had, would come back as the one field
    that was edited. The rest of it is offered under a stamp that loses to everything really written.
    """
    for key, waiting in _by_record(outbox.entries(db, _UNSETTLED)):
        old, new = _base(db, key), _base(db, key, "base_staged")
        if (
            old.data is None
            or waiting[-1].fields is None
            or (new.seq and (new.deleted or reason == "pruned"))
        ):
            continue
        if old.deleted and not new.seq and waiting[-1].hlc < (old.hlc or ""):
            # It was deleted after these edits, and we know it although the server has forgotten.
            for entry in waiting:
                db.execute("UPDATE outbox SET state = 'kept', again = 0 WHERE number = ?", (entry.number,))
            continue
        covered = {name for entry in waiting for name in entry.fields or ()} | set(new.data or ())
        missing = {name: value for name, value in old.data.items() if name not in covered}
        if missing:
            outbox.add(db, *key, missing, device_clock.fill_stamp(db, wall_ms, device), fill=True)


def lay(held: Held, patches: Sequence[Entry]) -> Held:
    """`held` with patches laid over it, oldest first.

    A record that is deleted has its deletion's clock as greatest, and a deletion loses to any greater clock, so both
    are exact; which of two fields is newer only the server knows, and the person sees the one written here.
    """
    deleted, data, top = held.deleted, dict(held.data or {}), held.hlc or ""
    for entry in patches:
        newer = entry.hlc > top
        if entry.fields is None:
            deleted = deleted or newer
        elif newer or not (deleted or entry.again):
            deleted = False
            data |= entry.fields
        top = max(top, entry.hlc)
    return Held(held.seq, deleted, data, greatest(top or None))


def read(db: sqlite3.Connection, collection: str, record_id: str) -> dict[str, Any] | None:
    """The record as the person sees it; None when there is none."""
    waiting = outbox.entries(db, f"collection = ? AND id = ? AND {_UNSETTLED}", (collection, record_id))
    seen = lay(_base(db, (collection, record_id)), waiting)
    return None if seen.deleted else seen.data


def records(db: sqlite3.Connection, collection: str | None = None) -> list[dict[str, Any]]:
    """What the person sees, each {"collection", "id", "data"}, ordered by collection and id (code points)."""
    seen = dict(_bases(db, "base"))
    for key, waiting in _by_record(outbox.entries(db, _UNSETTLED)):
        seen[key] = lay(seen.get(key, NOTHING), waiting)
    return [
        {"collection": c, "id": i, "data": held.data}
        for (c, i), held in sorted(seen.items())
        if not held.deleted and collection in (None, c)
    ]


def digests(db: sqlite3.Connection) -> dict[Key, str]:
    """{(collection, id): digest} of the copy's live records."""
    rows = db.execute("SELECT collection, id, digest FROM base WHERE NOT deleted")
    return {(c, i): digest for c, i, digest in rows}


def forget(db: sqlite3.Connection) -> None:
    """Take the account's data off this device, and its name in it with the clock that bears that name."""
    for table in ("base", "base_staged", "outbox", "burnt"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608
    for name in ("account", "account_place", "account_sync", "device", "clock"):
        replica.remember(db, name, None)


def _by_record(entries: Iterable[Entry]) -> Iterator[tuple[Key, list[Entry]]]:
    found: dict[Key, list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry.collection, entry.id), []).append(entry)
    yield from found.items()


def _bases(db: sqlite3.Connection, table: str) -> Iterator[tuple[Key, Held]]:
    rows = db.execute(f"SELECT collection, id, seq, deleted, data, hlc FROM {table}")  # noqa: S608
    for collection, record_id, seq, deleted, data, hlc in rows:
        yield (
            (collection, record_id),
            Held(seq, bool(deleted), None if data is None else orjson.loads(data), hlc),
        )


def _base(db: sqlite3.Connection, key: Key, table: str = "base") -> Held:
    row = db.execute(
        f"SELECT seq, deleted, data, hlc FROM {table} WHERE collection = ? AND id = ?",  # noqa: S608
        key,
    ).fetchone()
    if row is None:
        return NOTHING
    return Held(row[0], bool(row[1]), None if row[2] is None else orjson.loads(row[2]), row[3])


def _put(db: sqlite3.Connection, key: Key, held: Held) -> None:
    data = held.data or {}
    db.execute(
        "INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*key, held.seq, held.deleted, orjson.dumps(data).decode(), document_digest(data), held.hlc),
    )
