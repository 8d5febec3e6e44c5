"""How somebody signed in on the pages is what tokens say of it, and a program's question survives the sign-in."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.accounts.authenticator import Authenticator
from tests.accounts.oauth_ground import Ground
from tests.accounts.signing_in import PASSWORD, Browser, Mailbox, cheap_hashes, new_account


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


def question(oauth: Ground, **changed: str | None) -> str:
    """What an app asks through the person's browser."""
    return "/oauth/authorize?" + urlencode(oauth.request(**changed))


def id_token(oauth: Ground, browser: Browser) -> dict[str, Any]:
    """What the app learns at the end: the browser has just been sent back to it."""
    for _ in range(2):
        where = browser.page.headers.get("Location", "")
        if where:
            break
        form = next(each for each in browser.page.forms if each.action.startswith("/oauth/"))
        browser.send(form.action, decision="allow")
    answer = oauth.redeem(parse_qs(urlsplit(where).query)["code"][0]).json()
    keys = KeySet.import_key_set(oauth.app.test_client().get("/oauth/jwks").json)
    claims: dict[str, Any] = jwt.decode(answer["id_token"], keys, ["ES256"]).claims
    return claims


def person(oauth: Ground) -> str:
    address = f"{secrets.token_hex(6)}@example.org"
    with oauth.app.app_context():
        new_account(oauth.engine, address)
    return address


def test_a_password_is_told_as_one(oauth: Ground) -> None:
    browser, address = Browser(oauth), person(oauth)
    assert browser.get(question(oauth)).heading == "Sign in"
    browser.send("/account/login", email=address, password=PASSWORD)
    claims = id_token(oauth, browser)
    assert claims["amr"] == ["pwd"]
    assert abs(claims["auth_time"] - claims["iat"]) < 60


def test_a_passkey_is_told_as_two_factors(oauth: Ground) -> None:
    browser, address = Browser(oauth), person(oauth)
    key = Authenticator(oauth.url.replace("127.0.0.1", "localhost"))
    browser.sign_in(address)
    browser.get("/account/passkeys/new")
    browser.send(
        "/account/passkeys/new", name="Phone", credential=json.dumps(key.create(options(browser, "new")))
    )
    other = Browser(oauth)
    other.get(question(oauth))
    other.send("/account/login/passkey", credential=json.dumps(key.get(options(other, "login"))))
    assert id_token(oauth, other)["amr"] == ["hwk", "user", "mfa"]


def options(browser: Browser, purpose: str) -> dict[str, Any]:
    form = browser.page.form({"new": "/account/passkeys/new", "login": "/account/login/passkey"}[purpose])
    answer = browser.client.post(f"/account/passkeys/options/{purpose}", data={"csrf": form.fields["csrf"]})
    given: dict[str, Any] = answer.json
    return given


def test_an_app_that_asks_to_sign_in_again_gets_a_new_sign_in(oauth: Ground) -> None:
    browser, address = Browser(oauth), person(oauth)
    browser.sign_in(address)
    assert browser.get(question(oauth, prompt="login")).heading == "Sign in"
    browser.send("/account/login", email=address, password=PASSWORD)
    assert id_token(oauth, browser)["amr"] == ["pwd"]


def test_a_newcomer_comes_back_to_the_app_that_sent_them(oauth: Ground) -> None:
    browser, address = Browser(oauth), f"{secrets.token_hex(6)}@example.org"
    browser.get(question(oauth))
    browser.get(next(link for link in browser.page.links if link.startswith("/account/register")))
    browser.send("/account/register", email=address)
    browser.get(Mailbox(oauth.settings.data / "mail").link(address))
    browser.send("/account/confirm", name="Ida", password=PASSWORD)
    assert id_token(oauth, browser)["amr"] == ["pwd"]
