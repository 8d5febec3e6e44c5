"""Releases: what the next one holds, published now or at a time, cancelled, rolled back, and any two compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any, TypeVar

from flask import Response
from sqlalchemy import Connection

from server.catalog import comparing, publishing
from server.catalog.publish import PublishRefused
from server.catalog.refusals import Refused
from server.db import read, write
from server.desk import diffs, page, times
from server.desk.page import asked, blp, field, render, to, uuid_of
from server.desk.session import actor, desk_page
from server.desk.who import named
from server.keys import signing_key
from server.problems import Fault
from server.state import state
from server.telemetry import log
from sync.signing import KeyInvalid, KeyUnavailable, SigningKey

T = TypeVar("T")
SHOWN = 300  # documents of one comparison on a page


@blp.get("/releases")
@desk_page(blp, "catalog.edit")
def releases() -> Response:
    """What is released, what is planned, and what waits for the next release."""
    return _page()


def _page(status: int = 200, errors: dict[str, str] | None = None, **typed: Any) -> Response:
    text = asked("before")
    before = page.whole("before", text, 1) if text else None

    def work(conn: Connection) -> dict[str, Any]:
        pending = comparing.pending(conn)
        made = publishing.releases(conn, before=before, limit=page.PAGE)
        planned = publishing.publications(conn, limit=20)
        people = [each.by for each in pending]
        people += [each.requested_by for each in planned]
        people += [each.publication.requested_by for each in made if each.publication]
        return {"pending": pending, "made": made, "planned": planned, "names": named(conn, people)}

    told = read(state().engine, work)
    return render(
        "releases.html", status, errors=errors, shown=SHOWN, before=before,
        following=told["made"][-1].number if len(told["made"]) == page.PAGE else None,
        at=typed.get("at", _soon()), zone=typed.get("zone", times.UTC_NAME), fresh="at" not in typed,
        notes=typed.get("notes", ""), lines=diffs.lines, **told,
    )  # fmt: skip


def _soon() -> str:
    """A time to begin from: the next full hour but one."""
    return (page.now().astimezone(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:00")


@blp.post("/releases")
@desk_page(blp, "catalog.release")
def publish() -> Response:
    """Publish what is approved, now or at a time."""
    notes, given, later = field("notes", publishing.NOTES_CHARACTERS), field("at", 40), field("do") == "later"
    zone = field("zone", 200) or times.UTC_NAME
    typed = {"notes": notes, "at": given, "zone": zone}
    if not notes:
        return _page(422, {"notes": "Say in a sentence what is new: it is kept with the release."}, **typed)
    if later:
        return _schedule(given, zone, notes, typed)
    try:
        done = _with_key(
            lambda key: write(
                state().engine,
                lambda conn: publishing.release(conn, state().store, key, actor(), notes, page.now()),
            )
        )
    except PublishRefused as refused:
        return _refused(refused)
    if done is None:
        return to("/desk/releases", notice="Nothing has changed since the last release, so none was made.")
    return to(
        "/desk/releases", notice=f"Release {done.number} is published. Devices get it at their next sync."
    )


def _schedule(given: str, zone: str, notes: str, typed: dict[str, Any]) -> Response:
    try:
        at = times.moment(given, zone)
    except times.NoMoment as wrong:
        return _page(422, {wrong.field: str(wrong)}, **typed)
    try:
        write(state().engine, lambda conn: publishing.schedule(conn, actor(), at, notes, page.now()))
    except Refused as refused:
        return _page(422, {"at": f"The time {refused.problems[0].message}."}, **typed)
    return to("/desk/releases", notice=f"Planned for {times.told(at, zone)}.")


def _refused(refused: PublishRefused) -> Response:
    return render("refused.html", 422, problems=refused.problems)


def _with_key(work: Callable[[SigningKey], T]) -> T:
    """`work` with the key that signs releases. Raises Fault 503 when it cannot be used."""
    try:
        return work(signing_key(state().settings))
    except KeyInvalid as error:
        log.error("signing_key_invalid", error=str(error))
        raise Fault(503, "The signing key cannot be read, so nothing was published.") from None
    except KeyUnavailable as error:
        log.error("signing_key_unavailable", error=str(error))
        raise Fault(
            503, "The signing key does not answer, so nothing was published. Please try again."
        ) from None


@blp.post("/releases/planned/<publication>/cancel")
@desk_page(blp, "catalog.release")
def cancel(publication: str) -> Response:
    """Don't publish at the time that was set."""
    id_ = uuid_of(publication)
    write(state().engine, lambda conn: publishing.cancel(conn, actor(), id_, page.now()))
    return to("/desk/releases", notice="Cancelled.")


# --- one release, two releases ---------------------------------------------------------------------------


@blp.get("/releases/<int:number>")
@desk_page(blp, "catalog.edit")
def release_page(number: int) -> Response:
    """What a release changed; `against`: another one to compare it with."""
    text = asked("against")
    return _release_page(number, page.whole("against", text) if text else None)


def _release_page(
    number: int, against: int | None, status: int = 200, errors: dict[str, str] | None = None
) -> Response:
    page.section("releases")
    if number > 2**31 - 1:
        raise Fault(404, "There is no such release.")

    def work(conn: Connection) -> dict[str, Any]:
        found = comparing.release_of(conn, number)
        listed = publishing.releases(conn, before=number + 1, limit=1)
        newest = publishing.releases(conn, limit=page.PAGE)
        made = listed[0].publication if listed else None
        other = number - 1 if against is None else against
        older, newer = sorted((other, number))
        changed = comparing.diff(conn, state().store, older, newer) if older > 0 and older != newer else []
        return {
            "found": found, "made": made, "numbers": [each.number for each in newest], "older": older, "newer": newer,
            "changed": changed, "names": named(conn, [made.requested_by if made else None]),
            "newest": newest[0].number if newest else number, "other": other,
        }  # fmt: skip

    told = read(state().engine, work)
    return render(
        "release.html", status, errors=errors, number=number, shown=SHOWN, lines=diffs.lines, **told
    )


@blp.post("/releases/<int:number>/roll-back")
@desk_page(blp, "catalog.release")
def roll_back(number: int) -> Response:
    """Publish the documents of an earlier release again, as a new one."""
    reason = field("reason", publishing.NOTES_CHARACTERS)
    if not reason:
        return _release_page(number, None, 422, {"reason": "Say why the catalogue goes back."})
    try:
        done = _with_key(
            lambda key: write(
                state().engine,
                lambda conn: publishing.roll_back(
                    conn, state().store, key, actor(), number, reason, page.now()
                ),
            )
        )
    except PublishRefused as refused:
        return _refused(refused)
    return to(
        "/desk/releases",
        notice=f"Release {done.number} is published, with the documents of release {number}. What was approved and "
        "not yet released is kept as drafts.",
    )
