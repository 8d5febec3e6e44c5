"""Whatever is typed or sent, the pages answer with a page and never with a mistake of the server's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from server.accounts import throttle
from server.accounts.tables import account
from sync.sealing import create_master
from tests.accounts.signing_in import Browser, cheap_hashes, clear, new_account

OPEN = (
    "login",
    "register",
    "forgot",
    "confirm",
    "login/passkey",
    "login/second",
    "with/agree",
    "with/x/callback",
    "logout",
)
OWN = ("name", "password", "address", "second", "places", "passkeys/new", "passkeys/change", "with/unlink",
       "data/training", "data/physios/invite", "data/physios/end", "data/delete")  # fmt: skip
FIELDS = (
    "email",
    "password",
    "present",
    "name",
    "next",
    "token",
    "how",
    "do",
    "credential",
    "id",
    "place",
    "issuer",
    "subject",
    "link",
    "version",
)
TEXT = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["mia@example.org", "on", "remove", "rename", "passkey", "all:", "app:x", "browser:zz", "{}", "[]", "AAAA",
         "A" * 43, "/docs", "//x", '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30"}}']
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def people(door_of_all: Any) -> Iterator[tuple[Browser, Browser]]:
    """Somebody who is signed in, and a stranger; nobody is held back."""
    with pytest.MonkeyPatch.context() as patch:
        cheap_hashes(patch)
        patch.setattr(throttle, "take", lambda *_: 0)
        clear(door_of_all)
        if not door_of_all.settings.master_key.exists():
            create_master(door_of_all.settings.master_key)
        new_account(door_of_all.engine)
        mia, stranger = Browser(door_of_all), Browser(door_of_all)
        mia.sign_in()
        stranger.get("/account/login")
        yield mia, stranger


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(OPEN + OWN),
    filled=st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=6),
    mine=st.booleans(),
)
def test_no_form_makes_the_server_fail(
    people: tuple[Browser, Browser], path: str, filled: dict[str, str], mine: bool
) -> None:
    mia, stranger = people
    who = mia if mine else stranger
    page = who.get("/account/login?again=1")
    answer = who.client.post(
        f"/account/{path}", data={**filled, "csrf": page.form("/account/login").fields["csrf"]}
    )
    assert answer.status_code < 500, answer.text
    assert answer.content_type.startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-store" or answer.status_code == 303
    if path == "logout" or who.get("/account/login?again=1").status != 200:
        mia.sign_in()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(["next", "token", "again", "done", "link", "state", "code", "iss"]), TEXT
    )
)
def test_no_address_makes_the_server_fail(people: tuple[Browser, Browser], query: dict[str, str]) -> None:
    _, stranger = people
    for path in ("login", "register", "forgot", "confirm", "passkeys/new", "", "with/x", "with/x/callback"):
        assert stranger.client.get(f"/account/{path}", query_string=query).status_code < 500


def test_a_stranger_made_and_changed_nothing(people: tuple[Browser, Browser], door_of_all: Any) -> None:
    with door_of_all.engine.connect() as conn:
        assert len(conn.execute(select(account)).all()) == 1
