"""The web app's sign-in: what lasts is in a cookie that no script reads, and serves the app on our origin only."""

import pytest
import requests

from server.accounts.web_session import PATH
from tests.accounts.oauth_ground import VERIFIER, Ground, new_session, reason


def ask(oauth: Ground, browser: requests.Session, what: str = "token", **form: str) -> requests.Response:
    """What the page at our origin asks."""
    return browser.post(f"{oauth.url}{PATH}/{what}", data=form, headers={"Origin": oauth.url})


def signed_in(oauth: Ground) -> tuple[requests.Session, requests.Response]:
    """A browser whose app redeemed a code, and the answer."""
    code, app = oauth.code(oauth.browser(oauth.person())), new_session()
    redeem = {"grant_type": "authorization_code", "redirect_uri": f"{oauth.url}/auth", "code": code}
    return app, ask(oauth, app, code_verifier=VERIFIER, **redeem)


def renew(oauth: Ground, app: requests.Session) -> requests.Response:
    return ask(oauth, app, grant_type="refresh_token")


def test_the_page_gets_the_access_token_and_the_browser_keeps_the_refresh_token(oauth: Ground) -> None:
    app, answer = signed_in(oauth)
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert oauth.userinfo(answer.json()["access_token"]).status_code == 200
    told = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", f"Path={PATH}"} <= {part.strip() for part in told.split(";")}
    assert app.cookies["limber_app"] not in answer.text


def test_each_renewal_replaces_the_cookie(oauth: Ground) -> None:
    app, _ = signed_in(oauth)
    before = app.cookies["limber_app"]
    answer = renew(oauth, app)
    assert answer.status_code == 200
    assert oauth.userinfo(answer.json()["access_token"]).status_code == 200
    assert app.cookies["limber_app"] != before
    assert renew(oauth, app).status_code == 200


def test_a_cookie_that_is_replayed_ends_the_sign_in_and_is_taken_back(oauth: Ground) -> None:
    app, _ = signed_in(oauth)
    thief = new_session()
    thief.cookies.update(app.cookies)
    newer = renew(oauth, app).json()["access_token"]
    assert reason(renew(oauth, thief)) == (400, "invalid_grant")
    assert "limber_app" not in thief.cookies
    assert oauth.userinfo(newer).status_code == 401
    assert reason(renew(oauth, app)) == (400, "invalid_grant")


def test_signing_out_ends_the_tokens_and_the_cookie(oauth: Ground) -> None:
    app, answer = signed_in(oauth)
    assert ask(oauth, app, "end").status_code == 200
    assert "limber_app" not in app.cookies
    assert oauth.userinfo(answer.json()["access_token"]).status_code == 401
    assert reason(renew(oauth, app)) == (400, "invalid_grant")
    assert ask(oauth, app, "end").status_code == 200, "doing it twice is no error"


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example"])
def test_no_other_page_can_use_the_cookie(oauth: Ground, origin: str | None) -> None:
    app, _ = signed_in(oauth)
    headers = {} if origin is None else {"Origin": origin}
    for what in ("token", "end"):
        form = {"grant_type": "refresh_token"}
        answer = app.post(f"{oauth.url}{PATH}/{what}", data=form, headers=headers)
        assert reason(answer) == (400, "unauthorized_client")
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert renew(oauth, app).status_code == 200, "and nothing of it was used up"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "password"},
        {"grant_type": "refresh_token", "refresh_token": "x.y"},
        {"grant_type": "refresh_token", "client_id": "limber-cli"},
    ],
)
def test_what_the_app_never_sends_is_refused(oauth: Ground, form: dict[str, str]) -> None:
    app, _ = signed_in(oauth)
    assert reason(ask(oauth, app, **form)) == (400, "invalid_request")
    assert renew(oauth, app).status_code == 200


def test_a_browser_without_a_cookie_is_told_that_nobody_is_signed_in(oauth: Ground) -> None:
    assert reason(renew(oauth, new_session())) == (400, "invalid_grant")


def test_a_program_cannot_renew_its_own_token_here(oauth: Ground) -> None:
    other, secret = oauth.client(confidential=False)
    assert secret is None
    redirect = "https://stretchr.example/cb"
    whom = oauth.person()
    code = oauth.code(
        oauth.browser(whom), client_id=other.id, redirect_uri=redirect, scope="openid offline_access"
    )
    given = oauth.redeem(code, client_id=other.id, redirect_uri=redirect).json()
    browser = new_session()
    browser.cookies.set("limber_app", given["refresh_token"], path=PATH)
    assert reason(renew(oauth, browser)) == (400, "invalid_grant")
    ask(oauth, browser, "end")
    assert oauth.userinfo(given["access_token"]).status_code == 200, "nor end it"
