"""What must not work: replayed codes, foreign addresses, weaker requests, other sites, and what else was thought of."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
import requests

from server.accounts.tables import oauth_code, token_family
from tests.accounts.oauth_ground import VERIFIER, Ground, challenge, landed, new_session, reason

STRETCHR = "https://stretchr.example/cb"


def wait(oauth: Ground, seconds: int) -> None:
    """The same as if that much time had passed for every code and family."""
    with oauth.engine.begin() as conn:
        for table in (oauth_code, token_family):
            conn.exec_driver_sql(f"UPDATE {table.name} SET expires_at = expires_at - interval '{seconds} s'")


# --- codes -----------------------------------------------------------------------------------------------


def test_a_replayed_code_revokes_what_it_gave(oauth: Ground) -> None:
    code = oauth.code(oauth.browser(oauth.person()))
    given = oauth.redeem(code).json()
    assert reason(oauth.redeem(code)) == (400, "invalid_grant")
    assert oauth.userinfo(given["access_token"]).status_code == 401
    assert reason(oauth.refresh(given["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize("how", ["no verifier", "another client", "another address"])
def test_a_replay_is_one_whoever_brings_it_and_however(oauth: Ground, how: str) -> None:
    code = oauth.code(oauth.browser(oauth.person()))
    given = oauth.redeem(code).json()
    changed = {
        "no verifier": {"code_verifier": "x" * 43},
        "another client": {"client_id": "limber-cli"},
        "another address": {"redirect_uri": "limber://auth"},
    }[how]
    assert reason(oauth.redeem(code, **changed))[1] == "invalid_grant"
    assert reason(oauth.refresh(given["refresh_token"])) == (400, "invalid_grant")


def test_a_replay_ends_the_refreshed_tokens_too(oauth: Ground) -> None:
    code = oauth.code(oauth.browser(oauth.person()))
    newer = oauth.refresh(oauth.redeem(code).json()["refresh_token"]).json()
    oauth.redeem(code)
    assert reason(oauth.refresh(newer["refresh_token"])) == (400, "invalid_grant")
    assert oauth.userinfo(newer["access_token"]).status_code == 401


def test_of_several_who_redeem_a_code_at_once_one_is_given_tokens_and_they_end(oauth: Ground) -> None:
    code, barrier = oauth.code(oauth.browser(oauth.person())), threading.Barrier(6)

    def redeem(_: int) -> requests.Response:
        barrier.wait()
        return oauth.redeem(code)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(redeem, range(6)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert oauth.userinfo(good[0]["access_token"]).status_code == 401


def test_a_code_is_good_for_a_minute(oauth: Ground) -> None:
    browser = oauth.browser(oauth.person())
    code = oauth.code(browser)
    wait(oauth, 61)
    assert reason(oauth.redeem(code)) == (400, "invalid_grant")


def test_a_code_of_another_client_is_of_no_use_and_stays_good_for_its_own(oauth: Ground) -> None:
    client, secret = oauth.client(confidential=True)
    assert secret
    code = oauth.code(oauth.browser(oauth.person()))
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": f"{oauth.url}/auth",
        "code_verifier": VERIFIER,
    }
    assert reason(oauth.post("token", (client.id, secret), **form)) == (400, "invalid_grant")
    assert reason(oauth.redeem(code, client_id="limber-cli")) == (400, "invalid_grant")
    assert oauth.redeem(code).status_code == 200


@pytest.mark.parametrize("code", ["", "x", "x" * 43, "x" * 1600, "a\x00b", "é", "' OR 1=1 --"])
def test_what_is_no_code_is_refused(oauth: Ground, code: str) -> None:
    assert reason(oauth.redeem(code))[0] == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": ""}, {"code_verifier": "w" * 43}, {"code_verifier": challenge()},
        {"code_verifier": "v" * 42}, {"code_verifier": "v" * 129}, {"redirect_uri": "limber://auth"},
        {"redirect_uri": ""}, {"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}, {"client_id": ""},
        {"client_secret": "guess"}, {"grant_type": "password"}, {"grant_type": "implicit"},
        {"grant_type": "client_credentials"}, {"grant_type": ""}, {"grant_type": "é\x7f"},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_request_that_differs_from_the_authorization_is_refused(
    oauth: Ground, changed: dict[str, str]
) -> None:
    code = oauth.code(oauth.browser(oauth.person()))
    status, error = reason(oauth.redeem(code, **changed))
    assert status in (400, 401)
    assert error in ("invalid_request", "invalid_grant", "invalid_client", "unsupported_grant_type")
    assert oauth.redeem(code).status_code == 200, "it was not used up"


def test_parameters_count_in_the_body_only(oauth: Ground) -> None:
    code = oauth.code(oauth.browser(oauth.person()))
    form = {"grant_type": "authorization_code", "client_id": "limber-app", "redirect_uri": f"{oauth.url}/auth",
            "code_verifier": VERIFIER, "code": code}  # fmt: skip
    assert reason(new_session().post(f"{oauth.url}/oauth/token?{urlencode(form)}"))[0] == 400
    assert reason(new_session().post(f"{oauth.url}/oauth/token", json=form))[0] == 400
    assert new_session().get(f"{oauth.url}/oauth/token", params=form).status_code == 405


@pytest.mark.parametrize("name", ["code", "code_verifier", "redirect_uri", "client_id", "grant_type"])
def test_a_parameter_that_comes_twice_is_refused(oauth: Ground, name: str) -> None:
    code = oauth.code(oauth.browser(oauth.person()))
    form = [("grant_type", "authorization_code"), ("client_id", "limber-app"), ("redirect_uri", f"{oauth.url}/auth"),
            ("code_verifier", VERIFIER), ("code", code)]  # fmt: skip
    twice = [*form, (name, dict(form)[name])]
    assert reason(new_session().post(f"{oauth.url}/oauth/token", data=twice)) == (400, "invalid_request")


# --- the authorization request ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "a" * 44}, "invalid_request"),
        ({"code_challenge": "é" * 43}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": 'é"\\'}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "sync root"}, "invalid_scope"),
        ({"scope": "sync admin"}, "invalid_scope"),
        ({"scope": 'é"\\'}, "invalid_scope"),
        ({"scope": "physio"}, "access_denied"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "²"}, "invalid_request"),
        ({"request": "eyJ.e30.x"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/"}, "request_uri_not_supported"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_request_is_told_to_its_client(
    oauth: Ground, changed: dict[str, str | None], error: str
) -> None:
    told = landed(oauth.authorize(oauth.browser(oauth.person()), **changed))
    assert (told["error"], told["state"], told["iss"]) == (error, "st-1", oauth.url)
    assert "code" not in told


FOREIGN = [
    "https://evil.example/", "https://evil.example/auth", "limber://auth/", "limber://auth?x=1", "limber://auth#x",
    "limber://auth.evil.example", "LIMBER://auth", "limber:auth", "javascript:alert(1)", "data:text/html,x",
    "//evil.example", "http://127.0.0.1/evil", "http://127.0.0.1:80@evil.example/callback",
    "http://127.0.0.1:8000\\@evil.example/callback",
    "http://127.0.0.1.evil.example/callback", "http://localhost:5000/callback", "http://user@127.0.0.1:5/callback",
    "https://127.0.0.1:5000/callback", "http://127.0.0.1:5000/callback/../evil", "http://127.0.0.1:5000/callback?x=1",
    "http://127.0.0.1:5000/callback#x", "http://127.0.0.1:5000/CALLBACK", "http://127.0.0.1:123456/callback",
    "http://127.0.0.1:５/callback", "http://0x7f000001/callback", "http://[::ffff:127.0.0.1]/callback",
    "http://[::1]:5/other",
    "http://127.0.0.1:5000/callback\r\nX: y", "http://127.0.0.1:5000/callback\x00", " limber://auth", "limber://auth ",
    "",
]  # fmt: skip


@pytest.mark.parametrize("uri", FOREIGN)
def test_an_address_that_is_not_the_clients_gets_nothing_not_even_an_error(oauth: Ground, uri: str) -> None:
    for more in ({}, {"response_type": "token"}, {"prompt": "none"}):
        answer = oauth.authorize(oauth.browser(oauth.person()), redirect_uri=uri, **more)
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert "Refresh" not in answer.headers
        assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("name", ["nobody", "", "limber-app ", "a\x00b", "x" * 1600])
def test_a_client_that_is_not_known_gets_a_page(oauth: Ground, name: str) -> None:
    answer = oauth.authorize(oauth.browser(oauth.person()), client_id=name)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    "name", ["redirect_uri", "client_id", "state", "scope", "code_challenge", "nonce", "prompt"]
)
def test_a_request_with_a_parameter_twice_leads_nowhere(oauth: Ground, name: str) -> None:
    twice = [*oauth.request().items(), (name, "https://evil.example/"), (name, "x")]
    answer = oauth.browser(oauth.person()).get(
        f"{oauth.url}/oauth/authorize", params=twice, allow_redirects=False
    )
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_state_comes_back_unchanged_and_splits_nothing(oauth: Ground) -> None:
    state = 'a b&code=evil#"<é>\r\nX-Evil: 1'
    answer = oauth.authorize(oauth.browser(oauth.person()), state=state)
    assert landed(answer)["state"] == state
    assert "X-Evil" not in answer.headers


def test_the_issuer_is_ours_whatever_host_is_asked_for(oauth: Ground) -> None:
    """A client that talks to two servers can tell which one answered: RFC 9207, and no issuer out of a header."""
    browser = oauth.browser(oauth.person())
    browser.headers.update(
        {
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "https",
        }
    )
    told = landed(oauth.authorize(browser))
    assert told["iss"] == oauth.url
    found = browser.get(f"{oauth.url}/.well-known/openid-configuration").json()
    assert all("evil" not in str(value) for value in found.values())
    given = browser.post(
        f"{oauth.url}/oauth/token",
        {"grant_type": "authorization_code", "client_id": "limber-app", "redirect_uri": f"{oauth.url}/auth",
         "code_verifier": VERIFIER, "code": told["code"]},
    ).json()  # fmt: skip
    for token in (given["access_token"], given["id_token"]):
        assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["iss"] == oauth.url


# --- other sites, frames and links -----------------------------------------------------------------------


def test_the_consent_form_cannot_be_sent_by_another_site(oauth: Ground) -> None:
    browser = oauth.browser(oauth.person())
    client, _ = oauth.client()
    query = oauth.request(client_id=client.id, redirect_uri=STRETCHR)
    stranger = oauth.browser(oauth.person())
    theirs = oauth.authorize(stranger, client_id=client.id, redirect_uri=STRETCHR)
    csrf = theirs.text.split('name="csrf" value="')[1].split('"')[0]
    for form in (
        {"decision": "allow"},
        {"decision": "allow", "csrf": ""},
        {"decision": "allow", "csrf": csrf},
    ):
        answer = browser.post(f"{oauth.url}/oauth/authorize", params=query, data=form, allow_redirects=False)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_form_that_the_browser_says_comes_from_another_site_is_refused(oauth: Ground) -> None:
    browser = oauth.browser(oauth.person())
    page = oauth.authorize(browser, redirect_uri="limber://auth")
    browser.headers["Sec-Fetch-Site"] = "cross-site"
    assert oauth.click(browser, page).status_code == 400


def test_a_yes_is_for_the_request_that_was_shown_and_is_checked_again(oauth: Ground) -> None:
    """Whoever changes the form's address gets what a new request would: nothing foreign."""
    browser = oauth.browser(oauth.person())
    page = oauth.authorize(browser, redirect_uri="limber://auth")
    csrf = page.text.split('name="csrf" value="')[-1].split('"')[0]
    query = oauth.request(redirect_uri="https://evil.example/")
    answer = browser.post(
        f"{oauth.url}/oauth/authorize",
        params=query,
        data={"decision": "allow", "csrf": csrf},
        allow_redirects=False,
    )
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_pages_cannot_be_framed_cached_or_leaked_by_referrer(oauth: Ground) -> None:
    page = oauth.authorize(oauth.browser(oauth.person()), redirect_uri="limber://auth")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_the_login_cookie_is_for_the_server_alone(oauth: Ground) -> None:
    """Read by no script, sent by no other site's form, and never taken from who has not signed in."""
    answer = oauth.browser(None).get(f"{oauth.url}/account/login")
    browser = oauth.browser(None)
    browser.cookies.set("limber_login", "chosen-by-somebody-else")
    assert oauth.authorize(browser).headers["Location"].startswith("/account/login")
    assert "limber_login" not in answer.headers.get("Set-Cookie", "")
