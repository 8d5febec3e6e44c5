"""Bad input names its field, and good input is read as it was meant."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_export.request import RequestError, parse

GOOD = {
    "request": {"kind": "warmup", "activity": "run_distance", "budget_s": 600, "local_time": "07:30", "gap_s": 60},
    "profile": {
        "age": 40, "sex": "female", "level": "trained", "conditions": ["knee_oa"], "constraints": ["no_floor"],
        "equipment": ["mat", "none"], "red_flags": [], "deficits": ["hip.extension", "ankle", "quads"],
    },
    "history": {"exercises": {"march-in-place": {"days_since": 2, "done": 3, "rating": 1}}},
    "seed": 4,
}  # fmt: skip


def test_a_full_request_is_read(catalog):
    request = parse(GOOD, catalog)
    assert (request.kind, request.budget_s, request.minute, request.gap_s, request.seed) == (
        "warmup",
        600,
        450,
        60,
        4,
    )
    assert request.deficit_moves == ("hip.extension",)
    assert {"quads", "gastroc"} <= set(request.deficit_muscles)
    assert request.history["march-in-place"][:2] == (2, 3)


WRONG = [
    ("request.kind", ["request", "kind"], "warmups"),
    ("request.kind", ["request", "kind"], 3),
    ("request.activity", ["request", "activity"], "quidditch"),
    ("request.activity.muscles.tail", ["request", "activity"], {"muscles": {"tail": 3}}),
    ("request.activity.muscles.quads", ["request", "activity"], {"muscles": {"quads": 9}}),
    ("request.activity.met", ["request", "activity"], {"met": "high"}),
    ("request.budget_s", ["request", "budget_s"], 60),
    ("request.budget_s", ["request", "budget_s"], "600"),
    ("request.budget_s", ["request", "budget_s"], 600.5),
    ("request.budget_s", ["request", "budget_s"], True),
    ("request.budget_s", ["request", "budget_s"], None),
    ("request.budget_s", ["request", "budget_s"], float("inf")),
    ("request.local_time", ["request", "local_time"], "7:30 am"),
    ("request.gap_s", ["request", "gap_s"], -5),
    ("request.colour", ["request", "colour"], "red"),
    ("profile", ["profile"], []),
    ("profile.condition", ["profile", "condition"], ["knee_oa"]),
    ("profile.conditions[0]", ["profile", "conditions"], ["gout"]),
    ("profile.conditions[1]", ["profile", "conditions"], ["knee_oa", {}]),
    ("profile.conditions", ["profile", "conditions"], "knee_oa"),
    ("profile.age", ["profile", "age"], 3),
    ("profile.level", ["profile", "level"], "pro"),
    ("profile.sex", ["profile", "sex"], "x"),
    ("profile.equipment[0]", ["profile", "equipment"], ["sofa"]),
    ("profile.red_flags[0]", ["profile", "red_flags"], ["tired"]),
    ("profile.deficits[0]", ["profile", "deficits"], ["wings"]),
    ("profile.blood_pressure.systolic", ["profile", "blood_pressure"], {"systolic": 900}),
    ("history.exercises", ["history", "exercises"], []),
    ("history.exercises.cat-cow.pain", ["history", "exercises"], {"cat-cow": {"pain": 11}}),
    ("history.exercises.cat-cow.ache", ["history", "exercises"], {"cat-cow": {"ache": 1}}),
    ("seed", ["seed"], -1),
    ("seed", ["seed"], 2**32),
]


@pytest.mark.parametrize(("field", "path", "value"), WRONG, ids=[f"{f}={v!r}" for f, _, v in WRONG])
def test_a_wrong_value_names_its_field(catalog, field, path, value):
    payload = copy.deepcopy(GOOD)
    place = payload
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(RequestError) as caught:
        parse(payload, catalog)
    assert caught.value.field == field
    assert caught.value.reason


@pytest.mark.parametrize("missing", ["kind", "activity", "budget_s"])
def test_a_missing_field_is_named(catalog, missing):
    payload = copy.deepcopy(GOOD)
    del payload["request"][missing]
    with pytest.raises(RequestError, match=f"request.{missing}: is missing"):
        parse(payload, catalog)


def test_history_of_an_exercise_that_left_the_catalogue_is_ignored(catalog):
    assert parse({**GOOD, "history": {"exercises": {"gone": {"done": 3}}}}, catalog).history == {}


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(part=st.sampled_from(["request", "profile", "history", "seed"]), value=anything)
def test_any_json_is_read_or_refused_with_a_field(catalog, part, value):
    try:
        parse({**GOOD, part: value}, catalog)
    except RequestError as error:
        assume_named(error)


def assume_named(error):
    """A refusal names a field (or the whole payload) and gives a reason."""
    assert error.reason
    json.dumps(error.field)
