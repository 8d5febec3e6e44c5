"""Writing a change: begun, edited with what is wrong told at once, saved without overwriting anybody, closed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response, request
from sqlalchemy import Connection, select

from server.catalog import drafts
from server.catalog.content import Problem
from server.catalog.documents import stored
from server.catalog.drafts import Conflict, Draft, Refused
from server.catalog.merging import changes, three_way
from server.catalog.shapes import Document
from server.catalog.tables import catalog_document, catalog_draft_version
from server.db import read, write
from server.desk import diffs, fields, forms, page, words
from server.desk.media_pages import origins
from server.desk.page import blp, field, fragment, render, to, uuid_of
from server.desk.session import actor, desk_page
from server.desk.who import named
from server.problems import Fault
from server.state import state
from server.webapp import LIST

_ID = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
MAX_ID = 64


# --- begun -----------------------------------------------------------------------------------------------


@blp.post("/documents/<collection>/<record_id>/change")
@desk_page(blp, "catalog.edit")
def begin(collection: str, record_id: str) -> Response:
    """Begin a change of a document, or of what an exercise does not have yet."""
    key = key_of(collection, record_id)

    def work(conn: Connection) -> Draft:
        data = None if stored(conn, key) else forms.new_document(*key)
        return drafts.start(conn, actor(), key, data=data, now=page.now())

    return to(f"/desk/drafts/{write(state().engine, work).id}")


@blp.post("/documents/<collection>/<record_id>/take-back")
@desk_page(blp, "catalog.edit")
def take_back(collection: str, record_id: str) -> Response:
    """Begin to take a document out of the catalogue."""
    key = key_of(collection, record_id)
    note = field("note", drafts.NOTE_CHARACTERS)
    draft = write(
        state().engine, lambda conn: drafts.take_back(conn, actor(), key, note=note or None, now=page.now())
    )
    return to(f"/desk/drafts/{draft.id}")


@blp.route("/new/<collection>", methods=["GET", "POST"])
@desk_page(blp, "catalog.edit")
def new(collection: str) -> Response:
    """A new document: its id first, which it keeps for good."""
    if collection not in words.collections():
        raise Fault(404, "There is no such collection.")
    page.section({"exercise": "exercises", "program": "programs"}.get(collection, "documents"))
    told: dict[str, Any] = {
        "collection": collection,
        "name": words.list_name(collection),
        "one": words.one_name(collection),
    }
    if request.method == "GET":
        return render("new.html", given=page.asked("id"), **told)
    given = field("id", 200)
    wrong = _wrong_id(collection, given)
    if not wrong and read(state().engine, lambda conn: stored(conn, (collection, given))) is not None:
        wrong = "There is one with this id already."
    if wrong:
        return render("new.html", 422, errors={"id": wrong}, given=given, **told)
    draft = write(
        state().engine,
        lambda conn: drafts.start(
            conn, actor(), (collection, given), data=forms.new_document(collection, given), now=page.now()
        ),
    )
    return to(
        f"/desk/drafts/{draft.id}", notice="Begun. Fill in the fields; what is missing is told beside them."
    )


def _wrong_id(collection: str, given: str) -> str | None:
    if not _ID.fullmatch(given) or len(given) > MAX_ID:
        return "Use letters and digits in parts joined by - or _ or a dot, at most 64."
    if collection in words.OF_AN_EXERCISE and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", given):
        return "An exercise is named in small letters and digits, in parts joined by -."
    return None


def key_of(collection: str, record_id: str) -> tuple[str, str]:
    """The document that an address names. Raises Fault 404 for what can be none."""
    if collection not in words.collections() or not _ID.fullmatch(record_id) or len(record_id) > MAX_ID:
        raise Fault(404, "There is no such document.")
    return collection, record_id


# --- edited ----------------------------------------------------------------------------------------------


@blp.get("/drafts/<draft_id>")
@desk_page(blp, "catalog.edit")
def edit(draft_id: str) -> Response:
    """The form of a change; of one that is closed, what it was."""
    return _edit_page(uuid_of(draft_id))


@blp.post("/drafts/<draft_id>")
@desk_page(blp, "catalog.edit")
def save(draft_id: str) -> Response:
    """Keep what was written, and hand it in when that was asked for."""
    id_, version = uuid_of(draft_id), page.whole("version", field("version"))
    hands_in = field("do") == "submit"
    note = field("note", drafts.NOTE_CHARACTERS)

    def begun(conn: Connection) -> tuple[Draft, words.Words, Document | None, Document]:
        found = held(conn, id_)
        return *found, _written_on(conn, found[0], version)

    before, known, exercise, shown = read(state().engine, begun)
    try:
        data = forms.read_form(before.key, shown, known, exercise, _sent)
    except forms.Unreadable as wrong:
        if wrong.data is not None:
            return _edit_page(id_, 422, data=wrong.data, errors={wrong.field: str(wrong)})
        return _edit_page(id_, 422, typed=field("json"), errors={"json": f"The document {wrong}."})

    def work(conn: Connection) -> Draft:
        found = drafts.read(conn, id_)
        unchanged = found.version == version and forms.same(found.data, data)
        if not unchanged or not hands_in:
            found = drafts.save(conn, actor(), id_, version, data, note=note, now=page.now())
        return found

    try:
        saved = write(state().engine, work)
    except Conflict as conflict:
        return _conflict_page(conflict, version, data)
    except Refused as refusal:
        return _edit_page(id_, 422, data=data, errors={"": str(refusal)})
    if not hands_in:
        return to(f"/desk/drafts/{id_}", notice="Saved.")
    try:
        write(
            state().engine,
            lambda conn: drafts.submit(conn, actor(), id_, saved.version, note=note or None, now=page.now()),
        )
    except Conflict as conflict:
        return _conflict_page(conflict, saved.version, data)
    except Refused as refusal:
        form = forms.groups(saved.key, data, known, exercise) or []
        return _edit_page(id_, 422, errors=_errors(refusal.problems, saved, form))
    return to(f"/desk/reviews/{id_}", notice="Saved and handed in. Another person looks at it now.")


def _written_on(conn: Connection, draft: Draft, version: int) -> Document:
    """The data that a form was filled in on: of the version that it showed, since somebody may have saved meanwhile."""
    shown = None if version == draft.version else _base(conn, draft.id, version)
    return shown or draft.data or {}


def _sent(name: str) -> list[str]:
    return [page.clean(name, each) for each in request.form.getlist(name)]


def held(conn: Connection, id_: uuid.UUID) -> tuple[Draft, words.Words, Document | None]:
    """A draft, the words for its form, and for a guide the exercise that it belongs to, as it is being written."""
    draft = drafts.read(conn, id_)
    exercise = None
    if draft.collection == "guide":
        key = ("exercise", draft.document)
        opened, found = drafts.open_for(conn, key), stored(conn, key)
        exercise = opened.data if opened and opened.data else found.data if found else None
    return draft, words.load(conn), exercise


def _errors(problems: list[Problem], draft: Draft, form: Sequence[fields.Group]) -> dict[str, str]:
    """What is wrong by the id of the field, for the summary above a form."""
    place = "/".join(draft.key)
    told: dict[str, str] = {}
    for each in problems:
        own = each.where.startswith(f"{place}.")
        path = each.where[len(place) + 1 :] if own else ""
        name = fields.lead(form, path) if own else ""
        said = (
            f"{path or each.where}: {each.message}" if each.where != place else f"The document {each.message}"
        )
        told[name] = f"{told[name]}; {each.message}" if name in told else said
    return told


def _edit_page(
    id_: uuid.UUID,
    status: int = 200,
    *,
    data: Document | None = None,
    typed: str | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    def work(conn: Connection) -> dict[str, Any]:
        draft, known, exercise = held(conn, id_)
        names = named(conn, [draft.author, *draft.contributors, draft.reviewer])
        slugs: list[str] = []
        if draft.collection == "guide":
            slugs = sorted(_slugs(conn))
        return {
            "draft": draft, "known": known, "exercise": exercise, "names": names, "slugs": slugs,
            "moved_on": draft.state in drafts.OPEN and drafts.stale(conn, draft) is not None,
            "family": _family(conn, draft) if draft.collection in words.OF_AN_EXERCISE else [],
        }  # fmt: skip

    told = read(state().engine, work)
    draft: Draft = told["draft"]
    page.section({"exercise": "exercises", "program": "programs"}.get(draft.collection, "drafts"))
    shown = data if data is not None else draft.data
    if draft.state not in drafts.OPEN or shown is None:
        return render("draft.html", status, errors=errors, lines=draft_lines(draft), **told)
    wants_json = page.asked("as") == "json" or typed is not None
    form = None if wants_json else forms.groups(draft.key, shown, told["known"], told["exercise"])
    return render(
        "edit.html", status, errors=errors, form=form, data=shown, typed=typed or forms.as_json(shown),
        has_form=draft.collection in forms.TYPED, changed=data is not None, one=words.one_name(draft.collection),
        app=has_app(), connect=origins(state().store),
        pairs_of=forms.pairs_of, shown=fields.shown, **told,
    )  # fmt: skip


def has_app() -> bool:
    """Whether this server has the app, which shows what a change looks like."""
    folder = state().settings.web
    return folder is not None and (folder / LIST).is_file()


def _slugs(conn: Connection) -> list[str]:
    c = catalog_document.c
    return list(conn.scalars(select(c.id).where(c.collection == "exercise", c.state == "approved")))


def _family(conn: Connection, draft: Draft) -> list[dict[str, Any]]:
    """The documents of the same exercise, and their open changes."""
    found = []
    for collection in words.OF_AN_EXERCISE:
        if collection not in words.collections():
            continue
        key = (collection, draft.document)
        opened = draft if key == draft.key else drafts.open_for(conn, key)
        there = stored(conn, key)
        found.append(
            {
                "collection": collection,
                "draft": opened,
                "there": there is not None and there.approved is not None,
            }
        )
    return found


def draft_lines(draft: Draft) -> list[diffs.Line]:
    """What a change changes, as a table shows it."""
    return diffs.lines(draft.changes, draft.safety_fields)


# --- checked while it is written -------------------------------------------------------------------------


@blp.post("/drafts/<draft_id>/check")
@desk_page(blp, "catalog.edit", csrf=False)
def check(draft_id: str) -> Response:
    """What is wrong with the form as it is typed, and what it changes; nothing is kept."""
    id_, version = uuid_of(draft_id), page.whole("version", field("version"))

    def work(conn: Connection) -> dict[str, Any]:
        draft, known, exercise = held(conn, id_)
        try:
            data = forms.read_form(draft.key, _written_on(conn, draft, version), known, exercise, _sent)
        except forms.Unreadable as wrong:
            told = f"The document {wrong}." if wrong.data is None else str(wrong)
            return {"draft": draft, "unreadable": told, "problems": [], "lines": [], "ids": [wrong.field]}
        typed = replace(draft, data=data)
        form = forms.groups(draft.key, data, known, exercise) or []
        place = "/".join(draft.key)
        problems = [Problem(f"{place}.{path}", why) for path, why in fields.unread(form, data)]
        problems += drafts.problems(conn, typed)
        return {
            "draft": typed, "problems": problems, "lines": draft_lines(typed), "unreadable": None,
            "ids": list(_errors(problems, typed, form)), "lead": partial(fields.lead, form),
            "names": named(conn, draft.contributors), "moved": version != draft.version,
        }  # fmt: skip

    told = read(state().engine, work)
    return fragment("_check.html", key="/".join(told["draft"].key), **told)


# --- two at once -----------------------------------------------------------------------------------------


def _conflict_page(conflict: Conflict, version: int, mine: Document) -> Response:
    current = conflict.current
    names, base = read(
        state().engine,
        lambda conn: (named(conn, current.contributors), _base(conn, current.id, version)),
    )
    clashes = conflict.merged.clashes if conflict.merged else ()
    told = [(each.path, diffs.shown(each.mine), diffs.shown(each.theirs)) for each in clashes]
    clashing = {each.path for each in clashes}
    others = [name for id_, name in names.items() if id_ != actor().id]
    return render(
        "conflict.html", 409, draft=current, version=version, mine=forms.as_json(mine), clashes=told,
        theirs=diffs.lines(each for each in conflict.theirs if each.path not in clashing),
        own=diffs.lines(
            each for each in changes(base, mine) if each.path not in clashing
        ),
        merged=conflict.merged is not None, others=others, one=words.one_name(current.collection),
    )  # fmt: skip


def _base(conn: Connection, id_: uuid.UUID, version: int) -> Document | None:
    """The draft's data at a version that was replaced."""
    v = catalog_draft_version.c
    found: Document | None = conn.execute(
        select(v.data).where(v.draft == id_, v.version == version)
    ).scalar_one_or_none()
    return found


@blp.post("/drafts/<draft_id>/settle")
@desk_page(blp, "catalog.edit")
def settle(draft_id: str) -> Response:
    """Keep both people's changes, and of fields that both changed what was chosen."""
    id_, version = uuid_of(draft_id), page.whole("version", field("version"))
    seen = page.whole("seen", field("seen"))
    try:
        mine = forms.read_json(field("mine"))
    except forms.Unreadable:
        raise Fault(400, "What you wrote did not come back whole. Go back and save again.") from None
    choices = {
        name.removeprefix("choice."): value
        for name, value in request.form.items()
        if name.startswith("choice.") and value in ("mine", "theirs")
    }

    def work(conn: Connection) -> Draft:
        current = drafts.read(conn, id_)
        if current.version != seen:
            # Somebody was faster once more: this raises Conflict, with what is new.
            return drafts.save(conn, actor(), id_, version, mine, now=page.now())
        base = _base(conn, id_, version)
        if base is None or current.data is None:
            keeps = field("keep") == "mine"
            return drafts.save(conn, actor(), id_, seen, mine, now=page.now()) if keeps else current
        merged = three_way(base, mine, current.data, choices)
        if merged.clashes:
            raise Fault(400, "Choose one of the two for each field that both of you changed.")
        return drafts.save(conn, actor(), id_, seen, merged.data, now=page.now())

    try:
        write(state().engine, work)
    except Conflict as conflict:
        return _conflict_page(conflict, version, mine)
    return to(f"/desk/drafts/{id_}", notice="Saved, with the changes of both of you.")


# --- closed ----------------------------------------------------------------------------------------------


@blp.post("/drafts/<draft_id>/discard")
@desk_page(blp, "catalog.edit")
def discard(draft_id: str) -> Response:
    """Close a change without taking it over."""
    id_ = uuid_of(draft_id)
    reason = field("reason", drafts.NOTE_CHARACTERS)
    write(
        state().engine, lambda conn: drafts.discard(conn, actor(), id_, reason=reason or None, now=page.now())
    )
    return to("/desk/drafts", notice="Discarded. The catalogue stays as it is.")
