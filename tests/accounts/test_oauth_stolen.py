"""What must not work with what was stolen, forged or made up: refresh tokens, access tokens, secrets of clients."""

import base64
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey

from server.accounts.tables import oauth_code, token_family
from server.auth import load_keys
from tests.accounts.oauth_ground import VERIFIER, Ground, new_session, reason

STRETCHR = "https://stretchr.example/cb"


def wait(oauth: Ground, seconds: int) -> None:
    """The same as if that much time had passed for every code and family."""
    with oauth.engine.begin() as conn:
        for table in (oauth_code, token_family):
            conn.exec_driver_sql(f"UPDATE {table.name} SET expires_at = expires_at - interval '{seconds} s'")


# --- refresh tokens --------------------------------------------------------------------------------------


def test_a_stolen_refresh_token_used_twice_ends_the_family(oauth: Ground) -> None:
    first = oauth.tokens(oauth.person())
    second = oauth.refresh(first["refresh_token"]).json()
    third = oauth.refresh(second["refresh_token"]).json()
    assert reason(oauth.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert reason(oauth.refresh(third["refresh_token"])) == (400, "invalid_grant")
    for each in (first, second, third):
        assert oauth.userinfo(each["access_token"]).status_code == 401


def test_of_many_refreshes_at_once_one_wins_and_the_family_ends(oauth: Ground) -> None:
    """One locked transaction each: no two of them ever see the token unused."""
    for _ in range(5):
        token, barrier = oauth.tokens(oauth.person())["refresh_token"], threading.Barrier(8)

        def refresh(_: int, token: str = token, barrier: threading.Barrier = barrier) -> requests.Response:
            barrier.wait()
            return oauth.refresh(token)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(refresh, range(8)))
        good = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(good) == 1
        assert {answer.status_code for answer in answers} == {200, 400}
        assert reason(oauth.refresh(good[0]["refresh_token"])) == (400, "invalid_grant")


def test_a_refresh_token_of_another_client_is_neither_used_nor_ended(oauth: Ground) -> None:
    client, secret = oauth.client(confidential=True)
    assert secret
    token = oauth.tokens(oauth.person())["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert reason(oauth.post("token", (client.id, secret), **form)) == (400, "invalid_grant")
    assert reason(oauth.refresh(token, client_id="limber-cli")) == (400, "invalid_grant")
    assert oauth.refresh(token).status_code == 200


def test_a_refresh_token_expires_unless_it_is_used(oauth: Ground) -> None:
    token = oauth.tokens(oauth.person())["refresh_token"]
    wait(oauth, 60 * 86400)
    assert reason(oauth.refresh(token)) == (400, "invalid_grant")


def test_a_family_ends_after_a_year_however_often_it_is_used(oauth: Ground) -> None:
    mia = oauth.person()
    token = oauth.tokens(mia)["refresh_token"]
    with oauth.engine.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE token_family SET created_at = created_at - interval '364 days 23 hours' WHERE account = %s",
            (mia,),
        )
    newer = oauth.refresh(token).json()["refresh_token"]
    wait(oauth, 3601)
    assert reason(oauth.refresh(newer)) == (400, "invalid_grant")


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "x" * 1600, "\x00", "é.é"])
def test_what_is_no_refresh_token_is_refused(oauth: Ground, token: str) -> None:
    assert reason(oauth.refresh(token))[0] == 400


def test_who_knows_half_of_a_refresh_token_knows_nothing(oauth: Ground) -> None:
    token = oauth.tokens(oauth.person())["refresh_token"]
    other = oauth.tokens(oauth.person())["refresh_token"]
    assert reason(oauth.refresh("x" * 22 + "." + token.partition(".")[2])) == (400, "invalid_grant")
    assert oauth.refresh(token).status_code == 200
    assert oauth.refresh(other).status_code == 200


def test_a_refresh_gives_no_more_than_was_granted_and_the_token_is_not_used_up_by_asking(
    oauth: Ground,
) -> None:
    token = oauth.tokens(oauth.person("physio"))["refresh_token"]
    assert reason(oauth.refresh(token, scope="openid sync physio")) == (400, "invalid_scope")
    less = oauth.refresh(token, scope="sync").json()
    assert less["scope"] == "sync"
    assert "openid" in oauth.refresh(less["refresh_token"]).json()["scope"]


# --- access tokens ---------------------------------------------------------------------------------------


def forged(oauth: Ground, claims: dict[str, Any], **header: Any) -> str:
    key = load_keys(oauth.settings.token_key).keys[0]
    made = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid} | header
    return jwt.encode(made, claims, key, [made["alg"]], default_type=None)


def test_tokens_that_were_tampered_with_are_refused(oauth: Ground) -> None:
    """Expired, another audience, another issuer, none, HS256 with our public key, another key, a changed letter."""
    mia = oauth.person()
    good = oauth.tokens(mia)
    token = good["access_token"]
    head, body, mark = token.split(".")
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    key = load_keys(oauth.settings.token_key).keys[0]
    assert isinstance(key, ECKey)
    stranger = ECKey.generate_key("P-256")

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    hs = {"alg": "HS256", "typ": "at+jwt", "kid": key.kid}
    mac = hmac.digest(key.as_pem(private=False), f"{part(hs)}.{body}".encode(), "sha256")
    attacks = {
        "expired": forged(oauth, told | {"iat": told["iat"] - 9999, "exp": told["iat"] - 9000}),
        "audience": forged(oauth, told | {"aud": "urn:other"}),
        "issuer": forged(oauth, told | {"iss": "https://evil.example"}),
        "typ": forged(oauth, told, typ="JWT"),
        "none": f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': key.kid})}.{body}.",
        "stripped": f"{head}.{body}.",
        "hs256": f"{part(hs)}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        "another key": jwt.encode(
            {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, told, stranger, ["ES256"]
        ),
        "its own key": jwt.encode(
            {"alg": "ES256", "typ": "at+jwt", "jwk": stranger.as_dict(private=False)},
            told,
            stranger,
            ["ES256"],
        ),
        "more roles": f"{head}.{part(told | {'roles': ['admin']})}.{mark}",
        "an id token": good["id_token"],
        "a refresh token": good["refresh_token"],
        "twice": f"{token}.{token}",
        "nothing": ".",
    }
    for name, attack in attacks.items():
        answer = oauth.userinfo(attack)
        assert (answer.status_code, "invalid_token" in answer.headers["WWW-Authenticate"]) == (401, True), (
            name
        )
    assert oauth.userinfo(token).status_code == 200


def test_a_token_without_the_scope_is_told_which_one_is_missing(oauth: Ground) -> None:
    token = oauth.tokens(oauth.person("ml_engineer"), scope="sync")["access_token"]
    answer = new_session().get(f"{oauth.url}/v1/models/status", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="models"' in answer.headers["WWW-Authenticate"]


def test_a_scope_without_the_role_opens_nothing(oauth: Ground) -> None:
    """Were a token with too much ever signed, the role would still be missing."""
    told: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(oauth.tokens(oauth.person())["access_token"].split(".")[1] + "==")
    )
    token = forged(oauth, told | {"scope": "models", "roles": ["member"]})
    answer = new_session().get(f"{oauth.url}/v1/models/status", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["roles"]) == (403, ["ml_engineer", "admin"])


def test_a_token_in_the_address_or_in_a_form_does_not_count(oauth: Ground) -> None:
    token = oauth.tokens(oauth.person())["access_token"]
    assert new_session().get(f"{oauth.url}/oauth/userinfo", params={"access_token": token}).status_code == 401
    assert new_session().post(f"{oauth.url}/oauth/userinfo", data={"access_token": token}).status_code == 401


# --- clients ---------------------------------------------------------------------------------------------


def test_a_client_must_show_its_secret_once_and_in_one_way(oauth: Ground) -> None:
    client, secret = oauth.client(confidential=True)
    assert secret
    code = oauth.code(oauth.browser(oauth.person()), client_id=client.id, redirect_uri=STRETCHR)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": STRETCHR,
        "code_verifier": VERIFIER,
    }
    wrong = oauth.post("token", (client.id, "guess"), **form)
    assert reason(wrong) == (401, "invalid_client")
    assert wrong.headers["WWW-Authenticate"].startswith("Basic")
    assert reason(oauth.post("token", client_id=client.id, **form))[1] == "invalid_client"
    assert reason(oauth.post("token", client_id=client.id, client_secret="x", **form))[1] == "invalid_client"
    both = oauth.post("token", (client.id, secret), client_secret=secret, **form)
    assert reason(both) == (400, "invalid_request")
    assert oauth.post("token", (client.id, secret), **form).status_code == 200


def test_secrets_are_nowhere_in_the_database(oauth: Ground) -> None:
    _, secret = oauth.client(confidential=True)
    browser = oauth.browser(oauth.person())
    code = oauth.code(browser)
    given = oauth.redeem(code).json()
    device = oauth.post("device_authorization", client_id="limber-cli", scope="sync").json()
    secrets = [secret or "", code, given["refresh_token"], given["access_token"], browser.cookies["limber_login"],
               device["device_code"], device["user_code"].replace("-", "")]  # fmt: skip
    with oauth.engine.connect() as conn:
        for (table,) in conn.exec_driver_sql(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).all():
            rows = "\n".join(
                row[0] for row in conn.exec_driver_sql(f"SELECT row_to_json(t)::text FROM {table} t")
            )
            for each in secrets:
                assert each not in rows, table
                assert each.encode().hex() not in rows, table
