"""Writing a change: begun, checked while it is typed, saved, handed in; two people at one document."""

from __future__ import annotations

import html
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from server.catalog import drafts
from server.catalog.shapes import Document
from tests.desk.conftest import Editor, Page
from tests.server.conftest import Limber

AtDesk = Callable[..., Editor]
SLUG = "calf-stretch-wall"
CUE = "Back heel down, knee straight; lean in until you feel a gentle pull, never into pain."


def begin(editor: Editor, key: str = f"exercise/{SLUG}") -> tuple[str, Page]:
    """Begin a change of a document; the draft's address and its page."""
    page = editor.send(editor.get(f"/desk/documents/{key}"), f"/desk/documents/{key}/change")
    assert page.status == 200, page.words
    return page.path, page


def check(editor: Editor, path: str, page: Page, **changed: Any) -> str:
    """What the live check says of the form with these fields changed."""
    fields = [(name, value) for name, value in page.form(path) if name not in changed]
    for name, value in changed.items():
        fields += [(name, each) for each in (value if isinstance(value, list) else [value])]
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    answer = editor.client.post(f"{path}/check", data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.text
    return answer.text


def stored(limber: Limber, path: str) -> drafts.Draft:
    """The draft of an address."""
    with limber.engine.connect() as conn:
        return drafts.read(conn, uuid.UUID(path.rsplit("/", 1)[1]))


def data_of(shared: Limber, path: str) -> Document:
    """What a draft holds."""
    data = stored(shared, path).data
    assert data is not None
    return data


def test_what_is_wrong_is_told_while_it_is_typed_and_leads_to_its_field(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    told = check(editor, path, page, cue="This fixes your back")
    assert 'href="#f-cue"' in told
    assert "makes a claim the evidence does not bear" in told
    told = check(editor, path, page, difficulty="nine")
    assert 'href="#f-difficulty"' in told
    assert "must be a whole number from 1 to 5" in told
    assert 'id="f-cue"' in page.html
    assert 'id="f-difficulty"' in page.html
    assert "It can be handed in" in check(editor, path, page, cue=CUE)


def test_the_check_keeps_nothing(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    check(editor, path, page, cue=CUE)
    assert stored(limber, path).changes == []
    assert stored(limber, path).version == 1


def test_a_change_with_problems_is_saved_but_not_handed_in(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    answer = editor.send(page, path, do="submit", cue="Too short")
    assert answer.status == 422
    assert 'href="#f-cue"' in answer.html
    assert dict(answer.form(path))["cue"] == "Too short"
    assert stored(limber, path).state == "draft"


def test_a_sound_change_is_handed_in(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    answer = editor.send(page, path, do="submit", cue=CUE, note="Reads better.")
    assert answer.path == path.replace("drafts", "reviews")
    found = stored(limber, path)
    assert (found.state, found.note) == ("in_review", "Reads better.")
    assert [each.path for each in found.changes] == ["cue"]


def test_nothing_changed_is_nothing_to_review(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    answer = editor.send(page, path, do="submit")
    assert answer.status == 422
    assert "nothing to review" in answer.words


# --- two at once -----------------------------------------------------------------------------------------


def test_a_second_editor_is_told_and_nothing_is_overwritten(limber: Limber, at_desk: AtDesk) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    path, page = begin(ana)
    hers = cleo.get(path)
    ana.send(page, path, do="save", cue=CUE)
    assert "Somebody else has saved this since" in check(cleo, path, hers)
    told = cleo.send(
        hers, path, do="save", cue="Heel down; lean in to a gentle pull, never into any pain.", difficulty="2"
    )
    assert told.status == 409
    assert "While you were writing, Ana saved" in told.words
    assert CUE in html.unescape(told.html)
    found = stored(limber, path).data
    assert found is not None
    assert found["cue"] == CUE
    assert found["difficulty"] == 1
    chosen = cleo.send(told, f"{path}/settle", **{"choice.cue": "theirs"})
    assert "Saved, with the changes of both of you" in chosen.words
    found = stored(limber, path).data
    assert found is not None
    assert found["cue"] == CUE
    assert found["difficulty"] == 2
    assert len(stored(limber, path).contributors) == 2


def test_changes_of_different_fields_are_kept_together_after_both_were_shown(
    limber: Limber, at_desk: AtDesk
) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    path, page = begin(ana)
    hers = cleo.get(path)
    ana.send(page, path, do="save", cue=CUE)
    told = cleo.send(hers, path, do="save", difficulty="2")
    assert told.status == 409
    assert "You changed different fields" in told.words
    cleo.send(told, f"{path}/settle")
    found = stored(limber, path).data
    assert found is not None
    assert (found["cue"], found["difficulty"]) == (CUE, 2)


def test_a_choice_that_was_not_made_settles_nothing(limber: Limber, at_desk: AtDesk) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    path, page = begin(ana)
    hers = cleo.get(path)
    ana.send(page, path, do="save", cue=CUE)
    told = cleo.send(hers, path, do="save", cue="Something else that is gentle, a mild pull and no pain.")
    assert cleo.send(told, f"{path}/settle").status == 400
    assert stored(limber, path).version == 2


def test_who_is_overtaken_while_settling_sees_the_newest(limber: Limber, at_desk: AtDesk) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    path, page = begin(ana)
    hers = cleo.get(path)
    ana.send(page, path, do="save", cue=CUE)
    told = cleo.send(hers, path, do="save", difficulty="2")
    ana.send(ana.get(path), path, do="save", met="2.5")
    again = cleo.send(told, f"{path}/settle")
    assert again.status == 409
    assert "2.5" in again.words
    cleo.send(again, f"{path}/settle")
    found = stored(limber, path).data
    assert found is not None
    assert (found["cue"], found["difficulty"], found["met"]) == (CUE, 2, 2.5)


def test_who_begins_what_is_begun_comes_to_the_others_draft(at_desk: AtDesk) -> None:
    ana, cleo = at_desk("editor", name="Ana"), at_desk("editor", name="Cleo")
    shown = cleo.get(f"/desk/documents/exercise/{SLUG}")
    path, _ = begin(ana)
    answer = cleo.send(shown, f"/desk/documents/exercise/{SLUG}/change")
    assert answer.path == path
    assert "Ana has already begun a change of this" in answer.words


def test_a_change_is_brought_onto_a_document_that_moved(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    page = editor.send(page, path, do="save", cue=CUE)
    limber.edit(
        "exercise", SLUG, {"difficulty": 3, "cue": "Lean in to a gentle pull; stop well before any pain."}
    )
    assert "Bring it up to date before you hand it in" in editor.get(path).words
    told = editor.send(page, path, do="submit")
    assert told.path == f"{path}/stale"
    assert "The catalogue has moved on" in told.words
    assert editor.send(told, f"{path}/stale").status == 422
    done = editor.send(told, f"{path}/stale", **{"choice.cue": "mine"})
    assert "Brought up to date" in done.words
    found = stored(limber, path).data
    assert found is not None
    assert (found["cue"], found["difficulty"]) == (CUE, 3)
    assert editor.get(f"{path}/stale").path == path


# --- begun and closed ------------------------------------------------------------------------------------


def test_an_id_that_cannot_be_is_refused_at_its_field(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    wrong = ["", "Calf", "a_b", "a--b", "../x", "a" * 65, SLUG]
    for collection, given in [
        *(("exercise", each) for each in wrong),
        ("condition", "a b"),
        ("condition", "ü"),
    ]:
        answer = editor.send(editor.get(f"/desk/new/{collection}"), f"/desk/new/{collection}", id=given)
        assert answer.status == 422, given
        assert 'id="id-error"' in answer.html


def test_taking_an_exercise_back_is_a_change_like_any_other(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    shown = editor.get(f"/desk/documents/exercise/{SLUG}")
    page = editor.send(shown, f"/desk/documents/exercise/{SLUG}/take-back", note="Twice in the catalogue.")
    assert "out of the catalogue" in page.words
    assert stored(limber, page.path).data is None


def test_a_discarded_change_stays_readable_and_closed(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    page = editor.send(page, path, do="save", cue=CUE)
    editor.send(page, f"{path}/discard", reason="Not needed.")
    shown = editor.get(path)
    assert "discarded" in shown.words
    assert "cue" in shown.words
    late = editor.send(page, path, do="save", cue="x")
    assert late.status == 409


@pytest.mark.parametrize(
    "path", ["/desk/drafts/x", "/desk/drafts/00000000-0000-0000-0000-000000000000", "/desk/reviews/x"]
)
def test_a_draft_that_is_not_there_is_a_page_that_says_so(at_desk: AtDesk, path: str) -> None:
    answer = at_desk("editor").get(path)
    assert answer.status == 404
    assert "There is no such" in answer.words


def test_no_text_breaks_a_form_or_comes_back_as_markup(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    for name in ("cue", "name", "json", "note", "version", "difficulty"):
        for value in ("\x00", "x" * 300_000, "<script>alert(1)</script>", "{{ 7 * 7 }}", "🏃" * 50):
            page = editor.get(path)
            answer = editor.send(page, path, do="save", **{name: value})
            assert answer.status in (200, 400, 422), (name, value[:20])
            assert "<script>alert" not in answer.html
        raw = f"csrf={dict(page.form(path))['csrf']}&version=1&do=save&{name}=%ED%A0%80%00"
        sent = editor.client.post(path, data=raw, content_type="application/x-www-form-urlencoded")
        assert sent.status_code in (400, 409, 422)
