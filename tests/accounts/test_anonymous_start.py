"""The app works without an account. On signing in, what is on the phone goes into the account, and nothing is lost."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.accounts.data import Person, new_person

NOW_MS = int(datetime.now(UTC).timestamp() * 1000)
HOUR = 3_600_000


@pytest.fixture
def mia(house: Any) -> Person:
    return new_person(house)


def phone(person: Person) -> Person:
    """Another phone of the same account, which has not seen anything of it yet."""
    return Person(person.limber, person.account, person.email, person.roles)


def held(person: Person) -> dict[tuple[str, str], Any]:
    """What a new device gets."""
    fresh = phone(person)
    return {
        (change["collection"], change["id"]): change["data"]
        for change in fresh.sync()
        if not change["deleted"]
    }


def test_an_empty_account_takes_all_that_is_on_the_phone(mia: Person) -> None:
    local = phone(mia)
    patches = [
        local.patch(
            "profile", "me", {"level": "trained", "conditions": ["osteoporosis"]}, ms=NOW_MS - 48 * HOUR
        ),
        local.patch("preferences", "app", {"volume": 40}),
        local.session(datetime.now(UTC), ("completed",)),
    ]
    local.sync(*patches)
    assert held(mia) == {(p["collection"], p["id"]): p["set"] for p in patches}


def test_an_account_with_data_and_a_phone_with_data_become_one(mia: Person) -> None:
    """The account was used on the old phone; the new one was tried without it, offline, for a day."""
    old, new = phone(mia), phone(mia)
    on_old = [
        old.patch("profile", "me", {"level": "beginner", "birth_year": 1990}, ms=NOW_MS - 30 * HOUR),
        old.patch("preferences", "app", {"volume": 80, "theme": "dark"}, ms=NOW_MS - 3 * HOUR),
        kept := old.session(datetime.now(UTC), ("completed",)),
    ]
    old.sync(*on_old)
    on_new = [
        new.patch(
            "profile", "me", {"level": "trained", "conditions": ["osteoporosis"]}, ms=NOW_MS - 20 * HOUR
        ),
        new.patch("preferences", "app", {"volume": 10, "voice": "cues"}, ms=NOW_MS - 10 * HOUR),
        tried := new.session(datetime.now(UTC), ("completed", "skipped")),
    ]
    got = new.sync(*on_new)
    assert {(change["collection"], change["id"]) for change in got} >= {
        ("session", kept["id"]),
        ("profile", "me"),
    }
    after = held(mia)
    assert after["profile", "me"] == {"level": "trained", "birth_year": 1990, "conditions": ["osteoporosis"]}
    assert after["preferences", "app"] == {"volume": 80, "theme": "dark", "voice": "cues"}
    assert {key for key in after if key[0] == "session"} == {
        ("session", kept["id"]),
        ("session", tried["id"]),
    }


def test_a_push_that_is_sent_again_after_a_lost_answer_doubles_nothing(mia: Person) -> None:
    local = phone(mia)
    patches = [local.patch("profile", "me", {"level": "trained"}), local.session(datetime.now(UTC))]
    for _ in range(3):
        local.cursors = {"account": None}
        local.sync(*patches)
    assert len(mia.see("SELECT 1 FROM record")) == 2
    assert mia.see("SELECT head FROM stream") == [(2,)]


FIELDS = {
    "volume": st.integers(0, 100),
    "theme": st.sampled_from(["system", "light", "dark"]),
    "label": st.text("ab", max_size=3),
}
EDIT = st.tuples(
    st.sampled_from(["app", "player"]),
    st.integers(0, 40),
    st.fixed_dictionaries({}, optional=FIELDS).filter(bool),
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(on_account=st.lists(EDIT, max_size=6), on_phone=st.lists(EDIT, max_size=6))
def test_whatever_both_sides_hold_the_newest_of_each_field_stays(
    house: Any, on_account: list[Any], on_phone: list[Any]
) -> None:
    mia = new_person(house)
    wanted: dict[tuple[str, str], tuple[str, Any]] = {}
    for device, edits in (("aaaaaaaaaaaaaaaa", on_account), ("bbbbbbbbbbbbbbbb", on_phone)):
        local, patches = phone(mia), []
        for record, minutes, fields in sorted(edits, key=lambda edit: edit[1]):
            patch = local.patch("preferences", record, fields, ms=NOW_MS - HOUR + minutes * 60_000)
            patch["hlc"] = patch["hlc"][:-16] + device
            patches.append(patch)
            for name, value in fields.items():
                wanted[record, name] = max(
                    wanted.get((record, name), ("", None)), (patch["hlc"], value), key=lambda w: w[0]
                )
        body = {"device": device, "protocol": 1, "cursors": {"account": None}, "patches": patches}
        assert {each["status"] for each in mia.ok("POST", "/v1/sync", json=body)["results"]} <= {
            "applied",
            "merged",
            "stale",
        }
    after = held(mia)
    assert {(key[1], name): value for key, data in after.items() for name, value in data.items()} == {
        key: value for key, (_, value) in wanted.items()
    }
