"""`/desk/`: what waits for whoever is here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flask import Response
from sqlalchemy import Connection

from server.catalog import comparing, drafts, history, publishing, review
from server.db import read
from server.desk import listing, page, words
from server.desk.page import blp, render
from server.desk.session import actor, desk_page
from server.desk.who import named
from server.problems import Fault
from server.state import state

SHOWN = 8
# Modules that know of something that waits for an editor: overview(conn, now) -> [(number or word, what, address)].
TELLING = ("jobs_pages", "videos_pages", "media_pages", "imports_pages")


@blp.get("/", strict_slashes=False)
@desk_page(blp, "catalog.edit")
def overview() -> Response:
    """The front page."""
    me = actor()

    def work(conn: Connection) -> dict[str, Any]:
        mine = drafts.listed(conn, author=me.id, limit=SHOWN)
        waiting = drafts.listed(conn, states=("in_review",), not_by=me.id, limit=page.PAGE)
        mine_to_review = [
            each
            for each in waiting
            if review.refusal(me.id, me.roles, each.contributors, each.safety_fields) is None
        ]
        last = publishing.releases(conn, limit=1)
        planned = [
            each for each in publishing.publications(conn, limit=5) if each.state in ("scheduled", "failed")
        ]
        events = history.trail(conn, limit=SHOWN)
        people = [each.actor for each in events] + [each.author for each in mine_to_review]
        return {
            "mine": mine, "waiting": mine_to_review[:SHOWN], "waiting_total": len(mine_to_review),
            "counts": drafts.counts(conn), "pending": len(comparing.pending(conn)), "last": last[0] if last else None,
            "planned": planned, "events": events, "totals": listing.totals(conn), "names": named(conn, people),
            "lacking": {code: listing.find(conn, "exercise", lacks=code, limit=1).total for code in ("guide", "clip")},
            "notices": [each for name in TELLING for each in _told(conn, name)],
        }  # fmt: skip

    told = read(state().engine, work)
    return render("overview.html", one_name=words.one_name, **told)


@blp.get("/<path:rest>")
@desk_page(blp, "catalog.edit")
def nowhere(rest: str) -> Response:  # noqa: ARG001 (the rule gives it)
    """Any other address: a page that says so, with the way back."""
    raise Fault(404, "There is no such page at the desk.")


def _told(conn: Connection, module: str) -> list[tuple[str, str, str]]:
    tell = getattr(import_module(f"server.desk.{module}"), "overview", None)
    return list(tell(conn, page.now())) if tell else []
