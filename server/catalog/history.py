"""Who did what to the catalogue, when and why: rows are written in the transaction of what they tell of, and kept.

An entry names its actor by account id, never by name or address; a name is looked up when it is shown, so that an
account that was erased leaves none behind.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from server.accounts.tables import account
from server.catalog.merging import MISSING, FieldChange, changes
from server.catalog.tables import catalog_event
from sync.canonical import Document, Key

MAX_PAGE = 200


@dataclass(frozen=True)
class Actor:
    """Who acts: the account's id, the name to show, and the roles it has at this moment."""

    id: str
    name: str
    roles: frozenset[str]


SYSTEM = Actor("system", "Limber", frozenset())
"""What nobody did by hand: loading the content files, publishing at the time that an editor set."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. `before` and `after` hold the changed fields by dotted path; a field that was not there is absent."""

    id: int
    at: datetime
    actor: str
    roles: tuple[str, ...]
    action: str
    collection: str | None
    document: str | None
    draft: uuid.UUID | None
    release: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None


def fields(changed: Iterable[FieldChange]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(before, after) of some field changes, as an entry keeps them."""
    changed = list(changed)
    return (
        {each.path: each.before for each in changed if each.before is not MISSING},
        {each.path: each.after for each in changed if each.after is not MISSING},
    )


def row(
    actor: Actor,
    action: str,
    at: datetime,
    *,
    key: Key | None = None,
    draft: uuid.UUID | None = None,
    release: int | None = None,
    before: Document | None = None,
    after: Document | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """An entry's values; `before` and `after` are whole documents, of which the changed fields are kept."""
    old, new = fields(changes(dict(before or {}), dict(after or {})))
    return {
        "at": at, "actor": actor.id, "roles": sorted(actor.roles), "action": action,
        "collection": key and key[0], "document": key and key[1], "draft": draft, "release": release,
        "before": old or None, "after": new or None, "reason": reason,
    }  # fmt: skip


def record(conn: Connection, actor: Actor, action: str, at: datetime, **told: Any) -> None:
    """Add an entry; what it may tell is `row`'s. Raises ValueError for a time without zone."""
    record_all(conn, [row(actor, action, at, **told)])


def record_all(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add many entries at once."""
    if any(each["at"].tzinfo is None for each in rows):
        raise ValueError("an entry's time needs a zone")
    if rows:
        conn.execute(insert(catalog_event), list(rows))


def trail(
    conn: Connection,
    *,
    actor: str | None = None,
    action: str | None = None,
    collection: str | None = None,
    document: str | None = None,
    draft: uuid.UUID | None = None,
    release: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Event]:
    """The newest entries of a kind, newest first, at most 200; `before`: the id where the page before ended."""
    e = catalog_event.c
    wanted = {
        e.actor: actor, e.action: action, e.collection: collection, e.document: document,
        e.draft: draft, e.release: release,
    }  # fmt: skip
    query = select(catalog_event).where(*(column == value for column, value in wanted.items() if value))
    if since is not None:
        query = query.where(e.at >= since)
    if until is not None:
        query = query.where(e.at < until)
    if before is not None:
        query = query.where(e.id < before)
    rows = conn.execute(query.order_by(e.id.desc()).limit(max(1, min(limit, MAX_PAGE))))
    return [Event(**{**each._mapping, "roles": tuple(each.roles)}) for each in rows]


def names(conn: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Names to show for the ids of actors; of an account that has none or is gone, the first of its id."""
    wanted = set(ids)
    shown = {each: SYSTEM.name if each == SYSTEM.id else each[:8] for each in wanted}
    accounts = {found for each in wanted if (found := _uuid(each))}
    if accounts:
        a = account.c
        known = conn.execute(select(a.id, a.name).where(a.id.in_(accounts), a.name != ""))
        shown |= {str(found): name for found, name in known}
    return shown


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
