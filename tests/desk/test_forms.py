"""The forms of documents: what is shown in one comes back from it, and each thing has its own field."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text

from server.catalog.shapes import Document
from server.desk import fields, forms, words
from tests.desk.conftest import Editor, sit_down
from tests.desk.test_drafts import CUE, SLUG, begin, check, stored
from tests.server.conftest import Limber

AtDesk = Callable[..., Editor]


@pytest.mark.parametrize(
    "key",
    [
        f"exercise/{SLUG}",
        f"guide/{SLUG}",
        "condition/achilles_tendinopathy",
        "activity/football",
        "vocabulary/kinds",
        "vocabulary/muscles",
        "vocabulary/moves",
        "vocabulary/types",
        "vocabulary/free_equipment",
        "vocabulary/rules",
        f"motion/{SLUG}",
    ],
)
def test_a_form_that_is_saved_as_it_is_changes_nothing(shared: Limber, key: str) -> None:
    editor = sit_down(shared, "editor")
    path, page = begin(editor, key)
    assert "Nothing is changed yet" in check(editor, path, page)
    saved = editor.send(page, path, do="save")
    assert "Saved." in saved.words
    assert stored(shared, path).changes == []


def as_sent(form: Sequence[fields.Group], data: Document) -> dict[str, list[str]]:
    """What a browser sends of a form in which nothing was touched."""
    sent: dict[str, list[str]] = {}
    for group in form:
        for each in group.fields:
            value = fields.shown(each, data)
            if each.kind == "weights":
                sent |= {f"{each.path}.{code}": [number] for code, number in value.items()}
            elif each.kind == "flag":
                sent[each.path] = ["true"] if value else []
            else:
                sent[each.path] = value if isinstance(value, list) else [value]
        if group.matrix:
            for code, _ in group.extra["options"]:
                sent[f"hazard.{code}"] = [group.extra["chosen"].get(code, "")]
        if "default_position" in group.extra:
            sent["default_position"] = [group.extra["default_position"]]
        for number, (name, _, _) in enumerate(group.extra.get("arrange", ()), 1):
            sent[f"place.{name}"] = [str(number)]
    return sent


def test_every_document_comes_back_from_its_form_as_it_was(shared: Limber) -> None:
    """No field is lost, reordered or turned into another kind of value by being shown in a form."""
    with shared.engine.connect() as conn:
        known = words.load(conn)
        rows = conn.execute(text("SELECT collection, id, data FROM catalog_document")).all()
    exercises = {row.id: row.data for row in rows if row.collection == "exercise"}
    tried = set()
    for collection, record_id, data in rows:
        exercise = exercises.get(record_id) if collection == "guide" else None
        form = forms.groups((collection, record_id), data, known, exercise)
        assert form is not None, (collection, record_id)
        paths = [each.path for group in form for each in group.fields]
        assert len(paths) == len(set(paths)), (collection, record_id)
        sent = as_sent(form, data)
        again = forms.read_form(
            (collection, record_id), data, known, exercise, lambda name, sent=sent: sent.get(name, [])
        )
        assert json.dumps(again, sort_keys=True) == json.dumps(data, sort_keys=True), (collection, record_id)
        tried.add(collection)
    assert tried == set(words.collections()) - {"media"}


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


def test_every_document_can_be_edited_as_json_too(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    path, _ = begin(editor, f"motion/{SLUG}")
    page = editor.get(f"{path}?as=json")
    data = json.loads(dict(page.form(path))["json"])
    assert "It can be handed in" in check(editor, path, page, json=json.dumps({**data, "seconds": 5}))
    assert "must be a number from 0.2 to 120" in html.unescape(
        check(editor, path, page, json=json.dumps({**data, "seconds": 500}))
    )
    wrong = editor.send(page, path, do="save", json='{"slug": ')
    assert wrong.status == 422
    assert "is not JSON" in wrong.words
    assert dict(wrong.form(path))["json"] == '{"slug":'
    for odd in ("[1]", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', "[" * 5000, '"x"'):
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
