"""The schema of a logged session: what a phone may write, and which field an error names."""

import copy
from datetime import UTC, datetime

import pytest

from model_export.data.slots import SessionInvalid, parse

SLOT = {"slug": "slow-walk", "place": 0, "propensity": 1.0, "explored": False, "outcome": "completed", "rating": None,
        "pain": 0}  # fmt: skip
SESSION = {
    "id": "019ba403-eeff-75a4-a051-f21f6eb7e9c2", "at": "2026-01-09T18:27:59.871+01:00", "model": "a" * 64,
    "catalog": 1, "payload": {"request": {}}, "rpe": 3, "completed_s": 413, "slots": [SLOT, {**SLOT, "place": 1}],
}  # fmt: skip


def changed(path, value):
    """SESSION with one field replaced, or without it where value is `...`."""
    session = copy.deepcopy(SESSION)
    *steps, last = path
    place = session
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return session


def test_a_session_is_read_as_it_was_logged():
    session = parse(SESSION)
    assert session.at == datetime(2026, 1, 9, 17, 27, 59, 871000, tzinfo=UTC)
    assert (session.id, session.model, session.catalog, session.rpe) == (SESSION["id"], "a" * 64, 1, 3)
    assert [slot.place for slot in session.slots] == [0, 1]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["id"], "me", "id"),
        (["id"], ..., "id"),
        (["at"], "2026-01-09T18:27:59", "at"),
        (["at"], "yesterday", "at"),
        (["model"], "sha256:" + "a" * 64, "model"),
        (["catalog"], 0, "catalog"),
        (["catalog"], 1.5, "catalog"),
        (["payload"], None, "payload"),
        (["rpe"], 11, "rpe"),
        (["rpe"], ..., "rpe"),
        (["completed_s"], -1, "completed_s"),
        (["slots"], [], "slots"),
        (["slots"], {}, "slots"),
        (["slots", 1], 7, "slots[1]"),
        (["slots", 1, "outcome"], "loved", "slots[1].outcome"),
        (["slots", 1, "pain"], True, "slots[1].pain"),
        (["slots", 1, "pain"], 11, "slots[1].pain"),
        (["slots", 1, "rating"], 2, "slots[1].rating"),
        (["slots", 1, "rating"], ..., "slots[1].rating"),
        (["slots", 1, "explored"], "yes", "slots[1].explored"),
        (["slots", 1, "explored"], True, "slots[1].explored"),
        (["slots", 1, "propensity"], 0, "slots[1].propensity"),
        (["slots", 1, "propensity"], float("nan"), "slots[1].propensity"),
        (["slots", 1, "propensity"], 0.2, "slots[1].explored"),
        (["slots", 1, "place"], 2, "slots[1].place"),
        (["slots", 1, "slug"], "", "slots[1].slug"),
    ],
)  # fmt: skip
def test_an_error_names_the_field(path, value, field):
    with pytest.raises(SessionInvalid) as error:
        parse(changed(path, value))
    assert error.value.field.startswith(field)
    assert error.value.reason


@pytest.mark.parametrize("record", [None, [], "session", 3])
def test_what_is_no_object_is_no_session(record):
    with pytest.raises(SessionInvalid, match="must be an object"):
        parse(record)


def test_fields_of_a_newer_app_are_left_alone():
    assert (
        parse({**SESSION, "weather": "rain", "slots": [{**SLOT, "heart_rate": 120}]}).slots[0].slug
        == "slow-walk"
    )


@pytest.mark.parametrize(
    ("outcome", "rating", "pain", "reward"),
    [
        ("completed", None, 0, 1), ("completed", 1, 0, 1), ("completed", 0, 3, 1), ("completed", -1, 0, 0),
        ("completed", 1, 4, 0), ("skipped", None, 0, 0), ("swapped", 1, 0, 0), ("stopped_by_pain", None, 2, 0),
    ],
)  # fmt: skip
def test_a_slot_is_rewarded_when_completed_and_welcome(outcome, rating, pain, reward):
    slot = {**SLOT, "outcome": outcome, "rating": rating, "pain": pain}
    assert parse({**SESSION, "slots": [slot]}).slots[0].reward == reward


def test_a_reason_is_counted_without_the_place():
    with pytest.raises(SessionInvalid) as error:
        parse(changed(["slots", 1, "pain"], 11))
    assert error.value.column == "slots.pain"
