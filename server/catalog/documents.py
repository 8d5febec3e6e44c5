"""The catalogue's documents as editors hold them, approved or not: reading one, and writing one with its history."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from server.catalog.history import Actor, record
from server.catalog.shapes import Document
from server.catalog.tables import catalog_document
from sync.canonical import Key


@dataclass(frozen=True, slots=True)
class Stored:
    """A document; `state` is draft, approved or retired. One that is retired keeps its last data."""

    version: int
    state: str
    data: Document
    updated_at: datetime
    updated_by: str | None

    @property
    def approved(self) -> Document | None:
        """What the catalogue has of it."""
        return self.data if self.state == "approved" else None


def stored(conn: Connection, key: Key) -> Stored | None:
    """The document, None where there never was one."""
    c = catalog_document.c
    row = conn.execute(
        select(c.version, c.state, c.data, c.updated_at, c.updated_by).where(
            c.collection == key[0], c.id == key[1]
        )
    ).one_or_none()
    return None if row is None else Stored(*row)


def put(
    conn: Connection,
    actor: Actor,
    key: Key,
    data: Document | None,
    *,
    now: datetime,
    draft: uuid.UUID | None = None,
    action: str | None = None,
    reason: str | None = None,
) -> None:
    """Approve the data as the document, or take it back (None), and write down who did so.

    Asks nobody: for `drafts.approve`, a roll-back, and what a machine makes of approved documents.
    """
    before = stored(conn, key)
    c = catalog_document.c
    if data is None:
        conn.execute(
            update(catalog_document)
            .where(c.collection == key[0], c.id == key[1])
            .values(state="retired", updated_at=now, updated_by=actor.id)
        )
    else:
        values = {"state": "approved", "data": data, "updated_at": now, "updated_by": actor.id}
        conn.execute(
            insert(catalog_document)
            .values(collection=key[0], id=key[1], **values)
            .on_conflict_do_update(index_elements=["collection", "id"], set_=values)
        )
    record(
        conn, actor, action or ("document.taken_back" if data is None else "document.approved"), now,
        key=key, draft=draft, before=before and before.approved,
        after=data, reason=reason,
    )  # fmt: skip
