"""Signing in with a code: what a client asks, what people see, what the tokens say, and signing out."""

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from server import create_app
from server.accounts.issuing import half_hash
from server.settings import Settings, SettingsError
from tests.accounts.oauth_ground import Ground, landed, new_session


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def test_signing_in_gives_tokens_that_work(oauth: Ground) -> None:
    mia = oauth.person()
    answer = oauth.authorize(oauth.browser(mia))
    told = landed(answer)
    assert answer.headers["Location"].startswith(f"{oauth.url}/auth?")
    assert (told["state"], told["iss"]) == ("st-1", oauth.url)
    given = oauth.redeem(told["code"])
    assert given.status_code == 200, given.text
    assert given.headers["Cache-Control"] == "no-store"
    assert oauth.userinfo(given.json()["access_token"]).json() == {"sub": str(mia)}


def test_an_access_token_is_as_rfc_9068_shapes_it(oauth: Ground) -> None:
    mia = oauth.person("ml_engineer")
    answer = oauth.tokens(mia)
    keys = KeySet.import_key_set(new_session().get(f"{oauth.url}/oauth/jwks").json())
    token = jwt.decode(answer["access_token"], keys, ["ES256"])
    assert (token.header["typ"], token.header["alg"]) == ("at+jwt", "ES256")
    told = token.claims
    assert (told["iss"], told["aud"], told["sub"]) == (oauth.url, "urn:limber:api", str(mia))
    assert (told["client_id"], told["scope"]) == ("limber-app", "openid offline_access sync")
    assert told["roles"] == ["member", "ml_engineer"]
    assert told["exp"] - told["iat"] == answer["expires_in"] == 600
    assert told["jti"] != claims(oauth.tokens(mia)["access_token"])["jti"]


def test_an_id_token_is_as_openid_connect_shapes_it(oauth: Ground) -> None:
    mia, before = oauth.person(), int(time.time())
    browser = oauth.browser(mia, "pwd", "hwk", "mfa")
    answer = oauth.redeem(oauth.code(browser, nonce="n-7")).json()
    keys = KeySet.import_key_set(new_session().get(f"{oauth.url}/oauth/jwks").json())
    token = jwt.decode(answer["id_token"], keys, ["ES256"])
    told = token.claims
    assert token.header["typ"] == "JWT"
    assert (told["iss"], told["aud"], told["sub"], told["nonce"]) == (
        oauth.url,
        "limber-app",
        str(mia),
        "n-7",
    )
    assert told["amr"] == ["pwd", "hwk", "mfa"]
    assert before <= told["auth_time"] <= told["iat"] <= time.time()
    key = next(key for key in keys.keys if key.kid == token.header["kid"])
    assert told["at_hash"] == half_hash(answer["access_token"], key)


def test_without_openid_there_is_no_id_token_and_without_offline_access_no_refresh_token(
    oauth: Ground,
) -> None:
    answer = oauth.tokens(oauth.person(), scope="sync")
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope"}
    assert oauth.userinfo(answer["access_token"]).status_code == 403


def test_the_scopes_say_what_userinfo_tells(oauth: Ground) -> None:
    mia = oauth.person(name="Mia M.")
    told = oauth.userinfo(oauth.tokens(mia, scope="openid profile email")["access_token"]).json()
    assert told["name"] == "Mia M."
    assert told["email_verified"] is True
    assert told["email"].endswith("@example.org")


def test_scopes_that_no_role_of_the_person_has_a_use_for_are_not_given(oauth: Ground) -> None:
    assert oauth.tokens(oauth.person(), scope="sync physio")["scope"] == "sync"
    assert oauth.tokens(oauth.person("physio"), scope="sync physio")["scope"] == "sync physio"


def test_both_discovery_documents_are_valid_and_every_address_in_them_answers(oauth: Ground) -> None:
    client = new_session()
    one = client.get(f"{oauth.url}/.well-known/oauth-authorization-server").json()
    assert one == client.get(f"{oauth.url}/.well-known/openid-configuration").json()
    # Authlib's check of it wants https.
    text = json.dumps(one).replace(oauth.url, "https://limber.example")
    AuthorizationServerMetadata(json.loads(text)).validate()
    assert one["issuer"] == oauth.url
    for name, address in one.items():
        if name.endswith(("_endpoint", "_uri")):
            assert client.options(address).status_code == 200, name


def test_the_issuer_may_have_an_address_of_its_own(tmp_path: Path) -> None:
    settings = Settings(
        database_url="postgresql+psycopg://x/y", data=tmp_path, public_url="https://api.limber.example",
        issuer="https://id.limber.example",
    )  # fmt: skip
    told = create_app(settings).test_client().get("/.well-known/openid-configuration").json
    assert told is not None
    assert (told["issuer"], told["token_endpoint"]) == (
        "https://id.limber.example",
        "https://api.limber.example/oauth/token",
    )


@pytest.mark.parametrize(
    ("given", "issuer"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"LIMBER_HOST": "0.0.0.0", "LIMBER_PORT": "80"}, "http://127.0.0.1:80"),
        ({"LIMBER_HOST": "::1"}, "http://[::1]:8000"),
        ({"LIMBER_HOST": "::"}, "http://[::1]:8000"),
        ({"LIMBER_PUBLIC_URL": "https://limber.example/"}, "https://limber.example"),
    ],
    ids=str,
)
def test_the_issuer_comes_from_the_settings(given: dict[str, str], issuer: str) -> None:
    assert Settings.from_env(given).issuer == issuer


@pytest.mark.parametrize(
    "given", ["urn:limber:local", "limber.example", "https://limber.example/?x=1", "ftp://x"]
)
def test_an_issuer_is_an_address(given: str) -> None:
    with pytest.raises(SettingsError, match="LIMBER_ISSUER"):
        Settings.from_env({"LIMBER_ISSUER": given})


def test_the_jwks_shows_public_halves_only(oauth: Ground) -> None:
    for key in new_session().get(f"{oauth.url}/oauth/jwks").json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


# --- who has to sign in, and who is asked ----------------------------------------------------------------


def test_nobody_is_sent_to_sign_in_and_back(oauth: Ground) -> None:
    answer = oauth.authorize(oauth.browser(None))
    assert answer.status_code == 303
    place = urlsplit(answer.headers["Location"])
    assert place.path == "/account/login"
    back = urlsplit(parse_qs(place.query)["next"][0])
    assert back.path == "/oauth/authorize"
    assert dict(parse_qs(back.query)) == {name: [value] for name, value in oauth.request().items()}


def back_from_login(oauth: Ground, browser: requests.Session, answer: requests.Response) -> requests.Response:
    place = urlsplit(answer.headers["Location"])
    assert place.path == "/account/login"
    return browser.get(oauth.url + parse_qs(place.query)["next"][0], allow_redirects=False)


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
def test_a_client_may_want_the_person_to_sign_in_anew(oauth: Ground, asked: dict[str, str]) -> None:
    mia = oauth.person()
    old = oauth.browser(mia)
    with oauth.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE login_session SET auth_time = auth_time - interval '1 minute'")
    first = oauth.authorize(old, **asked)
    assert parse_qs(urlsplit(first.headers["Location"]).query)["again"] == ["1"]
    if asked != {"prompt": "select_account"}:  # to come back without having signed in is not enough
        assert back_from_login(oauth, old, first).headers["Location"].startswith("/account/login")
    assert "code" in landed(back_from_login(oauth, oauth.browser(mia), first))


def test_max_age_is_kept(oauth: Ground) -> None:
    browser = oauth.browser(oauth.person())
    assert "code" in landed(oauth.authorize(browser, max_age="60"))
    with oauth.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE login_session SET auth_time = auth_time - interval '2 minutes'")
    assert landed(oauth.authorize(browser, max_age="60", prompt="none"))["error"] == "login_required"


def test_prompt_none_never_shows_a_page(oauth: Ground) -> None:
    mia = oauth.person()
    assert landed(oauth.authorize(oauth.browser(None), prompt="none"))["error"] == "login_required"
    assert "code" in landed(oauth.authorize(oauth.browser(mia), prompt="none"))
    told = landed(oauth.authorize(oauth.browser(mia), prompt="none", redirect_uri="limber://auth"))
    assert (told["error"], told["state"], told["iss"]) == ("consent_required", "st-1", oauth.url)
    client, _ = oauth.client()
    asked = {"client_id": client.id, "redirect_uri": "https://stretchr.example/cb"}
    assert landed(oauth.authorize(oauth.browser(mia), prompt="none", **asked))["error"] == "consent_required"


@pytest.mark.parametrize(
    "uri", ["limber://auth", "http://127.0.0.1:51234/callback", "http://[::1]:8/callback"]
)
def test_what_any_program_could_pretend_to_be_needs_a_click_each_time(oauth: Ground, uri: str) -> None:
    browser = oauth.browser(oauth.person())
    for _ in range(2):
        page = oauth.authorize(browser, redirect_uri=uri)
        assert page.status_code == 200
        assert "Continue to Limber?" in page.text
        answer = oauth.click(browser, page)
        assert answer.headers["Location"].startswith(uri + "?code=")
        assert oauth.redeem(landed(answer)["code"], redirect_uri=uri).status_code == 200


def test_a_program_of_others_is_agreed_to_once_and_for_what_it_asked(oauth: Ground) -> None:
    browser = oauth.browser(oauth.person(name="Mia & Co"))
    client, _ = oauth.client(name="Stretchr <b>")
    asked = {"client_id": client.id, "redirect_uri": "https://stretchr.example/cb"}
    page = oauth.authorize(browser, **asked, scope="openid sync")
    assert "Stretchr &lt;b&gt;" in page.text
    assert "stretchr.example" in page.text
    assert "https://stretchr.example" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "code" in landed(oauth.click(browser, page))
    assert "code" in landed(oauth.authorize(browser, **asked, scope="openid sync"))
    assert oauth.authorize(browser, **asked, scope="openid email").status_code == 200
    assert oauth.authorize(browser, **asked, scope="openid sync", prompt="consent").status_code == 200


@pytest.mark.parametrize(
    "uri", ["com.example.app:/cb", "com.example.app://cb/x", "https://stretchr.example/cb?a=1"]
)
def test_the_answer_goes_to_the_address_as_it_was_registered(oauth: Ground, uri: str) -> None:
    client, _ = oauth.client(redirect_uris=[uri])
    browser = oauth.browser(oauth.person())
    answer = oauth.click(browser, oauth.authorize(browser, client_id=client.id, redirect_uri=uri))
    assert answer.headers["Location"].startswith(f"{uri}{'&' if '?' in uri else '?'}code=")


def test_a_no_is_told_to_the_client_and_not_remembered(oauth: Ground) -> None:
    browser = oauth.browser(oauth.person())
    client, _ = oauth.client()
    asked = {"client_id": client.id, "redirect_uri": "https://stretchr.example/cb"}
    told = landed(oauth.click(browser, oauth.authorize(browser, **asked), "deny"))
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "st-1", oauth.url)
    assert oauth.authorize(browser, **asked).status_code == 200


def test_a_request_may_come_as_a_form(oauth: Ground) -> None:
    browser = oauth.browser(oauth.person())
    first = browser.post(f"{oauth.url}/oauth/authorize", data=oauth.request(), allow_redirects=False)
    assert first.status_code == 303
    assert "code" in landed(browser.get(oauth.url + first.headers["Location"], allow_redirects=False))


def test_after_our_own_sign_in_form_a_page_stands_between(oauth: Ground) -> None:
    """Browsers hold the form's Content-Security-Policy against every redirect that follows it."""
    browser = oauth.browser(oauth.person())
    client, _ = oauth.client()
    asked = {"client_id": client.id, "redirect_uri": "https://stretchr.example/cb"}
    oauth.click(browser, oauth.authorize(browser, **asked))
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    page = oauth.authorize(browser, **asked)
    assert page.status_code == 200
    assert page.headers["Refresh"].startswith("0; url=https://stretchr.example/cb?code=")
    assert "code" in landed(oauth.authorize(browser)), "to our own origin it is a plain redirect"


# --- clients with a secret -------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["basic", "post"])
def test_a_client_with_a_secret_signs_somebody_in(oauth: Ground, way: str) -> None:
    client, secret = oauth.client(confidential=True)
    assert secret is not None
    uri = "https://stretchr.example/cb"
    code = oauth.code(oauth.browser(oauth.person()), client_id=client.id, redirect_uri=uri)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": uri, "code_verifier": "v" * 43}
    if way == "basic":
        answer = oauth.post("token", (client.id, secret), **form)
    else:
        answer = oauth.post("token", client_id=client.id, client_secret=secret, **form)
    assert answer.status_code == 200, answer.text
    # Its refresh tokens need the secret too.
    refresh = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
    assert oauth.post("token", client_id=client.id, **refresh).status_code in (400, 401)
    assert oauth.post("token", (client.id, secret), **refresh).status_code == 200


# --- browsers --------------------------------------------------------------------------------------------


def test_pages_of_other_origins_may_ask_what_needs_no_cookie(oauth: Ground) -> None:
    client = new_session()
    origin = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    for path in ("token", "revoke", "device_authorization", "userinfo", "jwks"):
        asked = client.options(f"{oauth.url}/oauth/{path}", headers=origin)
        assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (200, "*")
        assert "Access-Control-Allow-Credentials" not in asked.headers
    refused = oauth.post("token", grant_type="refresh_token", client_id="limber-app", refresh_token="x")
    assert refused.headers["Access-Control-Allow-Origin"] == "*", "an error must be readable too"
    for path in ("introspect", "authorize", "logout"):
        asked = client.options(f"{oauth.url}/oauth/{path}", headers=origin)
        assert "Access-Control-Allow-Origin" not in asked.headers


def signed_in(oauth: Ground, browser: requests.Session) -> bool:
    return "code" in landed(oauth.authorize(browser, prompt="none"))


def test_a_client_signs_its_person_out_and_gets_them_back(oauth: Ground) -> None:
    mia = oauth.person()
    browser = oauth.browser(mia)
    hint = oauth.redeem(oauth.code(browser)).json()["id_token"]
    query = {"id_token_hint": hint, "post_logout_redirect_uri": f"{oauth.url}/", "state": "bye"}
    answer = browser.get(f"{oauth.url}/oauth/logout", params=query, allow_redirects=False)
    assert answer.headers["Location"] == f"{oauth.url}/?state=bye"
    assert not signed_in(oauth, browser)


@pytest.mark.parametrize("hint", ["", "x.y.z", "somebody else's", "an access token"])
def test_without_an_id_token_of_theirs_people_are_asked_before_they_are_signed_out(
    oauth: Ground, hint: str
) -> None:
    browser = oauth.browser(oauth.person())
    given = {
        "somebody else's": oauth.tokens(oauth.person())["id_token"],
        "an access token": oauth.redeem(oauth.code(browser)).json()["access_token"],
    }.get(hint, hint)
    page = browser.get(f"{oauth.url}/oauth/logout", params={"id_token_hint": given}, allow_redirects=False)
    assert (page.status_code, "Sign out?" in page.text) == (200, True)
    assert signed_in(oauth, browser)
    assert oauth.click(browser, page, "stay").headers["Location"] == "/account/"
    assert signed_in(oauth, browser)
    assert oauth.click(browser, page, "sign_out").headers["Location"] == "/account/signed-out"
    assert not signed_in(oauth, browser)


@pytest.mark.parametrize("uri", ["https://evil.example/", "//evil.example", "limber://signed-out/../x"])
def test_signing_out_leads_to_registered_addresses_only(oauth: Ground, uri: str) -> None:
    browser = oauth.browser(oauth.person())
    hint = oauth.redeem(oauth.code(browser)).json()["id_token"]
    query = {"id_token_hint": hint, "post_logout_redirect_uri": uri}
    answer = browser.get(f"{oauth.url}/oauth/logout", params=query, allow_redirects=False)
    assert answer.headers["Location"] == "/account/signed-out"
    # And never without a token of the client's, however the address is registered.
    query = {"client_id": "limber-app", "post_logout_redirect_uri": f"{oauth.url}/"}
    answer = oauth.browser(None).get(f"{oauth.url}/oauth/logout", params=query, allow_redirects=False)
    assert answer.headers["Location"] == "/account/signed-out"
