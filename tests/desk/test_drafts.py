"""Writing a change: begun, checked while it is typed, saved, handed in; two people at one document."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from server.catalog import drafts
from server.desk import fields, forms, words
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


@pytest.mark.parametrize(
    "key",
    [
        f"exercise/{SLUG}",
        f"guide/{SLUG}",
        "condition/achilles_tendinopathy",
        "vocabulary/kinds",
        f"motion/{SLUG}",
    ],
)
def test_a_form_that_is_saved_as_it_is_changes_nothing(limber: Limber, at_desk: AtDesk, key: str) -> None:
    editor = at_desk("editor")
    path, page = begin(editor, key)
    assert "Nothing is changed yet" in check(editor, path, page)
    saved = editor.send(page, path, do="save")
    assert "Saved." in saved.words
    assert stored(limber, path).changes == []


def test_every_exercise_comes_back_from_its_form_as_it_was(limber: Limber, at_desk: AtDesk) -> None:
    """No field is lost, reordered or turned into another kind of value by being shown in a form."""
    with limber.engine.connect() as conn:
        known = words.load(conn)
        rows = conn.execute(
            text(
                "SELECT collection, id, data FROM catalog_document"
                " WHERE collection IN ('exercise', 'guide', 'condition', 'about', 'program')"
            )
        ).all()
    exercises = {row.id: row.data for row in rows if row.collection == "exercise"}
    tried = 0
    for collection, record_id, data in rows:
        exercise = exercises.get(record_id) if collection == "guide" else None
        form = forms.groups(collection, data, known, exercise)
        assert form is not None
        sent: dict[str, list[str]] = {}
        for group in form:
            for each in group.fields:
                value = fields.shown(each, data)
                sent[each.path] = value if isinstance(value, list) else [value]
            if group.matrix:
                for code, _ in group.extra["options"]:
                    sent[f"hazard.{code}"] = [group.extra["chosen"].get(code, "")]
            if "default_position" in group.extra:
                sent["default_position"] = [group.extra["default_position"]]
        again = forms.read_form(collection, data, known, exercise, lambda name, sent=sent: sent.get(name, []))
        assert again == data, (collection, record_id)
        tried += 1
    assert tried > 700


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


def test_what_cannot_be_read_as_a_number_is_kept_as_it_was_typed(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    saved = editor.send(page, path, do="save", difficulty="two-ish", **{"dose.work_s_per_side": "30,5"})
    assert "Saved." in saved.words
    data = stored(limber, path).data
    assert data is not None
    assert data["difficulty"] == "two-ish"
    assert data["dose"]["work_s_per_side"] == 30.5
    assert dict(saved.form(path))["difficulty"] == "two-ish"


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


def test_that_nobody_has_looked_for_hazards_is_not_saved_as_there_are_none(
    limber: Limber, at_desk: AtDesk
) -> None:
    editor = at_desk("editor")
    page = editor.send(editor.get("/desk/new/exercise"), "/desk/new/exercise", id="heel-drop-wall")
    path = page.path
    page = editor.send(page, path, do="save", name="Heel drop at the wall")
    assert "hazards" not in (stored(limber, path).data or {})
    assert "None of these: I looked" in page.words
    page = editor.send(page, path, do="save", hazards="-none")
    assert (stored(limber, path).data or {})["hazards"] == []
    assert (stored(limber, path).data or {}).keys() == {"slug", "name", "hazards"}


def test_the_first_position_is_the_one_that_was_chosen(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    editor.send(page, path, do="save", default_position="supine", positions=["standing", "supine"])
    data = stored(limber, path).data
    assert data is not None
    assert data["positions"] == ["supine", "standing"]


def test_a_guide_is_written_in_both_languages_side_by_side(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor, f"guide/{SLUG}")
    en, de = "text.en.steps", "text.de.steps"
    fields = page.form(path)
    steps = [value for name, value in fields if name == en and value]
    answer = editor.send(
        page, path, do="save",
        **{en: [*steps, "Step in and swap your feet."], de: ["", "Nur  ein   Schritt.", ""]},
    )  # fmt: skip
    assert "Saved." in answer.words
    data = stored(limber, path).data
    assert data is not None
    assert data["text"]["en"]["steps"][-1] == "Step in and swap your feet."
    assert data["text"]["de"]["steps"] == ["Nur ein Schritt."]
    told = check(editor, path, answer)
    assert 'href="#f-text-de-steps"' in told
    assert 'id="f-text-de-steps"' in answer.html
    assert 'lang="de"' in answer.html


def test_a_hazard_that_is_being_added_has_its_note_in_the_guide(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor)
    hazards = [value for name, value in page.form(path) if name == "hazards"]
    editor.send(page, path, do="save", hazards=[*hazards, "single_leg"])
    guide, form = begin(editor, f"guide/{SLUG}")
    note = {
        "text.en.safety.single_leg": "Keep a hand on the wall.",
        "text.de.safety.single_leg": "Eine Hand bleibt an der Wand.",
    }
    assert "text.en.safety.single_leg" in dict(form.form(guide))
    saved = editor.send(form, guide, do="save", **note)
    assert "It can be handed in" in check(editor, guide, saved)
    assert "It can be handed in" in check(editor, path, editor.get(path))


def test_the_matrix_of_a_condition_is_a_choice_for_each_hazard(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("physio")
    path, page = begin(editor, "condition/achilles_tendinopathy")
    answer = editor.send(
        page,
        path,
        do="save",
        **{"hazard.impact": "exclude", "hazard.impact_high": "", "hazard.ballistic": "limit"},
    )
    assert "Saved." in answer.words
    data = stored(limber, path).data
    assert data is not None
    assert data["exclude"] == ["calf_end", "impact"]
    assert data["limit"] == ["ballistic"]
    assert all(each.startswith(("exclude", "limit")) for each in stored(limber, path).safety_fields)


def test_a_program_is_written_as_weeks_and_parts(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    with limber.engine.connect() as conn:
        code = conn.execute(
            text("SELECT id FROM catalog_document WHERE collection = 'program' ORDER BY id LIMIT 1")
        ).scalar_one()
    path, page = begin(editor, f"program/{code}")
    assert "Nothing is changed yet" in check(editor, path, page)
    page = editor.send(page, path, do="save", new_part="stroll")
    told = check(editor, path, page, weeks="stroll 5,  stroll ten\n\nstroll")
    assert "f-parts-stroll" in told
    assert "f-weeks" in told
    data = stored(limber, path).data
    assert data is not None
    assert data["parts"]["stroll"] == {"kind": "", "activity": "", "focus": [], "wishes": []}
    editor.send(page, path, do="save", weeks="stroll 5, stroll ten", drop_part=["stroll"])
    data = stored(limber, path).data
    assert data is not None
    assert "stroll" not in data["parts"]
    assert data["weeks"] == [[{"part": "stroll", "minutes": 5}, {"part": "stroll", "minutes": "ten"}]]


def test_what_has_no_form_is_edited_as_json(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, page = begin(editor, f"motion/{SLUG}")
    data = json.loads(dict(page.form(path))["json"])
    assert "It can be handed in" in check(editor, path, page, json=json.dumps({**data, "seconds": 5}))
    assert "must be a number from 0.2 to 120" in html.unescape(
        check(editor, path, page, json=json.dumps({**data, "seconds": 500}))
    )
    wrong = editor.send(page, path, do="save", json='{"slug": ')
    assert wrong.status == 422
    assert "is not JSON" in wrong.words
    assert dict(wrong.form(path))["json"] == '{"slug":'
    for odd in ("[1]", '{"a": NaN}', "[" * 5000, '"x"', ""):
        assert editor.send(page, path, do="save", json=odd).status == 422
    saved = editor.send(page, path, do="save", json=json.dumps({**data, "seconds": 5}))
    assert "Saved." in saved.words
    assert [each.path for each in stored(limber, path).changes] == ["seconds"]


def test_an_exercise_can_be_edited_as_json_too(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, _ = begin(editor)
    page = editor.get(f"{path}?as=json")
    data = json.loads(dict(page.form(path))["json"])
    editor.send(page, path, do="save", json=json.dumps({**data, "cue": CUE}))
    assert [each.path for each in stored(limber, path).changes] == ["cue"]


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


def test_a_new_exercise_grows_from_an_empty_form(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    page = editor.send(editor.get("/desk/new/exercise"), "/desk/new/exercise", id="heel-drop-wall")
    path = page.path
    assert "is missing" in check(editor, path, page)
    with limber.engine.connect() as conn:
        like = conn.execute(
            text("SELECT data FROM catalog_document WHERE collection = 'exercise' AND id = :id"), {"id": SLUG}
        ).scalar_one()
    lists = {
        name: like[name]
        for name in (
            "positions",
            "equipment",
            "phases",
            "activities",
            "primary_muscles",
            "moves",
            "hazards",
            "secondary_muscles",
        )
    }
    dose = {f"dose.{name}": "" if value is None else str(value) for name, value in like["dose"].items()}
    one = {name: str(like[name]) for name in ("type", "laterality", "difficulty", "met")}
    said = {
        "name": "Heel drop at the wall",
        "cue": "Lower one heel to a gentle pull in the calf, never into pain.",
    }
    full = {**lists, **dose, **one, **said, "default_position": "standing"}
    told = check(editor, path, page, **full)
    assert "exercise/heel-drop-wall" not in re.sub(r"<a .*?</a>", "", told)
    saved = editor.send(page, path, do="save", **full)
    assert "Saved." in saved.words
    data = stored(limber, path).data
    assert data is not None
    expected = {**like, "slug": "heel-drop-wall", **said}
    assert {**data, "activities": set(data["activities"])} == {
        **expected,
        "activities": set(like["activities"]),
    }


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
