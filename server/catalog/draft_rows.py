"""The rows of drafts: what a draft is, finding drafts, and writing a change of one. The steps are in `drafts.py`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, all_, and_, func, literal, select, tuple_, update

from server.catalog import review
from server.catalog.merging import FieldChange, changes
from server.catalog.refusals import Unknown, WrongState
from server.catalog.shapes import Document
from server.catalog.tables import IS_OPEN, catalog_draft
from sync.canonical import Key

OPEN: Final = ("draft", "in_review", "sent_back")
MAX_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A change on its way. `data` None: to take the document back. `base`: what it began from, None for a new one."""

    id: uuid.UUID
    collection: str
    document: str
    base_version: int
    base: Document | None
    data: Document | None
    version: int
    state: str
    author: str
    contributors: tuple[str, ...]
    origin: str
    note: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    reviewer: str | None
    reviewed_at: datetime | None
    review_note: str | None

    @property
    def key(self) -> Key:
        """(collection, id) of the document."""
        return self.collection, self.document

    @property
    def changes(self) -> list[FieldChange]:
        """What it changes, field by field."""
        return changes(self.base, self.data)

    @property
    def safety_fields(self) -> list[str]:
        """The changed fields that a physio has to look at; empty when any reviewer will do."""
        return review.safety_fields(self.collection, self.document, self.base, self.data)


def read(conn: Connection, draft: uuid.UUID) -> Draft:
    """The draft. Raises Unknown."""
    row = conn.execute(select(catalog_draft).where(catalog_draft.c.id == draft)).one_or_none()
    if row is None:
        raise Unknown("There is no such change.")
    return from_row(row)


def open_for(conn: Connection, key: Key) -> Draft | None:
    """The document's open draft."""
    d = catalog_draft.c
    row = conn.execute(
        select(catalog_draft).where(d.collection == key[0], d.document == key[1], IS_OPEN)
    ).one_or_none()
    return None if row is None else from_row(row)


def listed(
    conn: Connection,
    *,
    states: Sequence[str] = OPEN,
    collection: str | None = None,
    author: str | None = None,
    origin: str | None = None,
    words: str | None = None,
    not_by: str | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 50,
) -> list[Draft]:
    """Drafts, the last touched first, at most 200; `after`: (updated_at, id) of the last one seen.

    `origin` matches a beginning ("import:"), `words` a part of the document's id, its name or its cue; `not_by` leaves
    out those that this person wrote in and so cannot approve.
    """
    d = catalog_draft.c
    wanted: list[ColumnElement[bool]] = [d.state.in_(states)]
    if collection:
        wanted.append(d.collection == collection)
    if author:
        wanted.append(d.author == author)
    if origin:
        wanted.append(d.origin.startswith(origin, autoescape=True))
    if not_by:
        wanted.append(literal(not_by) != all_(d.contributors))
    if words:
        found = func.concat_ws(" ", d.document, d.data["name"].astext, d.data["cue"].astext)
        wanted.append(found.icontains(words, autoescape=True))
    if after:
        wanted.append(tuple_(d.updated_at, d.id) < tuple_(*after))
    rows = select(catalog_draft).where(and_(*wanted)).order_by(d.updated_at.desc(), d.id.desc())
    return [from_row(row) for row in conn.execute(rows.limit(max(1, min(limit, MAX_PAGE))))]


def counts(conn: Connection) -> dict[str, int]:
    """How many drafts there are in each open state."""
    d = catalog_draft.c
    rows = conn.execute(select(d.state, func.count().label("number")).where(IS_OPEN).group_by(d.state))
    return dict.fromkeys(OPEN, 0) | {row.state: row.number for row in rows}


def locked(conn: Connection, draft: uuid.UUID, states: Sequence[str], otherwise: str) -> Draft:
    """The draft, which nobody else changes until the transaction ends. Raises Unknown; WrongState with `otherwise`."""
    row = conn.execute(
        select(catalog_draft).where(catalog_draft.c.id == draft).with_for_update()
    ).one_or_none()
    if row is None:
        raise Unknown("There is no such change.")
    found = from_row(row)
    if found.state not in states:
        raise WrongState(found, otherwise)
    return found


def change(conn: Connection, draft: Draft, **values: Any) -> Draft:
    """Write some columns of a locked draft."""
    row = conn.execute(
        update(catalog_draft).where(catalog_draft.c.id == draft.id).values(**values).returning(catalog_draft)
    ).one()
    return from_row(row)


def from_row(row: Row[Any]) -> Draft:
    """A draft of a row of the table."""
    return Draft(**{**row._mapping, "contributors": tuple(row.contributors)})
