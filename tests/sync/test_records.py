"""The collections of an account: what is accepted is kept to the letter, what is refused is named."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from sync import store
from sync.push import push
from sync.records import RULES, FieldInvalid
from sync.sealing import DataKey, is_sealed, new_data_key, unseal_body
from tests.sync.record_values import json_values, records

STREAM = "account:019ba403-eeff-75a4-a051-f21f6eb7e9c2"
NOW = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
KEY = DataKey(new_data_key(), STREAM)
SLOT = {"slug": "slow-walk", "place": 0, "propensity": 1, "explored": False, "outcome": "completed", "rating": None,
        "pain": 0}  # fmt: skip
SESSION = {
    "id": "019ba403-eeff-75a4-a051-f21f6eb7e9c2", "at": "2026-01-09T18:27:59.871+01:00", "model": "a" * 64,
    "catalog": 1, "payload": {"request": {}}, "rpe": 3, "completed_s": 413, "slots": [SLOT, {**SLOT, "place": 1}],
}  # fmt: skip

collections = pytest.mark.parametrize("collection", RULES)


def pushed(conn: Connection, collection: str, record_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What a device gets back of a record that another one pushed."""
    patch = {
        "collection": collection,
        "id": record_id,
        "set": fields,
        "hlc": f"{NOW:012x}-0000-1f2e3d4c5b6a7988",
    }
    # As phones send it: JSON text.
    patches = [json.loads(json.dumps(patch))]
    with conn.begin() as transaction:
        done = push(conn, STREAM, patches, now_ms=NOW, rules=RULES, seal=KEY.seal, by_server=True)
        assert done.results[0].status == "applied", done.results[0].error
        pulled = store.pull(conn, STREAM, None, 10)
        stored = store.state(conn, STREAM)[collection, record_id]
        transaction.rollback()
    rule = RULES[collection]
    assert {name for name, value in stored.items() if is_sealed(value)} == {
        n for n in fields if rule.seals(n)
    }
    [change] = json.loads(unseal_body(pulled.changes, KEY))
    assert (change["collection"], change["id"], change["deleted"]) == (collection, record_id, False)
    return change["data"]


@collections
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_accepted_comes_back_to_the_letter(
    conn: Connection, collection: str, data: st.DataObject
) -> None:
    record_id, fields = data.draw(records(collection, whole=True))
    RULES[collection].check(fields, whole=True)
    assert same(pushed(conn, collection, record_id, fields), fields)


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: `1` is `1.0`, and nothing else is true but true."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right and isinstance(left, bool) == isinstance(right, bool)


@collections
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_value_at_all_is_an_accident(collection: str, data: st.DataObject) -> None:
    """Whatever JSON comes, a field takes it or names itself; and a schema of marshmallow judges the same."""
    rule = RULES[collection]
    name = data.draw(st.sampled_from(sorted(rule.fields)))
    value = data.draw(
        json_values() | st.lists(st.dictionaries(st.sampled_from(["level", "time", "slug"]), json_values()))
    )
    refused = None
    try:
        rule.check({name: value}, whole=False)
    except FieldInvalid as error:
        refused = error
    assert refused is None or (refused.field.startswith(name) and refused.reason)
    assert (refused is None) == (name not in rule.schema(only=[name]).validate({name: value}))


@pytest.mark.parametrize(
    ("collection", "fields", "field", "reason"),
    [
        ("profile", {"birth_year": "1980"}, "birth_year", "whole number from 1900 to 2199"),
        ("profile", {"birth_year": True}, "birth_year", "whole number"),
        ("profile", {"level": "Beginner"}, "level", "beginner, recreational, trained"),
        ("profile", {"sex": ["female"]}, "sex", "one of"),
        ("profile", {"conditions": "cardiac"}, "conditions", "list"),
        ("profile", {"conditions": None}, "conditions", "list"),
        ("profile", {"conditions": ["cardiac", "Bad Back"]}, "conditions[1]", "code"),
        ("profile", {"conditions": ["a"] * 65}, "conditions", "0 to 64"),
        ("profile", {"pain": {"knee": {"level": 11, "at": "2026-01-09T18:27:59Z"}}}, "pain.knee.level", "0 to 10"),
        ("profile", {"pain": {"knee": {"level": 1}}}, "pain.knee.at", "missing"),
        ("profile", {"pain": {"": {}}}, "pain.", "code"),
        ("profile", {"blood_pressure": {"systolic": 80, "diastolic": 120}}, "blood_pressure.diastolic", "below"),
        ("profile", {"blood pressure": 1}, "blood pressure", "name of a field"),
        ("profile", {"1st": 1}, "1st", "name of a field"),
        ("preferences", {"locale": "en_GB"}, "locale", "language tag"),
        ("preferences", {"reminders": [{"time": "7:30", "days": [1]}]}, "reminders[0].time", "07:30"),
        ("preferences", {"reminders": [{"time": "07:30", "days": [0]}]}, "reminders[0].days[0]", "1 to 7"),
        ("preferences", {"training_consent": True}, "training_consent", "object"),
        ("preferences", {"training_consent": {"version": 1}}, "training_consent.at", "missing"),
        ("preferences", {"voice": "loud"}, "voice", "off, cues, full"),
        ("assessment", {"value": 1e400}, "value", "number"),
        ("assessment", {"value": float("nan")}, "value", "number"),
        ("assessment", {"at": "2026-02-30T10:00:00Z"}, "at", "instant"),
        ("assessment", {"at": "2026-01-09T18:27:59"}, "at", "instant"),
        ("assessment", {"at": "٢٠٢٦-01-09T18:27:59Z"}, "at", "instant"),
        ("routine", {"items": [{"slug": "a"}, {"slug": "b b"}]}, "items[1].slug", "slug"),
        ("routine", {"plan": []}, "plan", "object"),
        ("session", {"slots": [{**SLOT, "place": 1}]}, "slots[0].place", "must be 0: slots in order"),
        ("session", {"id": SESSION["id"].upper()}, "id", "lower case"),
        ("feedback", {"about": "nothing"}, "about", "session, exercise"),
        ("exercise_pref", {"rating": 0.5}, "rating", "-1 to 1"),
        ("exercise_pref", {"until": "2026-1-9"}, "until", "day"),
        ("constraint", {"exercises": ["a"] * 401}, "exercises", "0 to 400"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field(collection: str, fields: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(FieldInvalid) as error:
        RULES[collection].check(fields, whole=False)
    assert error.value.field == field
    assert reason in error.value.reason


@pytest.mark.parametrize("missing", SESSION)
def test_a_session_is_written_whole(missing: str) -> None:
    less = {name: value for name, value in SESSION.items() if name != missing}
    RULES["session"].check(SESSION, whole=True)
    RULES["session"].check(less, whole=False)
    with pytest.raises(FieldInvalid) as error:
        RULES["session"].check(less, whole=True)
    assert (error.value.field, error.value.reason) == (missing, "is missing")


def test_what_merges_needs_no_field_because_patches_come_in_any_order() -> None:
    assert {rule.name for rule in RULES.values() if rule.required} == {
        rule.name for rule in RULES.values() if rule.append_only
    }


def test_fields_of_a_newer_app_are_kept_and_sealed_where_the_others_are(conn: Connection) -> None:
    fields = {"conditions": ["cardiac"], "weather": {"feels": "cold"}, "Mood_2": None}
    assert pushed(conn, "profile", "me", fields) == fields
    assert RULES["profile"].seals("weather")
    assert not RULES["preferences"].seals("weather")


def test_what_the_dataset_asks_of_the_database_is_never_sealed() -> None:
    """Whoever consents, and how often and when somebody exercised, is read without a key."""
    assert not RULES["preferences"].seals("training_consent")
    assert not [name for name in ("at", "completed_s") if RULES["session"].seals(name)]


@pytest.mark.parametrize(
    ("collection", "good", "bad"),
    [
        ("profile", ["me"], ["you", "Me", "", "me "]),
        ("preferences", ["app", "activity.kite_surfing"], ["App", "", ".app", "a b"]),
        ("session", [SESSION["id"]], [SESSION["id"].upper(), "1", SESSION["id"] + "\n"]),
        ("exercise_pref", ["march-in-place"], ["", "a/b", "-a", "a" * 201]),
    ],
)  # fmt: skip
def test_ids_have_one_spelling(collection: str, good: list[str], bad: list[str]) -> None:
    pattern = RULES[collection].id_pattern
    assert all(pattern.fullmatch(text) for text in good)
    assert not any(pattern.fullmatch(text) for text in bad)


DOCUMENT = Path(__file__).parents[2] / "docs" / "sync-records.md"


def documented() -> dict[str, dict[str, bool]]:
    """{collection: {field: sealed}} of the tables in docs/sync-records.md."""
    found: dict[str, dict[str, bool]] = {}
    collection = ""
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("## "):
            collection = line.removeprefix("## ").strip("`")
        elif line.startswith("| `") and collection in RULES:
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            for name in cells[0].split(","):
                found.setdefault(collection, {})[name.strip(" `")] = cells[2] != ""
    return found


def test_every_field_is_documented_and_whether_it_is_sealed() -> None:
    declared = {
        rule.name: {name: rule.seals(name) for name in rule.fields} for rule in RULES.values() if rule.fields
    }
    assert documented() == declared


def test_every_limit_is_documented() -> None:
    text = DOCUMENT.read_text()
    for rule in RULES.values():
        kind = "append-only" if rule.append_only else "read-only" if rule.read_only else "per field"
        assert f"| `{rule.name}` |" in text
        row = next(line for line in text.splitlines() if line.startswith(f"| `{rule.name}` |"))
        assert kind in row
        assert f"| {rule.max_bytes // 1024} |" in row
