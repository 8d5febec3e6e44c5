"""What a physio sets for a member: records of the member's collection `constraint`, sealed, which devices only read.

Each carries the id of its link as `by`, and goes when the link ends. These functions are given a link in force, whose
row the transaction holds; they turn the transaction to the member's rows, and to nothing of them but this collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, select

from server.accounts import physio
from server.accounts.data_keys import act_for, data_key
from server.accounts.physio import Link
from server.settings import Settings
from sync import clock
from sync.fields import FieldInvalid
from sync.push import Limits, push
from sync.records import RULES
from sync.sealing import DataKey, SealBroken
from sync.store import ACCOUNT
from sync.tables import record

COLLECTION: Final = "constraint"
MOST: Final = 100
"""Constraints under one link."""
OURS: Final = frozenset({"by", "by_name", "at"})
"""Fields that the server writes."""
FIELDS: Final = frozenset(RULES[COLLECTION].fields) - OURS
# What a physio has set never fails for the member's quota, nor does its end.
_LIMITS: Final = Limits(records=2**62, bytes=2**62)


class ConstraintUnknown(LookupError):
    """No such constraint under this link."""


class TooManyConstraints(ValueError):
    """There are as many constraints under this link as there may be."""


@dataclass(frozen=True, slots=True)
class _Found:
    id: str
    hlc: str
    data: dict[str, Any]


def listed(conn: Connection, settings: Settings, link: Link) -> list[dict[str, Any]]:
    """The constraints that were set under this link."""
    key = _as_member(conn, settings, link, hold=False)
    return [_shown(found) for found in _of(conn, key, link)]


def create(
    conn: Connection, settings: Settings, link: Link, fields: Mapping[str, Any], by_name: str, now: datetime
) -> dict[str, Any]:
    """Set a new constraint. Raises FieldInvalid, TooManyConstraints."""
    _check(fields)
    key = _as_member(conn, settings, link)
    if len(_of(conn, key, link)) >= MOST:
        raise TooManyConstraints(f"there are {MOST} constraints under this link, the most there may be")
    made = str(uuid4())
    whole = {**fields, "by": str(link.id), "by_name": by_name or None, "at": _instant(now)}
    _write(conn, key, [(made, None, whole)], now)
    _note(conn, link, "constraint_set", made, now)
    return {"id": made, **whole}


def change(
    conn: Connection,
    settings: Settings,
    link: Link,
    constraint: str,
    fields: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Change fields of a constraint that was set under this link. Raises ConstraintUnknown, FieldInvalid."""
    _check(fields)
    key = _as_member(conn, settings, link)
    found = _one(conn, key, link, constraint)
    changed = {**fields, "at": _instant(now)}
    _write(conn, key, [(found.id, found.hlc, changed)], now)
    _note(conn, link, "constraint_changed", found.id, now)
    return {**_shown(found), **changed}


def remove(conn: Connection, settings: Settings, link: Link, constraint: str, now: datetime) -> None:
    """Lift one constraint. Raises ConstraintUnknown."""
    key = _as_member(conn, settings, link)
    found = _one(conn, key, link, constraint)
    _write(conn, key, [(found.id, found.hlc, None)], now)
    _note(conn, link, "constraint_removed", found.id, now)


def lift_all(conn: Connection, settings: Settings, link: Link, now: datetime) -> int:
    """End what was set under a link that is ended in this transaction. Returns how many constraints that were."""
    key = _as_member(conn, settings, link)
    found = _of(conn, key, link)
    _write(conn, key, [(each.id, each.hlc, None) for each in found], now)
    return len(found)


def _as_member(conn: Connection, settings: Settings, link: Link, *, hold: bool = True) -> DataKey:
    act_for(conn, link.member)
    return data_key(conn, settings, link.member, hold=hold)


def _of(conn: Connection, key: DataKey, link: Link) -> list[_Found]:
    r = record.c
    mine = (r.stream == f"{ACCOUNT}{link.member}") & (r.collection == COLLECTION) & ~r.deleted
    found = []
    for row in conn.execute(select(r.id, r.hlc, r.data).where(mine).order_by(r.id)):
        # One that cannot be opened is nobody's any more, and must not keep a link from being ended.
        with suppress(SealBroken):
            found.append(_Found(row.id, row.hlc, key.unseal_data(row.data)))
    return [each for each in found if each.data.get("by") == str(link.id)]


def _one(conn: Connection, key: DataKey, link: Link, constraint: str) -> _Found:
    for found in _of(conn, key, link):
        if found.id == constraint:
            return found
    raise ConstraintUnknown("there is no such constraint under this link")


def _write(
    conn: Connection,
    key: DataKey,
    changes: list[tuple[str, str | None, dict[str, Any] | None]],
    now: datetime,
) -> None:
    """Each change is (id, clock of what is there, fields or None to delete)."""
    now_ms = int(now.timestamp() * 1000)
    patches = [
        {
            "collection": COLLECTION, "id": name, "hlc": clock.tick(last, now_ms, clock.SERVER),
            **({"delete": True} if fields is None else {"set": fields}),
        }
        for name, last, fields in changes
    ]  # fmt: skip
    if not patches:
        return
    pushed = push(
        conn, key.stream, patches, now_ms=now_ms, rules=RULES, seal=key.seal, limits=_LIMITS, by_server=True
    )
    for result in pushed.results:
        if result.error is not None:
            raise FieldInvalid(result.error.field, result.error.detail)


def _note(conn: Connection, link: Link, action: str, constraint: str, now: datetime) -> None:
    physio.note(conn, link.id, "physio", action, now, {"constraint": constraint})


def _check(fields: Mapping[str, Any]) -> None:
    if not fields:
        raise FieldInvalid("body", "must set at least one field")
    for name in fields:
        if name not in FIELDS:
            raise FieldInvalid(name, f"is not a field of a constraint; there are {', '.join(sorted(FIELDS))}")
    RULES[COLLECTION].check(fields, whole=False)


def _shown(found: _Found) -> dict[str, Any]:
    return {"id": found.id, **found.data}


def _instant(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
