"""What a change would do, before anybody has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.catalog import panel
from tests.desk.conftest import Editor
from tests.desk.test_drafts import CUE, SLUG, begin
from tests.server.conftest import Limber

AtDesk = Callable[..., Editor]


def test_the_app_in_the_frame_gets_the_catalogue_with_the_change(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    editor.send(page, path, do="save", cue=CUE)
    answer = editor.client.get(f"{path}/catalogue.json")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json
    found = {(each["collection"], each["id"]): each["data"] for each in told["documents"]}
    assert told["release"] == 1
    assert found["exercise", SLUG]["cue"] == CUE
    assert ("motion", SLUG) in found
    # What surrounds it is there, and of other exercises the words and clips of those that its guide leads to.
    assert {"vocabulary", "condition", "activity", "about"} <= {collection for collection, _ in found}
    links = {link for way in ("easier", "harder") if (link := found["guide", SLUG][way])}
    assert links
    for collection in ("guide", "motion"):
        assert {each for where, each in found if where == collection} == {SLUG, *links}
    assert sum(1 for collection, _ in found if collection == "exercise") > 300
    assert answer.headers["Cache-Control"] == "no-store"
    packed = editor.client.get(f"{path}/catalogue.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(answer.data) / 3


def test_a_new_link_brings_its_exercise_into_the_frame(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor, f"guide/{SLUG}")
    editor.send(page, path, do="save", harder="glute-bridge")
    told = editor.client.get(f"{path}/catalogue.json").json
    found = {(each["collection"], each["id"]) for each in told["documents"]}
    assert {(collection, "glute-bridge") for collection in ("exercise", "guide", "motion")} <= found


def test_without_the_app_the_text_is_shown_in_both_languages(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    editor.send(page, path, do="save", cue=CUE)
    assert CUE in editor.get(f"{path}/preview").words
    assert "Wade" in editor.get(f"{path}/preview?lang=de").words
    assert "<iframe" not in editor.get(f"{path}/preview?lang=xx").html


def test_with_the_app_the_frame_shows_it(at_desk: AtDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.desk.preview_pages.has_app", lambda: True)
    editor = at_desk("editor")
    path, _ = begin(editor)
    page = editor.get(f"{path}/preview?lang=de")
    assert f'src="/preview#draft={path.rsplit("/", 1)[1]}&amp;slug={SLUG}&amp;lang=de"' in page.html
    assert "frame-src 'self'" in page.response.headers["Content-Security-Policy"]


def test_a_change_that_the_generator_does_not_read_changes_no_routine(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, _ = begin(editor, f"guide/{SLUG}")
    assert "the generator does not read" in editor.get(f"{path}/panel").words


def test_without_a_model_the_panel_says_so(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    editor.send(page, path, do="save", difficulty="4")
    assert "This cannot be said now. No model release is published yet." in editor.get(f"{path}/panel").words
    assert "This cannot be said now" in editor.get("/desk/releases/panel").words


def test_the_routines_that_change_are_shown_side_by_side(
    limber: Limber, at_desk: AtDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generator's own work is tested with it; here a stand-in whose routine is the catalogue's hardest exercise."""

    def one(request: Any, catalog: Any, generator: Any, runtime: Any) -> panel.Outcome:
        hardest = max(catalog, key=lambda each: (each["data"]["difficulty"], each["data"]["name"]))
        item = dict.fromkeys(panel.SHOWN) | {"slug": hardest["id"], "sets": 1, "reps": 5}
        return panel.Outcome("ok", (item,), None)

    class Runtime:
        """Reads the exercises of a catalogue as they are."""

        class Catalog:
            @staticmethod
            def from_documents(rows: Any, release: int) -> Any:
                return [each for each in rows if each["collection"] == "exercise"]

    class Generator:
        sha256 = "0" * 64

    monkeypatch.setattr(panel, "_one", one)
    monkeypatch.setattr("server.desk.preview_pages.generator_of", lambda shared: (Generator, Runtime))
    editor = at_desk("editor")
    path, page = begin(editor)
    assert "None of the" in editor.get(f"{path}/panel").words
    page = editor.send(page, path, do="save", difficulty="99")
    assert "cannot be said while fields" in editor.get(f"{path}/panel").words
    editor.send(page, path, do="save", difficulty="5", name="Zz calf stretch")
    shown = editor.get(f"{path}/panel")
    assert "routines of the panel change" in shown.words
    assert "Zz calf stretch" in shown.html
