"""Passkeys, with an authenticator written here: alone, after a password, and everything that is not to work."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, update

from server.accounts import page as account_page
from server.accounts.passkeys import party
from server.accounts.tables import account, login_session
from server.accounts.tables_sign_in import passkey
from server.settings import Settings
from tests.accounts.authenticator import Authenticator, b64
from tests.accounts.signing_in import (
    PASSWORD,
    Browser,
    Clock,
    Mailbox,
    Page,
    cheap_hashes,
    new_account,
    words,
)

ORIGIN = "http://localhost:8000"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.fixture
def browser(door: Any) -> Browser:
    """Mia's, who is signed in with her password."""
    new_account(door.engine)
    made = Browser(door)
    made.sign_in()
    return made


def options(browser: Browser, purpose: str, form: str) -> dict[str, Any]:
    """What passkeys.js asks the server for."""
    csrf = browser.page.form(form).fields["csrf"]
    answer = browser.client.post(
        f"/account/passkeys/options/{purpose}", data={"csrf": csrf}, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    given: dict[str, Any] = answer.json
    assert given["origin"] == ORIGIN
    return given


def add(browser: Browser, key: Authenticator, name: str = "Phone", **wrong: Any) -> Page:
    browser.get("/account/passkeys/new")
    given = options(browser, "new", "/account/passkeys/new")
    return browser.send("/account/passkeys/new", name=name, credential=json.dumps(key.create(given, **wrong)))


def show(browser: Browser, key: Authenticator, onward: str = "/account/", **wrong: Any) -> Page:
    browser.get(f"/account/login?again=1&next={onward}")
    given = options(browser, "login", "/account/login/passkey")
    return browser.send("/account/login/passkey", credential=json.dumps(key.get(given, **wrong)))


def amr_of_last_login(door: Any) -> list[str]:
    with door.engine.connect() as conn:
        newest = select(login_session.c.amr).order_by(login_session.c.auth_time.desc()).limit(1)
        found: list[str] = conn.execute(newest).scalar_one()
    return found


# --- as the only factor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("synced", "kind"), [(False, "hwk"), (True, "swk")])
def test_a_passkey_alone_signs_in_and_says_what_it_proved(
    door: Any, browser: Browser, synced: bool, kind: str
) -> None:
    key = Authenticator(ORIGIN, synced=synced, counts=not synced)
    assert "passkey is added" in add(browser, key).text
    other = Browser(door)
    assert show(other, key, "/docs").path == "/docs"
    assert amr_of_last_login(door) == [kind, "user", "mfa"]
    assert show(other, key).heading == "Your account"
    assert "Phone" in other.page.text


def test_an_account_without_a_password_from_the_first_letter_on(door: Any) -> None:
    browser, mailbox = Browser(door), Mailbox(door.settings.data / "mail")
    browser.get("/account/register?next=/docs")
    browser.send("/account/register", email="ben@example.org")
    browser.get(mailbox.link())
    asked = browser.send("/account/confirm", how="passkey")
    assert asked.heading == "Add a passkey"
    assert amr_of_last_login(door) == ["email"]
    key = Authenticator(ORIGIN)
    given = options(browser, "new", "/account/passkeys/new")
    done = browser.send("/account/passkeys/new", name="Laptop", credential=json.dumps(key.create(given)))
    assert done.path == "/docs"
    other = Browser(door)
    assert show(other, key).heading == "Your account"
    assert other.sign_in("ben@example.org", "").status == 422


def test_options_ask_for_a_key_that_is_found_without_a_name_and_verifies_its_user(browser: Browser) -> None:
    first = Authenticator(ORIGIN)
    add(browser, first)
    browser.get("/account/passkeys/new")
    made = options(browser, "new", "/account/passkeys/new")
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["rp"] == {"name": "Limber", "id": "localhost"}
    assert [each["id"] for each in made["excludeCredentials"]] == [b64(first.id)]
    browser.get("/account/login?again=1")
    shown = options(browser, "login", "/account/login/passkey")
    assert shown["userVerification"] == "required"
    assert not shown.get("allowCredentials")  # else a page would tell who has which


# --- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8001"},
        {"rp": "evil.example"},
        {"kind": "webauthn.create"},
        {"signer": ec.generate_private_key(ec.SECP256R1())},
        {"challenge": b64(b"0" * 64)},
        {"user": b"somebody else"},
    ],
    ids=["origin", "port", "site", "kind", "signer", "challenge", "person"],
)
def test_an_answer_that_is_not_in_order_lets_nobody_in(
    door: Any, browser: Browser, wrong: dict[str, Any]
) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    other = Browser(door)
    assert show(other, key, **wrong).status == 422
    assert other.page.title.startswith("Error: ")
    assert other.get("/account/").heading == "Sign in"


@pytest.mark.parametrize(
    "wrong", [{"origin": "https://evil.example"}, {"rp": "evil.example"}, {"kind": "webauthn.get"}]
)
def test_a_key_made_elsewhere_is_not_kept(door: Any, browser: Browser, wrong: dict[str, Any]) -> None:
    assert add(browser, Authenticator(ORIGIN), **wrong).status == 422
    with door.engine.connect() as conn:
        assert conn.execute(select(passkey)).all() == []


def test_a_key_that_verified_nobody_is_not_enough(door: Any, browser: Browser) -> None:
    assert add(browser, Authenticator(ORIGIN, verifies=False)).status == 422
    key = Authenticator(ORIGIN)
    add(browser, key)
    key.verifies = False
    assert show(Browser(door), key).status == 422


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", "x", '{"id":"a","rawId":"a","type":"public-key","response":{}}', "{" * 5000,
               '{"id":1,"rawId":2,"response":3}', '{"id":"ü","rawId":"ü","type":"public-key","response":'
               '{"clientDataJSON":"ü","authenticatorData":"ü","signature":"ü","attestationObject":"ü"}}'],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_said_to_be(browser: Browser, answer: str) -> None:
    browser.get("/account/login?again=1")
    assert browser.send("/account/login/passkey", credential=answer).status == 422
    browser.get("/account/passkeys/new")
    assert browser.send("/account/passkeys/new", credential=answer, name="x").status == 422


def test_an_answer_counts_once_and_in_the_browser_that_asked(door: Any, browser: Browser) -> None:
    key = Authenticator(ORIGIN, counts=False)
    add(browser, key)
    other, thief = Browser(door), Browser(door)
    other.get("/account/login")
    given = options(other, "login", "/account/login/passkey")
    answer = json.dumps(key.get(given))
    thief.get("/account/login")
    assert thief.send("/account/login/passkey", credential=answer).status == 422
    page = other.page
    assert other.send("/account/login/passkey", credential=answer).heading == "Your account"
    other.get("/account/login?again=1")
    assert other.send("/account/login/passkey", credential=answer).status == 422
    assert page.status == 200


def test_a_challenge_ends_after_five_minutes(
    door: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    clock = Clock()
    monkeypatch.setattr(account_page, "now", clock)
    other = Browser(door)
    other.get("/account/login")
    given = options(other, "login", "/account/login/passkey")
    clock.move(minutes=6)
    assert other.send("/account/login/passkey", credential=json.dumps(key.get(given))).status == 422


def test_a_counter_that_goes_back_is_refused_marked_and_told(door: Any, browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key, "Key on the ring")
    other = Browser(door)
    show(other, key)
    show(other, key)
    key.count = 0  # a copy, taken before the two
    thief = Browser(door)
    assert show(thief, key).status == 422
    assert "copy" in thief.page.text
    mailbox = Mailbox(door.settings.data / "mail")
    assert "Key on the ring" in words(mailbox.last("mia@example.org"))
    assert "a copy of it may be in use" in browser.get("/account/").text


def test_a_removed_key_and_a_closed_account_let_nobody_in(door: Any, browser: Browser) -> None:
    key, closed = Authenticator(ORIGIN), Authenticator(ORIGIN)
    add(browser, key)
    add(browser, closed)
    browser.get("/account/")
    browser.send("/account/passkeys/change", id=b64(key.id), do="remove")
    assert show(Browser(door), key).status == 422
    with door.engine.begin() as conn:
        conn.execute(update(account).values(disabled_at=datetime.now(UTC)))
    assert show(Browser(door), closed).status == 422


def test_our_script_is_told_in_json_what_is_wrong(door: Any, browser: Browser) -> None:
    other = Browser(door)
    csrf = other.get("/account/login").form("/account/login").fields["csrf"]
    asked = {"data": {"csrf": csrf}, "headers": {"Accept": "application/json"}}
    answer = other.client.post("/account/passkeys/options/second", **asked)
    assert answer.status_code == 403
    assert "password again" in answer.json["detail"]
    assert (
        other.client.post("/account/passkeys/options/login", headers=asked["headers"]).json["status"] == 400
    )


# --- after a password ------------------------------------------------------------------------------------


def second(browser: Browser, key: Authenticator, **wrong: Any) -> Page:
    given = options(browser, "second", "/account/login/second")
    return browser.send("/account/login/second", credential=json.dumps(key.get(given, **wrong)))


def test_a_password_account_can_demand_a_passkey_too(door: Any, browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    browser.get("/account/")
    assert "password alone is not enough" in browser.send("/account/second", do="on").text
    other = Browser(door)
    assert other.sign_in(onward="/docs").heading == "Now your passkey"
    assert other.login is None
    assert other.get("/account/").heading == "Sign in"  # the password alone opens nothing
    other.get("/account/login/second")
    key.verifies = False  # touching it is enough here: the password was the other factor
    assert second(other, key).path == "/docs"
    assert amr_of_last_login(door) == ["pwd", "hwk", "user", "mfa"]


def test_somebody_elses_passkey_is_no_second_factor(door: Any, browser: Browser) -> None:
    key, foreign = Authenticator(ORIGIN), Authenticator(ORIGIN)
    add(browser, key)
    browser.get("/account/")
    browser.send("/account/second", do="on")
    new_account(door.engine, "ben@example.org", name="Ben")
    ben = Browser(door)
    ben.sign_in("ben@example.org")
    add(ben, foreign)
    other = Browser(door)
    other.sign_in()
    assert second(other, foreign).status == 422
    other.get("/account/login/second")
    assert second(other, key).heading == "Your account"


def test_the_second_step_is_of_one_browser_and_ends(
    door: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    browser.get("/account/")
    browser.send("/account/second", do="on")
    clock = Clock()
    monkeypatch.setattr(account_page, "now", clock)
    other = Browser(door)
    other.sign_in()
    assert Browser(door).get("/account/login/second").heading == "Sign in"
    clock.move(minutes=11)
    assert other.get("/account/login/second").heading == "Sign in"


def test_a_new_password_by_letter_does_not_get_round_the_second_factor(door: Any, browser: Browser) -> None:
    add(browser, Authenticator(ORIGIN))
    browser.get("/account/")
    browser.send("/account/second", do="on")
    thief, mailbox = Browser(door), Mailbox(door.settings.data / "mail")
    thief.get("/account/forgot")
    thief.send("/account/forgot", email="mia@example.org")
    thief.get(mailbox.link("mia@example.org"))
    thief.send("/account/confirm", password="another long password")
    assert thief.sign_in(password="another long password").heading == "Now your passkey"
    assert thief.login in (None, "")


def test_the_second_factor_needs_a_passkey_to_ask_for(browser: Browser) -> None:
    browser.get("/account/")
    csrf = browser.page.form("/account/name").fields["csrf"]
    answer = browser.post("/account/second", csrf=csrf, do="on")
    assert answer.status == 409
    assert "Add a passkey first" in answer.text


# --- one's own -------------------------------------------------------------------------------------------


def test_a_passkey_is_renamed_and_removed_by_its_owner_only(door: Any, browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    browser.get("/account/")
    assert "Old phone" in browser.send("/account/passkeys/change", do="rename", name="Old phone").text
    new_account(door.engine, "ben@example.org")
    thief = Browser(door)
    thief.sign_in("ben@example.org")
    csrf = thief.page.form("/account/name").fields["csrf"]
    for do in ("rename", "remove"):
        thief.post("/account/passkeys/change", csrf=csrf, id=b64(key.id), do=do, name="mine")
    assert "Old phone" in browser.get("/account/").text
    assert "Old phone" not in browser.send("/account/passkeys/change", do="remove").text


def test_the_last_way_in_cannot_be_removed(door: Any, browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    browser.get("/account/")
    assert "password is removed" in browser.send("/account/password", present=PASSWORD, do="remove").text
    refused = browser.send("/account/passkeys/change", do="remove")
    assert refused.status == 409
    assert "only way" in refused.text
    assert show(Browser(door), key).heading == "Your account"


def test_keys_are_changed_only_shortly_after_signing_in(door: Any, browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    with door.engine.begin() as conn:
        conn.execute(update(login_session).values(auth_time=long_ago))
    assert browser.get("/account/passkeys/new").heading == "Sign in"
    browser.get("/account/")
    assert browser.send("/account/passkeys/change", do="remove").heading == "Sign in"
    with door.engine.connect() as conn:
        assert len(conn.execute(select(passkey)).all()) == 1


@pytest.mark.parametrize(
    ("address", "us"),
    [
        ("https://limber.example", ("limber.example", "https://limber.example")),
        ("https://limber.example:8443", ("limber.example", "https://limber.example:8443")),
        ("http://127.0.0.1:8000", ("localhost", "http://localhost:8000")),
        ("http://192.168.1.5:8000", None),
    ],
)
def test_passkeys_belong_to_a_domain(address: str, us: tuple[str, str] | None) -> None:
    found = party(Settings(public_url=address))
    assert (found and (found.id, found.origin)) == us
