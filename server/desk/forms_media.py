"""The form of the pictures and films of an exercise: words, licence, order. They are added on the pages of media."""

from __future__ import annotations

from typing import Any, Final

from server.catalog import media_form
from server.catalog.claims import LANGUAGES
from server.catalog.shapes import Document
from server.desk.fields import Field, Group, Sent, arranged
from server.desk.words import LANGUAGE_NAMES
from server.media.formats import object_key
from server.media.inspect import POSTER_TYPE
from server.objects import object_path

LICENCES: Final = ("Own work", "CC0 1.0", "CC BY 4.0", "CC BY-SA 4.0", "Used with written permission")
_KINDS: Final = {
    "image": "Picture",
    "video": "Film",
    "clip": "Clip of the figure",
    "youtube": "Video at YouTube",
}


def groups(data: Document) -> list[Group] | None:
    """A group for each item; None where the items are no list of objects."""
    items = data.get("items", [])
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        return None
    if not items:
        return [Group("Pictures and films", hint="There are none yet.")]
    found = [_item(number, each) for number, each in enumerate(items)]
    rows = [(str(number), _title(each), None) for number, each in enumerate(items)]
    asks = Group(
        "Order", extra={"arrange": rows, "noun": "item"},
        hint="The first is shown first. Without any left the document itself is to be taken out of the catalogue.",
    )  # fmt: skip
    return [*found, asks]


def _item(number: int, item: Document) -> Group:
    here, title = f"items.{number}", f"{number + 1}. {_title(item)}"
    seen: dict[str, Any] = {"poster": _poster(item), "page": _page(item), "facts": _facts(item)}
    if item.get("kind") == "youtube":
        told = "Its title, channel and length are YouTube’s own, and are looked up on its page."
        return Group(title, hint=told, extra={"item": seen})
    limits = (media_form.ALT[0], media_form.ALT[-1])
    alts = [
        Field(
            f"{here}.alt.{code}",
            f"What it shows, in {LANGUAGE_NAMES[code]}",
            "area",
            limits=limits,
            language=code,
        )
        for code in LANGUAGES
    ]
    return Group(title, [
        *alts,
        Field(f"{here}.licence", "Licence", options=[(each, each) for each in LICENCES], optional=True,
              hint="Why it may be shown."),
        Field(f"{here}.credit", "Credit", optional=True,
              hint="The name to show beside it, if the licence asks for one."),
    ], columns=2, extra={"item": seen})  # fmt: skip


def _title(item: Document) -> str:
    kind = str(item.get("kind"))
    named = item.get("title")
    return f"{_KINDS.get(kind, kind)}{f': {named}' if isinstance(named, str) and named else ''}"


def _facts(item: Document) -> str:
    told = [str(item["type"])] if isinstance(item.get("type"), str) else []
    if isinstance(item.get("width"), int) and isinstance(item.get("height"), int):
        told.append(f"{item['width']} × {item['height']}")
    if isinstance(item.get("channel"), str):
        told.append(item["channel"])
    if isinstance(item.get("seconds"), int | float):
        told.append(f"{item['seconds']:g} s")
    return ", ".join(told)


def _poster(item: Document) -> str | None:
    """Where the small picture of it is; None for YouTube's, and where the item does not say."""
    variants = item.get("variants")
    shown = {"sha256": item["poster"], "type": POSTER_TYPE} if "poster" in item else item
    if shown is item and isinstance(variants, list) and variants and isinstance(variants[0], dict):
        shown = variants[0]
    name, media_type = shown.get("sha256"), shown.get("type")
    if not isinstance(name, str) or not media_form.HASH[1](name) or media_type not in media_form.IMAGE_TYPES:
        return None
    return object_path(object_key(name, media_type))


def _page(item: Document) -> str | None:
    """The page of the desk that has more of it."""
    if item.get("kind") == "youtube":
        known = media_form.NEEDED["youtube"]["id"][1](item.get("id"))
        return f"/desk/videos/{item['id']}" if known else None
    return f"/desk/media/files/{item['sha256']}" if media_form.HASH[1](item.get("sha256")) else None


def finish(data: Document, sent: Sent) -> None:
    """Put the items in order and leave some out. Raises Unplaced."""
    items = data.get("items")
    if isinstance(items, list):
        data["items"] = [items[int(number)] for number in arranged([str(n) for n in range(len(items))], sent)]
