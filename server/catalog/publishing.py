"""Releases as editors make them: now or at a time, with notes, and back again. Each is signed, and has a higher number.

Every function takes the caller's transaction. Who may is for the door (`server/access.py`: catalog.release). What one
release changed and what the next one would is in `comparing.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from server.catalog.checking import WITH_EXERCISE
from server.catalog.comparing import STREAM, Change, documents_of, pending, release_of
from server.catalog.comparing import diff as diff
from server.catalog.content import Problem, validate
from server.catalog.history import SYSTEM, Actor, record, record_all, row
from server.catalog.publish import Check, Made, PublishRefused, make_release
from server.catalog.refusals import Refused, Unknown, WrongState
from server.catalog.shapes import Document
from server.catalog.tables import catalog_document, catalog_draft, catalog_publication
from sync.canonical import Key
from sync.objects import ObjectStore
from sync.releases import Release
from sync.signing import SigningKey
from sync.tables import release as release_table

NOTES_CHARACTERS: Final = 4000
LATEST: Final = timedelta(days=366)
MAX_PAGE: Final = 200
_KEYS_TOLD: Final = 500
_NO_NOTES: Final = Problem("notes", "are needed: say in a sentence what is new")


@dataclass(frozen=True, slots=True)
class Publication:
    """What somebody published or means to: state is scheduled, published, failed or cancelled (`problem` says why)."""

    id: uuid.UUID
    state: str
    notes: str
    requested_by: str
    requested_at: datetime
    scheduled_for: datetime | None
    done_at: datetime | None
    release: int | None
    rolls_back_to: int | None
    changed: int | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Released:
    """A release in the list; `publication` is None for one that nobody made at the desk."""

    number: int
    published_at: datetime
    documents: int
    bytes: int
    publication: Publication | None


def release(
    conn: Connection,
    store: ObjectStore,
    key: SigningKey,
    actor: Actor,
    notes: str,
    now: datetime,
    *,
    check: Check = validate,
) -> Release | None:
    """Publish what is approved; None when that is what devices have already.

    Raises PublishRefused with every problem, Refused without notes.
    """
    told = _notes(notes)
    done = make_release(conn, store, key, now, check)
    if done is None:
        return None
    _published(conn, actor, done, told, now)
    _tell(conn, actor, "release.published", done, told, now)
    return done.release


def schedule(conn: Connection, actor: Actor, at: datetime, notes: str, now: datetime) -> Publication:
    """Publish at a time what is approved by then. Raises Refused for a time that is past, far or without a zone."""
    if at.tzinfo is None:
        raise Refused([Problem("scheduled_for", "needs a time zone")])
    if not now < at <= now + LATEST:
        raise Refused([Problem("scheduled_for", "must be in the future, within a year")])
    made = _add(conn, actor, _notes(notes), now, state="scheduled", scheduled_for=at)
    record(
        conn, actor, "release.scheduled", now, after={"for": at.isoformat(), "publication": str(made.id)},
        reason=made.notes,
    )  # fmt: skip
    return made


def cancel(conn: Connection, actor: Actor, publication: uuid.UUID, now: datetime) -> Publication:
    """Don't publish at the time that was set. Raises Unknown; WrongState when it is done or cancelled already."""
    p = catalog_publication.c
    found = conn.execute(
        select(catalog_publication).where(p.id == publication).with_for_update()
    ).one_or_none()
    if found is None:
        raise Unknown("There is no such release planned.")
    if found.state != "scheduled":
        raise WrongState(None, f"This release is {found.state} already.")
    done = _close(conn, publication, now, state="cancelled")
    record(conn, actor, "release.cancelled", now, after={"publication": str(publication)}, reason=done.notes)
    return done


def publish_due(
    conn: Connection, store: ObjectStore, key: SigningKey, now: datetime, *, check: Check = validate
) -> list[Publication]:
    """Publish what was planned until now; returns what came of each.

    A catalogue with problems fails and stays as it is. Raises what the object store raises: then nothing is done, and
    the next call tries again. Two callers at once do each only once.
    """
    p = catalog_publication.c
    due = conn.execute(
        select(catalog_publication)
        .where(p.state == "scheduled", p.scheduled_for <= now)
        .order_by(p.scheduled_for, p.id)
        .with_for_update(skip_locked=True)
    ).all()
    return [_publish_planned(conn, store, key, planned, now, check) for planned in due]


def _publish_planned(
    conn: Connection, store: ObjectStore, key: SigningKey, planned: Row[Any], now: datetime, check: Check
) -> Publication:
    try:
        done = make_release(conn, store, key, now, check)
    except PublishRefused as refused:
        closed = _close(conn, planned.id, now, state="failed", problem=str(refused))
        record(
            conn, SYSTEM, "release.failed", now,
            after={"publication": str(planned.id)}, reason=closed.problem,
        )  # fmt: skip
        return closed
    if done is None:
        told = "Nothing had changed since the last release."
        record(conn, SYSTEM, "release.cancelled", now, after={"publication": str(planned.id)}, reason=told)
        return _close(conn, planned.id, now, state="cancelled", problem=told)
    _tell(conn, SYSTEM, "release.published", done, planned.notes, now)
    return _close(
        conn, planned.id, now, state="published", release=done.release.number, changed=len(done.changes)
    )


def roll_back(
    conn: Connection,
    store: ObjectStore,
    key: SigningKey,
    actor: Actor,
    to: int,
    reason: str,
    now: datetime,
    *,
    check: Check = validate,
) -> Release:
    """Make the documents of release `to` the approved ones, and publish them as a new, higher release.

    What was approved and not yet released becomes drafts, so nobody's work is lost. Raises Unknown for a release that
    does not exist, Refused without a reason or where nothing would change, PublishRefused.
    """
    told = _notes(reason, Problem("reason", "is needed: say why the catalogue goes back"))
    conn.exec_driver_sql("LOCK TABLE catalog_document IN SHARE ROW EXCLUSIVE MODE")
    target = documents_of(store, release_of(conn, to))
    unreleased = {each.key: each for each in pending(conn)}
    differing = _differing(conn, target)
    _write(conn, actor, target, differing, f"Back to release {to}: {told}", now)
    _keep(conn, actor, {key: each for key, each in unreleased.items() if key in differing}, to, now)
    done = make_release(conn, store, key, now, check)
    if done is None:
        raise Refused([Problem("release", f"is what devices have already, so there is no way back to {to}")])
    _published(conn, actor, done, told, now, rolls_back_to=to)
    _tell(conn, actor, "release.rolled_back", done, told, now, rolls_back_to=to)
    return done.release


def _differing(conn: Connection, target: Mapping[Key, Document]) -> dict[Key, Document | None]:
    """The approved data of each document that the target has otherwise; None where there are none."""
    c = catalog_document.c
    rows = conn.execute(select(c.collection, c.id, c.state, c.data)).all()
    states = {(each.collection, each.id): each.state for each in rows}
    held = {(each.collection, each.id): each.data for each in rows if each.state == "approved"}
    found: dict[Key, Document | None] = {
        key: held.get(key) for key, data in target.items() if held.get(key) != data
    }
    for key in held.keys() - target.keys():
        # What waits for its exercise goes on waiting.
        exercise = ("exercise", key[1])
        if not (key[0] in WITH_EXERCISE and exercise in states and exercise not in target):
            found[key] = held[key]
    return found


def _write(
    conn: Connection,
    actor: Actor,
    target: Mapping[Key, Document],
    differing: Mapping[Key, Document | None],
    told: str,
    now: datetime,
) -> None:
    c = catalog_document.c
    written = [
        {
            "collection": key[0], "id": key[1], "state": "approved", "data": target[key],
            "updated_at": now, "updated_by": actor.id,
        }
        for key in differing if key in target
    ]  # fmt: skip
    if written:
        put = upsert(catalog_document)
        changed = {name: put.excluded[name] for name in ("state", "data", "updated_at", "updated_by")}
        conn.execute(put.on_conflict_do_update(index_elements=["collection", "id"], set_=changed), written)
    for key in differing.keys() - target.keys():
        conn.execute(
            update(catalog_document)
            .where(c.collection == key[0], c.id == key[1])
            .values(state="retired", updated_at=now, updated_by=actor.id)
        )
    entries = []
    for key, before in differing.items():
        after = target.get(key)
        entries.append(
            row(actor, "document.rolled_back", now, key=key, before=before, after=after, reason=told)
        )
    record_all(conn, entries)


def _keep(conn: Connection, actor: Actor, unreleased: Mapping[Key, Change], to: int, now: datetime) -> None:
    """Drafts of what was approved and is not released now."""
    c = catalog_document.c
    for key, change in unreleased.items():
        found = conn.execute(
            select(c.version, c.state, c.data).where(c.collection == key[0], c.id == key[1])
        ).one()
        base = found.data if found.state == "approved" else None
        if change.after is None and base is None:
            continue
        draft = {
            "id": uuid.uuid4(), "collection": key[0], "document": key[1], "base_version": found.version,
            "base": base, "data": change.after, "author": actor.id, "contributors": [actor.id],
            "origin": f"rollback:{to}", "created_at": now, "updated_at": now,
            "note": f"Was approved, and not yet released, when the catalogue went back to release {to}.",
        }  # fmt: skip
        conn.execute(upsert(catalog_draft).values(draft).on_conflict_do_nothing())


def releases(conn: Connection, *, before: int | None = None, limit: int = 50) -> list[Released]:
    """The newest releases, newest first, at most 200; `before`: the number where the page before ended."""
    r, p = release_table.c, catalog_publication.c
    manifest = r.manifest["manifest"]
    query = (
        select(
            r.number, r.published_at, manifest["documents"].as_integer().label("documents"), r.object_bytes
        )
        .where(r.stream == STREAM, *([r.number < before] if before else []))
        .order_by(r.number.desc())
        .limit(max(1, min(limit, MAX_PAGE)))
    )
    rows = conn.execute(query).all()
    numbers = [each.number for each in rows]
    made = {
        each.release: _publication(each)
        for each in conn.execute(select(catalog_publication).where(p.release.in_(numbers)))
    }
    return [
        Released(each.number, each.published_at, each.documents, each.object_bytes, made.get(each.number))
        for each in rows
    ]


def publications(conn: Connection, *, limit: int = 50) -> list[Publication]:
    """What is planned, the next first, and then what failed or was cancelled, the newest first."""
    p = catalog_publication.c
    planned = select(catalog_publication).where(p.state == "scheduled").order_by(p.scheduled_for, p.id)
    ended = (
        select(catalog_publication)
        .where(p.state.in_(("failed", "cancelled")))
        .order_by(p.done_at.desc(), p.id)
    )
    most = max(1, min(limit, MAX_PAGE))
    return [_publication(each) for query in (planned, ended) for each in conn.execute(query.limit(most))]


def _add(conn: Connection, actor: Actor, notes: str, now: datetime, **values: Any) -> Publication:
    row_ = {"id": uuid.uuid4(), "notes": notes, "requested_by": actor.id, "requested_at": now, **values}
    return _publication(
        conn.execute(insert(catalog_publication).values(row_).returning(catalog_publication)).one()
    )


def _published(
    conn: Connection,
    actor: Actor,
    done: Made,
    notes: str,
    now: datetime,
    *,
    rolls_back_to: int | None = None,
) -> None:
    _add(
        conn, actor, notes, now, state="published", done_at=now, release=done.release.number,
        changed=len(done.changes), rolls_back_to=rolls_back_to,
    )  # fmt: skip


def _close(conn: Connection, publication: uuid.UUID, now: datetime, **values: Any) -> Publication:
    done = conn.execute(
        update(catalog_publication)
        .where(catalog_publication.c.id == publication)
        .values(done_at=now, **values)
        .returning(catalog_publication)
    ).one()
    return _publication(done)


def _publication(found: Row[Any]) -> Publication:
    return Publication(**found._mapping)


def _notes(notes: str, otherwise: Problem = _NO_NOTES) -> str:
    cleaned = notes.replace("\x00", "").strip()[:NOTES_CHARACTERS]
    if not cleaned:
        raise Refused([otherwise])
    return cleaned


def _tell(
    conn: Connection, actor: Actor, action: str, done: Made, notes: str, now: datetime, **more: Any
) -> None:
    keys = ["/".join(each.key) for each in done.changes[:_KEYS_TOLD]]
    after = {"changed": len(done.changes), "documents": keys, **more}
    record(conn, actor, action, now, release=done.release.number, after=after, reason=notes)
