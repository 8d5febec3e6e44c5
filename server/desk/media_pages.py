"""Pictures and films at the desk: send one, see what became of it, say what it shows, attach it to an exercise."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Response, request
from sqlalchemy import Connection, func, select

from server.accounts.page import now
from server.catalog import media_form
from server.catalog.claims import LANGUAGES
from server.catalog.drafts import AlreadyOpen, Conflict, DeskRefusal
from server.catalog.tables import catalog_document
from server.db import read, write
from server.desk.forms_media import LICENCES
from server.desk.page import asked, blp, field, fragment, pages, render, to
from server.desk.session import actor, desk_page
from server.media import assets, uploads
from server.media.assets import Asset, AssetMissing
from server.media.formats import ACCEPTED, Refused, object_key
from server.media.tables import media_asset, media_upload
from server.media.uploads import Upload, UploadMissing, UploadOver
from server.objects import object_path
from server.problems import Fault
from server.state import state
from sync.objects import ObjectStore
from sync.objects_parts import open_parts

_SHOWN: Final = 24


@blp.get("/media")
@desk_page(blp, "catalog.media")
def media() -> Response:
    """Send a file; the last uploads; what is there."""

    def query(conn: Connection) -> tuple[int, list[str]]:
        a = media_asset.c
        total = conn.execute(select(func.count()).where(a.kind.in_(("image", "video")))).scalar_one()
        return total, _slugs(conn)

    total, slugs = read(state().engine, query)
    at = pages(total, _SHOWN)
    found = read(state().engine, lambda conn: assets.listed(conn, _SHOWN, at["offset"]))
    last = read(state().engine, uploads.listed)
    return _page(
        "media.html",
        at=at,
        assets=found,
        uploads=last,
        slugs=slugs,
        exercise=asked("exercise"),
        accepted=ACCEPTED,
        most=state().settings.media_max_bytes,
    )


@blp.get("/media/uploads/<uuid:upload>")
@desk_page(blp, "catalog.media")
def media_upload_page(upload: uuid.UUID) -> Response:
    """What became of a file; asks again by itself while it is being looked at."""
    found = _upload(upload)
    if request.headers.get("HX-Request"):
        answer = fragment("_media_upload.html", upload=found)
        if found.state == "ready":
            answer.headers["HX-Redirect"] = _asset_page(found)
        return answer
    return to(_asset_page(found)) if found.state == "ready" else _page("media_upload.html", upload=found)


@blp.post("/media/uploads/<uuid:upload>/drop")
@desk_page(blp, "catalog.media")
def drop_upload(upload: uuid.UUID) -> Response:
    """Forget an unfinished upload and its parts."""

    def work(conn: Connection) -> Upload:
        return uploads.drop(conn, uploads.find(conn, upload, lock=True), now())

    try:
        gone = write(state().engine, work)
    except UploadMissing:
        raise Fault(404, "There is no such upload.") from None
    except UploadOver as over:
        raise Fault(409, str(over)) from None
    open_parts(state().store).discard(gone.key, gone.handle)
    return to("/desk/media", notice=f"{gone.name} was dropped.")


@blp.get("/media/files/<sha256>")
@desk_page(blp, "catalog.media")
def media_file(sha256: str) -> Response:
    """A picture or film, what it shows in words, and where it is attached."""
    asset = _asset(sha256)
    said = {"credit": asset.credit or "", "licence": asset.licence or "", "exercise": asked("exercise")}
    return _file_page(asset, {**said, **{f"alt-{code}": asset.alt.get(code, "") for code in LANGUAGES}})


@blp.post("/media/files/<sha256>")
@desk_page(blp, "catalog.media")
def attach_media(sha256: str) -> Response:
    """Keep the words; with an exercise make a draft of its media."""
    asset = _asset(sha256)
    given = {name: " ".join(field(name, 500).split()) for name in ("credit", "licence", "exercise")}
    alt = {code: " ".join(field(f"alt-{code}", 500).split()) for code in LANGUAGES}
    given |= {f"alt-{code}": text for code, text in alt.items()}
    errors = {
        path.replace(".", "-"): f"The words {_SAID[path]} {why}." for path, why in media_form.check_alt(alt)
    }
    if len(given["credit"]) > media_form.CREDIT:
        errors["credit"] = f"The credit has at most {media_form.CREDIT} characters."
    if not given["licence"] or len(given["licence"]) > media_form.LICENCE:
        errors["licence"] = (
            f"Say under which licence it may be shown, in at most {media_form.LICENCE} characters."
        )
    if errors:
        return _file_page(asset, given, errors, 422)

    def work(conn: Connection) -> Any:
        assets.describe(conn, sha256, alt, given["credit"] or None, given["licence"])
        if not given["exercise"]:
            return None
        return assets.attach(conn, actor(), given["exercise"], assets.find(conn, sha256).item, now())

    try:
        draft = write(state().engine, work)
    except Refused as refused:
        return _file_page(asset, given, {"exercise": str(refused)}, 422)
    except (AlreadyOpen, Conflict):
        return _file_page(
            asset, given, {"exercise": "Somebody is changing its media right now. Try again."}, 409
        )
    except DeskRefusal as refused:
        return _file_page(asset, given, {"exercise": str(refused)}, 422)
    if draft is None:
        return to(f"/desk/media/files/{sha256}", notice="The words are kept.")
    return to(f"/desk/drafts/{draft.id}", notice=f"Attached to {given['exercise']} in this draft.")


@blp.post("/media/files/<sha256>/detach")
@desk_page(blp, "catalog.media")
def detach_media(sha256: str) -> Response:
    """A draft of an exercise's media without this one; also for a video's id."""
    slug = field("exercise", 80)
    try:
        draft = write(state().engine, lambda conn: assets.detach(conn, actor(), slug, sha256, now()))
    except DeskRefusal as refused:
        raise Fault(409, str(refused)) from None
    if draft is None:
        raise Fault(404, f"It is not attached to {slug}.")
    return to(f"/desk/drafts/{draft.id}", notice=f"Taken off {slug} in this draft.")


def overview(conn: Connection, _: datetime) -> list[tuple[str, str, str]]:
    """What waits for an editor: files that were found good and are described nowhere yet."""
    a, u = media_asset.c, media_upload.c
    bare = conn.execute(
        select(func.count()).where(a.licence.is_(None), a.kind.in_(("image", "video")))
    ).scalar_one()
    busy = conn.execute(select(func.count()).where(u.state == "inspecting")).scalar_one()
    rows = [(str(bare), "pictures or films without words and licence", "/desk/media")] if bare else []
    return rows + ([(str(busy), "files being looked at", "/desk/media")] if busy else [])


_SAID: Final = {"alt.en": "in English", "alt.de": "in German"}


def _file_page(
    asset: Asset, given: dict[str, str], errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    def query(conn: Connection) -> tuple[list[str], list[str]]:
        return assets.used_by(conn, asset.sha256), _slugs(conn)

    used, slugs = read(state().engine, query)
    return _page(
        "media_file.html",
        status,
        errors=errors,
        asset=asset,
        given=given,
        used=used,
        slugs=slugs,
        licences=LICENCES,
    )


def _page(template: str, status: int = 200, **context: Any) -> Response:
    return render(
        template, status, connect=origins(state().store), path=object_path, key=object_key, **context
    )


def origins(store: ObjectStore) -> list[str]:
    """The origins that a page must be allowed to send to and show from; none for a folder."""
    found = (store.url("media/any"), open_parts(store).address("uploads/any", "any", 1, 1))
    parts = [urlsplit(each) for each in found if each]
    return sorted({f"{each.scheme}://{each.netloc}" for each in parts})


def _slugs(conn: Connection) -> list[str]:
    c = catalog_document.c
    rows = select(c.id).where(c.collection == "exercise", c.state != "retired").order_by(c.id)
    return list(conn.scalars(rows))


def _upload(upload: uuid.UUID) -> Upload:
    try:
        return read(state().engine, lambda conn: uploads.find(conn, upload))
    except UploadMissing:
        raise Fault(404, "There is no such upload.") from None


def _asset(sha256: str) -> Asset:
    try:
        return read(state().engine, lambda conn: assets.find(conn, sha256))
    except AssetMissing:
        raise Fault(404, "There is no such picture or film.") from None


def _asset_page(upload: Upload) -> str:
    return f"/desk/media/files/{upload.asset}" + (f"?exercise={upload.exercise}" if upload.exercise else "")
