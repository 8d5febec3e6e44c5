"""Changes on their way: lists of them, handing in, the review by a second person, and catching up."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from flask import Response, request
from sqlalchemy import Connection

from server.catalog import drafts, review
from server.catalog.drafts import Conflict, Draft, Refused, Stale
from server.catalog.merging import changes
from server.db import read, write
from server.desk import diffs, page, words
from server.desk.draft_pages import draft_lines, held
from server.desk.page import asked, blp, field, render, to, uuid_of
from server.desk.session import actor, desk_page
from server.desk.who import named
from server.state import state

STATES: Final = {
    "open": ("Open", drafts.OPEN),
    "draft": ("Being written", ("draft",)),
    "in_review": ("In review", ("in_review",)),
    "sent_back": ("Sent back", ("sent_back",)),
    "approved": ("Approved", ("approved",)),
    "discarded": ("Discarded", ("discarded",)),
}
ORIGINS: Final = {
    "desk": "written here",
    "import:": "imported",
    "media": "media",
    "youtube": "videos",
    "rollback:": "rolled back",
}


@blp.get("/drafts")
@desk_page(blp, "catalog.edit")
def drafts_list() -> Response:
    """Changes, the last touched first."""
    filters = {name: asked(name) for name in ("state", "collection", "origin", "by", "q")}
    filters["state"] = filters["state"] if filters["state"] in STATES else "open"
    return _list("drafts.html", filters, STATES[filters["state"]][1])


@blp.get("/reviews")
@desk_page(blp, "catalog.edit")
def reviews() -> Response:
    """What waits for a second person; what somebody may not approve says so."""
    filters = {name: asked(name) for name in ("collection", "origin", "by", "q")}
    return _list("reviews.html", filters, ("in_review",))


def _list(template: str, filters: dict[str, str], states: Any) -> Response:
    me = actor()

    def work(conn: Connection) -> dict[str, Any]:
        found = drafts.listed(
            conn, states=states, collection=filters["collection"] or None, origin=filters["origin"] or None,
            words=filters["q"] or None, author=me.id if filters["by"] == "me" else None,
            not_by=me.id if filters["by"] == "others" else None, after=_after(), limit=page.PAGE + 1,
        )  # fmt: skip
        people = {each.author for each in found} | {each.reviewer for each in found if each.reviewer}
        return {"rows": found[: page.PAGE], "more": len(found) > page.PAGE, "names": named(conn, people)}

    told = read(state().engine, work)
    rows: list[Draft] = told["rows"]
    following = None
    if told["more"]:
        last = rows[-1]
        kept = {name: value for name, value in filters.items() if value}
        following = page.link(request.path, **kept, after=f"{last.updated_at.isoformat()}~{last.id}")
    refusals = {
        each.id: review.refusal(me.id, me.roles, each.contributors, each.safety_fields) for each in rows
    }
    return render(
        template, filters=filters, states=[(code, label) for code, (label, _) in STATES.items()],
        kinds=[(each, words.list_name(each)) for each in words.collections()], origins=list(ORIGINS.items()),
        following=following, refusals=refusals, **told,
    )  # fmt: skip


def _after() -> tuple[datetime, uuid.UUID] | None:
    at, _, id_ = asked("after").partition("~")
    try:
        moment = datetime.fromisoformat(at.replace(" ", "+"))
        return (moment, uuid.UUID(id_)) if moment.tzinfo else None
    except ValueError:
        return None


# --- handing in ------------------------------------------------------------------------------------------


@blp.post("/drafts/<draft_id>/submit")
@desk_page(blp, "catalog.edit")
def submit(draft_id: str) -> Response:
    """Hand a change in as it is saved."""
    id_, version = uuid_of(draft_id), page.whole("version", field("version"))
    write(state().engine, lambda conn: drafts.submit(conn, actor(), id_, version, now=page.now()))
    return to(f"/desk/reviews/{id_}", notice="Handed in. Another person looks at it now.")


@blp.post("/drafts/<draft_id>/withdraw")
@desk_page(blp, "catalog.edit")
def withdraw(draft_id: str) -> Response:
    """Take a change out of review, to write on."""
    id_ = uuid_of(draft_id)
    write(state().engine, lambda conn: drafts.withdraw(conn, actor(), id_, now=page.now()))
    return to(f"/desk/drafts/{id_}", notice="Taken out of review. Hand it in again when you are done.")


# --- the review ------------------------------------------------------------------------------------------


@blp.get("/reviews/<draft_id>")
@desk_page(blp, "catalog.edit")
def review_page(draft_id: str) -> Response:
    """A change, field by field, for whoever approves it."""
    return _review_page(uuid_of(draft_id))


def _review_page(id_: uuid.UUID, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    page.section("reviews")
    me = actor()

    def work(conn: Connection) -> dict[str, Any]:
        draft, known, exercise = held(conn, id_)
        beside = [each for each in companions(conn, draft) if each.state == "in_review"]
        return {
            "draft": draft, "exercise": exercise,
            "names": named(conn, [draft.author, draft.reviewer, *draft.contributors]),
            "problems": drafts.problems(conn, draft) if draft.state == "in_review" else [],
            "beside": [
                (each, review.refusal(me.id, me.roles, each.contributors, each.safety_fields)) for each in beside
            ],
            "words": known,
        }  # fmt: skip

    told = read(state().engine, work)
    draft: Draft = told["draft"]
    refusal = review.refusal(me.id, me.roles, draft.contributors, draft.safety_fields)
    return render(
        "review.html", status, errors=errors, lines=draft_lines(draft), refusal=refusal,
        mine=me.id in draft.contributors, one=words.one_name(draft.collection), **told,
    )  # fmt: skip


def companions(conn: Connection, draft: Draft) -> list[Draft]:
    """The open changes of other documents of the same exercise."""
    if draft.collection not in words.OF_AN_EXERCISE:
        return []
    keys = [(each, draft.document) for each in words.OF_AN_EXERCISE if each != draft.collection]
    return [found for key in keys if (found := drafts.open_for(conn, key)) is not None]


@blp.post("/reviews/<draft_id>/approve")
@desk_page(blp, "catalog.review")
def approve(draft_id: str) -> Response:
    """Take a change into the catalogue, with others of the same exercise that were ticked."""
    id_, version = uuid_of(draft_id), page.whole("version", field("version"))
    together = {}
    for each in page.chosen("together"):
        other, _, seen = each.partition("~")
        together[uuid_of(other)] = page.whole("together", seen)
    note = field("note", drafts.NOTE_CHARACTERS)
    try:
        write(
            state().engine,
            lambda conn: drafts.approve(
                conn, actor(), id_, version, together=together, note=note or None, now=page.now()
            ),
        )
    except Conflict:
        return _review_page(
            id_, 409, {"": "It was changed while you looked at it. Below is what it says now."}
        )
    except Refused as refused:
        told = {
            "": "Nothing was approved: "
            + "; ".join(f"{each.where} {each.message}" for each in refused.problems[:5])
        }
        return _review_page(id_, 422, told)
    return to("/desk/reviews", notice="Approved. The next release holds it.")


@blp.post("/reviews/<draft_id>/send-back")
@desk_page(blp, "catalog.review")
def send_back(draft_id: str) -> Response:
    """Hand a change back to who wrote it, saying why."""
    id_, reason = uuid_of(draft_id), field("reason", drafts.NOTE_CHARACTERS)
    if not reason:
        return _review_page(id_, 422, {"reason": "Say what should be different."})
    write(state().engine, lambda conn: drafts.send_back(conn, actor(), id_, reason, now=page.now()))
    return to("/desk/reviews", notice="Sent back, with what you wrote.")


# --- the document moved on -------------------------------------------------------------------------------


@blp.route("/drafts/<draft_id>/stale", methods=["GET", "POST"])
@desk_page(blp, "catalog.edit")
def stale(draft_id: str) -> Response:
    """Bring a change onto the document as it is now; of fields that both changed, what was chosen."""
    id_ = uuid_of(draft_id)
    choices = {
        name.removeprefix("choice."): value
        for name, value in request.form.items()
        if name.startswith("choice.") and value in ("mine", "theirs")
    }
    try:
        if request.method == "POST":
            version = page.whole("version", field("version"))
            write(
                state().engine,
                lambda conn: drafts.rebase(conn, actor(), id_, version, choices=choices, now=page.now()),
            )
        else:
            found = read(state().engine, lambda conn: drafts.stale(conn, drafts.read(conn, id_)))
            return _stale_page(found, None) if found else to(f"/desk/drafts/{id_}")
    except Stale as still:
        return _stale_page(still, errors={"": "Choose one of each."})
    return to(f"/desk/drafts/{id_}", notice="Brought up to date. Look it over and hand it in.")


def _stale_page(found: Stale, errors: dict[str, str] | None) -> Response:
    page.section("drafts")
    draft = found.draft
    clashes = found.merged.clashes if found.merged else ()
    clashing = {each.path for each in clashes}
    between = [each for each in changes(draft.base, found.document) if each.path not in clashing]
    return render(
        "stale.html", 409 if not errors else 422, errors=errors, draft=draft, gone=found.document is None,
        clashes=[(each.path, diffs.shown(each.mine), diffs.shown(each.theirs)) for each in clashes],
        lines=diffs.lines(between), one=words.one_name(draft.collection),
    )  # fmt: skip
