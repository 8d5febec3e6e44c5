"""What devices send: patches checked, merged and written under the lock of the stream's head.

The transaction is the caller's, and nothing may be acknowledged before it is committed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import orjson
from sqlalchemy import Connection

from sync import clock, store
from sync.canonical import quick_json, value_problem
from sync.cursor import Cursor
from sync.fields import FieldInvalid
from sync.merge import Outcome, Patch, Stored, append, merge

DRIFT_MS = 5 * 60_000
"""How far ahead of the server's time a patch may be stamped."""
HORIZON_MS = 180 * 86_400_000
"""How long a deletion is remembered: an older patch for an unknown record may be of one that was forgotten."""
FIELDS_MOST = 64
FIELD_LONGEST = 64

# Begins a sealed value in the store (sync.sealing), and is therefore allowed nowhere in what comes in. With an even
# number of backslashes before it, it is text that only looks like it.
_SEALED = re.compile(rb"(?<!\\)(?:\\\\)*\\u001a")

Status = Literal["applied", "merged", "stale", "rejected", "deferred"]
Code = Literal[
    "invalid", "too_large", "clock_ahead", "append_only", "read_only", "gone", "quota_records", "quota_bytes",
    "unknown_collection",
]  # fmt: skip
Seal = Callable[[Any], str]
"""What is stored in place of a value: `sync.sealing.DataKey.seal`."""


class Rule(Protocol):
    """What one collection demands; `sync.records.RULES` are an account's."""

    @property
    def append_only(self) -> bool: ...
    @property
    def read_only(self) -> bool: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def id_pattern(self) -> re.Pattern[str]: ...
    def seals(self, name: str) -> bool: ...
    def check(self, fields: Mapping[str, Any], whole: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one account may keep, and how a push is judged in time."""

    records: int = 100_000
    bytes: int = 256 * 2**20
    horizon_ms: int = HORIZON_MS
    drift_ms: int = DRIFT_MS


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a patch was not taken: for machines, for the field it is about, for people."""

    code: Code
    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one patch; `seq` is where its record now stands."""

    id: str | None
    status: Status
    seq: int | None = None
    error: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """Results in the order of the patches, the head afterwards, and `own`.

    `own` are the versions that the device holds once it has laid its patches over the version before, which it had.
    """

    results: list[Result]
    own: list[int]
    head: store.Head


class _Refused(Exception):
    def __init__(self, code: Code, field: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(code, field, detail)


@dataclass(slots=True)
class _Row:
    """A record of this push while it is being merged."""

    stored: Stored | None
    seq: int  # of the version that is stored; 0 for none
    size: int  # its bytes that the quota counts
    known: bool  # the device holds the version before, exactly
    moved: bool = False
    place: int = 0  # the seq it will have


_EXISTING = """
SELECT r.collection, r.id, r.seq, r.deleted, r.data::text, r.clocks::text
  FROM unnest(%(collections)s::text[], %(ids)s::text[]) AS k (collection, id)
  JOIN record r ON r.stream = %(stream)s::text AND r.collection = k.collection AND r.id = k.id
"""

_WRITE = """
WITH written AS (
    INSERT INTO record (stream, collection, id, seq, deleted, data, clocks, hlc)
    SELECT %(stream)s::text, n.collection, n.id, n.seq, n.deleted, n.data, n.clocks, n.hlc
      FROM json_to_recordset(%(rows)s::json)
        AS n (collection text, id text, seq bigint, deleted boolean, data jsonb, clocks jsonb, hlc text)
    ON CONFLICT (stream, collection, id)
    DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted, data = excluded.data,
                  clocks = excluded.clocks, hlc = excluded.hlc, at = now()
)
UPDATE stream SET head = %(head)s::bigint, records = records + %(records)s::bigint, bytes = bytes + %(bytes)s::bigint
 WHERE stream = %(stream)s::text
"""


def push(
    conn: Connection,
    stream: str,
    patches: Sequence[Any],
    *,
    now_ms: int,
    rules: Mapping[str, Rule],
    cursor: Cursor | None = None,
    seal: Seal | None = None,
    limits: Limits = Limits(),
    by_server: bool = False,
) -> Pushed:
    """Merge patches, as they came, into an account's stream; each has its own result.

    `now_ms` is the server's time, `cursor` where the device says it stands in the stream, `seal` encrypts the fields
    that a rule seals. `by_server` lets a patch into read-only collections. Nothing raises because of what a patch
    holds.
    """
    # Before the lock: whoever else writes to this account need not wait for it.
    read = [_read(raw, rules, now_ms, limits, by_server) for raw in patches]
    head, kept_records, kept_bytes = store.lock_account(conn, stream)
    if cursor is not None and cursor.epoch == head.epoch and 0 < cursor.seq < head.floor:
        # A deletion that this device never saw is forgotten: it must look at what is left before it writes.
        return Pushed([Result(_id_of(raw), "deferred") for raw in patches], [], head)
    rows = _rows(conn, stream, [patch for patch in read if isinstance(patch, Patch)], head, cursor)
    totals = _Totals(kept_records, kept_bytes, limits)
    results: list[Result] = []
    place = head.seq
    for raw, patch in zip(patches, read, strict=True):
        if isinstance(patch, Refusal):
            results.append(Result(_id_of(raw), "rejected", error=patch))
            continue
        row, rule = rows[patch.collection, patch.id], rules[patch.collection]
        try:
            outcome = _met(row, rule, patch, now_ms, limits)
            if outcome.moved:
                kept = _sealed(outcome, rule, seal)
                size = _size(kept)
                if size > rule.max_bytes:
                    raise _Refused(
                        "too_large", "set", f"The record would have more than {rule.max_bytes} bytes."
                    )
                totals.add(row.stored is None, size - row.size)
                if not row.moved:
                    place += 1
                    row.place = place
                exact = outcome.status == "applied" and (
                    row.stored is None or not row.stored.deleted or kept.deleted
                )
                row.known = row.known and exact
                row.stored, row.size, row.moved = kept, size, True
        except _Refused as refused:
            results.append(Result(patch.id, "rejected", error=refused.refusal))
            continue
        results.append(Result(patch.id, outcome.status, row.place or row.seq))
    moved = {key: row for key, row in rows.items() if row.moved}
    if moved:
        _write(conn, stream, moved, place, totals)
    own = sorted(row.place for row in moved.values() if row.known)
    return Pushed(results, own, store.Head(head.epoch, place, head.floor))


def _id_of(raw: Any) -> str | None:
    found = raw.get("id") if isinstance(raw, dict) else None
    return found if isinstance(found, str) else None


def _read(
    raw: Any, rules: Mapping[str, Rule], now_ms: int, limits: Limits, by_server: bool
) -> Patch | Refusal:
    """The patch, or why it is none."""
    try:
        return _checked(raw, rules, now_ms, limits, by_server)
    except _Refused as refused:
        return refused.refusal
    except FieldInvalid as error:
        return Refusal("invalid", f"set.{error.field}", f"This {error.reason}.")
    except clock.ClockInvalid as error:
        return Refusal("invalid", "hlc", f"{error}.".capitalize())


def _checked(raw: Any, rules: Mapping[str, Rule], now_ms: int, limits: Limits, by_server: bool) -> Patch:
    if not isinstance(raw, dict):
        raise _Refused("invalid", "", "A patch is an object.")
    collection, record_id, fields = raw.get("collection"), raw.get("id"), raw.get("set")
    if not isinstance(collection, str) or collection not in rules:
        raise _Refused("unknown_collection", "collection", f"There are {', '.join(sorted(rules))}.")
    rule = rules[collection]
    if not isinstance(record_id, str):
        raise _Refused("invalid", "id", "Must be text.")
    if rule.id_pattern.fullmatch(record_id) is None:
        raise _Refused("invalid", "id", f"An id of {collection} must match {rule.id_pattern.pattern}.")
    if rule.read_only and not by_server:
        raise _Refused("read_only", "collection", f"What is in {collection} is not for devices to write.")
    hlc: str = raw.get("hlc", "")
    stamp = clock.parse(hlc)
    if stamp.ms > now_ms + limits.drift_ms:
        ahead = round((stamp.ms - now_ms) / 1000)
        raise _Refused("clock_ahead", "hlc", f"This clock is {ahead} seconds ahead of the server's.")
    if raw.get("delete", False) is True and fields is None:
        if rule.append_only and not by_server:
            raise _Refused("append_only", "delete", f"A record of {collection} stays as it was written.")
        return Patch(collection, record_id, hlc, None)
    if "delete" in raw:
        raise _Refused("invalid", "delete", "Must be true, and without `set`.")
    if not isinstance(fields, dict) or not 0 < len(fields) <= FIELDS_MOST:
        raise _Refused("invalid", "set", f"Must be an object with 1 to {FIELDS_MOST} fields.")
    for name in fields:
        if not 0 < len(name) <= FIELD_LONGEST or name == "*":
            raise _Refused(
                "invalid", "set", f"A field's name has 1 to {FIELD_LONGEST} characters and is not *."
            )
    plain = quick_json(fields)
    if plain is None:
        problem = value_problem(fields, "set")
        if problem:
            raise _Refused("invalid", problem[0], f"This {problem[1]}.")
        plain = orjson.dumps(fields)
    if b"\\u001a" in plain and _SEALED.search(plain):
        raise _Refused("invalid", "set", "Must not hold the control character U+001A.")
    rule.check(fields, rule.append_only)
    return Patch(collection, record_id, hlc, fields)


def stored(
    conn: Connection, stream: str, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[Stored, int]]:
    """What the stream holds of the named records, deleted ones too, as it is kept (sealed), each with its seq."""
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return {}
    asked = {"stream": stream, "collections": [c for c, _ in wanted], "ids": [i for _, i in wanted]}
    return {
        (collection, record_id): (Stored(deleted, orjson.loads(data), orjson.loads(clocks)), seq)
        for collection, record_id, seq, deleted, data, clocks in conn.exec_driver_sql(_EXISTING, asked)
    }


def _rows(
    conn: Connection, stream: str, patches: Sequence[Patch], head: store.Head, cursor: Cursor | None
) -> dict[tuple[str, str], _Row]:
    """The records that the patches are about."""
    # What the device has seen; nothing when it stands in another epoch.
    seen = cursor.seq if cursor is not None and cursor.epoch == head.epoch and cursor.seq <= head.seq else -1
    rows = {(patch.collection, patch.id): _Row(None, 0, 0, seen >= 0) for patch in patches}
    for key, (found, seq) in stored(conn, stream, rows).items():
        rows[key] = _Row(found, seq, _size(found), seq <= seen)
    return rows


def _met(row: _Row, rule: Rule, patch: Patch, now_ms: int, limits: Limits) -> Outcome:
    """The outcome of a patch. Raises _Refused."""
    # It was parsed when the patch was read: its first twelve digits are the milliseconds.
    if row.stored is None and int(patch.hlc[:12], 16) < now_ms - limits.horizon_ms:
        days = limits.horizon_ms // 86_400_000
        raise _Refused(
            "gone", "id", f"This record is not known, and the change is more than {days} days old."
        )
    if not rule.append_only or patch.set is None:
        return merge(row.stored, patch)
    outcome = append(row.stored, patch)
    if outcome is None:
        raise _Refused("append_only", "id", "This record exists; it stays as it was written.")
    return outcome


def _sealed(outcome: Outcome, rule: Rule, seal: Seal | None) -> Stored:
    """The record as it is stored: fields that are secret are sealed when they are written."""
    stored = outcome.stored
    names = [name for name in outcome.won if rule.seals(name)] if seal is not None else []
    if not names or seal is None:
        return stored
    data = {**stored.data, **{name: seal(stored.data[name]) for name in names}}
    return Stored(stored.deleted, data, stored.clocks)


def _size(stored: Stored) -> int:
    """Bytes that the quota counts: what is deleted is free."""
    return 0 if stored.deleted else len(orjson.dumps(stored.data))


class _Totals:
    """What the account keeps, and how this push changes it."""

    def __init__(self, records: int, bytes_: int, limits: Limits) -> None:
        self._before, self._limits = (records, bytes_), limits
        self.records = self.bytes = 0

    def add(self, new: bool, size: int) -> None:
        """Count a record; raises _Refused when it is one too many."""
        if new and self._before[0] + self.records >= self._limits.records:
            raise _Refused(
                "quota_records", "id", f"The account holds {self._limits.records} records, its most."
            )
        if size > 0 and self._before[1] + self.bytes + size > self._limits.bytes:
            raise _Refused("quota_bytes", "set", f"The account holds {self._limits.bytes} bytes, its most.")
        self.records += new
        self.bytes += size


def _write(
    conn: Connection, stream: str, rows: Mapping[tuple[str, str], _Row], head: int, totals: _Totals
) -> None:
    # One JSON text: arrays of texts would each be escaped, which took half of a push.
    written = [
        {
            "collection": collection, "id": record_id, "seq": row.place, "deleted": row.stored.deleted,
            "data": row.stored.data, "clocks": row.stored.clocks, "hlc": row.stored.hlc,
        }
        for (collection, record_id), row in rows.items()
        if row.stored is not None
    ]  # fmt: skip
    asked = {"stream": stream, "head": head, "rows": orjson.dumps(written).decode()}
    conn.exec_driver_sql(_WRITE, asked | {"records": totals.records, "bytes": totals.bytes})
