"""What the browser's script asks for while it sends a file: server/static/upload.js is the other side.

Bytes go straight to object storage. Where that is a folder, the server itself takes them at `PUT /desk/media/parts/…`,
whose address is signed and ends after an hour, as a presigned address of S3 does. Answers are JSON.
"""

from __future__ import annotations

import functools
import uuid
from typing import Any, Final, cast

import orjson
from flask import Response, request
from sqlalchemy import Connection

from server.access import name_view
from server.accounts.page import now
from server.db import read, write
from server.desk.page import blp, field, whole
from server.desk.session import actor, desk_page
from server.jobs import enqueue
from server.media import uploads
from server.media.formats import Refused
from server.media.jobs import TASK
from server.media.uploads import Upload, UploadMissing, UploadOver
from server.problems import Fault, problem
from server.state import state
from server.web import View, json_response
from sync.objects_parts import MAX_PARTS, PartCut, PartsMissing, open_parts

OWN: Final = "/desk/media/parts"
_AT_ONCE: Final = 16
_MAX_NAME: Final = 200


@blp.url_value_preprocessor
def _allow_a_part(endpoint: str | None, _: Any) -> None:
    """A part may be larger than other bodies; this runs before the size of a body is looked at."""
    if endpoint == f"{blp.name}.take_part":
        request.max_content_length = uploads.PART


def for_script(view: View) -> View:
    """Refusals as problem+json: who asks is a script, which shows the sentence where the editor looks."""

    @functools.wraps(view)
    def told(*arguments: Any, **options: Any) -> Any:
        try:
            return view(*arguments, **options)
        except Fault as fault:
            return _no_store(problem(fault.status, fault.detail, errors=fault.errors, headers=fault.headers))
        except Refused as refused:
            return _no_store(problem(422, str(refused)))
        except UploadMissing:
            return _no_store(problem(404, "There is no such upload."))
        except UploadOver as over:
            return _no_store(problem(409, str(over)))

    return cast(View, told)


@blp.post("/media/uploads")
@desk_page(blp, "catalog.media")
@for_script
def begin_upload() -> Response:
    """Open an upload: `name`, `size` in bytes, `exercise` or nothing."""
    name, size = field("name", _MAX_NAME) or "a file", whole("size", field("size"), most=10**10)
    exercise, settings = field("exercise", 80) or None, state().settings

    def work(conn: Connection) -> Upload:
        return uploads.begin(
            conn,
            state().store,
            name=" ".join(name.split()),
            size=size,
            exercise=exercise,
            by=actor().id,
            most=settings.media_max_bytes,
            now=now(),
        )

    made = write(state().engine, work)
    return _told(made, {}, 201)


@blp.get("/media/uploads/<uuid:upload>.json")
@desk_page(blp, "catalog.media")
@for_script
def show_parts(upload: uuid.UUID) -> Response:
    """What is there of a file, so that it can be gone on with."""

    def query(conn: Connection) -> tuple[Upload, dict[int, str]]:
        found = uploads.find(conn, upload)
        return found, uploads.arrived(conn, state().store, found)

    return _told(*read(state().engine, query))


@blp.post("/media/uploads/<uuid:upload>/addresses")
@desk_page(blp, "catalog.media")
@for_script
def give_addresses(upload: uuid.UUID) -> Response:
    """Where to PUT some parts: `parts` is a JSON object of SHA-256 by number, of at most 16."""
    try:
        given = orjson.loads(field("parts", 4000))
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict) or not 0 < len(given) <= _AT_ONCE:
        raise Fault(400, f"parts: send an object of 1 to {_AT_ONCE} hashes by number.")
    parts: dict[int, str] = {}
    for number, digest in given.items():
        parts[whole("parts", number, 1, MAX_PARTS)] = str(digest)

    def work(conn: Connection) -> dict[int, str]:
        found = uploads.find(conn, upload, lock=True)
        return uploads.addresses(conn, state().store, found, parts, now(), OWN)

    told = write(state().engine, work)
    return _no_store(json_response({str(number): url for number, url in told.items()}))


def take_part(upload: uuid.UUID, number: int) -> Response:
    """One part's bytes, from whoever holds the address that was signed for it. For folders only."""
    found = read(state().engine, lambda conn: uploads.find(conn, upload))
    until, signature = request.args.get("until", ""), request.args.get("signature", "")
    if not uploads.may_send(found, number, until, signature, now()):
        raise Fault(403, "This address is not signed for that part, or its time is over.")
    if found.state != "receiving":
        raise Fault(409, "This upload takes no more parts.")
    size = found.wanted[number]
    if request.content_length != size:
        raise Fault(400, f"Part {number} has {size} bytes; send exactly these, with a Content-Length.")
    try:
        open_parts(state().store).receive(found.key, found.handle, number, size, request.stream)
    except PartCut:
        raise Fault(400, f"Part {number} ended early. Send it again.") from None
    return _no_store(Response(status=204))


blp.put("/media/parts/<uuid:upload>/<int:number>")(name_view(for_script(take_part), "upload"))


@blp.post("/media/uploads/<uuid:upload>/finish")
@desk_page(blp, "catalog.media")
@for_script
def finish_upload(upload: uuid.UUID) -> Response:
    """All parts were sent: have the file looked at. 409 with `missing` when some are not there."""

    def work(conn: Connection) -> Upload:
        found = uploads.find(conn, upload, lock=True)
        if found.state in ("inspecting", "ready", "refused"):
            return found  # the answer to an earlier try was lost
        done = uploads.finish(conn, state().store, found, now())
        enqueue(conn, TASK, upload=str(found.id))
        return done

    try:
        done = write(state().engine, work)
    except PartsMissing as missing:
        return _no_store(problem(409, "Some parts are missing.", missing=missing.numbers))
    return _told(done, {})


def _told(upload: Upload, parts: dict[int, str], status: int = 200) -> Response:
    body = {
        "id": str(upload.id),
        "name": upload.name,
        "size": upload.size,
        "part_size": upload.part_bytes,
        "state": upload.state,
        "problem": upload.problem,
        "parts": {str(number): digest for number, digest in parts.items()},
        "page": f"/desk/media/uploads/{upload.id}",
    }
    response = json_response(body)
    response.status_code = status
    return _no_store(response)


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
