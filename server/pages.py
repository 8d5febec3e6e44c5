"""What a person sees of the server itself: its page, the API's documentation, and the files of both."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

from flask import Blueprint, Response, render_template
from sqlalchemy.exc import SQLAlchemyError

from server.access import public
from server.db import read
from server.models import Ask, newest_model
from server.problems import Fault, is_outage
from server.state import state
from server.web import COMPRESS_FROM_BYTES, PAGE_CSP, coding, not_modified
from sync.compress import compress

STATIC = Path(__file__).parent / "static"
CACHE = {"Cache-Control": "public, max-age=300, must-revalidate", "Vary": "Accept-Encoding"}

blp = Blueprint("pages", __name__, template_folder="templates")


@blp.get("/server")
@public(blp)
def home() -> Response:
    """What this server is, what is current on it, where to read on."""
    return about(app_missing=False)


def about(*, app_missing: bool) -> Response:
    """The same page; as the front page of a server without the app it says so."""
    shared = state()
    try:
        release = shared.catalog_release.get()
        model = read(shared.engine, lambda conn: newest_model(conn, Ask()))
        reachable = True
    except SQLAlchemyError as error:
        if not is_outage(error):
            raise
        release, model, reachable = None, None, False
    told = {"release": release, "model": model, "reachable": reachable, "app_missing": app_missing}
    return _page(render_template("home.html", **told))


@blp.get("/docs")
@public(blp)
def docs() -> Response:
    """The API, browsable."""
    return _page(render_template("docs.html"))


def _page(html: str) -> Response:
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PAGE_CSP
    response.headers["Cache-Control"] = "no-cache"
    return response


@blp.get("/static/<path:name>")
@public(blp)
def asset(name: str) -> Response:
    """A file of `static/`, compressed once per process."""
    path = _ASSETS.get(name)
    if path is None:
        raise Fault(404, "There is no such file.")
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    return compressible(path.read_bytes(), f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)


def compressible(plain: bytes, content_type: str) -> Response:
    """`plain` with ETag and negotiated compression; the compressed bytes are kept in memory."""
    bodies = state().bodies
    how = coding() if len(plain) >= COMPRESS_FROM_BYTES else "identity"
    tag = f"{hashlib.sha256(plain).hexdigest()[:32]}-{how}"
    if unchanged := not_modified(tag, CACHE):
        return unchanged
    body = plain
    if how != "identity":
        body = bodies.get(tag) or compress(plain, how)
        bodies.put(tag, body)
    response = Response(body, content_type=content_type, headers=dict(CACHE))
    if how != "identity":
        response.headers["Content-Encoding"] = how
    response.set_etag(tag)
    return response


# Listed once: only what is here can be asked for, so no path can lead out of the folder.
_ASSETS = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}
