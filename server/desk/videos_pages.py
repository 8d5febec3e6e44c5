"""`/desk/videos`: attach a video of YouTube by its address, see what became of each, take it away."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from flask import Response
from sqlalchemy import Connection, Row, select

from server.accounts.page import now
from server.catalog import drafts
from server.catalog.documents import stored
from server.catalog.refusals import DeskRefusal
from server.catalog.tables import catalog_document
from server.db import read, write
from server.desk.page import asked, blp, field, page_of, render, to
from server.desk.session import actor, desk_page
from server.jobs import enqueue
from server.media import assets
from server.media.formats import Refused
from server.problems import Fault
from server.state import state
from server.videos import store
from server.videos.checks import NoKey, check, look_up
from server.videos.client import YouTubeError
from server.videos.ids import ID, NotAVideo, video_id, watch_url
from server.videos.items import differs, item_in, item_of, lacking

WORDS: Final = {
    "removed": "gone",
    "private": "private",
    "not_embeddable": "cannot be embedded",
    "blocked_in": "blocked in places",
    "unknown": "not checked",
    "ok": "fine",
}
ORIGIN: Final = "youtube"
_LENGTH: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)")


@blp.get("/videos")
@desk_page(blp, "catalog.edit")
def videos() -> Response:
    """Every attached video, those that need somebody first."""
    chosen = asked("state")
    if chosen not in ("", *WORDS):
        raise Fault(404, "There is no such list of videos.")
    settings, moment = state().settings, now()
    with state().engine.connect() as conn:
        uses = store.attached(conn)
        known = store.known(conn, uses)
        quota = store.quota(conn, settings.youtube_quota, moment)
        notices = {row.id for row in store.notices(conn, uses)}
    rows: list[dict[str, Any]] = [
        {"id": id_, "row": known.get(id_), "state": known[id_].state if id_ in known else "unknown",
         "uses": uses[id_], "new": id_ in notices}
        for id_ in uses
    ]  # fmt: skip
    rows = [row for row in rows if not chosen or row["state"] == chosen]
    worst_first = list(WORDS)
    rows.sort(key=lambda row: (not row["new"], worst_first.index(row["state"]), row["id"]))
    shown, at = page_of(rows)
    return render(
        "videos.html", rows=shown, at=at, chosen=chosen, words=WORDS, notices=len(notices), quota=quota,
        has_key=settings.youtube_key is not None, slugs=read(state().engine, _slugs),
        watch_url=watch_url, given={"exercise": asked("exercise")},
    )  # fmt: skip


@blp.post("/videos")
@desk_page(blp, "catalog.media")
def find_video() -> Response:
    """The first step of attaching: which video, and what is known of it."""
    address, slug = field("address", 500), field("exercise", 100)
    try:
        video = video_id(address)
    except NotAVideo as error:
        return _ask_again({"address": address, "exercise": slug}, {"address": str(error)})
    if slug and not read(state().engine, lambda conn: _is_exercise(conn, slug)):
        return _ask_again({"address": address, "exercise": slug}, {"exercise": "There is no such exercise."})
    notice = None
    try:
        look_up(state().engine, state().settings, video, now())
    except NoKey:
        moment = now()
        write(state().engine, lambda conn: store.remember(conn, video, {}, moment))
    except YouTubeError as error:
        moment, notice = now(), str(error)
        write(state().engine, lambda conn: store.remember(conn, video, {}, moment))
    return to(f"/desk/videos/{video}", notice=notice, exercise=slug)


@blp.get("/videos/<video>")
@desk_page(blp, "catalog.edit")
def video_page(video: str) -> Response:
    """One video: what is known, where it is, attach and take away."""
    return _show(video, {"exercise": asked("exercise")}, {})


@blp.post("/videos/<video>/attach")
@desk_page(blp, "catalog.media")
def attach_video(video: str) -> Response:
    """The second step: a draft of the exercise's media."""
    row, who, moment = _row(video), actor(), now()
    slug = field("exercise", 100)
    given = {
        "exercise": slug,
        **{name: field(name, 200) for name in ("title", "channel", "length", "captions")},
    }
    said, errors = _said(row, given)
    if not slug:
        errors["exercise"] = "Say for which exercise."
    if row.state in store.DEAD:
        errors[""] = "Nobody could watch this video in the app, so it is not attached."
    if errors:
        return _show(video, given, errors, 422)

    def work(conn: Connection) -> drafts.Draft:
        if said:
            store.remember(conn, video, said, moment)
        item = item_of(store.known(conn, [video])[video])
        return assets.attach(conn, who, slug, item, moment, origin=ORIGIN)

    try:
        draft = write(state().engine, work)
    except (DeskRefusal, Refused) as error:
        return _show(video, given, {"exercise": str(error)}, 422)
    return to(
        f"/desk/drafts/{draft.id}",
        notice="The video is in this draft. Hand it in for review when it is ready.",
    )


@blp.post("/videos/<video>/detach")
@desk_page(blp, "catalog.media")
def detach_video(video: str) -> Response:
    """A draft without the video."""
    _row(video)
    slug, who, moment = field("exercise", 100), actor(), now()
    try:
        draft = write(
            state().engine, lambda conn: assets.detach(conn, who, slug, video, moment, origin=ORIGIN)
        )
    except (DeskRefusal, Refused) as error:
        return _show(video, {}, {"": str(error)}, 409)
    if draft is None:
        raise Fault(409, "This video is not with this exercise any more.")
    if draft.state == "discarded":
        return to(f"/desk/videos/{video}", notice="The draft held nothing else, so it is closed.")
    return to(
        f"/desk/drafts/{draft.id}", notice="The video is taken away in this draft. Hand it in for review."
    )


@blp.post("/videos/<video>/look")
@desk_page(blp, "catalog.media")
def look_again(video: str) -> Response:
    """Ask YouTube about this one now."""
    _row(video)
    try:
        found = look_up(state().engine, state().settings, video, now())
    except NoKey:
        raise Fault(409, "YouTube cannot be asked: LIMBER_YOUTUBE_KEY is not set.") from None
    except YouTubeError as error:
        raise Fault(409, str(error)) from None
    return to(f"/desk/videos/{video}", notice=f"YouTube was asked: {WORDS[found.state]}.")


@blp.post("/videos/<video>/seen")
@desk_page(blp, "catalog.media")
def put_away(video: str) -> Response:
    """The notice was seen; another one comes when the state changes."""
    _row(video)
    who, moment = actor(), now()
    write(state().engine, lambda conn: store.put_away(conn, video, who.id, moment))
    return to("/desk/videos", notice="The notice is put away.")


@blp.post("/videos/check")
@desk_page(blp, "catalog.media")
def check_all() -> Response:
    """The daily check, now, in the background."""
    job = write(state().engine, lambda conn: enqueue(conn, check, once=True))
    return to("/desk/videos", notice=f"The check is waiting as job {job}. Look again in a moment.")


# --- parts -----------------------------------------------------------------------------------------------


def _ask_again(given: dict[str, str], errors: dict[str, str]) -> Response:
    slugs = read(state().engine, _slugs)
    return render("videos_attach.html", 422, errors=errors, given=given, slugs=slugs)


def _row(video: str) -> Row[Any]:
    """What is known of a video; one that is attached but was never asked about is noted first. Raises Fault 404."""
    if ID.fullmatch(video):
        found = read(state().engine, lambda conn: store.known(conn, [video])).get(video)
        if found is not None:
            return found
        if video in read(state().engine, store.attached):
            moment = now()
            write(state().engine, lambda conn: store.remember(conn, video, {}, moment))
            return read(state().engine, lambda conn: store.known(conn, [video]))[video]
    raise Fault(404, "There is no such video here. Attach it by its address first.")


def _show(video: str, given: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    row = _row(video)

    def query(conn: Connection) -> tuple[list[dict[str, Any]], list[str], bool]:
        uses = store.attached(conn)
        places = [_place(conn, use, row) for use in uses.get(video, [])]
        return places, _slugs(conn), video in {each.id for each in store.notices(conn, uses)}

    places, slugs, notice = read(state().engine, query)
    return render(
        "videos_one.html", status, errors=errors, video=row, places=places, slugs=slugs, given=given, words=WORDS,
        needs=lacking(row), dead=row.state in store.DEAD, new=notice, address=watch_url(video),
        has_key=state().settings.youtube_key is not None,
    )  # fmt: skip


def _place(conn: Connection, use: store.Use, row: Row[Any]) -> dict[str, Any]:
    """An exercise with the video, and in what its item differs from what YouTube says."""
    draft = drafts.open_for(conn, ("media", use.slug))
    found = stored(conn, ("media", use.slug))
    item = item_in(draft.data if draft else found.data if found else None, row.id)
    return {
        "slug": use.slug, "how": use.how, "draft": draft, "gone": item is None,
        "differs": differs(item, row) if item else [],
    }  # fmt: skip


def _said(row: Row[Any], given: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the editor has to say because YouTube did not, and what is wrong with it by field."""
    needs, errors = lacking(row), dict[str, str]()
    if row.checked_at is not None:
        if needs:
            words = " or ".join("length" if name == "seconds" else name for name in needs)
            errors[""] = f"YouTube does not say its {words}, so it cannot be attached."
        return {}, errors
    said: dict[str, Any] = {}
    for name, words in (
        ("title", "Say what the video is called."),
        ("channel", "Say whose channel it is on."),
    ):
        said[name] = given[name]
        if not given[name]:
            errors[name] = words
    match = _LENGTH.fullmatch(given["length"])
    if match is None:
        errors["length"] = "Give its length as minutes and seconds, such as 4:13."
    else:
        hours, minutes, rest = (int(part or 0) for part in match.groups())
        said["seconds"] = hours * 3600 + minutes * 60 + rest
        if not 0 < said["seconds"] <= 86_400:
            errors["length"] = "A video lasts between a second and a day."
    codes = given["captions"].replace(",", " ").split()
    said["captions"] = list(dict.fromkeys(codes))
    if not all(re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", code) for code in codes) or len(codes) > 50:
        errors["captions"] = "Give language codes such as en or pt-BR, with spaces between."
    return said, errors


def _slugs(conn: Connection) -> list[str]:
    c = catalog_document.c
    query = select(c.id).where(c.collection == "exercise", c.state == "approved").order_by(c.id)
    return list(conn.scalars(query))


def _is_exercise(conn: Connection, slug: str) -> bool:
    found = stored(conn, ("exercise", slug))
    return found is not None and found.state == "approved"


def overview(conn: Connection, _: datetime) -> list[tuple[str, str, str]]:
    """Videos that nobody can watch any more."""
    dead = len(store.notices(conn))
    what = "video cannot be watched any more" if dead == 1 else "videos cannot be watched any more"
    return [(str(dead), what, "/desk/videos")] if dead else []
