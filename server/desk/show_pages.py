"""One document: what it says, what belongs to it, its open change and what was done to it."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import Connection, or_, select

from server.catalog import drafts, history
from server.catalog.documents import stored
from server.catalog.importing.records import provenance
from server.catalog.tables import EASIER, HARDER, IS_GUIDE, catalog_document
from server.db import read
from server.desk import forms, page, words
from server.desk.draft_pages import key_of
from server.desk.page import blp, render
from server.desk.session import desk_page
from server.desk.who import named
from server.problems import Fault
from server.state import state

EVENTS = 12


@blp.get("/documents/<collection>/<record_id>")
@desk_page(blp, "catalog.edit")
def show(collection: str, record_id: str) -> Response:
    """The document as it is in the catalogue."""
    key = key_of(collection, record_id)
    page.section({"exercise": "exercises", "program": "programs"}.get(collection, "documents"))

    def work(conn: Connection) -> dict[str, Any] | None:
        found, opened = stored(conn, key), drafts.open_for(conn, key)
        beside = {}
        if collection in words.OF_AN_EXERCISE:
            for each in words.OF_AN_EXERCISE:
                if each in words.collections():
                    beside[each] = (stored(conn, (each, record_id)), drafts.open_for(conn, (each, record_id)))
        if found is None and opened is None and not any(any(pair) for pair in beside.values()):
            return None
        events = history.trail(conn, collection=collection, document=record_id, limit=EVENTS)
        people = [each.actor for each in events] + [
            found.updated_by if found else None,
            opened.author if opened else None,
        ]
        return {
            "found": found, "opened": opened, "beside": beside, "events": events, "names": named(conn, people),
            "sources": provenance(conn, record_id) if collection == "exercise" else [],
            "words": words.load(conn), "linked": _linked(conn, record_id) if collection == "exercise" else [],
        }  # fmt: skip

    told = read(state().engine, work)
    if told is None:
        raise Fault(404, f"There is no {collection}/{record_id}.")
    found, opened = told["found"], told["opened"]
    data = found.data if found else (opened.data if opened else None) or {}
    return render(
        "exercise.html" if collection == "exercise" else "document.html", collection=collection, id=record_id,
        data=data, json=forms.as_json(data), one=words.one_name(collection), list_name=words.list_name(collection),
        **told,
    )  # fmt: skip


def _linked(conn: Connection, slug: str) -> list[str]:
    """The exercises whose guide leads to this one."""
    c = catalog_document.c
    leads = or_(EASIER.in_([slug]), HARDER.in_([slug]))
    return list(conn.scalars(select(c.id).where(IS_GUIDE, c.state == "approved", leads).order_by(c.id)))


@blp.get("/matrix")
@desk_page(blp, "catalog.edit")
def matrix() -> Response:
    """Which hazards each condition excludes or limits, all at a look."""
    page.section("documents")
    known = read(state().engine, words.load)
    return render("matrix.html", words=known, conditions=known.entries["condition"])
