"""The id of a YouTube video, from whatever an editor pastes."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

ID: Final = re.compile(r"[A-Za-z0-9_-]{11}")
HOSTS: Final = frozenset(
    {"youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com", "www.youtube-nocookie.com",
     "youtube-nocookie.com"}
)  # fmt: skip
_PATHS: Final = ("shorts", "live", "embed", "v", "e")


class NotAVideo(ValueError):
    """No video can be found in the text; the message says why, to a person."""


def video_id(text: str) -> str:
    """The 11 characters of the video that `text` means: a watch, shorts, live, embed or youtu.be address, or the id.

    Raises NotAVideo, also for a channel, a playlist and any other site.
    """
    text = text.strip()
    if not text:
        raise NotAVideo("Paste the address of the video, or its id of 11 characters.")
    if ID.fullmatch(text):
        return text
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removesuffix(".")
    except ValueError:
        raise NotAVideo("This is not an address.") from None
    if parts.scheme not in ("http", "https") or "." not in host:
        raise NotAVideo("This is neither an address of a video nor an id of 11 characters.")
    steps = [step for step in parts.path.split("/") if step]
    if host in ("youtu.be", "www.youtu.be"):
        found = steps[0] if steps else ""
    elif host in HOSTS:
        found = _on_youtube(steps, parts.query)
    else:
        raise NotAVideo(f"This is not YouTube but {host[:100]}.")
    if not ID.fullmatch(found):
        raise NotAVideo("The address names no video: open the video itself and copy its address.")
    return found


def _on_youtube(steps: list[str], query: str) -> str:
    if steps and steps[0] in _PATHS:
        return steps[1] if len(steps) > 1 else ""
    if steps[:1] == ["watch"]:
        named = parse_qs(query, max_num_fields=50).get("v", [])
        return named[0] if named else (steps[1] if len(steps) > 1 else "")
    if steps[:1] == ["playlist"]:
        raise NotAVideo("This is a playlist: open one of its videos and copy its address.")
    if steps and (steps[0].startswith("@") or steps[0] in ("channel", "c", "user")):
        raise NotAVideo("This is a channel: open one of its videos and copy its address.")
    return ""


def watch_url(video: str) -> str:
    """Where people watch it on YouTube."""
    return f"https://www.youtube.com/watch?v={video}"
