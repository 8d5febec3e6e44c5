"""`GET /v1/objects/<key>`: immutable, content-addressed objects, with ranges and pre-compressed siblings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.http import parse_range_header

from server.access import public
from server.media.formats import EXTENSIONS
from server.problems import Fault
from server.state import state
from server.web import IF_NONE_MATCH, Blueprint, coding, not_modified, problems_of
from sync.compress import SUFFIX
from sync.objects import ObjectMissing, ObjectStore

IMMUTABLE = "public, max-age=31536000, immutable"
TYPES = {
    "json": "application/json",
    "onnx": "application/octet-stream",
    **{extension: media_type for media_type, extension in EXTENSIONS.items()},
}
KEY_PATTERN = (
    r"^(snapshots/[0-9a-f]{64}\.json|models/[0-9a-f]{64}\.(onnx|golden\.json)|"
    rf"media/[0-9a-f]{{64}}\.({'|'.join(EXTENSIONS.values())}))$"
)
PIECE = 1 << 18
"""Bytes of a large object that are in memory at once while it is sent from a folder."""
_KEY = re.compile(KEY_PATTERN)

blp = Blueprint("objects", __name__, description="Immutable objects by content: snapshots, models, media")


def object_path(key: str) -> str:
    """The path under which this server answers for an object."""
    return f"/v1/objects/{key}"


def pick_sibling(store: ObjectStore, key: str, how: str) -> tuple[str, str]:
    """(key, coding) of the pre-compressed sibling for coding `how`, or the object itself."""
    if how != "identity" and key.endswith(".json"):
        sibling = key + SUFFIX[how]
        if store.exists(sibling):
            return sibling, how
    return key, "identity"


@blp.route(
    "/v1/objects/<path:key>",
    parameters=[
        {
            "in": "path",
            "name": "key",
            "required": True,
            "schema": {"type": "string", "pattern": KEY_PATTERN},
            "description": "`snapshots/<sha256>.json`, `models/<sha256>.onnx`, `models/<sha256>.golden.json`, or "
            "`media/<sha256>.` with `jpg`, `png`, `webp`, `mp4` or `webm`",
        },
        {"in": "header", "name": "Range", "schema": {"type": "string"}, "example": "bytes=1024-"},
        IF_NONE_MATCH,
    ],
)
@public(blp)
@blp.doc(
    operationId="getObject",
    summary="An immutable object",
    description="Served from a folder store, redirected to object storage otherwise. Answers ranges, so a "
    "download can resume: send `Range` with `If-Range: <ETag>`.",
)
@blp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
@blp.alt_response(
    200, schema={"type": "object"}, content_type="application/json", success=True, description="A snapshot"
)
@blp.alt_response(
    206,
    schema={"type": "string", "format": "binary"},
    content_type="application/octet-stream",
    success=True,
    description="The asked-for range",
)
@blp.alt_response(302, "FOUND", success=True)
@blp.alt_response(304, "NOT_MODIFIED", success=True)
@problems_of(blp, 404, 406, 416)
def get_object(key: str) -> ResponseReturnValue:
    """Views: the object under `key`, the range of it, a 304, or a redirect to object storage."""
    if not _KEY.fullmatch(key):
        raise Fault(404, "There is no such object.")
    store = state().store
    found, how = pick_sibling(store, key, coding())
    headers = {"Cache-Control": IMMUTABLE}
    if key.startswith("media/"):
        # The app may be served from another origin (LIMBER_WEB_ORIGINS), and shows them by their address.
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if key.endswith(".json"):
        headers["Vary"] = "Accept-Encoding"
    try:
        location = store.url(found)
        if location is not None:
            if found == key and not store.exists(key):
                raise ObjectMissing(key)
            away = redirect(location, 302)
            # The address may be signed and expire, so the redirect itself must not be kept.
            away.headers.update({**headers, "Cache-Control": "no-store"})
            return away
        size = store.size(found)
        etag = _digest(key) if how == "identity" else f"{_digest(key)}-{how}"
        unchanged = not_modified(etag, headers)
        return unchanged or _whole_or_part(store, found, size, etag, how, headers)
    except ObjectMissing:
        raise Fault(404, "There is no such object.") from None


def _digest(key: str) -> str:
    return key.split("/", 1)[1]


def _range(size: int) -> tuple[int, int] | None:
    """[start, end) of a single byte range, cut at `size`; None when none was asked for that we understand."""
    parsed = parse_range_header(request.headers.get("Range"))
    if parsed is None or parsed.units != "bytes" or len(parsed.ranges) != 1:
        return None
    first, end = parsed.ranges[0]
    if first < 0:  # the last so many bytes
        return max(size + first, 0), size
    return first, size if end is None else min(end, size)


def _body(store: ObjectStore, key: str, start: int, end: int) -> bytes | Iterator[bytes]:
    """The bytes `[start:end)`; a film's in pieces, so that many who watch need little memory."""
    if end - start <= PIECE:
        return store.get(key, start, end)
    first = store.get(key, start, start + PIECE)  # here, so that a missing object is still a 404
    rest = (store.get(key, at, min(at + PIECE, end)) for at in range(start + PIECE, end, PIECE))
    return chain((first,), rest)


def _whole_or_part(
    store: ObjectStore, key: str, size: int, etag: str, how: str, headers: dict[str, str]
) -> Response:
    """A 200 with all `size` bytes, or a 206/416 when a usable Range was asked for."""
    start, end, status = 0, size, 200
    wanted = _range(size)
    condition = request.headers.get("If-Range")
    # An If-Range that names another version asks for the whole, so that no two versions get mixed.
    if wanted and condition in (None, f'"{etag}"'):
        start, end = wanted
        status = 206
        if start >= min(end, size):
            raise Fault(416, f"The object has {size} bytes.", headers={"Content-Range": f"bytes */{size}"})
        headers = {**headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    body = b"" if request.method == "HEAD" else _body(store, key, start, end)
    plain = key if how == "identity" else key[: -len(SUFFIX[how])]
    response = Response(body, status, headers=headers, content_type=TYPES[plain.rsplit(".", 1)[1]])
    response.headers["Content-Length"] = str(end - start)
    response.headers["Accept-Ranges"] = "bytes"
    if how != "identity":
        response.headers["Content-Encoding"] = how
    response.set_etag(etag)
    return response
