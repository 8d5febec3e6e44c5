"""A local server that speaks `videos.list` of the YouTube Data API v3 as it is documented, with its errors.

https://developers.google.com/youtube/v3/docs/videos/list and …/docs/errors. Videos that are private, removed or unknown
are left out of the answer, as with an API key they are.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "test-key-123"
PART = "snippet contentDetails status statistics"


def resource(video: str, **changes: Any) -> dict[str, Any]:
    """A video resource of a good video; `changes` by dotted path with __ for the dot, None takes the field away."""
    made: dict[str, Any] = {
        "kind": "youtube#video",
        "id": video,
        "snippet": {
            "publishedAt": "2025-03-01T10:00:00Z", "channelId": "UCabcdefghijklmnopqrstuv",
            "title": f"Calf stretch {video}", "description": "How to stretch your calves.",
            "channelTitle": "Physio at home", "categoryId": "26", "liveBroadcastContent": "none",
            "defaultAudioLanguage": "en-GB",
            "thumbnails": {
                "default": {"url": f"https://i.ytimg.com/vi/{video}/default.jpg", "width": 120, "height": 90},
                "high": {"url": f"https://i.ytimg.com/vi/{video}/hqdefault.jpg", "width": 480, "height": 360},
            },
        },
        "contentDetails": {
            "duration": "PT4M13S", "dimension": "2d", "definition": "hd", "caption": "true", "licensedContent": False,
            "contentRating": {}, "projection": "rectangular",
        },
        "status": {
            "uploadStatus": "processed", "privacyStatus": "public", "license": "youtube", "embeddable": True,
            "publicStatsViewable": True, "madeForKids": False,
        },
        "statistics": {"viewCount": "12345", "likeCount": "67", "commentCount": "8"},
    }  # fmt: skip
    for path, value in changes.items():
        *steps, last = path.split("__")
        part = made
        for step in steps:
            part = part[step]
        if value is None:
            del part[last]
        else:
            part[last] = value
    return made


def error(status: int, reason: str, message: str, domain: str = "youtube") -> tuple[int, dict[str, Any]]:
    """An error as Google's JSON APIs write it."""
    listed = [{"message": message, "domain": domain, "reason": reason}]
    return status, {"error": {"code": status, "message": message, "errors": listed}}


QUOTA = error(
    403, "quotaExceeded",
    'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">'
    "quota</a>.", "youtube.quota",
)  # fmt: skip
BACKEND = error(503, "backendError", "Backend Error", "global")
TOO_FAST = error(429, "rateLimitExceeded", "Too many requests.", "global")
SWITCHED_OFF = error(
    403, "accessNotConfigured", "YouTube Data API v3 has not been used in project 1 before or it is disabled."
)
BAD_KEY = (400, {"error": {
    "code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT",
    "errors": [{"message": "API key not valid. Please pass a valid API key.", "domain": "global",
                "reason": "badRequest"}],
    "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                 "domain": "googleapis.com"}],
}})  # fmt: skip


class FakeYouTube:
    """What the server knows and was asked. `failures`: answers that are given first, one a request."""

    def __init__(self) -> None:
        self.videos: dict[str, dict[str, Any]] = {}
        self.failures: list[tuple[int, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.url = ""

    def add(self, video: str, **changes: Any) -> str:
        self.videos[video] = resource(video, **changes)
        return video

    @property
    def asked(self) -> list[list[str]]:
        """The ids of each request."""
        return [each["ids"] for each in self.requests]

    def answer(self, path: str, headers: Any) -> tuple[int, bytes, str | None]:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        ids = query.get("id", [""])[0].split(",")
        self.requests.append({"ids": ids, "path": path, "if_none_match": headers.get("If-None-Match")})
        if self.failures:
            status, body = self.failures.pop(0)
            return status, body if isinstance(body, bytes) else json.dumps(body).encode(), None
        if parts.path != "/youtube/v3/videos":
            return 404, b"not found", None
        if headers.get("X-Goog-Api-Key") != KEY:
            return BAD_KEY[0], json.dumps(BAD_KEY[1]).encode(), None
        if not 1 <= len(ids) <= 50 or "part" not in query:
            status, body = error(400, "invalidFilters", "The request specifies an invalid filter parameter.")
            return status, json.dumps(body).encode(), None
        wanted = query["part"][0].split(",")
        items = []
        for each in ids:
            if each in self.videos and self.videos[each].get("status", {}).get("privacyStatus") != "private":
                kept = {k: v for k, v in self.videos[each].items() if k not in PART.split() or k in wanted}
                items.append({"etag": _etag(kept), **kept})
        body = {
            "kind": "youtube#videoListResponse",
            "items": items,
            "pageInfo": {"totalResults": len(items), "resultsPerPage": len(items)},
        }
        etag = _etag(body)
        if headers.get("If-None-Match") == etag:
            return 304, b"", etag
        return 200, json.dumps({"etag": etag, **body}).encode(), etag


def _etag(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:27]


@contextmanager
def serving() -> Iterator[FakeYouTube]:
    """The server on a port of its own until the block ends."""
    fake = FakeYouTube()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body, etag = fake.answer(self.path, self.headers)
            self.send_response(status)
            if etag:
                self.send_header("ETag", etag)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/youtube/v3"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
