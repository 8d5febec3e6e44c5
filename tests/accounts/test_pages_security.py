"""The page of one's own account: what can be changed there, by whom, and what ends with it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from server.accounts.entering import agent_words
from server.accounts.people import find
from server.accounts.tables import account, login_session, token_family
from server.accounts.tokens import Family, new_family
from server.db import write
from tests.accounts.signing_in import PASSWORD, Browser, Mailbox, cheap_hashes, new_account, words

FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.fixture
def whom(door: Any) -> uuid.UUID:
    return new_account(door.engine)


@pytest.fixture
def browser(door: Any, whom: uuid.UUID) -> Browser:
    made = Browser(door)
    made.sign_in()
    return made


@pytest.fixture
def mailbox(door: Any) -> Mailbox:
    return Mailbox(door.settings.data / "mail")


def app_of(door: Any, whom: uuid.UUID) -> Family:
    """What an app holds that was signed in with a passkey."""
    now = datetime.now(UTC)
    amr = ["hwk", "user", "mfa"]
    return write(
        door.engine,
        lambda conn: new_family(
            conn,
            whom=whom,
            client_id="limber-app",
            scope="sync",
            auth_time=now,
            amr=amr,
            now=now,
            refresh=True,
        )[0],
    )


def grow_old(door: Any) -> None:
    """As if everybody had signed in an hour ago."""
    with door.engine.begin() as conn:
        conn.execute(update(login_session).values(auth_time=datetime.now(UTC) - timedelta(hours=1)))


def test_a_name_is_changed_and_shown_as_text(browser: Browser) -> None:
    page = browser.send("/account/name", name=' <b>Mia</b> "M" ')
    assert "Your name is saved" in page.text
    assert "<b>Mia" not in page.html
    assert '<b>Mia</b> "M"' in page.text
    assert browser.send("/account/name", name="x" * 101).status == 422


def test_a_new_password_needs_the_old_one_and_ends_what_runs_elsewhere(
    door: Any, browser: Browser, whom: uuid.UUID, mailbox: Mailbox
) -> None:
    family = app_of(door, whom)
    other = Browser(door)
    other.sign_in()
    assert browser.send("/account/password", present="wrong", password="another long password").status == 422
    assert browser.send("/account/password", present=PASSWORD, password="password1").status == 422
    assert mailbox.letters() == []
    page = browser.send("/account/password", present=PASSWORD, password="another long password")
    assert "password is changed" in page.text
    assert other.get("/account/").heading == "Sign in"
    with door.engine.connect() as conn:
        revoked = select(token_family.c.revoked_at).where(token_family.c.id == family.id)
        assert conn.execute(revoked).scalar_one() is not None
    assert "was changed" in words(mailbox.last("mia@example.org"))
    assert other.sign_in(password="another long password").heading == "Your account"


def test_a_password_manager_finds_the_way(browser: Browser) -> None:
    assert browser.get("/.well-known/change-password").heading == "Your account"


def test_the_old_password_cannot_be_guessed_at_there(browser: Browser) -> None:
    statuses = []
    for _ in range(6):
        statuses.append(browser.send("/account/password", present="wrong", password="x" * 20).status)
        browser.get("/account/")
    assert statuses == [422] * 5 + [429]


def test_an_address_is_changed_by_a_letter_to_the_new_one_and_the_old_one_is_told(
    door: Any, browser: Browser, whom: uuid.UUID, mailbox: Mailbox
) -> None:
    page = browser.send("/account/address", email=" New@Example.org")
    assert "sent a letter" in page.text
    assert "mia@example.org" in page.text  # until the link is used
    other = Browser(door)
    assert other.get(mailbox.link("new@example.org")).heading == "Confirm your address"
    assert other.send("/account/confirm").heading == "Your address is confirmed"
    with door.engine.connect() as conn:
        person = find(conn, whom)
    assert person is not None
    assert person.email == "new@example.org"
    assert person.email_verified_at is not None
    assert "another address now" in words(mailbox.last("mia@example.org"))
    assert other.get("/account/").heading == "Sign in"  # the link proves an address and signs nobody in


def test_an_address_that_is_taken_is_told_to_its_owner_only(
    door: Any, browser: Browser, mailbox: Mailbox
) -> None:
    new_account(door.engine, "ben@example.org")
    pages = []
    for address in ("ben@example.org", "nobody@example.org"):
        browser.get("/account/")
        pages.append(browser.send("/account/address", email=address).html.replace(address, "…"))
    assert pages[0] == pages[1]
    assert "has one already" in words(mailbox.last("ben@example.org"))


def test_an_address_that_was_taken_meanwhile_stays_with_who_took_it(
    door: Any, browser: Browser, mailbox: Mailbox
) -> None:
    browser.send("/account/address", email="new@example.org")
    new_account(door.engine, "new@example.org", name="Ben")
    browser.get(mailbox.link("new@example.org"))
    assert browser.send("/account/confirm").status == 410


def test_a_new_password_by_letter_ends_a_change_of_address_that_a_thief_began(
    door: Any, browser: Browser, mailbox: Mailbox
) -> None:
    browser.send("/account/address", email="thief@example.org")
    owner = Browser(door)
    owner.get("/account/forgot")
    owner.send("/account/forgot", email="mia@example.org")
    owner.get(mailbox.link("mia@example.org"))
    owner.send("/account/confirm", password="another long password")
    assert browser.get(mailbox.link("thief@example.org")).status == 410


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("/account/address", {"email": "new@example.org"}),
        ("/account/second", {"do": "on"}),
        ("/account/with/unlink", {"issuer": "https://n.example", "subject": "1"}),
        ("/account/passkeys/change", {"id": "AAAA", "do": "remove"}),
    ],
)
def test_what_opens_the_account_is_changed_only_shortly_after_signing_in(
    door: Any, browser: Browser, mailbox: Mailbox, action: str, fields: dict[str, str]
) -> None:
    csrf = browser.get("/account/").form("/account/name").fields["csrf"]
    grow_old(door)
    assert browser.post(action, csrf=csrf, **fields).heading == "Sign in"
    assert mailbox.letters() == []


def test_every_place_is_shown_with_what_one_knows_it_by_and_signed_out_alone(
    door: Any, browser: Browser
) -> None:
    phone, laptop = Browser(door), Browser(door)
    for each, agent in ((phone, FIREFOX), (laptop, "")):
        each.client.environ_base["HTTP_USER_AGENT"] = agent
        each.sign_in()
    page = browser.get("/account/")
    assert "Firefox on Android" in page.text
    assert page.text.count("(this browser)") == 1
    assert (
        len([each for each in page.forms if each.action == "/account/places"]) == 3
    )  # two places, and all of them
    browser.post(
        "/account/places", csrf=page.form("/account/name").fields["csrf"], place=_place_of(page, FIREFOX)
    )
    assert phone.get("/account/").heading == "Sign in"
    assert laptop.get("/account/").heading == "Your account"
    csrf = browser.get("/account/").form("/account/name").fields["csrf"]
    browser.post("/account/places", csrf=csrf, place="all:")
    assert laptop.get("/account/").heading == "Sign in"
    assert browser.get("/account/").heading == "Your account"


def _place_of(page: Any, agent: str) -> str:
    """The place whose button is named after this browser."""
    label = f"Sign out there: {agent_words(agent)}"
    form = next(
        each
        for each in page.forms
        if any((button.get("aria-label") or "").startswith(label) for button in each.buttons)
    )
    return str(form.fields["place"])


def test_an_app_is_among_the_places_and_can_be_signed_out(
    door: Any, browser: Browser, whom: uuid.UUID
) -> None:
    mine, his = app_of(door, whom), app_of(door, new_account(door.engine, "ben@example.org"))
    page = browser.get("/account/")
    assert "with passkey; last used" in page.text
    csrf = page.form("/account/name").fields["csrf"]
    for place in (f"app:{mine.id}", f"app:{his.id}", "app:x", "browser:zz", "nonsense", ""):
        assert browser.post("/account/places", csrf=csrf, place=place).status == 200
    with door.engine.connect() as conn:
        ended = dict(conn.execute(select(token_family.c.id, token_family.c.revoked_at)).all())
    assert ended[mine.id] is not None
    assert ended[his.id] is None


def test_nobody_signs_out_somebody_else(door: Any, browser: Browser) -> None:
    new_account(door.engine, "ben@example.org")
    ben = Browser(door)
    ben.sign_in("ben@example.org")
    with door.engine.connect() as conn:
        places = conn.execute(select(login_session.c.token_hash)).scalars().all()
    csrf = ben.get("/account/").form("/account/name").fields["csrf"]
    for each in places:
        ben.post("/account/places", csrf=csrf, place=f"browser:{each.hex()}")
    assert browser.get("/account/").heading == "Your account"


def test_the_only_way_in_is_not_removed(browser: Browser) -> None:
    page = browser.send("/account/password", present=PASSWORD, do="remove")
    assert page.status == 409
    assert "only way" in page.text


def test_an_account_without_a_password_can_set_one(door: Any) -> None:
    whom = new_account(door.engine, "ida@example.org", None)
    from server.accounts.sessions import start_login

    value = write(door.engine, lambda conn: start_login(conn, whom, ["fed"], datetime.now(UTC)))
    browser = Browser(door)
    browser.client.set_cookie("limber_login", value)
    browser.get("/account/")
    assert "password is changed" in browser.send("/account/password", password="a long enough one").text
    assert Browser(door).sign_in("ida@example.org", "a long enough one").heading == "Your account"


def test_an_account_that_is_gone_signs_out(door: Any, browser: Browser) -> None:
    with door.engine.begin() as conn:
        conn.execute(account.delete())
    assert browser.get("/account/").heading == "Sign in"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (FIREFOX, "Firefox on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/19.0"
         " Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
         " Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0"
         " Safari/605.1.15", "Safari on Mac"),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
        ("<script>alert(1)</script>", "A browser"),
    ],
)  # fmt: skip
def test_a_browser_is_named_in_words(header: str, said: str) -> None:
    assert agent_words(header) == said
