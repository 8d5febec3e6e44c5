"""A video as an item of `media/<slug>` (docs/media.md); `server.media.assets` puts it there and takes it away."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

FIELDS: Final[tuple[str, ...]] = ("title", "channel", "seconds", "captions", "blocked")


def item_of(row: Row[Any]) -> dict[str, Any]:
    """The item for a row of the table `video`. What the row lacks is missing, which the item's form then says."""
    item: dict[str, Any] = {"kind": "youtube", "id": row.id, "captions": list(row.captions)}
    item |= {name: getattr(row, name) for name in ("title", "channel", "seconds") if getattr(row, name)}
    if row.blocked:
        item["blocked"] = list(row.blocked)
    return item


def lacking(row: Row[Any]) -> list[str]:
    """Which of title, channel and seconds an editor has to say, because nobody else did."""
    return [name for name in ("title", "channel", "seconds") if not getattr(row, name)]


def differs(item: dict[str, Any], row: Row[Any]) -> list[str]:
    """Names of the fields in which YouTube now says something else than the item; none where it says nothing."""
    if row.checked_at is None or row.state == "removed":
        return []
    fresh = item_of(row)
    return [name for name in FIELDS if name in fresh and item.get(name) != fresh[name]] + [
        name for name in ("blocked",) if name in item and name not in fresh
    ]


def item_in(data: dict[str, Any] | None, video: str) -> dict[str, Any] | None:
    """The video's item in a media document."""
    items = (data or {}).get("items") or []
    return next((each for each in items if each.get("kind") == "youtube" and each.get("id") == video), None)
