"""The forms of activities and vocabularies: tables of what is asked, words by code, their order, new ones."""

from __future__ import annotations

from typing import Any

import pytest

from server.catalog.shapes import Document
from server.desk import fields, forms, words
from tests.desk.conftest import Editor, sit_down
from tests.desk.test_drafts import begin, check, data_of, stored
from tests.server.conftest import Limber

# --- activities ------------------------------------------------------------------------------------------


def test_what_an_activity_asks_is_a_choice_for_each_muscle_and_move(shared: Limber, editor: Editor) -> None:
    path, page = begin(editor, "activity/run_distance")
    before = data_of(shared, path)
    asked = {"muscles.quads": "3", "muscles.adductors": "0", "moves.hip.extension": "1"}
    saved = editor.send(page, path, do="save", **asked, explosive="2", warmup_min="9", met="9,5")
    assert "Saved." in saved.words
    data = data_of(shared, path)
    quads = {code: number for code, number in before["muscles"].items() if code != "adductors"} | {"quads": 3}
    assert data["muscles"] == quads
    assert data["moves"] == before["moves"] | {"hip.extension": 1}
    assert (data["explosive"], data["warmup_min"], data["met"]) == (2, 9, 9.5)
    shown = dict(saved.form(path))
    assert (shown["muscles.quads"], shown["muscles.adductors"]) == ("3", "0")
    assert "It can be handed in" in check(editor, path, saved)


def test_what_is_wrong_in_an_activity_leads_to_its_field(editor: Editor) -> None:
    path, page = begin(editor, "activity/hike")
    told = check(editor, path, page, explosive="7", met="fast", **{"muscles.quads": "9"})
    for name in ("f-explosive", "f-met", "f-muscles"):
        assert f'href="#{name}"' in told
        assert f'id="{name}"' in page.html


def test_an_activity_says_where_its_words_for_people_are(editor: Editor) -> None:
    _, page = begin(editor, "activity/football")
    assert 'href="/desk/documents/about/activity.football"' in page.html


def test_a_code_that_no_form_knows_stays_in_an_activity(shared: Limber) -> None:
    with shared.engine.connect() as conn:
        known = words.load(conn)
    data: Document = {"code": "x", "muscles": {"tail": 2, "quads": 7, "glute_max": True}, "moves": []}
    sent = {"muscles.tail": ["2"], "muscles.hamstrings": ["1"]}
    again = forms.read_form(("activity", "x"), data, known, None, lambda name: sent.get(name, []))
    assert again == {**data, "muscles": {**data["muscles"], "hamstrings": 1}}
    assert forms.read_form(("activity", "x"), data, known, None, lambda _: []) == data


# --- vocabularies ----------------------------------------------------------------------------------------


def test_the_words_of_a_code_with_a_dot_are_its_own(shared: Limber, editor: Editor) -> None:
    path, page = begin(editor, "vocabulary/moves")
    label = "entries.hip.flexion.label"
    editor.send(page, path, do="save", **{label: "Hip bend"})
    data = data_of(shared, path)
    assert data["entries"]["hip.flexion"] == {"label": "Hip bend", "joint": "hip", "action": "flexion"}
    assert [each.path for each in stored(shared, path).changes] == [label]
    told = check(editor, path, editor.get(path), **{label: ""})
    assert 'href="#f-entries-hip-flexion-label"' in told
    assert 'id="f-entries-hip-flexion-label"' in page.html


def test_numbers_and_codes_of_an_entry_keep_their_kind(shared: Limber, editor: Editor) -> None:
    path, page = begin(editor, "vocabulary/muscles")
    here = "entries.quads"
    given = {f"{here}.wger": "10, 11", f"{here}.fed": "quadriceps, middle back", f"{here}.region": "knee"}
    editor.send(page, path, do="save", **given)
    quads = data_of(shared, path)["entries"]["quads"]
    assert (quads["wger"], quads["fed"], quads["region"]) == ([10, 11], ["quadriceps", "middle back"], "knee")
    editor.send(editor.get(path), path, do="save", **{f"{here}.wger": "", f"{here}.fed": ""})
    quads = data_of(shared, path)["entries"]["quads"]
    assert (quads["wger"], quads["fed"]) == ([], [])


def test_codes_are_put_in_another_order(shared: Limber, editor: Editor) -> None:
    path, page = begin(editor, "vocabulary/kinds")
    first, second, *rest = data_of(shared, path)["order"]
    editor.send(page, path, do="save", **{f"place.{first}": "2"})
    assert data_of(shared, path)["order"] == [second, first, *rest]
    editor.send(editor.get(path), path, do="save", **{f"place.{first}": "999"})
    assert data_of(shared, path)["order"] == [second, *rest, first]


@pytest.mark.parametrize(
    ("places", "dropped", "order"),
    [
        ({}, [], "abcd"), ({"a": "2", "b": "1"}, [], "bacd"), ({"d": "1"}, [], "dabc"), ({"a": "4"}, [], "bcda"),
        ({"a": "3", "d": "2"}, [], "bdac"), ({}, ["b", "x"], "acd"), ({"b": "4"}, ["a"], "cdb"),
        ({"a": "9"}, ["a"], "bcd"),
    ],
)  # fmt: skip
def test_what_is_given_a_place_stands_there(places: dict[str, str], dropped: list[str], order: str) -> None:
    sent = {"drop": dropped, **{f"place.{name}": [place] for name, place in places.items()}}
    assert "".join(fields.arranged("abcd", lambda name: sent.get(name, []))) == order


def test_a_place_that_is_none_is_told_at_its_field(editor: Editor, shared: Limber) -> None:
    path, page = begin(editor, "vocabulary/warnings")
    for place in ("first", "0", "-1", "1.5", "²", "9" * 400, ""):
        given: dict[str, Any] = {"place.refer": place, "entries.refer.label": "Ask a doctor first"}
        answer = editor.send(page, path, do="save", **given)
        assert answer.status == 422, place
        assert 'id="f-place-refer-error"' in answer.html
        assert dict(answer.form(path))["entries.refer.label"] == "Ask a doctor first"
        assert "f-place-refer" in check(editor, path, page, **given)
    assert stored(shared, path).version == 1


def test_a_new_code_is_begun_and_one_that_others_name_stays(shared: Limber, editor: Editor) -> None:
    path, page = begin(editor, "vocabulary/constraints")
    page = editor.send(page, path, do="save", new="quiet_hours")
    data = data_of(shared, path)
    assert data["order"][-1] == "quiet_hours"
    assert data["entries"]["quiet_hours"] == {}
    assert 'href="#f-entries-quiet_hours-label"' in check(editor, path, page)
    again = editor.send(page, path, do="save", new="quiet_hours")
    assert again.status == 422
    assert 'id="new-error"' in again.html
    gone = editor.send(editor.get(path), path, do="save", drop="quiet_hours")
    assert "Nothing is changed yet" in check(editor, path, gone)
    path, page = begin(editor, "vocabulary/hazards")
    told = check(editor, path, page, drop="kneeling")
    assert "has the unknown code kneeling" in told


@pytest.mark.parametrize(
    ("name", "code", "begun"),
    [("moves", "hip.swing", {"joint": "hip", "action": "swing"}), ("rules", "W99", {"id": "W99"})],
)
def test_what_follows_from_a_new_code_need_not_be_typed(
    shared: Limber, name: str, code: str, begun: Document
) -> None:
    with shared.engine.connect() as conn:
        known = words.load(conn)
    sent = {"new": [code]}
    empty: Document = {"order": [], "entries": {}}
    made = forms.read_form(("vocabulary", name), empty, known, None, lambda field: sent.get(field, []))
    assert made == {"order": [code], "entries": {code: begun}}


def test_a_vocabulary_of_codes_alone_is_chosen_from_the_whole(shared: Limber, editor: Editor) -> None:
    path, page = begin(editor, "vocabulary/free_equipment")
    order = data_of(shared, path)["order"]
    editor.send(page, path, do="save", order=[*[code for code in order if code != "strap"], "dowel"])
    data = data_of(shared, path)
    assert data["order"] == [*[code for code in order if code != "strap"], "dowel"]
    assert data["entries"] == {code: {} for code in data["order"]}


@pytest.mark.parametrize(
    "data", [{}, {"order": "x", "entries": {}}, {"order": [1], "entries": {}}, {"order": [], "entries": []}]
)
def test_what_is_no_vocabulary_is_edited_as_json(shared: Limber, data: Document) -> None:
    with shared.engine.connect() as conn:
        assert forms.groups(("vocabulary", "hazards"), data, words.load(conn), None) is None


def test_a_rule_of_evidence_is_written_in_fields(shared: Limber, editor: Editor) -> None:
    path, page = begin(editor, "vocabulary/rules")
    rule = data_of(shared, path)["entries"]["W03"]
    given = {"entries.W03.grade": "B", "entries.W03.source": "Another source 2026"}
    saved = editor.send(page, path, do="save", **given)
    assert data_of(shared, path)["entries"]["W03"] == {**rule, "grade": "B", "source": "Another source 2026"}
    assert "It can be handed in" in check(editor, path, saved)
    assert 'href="/desk/documents/about/rule.W03"' in page.html


@pytest.mark.parametrize(
    ("key", "told"),
    [("activity/climb", "Much"), ("vocabulary/red_flags", "Chest pain"), ("vocabulary/rules", "W03")],
)
def test_the_page_of_a_document_tells_it_in_words(editor: Editor, key: str, told: str) -> None:
    page = editor.get(f"/desk/documents/{key}")
    assert told in page.words.split("As JSON")[0]
    assert "<details><summary>As JSON" in page.html


# --- two at once -----------------------------------------------------------------------------------------


def test_a_form_that_was_opened_before_the_other_saved_says_nothing_of_what_is_new(shared: Limber) -> None:
    """What the other began is in no field of mine, so that I neither keep nor empty it."""
    ana, cleo = sit_down(shared, "editor", name="Ana"), sit_down(shared, "editor", name="Cleo")
    path, page = begin(ana, "vocabulary/red_flags")
    hers = cleo.get(path)
    ana.send(page, path, do="save", new="new_flag")
    ana.send(ana.get(path), path, do="save", **{"entries.new_flag.label": "A new flag"})
    told = cleo.send(hers, path, do="save", **{"entries.syncope.label": "Fainting"})
    assert told.status == 409
    assert "You changed different fields" in told.words
    cleo.send(told, f"{path}/settle")
    entries = data_of(shared, path)["entries"]
    assert entries["new_flag"] == {"label": "A new flag"}
    assert entries["syncope"] == {"label": "Fainting"}
