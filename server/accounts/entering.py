"""Letting somebody in: what a password is worth, when a second factor is wanted, and what the browser then gets."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from flask import Response, request
from sqlalchemy import Connection, insert, select, update

from server.accounts import ceremonies, page, passwords, throttle
from server.accounts.people import Person, find_by_email
from server.accounts.sessions import Login, end_login, secret_hash, start_login
from server.accounts.tables import account
from server.accounts.tables_sign_in import login_place, second_factor
from server.accounts.throttle import Limit
from server.db import read, write
from server.problems import Fault
from server.state import state

SECOND_STEP: Final = timedelta(minutes=10)
RECENT: Final = timedelta(minutes=15)
"""How long ago somebody may have shown who they are, to change how they sign in."""

_SYSTEMS: Final = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "CrOS", "Linux")
_BROWSERS: Final = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"),
                    ("SamsungBrowser", "Samsung Internet"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
                    ("Safari", "Safari"))  # fmt: skip


def hold_back(limit: Limit, whom: str) -> None:
    """Count an attempt of `whom`. Raises Fault 429 that says when the next may be made."""
    seconds = write(state().engine, lambda conn: throttle.take(conn, limit, whom, page.now()))
    if seconds:
        said = f"There were too many tries. Please try again {throttle.waiting_time(seconds)}."
        raise Fault(429, said, headers={"Retry-After": str(seconds)})


def here() -> str:
    """The address that this request is counted by."""
    return page.client_address(request, state().settings.proxies)


def check_password(email: str, password: str) -> Person | None:
    """The person, when address and password belong together; else None, after the same work for every address.

    Raises Fault 429 when there were too many tries, by address or by account, and 503 when too many people wait.
    """
    hold_back(throttle.ADDRESS, here())
    # By what was typed: an address without an account is held back just the same.
    hold_back(throttle.PASSWORD, email)
    person = read(state().engine, lambda conn: find_by_email(conn, email))
    if not passwords.matches(person.password_hash if person else None, password):
        return None
    assert person is not None
    assert person.password_hash is not None
    anew = passwords.make_hash(password) if passwords.outdated(person.password_hash) else None

    def note(conn: Connection) -> None:
        throttle.forgive(conn, throttle.PASSWORD, email)
        throttle.give_back(conn, throttle.ADDRESS, here())
        if anew is not None:  # unless it was changed meanwhile
            same = (account.c.id == person.id, account.c.password_hash == person.password_hash)
            conn.execute(update(account).where(*same).values(password_hash=anew))

    write(state().engine, note)
    return person


def wants_second(conn: Connection, whom: uuid.UUID) -> bool:
    """Whether the account asks for a passkey after the password."""
    return (
        conn.execute(select(second_factor.c.since).where(second_factor.c.account == whom)).first() is not None
    )


def enter(person: uuid.UUID, amr: Sequence[str], onward: str, *, wanted: bool = True) -> Response:
    """Sign `person` in, who was identified by `amr`, and go on to `onward`; first to the second step if one is wanted.

    A passkey that verified its user is two factors in itself (`mfa` is in `amr`), and so asks for no further one.
    """

    def work(conn: Connection) -> str | None:
        if wanted and "mfa" not in amr and wants_second(conn, person):
            data = {"amr": list(amr), "next": onward}
            browser = page.browser_hash()
            ceremonies.begin(
                conn, "pending", browser, browser, page.now(), SECOND_STEP, account=person, data=data
            )
            return None
        return let_in(conn, person, amr)

    value = write(state().engine, work)
    if value is None:
        return page.to("/account/login/second")
    return page.sign_in(page.to(onward), value)


def let_in(conn: Connection, person: uuid.UUID, amr: Sequence[str]) -> str:
    """Start a login in this browser in place of the one that it had; returns the cookie's value."""
    end_login(conn, request)
    value = start_login(conn, person, amr, page.now())
    agent = agent_words(request.headers.get("User-Agent", ""))
    conn.execute(insert(login_place).values(token_hash=secret_hash(value), agent=agent))
    return value


def pending(conn: Connection) -> ceremonies.Step | None:
    """The second step that this browser has to make."""
    return ceremonies.look(conn, "pending", page.browser_hash(), page.browser_hash(), page.now())


def recent(login: Login) -> bool:
    """Whether the person showed who they are a short while ago."""
    return page.now() - login.auth_time < RECENT


def need_recent(login: Login, onward: str) -> Response | None:
    """A way to the sign-in page and back, unless the person showed who they are a short while ago."""
    return None if recent(login) else page.to("/account/login", next=onward, again="1")


def agent_words(header: str) -> str:
    """Browser and system in words, as far as a User-Agent header tells: "Firefox on Android"."""
    browser = next((name for sign, name in _BROWSERS if sign + "/" in header), "")
    system = next((name for name in _SYSTEMS if name in header), "")
    system = {"Mac OS X": "Mac", "CrOS": "Chromebook"}.get(system, system)
    words = f"{browser or 'A browser'} on {system}" if system else browser or "A browser"
    return re.sub(r"[^ -~]", "", words)
