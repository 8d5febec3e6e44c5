"""How often somebody may try, and that no number of tries at the same moment gets round it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy import Engine, text

from server.accounts import page as account_page
from server.accounts import throttle
from server.accounts.throttle import ADDRESS, PASSWORD, give_back, take, waiting_time
from server.db import write
from tests.accounts.signing_in import PASSWORD as RIGHT
from tests.accounts.signing_in import Browser, Clock, cheap_hashes, new_account

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_the_first_tries_are_free_then_each_wait_is_twice_as_long(engine: Engine) -> None:
    now, waits = NOW, []
    for _ in range(10):
        assert write(engine, lambda conn: take(conn, PASSWORD, "mia", now)) == 0  # noqa: B023
        wait = write(engine, lambda conn: take(conn, PASSWORD, "mia", now))  # noqa: B023
        if wait == 0:
            continue
        waits.append(wait)
        now += timedelta(seconds=wait)
    assert waits[:5] == [30, 60, 120, 240, 480]
    assert max(waits) <= PASSWORD.most.total_seconds()


def test_whoever_is_held_back_is_told_how_long_and_loses_nothing_by_asking(engine: Engine) -> None:
    for _ in range(PASSWORD.free):
        write(engine, lambda conn: take(conn, PASSWORD, "mia", NOW))
    for seconds in (0, 10, 29):
        later = NOW + timedelta(seconds=seconds)
        assert write(engine, lambda conn: take(conn, PASSWORD, "mia", later)) == 30 - seconds  # noqa: B023
    assert write(engine, lambda conn: take(conn, PASSWORD, "mia", NOW + timedelta(seconds=30))) == 0


def test_time_heals(engine: Engine) -> None:
    for _ in range(PASSWORD.free):
        write(engine, lambda conn: take(conn, PASSWORD, "mia", NOW))
    rested = NOW + PASSWORD.heal * PASSWORD.free
    assert [
        write(engine, lambda conn: take(conn, PASSWORD, "mia", rested)) for _ in range(PASSWORD.free)
    ] == [0] * 5
    assert write(engine, lambda conn: take(conn, PASSWORD, "mia", rested)) > 0


@pytest.mark.parametrize("limit", [PASSWORD, ADDRESS], ids=["password", "address"])
def test_tries_at_the_same_moment_do_not_pass_the_limit(engine: Engine, limit: throttle.Limit) -> None:
    tries = 3 * limit.free
    with ThreadPoolExecutor(12) as pool:
        found = list(
            pool.map(lambda _: write(engine, lambda conn: take(conn, limit, "mia", NOW)), range(tries))
        )
    assert found.count(0) == limit.free


def test_one_person_is_not_held_back_for_another(engine: Engine) -> None:
    for _ in range(9):
        write(engine, lambda conn: take(conn, PASSWORD, "mia", NOW))
    assert write(engine, lambda conn: take(conn, PASSWORD, "ben", NOW)) == 0
    assert write(engine, lambda conn: take(conn, ADDRESS, "mia", NOW)) == 0


def test_a_try_in_order_is_given_back_and_those_of_others_stay(engine: Engine) -> None:
    for _ in range(3):
        write(engine, lambda conn: take(conn, ADDRESS, "192.0.2.1", NOW))
    write(engine, lambda conn: give_back(conn, ADDRESS, "192.0.2.1"))
    with engine.connect() as conn:
        assert conn.execute(text("SELECT count FROM throttle")).scalar_one() == 2


def test_the_table_holds_no_address_and_forgets(engine: Engine) -> None:
    write(engine, lambda conn: take(conn, PASSWORD, "mia@example.org", NOW))
    with engine.connect() as conn:
        assert "mia" not in str(conn.execute(text("SELECT key FROM throttle")).scalar_one())
    write(engine, lambda conn: take(conn, PASSWORD, "ben", NOW + timedelta(days=2)))
    with engine.connect() as conn:
        assert len(conn.execute(text("SELECT key FROM throttle")).all()) == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "in 1 second"), (30, "in 30 seconds"), (100, "in 2 minutes"), (900, "in 15 minutes")],
)
def test_a_wait_is_said_in_words(seconds: int, said: str) -> None:
    assert waiting_time(seconds) == said


# --- at the sign-in page ---------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(account_page, "now", made)
    return made


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.mark.usefixtures("cheap")
def test_guessing_one_password_is_held_back_wherever_it_comes_from(door: Any, clock: Clock) -> None:
    new_account(door.engine)
    for guess in range(5):
        assert Browser(door, f"192.0.2.{guess}").sign_in(password=f"guess {guess}").status == 422
    owner = Browser(door, "192.0.2.99")
    page = owner.sign_in(password=RIGHT)
    assert page.status == 429
    assert "Please try again in 30 seconds" in page.text
    assert page.headers["Retry-After"] == "30"
    clock.move(seconds=31)
    assert owner.sign_in(password=RIGHT).heading == "Your account"
    assert owner.sign_in(password="wrong").status == 422  # and the count has begun anew


@pytest.mark.usefixtures("cheap")
def test_an_unknown_address_is_held_back_just_the_same(door: Any, clock: Clock) -> None:
    statuses = [Browser(door, f"192.0.2.{n}").sign_in("nobody@example.org", "x" * 9).status for n in range(7)]
    assert statuses == [422] * 5 + [429] * 2


@pytest.mark.usefixtures("cheap")
def test_guessing_at_many_accounts_is_held_back_by_address(door: Any, clock: Clock) -> None:
    thief = Browser(door, "192.0.2.1")
    statuses = [thief.sign_in(f"n{n}@example.org", "password1").status for n in range(32)]
    assert statuses == [422] * 30 + [429] * 2
    assert Browser(door, "192.0.2.2").sign_in("n1@example.org", "password1").status == 422


@pytest.mark.usefixtures("cheap")
def test_parallel_guesses_at_the_door_do_not_pass_the_limit(door: Any, clock: Clock) -> None:
    new_account(door.engine)
    browsers = [Browser(door, f"192.0.2.{n}") for n in range(16)]
    for each in browsers:
        each.get("/account/login")

    def guess(browser: Browser) -> int:
        return browser.send("/account/login", email="mia@example.org", password="a guess").status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(guess, browsers))
    assert sorted(statuses) == [422] * 5 + [429] * 11


@pytest.mark.usefixtures("cheap")
def test_nobody_can_have_a_mailbox_filled(door: Any, clock: Clock) -> None:
    statuses = []
    for n in range(5):
        browser = Browser(door, f"192.0.2.{n}")
        browser.get("/account/forgot")
        statuses.append(browser.send("/account/forgot", email="mia@example.org").status)
    assert statuses == [200, 200, 200, 429, 429]
    assert len(list((door.settings.data / "mail").glob("*.eml"))) == 3


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "198.51.100.9", "192.0.2.1"),  # nobody asked for it to be believed
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.5, 198.51.100.9", "198.51.100.9"),  # the left part anybody may have written
        (2, "203.0.113.5, 198.51.100.9, 10.0.0.1", "198.51.100.9"),
        (2, "198.51.100.9", "198.51.100.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:198.51.100.9", "198.51.100.9"),
        (1, "nonsense", "unknown"),
        (1, "", "unknown"),
    ],
)
def test_a_forwarded_address_is_believed_as_far_as_the_setting_says(
    proxies: int, forwarded: str, counted: str
) -> None:
    with Flask("x").test_request_context(
        headers={"X-Forwarded-For": forwarded}, environ_base={"REMOTE_ADDR": "192.0.2.1"}
    ):
        assert account_page.client_address(request, proxies) == counted
