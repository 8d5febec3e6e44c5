"""The YouTube Data API v3, as far as we need it: `videos.list`, 50 ids at a time.

https://developers.google.com/youtube/v3/docs/videos/list. A video that the API does not list was removed, or made
private by its owner: with an API key the two look the same. Nothing here writes to the database.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

import orjson
import requests

from server.videos.countries import COUNTRIES

PARTS: Final = "snippet,contentDetails,status,statistics"
BATCH: Final = 50
TIMEOUT_S: Final = (5.0, 15.0)
WAITS_S: Final = (1.0, 4.0)
LONGEST_ANSWER: Final = 4 * 2**20
LONGEST_TEXT: Final = 200
_DURATION: Final = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class YouTubeError(RuntimeError):
    """The API could not be asked. The message is for a person and never holds the key."""


class KeyRefused(YouTubeError):
    """The key is wrong, restricted, or its project has the API switched off: an operator must act."""


class QuotaUsedUp(YouTubeError):
    """The project's quota of the day is spent (403 quotaExceeded, dailyLimitExceeded)."""


class Unavailable(YouTubeError):
    """YouTube does not answer, answers 5xx or 429, or says something that is no answer. Later it may."""


@dataclass(frozen=True)
class Video:
    """What the API says of one video. `state` as in the table `video`; `reason` says more, to a person."""

    id: str
    state: str
    reason: str | None = None
    title: str | None = None
    channel: str | None = None
    seconds: int | None = None
    captions: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    thumbnail: str | None = None
    views: int | None = None
    etag: str | None = None


@dataclass(frozen=True)
class Answer:
    """Of one request: `videos` in the order asked for, None when nothing changed since `etag`."""

    videos: tuple[Video, ...] | None
    etag: str | None


class YouTube:
    """A client with a key. `spend(units)` is called before every request, and may raise."""

    def __init__(
        self,
        key: str,
        base: str,
        spend: Callable[[int], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key, self._base, self._spend, self._sleep = key, base.rstrip("/"), spend, sleep

    def videos(self, ids: Sequence[str], etag: str | None = None) -> Answer:
        """What is known of up to 50 videos. Raises KeyRefused, QuotaUsedUp, Unavailable."""
        if not 1 <= len(ids) <= BATCH:
            raise ValueError(f"ids: between 1 and {BATCH}, not {len(ids)}")
        status, body, tag = self._get({"part": PARTS, "id": ",".join(ids), "maxResults": str(BATCH)}, etag)
        if status == 304:
            return Answer(None, etag)
        items = body.get("items")
        if not isinstance(items, list):
            raise Unavailable("YouTube's answer cannot be read: it has no items.")
        found = {item["id"]: item for item in items if isinstance(item, dict) and item.get("id") in ids}
        gone = "YouTube does not list it: it was removed, or its owner made it private."
        known = tuple(
            read_video(found[each]) if each in found else Video(each, "removed", gone) for each in ids
        )
        return Answer(known, tag or _string(body.get("etag")))

    def _get(self, query: Mapping[str, str], etag: str | None) -> tuple[int, dict[str, Any], str | None]:
        for wait in (*WAITS_S, None):
            self._spend(1)
            try:
                return self._once(query, etag)
            except Unavailable:
                if wait is None:
                    raise
                self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _once(self, query: Mapping[str, str], etag: str | None) -> tuple[int, dict[str, Any], str | None]:
        # In a header: an address with the key would stand in errors and in logs of proxies.
        headers = {"X-Goog-Api-Key": self._key, "Accept": "application/json"}
        if etag:
            headers["If-None-Match"] = etag
        try:
            with requests.get(
                f"{self._base}/videos", params=dict(query), headers=headers, timeout=TIMEOUT_S,
                allow_redirects=False, stream=True,
            ) as response:  # fmt: skip
                text = response.raw.read(LONGEST_ANSWER + 1, decode_content=True)
                status, tag = response.status_code, response.headers.get("ETag")
        except (requests.RequestException, OSError) as error:
            raise Unavailable(f"YouTube does not answer ({type(error).__name__}).") from None
        if status == 304 and etag:
            return status, {}, tag
        body = _json(text)
        if status == 200 and isinstance(body, dict):
            return status, body, tag
        raise _refusal(status, body)


def _json(text: bytes) -> Any:
    if len(text) > LONGEST_ANSWER:
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def _refusal(status: int, body: Any) -> YouTubeError:
    """The error of an answer: `{"error": {"code", "message", "errors": [{"reason", …}], "details": […]}}`."""
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    listed = [each for each in told.get("errors") or [] if isinstance(each, dict)]
    detailed = [each for each in told.get("details") or [] if isinstance(each, dict)]
    reasons = {str(each.get("reason")) for each in (*listed, *detailed)}
    said = _plain(told.get("message")) or "no reason given"
    if reasons & {"quotaExceeded", "dailyLimitExceeded"}:
        return QuotaUsedUp("The project's quota of the day at YouTube is used up.")
    if (
        status == 429
        or status >= 500
        or reasons & {"rateLimitExceeded", "userRateLimitExceeded", "backendError"}
    ):
        return Unavailable(f"YouTube answers {status}: {said}")
    if status in (400, 401, 403):
        return KeyRefused(f"YouTube refuses the request ({status}): {said}")
    return Unavailable(f"YouTube answers {status}, which is no answer to this.")


def read_video(item: Mapping[str, Any]) -> Video:
    """A video resource as we keep it; whatever is missing or odd is left out."""
    snippet, details, status = (_part(item, name) for name in ("snippet", "contentDetails", "status"))
    blocked = _blocked(details.get("regionRestriction"))
    state, reason = _state(snippet, details, status, blocked)
    captions: tuple[str, ...] = ()
    if str(details.get("caption")).lower() == "true":
        # Only the owner may list the captions themselves; "und" says: there are some, in a language unknown.
        spoken = _string(snippet.get("defaultAudioLanguage")) or ""
        captions = (spoken,) if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", spoken) else ("und",)
    return Video(
        id=str(item["id"]),
        state=state,
        reason=reason,
        title=_line(snippet.get("title")),
        channel=_line(snippet.get("channelTitle")),
        seconds=seconds(_string(details.get("duration"))),
        captions=captions,
        blocked=blocked,
        thumbnail=_thumbnail(snippet.get("thumbnails")),
        views=_count(_part(item, "statistics").get("viewCount")),
        etag=_string(item.get("etag")),
    )


def _state(
    snippet: Mapping[str, Any], details: Mapping[str, Any], status: Mapping[str, Any], blocked: Sequence[str]
) -> tuple[str, str | None]:
    uploaded = _string(status.get("uploadStatus"))
    if uploaded in ("deleted", "failed", "rejected"):
        why = _string(status.get("rejectionReason")) or _string(status.get("failureReason"))
        return "removed", f"YouTube says: {uploaded}{f', {why}' if why else ''}."
    if status.get("privacyStatus") == "private":
        return "private", "Its owner made it private."
    if status.get("embeddable") is False:
        return "not_embeddable", "Its owner does not let other sites show it."
    if _part(details, "contentRating").get("ytRating") == "ytAgeRestricted":
        return (
            "not_embeddable",
            "It is for adults who are signed in to YouTube, so other places cannot show it.",
        )
    if snippet.get("liveBroadcastContent") in ("live", "upcoming"):
        return "unknown", "It is a live stream that is not over yet."
    if len(blocked) >= len(COUNTRIES):
        return "not_embeddable", "It is blocked in every country."
    if blocked:
        return "blocked_in", f"It is blocked in {len(blocked)} of {len(COUNTRIES)} countries."
    if "embeddable" not in status or uploaded not in ("processed", "uploaded"):
        return "unknown", "YouTube does not say whether other places may show it."
    return "ok", None


def _blocked(restriction: Any) -> tuple[str, ...]:
    """Countries (ISO 3166-1 alpha-2) in which it cannot be seen, sorted."""
    if not isinstance(restriction, dict):
        return ()
    allowed, blocked = restriction.get("allowed"), restriction.get("blocked")
    if isinstance(allowed, list):
        return tuple(sorted(COUNTRIES - set(map(str, allowed))))
    return tuple(sorted(COUNTRIES & set(map(str, blocked)))) if isinstance(blocked, list) else ()


def seconds(duration: str | None) -> int | None:
    """The length of an ISO 8601 duration such as PT4M13S; None for what is none, and for 0 (a live stream)."""
    match = _DURATION.fullmatch(duration or "")
    if match is None:
        return None
    weeks, days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    total = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + rest
    return total if 0 < total < 10**7 else None


def _thumbnail(given: Any) -> str | None:
    """The address of the largest picture up to 640 wide, on YouTube's own hosts."""
    sizes = given if isinstance(given, dict) else {}
    for name in ("standard", "high", "medium", "default"):
        address = _string(_part(sizes, name).get("url")) or ""
        if re.fullmatch(r"https://i\d?\.ytimg\.com/[\w./-]{1,200}", address):
            return address
    return None


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    fine = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 18
    return int(value) if fine else None


def _line(value: Any) -> str | None:
    """One line that PostgreSQL can hold."""
    if not isinstance(value, str):
        return None
    return " ".join(value.replace("\x00", "").encode(errors="ignore").decode().split())[:LONGEST_TEXT] or None


def _plain(value: Any) -> str | None:
    """An error's message, which may be HTML, as text."""
    return _line(re.sub(r"<[^>]{0,300}>", "", unescape(value))) if isinstance(value, str) else None
