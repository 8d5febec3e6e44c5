"""The app on the web: the files of its build, served at `/` from the folder that LIMBER_WEB names.

The build says in `files.json` what it consists of: only that can be asked for, so no path leads out of the folder. Any
other path whose first part is not the server's own is a page of the app, which finds its way in the browser.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from server import pages, problems
from server.access import name_view
from server.problems import Fault
from server.web import choose_coding, not_modified

LIST: Final = "files.json"
SUFFIX: Final = {"br": ".br", "gzip": ".gz", "identity": ""}
TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".onnx": "application/octet-stream",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".m4a": "audio/mp4",
}
# The app compiles WebAssembly, sets styles from script (React Native for the web), shows pictures it made itself, and
# listens to the live process. The one frame is for a video that somebody asked to see.
APP_CSP: Final = (
    "default-src 'self'; connect-src 'self'{live}; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{media}; media-src 'self' data: blob:{media}; worker-src 'self' blob:; "
    "object-src 'none'; "
    "frame-src https://www.youtube-nocookie.com; base-uri 'none'; form-action 'self'; frame-ancestors {framed}"
)
# The page of the app that the editors' desk shows in a frame.
PREVIEW: Final = "/preview"
FOR_EVER: Final = "public, max-age=31536000, immutable"
# Asked for again each time, answered with 304: a new version shows at once, a page costs no bytes.
ASK_AGAIN: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the build and the codings that it is there in."""

    sha256: str
    immutable: bool
    codings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """What a finished build consists of, by path of the web."""

    stamp: tuple[int, int]
    files: dict[str, Asset]


class WebApp:
    """The build in `folder`, which may appear, change and go while we serve."""

    def __init__(
        self, folder: Path | None, live_url: str | None, media_url: Callable[[], str | None]
    ) -> None:
        self.folder = folder
        self._build: Build | None = None
        self._live = _origin(live_url)
        self._media = cache(lambda: _origin(media_url()))

    def build(self) -> Build | None:
        """The build that is there now, None where there is none."""
        if self.folder is None:
            return None
        try:
            told = (self.folder / LIST).stat()
            stamp = (told.st_mtime_ns, told.st_ino)
            if self._build is None or self._build.stamp != stamp:
                listed = orjson.loads((self.folder / LIST).read_bytes())
                self._build = Build(stamp, {path: _asset(each) for path, each in listed["files"].items()})
        except (OSError, ValueError, KeyError):
            self._build = None
        return self._build

    def serve(self, path: str) -> Response:
        """The file at `path` of the web. Raises Fault 404."""
        build = self.build()
        asset = build.files.get(path) if build else None
        if self.folder is None or asset is None:
            raise Fault(404, "There is no such file.")
        accepted = choose_coding(request.headers.get("Accept-Encoding", ""), tuple(asset.codings))
        tag = f"{asset.sha256[:32]}-{accepted}"
        headers = {
            "Cache-Control": FOR_EVER if asset.immutable else ASK_AGAIN,
            "Vary": "Accept-Encoding",
            "Content-Security-Policy": APP_CSP.format(
                live=self._live,
                media=self._media(),
                framed="'self'" if request.path == PREVIEW else "'none'",
            ),
        }
        if unchanged := not_modified(tag, headers):
            return unchanged
        suffix = Path(path).suffix
        kind = TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
        try:
            body = (self.folder / (path[1:] + SUFFIX[accepted])).read_bytes()
        except FileNotFoundError:
            raise Fault(404, "There is no such file.") from None
        response = Response(body, content_type=kind)
        response.set_etag(tag)
        response.headers.update(headers)
        if accepted != "identity":
            response.headers["Content-Encoding"] = accepted
        else:
            response.make_conditional(request, accept_ranges=True, complete_length=len(body))
        return response


def _origin(url: str | None) -> str:
    """The origin of an address as one more source of a policy; nothing for none."""
    parts = urlsplit(url or "")
    return f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _asset(listed: dict[str, Any]) -> Asset:
    codings = tuple(name for name in SUFFIX if name != "identity" and name in listed["bytes"])
    return Asset(listed["sha256"], bool(listed["immutable"]), codings)


def install(
    app: Flask, folder: Path | None, live_url: str | None, media_url: Callable[[], str | None]
) -> None:
    """Serve the app at `/`. After all routes are registered: what they own is not the app's.

    `media_url` gives an address in the object storage that media come from, None where that is this server; asked
    at the first page.
    """
    web = WebApp(folder, live_url, media_url)
    own = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {""}

    def front() -> Response:
        return web.serve("/index.html") if web.build() else pages.about(app_missing=True)

    def unknown(error: NotFound) -> Any:
        # No route of ours but one of the app's? Asked here and not by a route for everything, which would hide the
        # redirects and the wrong methods of all others.
        build = web.build() if request.routing_exception is error else None
        if build is None or request.method not in ("GET", "HEAD") or request.path.split("/")[1] in own:
            return problems.from_http(error)
        # A name with an ending is a file; a page of the app has none.
        is_file = request.path in build.files or "." in request.path.rsplit("/", 1)[-1]
        if is_file and request.path not in build.files:
            return problems.from_http(error)
        return web.serve(request.path if is_file else "/index.html")

    app.add_url_rule("/", "webapp", name_view(front, "public"))
    app.register_error_handler(NotFound, unknown)
