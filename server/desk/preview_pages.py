"""What a change would do: the exercise as the app shows it, and which routines become others."""

from __future__ import annotations

import time
from typing import Any

import orjson
from flask import Response, request
from sqlalchemy import Connection

from server.catalog import checking, comparing, drafts, panel
from server.catalog.panel import PanelRow
from server.catalog.refusals import Refused
from server.db import read
from server.desk import page, words
from server.desk.draft_pages import has_app, held
from server.desk.page import asked, blp, fragment, render, uuid_of
from server.desk.session import desk_page
from server.routines import NotReady
from server.state import State, state
from server.web import choose_coding
from sync.compress import compress
from sync.releases import current_release

LANGUAGES = ("en", "de")


@blp.get("/drafts/<draft_id>/preview")
@desk_page(blp, "catalog.edit")
def preview(draft_id: str) -> Response:
    """The change as devices would have it."""
    id_, language = uuid_of(draft_id), asked("lang")

    def work(conn: Connection) -> dict[str, Any]:
        draft, known, _ = held(conn, id_)
        shown = drafts.catalogue_with(conn, draft) if draft.collection in words.OF_AN_EXERCISE else {}
        return {
            "draft": draft, "words": known, "exercise": shown.get(("exercise", draft.document)),
            "guide": shown.get(("guide", draft.document)),
        }  # fmt: skip

    told = read(state().engine, work)
    page.section("drafts")
    return render(
        "preview.html", language=language if language in LANGUAGES else "en", app=has_app(),
        of_exercise=told["draft"].collection in words.OF_AN_EXERCISE, one=words.one_name(told["draft"].collection),
        **told,
    )  # fmt: skip


@blp.get("/drafts/<draft_id>/catalogue.json")
@desk_page(blp, "catalog.edit")
def catalogue(draft_id: str) -> Response:
    """The catalogue with this change in it, for the app in the frame: {"release", "documents"}."""
    id_ = uuid_of(draft_id)

    def work(conn: Connection) -> dict[str, Any]:
        found = drafts.catalogue_with(conn, drafts.read(conn, id_))
        release = current_release(conn, "catalog")
        return {
            "release": release.number if release else 0,
            "documents": [{"collection": key[0], "id": key[1], "data": data} for key, data in found.items()],
        }  # fmt: skip

    body = orjson.dumps(read(state().engine, work))
    how = choose_coding(request.headers.get("Accept-Encoding", ""))
    response = Response(body if how == "identity" else compress(body, how), content_type="application/json")
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept-Encoding"})
    if how != "identity":
        response.headers["Content-Encoding"] = how
    return response


@blp.get("/drafts/<draft_id>/panel")
@desk_page(blp, "catalog.edit")
def panel_of_draft(draft_id: str) -> Response:
    """Which routines of the panel change with this draft."""
    shared, id_, began = state(), uuid_of(draft_id), time.perf_counter()
    draft = read(shared.engine, lambda conn: drafts.read(conn, id_))
    if draft.collection not in panel.READS:
        return _said(f"None: the generator does not read the {words.one_name(draft.collection)}.")
    try:
        generator, runtime = generator_of(shared)
        rows = read(shared.engine, lambda conn: drafts.routines(conn, draft, generator, runtime))
    except NotReady as missing:
        return _said(f"This cannot be said now. {missing}")
    except Refused:
        return _said("This cannot be said while fields of the change need another look.")
    return _shown(rows, time.perf_counter() - began)


@blp.get("/releases/panel")
@desk_page(blp, "catalog.edit")
def panel_of_next_release() -> Response:
    """Which routines of the panel change with the next release."""
    shared = state()

    def work(conn: Connection) -> tuple[Any, Any]:
        release = current_release(conn, "catalog")
        return release and comparing.documents_of(shared.store, release), checking.approved(conn)

    before, after = read(shared.engine, work)
    if before is None:
        return _said("Nothing has been released yet.")
    began = time.perf_counter()
    try:
        rows = panel.compare(before, after, *generator_of(shared))
    except NotReady as missing:
        return _said(f"This cannot be said now. {missing}")
    return _shown(rows, time.perf_counter() - began)


def generator_of(shared: State) -> tuple[Any, Any]:
    """The current generator, and the module that runs it. Raises NotReady."""
    return shared.routines.get().generator, shared.runtime()


def _shown(rows: list[PanelRow], seconds: float) -> Response:
    changed = [each for each in rows if each.changed]
    told = (
        f"{len(changed)} of {len(rows)} routines of the panel change."
        if changed
        else f"None of the {len(rows)} routines of the panel changes."
    )
    return fragment("_panel.html", rows=changed, told=told, seconds=seconds)


def _said(told: str) -> Response:
    return fragment("_panel.html", rows=[], told=told, seconds=None)
