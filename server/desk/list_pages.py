"""Lists of the catalogue's documents: exercises first, and every other collection."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import Connection

from server.db import read
from server.desk import listing, page, words
from server.desk.page import asked, blp, render
from server.desk.session import desk_page
from server.problems import Fault
from server.state import state


@blp.get("/exercises")
@desk_page(blp, "catalog.edit")
def exercises() -> Response:
    """Exercises, filtered."""
    return _list("exercise")


@blp.get("/programs")
@desk_page(blp, "catalog.edit")
def programs() -> Response:
    """Programs."""
    return _list("program")


@blp.get("/documents")
@desk_page(blp, "catalog.edit")
def documents() -> Response:
    """Every collection."""
    totals = read(state().engine, listing.totals)
    kinds = [(each, words.list_name(each), totals.get(each, 0)) for each in words.collections()]
    return render("collections.html", kinds=kinds)


@blp.get("/documents/<collection>")
@desk_page(blp, "catalog.edit")
def documents_of(collection: str) -> Response:
    """The documents of one collection."""
    if collection not in words.collections():
        raise Fault(404, "There is no such collection.")
    page.section({"exercise": "exercises", "program": "programs"}.get(collection, "documents"))
    return _list(collection)


def _list(collection: str) -> Response:
    filters = {name: asked(name) for name in ("q", "state", "type", "region", "hazard", "lacks", "sort")}

    def work(conn: Connection) -> dict[str, Any]:
        known = words.load(conn)
        muscles = [
            code
            for code, entry in known.entries.get("muscles", {}).items()
            if filters["region"] and entry.get("region") == filters["region"]
        ]
        wish: dict[str, Any] = {
            "words": filters["q"], "state": filters["state"], "kind": filters["type"], "hazard": filters["hazard"],
            "muscles": muscles, "lacks": filters["lacks"], "sort": filters["sort"] or "name",
        }  # fmt: skip
        found = listing.find(conn, collection, offset=page.pages(10**9)["offset"], limit=page.PAGE, **wish)
        return {"found": found, "words": known}

    told = read(state().engine, work)
    if not told["found"].rows and asked("page") not in ("", "1"):
        return page.to(request.path, **filters)  # beyond the end, as after something went
    return render(
        "list.html", collection=collection, name=words.list_name(collection), one=words.one_name(collection),
        at=page.pages(told["found"].total), filters=filters, states=_options(listing.STATES),
        lacks=_options(listing.LACKS), sorts=_options(listing.SORTS), rows=told["found"].rows, words=told["words"],
        filtered=any(value for name, value in filters.items() if name != "sort"),
    )  # fmt: skip


def _options(named: Any) -> list[tuple[str, str]]:
    return [(code, label) for code, (label, _) in named.items()]
