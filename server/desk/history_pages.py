"""Who did what to the catalogue, when and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response
from sqlalchemy import Connection, select

from server.catalog import history
from server.catalog.history import Event
from server.catalog.merging import MISSING, FieldChange
from server.catalog.tables import catalog_event
from server.db import read
from server.desk import diffs, page, words
from server.desk.page import asked, blp, render
from server.desk.session import desk_page
from server.desk.who import named
from server.state import state


@blp.get("/history")
@desk_page(blp, "catalog.edit")
def history_page() -> Response:
    """The entries that fit, newest first."""
    filters = {name: asked(name) for name in ("action", "collection", "document", "actor", "since", "until")}
    errors: dict[str, str] = {}
    wish: dict[str, Any] = {
        name: filters[name] or None for name in ("action", "collection", "document", "actor")
    }
    for name in ("since", "until"):
        try:
            wish[name] = _day(filters[name])
        except ValueError:
            errors[name] = "That is no date."
    if wish.get("until"):
        wish["until"] += timedelta(days=1)  # the day itself counts
    before = page.whole("before", asked("before"), 1, 2**63 - 1) if asked("before") else None

    def work(conn: Connection) -> dict[str, Any]:
        found = [] if errors else history.trail(conn, before=before, limit=page.PAGE + 1, **wish)
        e = catalog_event.c
        actions = list(conn.scalars(select(e.action).distinct().order_by(e.action)))
        people = list(conn.scalars(select(e.actor).distinct().order_by(e.actor).limit(200)))
        return {
            "found": found,
            "actions": actions,
            "names": named(conn, people + [each.actor for each in found]),
        }

    told = read(state().engine, work)
    found: list[Event] = told.pop("found")
    kept = {name: value for name, value in filters.items() if value}
    following = (
        page.link("/desk/history", **kept, before=str(found[page.PAGE - 1].id))
        if len(found) > page.PAGE
        else None
    )
    return render(
        "history.html", 422 if errors else 200, errors=errors, filters=filters, rows=found[: page.PAGE],
        following=following, lines=event_lines, kinds=[(each, words.list_name(each)) for each in words.collections()],
        people=sorted(told["names"].items(), key=lambda each: each[1].casefold()), **told,
    )  # fmt: skip


def event_lines(event: Event) -> list[diffs.Line]:
    """The changed fields of an entry."""
    old, new = event.before or {}, event.after or {}
    paths = list(dict.fromkeys([*new, *old]))
    return diffs.lines(FieldChange(path, old.get(path, MISSING), new.get(path, MISSING)) for path in paths)


def _day(text: str) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
