"""The form of media documents: the pictures, films, rendered clips and videos of an exercise (docs/media.md).

Only the form is judged here, closed, so that a device never meets a field it does not know. That the objects exist is
seen to where they are attached; an object is never removed once a document may name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from server.catalog.claims import LANGUAGES
from server.catalog.shapes import TEXT, Document, Finding, Kind, between, closed_shape, is_number, one_of
from sync.canonical import canonical

ITEMS: Final = range(1, 7)
VARIANTS: Final = range(4)
BYTES: Final = 4096
"""Most bytes of a document as canonical JSON: it goes to every device, also to those that never show a film."""
ALT: Final = range(5, 201)
CREDIT: Final = 120
LICENCE: Final = 60
_MOST_BYTES: Final = 1 << 30

_SHA256 = re.compile(r"[0-9a-f]{64}")
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _is_list_of(pattern: re.Pattern[str], most: int) -> Any:
    def test(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) <= most
            and all(isinstance(each, str) and pattern.fullmatch(each) for each in value)
            and len(set(value)) == len(value)
        )

    return test


def _line(most: int) -> Kind:
    return f"{TEXT[0]}, at most {most} characters", lambda value: TEXT[1](value) and len(value) <= most


HASH: Kind = (
    "64 digits of a SHA-256, in small letters",
    lambda value: isinstance(value, str) and bool(_SHA256.fullmatch(value)),
)
IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/webp")
FILM_TYPES: Final = ("video/mp4", "video/webm")
_FILE: dict[str, Kind] = {
    "sha256": HASH,
    "bytes": between(1, _MOST_BYTES),
    "width": between(1, 12_000),
    "height": between(1, 12_000),
}
_OWN: dict[str, Kind] = {
    "alt": ("an object", lambda value: isinstance(value, dict)),
    "variants": (
        f"a list of at most {VARIANTS[-1]} variants",
        lambda value: isinstance(value, list) and len(value) in VARIANTS,
    ),
}
_SAID: dict[str, Kind] = {"credit": _line(CREDIT), "licence": _line(LICENCE)}
_FILM: dict[str, Kind] = {
    **_FILE,
    "type": one_of(*FILM_TYPES),
    **_OWN,
    "seconds": between(0.2, 600, is_number),
    "poster": HASH,
}
NEEDED: dict[str, dict[str, Kind]] = {
    "image": {**_FILE, "type": one_of(*IMAGE_TYPES), **_OWN},
    "video": _FILM,
    "clip": _FILM,
    "youtube": {
        "id": (
            "the 11 characters of a video's id",
            lambda value: isinstance(value, str) and bool(_VIDEO_ID.fullmatch(value)),
        ),
        "title": _line(200),
        "channel": _line(200),
        "seconds": between(0, 86_400, is_number),
        "captions": ("a list of language codes without repeats", _is_list_of(_LANGUAGE, 50)),
    },
}
ALLOWED: dict[str, dict[str, Kind]] = {
    **dict.fromkeys(("image", "video", "clip"), _SAID),
    "youtube": {
        "blocked": ("a list of two-letter country codes without repeats", _is_list_of(_COUNTRY, 250))
    },
}
KINDS: Final = tuple(NEEDED)


def check_form(slug: str, data: Document) -> Iterator[Finding]:
    """What is wrong with the form of `media/<slug>`; nothing for a good one."""
    spec: dict[str, Kind] = {
        "slug": TEXT,
        "items": (
            f"a list of {ITEMS[0]} to {ITEMS[-1]} items",
            lambda value: isinstance(value, list) and len(value) in ITEMS,
        ),
    }
    misshapen = list(closed_shape(data, spec))
    yield from misshapen
    if misshapen:
        return
    if data["slug"] != slug:
        yield "slug", "must be the document's id"
    wrong = False
    seen = set[str]()
    for number, item in enumerate(data["items"]):
        for field, message in _check_item(item):
            wrong = True
            yield f"items.{number}{'.' if field else ''}{field}", message
        name = str(item.get("sha256", item.get("id"))) if isinstance(item, dict) else ""
        if name in seen:
            yield f"items.{number}", "is there twice"
        seen.add(name)
    if not wrong and (size := len(canonical(data))) > BYTES:
        yield "", f"has {size} bytes as JSON, at most {BYTES}"


def _check_item(item: Any) -> Iterator[Finding]:
    if not isinstance(item, dict):
        yield "", "must be an object"
        return
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in NEEDED:
        yield "kind", f"must be one of {', '.join(KINDS)}"
        return
    given = {name: test for name, test in ALLOWED[kind].items() if name in item}
    bare = {name: value for name, value in item.items() if name != "kind"}
    misshapen = list(closed_shape(bare, NEEDED[kind] | given))
    yield from misshapen
    if misshapen or kind == "youtube":
        return
    yield from check_alt(item["alt"])
    types = IMAGE_TYPES if kind == "image" else FILM_TYPES
    for number, variant in enumerate(item["variants"]):
        if not isinstance(variant, dict):
            yield f"variants.{number}", "must be an object"
        else:
            yield from closed_shape(variant, {**_FILE, "type": one_of(*types)}, f"variants.{number}.")


def check_alt(alt: Document) -> Iterator[Finding]:
    """What is wrong with the words that say what a picture shows."""
    test: Kind = (
        f"{TEXT[0]}, of {ALT[0]} to {ALT[-1]} characters",
        lambda value: TEXT[1](value) and len(value) in ALT,
    )
    yield from closed_shape(alt, dict.fromkeys(LANGUAGES, test), "alt.")
