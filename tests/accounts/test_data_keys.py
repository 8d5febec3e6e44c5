"""The keys of sealed fields: one an account, wrapped, in memory for minutes, and gone with the account."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from server.accounts import data_keys
from server.accounts.data_keys import KEPT_MOST, KEPT_S, KeyGone, data_key, unwrap
from server.db import as_account, write
from sync.sealing import MARK, DataKey, SealBroken
from sync.store import ACCOUNT
from tests.accounts.data import Person, fill, new_person

SECRETS = ("osteoporosis", "asthma_of_the_test", "left knee", "for the knee")


@pytest.fixture(autouse=True)
def _nothing_in_memory() -> None:
    data_keys.opened.clear()


@pytest.fixture
def mia(house: Any) -> Person:
    return new_person(house)


def written(person: Person) -> Person:
    """The person after a first write, which is what makes the key."""
    person.sync(person.patch("preferences", "app", {"volume": 1}))
    return person


def key_of(person: Person) -> DataKey:
    return as_account(
        person.limber.engine,
        person.account,
        lambda conn: data_key(conn, person.limber.settings, person.account),
    )


def test_every_account_has_a_key_of_its_own(house: Any, mia: Person) -> None:
    written(mia)
    tom = written(new_person(house, "Tom"))
    sealed = key_of(mia).seal(["osteoporosis"])
    assert key_of(mia).unseal(sealed) == ["osteoporosis"]
    with pytest.raises(SealBroken):
        key_of(tom).unseal(sealed)


def test_what_is_sensitive_is_nowhere_in_the_table_in_plain_text(mia: Person) -> None:
    fill(mia)
    stored = "".join(row.data for row in mia.see("SELECT data::text AS data FROM record"))
    assert not [secret for secret in SECRETS if secret in stored]
    assert stored.count(MARK.replace("\x1a", "\\u001a")) > 10


def test_a_key_is_wrapped_and_tells_by_which_master(mia: Person) -> None:
    written(mia)
    (row,) = mia.see("SELECT wrapped, master FROM account_key")
    assert len(bytes(row.wrapped)) > 32
    assert row.master.startswith("file:")


def test_an_old_backup_of_the_records_cannot_be_read_once_the_key_is_gone(mia: Person) -> None:
    """Whoever has the table `record` of yesterday and the database of today, master key included, reads nothing."""
    fill(mia)
    backup = [row.data for row in mia.see("SELECT data FROM record WHERE NOT deleted")]
    sealed = [value for data in backup for value in data.values() if str(value).startswith(MARK)]
    assert len(sealed) >= 8
    assert key_of(mia).unseal(sealed[0])
    mia.signed_in().ok("POST", "/v1/account/erase", json={})
    with pytest.raises(KeyGone):
        key_of(mia)
    # The master key alone makes no data key: another one for the same account opens nothing of the old one.
    again = DataKey(b"\x00" * 32, f"{ACCOUNT}{mia.account}")
    for value in sealed:
        with pytest.raises(SealBroken):
            again.unseal(value)


def test_a_key_that_is_in_memory_opens_nothing_once_its_row_is_gone(mia: Person) -> None:
    """Another server process may have it: so the row is asked for each time."""
    written(mia)
    assert key_of(mia)
    as_account(
        mia.limber.engine, mia.account, lambda conn: conn.execute(text("DELETE FROM account_key")), write=True
    )
    assert len(data_keys.opened) == 1
    with pytest.raises(KeyGone):
        key_of(mia)


def test_an_account_has_one_key_for_good(mia: Person) -> None:
    written(mia)
    with pytest.raises(IntegrityError, match="account_key_pkey"):
        as_account(
            mia.limber.engine,
            mia.account,
            lambda conn: conn.exec_driver_sql("INSERT INTO account_key SELECT * FROM account_key"),
            write=True,
        )


def test_keys_stay_in_memory_for_minutes_only_and_not_all_of_them(
    mia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(mia)
    data_keys.opened.clear()
    settings, asked = mia.limber.settings, []
    (row,) = mia.see("SELECT wrapped FROM account_key")
    master = data_keys.master_key(settings)
    monkeypatch.setattr(data_keys, "master_key", lambda _: asked.append(1) or master)
    for moment in (0.0, 1.0, KEPT_S - 1):
        unwrap(settings, mia.account, bytes(row.wrapped), moment)
    assert len(asked) == 1
    unwrap(settings, mia.account, bytes(row.wrapped), KEPT_S + 1)
    assert len(asked) == 2
    key = key_of(mia)
    for _ in range(KEPT_MOST + 10):
        data_keys.opened.put(f"{ACCOUNT}{uuid4()}", b"wrapped", key, 0.0)
    assert len(data_keys.opened) == KEPT_MOST


def test_a_wrapped_key_that_is_moved_to_another_account_opens_nothing(house: Any, mia: Person) -> None:
    written(mia)
    tom = new_person(house, "Tom")
    (row,) = mia.see("SELECT wrapped FROM account_key")
    with pytest.raises(SealBroken):
        unwrap(house.settings, tom.account, bytes(row.wrapped))


def test_without_the_master_key_the_answer_is_503_and_says_to_try_again(empty: Any) -> None:
    mia = new_person(empty)
    fill(mia)
    data_keys.opened.clear()
    mia.limber.settings.master_key.unlink()
    refused = mia.call("GET", "/v1/account/export")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]


def test_an_account_that_is_being_erased_waits_for_who_writes_under_its_key(mia: Person) -> None:
    """A push holds the key's row until its commit: an erasure comes before it or after it, never in between."""
    held = as_account(
        mia.limber.engine,
        mia.account,
        lambda conn: (data_key(conn, mia.limber.settings, mia.account, hold=True), locked(mia))[1],
        write=True,
    )
    assert held
    assert not locked(mia)


def locked(person: Person) -> bool:
    """Whether an erasure would have to wait."""

    def work(conn: Any) -> bool:
        conn.execute(text("SELECT set_config('limber.account', :a, true)"), {"a": str(person.account)})
        return not conn.execute(text("SELECT FROM account_key FOR UPDATE SKIP LOCKED")).all()

    return write(person.limber.engine, work)


# --- the first write -------------------------------------------------------------------------------------


def test_an_account_is_given_its_key_with_its_first_write(mia: Person) -> None:
    assert mia.see("SELECT 1 FROM account_key") == []
    assert mia.sync() == []
    assert mia.call("GET", "/v1/account/export").status_code == 200
    assert mia.see("SELECT 1 FROM account_key") == []
    mia.sync(mia.patch("profile", "me", {"conditions": ["osteoporosis"]}))
    (row,) = mia.see("SELECT wrapped FROM account_key")
    mia.sync(mia.patch("profile", "me", {"conditions": []}))
    assert mia.see("SELECT wrapped FROM account_key") == [row]


def test_two_phones_that_write_first_at_the_same_time_seal_with_one_key(mia: Person) -> None:
    """The second waits for the first's commit and takes the key that it made."""
    keys: list[Any] = []

    def second() -> None:
        def work(conn: Any) -> None:
            keys.append(data_key(conn, mia.limber.settings, mia.account, hold=True))

        as_account(mia.limber.engine, mia.account, work, write=True)

    thread = threading.Thread(target=second)

    def first(conn: Any) -> None:
        keys.append(data_key(conn, mia.limber.settings, mia.account, hold=True))
        thread.start()
        for _ in range(500):
            if conn.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
                break
            conn.execute(text("SELECT pg_sleep(0.01)"))
        assert len(keys) == 1

    as_account(mia.limber.engine, mia.account, first, write=True)
    thread.join(30)
    assert keys[1].unseal(keys[0].seal("x")) == "x"


def test_a_key_that_was_destroyed_is_never_made_again(mia: Person) -> None:
    fill(mia)
    as_account(
        mia.limber.engine, mia.account, lambda conn: conn.execute(text("DELETE FROM account_key")), write=True
    )
    body = {"device": "1f2e3d4c5b6a7988", "protocol": 1, "cursors": {"account": None},
            "patches": [mia.patch("profile", "me", {"level": "trained"})]}  # fmt: skip
    assert mia.call("POST", "/v1/sync", json=body).status_code == 401
    assert mia.call("GET", "/v1/account/export").status_code == 401
    assert mia.see("SELECT 1 FROM account_key") == []
