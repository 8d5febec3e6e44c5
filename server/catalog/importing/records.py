"""What imports left behind, for the desk: runs, records, and where an exercise came from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from server.catalog.content import Problem
from server.catalog.drafts import Refused, Unknown
from server.catalog.history import Actor
from server.catalog.importing.batches import begin
from server.catalog.importing.crediting import SETS, line
from server.catalog.importing.facts import Field, Licence, Record
from server.catalog.importing.ground import taken
from server.catalog.importing.results import Result, new_slug
from server.catalog.importing.tables import import_batch, import_record
from server.catalog.tables import catalog_draft

AFTER_ALL = ("duplicate", "refused")
MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an exercise came from, and on which terms."""

    record: uuid.UUID
    set_name: str
    source_name: str
    licence: Licence
    credit: str
    share_alike: bool
    at: datetime


def runs(conn: Connection, limit: int = 50) -> list[Row[Any]]:
    """The imports, newest first, each with how many of its drafts are still open (`waiting`)."""
    b, r, d = import_batch.c, import_record.c, catalog_draft.c
    waiting = (
        select(func.count())
        .select_from(import_record.join(catalog_draft, d.id == r.draft))
        .where(r.batch == b.id, d.state.in_(("draft", "in_review", "sent_back")))
        .scalar_subquery()
    )
    rows = select(import_batch, waiting.label("waiting")).order_by(b.started_at.desc(), b.id).limit(limit)
    return list(conn.execute(rows))


def run_of(conn: Connection, batch: uuid.UUID) -> Row[Any]:
    """One import. Raises Unknown."""
    row = conn.execute(select(import_batch).where(import_batch.c.id == batch)).one_or_none()
    if row is None:
        raise Unknown("There is no such import.")
    return row


def listed(
    conn: Connection,
    batch: uuid.UUID,
    *,
    outcome: str = "",
    words: str = "",
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Row[Any]], int]:
    """Records of an import by name, with the state of their drafts, and how many there are in all."""
    r, d = import_record.c, catalog_draft.c
    wanted = [r.batch == batch]
    if outcome:
        wanted.append(r.outcome == outcome)
    if words:
        wanted.append(
            func.concat_ws(" ", r.name, r.source_name, r.document).icontains(words, autoescape=True)
        )
    total = conn.scalar(select(func.count()).select_from(import_record).where(*wanted)) or 0
    rows = (
        select(import_record, d.state.label("draft_state"))
        .select_from(import_record.outerjoin(catalog_draft, d.id == r.draft))
        .where(*wanted)
        .order_by(r.outcome, r.name, r.id)
        .offset(offset)
        .limit(min(limit, MAX_PAGE))
    )
    return list(conn.execute(rows)), total


def record_of(conn: Connection, record: uuid.UUID) -> Row[Any]:
    """One record. Raises Unknown."""
    row = conn.execute(select(import_record).where(import_record.c.id == record)).one_or_none()
    if row is None:
        raise Unknown("There is no such record.")
    return row


def provenance(conn: Connection, slug: str) -> list[Provenance]:
    """Where the exercise of that slug came from: the records whose drafts it began with."""
    r = import_record.c
    rows = conn.execute(
        select(import_record)
        .where(r.document == slug, r.outcome.in_(("draft", "change")))
        .order_by(r.at, r.id)
    )
    return [
        Provenance(
            row.id, SETS.get(row.format, row.format), row.source_name, Licence(**row.licence),
            line(Licence(**row.licence)), row.share_alike, row.at,
        )
        for row in rows
    ]  # fmt: skip


def take_after_all(conn: Connection, actor: Actor, record: uuid.UUID, now: datetime) -> Result:
    """Begin a draft of a record that the import took for a duplicate or could not use. Raises Unknown, Refused."""
    row = conn.execute(
        select(import_record).where(import_record.c.id == record).with_for_update()
    ).one_or_none()
    if row is None:
        raise Unknown("There is no such record.")
    if row.outcome not in AFTER_ALL or row.proposal is None:
        raise Refused([Problem("record", "is not one that a draft can be made of")])
    held = Record(
        row.source_id, row.place, row.name, Licence(**row.licence), _fields(row.fields), row.language,
        row.source_name, steps=tuple(row.steps), digest=row.digest,
    )  # fmt: skip
    result = Result(
        row.source_id, row.place, row.name, "draft", f"wanted after all: {row.why}", None, held, None,
        new_slug(row.name, taken(conn)),
    )  # fmt: skip
    result = begin(conn, actor, row.format, row.batch, result, now)
    conn.execute(
        update(import_record)
        .where(import_record.c.id == record)
        .values(outcome="draft", draft=result.draft, document=result.document, why=result.why, at=now)
    )
    return result


def _fields(held: list[Mapping[str, Any]]) -> tuple[Field, ...]:
    return tuple(Field(**each) for each in held)
