"""Drafts: how a change comes into the catalogue. One person writes, another one approves, nothing is overwritten.

    start -> save… -> submit -> approve          -> the document, which the next release holds
                      submit -> send_back -> save… -> submit
             save…, discard

Every function takes the caller's transaction, asks whether the step is allowed, does it and writes it down
(`history.py`). What is refused raises one of `refusals.py`, whose text is for the person at the desk.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from server.catalog import checking, review
from server.catalog.content import Problem
from server.catalog.documents import put, stored
from server.catalog.draft_rows import OPEN as OPEN
from server.catalog.draft_rows import Draft as Draft
from server.catalog.draft_rows import change, from_row, locked
from server.catalog.draft_rows import counts as counts
from server.catalog.draft_rows import listed as listed
from server.catalog.draft_rows import open_for as open_for
from server.catalog.draft_rows import read as read
from server.catalog.history import Actor as Actor
from server.catalog.history import record
from server.catalog.merging import changes, three_way
from server.catalog.panel import READS, PanelRow, compare
from server.catalog.refusals import AlreadyOpen as AlreadyOpen
from server.catalog.refusals import Conflict as Conflict
from server.catalog.refusals import DeskRefusal as DeskRefusal
from server.catalog.refusals import NotAllowed as NotAllowed
from server.catalog.refusals import Refused as Refused
from server.catalog.refusals import Stale as Stale
from server.catalog.refusals import Unknown as Unknown
from server.catalog.refusals import WrongState as WrongState
from server.catalog.shapes import Document
from server.catalog.tables import IS_OPEN, catalog_draft, catalog_draft_version
from sync.canonical import Key

NOTE_CHARACTERS: Final = 2000


def problems(conn: Connection, draft: Draft) -> list[Problem]:
    """What is wrong with the draft as it is given (it need not be saved), and with others because of it.

    Open drafts of the same exercise are taken as approved: a new hazard and its note in the guide are two drafts.
    """
    return checking.problems(conn, {**_companions(conn, draft), draft.key: draft.data})


def catalogue_with(conn: Connection, draft: Draft) -> dict[Key, Document]:
    """The catalogue as it would be released with this draft and the others of the same exercise.

    For an exercise it has words, clips and media of this one and of those that its guide leads to: a preview shows no
    more, and they are most of a large catalogue.
    """
    proposed = {**_companions(conn, draft), draft.key: draft.data}
    if draft.collection not in (*checking.WITH_EXERCISE, "exercise"):
        return checking.with_changes(conn, proposed)
    here = ("guide", draft.document)
    approved = stored(conn, here)
    guides = [each for each in (proposed.get(here), approved and approved.data) if each]
    links = {
        link for each in guides for link in (each.get("easier"), each.get("harder")) if isinstance(link, str)
    }
    return checking.with_changes(conn, proposed, {draft.document, *links})


def routines(conn: Connection, draft: Draft, generator: Any, runtime: Any) -> list[PanelRow]:
    """The panel's routines as they are and as they would be with this draft; see `panel.compare`.

    Raises Refused for a draft that has problems: the generator is given nothing that no device would get.
    """
    if wrong := problems(conn, draft):
        raise Refused(wrong)
    proposed = {**_companions(conn, draft), draft.key: draft.data}
    return compare(*checking.before_and_after(conn, proposed, READS), generator, runtime)


def _companions(conn: Connection, draft: Draft) -> dict[Key, Document | None]:
    d = catalog_draft.c
    keys = [key for key in checking.family(draft.key) if key != draft.key]
    rows = conn.execute(
        select(d.collection, d.document, d.data).where(tuple_(d.collection, d.document).in_(keys), IS_OPEN)
    )
    return {(row.collection, row.document): row.data for row in rows}


def start(
    conn: Connection,
    actor: Actor,
    key: Key,
    *,
    data: Document | None = None,
    origin: str = "desk",
    note: str | None = None,
    now: datetime,
) -> Draft:
    """Begin a change of a document, from its data or with `data`; with `data` also a new one.

    Raises AlreadyOpen, Unknown where there is neither a document nor data, Refused for what cannot be kept.
    """
    return _begin(conn, actor, key, data, origin, note, now, taking_back=False)


def take_back(
    conn: Connection, actor: Actor, key: Key, *, origin: str = "desk", note: str | None = None, now: datetime
) -> Draft:
    """Begin to take an approved document out of the catalogue. Raises as `start`."""
    return _begin(conn, actor, key, None, origin, note, now, taking_back=True)


def _begin(
    conn: Connection, actor: Actor, key: Key, data: Document | None, origin: str, note: str | None,
    now: datetime, *, taking_back: bool,
) -> Draft:  # fmt: skip
    found = stored(conn, key)
    if found is None and data is None:
        raise Unknown(f"There is no {key[0]}/{key[1]} to change.")
    if taking_back and found is not None and found.approved is None:
        raise Unknown(f"{key[0]}/{key[1]} is not in the catalogue, so it cannot be taken back.")
    if data is None and found is not None and not taking_back:
        data = found.data
    _check_storable(key, data)
    values = {
        "id": uuid.uuid4(), "collection": key[0], "document": key[1], "data": data,
        "base_version": found.version if found else 0, "base": found and found.approved,
        "author": actor.id, "contributors": [actor.id], "origin": origin, "note": _short(note),
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    # Of two who begin at once the index lets one in.
    begun = upsert(catalog_draft).values(values).on_conflict_do_nothing().returning(catalog_draft)
    row = conn.execute(begun).one_or_none()
    if row is None:
        draft = open_for(conn, key)
        assert draft is not None
        raise AlreadyOpen(draft)
    draft = from_row(row)
    record(
        conn, actor, "draft.started", now, key=key, draft=draft.id,
        before=draft.base, after=draft.data, reason=draft.note,
    )  # fmt: skip
    return draft


def save(
    conn: Connection,
    actor: Actor,
    draft: uuid.UUID,
    version: int,
    data: Document | None,
    *,
    note: str | None = None,
    now: datetime,
) -> Draft:
    """Keep the data, however incomplete; `version` is the one that the person began from.

    A draft that was in review or sent back is a draft again. Raises Conflict when it has moved on, Refused for what
    cannot be kept at all, WrongState for one that is closed, Unknown.
    """
    found = locked(conn, draft, OPEN, "This change is closed: begin a new one.")
    if found.version != version:
        raise _conflict(conn, found, version, data)
    _check_storable(found.key, data)
    if data is None and found.base is None:
        raise Refused(
            [Problem("/".join(found.key), "is new, so it cannot be taken back: discard the change")]
        )
    return _write(conn, actor, found, data, "draft.saved", now, note=note)


def _write(
    conn: Connection, actor: Actor, found: Draft, data: Document | None, action: str, now: datetime,
    *, note: str | None = None, **more: Any,
) -> Draft:  # fmt: skip
    kept = {"draft": found.id, "version": found.version, "data": found.data, "saved_by": actor.id}
    conn.execute(insert(catalog_draft_version).values(kept))
    contributors = [*found.contributors, *({actor.id} - set(found.contributors))]
    written = change(
        conn, found, state="draft", data=data, version=found.version + 1, contributors=contributors,
        note=found.note if note is None else _short(note), updated_at=now, **more,
    )  # fmt: skip
    record(
        conn, actor, action, now, key=found.key, draft=found.id,
        before=found.data, after=data, reason=_short(note),
    )  # fmt: skip
    return written


def _conflict(conn: Connection, current: Draft, version: int, mine: Document | None) -> Conflict:
    v = catalog_draft_version.c
    base = conn.execute(select(v.data).where(v.draft == current.id, v.version == version)).one_or_none()
    if base is None or base.data is None or current.data is None or mine is None:
        return Conflict(current, mine, changes(base.data if base else None, current.data) if base else ())
    return Conflict(current, mine, changes(base.data, current.data), three_way(base.data, mine, current.data))


def rebase(
    conn: Connection,
    actor: Actor,
    draft: uuid.UUID,
    version: int,
    *,
    choices: Mapping[str, str] | None = None,
    now: datetime,
) -> Draft:
    """Bring the draft onto the document as it is now; `choices` is "mine" or "theirs" by path of each clash.

    Raises Stale with the clashes that are left, Conflict, WrongState, Unknown. One that is up to date stays as it is.
    """
    found = locked(conn, draft, OPEN, "This change is closed: begin a new one.")
    if found.version != version:
        raise Conflict(found)
    moved = stale(conn, found, choices)
    if moved is None:
        return found
    data = found.data
    if moved.merged is not None:
        if moved.merged.clashes:
            raise moved
        data = moved.merged.data
    elif data is None and moved.document is None:
        raise Refused([Problem("/".join(found.key), "is not in the catalogue any more: discard the change")])
    return _write(
        conn, actor, found, data, "draft.rebased", now, base=moved.document, base_version=moved.version
    )


def stale(conn: Connection, draft: Draft, choices: Mapping[str, str] | None = None) -> Stale | None:
    """How the document has moved on since the draft began, with `choices` as in `rebase`; None where it has not."""
    found = stored(conn, draft.key)
    version, data = (found.version, found.approved) if found else (0, None)
    if version == draft.base_version and data == draft.base:
        return None
    merged = None
    if draft.data is not None and data is not None:
        merged = three_way(draft.base or {}, draft.data, data, choices)
    return Stale(draft, version, data, merged)


def submit(
    conn: Connection, actor: Actor, draft: uuid.UUID, version: int, *, note: str | None = None, now: datetime
) -> Draft:
    """Ask for a review. Raises Refused with every problem, or where nothing is changed; Stale, Conflict, WrongState."""
    found = locked(
        conn, draft, ("draft", "sent_back"), "Only a change that is being written can be handed in."
    )
    if found.version != version:
        raise Conflict(found)
    if (moved := stale(conn, found)) is not None:
        raise moved
    if not found.changes:
        raise Refused([Problem("/".join(found.key), "is as it was: there is nothing to review")])
    if wrong := problems(conn, found):
        raise Refused(wrong)
    return _move(
        conn, actor, found, "in_review", "draft.submitted", now, note, submitted_at=now,
        note=found.note if note is None else _short(note), reviewer=None, reviewed_at=None, review_note=None,
    )  # fmt: skip


def withdraw(conn: Connection, actor: Actor, draft: uuid.UUID, *, now: datetime) -> Draft:
    """Take a change out of review, to write on. Raises WrongState."""
    found = locked(conn, draft, ("in_review",), "This change is not in review.")
    return _move(conn, actor, found, "draft", "draft.withdrawn", now, None)


def send_back(conn: Connection, actor: Actor, draft: uuid.UUID, reason: str, *, now: datetime) -> Draft:
    """Hand a change back to who wrote it, saying why. Raises WrongState, Refused without a reason, NotAllowed."""
    found = locked(conn, draft, ("in_review",), "This change is not in review.")
    if not reason.strip():
        raise Refused([Problem("reason", "is needed: say what should be different")])
    if review.REVIEWERS.isdisjoint(actor.roles):
        raise NotAllowed("Reviewing a change needs the role editor, physio or admin.")
    return _move(
        conn, actor, found, "sent_back", "draft.sent_back", now, reason,
        reviewer=actor.id, reviewed_at=now, review_note=_short(reason),
    )  # fmt: skip


def discard(
    conn: Connection, actor: Actor, draft: uuid.UUID, *, reason: str | None = None, now: datetime
) -> Draft:
    """Close a change without taking it over; what was written stays readable. Raises WrongState."""
    found = locked(conn, draft, OPEN, "This change is closed already.")
    done = _move(conn, actor, found, "discarded", "draft.discarded", now, reason)
    conn.execute(delete(catalog_draft_version).where(catalog_draft_version.c.draft == found.id))
    return done


def approve(
    conn: Connection,
    actor: Actor,
    draft: uuid.UUID,
    version: int,
    *,
    together: Mapping[uuid.UUID, int] | None = None,
    note: str | None = None,
    now: datetime,
) -> Draft:
    """Take the change into the catalogue, as the reviewer saw it at `version`; the next release holds it.

    `together`: other drafts and their versions that only make sense with it, approved in the same step or not at all.
    Raises NotAllowed for who wrote in it and, where safety is touched, for who is no physio; Stale, Conflict, Refused
    with what it would break, WrongState, Unknown.
    """
    # Approvals wait for each other, so no two are judged by a catalogue that lacks the other.
    conn.exec_driver_sql("LOCK TABLE catalog_document IN SHARE ROW EXCLUSIVE MODE")
    found = []
    for id_, seen in ((draft, version), *(together or {}).items()):
        each = locked(conn, id_, ("in_review",), "Only a change that is in review can be approved.")
        if each.version != seen:
            raise Conflict(each)
        if why := review.refusal(actor.id, actor.roles, each.contributors, each.safety_fields):
            raise NotAllowed(why)
        if (moved := stale(conn, each)) is not None:
            raise moved
        found.append(each)
    if wrong := checking.problems(conn, {each.key: each.data for each in found}):
        raise Refused(wrong)
    done = []
    for each in found:
        put(conn, actor, each.key, each.data, now=now, draft=each.id, reason=note)
        reviewed = {"reviewer": actor.id, "reviewed_at": now, "review_note": _short(note)}
        done.append(change(conn, each, state="approved", updated_at=now, **reviewed))
        conn.execute(delete(catalog_draft_version).where(catalog_draft_version.c.draft == each.id))
    return done[0]


def _move(
    conn: Connection, actor: Actor, found: Draft, state: str, action: str, now: datetime, reason: str | None,
    **values: Any,
) -> Draft:  # fmt: skip
    moved = change(conn, found, state=state, updated_at=now, **values)
    record(
        conn, actor, action, now, key=found.key, draft=found.id,
        before={"state": found.state}, after={"state": state}, reason=_short(reason),
    )  # fmt: skip
    return moved


def _check_storable(key: Key, data: Document | None) -> None:
    if wrong := checking.storable(key, data):
        raise Refused(wrong)


def _short(text: str | None) -> str | None:
    """A note as it is kept; NUL is no text to PostgreSQL."""
    cleaned = (text or "").replace("\x00", "").strip()[:NOTE_CHARACTERS]
    return cleaned or None
