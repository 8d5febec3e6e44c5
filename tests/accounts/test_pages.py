"""Signing in, registering, choosing a new password: what the pages promise, without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from server import create_app
from server.accounts import page as account_page
from server.accounts import passwords
from server.accounts.people import find, find_by_email
from server.accounts.tables import account, login_session
from server.accounts.tables_sign_in import email_token
from server.settings import Settings
from tests.accounts.signing_in import (
    PASSWORD,
    SECRETS,
    Browser,
    Clock,
    Mailbox,
    cheap_hashes,
    link_in,
    new_account,
    words,
)


@pytest.fixture
def browser(door: Any) -> Browser:
    return Browser(door)


@pytest.fixture
def mailbox(door: Any) -> Mailbox:
    return Mailbox(door.settings.data / "mail")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(account_page, "now", made)
    return made


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


pytestmark = pytest.mark.usefixtures("cheap")


# --- registering -----------------------------------------------------------------------------------------


def test_from_an_address_to_an_account_and_back_to_where_one_came_from(
    door: Any, browser: Browser, mailbox: Mailbox
) -> None:
    browser.get("/account/register?next=/docs")
    sent = browser.send("/account/register", email=" Mia@Example.org ")
    assert "mia@example.org" in sent.text
    assert sent.heading == "Look into your mailbox"
    browser.get(mailbox.link("mia@example.org"))
    assert browser.page.heading == "Welcome to Limber"
    done = browser.send("/account/confirm", name="Mia", password=PASSWORD)
    assert done.path == "/docs"
    with door.engine.connect() as conn:
        person = find_by_email(conn, "mia@example.org")
        assert person is not None
        assert person.email_verified_at is not None
        assert person.name == "Mia"
        assert conn.execute(select(login_session.c.amr)).scalars().all() == [["pwd"]]
    assert browser.get("/account/").heading == "Your account"


def test_nothing_is_made_before_the_address_is_confirmed(door: Any, browser: Browser) -> None:
    """Else somebody could prepare an account, with a password they know, for another's address."""
    browser.get("/account/register")
    browser.send("/account/register", email="mia@example.org")
    with door.engine.connect() as conn:
        assert conn.execute(select(account)).all() == []


def test_looking_at_a_link_does_not_use_it_up_and_using_it_does(browser: Browser, mailbox: Mailbox) -> None:
    browser.get("/account/register")
    browser.send("/account/register", email="mia@example.org")
    link = mailbox.link()
    for _ in range(3):  # a mail program, its scanner, the person
        assert browser.get(link).status == 200
    browser.send("/account/confirm", password=PASSWORD)
    assert browser.get(link).status == 410
    assert browser.get(link).heading == "This link is no longer good"


def test_a_link_ends_with_its_time_and_with_the_use_of_another(
    browser: Browser, mailbox: Mailbox, clock: Clock
) -> None:
    for _ in range(2):
        browser.get("/account/register")
        browser.send("/account/register", email="mia@example.org")
    first, second = (link_in(each) for each in mailbox.letters())
    clock.move(hours=23)
    browser.get(first)
    browser.send("/account/confirm", password=PASSWORD)
    assert browser.get(second).status == 410
    browser.get("/account/register")
    browser.send("/account/register", email="ben@example.org")
    clock.move(hours=25)
    assert browser.get(mailbox.link("ben@example.org")).status == 410


def test_a_weak_password_is_refused_at_its_field_and_keeps_the_link(
    browser: Browser, mailbox: Mailbox
) -> None:
    browser.get("/account/register")
    browser.send("/account/register", email="mia@example.org")
    browser.get(mailbox.link())
    wrong = browser.send("/account/confirm", name="Mia", password="password1")
    assert wrong.status == 422
    assert wrong.title.startswith("Error: ")
    assert "#password" in wrong.links
    said = {given.get("id"): given for _, given in wrong.tags}
    assert said["password"]["aria-invalid"] == "true"
    assert said["password"]["aria-describedby"] == "password-hint password-error"
    assert "password-error" in said
    assert said["password"].get("value") is None
    assert said["name"]["value"] == "Mia"
    assert browser.send("/account/confirm", password=PASSWORD).heading == "Your account"


def test_two_who_use_one_link_at_once_make_one_account(door: Any, browser: Browser, mailbox: Mailbox) -> None:
    browser.get("/account/register")
    browser.send("/account/register", email="mia@example.org")
    link = mailbox.link()
    other = Browser(door)
    other.get(link)
    browser.get(link)
    browser.send("/account/confirm", password=PASSWORD)
    assert other.send("/account/confirm", password=PASSWORD).status == 410
    with door.engine.connect() as conn:
        assert len(conn.execute(select(account)).all()) == 1


def test_registering_needs_no_master_key(door: Any, browser: Browser, mailbox: Mailbox) -> None:
    door.settings.master_key.unlink(missing_ok=True)
    browser.get("/account/register")
    browser.send("/account/register", email="mia@example.org")
    browser.get(mailbox.link())
    assert browser.send("/account/confirm", password=PASSWORD).heading == "Your account"


# --- nobody learns who has an account --------------------------------------------------------------------


@pytest.mark.parametrize("action", ["/account/register", "/account/forgot"])
def test_the_answer_is_the_same_for_known_and_unknown_addresses(
    door: Any, browser: Browser, mailbox: Mailbox, action: str
) -> None:
    new_account(door.engine, "known@example.org")
    pages = []
    for address in ("known@example.org", "other@example.org"):
        browser.get(action)
        answer = browser.send(action, email=address)
        pages.append((answer.status, answer.html.replace(address, "…")))
        assert len(mailbox.letters(address)) == 1
    assert pages[0] == pages[1]


def test_a_wrong_password_and_an_unknown_address_look_alike(door: Any, browser: Browser) -> None:
    new_account(door.engine, "known@example.org")
    new_account(door.engine, "keys@example.org", None)
    pages = set()
    for address in ("known@example.org", "other@example.org", "keys@example.org"):
        answer = browser.sign_in(address, "not the password")
        pages.add(
            (answer.status, answer.html.replace(address, "…").replace(answer.forms[0].fields["csrf"], ""))
        )
    assert len(pages) == 1
    assert browser.login is None


def test_a_password_is_hashed_for_unknown_addresses_too(
    door: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work, not the wall clock: a test of seconds would be wrong on a busy machine."""
    new_account(door.engine, "known@example.org")
    work: list[str] = []
    hasher = passwords._hasher

    class Counting:
        def hash(self, password: str) -> str:
            return hasher.hash(password)

        def verify(self, stored: str, password: str) -> bool:
            work.append(stored.split("$")[3])
            return hasher.verify(stored, password)

        def check_needs_rehash(self, stored: str) -> bool:
            return hasher.check_needs_rehash(stored)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    for address in ("known@example.org", "other@example.org"):
        browser.sign_in(address, "not the password")
    assert len(work) == 2
    assert work[0] == work[1]  # the same memory, passes and lanes


def test_registering_a_known_address_tells_its_owner_only(
    door: Any, browser: Browser, mailbox: Mailbox
) -> None:
    new_account(door.engine)
    browser.get("/account/register")
    browser.send("/account/register", email="mia@example.org")
    letter = mailbox.last("mia@example.org")
    assert "has an account already" in words(letter)
    assert not SECRETS.search(words(letter))


# --- signing in and out ----------------------------------------------------------------------------------


def test_signing_in_goes_on_to_where_one_came_from(door: Any, browser: Browser) -> None:
    whom = new_account(door.engine)
    assert browser.get("/account/").heading == "Sign in"
    assert (
        browser.send("/account/login", email="MIA@example.org", password=PASSWORD).heading == "Your account"
    )
    with door.engine.connect() as conn:
        row = conn.execute(select(login_session)).one()
    assert row.account == whom
    assert row.amr == ["pwd"]
    assert abs((datetime.now(UTC) - row.auth_time).total_seconds()) < 60


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\/evil.example", "/%0d%0aSet-Cookie:a=b\r\n",
     "javascript:alert(1)", "/ /evil.example", "///evil.example", "evil", "", "/" + "a" * 7000, "/\t/evil.example"],
)  # fmt: skip
def test_nothing_leads_from_here_to_another_site(door: Any, browser: Browser, elsewhere: str) -> None:
    new_account(door.engine)
    browser.get("/account/login")
    form = browser.page.form("/account/login")
    answer = browser.client.post(
        "/account/login",
        data={**form.fields, "email": "mia@example.org", "password": PASSWORD, "next": elsewhere},
    )
    assert answer.status_code == 303
    assert (
        answer.headers["Location"] in ("/account/", "/%0d%0aSet-Cookie:a=b")
        or answer.headers["Location"] == "/account/"
    )


def test_a_login_gets_new_cookies_that_scripts_and_other_sites_do_not_get(
    door: Any, browser: Browser
) -> None:
    new_account(door.engine)
    browser.get("/account/login")
    before = browser.client.get_cookie("limber_page")
    form = browser.page.form("/account/login")
    answer = browser.client.post(
        "/account/login", data={**form.fields, "email": "mia@example.org", "password": PASSWORD}
    )
    cookies = answer.headers.getlist("Set-Cookie")
    assert {each.split("=")[0] for each in cookies} == {"limber_login", "limber_page"}
    assert all("HttpOnly" in each and "SameSite=Lax" in each and "Path=/" in each for each in cookies)
    after = browser.client.get_cookie("limber_page")
    assert before is not None
    assert after is not None
    assert before.value != after.value


def test_with_https_the_cookies_are_secure_and_of_this_host_only(start: Any, door: Any) -> None:
    served = start(door.settings.database_url, changed={"public_url": "https://limber.example"})
    answer = served.app.test_client().get("/account/login", base_url="https://limber.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-limber_page=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


def test_signing_out_ends_the_login_on_the_server_too(door: Any, browser: Browser) -> None:
    new_account(door.engine)
    browser.sign_in()
    stolen = browser.login
    browser.get("/account/logout")
    assert browser.send("/account/logout").heading == "You are signed out"
    assert browser.login in (None, "")
    thief = Browser(door)
    thief.client.set_cookie("limber_login", stolen or "")
    assert thief.get("/account/").heading == "Sign in"


def test_a_closed_account_lets_nobody_in(door: Any, browser: Browser) -> None:
    whom = new_account(door.engine)
    with door.engine.begin() as conn:
        conn.execute(update(account).where(account.c.id == whom).values(disabled_at=datetime.now(UTC)))
    assert browser.sign_in().status == 403
    assert "closed" in browser.page.text


def test_who_is_signed_in_is_asked_before_somebody_else_signs_in(door: Any, browser: Browser) -> None:
    new_account(door.engine)
    browser.sign_in()
    assert browser.get("/account/login?next=/docs").heading == "You are signed in"
    assert "/docs" in browser.page.links
    assert browser.get("/account/login?again=1").heading == "Sign in"


def test_an_old_hash_is_made_anew_at_the_next_sign_in(door: Any, browser: Browser) -> None:
    from argon2 import PasswordHasher

    whom = new_account(door.engine)
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    with door.engine.begin() as conn:
        conn.execute(update(account).where(account.c.id == whom).values(password_hash=old))
    browser.sign_in()
    with door.engine.connect() as conn:
        person = find(conn, whom)
    assert person is not None
    assert person.password_hash != old
    assert not passwords.outdated(person.password_hash or "")
    assert browser.sign_in().heading == "Your account"


# --- a new password --------------------------------------------------------------------------------------


def test_a_new_password_signs_everybody_out_and_tells_the_owner(
    door: Any, browser: Browser, mailbox: Mailbox
) -> None:
    new_account(door.engine)
    thief = Browser(door)
    thief.sign_in()
    browser.get("/account/forgot?next=/docs")
    browser.send("/account/forgot", email="mia@example.org")
    browser.get(mailbox.link("mia@example.org"))
    browser.send("/account/confirm", password="another long password")
    assert "new password is set" in browser.page.text
    assert thief.get("/account/").heading == "Sign in"
    assert "was changed" in words(mailbox.last("mia@example.org"))
    assert browser.send("/account/login", email="mia@example.org", password=PASSWORD).status == 422
    assert (
        browser.send("/account/login", email="mia@example.org", password="another long password").path
        == "/docs"
    )


def test_a_reset_link_dies_with_the_address_it_went_to(door: Any, browser: Browser, mailbox: Mailbox) -> None:
    whom = new_account(door.engine)
    browser.get("/account/forgot")
    browser.send("/account/forgot", email="mia@example.org")
    with door.engine.begin() as conn:
        conn.execute(update(account).where(account.c.id == whom).values(email="new@example.org"))
    browser.get(mailbox.link("mia@example.org"))
    assert browser.send("/account/confirm", password="another long password").status == 410


def test_a_link_for_one_thing_does_not_do_another(door: Any, browser: Browser, mailbox: Mailbox) -> None:
    new_account(door.engine)
    browser.get("/account/forgot")
    browser.send("/account/forgot", email="nobody@example.org")
    with door.engine.connect() as conn:  # noted for an address without an account, but good for nothing
        assert conn.execute(select(email_token.c.account)).scalars().all() == [None]
    assert not SECRETS.search(words(mailbox.last("nobody@example.org")))


# --- forms and headers -----------------------------------------------------------------------------------


def test_a_form_of_another_site_does_nothing(door: Any, browser: Browser) -> None:
    new_account(door.engine)
    browser.get("/account/login")
    form = browser.page.form("/account/login")
    good = {**form.fields, "email": "mia@example.org", "password": PASSWORD}
    for broken in ({"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "ü"}):
        assert browser.client.post("/account/login", data={**good, **broken}).status_code == 400
    elsewhere = browser.client.post("/account/login", data=good, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 400
    assert Browser(door).client.post("/account/login", data=good).status_code == 400
    assert browser.client.post("/account/login", data=good).status_code == 303


def test_a_token_of_before_the_sign_in_is_worth_nothing_after_it(door: Any, browser: Browser) -> None:
    new_account(door.engine)
    old = browser.get("/account/login").form("/account/login").fields["csrf"]
    browser.sign_in()
    assert browser.client.post("/account/logout", data={"csrf": old}).status_code == 400
    assert browser.client.post("/account/name", data={"csrf": old, "name": "X"}).status_code in (400, 403)
    assert browser.get("/account/").status == 200


PUBLIC = (
    "/account/login",
    "/account/register",
    "/account/forgot",
    "/account/signed-out",
    "/account/confirm?token=x",
)


@pytest.mark.parametrize("path", PUBLIC)
def test_every_page_is_kept_by_nobody_and_runs_nothing_but_ours(browser: Browser, path: str) -> None:
    page = browser.get(path)
    headers = page.headers
    assert headers["Cache-Control"] == "no-store"
    policy = headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for _, given in page.tags for name in given if name.startswith("on") or name == "style"]
    assert "<script>" not in page.html


@pytest.mark.parametrize("path", PUBLIC)
def test_every_page_can_be_used_without_seeing_it(browser: Browser, path: str) -> None:
    page = browser.get(path)
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert page.links[0] == "#main"
    labels = {given.get("for") for tag, given in page.tags if tag == "label"}
    ids = [given["id"] for _, given in page.tags if given.get("id")]
    assert len(ids) == len(set(ids))
    for tag, given in page.tags:
        if tag == "input" and given.get("type") != "hidden":
            assert given.get("id") in labels
            assert given.get("autocomplete")


def test_a_database_that_is_away_is_said_to_be_in_a_page(tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    client = create_app(Settings(database_url=url, data=tmp_path)).test_client()
    client.set_cookie("limber_login", "a" * 43)
    answer = client.get("/account/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.content_type.startswith("text/html")
    assert "Nobody can be signed in" in answer.text


@pytest.mark.parametrize("field", ["email", "password", "next", "csrf"])
def test_text_that_no_browser_sends_is_refused_clearly(browser: Browser, field: str) -> None:
    for text in ("\x00", "a" * 30_000):
        browser.get("/account/login")
        answer = browser.send("/account/login", **{"email": "a@example.org", "password": "x", field: text})
        assert answer.status == 400
        assert answer.headers["Content-Type"].startswith("text/html")


def test_an_address_is_shown_as_text_and_never_as_markup(browser: Browser) -> None:
    browser.get("/account/register")
    page = browser.send("/account/register", email='"><script>alert(1)</script>@example.org')
    assert "<script>alert" not in page.html
    assert page.status == 422
