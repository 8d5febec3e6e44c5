"""What an import compares with: the approved catalogue, drafts of new exercises, and earlier imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from server.catalog import drafts
from server.catalog.importing.tables import import_record
from server.catalog.tables import catalog_document, catalog_draft
from sync.canonical import Key

Documents = Mapping[Key, Mapping[str, Any]]
COLLECTIONS = ("exercise", "vocabulary", "activity")


@dataclass(frozen=True, slots=True)
class Seen:
    """A record of an earlier import: what the set said then, and what came of it."""

    digest: str
    outcome: str


@dataclass(slots=True)
class Ground:
    """`taken`: slugs that are given; `begun`: new exercises that are only drafts yet; `seen`: by the record's id."""

    documents: Documents
    taken: set[str] = field(default_factory=set)
    begun: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)


def of(conn: Connection, form: str) -> Ground:
    """What there is for an import of the format."""
    c, r = catalog_document.c, import_record.c
    approved = conn.execute(
        select(c.collection, c.id, c.data)
        .where(c.state == "approved", c.collection.in_(COLLECTIONS))
        .order_by(c.collection, c.id)
    )
    documents = {(row.collection, row.id): row.data for row in approved}
    records = conn.execute(select(r.source_id, r.digest, r.outcome).where(r.format == form))
    seen = {row.source_id: Seen(row.digest, row.outcome) for row in records}
    return Ground(documents, taken(conn), _begun(conn, form), seen)


def taken(conn: Connection) -> set[str]:
    """Slugs that a document, of whatever state, or an open draft has."""
    c, d = catalog_document.c, catalog_draft.c
    held = set(conn.scalars(select(c.id).where(c.collection == "exercise")))
    begun = select(d.document).where(d.collection == "exercise", d.state.in_(drafts.OPEN))
    return held | set(conn.scalars(begun))


def _begun(conn: Connection, form: str) -> dict[str, Any]:
    """Drafts of new exercises; those of this very set are left out, as their records find each other."""
    d, r = catalog_draft.c, import_record.c
    own = select(r.draft).where(r.format == form, r.draft.is_not(None))
    rows = conn.execute(
        select(d.document, d.data)
        .where(d.collection == "exercise", d.base_version == 0, d.state.in_(drafts.OPEN), d.id.not_in(own))
        .order_by(d.document)
    )
    return {row.document: row.data for row in rows if row.data}
