"""A media document has the fields that devices know, and no others."""

import copy
from typing import Any

import pytest

from server.catalog.media_form import check_form

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
ALT = {"en": "A person bends forward.", "de": "Eine Person beugt sich vor."}
FILE = {"sha256": A, "bytes": 5000, "width": 640, "height": 480}
IMAGE = {"kind": "image", **FILE, "type": "image/png", "alt": ALT, "variants": []}
VIDEO = {
    "kind": "video", **FILE, "sha256": B, "type": "video/mp4", "seconds": 12.5, "poster": C, "alt": ALT,
    "credit": "Mia", "licence": "CC BY 4.0",
    "variants": [{"sha256": C, "bytes": 50, "width": 320, "height": 240, "type": "video/mp4"}],
}  # fmt: skip
YOUTUBE = {
    "kind": "youtube", "id": "dQw4w9WgXcQ", "title": "Cat cow", "channel": "Somebody", "seconds": 60,
    "captions": ["en", "pt-BR"], "blocked": ["DE"],
}  # fmt: skip
GOOD = {"slug": "cat-cow", "items": [IMAGE, VIDEO, YOUTUBE]}


def found(data: Any) -> dict[str, str]:
    return dict(check_form("cat-cow", data))


def test_a_good_document_has_nothing_wrong() -> None:
    assert found(GOOD) == {}


@pytest.mark.parametrize(
    ("path", "value", "field", "said"),
    [
        (["slug"], "other", "slug", "the document's id"),
        (["items"], [], "items", "1 to 6"),
        (["items"], [IMAGE] * 7, "items", "1 to 6"),
        (["items", 0], "x", "items.0", "an object"),
        (["items", 0, "kind"], "gif", "items.0.kind", "one of image"),
        (["items", 0, "kind"], ["image"], "items.0.kind", "one of image"),
        (["items", 0, "sha256"], "A" * 64, "items.0.sha256", "SHA-256"),
        (["items", 0, "type"], "image/svg+xml", "items.0.type", "one of image/jpeg"),
        (["items", 0, "type"], "video/mp4", "items.0.type", "one of image/jpeg"),
        (["items", 0, "bytes"], 0, "items.0.bytes", "1 to"),
        (["items", 0, "bytes"], True, "items.0.bytes", "1 to"),
        (["items", 0, "width"], 1.5, "items.0.width", "whole number"),
        (["items", 0, "alt"], {"en": "A cat."}, "items.0.alt.de", "is missing"),
        (["items", 0, "alt", "en"], "  ", "items.0.alt.en", "5 to 200"),
        (["items", 0, "alt", "en"], "x" * 201, "items.0.alt.en", "5 to 200"),
        (["items", 0, "alt", "fr"], "Un chat", "items.0.alt.fr", "not a field"),
        (["items", 0, "poster"], C, "items.0.poster", "not a field"),
        (["items", 1, "seconds"], float("nan"), "items.1.seconds", "0.2 to 600"),
        (["items", 1, "variants"], [1], "items.1.variants.0", "an object"),
        (["items", 1, "variants", 0, "type"], "image/png", "items.1.variants.0.type", "one of video"),
        (["items", 1, "variants", 0, "url"], "http://x", "items.1.variants.0.url", "not a field"),
        (["items", 1, "licence"], "x" * 61, "items.1.licence", "at most 60"),
        (["items", 2, "id"], "short", "items.2.id", "11 characters"),
        (["items", 2, "blocked"], ["de"], "items.2.blocked", "two-letter"),
        (["items", 2, "captions"], ["en", "en"], "items.2.captions", "without repeats"),
        (["items", 2, "title"], "two\nlines", "items.2.title", "one line"),
        (["items", 2, "alt"], ALT, "items.2.alt", "not a field"),
    ],
)
def test_what_is_wrong_is_named(path: list[Any], value: Any, field: str, said: str) -> None:
    data = copy.deepcopy(GOOD)
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert said in found(data)[field]


def test_the_same_one_twice_is_refused() -> None:
    assert found({"slug": "cat-cow", "items": [IMAGE, IMAGE]}) == {"items.1": "is there twice"}


def test_a_document_that_is_too_long_for_every_device_is_refused() -> None:
    long = {"en": "x" * 200, "de": "y" * 200}
    items = [{**VIDEO, "sha256": f"{n:064x}", "alt": long, "credit": "z" * 120} for n in range(6)]
    assert "at most 4096" in found({"slug": "cat-cow", "items": items})[""]
