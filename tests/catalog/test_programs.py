"""Ready programs are data over the generator: each session of each gives a routine, also to those it is made for."""

import copy
from typing import Any

import pytest

from model_export import runtime
from model_export.bundle import FOLDER
from server.catalog.claims import LANGUAGES
from server.catalog.content import read_seed, validate
from server.catalog.programs import check_form

CATALOG = read_seed()
PROGRAMS = {code: data for (collection, code), data in CATALOG.items() if collection == "program"}


@pytest.fixture(scope="module")
def make():
    """Makes a routine from a payload."""
    generator = runtime.Generator.load(FOLDER / "generator.onnx")
    documents = [{"collection": c, "id": record_id, "data": data} for (c, record_id), data in CATALOG.items()]
    catalog = runtime.Catalog.from_documents(documents, 1)
    return lambda payload: runtime.generate(generator, catalog, payload)


def payload(part: dict[str, Any], minutes: int, conditions: list[str]) -> dict[str, Any]:
    """What the app asks the generator for a session of a program."""
    return {
        "request": {"kind": part["kind"], "activity": part["activity"], "budget_s": minutes * 60},
        "profile": {
            "age": 70 if "fall_risk" in conditions else 35, "level": "beginner", "conditions": conditions,
            "constraints": part["wishes"], "deficits": part["focus"], "equipment": ["chair", "wall", "mat"],
        },
    }  # fmt: skip


def test_there_are_a_dozen_for_many_lives():
    assert len(PROGRAMS) >= 12
    assert {
        "desk_week",
        "runner_month",
        "first_pull_up",
        "steady_feet",
        "travel",
        "pregnancy",
        "chair",
    } <= PROGRAMS.keys()
    names = [data["text"][language]["name"] for data in PROGRAMS.values() for language in LANGUAGES]
    assert len(set(names)) == len(names)
    assert len({data["rank"] for data in PROGRAMS.values()}) == len(PROGRAMS)


@pytest.mark.parametrize("code", sorted(PROGRAMS))
def test_every_session_gives_a_routine_also_to_those_it_is_made_for(code, make):
    program = PROGRAMS[code]
    wanted = {(session["part"], session["minutes"]) for week in program["weeks"] for session in week}
    for part, minutes in sorted(wanted):
        for conditions in ([], *([condition] for condition in program["suits"])):
            routine = make(payload(program["parts"][part], minutes, conditions))
            assert (routine["status"], len(routine["items"]) > 1) == ("ok", True), (part, minutes, conditions)


def test_a_program_that_suits_a_condition_is_not_unsuited_to_it():
    for data in PROGRAMS.values():
        assert not set(data["suits"]) & set(data["unsuited"])


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("code", "other", "code"),
        ("rank", 0, "rank"),
        ("suits", ["no_such"], "suits"),
        ("weeks", [], "weeks"),
        ("weeks", [[]], "weeks"),
        ("weeks.0.0", "neck", "weeks.0.0"),
        ("weeks.0.0.part", "no_such", "weeks"),
        ("weeks.0.0.minutes", 2, "weeks.0.0.minutes"),
        ("parts", {}, "parts"),
        ("parts.neck", 1, "parts.neck"),
        ("parts.neck.kind", "nap", "parts.neck.kind"),
        ("parts.neck.activity", "chess", "parts.neck.activity"),
        ("parts.neck.focus", ["tail"], "parts.neck.focus"),
        ("parts.neck.wishes", ["no_walls"], "parts.neck.wishes"),
        ("text.de", ..., "text.de"),
        ("text.en.name", "A program that prevents injury", "text.en.name"),
        ("text.en.summary", "Short.", "text.en.summary"),
        ("text.en.who", "For everybody who likes to shout about it!", "text.en.who"),
        ("text.en.parts", {}, "text.en.parts"),
        ("text.en.parts.neck", 5, "text.en.parts.neck.name"),
        ("text.en.parts.neck.why", ..., "text.en.parts.neck.why"),
        ("extra", 1, "extra"),
    ],
)
def test_each_mistake_is_found_and_its_field_named(path, value, field):
    program = copy.deepcopy(PROGRAMS["desk_week"])
    *parents, last = path.split(".")
    target: Any = program
    for name in parents:
        target = target[int(name) if isinstance(target, list) else name]
    if value is ...:
        del target[last]
    else:
        target[int(last) if isinstance(target, list) else last] = value
    known = {c: {i for (o, i) in CATALOG if o == c} for c in ("activity", "condition")} | {
        name: CATALOG["vocabulary", name]["entries"]
        for name in ("kinds", "constraints", "regions", "muscles", "moves")
    }
    assert field in [found for found, _ in check_form("desk_week", program, known)]


def test_a_part_that_no_week_has_is_found():
    program = copy.deepcopy(PROGRAMS["desk_week"])
    program["weeks"] = [[session for session in program["weeks"][0] if session["part"] != "neck"]]
    found = validate({**CATALOG, ("program", "desk_week"): program})
    assert [(problem.where, problem.message) for problem in found] == [
        ("program/desk_week.parts.neck", "is in no week")
    ]
