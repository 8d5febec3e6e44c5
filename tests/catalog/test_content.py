"""The content files keep what they promise, and `validate` finds each kind of mistake and says where."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.catalog.claims import forbidden_claims
from server.catalog.content import (
    GENTLE,
    SEED,
    WORK_BOUND_EXCEPTIONS,
    Problem,
    SeedInvalid,
    contraindications,
    item_total_s,
    read_seed,
    validate,
)
from tests.thorough import often

CATALOG = read_seed()
EXERCISES = {slug: data for (collection, slug), data in CATALOG.items() if collection == "exercise"}
CONDITIONS = {code: data for (collection, code), data in CATALOG.items() if collection == "condition"}
EXPECTED = json.loads((Path(__file__).parent / "expected_contraindications.json").read_text(encoding="utf-8"))
SLUGS = sorted(EXERCISES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def changed(collection: str, record_id: str, path: str, value: Any) -> dict[tuple[str, str], Any]:
    """The catalogue with one value set at a dotted path, or deleted where the value is `...`."""
    data = copy.deepcopy(CATALOG[collection, record_id])
    *parents, last = path.split(".")
    target = data
    for name in parents:
        target = target[name]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return {**CATALOG, (collection, record_id): data}


def places(problems: list[Problem]) -> set[str]:
    return {problem.where for problem in problems}


# Hazards that were added to the facts the catalogue began with: narrow or one-legged bases (O02), a planted foot that
# turns the hip inwards (K13), knees spread in a deep squat (O05), and what a second reading of every record found.
STRICTER: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "stricter.json").read_text(encoding="utf-8")
)


def test_the_catalogue_is_without_a_mistake():
    assert validate(CATALOG) == []


def test_the_catalogue_is_complete():
    assert len(EXERCISES) == 335
    assert sum(collection == "activity" for collection, _ in CATALOG) == 35
    assert len(CONDITIONS) == 39
    vocabularies = {
        name: data["entries"] for (collection, name), data in CATALOG.items() if collection == "vocabulary"
    }
    sizes = {name: len(entries) for name, entries in vocabularies.items()}
    assert sizes == {
        "muscles": 36, "regions": 10, "moves": 51, "types": 11, "phases": 5, "kinds": 4, "positions": 15,
        "floor_positions": 9, "equipment": 24, "free_equipment": 7, "laterality": 3, "hazards": 41,
        "constraints": 6, "red_flags": 14, "warnings": 10, "rules": 89,
    }  # fmt: skip


def test_every_exercise_keeps_its_slug_contraindications_cautions_and_time():
    derived = {}
    for slug, data in EXERCISES.items():
        contra, caution = contraindications(data, CONDITIONS)
        derived[slug] = {"contra": contra, "caution": caution, "total_s": item_total_s(data)}
    assert derived.keys() == EXPECTED.keys()
    assert {slug for slug, facts in derived.items() if facts != EXPECTED[slug]} <= set(STRICTER)
    for slug, facts in derived.items():
        before = EXPECTED[slug]
        assert facts["total_s"] == before["total_s"]
        assert set(before["contra"]) <= set(facts["contra"]), slug
        # What asked for caution still does, or is not for these people at all now.
        assert set(before["caution"]) <= {*facts["contra"], *facts["caution"]}, slug


def test_a_hazard_taken_out_of_a_condition_that_a_rule_names_cannot_be_published():
    kept = [code for code in CONDITIONS["achilles_tendinopathy"]["exclude"] if code != "calf_end"]
    (problem,) = validate(changed("condition", "achilles_tendinopathy", "exclude", kept))
    assert problem.where == "condition/achilles_tendinopathy.exclude"
    assert problem.message == "lacks calf_end, which K02 asks for"


def test_a_hazard_that_was_once_added_stays():
    for slug, hazards in STRICTER.items():
        assert set(hazards) <= set(EXERCISES[slug]["hazards"]), slug


def test_nothing_derived_is_stored():
    assert not any({"contra", "caution", "default_total_s"} & data.keys() for data in EXERCISES.values())


def test_a_condition_that_excludes_a_hazard_does_not_also_limit_the_exercise():
    exercise = {"hazards": ["impact", "calf_end"]}
    conditions = {
        "a": {"exclude": ["impact"], "limit": ["calf_end"]},
        "b": {"exclude": [], "limit": ["calf_end"]},
    }
    assert contraindications(exercise, conditions) == (["a"], ["b"])


def test_an_exception_from_the_work_bounds_is_needed():
    types = CATALOG["vocabulary", "types"]["entries"]
    for slug in WORK_BOUND_EXCEPTIONS:
        low, high = types[EXERCISES[slug]["type"]]["work_s"]
        assert not low <= EXERCISES[slug]["dose"]["work_s_per_side"] <= high


def test_cues_of_stretches_vary_how_they_name_the_gentle_limit():
    cues = [data["cue"] for data in EXERCISES.values() if data["type"] in ("static_stretch", "pnf_stretch")]
    limits = [found.group(1).lower() for cue in cues if (found := GENTLE.search(cue))]
    assert len(limits) == len(cues) == 69
    assert all(limits.count(word) <= len(cues) / 2 for word in set(limits))


@pytest.mark.parametrize(
    "text",
    [
        "Prevents injury when you run.",
        "Flushes out lactic acid.",
        "This fixes posture in a week.",
        "Less soreness tomorrow.",
        "Speeds recovery after sport.",
        "Lengthens the muscle permanently.",
    ],
)
def test_a_claim_the_evidence_does_not_bear_is_found(text: str):
    assert forbidden_claims(text)


def test_plain_instructions_are_not_taken_for_claims():
    assert forbidden_claims("Press your heel down and fix your eyes on one spot; recline slowly.") == []


@pytest.mark.parametrize(
    ("slug", "path", "value", "field"),
    [
        ("front-plank", "primary_muscles", ["deep_core", "nonsense"], "primary_muscles"),
        ("front-plank", "secondary_muscles", ["nonsense"], "secondary_muscles"),
        ("front-plank", "secondary_muscles", ["deep_core"], "secondary_muscles"),
        ("front-plank", "moves", ["trunk.nonsense"], "moves"),
        ("front-plank", "positions", ["plank", "nonsense"], "positions"),
        ("front-plank", "positions", [], "positions"),
        ("front-plank", "equipment", ["nonsense"], "equipment"),
        ("front-plank", "equipment", ["none"], "equipment"),
        ("front-plank", "activities", ["nonsense"], "activities"),
        ("front-plank", "activities", ["climb", "climb"], "activities"),
        ("front-plank", "type", "nonsense", "type"),
        ("front-plank", "laterality", "sideways", "laterality"),
        ("front-plank", "phases", ["activate", "nonsense"], "phases"),
        ("front-plank", "phases", ["cooldown"], "phases"),
        ("front-plank", "slug", "another", "slug"),
        ("front-plank", "difficulty", 6, "difficulty"),
        ("front-plank", "difficulty", 0, "difficulty"),
        ("front-plank", "difficulty", True, "difficulty"),
        ("front-plank", "met", 0.5, "met"),
        ("front-plank", "met", 40, "met"),
        ("front-plank", "met", float("nan"), "met"),
        ("front-plank", "name", "", "name"),
        ("front-plank", "name", "Plank " * 20 + "end", "name"),
        ("push-up", "name", "FRONT plank", "name"),
        ("front-plank", "cue", ..., "cue"),
        ("front-plank", "cue", "", "cue"),
        ("front-plank", "cue", "Two words.", "cue"),
        ("front-plank", "cue", "Hold your body\nstraight and breathe.", "cue"),
        ("front-plank", "cue", "Hold your body straight and keep breathing", "cue"),
        ("front-plank", "cue", "Hold it and " + "breathe and " * 20 + "rest.", "cue"),
        ("front-plank", "cue", "Hold your body straight to prevent back injury.", "cue"),
        ("push-up", "cue", EXERCISES["front-plank"]["cue"].upper(), "cue"),
        ("couch-stretch", "cue", "Squeeze your bottom and stop at a gentle pull.", "cue"),
        ("pnf-lat-wall", "cue", "Press the wall, relax, then sink, never into pain.", "cue"),
        ("front-plank", "hazards", ["isometric_hold", "core_high", "shoulder_wb"], "hazards"),
        ("front-plank", "hazards", ["floor_transfer", "high_intensity"], "hazards"),
        ("front-plank", "hazards", ["floor_transfer", "nonsense"], "hazards"),
        ("front-plank", "hazards", ["floor_transfer", "supine"], "hazards"),
        ("front-plank", "hazards", ["floor_transfer", "prone"], "hazards"),
        ("bird-dog", "hazards", ["floor_transfer", "wrist_ext_wb"], "hazards"),
        ("dead-bug", "hazards", ["floor_transfer"], "hazards"),
        ("sphinx", "hazards", ["floor_transfer"], "hazards"),
        ("downward-dog", "hazards", ["floor_transfer"], "hazards"),
        ("march-in-place", "hazards", ["floor_transfer"], "hazards"),
        ("easy-jog", "hazards", ["impact", "travel"], "hazards"),
        ("front-plank", "dose", None, "dose"),
        ("front-plank", "dose.mode", "sets", "dose.mode"),
        ("front-plank", "dose.mode", "reps", "dose.reps dose.sec_per_rep"),
        ("front-plank", "dose.reps", 10, "dose.reps"),
        ("front-plank", "dose.sec_per_rep", 2, "dose.sec_per_rep"),
        ("front-plank", "dose.work_s_per_side", 61, "dose.work_s_per_side"),
        ("front-plank", "dose.work_s_per_side", 7, "dose.work_s_per_side"),
        ("front-plank", "dose.work_s_per_side", 20.5, "dose.work_s_per_side"),
        ("front-plank", "dose.sides", 2, "dose.sides"),
        ("front-plank", "dose.sides", ..., "dose.sides"),
        ("front-plank", "dose.rest_s", 5, "dose.rest_s"),
        ("push-up", "dose.reps", None, "dose.reps"),
        ("push-up", "dose.reps", 9, "dose.work_s_per_side"),
        ("push-up", "dose.sec_per_rep", 2.5, "dose.work_s_per_side"),
        ("side-plank", "laterality", "bilateral", "dose.sides"),
        ("front-plank", "contra", [], "contra"),
    ],
)
def test_a_mistake_in_an_exercise_is_found_and_named(slug: str, path: str, value: Any, field: str):
    found = places(validate(changed("exercise", slug, path, value)))
    # A new hazard asks the guide for its note, too.
    assert {place for place in found if ".safety." not in place} == {
        f"exercise/{slug}.{name}" for name in field.split()
    }


@pytest.mark.parametrize(
    "slug", ["Front-Plank", "front_plank", "-plank", "front--plank", "plank\n", "p" * 49]
)
def test_a_slug_of_another_form_is_found(slug: str):
    data = {**EXERCISES["front-plank"], "slug": slug}
    documents = {key: value for key, value in CATALOG.items() if key != ("exercise", "front-plank")}
    assert f"exercise/{slug}.slug" in places(validate({**documents, ("exercise", slug): data}))


@pytest.mark.parametrize(
    ("collection", "record_id", "path", "value", "field"),
    [
        ("condition", "knee_oa", "exclude", ["impact", "nonsense"], "exclude"),
        ("condition", "knee_oa", "limit", ["nonsense"], "limit"),
        ("condition", "knee_oa", "limit", ["impact"], "limit"),
        ("condition", "exercise_asthma", "limit", [], "exclude"),
        ("condition", "knee_oa", "code", "knee", "code"),
        ("condition", "knee_oa", "label", ..., "label"),
        ("activity", "golf", "muscles.obliques", 4, "muscles"),
        ("activity", "golf", "muscles.obliques", -1, "muscles"),
        ("activity", "golf", "muscles.nonsense", 1, "muscles"),
        ("activity", "golf", "moves", {"hip.nonsense": 1}, "moves"),
        ("activity", "golf", "explosive", 4, "explosive"),
        ("activity", "golf", "met", 0, "met"),
        ("activity", "golf", "code", "golfing", "code"),
        ("vocabulary", "muscles", "entries.pecs.region", "chest", "entries.pecs.region"),
        ("vocabulary", "muscles", "entries.pecs.label", ..., "entries.pecs.label"),
        ("vocabulary", "hazards", "entries.grip", "a word", "entries.grip"),
        ("vocabulary", "warnings", "order", ["pain_stop"], "order"),
        ("vocabulary", "warnings", "order", "pain_stop", "order"),
        ("vocabulary", "warnings", "entries", ["pain_stop"], "entries"),
        ("vocabulary", "warnings", "entries.Pain-Stop", {"label": "Stop"}, "order entries.Pain-Stop"),
        (
            "vocabulary",
            "types",
            "entries.balance.phases",
            ["mobilise", "activate", "x"],
            "entries.balance.phases",
        ),
        ("vocabulary", "types", "entries.balance.work_s", [60, 10], "entries.balance.work_s"),
        ("vocabulary", "phases", "entries.raise.rank", "first", "entries.raise.rank"),
        ("vocabulary", "rules", "entries.W01.id", "W02", "entries.W01.id"),
        ("vocabulary", "rules", "entries.W01.use", "soft", "entries.W01.use"),
        ("vocabulary", "rules", "entries.W01.grade", "D", "entries.W01.grade"),
        ("vocabulary", "rules", "entries.W01.source", "", "entries.W01.source"),
    ],
)
def test_a_mistake_in_the_rest_of_the_catalogue_is_found_and_named(
    collection: str, record_id: str, path: str, value: Any, field: str
):
    found = places(validate(changed(collection, record_id, path, value)))
    assert found == {f"{collection}/{record_id}.{name}" for name in field.split()}


def test_a_floor_position_must_be_a_position():
    floor = copy.deepcopy(CATALOG["vocabulary", "floor_positions"])
    floor["order"].append("cellar")
    floor["entries"]["cellar"] = {}
    found = validate({**CATALOG, ("vocabulary", "floor_positions"): floor})
    assert found == [Problem("vocabulary/floor_positions.entries", "has the unknown code cellar")]


def test_the_code_of_a_move_is_its_joint_and_action():
    moves = copy.deepcopy(CATALOG["vocabulary", "moves"])
    moves["entries"]["hip.flexion"]["joint"] = "knee"
    assert places(validate({**CATALOG, ("vocabulary", "moves"): moves})) == {
        "vocabulary/moves.entries.hip.flexion"
    }


@pytest.mark.parametrize("name", [name for collection, name in CATALOG if collection == "vocabulary"])
def test_a_missing_vocabulary_is_one_problem_and_not_a_thousand(name: str):
    documents = {key: data for key, data in CATALOG.items() if key != ("vocabulary", name)}
    assert validate(documents) == [Problem(f"vocabulary/{name}", "is missing")]


@pytest.mark.parametrize(
    ("key", "data", "where"),
    [
        (("recipe", "soup"), {}, "recipe/soup"),
        (("vocabulary", "colours"), {"order": ["red"], "entries": {"red": {}}}, "vocabulary/colours"),
        (("exercise", "front-plank"), ["not", "an", "object"], "exercise/front-plank"),
    ],
)
def test_a_document_of_no_known_kind_is_found(key: tuple[str, str], data: Any, where: str):
    assert places(validate({**CATALOG, key: data})) == {where}


def test_an_activity_still_in_use_cannot_be_left_out():
    documents = {key: data for key, data in CATALOG.items() if key != ("activity", "golf")}
    users = {
        f"exercise/{slug}.activities" for slug, data in EXERCISES.items() if "golf" in data["activities"]
    }
    assert places(validate(documents)) == {*users, "about/activity.golf.code"}


@settings(deadline=None, max_examples=often(15, 100))
@given(slug=st.sampled_from(SLUGS), data=st.data())
def test_any_unknown_code_in_any_exercise_is_named(slug: str, data: st.DataObject):
    lists = (
        "primary_muscles",
        "secondary_muscles",
        "moves",
        "positions",
        "equipment",
        "phases",
        "hazards",
        "activities",
    )
    field = data.draw(st.sampled_from(lists))
    codes = [*EXERCISES[slug][field], "unheard_of"]
    assert f"exercise/{slug}.{field}" in places(validate(changed("exercise", slug, field, codes)))


@settings(deadline=None, max_examples=often(40, 400))
@given(slug=st.sampled_from(SLUGS), value=JSON, data=st.data())
def test_no_document_however_wrong_makes_validate_fail(slug: str, value: Any, data: st.DataObject):
    targets = [("exercise", slug), ("activity", "golf"), ("condition", "knee_oa"), ("vocabulary", "types")]
    collection, record_id = data.draw(st.sampled_from(targets))
    document = CATALOG[collection, record_id]
    paths = [*document, *(f"dose.{name}" for name in document.get("dose", {})), "entries.balance"]
    path = data.draw(st.sampled_from([p for p in paths if p.split(".")[0] in document]))
    problems = validate(changed(collection, record_id, path, value))
    assert all(problem.where and problem.message for problem in problems)


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SEED, tmp_path / "seed"))


def test_documents_come_in_the_order_of_the_files(seed: Path):
    file = seed / "exercises" / "balance.json"
    listed = [data["slug"] for data in json.loads(file.read_text(encoding="utf-8"))]
    assert [slug for slug, data in EXERCISES.items() if data["type"] == "balance"] == listed
    assert (
        list(dict.fromkeys(data["type"] for data in EXERCISES.values()))
        == CATALOG["vocabulary", "types"]["order"]
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("conditions.json", None, "no such file"),
        ("conditions.json", "[{", "conditions.json"),
        ("conditions.json", "{}", "must hold a JSON list"),
        ("vocabulary.json", "[]", "must hold a JSON object"),
        ("vocabulary.json", '{"muscles": []}', "muscles must be an object"),
        ("rules.json", '[{"id": "W01"}, {"id": "W01"}]', "an id is there twice"),
        ("activities.json", '[{"label": "Golf"}]', "has no code"),
        ("activities.json", "[17]", "has no code"),
        ("exercises/balance.json", '[{"slug": "a", "type": "mobility"}]', "a has another type than its file"),
        (
            "exercises/breathing.json",
            '[{"slug": "hip-airplane", "type": "breathing"}]',
            "hip-airplane is there twice",
        ),
        ("exercises/juggling.json", "[]", "no such exercise type: juggling"),
    ],
)
def test_a_content_file_that_cannot_be_read_is_named(seed: Path, name: str, content: str | None, words: str):
    file = seed / name
    if content is None:
        file.unlink()
    else:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(SeedInvalid, match=words):
        read_seed(seed)
