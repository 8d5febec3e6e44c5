"""Each set in its own words: what is mapped, guessed and refused of them, and why."""

from collections.abc import Callable
from typing import Any

import pytest

from server.catalog.importing import french, words
from server.catalog.importing.batches import Result
from server.catalog.importing.facts import Licence
from tests.catalog_import.conftest import files_of

Look = Callable[..., dict[str, Result]]


def value(result: Result, field: str) -> Any:
    assert result.record is not None
    return result.record.get(field)


def how(result: Result, field: str) -> str:
    return next(each.how for each in result.fields if each.name == field)


def wger_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


# --- free-exercise-db ------------------------------------------------------------------------------------


def test_free_exercise_db_gives_facts_and_says_how_each_came_about(look: Look) -> None:
    calf = look("free-exercise-db")["Moon_Calf"]
    assert calf.outcome == "draft"
    assert value(calf, "type") == "static_stretch"
    assert value(calf, "primary_muscles") == ["gastroc"]
    assert value(calf, "secondary_muscles") == ["hamstrings"]
    assert value(calf, "laterality") == "unilateral"
    assert value(calf, "moves") == ["ankle.dorsiflexion"]
    assert value(calf, "equipment") == ["wall"]
    assert value(calf, "dose") == {
        "mode": "time",
        "reps": None,
        "sec_per_rep": None,
        "work_s_per_side": 30,
        "sides": 2,
    }
    assert [how(calf, field) for field in ("name", "laterality", "moves", "hazards", "cue")] == [
        "mapped", "guessed", "guessed", "refused", "refused",
    ]  # fmt: skip


def test_one_word_for_several_muscles_is_told_apart_by_the_name(look: Look) -> None:
    found = look("free-exercise-db")
    assert value(found["Soleus"], "primary_muscles") == ["soleus"]
    assert value(found["Shin-SMR"], "primary_muscles") == ["tib_ant"]
    assert how(found["Soleus"], "primary_muscles") == "guessed"


def test_rolling_and_swinging_are_no_static_stretches_though_their_set_says_so(look: Look) -> None:
    found = look("free-exercise-db")
    assert value(found["Shin-SMR"], "type") == "foam_roll"
    assert value(found["Shin-SMR"], "equipment") == ["ball"]
    assert value(found["Swim_Swing"], "type") == "dynamic_stretch"
    assert value(found["Heron"], "type") == "potentiation"


def test_equipment_called_other_is_left_open(look: Look) -> None:
    hang = look("free-exercise-db")["Mystery"]
    assert how(hang, "equipment") == "refused"
    assert hang.record is not None
    assert "equipment" not in hang.record.data()


@pytest.mark.parametrize(
    ("ident", "reason", "said"),
    [
        ("Heavy", "scope", "strength, expert, barbell"),
        ("Cable", "equipment", "needs “cable”"),
        ("Bad", "malformed", "primaryMuscles: must be a list of texts"),
        ("Bad2", "malformed", "level: 'wizard' is not one of beginner, intermediate, expert"),
    ],
)
def test_what_is_no_exercise_of_ours_is_refused_with_its_reason(
    look: Look, ident: str, reason: str, said: str
) -> None:
    found = look("free-exercise-db")[ident]
    assert (found.outcome, found.reason) == ("refused", reason)
    assert said in found.why


def test_what_the_catalogue_has_is_found_by_its_name_in_other_words(look: Look) -> None:
    found = look("free-exercise-db")["Big_Circles"]
    assert found.match is not None
    assert (found.outcome, found.match.ident, found.match.by) == ("duplicate", "arm-circle-big", "name")


# --- longhaul --------------------------------------------------------------------------------------------


def test_longhaul_has_its_equipment_behind_the_dash(look: Look) -> None:
    found = look("longhaul")
    river = found["one-leg-prone-river-stretch-band"]
    assert value(river, "name") == "One-Leg Prone River Stretch with band"
    assert value(river, "equipment") == ["band"]
    assert value(river, "laterality") == "unilateral"
    assert value(river, "positions") == ["prone"]
    assert river.record is not None
    assert river.record.notes == ("Keep it easy.",)
    assert (found["pillar-twist"].reason, found["harbour-press"].reason) == ("equipment", "scope")
    assert value(found["tide-bridge"], "type") == "activation"


def test_longhauls_own_muscle_words_are_ours(look: Look) -> None:
    roll = look("longhaul")["shell-roll"]
    assert value(roll, "primary_muscles") == ["tfl_itb", "glute_med", "gastroc", "soleus"]
    assert value(roll, "secondary_muscles") == ["upper_traps"]
    assert how(roll, "primary_muscles") == "guessed"


def test_a_sport_is_no_exercise(look: Look) -> None:
    assert look("longhaul")["swim"].reason == "not_an_exercise"


# --- wger ------------------------------------------------------------------------------------------------


def test_wger_keeps_licence_and_authors_of_each_record(look: Look) -> None:
    found = look("wger")
    first, free = found[wger_id(1)].record, found[wger_id(3)].record
    assert first is not None
    assert free is not None
    assert first.licence.share_alike
    assert first.licence.by == "Ada, wger.de"
    assert free.licence.code == "CC0-1.0"
    assert not free.licence.wants_credit


def test_a_side_alone_is_still_one_side_at_a_time(look: Look) -> None:
    alone = look("wger")[wger_id(3)]
    assert value(alone, "name") == "Lighthouse stretch, arm"
    assert value(alone, "laterality") == "unilateral"


def test_muscles_that_wger_leaves_open_are_told_by_the_name_or_the_record_is_refused(look: Look) -> None:
    found = look("wger")
    assert value(found[wger_id(1)], "primary_muscles") == ["neck_extensors"]
    assert how(found[wger_id(1)], "primary_muscles") == "guessed"
    assert found[wger_id(9)].reason == "muscles"


def test_a_name_in_another_language_is_marked(look: Look) -> None:
    wave = look("wger")[wger_id(6)]
    field = next(each for each in wave.fields if each.name == "name")
    assert (field.how, "another language" in field.why) == ("guessed", True)


def test_another_name_of_the_record_finds_what_the_catalogue_has(look: Look) -> None:
    walk = look("wger")[wger_id(7)]
    assert walk.match is not None
    assert (walk.outcome, walk.match.ident) == ("duplicate", "brisk-walk")


@pytest.mark.parametrize(
    ("number", "reason", "said"),
    [
        (5, "scope", "strength"),
        (8, "malformed", "muscles: 99 is not a muscle of wger"),
        (10, "malformed", "there is no English translation"),
    ],
)
def test_wger_records_are_refused_with_their_reason(look: Look, number: int, reason: str, said: str) -> None:
    found = look("wger")[wger_id(number)]
    assert (found.outcome, found.reason) == ("refused", reason)
    assert said in found.why


# --- Warmup Generator ------------------------------------------------------------------------------------


def test_french_terms_become_ours(look: Look) -> None:
    found = look("warmup-generator")
    bend = found["a"]
    assert value(bend, "name") == "Trunk side bends"
    assert value(bend, "moves") == ["thoracic.lateral_flexion"]
    assert value(bend, "laterality") == "alternating"
    assert value(bend, "positions") == ["standing"]
    assert value(bend, "dose")["reps"] == 16
    assert found["b"].outcome == "duplicate"
    circles = found["c"]
    assert value(circles, "name") == "Hip circles"
    assert value(circles, "dose")["reps"] == 16


def test_french_that_is_not_known_waits_for_a_translation(look: Look) -> None:
    gull = look("warmup-generator")["d"]
    field = next(each for each in gull.fields if each.name == "name")
    assert field.value == "Pas du goéland"
    assert "no English for pas, goéland" in field.why
    assert gull.document == "pas-du-goeland"


def test_a_zone_that_is_not_theirs_is_malformed(look: Look) -> None:
    found = look("warmup-generator")
    assert found["f"].reason == "malformed"
    assert found["e"].reason == "equipment"


@pytest.mark.parametrize(
    ("said", "dose"),
    [
        ("8-10 de chaque côté", french.Dose(8, None, True, False)),
        ("25-30 secondes", french.Dose(None, 25, False, False)),
        ("20 secondes par côté", french.Dose(None, 20, True, False)),
        ("8 avant/arrière + 8 latéraux par côté", french.Dose(16, None, True, False)),
        ("8 vers l'avant, 8 vers l'arrière", french.Dose(16, None, False, True)),
        ("10 Y + 10 T", french.Dose(20, None, False, False)),
        ("12-15 reps lentes", french.Dose(12, None, False, False)),
        ("quelques-uns", None),
        ("", None),
        ("99999999999999 fois", None),
    ],
)
def test_repetitions_in_free_text_are_read(said: str, dose: french.Dose | None) -> None:
    assert french.dose(said) == dose


# --- tables ----------------------------------------------------------------------------------------------


def test_a_table_may_use_semicolons_and_name_only_what_it_knows(look: Look) -> None:
    found = look("csv")
    ease = found["Pebble calf ease"]
    assert ease.outcome == "draft"
    assert value(ease, "primary_muscles") == ["gastroc", "soleus"]
    assert ease.record is not None
    assert ease.record.licence == Licence("CC-BY-4.0", "CC BY 4.0", "", "Ana Reef", "")
    assert ease.record.steps[1] == "Lean in until you feel a mild pull."
    assert found["Cat-cow"].outcome == "duplicate"
    assert "attribution: is needed" in found["No credit"].why
    assert "has 3 cells" in found["Too"].why


def test_a_code_that_the_catalogue_has_not_is_not_taken_over(look: Look) -> None:
    body = b"name,type,primary_muscles,positions\nReef sway,mobility,obliques tentacle,floating\n"
    found = look("csv", {"t.csv": body})["Reef sway"]
    assert value(found, "primary_muscles") == ["obliques"]
    assert how(found, "positions") == "refused"


# --- words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bare", "side"),
    [
        ("Left neck stretch", "Neck stretch", "left"),
        ("Calf raises, right leg", "Calf raises", "right"),
        ("Quadruped thoracic rotation left", "Quadruped thoracic rotation", "left"),
        ("Left to right sway", "Left to right sway", ""),
        ("Left", "Left", ""),
        ("Upright row", "Upright row", ""),
    ],
)
def test_a_side_is_taken_out_of_a_name(name: str, bare: str, side: str) -> None:
    assert words.sided(name) == words.Sided(bare, side)


def test_a_licence_says_what_may_be_done() -> None:
    assert Licence("CC-BY-SA-4.0", "").share_alike
    assert Licence("ODbL-1.0", "").share_alike
    assert not Licence("CC-BY-4.0", "").share_alike
    assert [Licence(code, "").text_may_be_used for code in ("own", "MIT", "CC-BY-SA-4.0", "Unlicense", "none")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_our_own_sets_hold_no_record_of_others() -> None:
    assert all(len(b"".join(files_of(form).values())) < 12_000 for form in ("wger", "longhaul", "csv"))
