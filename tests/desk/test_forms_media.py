"""The forms of pictures, films and clips: their words and order; time and picture of a figure that moves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.catalog.shapes import Document
from server.desk import forms, words
from tests.desk.conftest import Editor, Page, sit_down
from tests.desk.test_drafts import begin, check, data_of
from tests.server.conftest import Limber

PICTURE: Document = {
    "kind": "image", "type": "image/webp", "sha256": "a" * 64, "bytes": 9000, "width": 1600, "height": 900,
    "alt": {"en": "A woman leans against a wall.", "de": "Eine Frau lehnt an einer Wand."}, "licence": "Own work",
    "variants": [{"type": "image/webp", "sha256": "b" * 64, "bytes": 900, "width": 320, "height": 180}],
}  # fmt: skip
FILM: Document = {
    "kind": "video", "type": "video/mp4", "sha256": "c" * 64, "bytes": 90000, "width": 1280, "height": 720,
    "seconds": 12, "poster": "d" * 64, "variants": [],
    "alt": {"en": "A man bends a knee.", "de": "Ein Mann beugt ein Knie."},
    "credit": "Ana Example", "licence": "CC BY 4.0",
}  # fmt: skip
VIDEO: Document = {
    "kind": "youtube", "id": "dQw4w9WgXcQ", "title": "Calf stretch", "channel": "A physio", "seconds": 61,
    "captions": ["en"],
}  # fmt: skip


def with_items(editor: Editor, slug: str, *items: Any) -> tuple[str, Page]:
    """A draft of the media of an exercise."""
    path = editor.send(editor.get("/desk/new/media"), "/desk/new/media", id=slug).path
    page = editor.get(f"{path}?as=json")
    return path, editor.send(page, path, do="save", json=json.dumps({"slug": slug, "items": list(items)}))


def test_media_that_are_saved_as_they_are_change_nothing(shared: Limber, editor: Editor) -> None:
    path, page = with_items(editor, "cat-cow", PICTURE, FILM, VIDEO)
    before = data_of(shared, path)
    assert "It can be handed in" in check(editor, path, page)
    assert "Saved." in editor.send(page, path, do="save").words
    assert data_of(shared, path) == before


def test_words_licence_and_credit_of_a_picture_have_their_fields(shared: Limber, editor: Editor) -> None:
    path, page = with_items(editor, "glute-bridge", FILM, PICTURE)
    given = {
        "items.1.alt.de": "Eine Frau lehnt sich an.", "items.0.credit": "", "items.1.credit": "Cleo",
        "items.0.licence": "CC0 1.0",
    }  # fmt: skip
    editor.send(page, path, do="save", **given)
    film, picture = data_of(shared, path)["items"]
    assert picture == {
        **PICTURE,
        "alt": {**PICTURE["alt"], "de": "Eine Frau lehnt sich an."},
        "credit": "Cleo",
    }
    assert film == {name: value for name, value in {**FILM, "licence": "CC0 1.0"}.items() if name != "credit"}
    told = check(editor, path, editor.get(path), **{"items.1.alt.en": "No", "items.0.licence": "x" * 61})
    for name in ("f-items-1-alt-en", "f-items-0-licence"):
        assert f'href="#{name}"' in told
        assert f'id="{name}"' in page.html
    assert f'/v1/objects/media/{"b" * 64}.webp"' in page.html
    assert f'href="/desk/media/files/{"c" * 64}"' in page.html


def test_items_change_places_and_leave_with_all_that_they_have(shared: Limber, editor: Editor) -> None:
    path, page = with_items(editor, "air-squat", PICTURE, FILM, VIDEO)
    given = {"place.2": "1", "drop": "1", "items.0.alt.en": "A woman at a wall, seen from behind."}
    editor.send(page, path, do="save", **given)
    first, second = data_of(shared, path)["items"]
    assert first == VIDEO
    assert second == {**PICTURE, "alt": {**PICTURE["alt"], "en": "A woman at a wall, seen from behind."}}
    answer = editor.send(editor.get(path), path, do="save", **{"place.0": "top"})
    assert answer.status == 422
    assert 'id="f-place-0-error"' in answer.html
    gone = editor.send(editor.get(path), path, do="save", drop=["0", "1"])
    assert data_of(shared, path)["items"] == []
    assert "must be a list of 1 to 6 items" in check(editor, path, gone)


def test_words_go_to_the_picture_that_was_seen_though_the_order_changed_since(shared: Limber) -> None:
    ana, cleo = sit_down(shared, "editor", name="Ana"), sit_down(shared, "editor", name="Cleo")
    path, page = with_items(ana, "bird-dog", PICTURE, FILM)
    hers = cleo.get(path)
    ana.send(page, path, do="save", **{"place.0": "2"})
    told = cleo.send(hers, path, do="save", **{"items.0.alt.en": "A woman at a wall, seen from behind."})
    assert told.status == 409
    settled = cleo.send(told, f"{path}/settle", **{"choice.items": "mine"})
    assert "Saved, with the changes of both of you" in settled.words
    first, second = data_of(shared, path)["items"]
    assert first["alt"]["en"] == "A woman at a wall, seen from behind."
    assert first["kind"] == "image"
    assert second == FILM


@pytest.mark.parametrize(
    "items", [3, "x", [1], [[]], [{"kind": 3, "variants": [2], "alt": 7, "poster": 5}], [{}], None]
)
def test_items_that_are_none_break_no_page(shared: Limber, items: Any) -> None:
    with shared.engine.connect() as conn:
        known = words.load(conn)
    data = {"slug": "cat-cow", "items": items}
    form = forms.groups(("media", "cat-cow"), data, known, None)
    if form is not None:
        assert forms.read_form(("media", "cat-cow"), data, known, None, lambda _: []) == data


# --- clips -----------------------------------------------------------------------------------------------


def test_the_time_and_picture_of_a_clip_have_their_fields(shared: Limber, editor: Editor) -> None:
    path, page = begin(editor, "motion/split-squat")
    before = data_of(shared, path)
    given = {
        "seconds": "3,5", "ease": "flow", "hold": "true", "view": "45, 8", "note": "The heels stay down.",
        "close": "feet, 25", "breath": "4 0 6",
    }  # fmt: skip
    saved = editor.send(page, path, do="save", **given)
    made = {
        "seconds": 3.5, "ease": "flow", "hold": True, "view": [45, 8], "note": "The heels stay down.",
        "close": ["feet", 25], "breath": [4, 0, 6],
    }  # fmt: skip
    assert data_of(shared, path) == {**before, **made}
    told = check(editor, path, saved)
    assert "It can be handed in" in told, told
    fields = [(name, value) for name, value in saved.form(path) if name != "hold"]
    emptied = dict.fromkeys(("ease", "note", "close", "breath"), "")
    fields = [(name, emptied.get(name, value)) for name, value in fields] + [("do", "save")]
    editor.client.post(path, data=dict(fields))
    assert data_of(shared, path) == {**before, "seconds": 3.5, "view": [45, 8]}


def test_moments_that_are_no_json_are_kept_as_typed_and_told_at_their_field(
    shared: Limber, editor: Editor
) -> None:
    path, page = begin(editor, "motion/cat-cow")
    whole = dict(page.form(path))["keys"]
    assert whole.count("\n") == len(data_of(shared, path)["keys"]) + 1
    told = check(editor, path, page, keys=whole[:-2])
    assert 'href="#f-keys"' in told
    assert "is not JSON" in told
    assert 'data-wrong="f-keys"' in told
    # What is wrong inside leads to the field that holds it.
    assert 'href="#f-keys"' in check(editor, path, page, keys='[{"tail": 3}]')
    saved = editor.send(page, path, do="save", keys=whole[:-2])
    assert dict(saved.form(path))["keys"] == whole[:-2]
    assert editor.send(saved, path, do="submit").status == 422
    mended = editor.send(editor.get(path), path, do="save", keys=whole)
    assert "Nothing is changed yet" in check(editor, path, mended)


@pytest.mark.parametrize("odd", ["[" * 5000, "[NaN]", "1e999", '"\\ud800"', "{", "null", "7" * 5000])
def test_no_json_of_a_part_breaks_a_page(editor: Editor, odd: str) -> None:
    path = editor.get("/desk/documents/motion/glute-bridge")
    opened = [line for line in path.html.split('"') if line.startswith("/desk/drafts/")]
    address, page = (opened[0], editor.get(opened[0])) if opened else begin(editor, "motion/glute-bridge")
    for name in ("keys", "props"):
        assert "f-" in check(editor, address, page, **{name: odd})
        assert editor.send(page, address, do="save", **{name: odd}).status in (200, 409, 422)
