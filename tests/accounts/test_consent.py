"""Consent to training: explicit, for one version, withdrawn at any time, and the next dataset knows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from model_export.data.simulate import CONSENT, CONSENT_VERSION
from model_export.data.sources import DatabaseSource
from server.accounts import consent_training
from server.accounts.data_keys import master_key
from sync.clock import SERVER
from tests.accounts.data import Person, new_person

PATH = "/v1/account/training-consent"


@pytest.fixture
def mia(house: Any) -> Person:
    return new_person(house)


@pytest.fixture
def alone(empty: Any) -> Person:
    """Somebody with two sessions, in a database in which nobody else is."""
    made = new_person(empty)
    now = datetime.now(UTC)
    made.sync(made.session(now), made.session(now - timedelta(days=1)))
    return made


@pytest.fixture
def owner(alone: Person) -> Iterator[Engine]:
    made = create_engine(alone.limber.settings.require_database_url(), poolclass=NullPool)
    yield made
    made.dispose()


def dataset(person: Person) -> list[Any]:
    """What `python -m model_export dataset --database` would read."""
    settings = person.limber.settings
    source = DatabaseSource(settings.require_database_url().replace("+psycopg", ""), master_key(settings))
    found = list(source.read())
    assert len(found) == source.count()
    return found


def test_nothing_is_given_until_it_is_given(mia: Person) -> None:
    told = mia.ok("GET", PATH)
    assert told["given"] is None
    assert told["counts"] is False
    assert told["asked"]["version"] == 1
    assert "withdraw" in told["asked"]["text"]


def test_it_is_given_for_the_version_that_was_read(mia: Person) -> None:
    refused = mia.call("PUT", PATH, json={"version": 2})
    assert (refused.status_code, list(refused.json["errors"])) == (409, ["version"])
    for body in ({}, {"version": True}, {"version": "1"}):
        assert mia.call("PUT", PATH, json=body).status_code == 422, body
    assert mia.ok("GET", PATH)["given"] is None
    told = mia.ok("PUT", PATH, json={"version": 1})
    assert (told["given"]["version"], told["counts"]) == (1, True)
    assert mia.ok("GET", PATH) == told


def test_consent_to_an_earlier_text_does_not_count(mia: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    mia.ok("PUT", PATH, json={"version": 1})
    monkeypatch.setattr(consent_training, "VERSION", 2)
    told = mia.ok("GET", PATH)
    assert (told["given"]["version"], told["counts"], told["asked"]["version"]) == (1, False, 2)


def test_what_the_server_asks_for_is_what_the_dataset_looks_for() -> None:
    assert (consent_training.VERSION, (consent_training.COLLECTION, consent_training.RECORD)) == (
        CONSENT_VERSION,
        CONSENT,
    )


def test_devices_learn_of_it_and_can_withdraw_it_themselves(mia: Person) -> None:
    mia.ok("PUT", PATH, json={"version": 1})
    ((change,)) = mia.sync()
    assert (change["collection"], change["id"]) == CONSENT
    assert change["data"]["training_consent"]["version"] == 1
    assert change["hlc"].endswith(SERVER)
    mia.clock = change["hlc"]  # a device counts on from what it has seen
    mia.sync(mia.patch("preferences", "training", {"training_consent": None}))
    assert mia.ok("GET", PATH)["given"] is None


def test_withdrawing_beats_what_a_phone_said_before_and_sends_later(mia: Person) -> None:
    """The phone agreed yesterday, offline; today it was withdrawn on the web; tonight the phone syncs."""
    at = "2026-01-01T00:00:00Z"
    yesterday = int(datetime.now(UTC).timestamp() * 1000) - 86_400_000
    patch = mia.patch("preferences", "training", {"training_consent": {"version": 1, "at": at}}, ms=yesterday)
    mia.ok("DELETE", PATH)
    body = {"device": "1f2e3d4c5b6a7988", "protocol": 1, "cursors": {"account": None}, "patches": [patch]}
    assert mia.ok("POST", "/v1/sync", json=body)["results"][0]["status"] == "stale"
    assert mia.ok("GET", PATH)["given"] is None


def test_withdrawing_beats_a_phone_whose_clock_is_ahead(mia: Person) -> None:
    ahead = int(datetime.now(UTC).timestamp() * 1000) + 200_000
    given = {"training_consent": {"version": 1, "at": "2026-01-01T00:00:00Z"}}
    mia.sync(mia.patch("preferences", "training", given, ms=ahead))
    assert mia.ok("GET", PATH)["counts"]
    assert mia.ok("DELETE", PATH)["given"] is None
    assert mia.ok("GET", PATH)["given"] is None


def test_other_settings_in_the_record_stay(mia: Person) -> None:
    mia.sync(mia.patch("preferences", "training", {"label": "mine"}))
    mia.ok("PUT", PATH, json={"version": 1})
    mia.ok("DELETE", PATH)
    (row,) = mia.see("SELECT data FROM record WHERE id = 'training'")
    assert row.data == {"label": "mine", "training_consent": None}


def test_a_full_account_can_withdraw(start: Any, database_url: str) -> None:
    full = new_person(start(database_url, changed={"account_records": 1}))
    full.sync(full.patch("preferences", "app", {"volume": 1}))
    assert full.ok("DELETE", PATH)["given"] is None
    assert len(full.see("SELECT 1 FROM record")) == 2


# --- the dataset -----------------------------------------------------------------------------------------


def test_only_who_consents_now_is_in_the_dataset(alone: Person) -> None:
    assert dataset(alone) == []
    alone.ok("PUT", PATH, json={"version": 1})
    found = dataset(alone)
    assert len(found) == 2
    assert found[0].data["slots"][0]["slug"] == "march-0", "its sealed fields are opened"


def test_withdrawn_data_leaves_the_next_dataset(alone: Person) -> None:
    alone.ok("PUT", PATH, json={"version": 1})
    assert len(dataset(alone)) == 2
    alone.ok("DELETE", PATH)
    assert dataset(alone) == []
    alone.ok("PUT", PATH, json={"version": 1})
    assert len(dataset(alone)) == 2


def test_erased_data_leaves_the_next_dataset(alone: Person) -> None:
    alone.ok("PUT", PATH, json={"version": 1})
    alone.signed_in().ok("POST", "/v1/account/erase", json={})
    assert dataset(alone) == []


def test_a_record_table_of_a_backup_gives_no_dataset_once_the_key_is_gone(
    alone: Person, owner: Engine
) -> None:
    """The rows come back from an old backup; what they seal does not."""
    alone.ok("PUT", PATH, json={"version": 1})
    with owner.begin() as conn:
        conn.execute(text("CREATE TABLE backup AS SELECT * FROM record"))
    alone.signed_in().ok("POST", "/v1/account/erase", json={})
    with owner.begin() as conn:
        conn.execute(text("INSERT INTO record SELECT * FROM backup"))
    assert [found.data for found in dataset(alone)] == [None, None]
