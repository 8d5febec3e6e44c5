"""What was written on this device, as patches: stamped, sent until they are acknowledged, and kept for a while after.

    pending → acked → kept → forgotten        refused → pending (tried again) or dropped
       ↑_________________|  offered again when the server has lost what it acknowledged

pending   to be sent; acked: acknowledged, but the copy does not show it yet; both are laid over the copy.
kept      acknowledged and in the copy. It stays `KEEP_MS`: a server that was restored from a backup gets it again.
refused   the server will not have it; it waits for the person, and nothing waits for it.

All of it inside the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sync import device_clock
from sync.answers import Result
from sync.replica import DeviceError

KEEP_MS = 30 * 86_400_000
BATCH = 500
BATCH_BYTES = 1 << 19


@dataclass(frozen=True)
class Entry:
    """One patch as it is kept. `fields` None deletes; `again`: acknowledged before, and offered once more."""

    number: int
    collection: str
    id: str
    fields: dict[str, Any] | None
    hlc: str
    state: str
    again: bool
    status: str | None
    seq: int | None
    error: dict[str, Any] | None

    def patch(self) -> dict[str, Any]:
        """As it is sent."""
        what = {"delete": True} if self.fields is None else {"set": self.fields}
        return {"collection": self.collection, "id": self.id, **what, "hlc": self.hlc}


def add(
    db: sqlite3.Connection,
    collection: str,
    record_id: str,
    fields: Mapping[str, Any] | None,
    hlc: str,
    *,
    fill: bool = False,
) -> None:
    """Put a patch into the queue; `fill` marks one that completes a record for the patches after it."""
    text = None if fields is None else orjson.dumps(fields).decode()
    db.execute(
        "INSERT INTO outbox (collection, id, fields, hlc, state, fill) VALUES (?, ?, ?, ?, 'pending', ?)",
        (collection, record_id, text, hlc, fill),
    )


def entries(db: sqlite3.Connection, where: str = "1", arguments: Sequence[Any] = ()) -> list[Entry]:
    """Patches in the order of their stamps, which is the order in which they were made."""
    rows = db.execute(
        "SELECT number, collection, id, fields, hlc, state, again, status, seq, error FROM outbox"  # noqa: S608
        f" WHERE {where} ORDER BY hlc",
        arguments,
    )
    return [
        Entry(n, c, i, _json(fields), hlc, state, bool(again), status, seq, _json(error))
        for n, c, i, fields, hlc, state, again, status, seq, error in rows
    ]


def batch(db: sqlite3.Connection, most: int = BATCH) -> list[Entry]:
    """What to send next: at most `most` pending patches, and not many more bytes than the server takes at once.

    What completes a record goes first: the server refuses an old patch for a record that it does not know.
    """
    chosen: list[Entry] = []
    size = 0
    rows = db.execute(
        "SELECT number, fill FROM outbox WHERE state = 'pending' ORDER BY fill DESC, hlc LIMIT ?", (most,)
    )
    fills = dict(rows.fetchall())
    marks = ", ".join("?" * len(fills))
    found = entries(db, f"number IN ({marks})", list(fills))
    for entry in sorted(found, key=lambda entry: not fills[entry.number]):
        size += len(orjson.dumps(entry.patch()))
        if chosen and size > BATCH_BYTES:
            break
        chosen.append(entry)
    return chosen


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """{state: how many}."""
    return {"pending": 0, "acked": 0, "kept": 0, "refused": 0} | dict(
        db.execute("SELECT state, count(*) FROM outbox GROUP BY state")
    )


def settle(
    db: sqlite3.Connection,
    sent: Sequence[Entry],
    results: Sequence[Result],
    server_ms: int,
    wall_ms: int,
    device: str,
) -> None:
    """Write down what became of the patches of one request."""
    ahead: list[str] = []
    for entry, result in zip(sent, results, strict=True):
        if result.status == "deferred":
            continue
        if result.status != "rejected":
            device_clock.witness(db, [entry.hlc])
            db.execute(
                "UPDATE outbox SET state = 'acked', status = ?, seq = ?, error = NULL, acked_at = ?"
                " WHERE hlc = ? AND state = 'pending'",
                (result.status, result.seq or 0, server_ms, entry.hlc),
            )
        elif result.error and result.error["code"] == "clock_ahead":
            ahead.append(entry.hlc)
        else:
            set_aside(db, entry.hlc, result.error)
    if ahead:
        _stamp_again(db, min(ahead), wall_ms, device)
    db.execute("DELETE FROM outbox WHERE state = 'kept' AND acked_at < ?", (server_ms - KEEP_MS,))
    device_clock.forget_burnt(db)


def set_aside(db: sqlite3.Connection, hlc: str, error: Mapping[str, Any] | None) -> None:
    """The server will not have this patch.

    One that was acknowledged once is not the person's affair: it waits for its record to come back.
    """
    db.execute(
        "UPDATE outbox SET state = CASE WHEN again THEN 'kept' ELSE 'refused' END, error = ?"
        " WHERE hlc = ? AND state = 'pending'",
        (orjson.dumps(error).decode(), hlc),
    )


def _stamp_again(db: sqlite3.Connection, first: str, wall_ms: int, device: str) -> None:
    """Give everything that waits, from the stamp `first` on, a new stamp in the same order: the clock ran ahead.

    The rejected stamps were never let in, so nothing else bears them.
    """
    waiting = entries(db, "hlc >= ? AND state = 'pending'", (first,))
    others = "SELECT hlc FROM outbox WHERE state <> 'pending' OR hlc < ?"
    used = [hlc for (hlc,) in db.execute(others, (first,))]
    seen = max((hlc for hlc in used if hlc < first), default=None)
    device_clock.step_back(db, [entry.hlc for entry in waiting] + [hlc for hlc in used if hlc >= first], seen)
    for entry in waiting:
        hlc = device_clock.stamp(db, wall_ms, device)
        db.execute("UPDATE outbox SET hlc = ? WHERE number = ?", (hlc, entry.number))


def offer_again(db: sqlite3.Connection) -> int:
    """Put all that was acknowledged back into the queue, as it was: the server may have lost it. Returns how many."""
    changed = db.execute(
        "UPDATE outbox SET state = 'pending', again = 1, status = NULL, seq = NULL, error = NULL"
        " WHERE state IN ('acked', 'kept')"
    )
    return changed.rowcount


def offer_waiting(db: sqlite3.Connection, records: Iterable[tuple[str, str]]) -> None:
    """The same for what the server refused to take again, now that it has these records."""
    db.executemany(
        "UPDATE outbox SET state = 'pending', error = NULL"
        " WHERE collection = ? AND id = ? AND state = 'kept' AND error IS NOT NULL",
        records,
    )


def retry(db: sqlite3.Connection, number: int, hlc: str) -> None:
    """Put a refused patch back into the queue, stamped as a new one. Raises DeviceError for any other number."""
    old = refused(db, number)
    # The old stamp may have reached the server in a form that it refused; it must never mean anything else.
    db.execute("INSERT OR IGNORE INTO burnt VALUES (?)", (old.hlc,))
    db.execute("UPDATE outbox SET state = 'pending', hlc = ?, error = NULL WHERE number = ?", (hlc, number))


def drop(db: sqlite3.Connection, number: int) -> None:
    """Give up a refused patch. Raises DeviceError for any other number."""
    old = refused(db, number)
    db.execute("INSERT OR IGNORE INTO burnt VALUES (?)", (old.hlc,))
    db.execute("DELETE FROM outbox WHERE number = ?", (number,))


def refused(db: sqlite3.Connection, number: int) -> Entry:
    """The refused patch with this number. Raises DeviceError."""
    found = entries(db, "number = ? AND state = 'refused'", (number,))
    if not found:
        raise DeviceError(
            f"there is no refused change number {number}; see the outbox for those that there are"
        )
    return found[0]


def _json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
