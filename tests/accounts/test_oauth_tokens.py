"""The end of tokens: revoked, asked about, withdrawn with a consent, a role or an account, and all within seconds."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from server.accounts import clients, codes, people, tokens
from server.accounts.expiry import forget
from server.accounts.tables import account, token_denial, token_family
from server.auth import REMEMBERED, KeyFile, TokenInvalid, Verifier, create_token_key, mint
from server.db import write
from server.settings import Settings
from tests.accounts.oauth_ground import Ground, reason

NOW = 1_800_000_000.0
STRETCHR = "https://stretchr.example/cb"


def ended(oauth: Ground, given: dict[str, Any], client_id: str = "limber-app") -> bool:
    """Whether nothing of what was given is good any more; half of it would be a failure."""
    access = oauth.userinfo(given["access_token"]).status_code == 401
    refresh = oauth.refresh(given["refresh_token"], client_id=client_id).status_code == 400
    assert access is refresh
    return access


# --- revocation (RFC 7009) -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "urn:unknown"])
def test_revoking_either_token_ends_the_whole_grant(oauth: Ground, kind: str, hint: str | None) -> None:
    mia = oauth.person()
    given, other = oauth.tokens(mia), oauth.tokens(mia)
    form = {"token": given[kind], "client_id": "limber-app"} | ({"token_type_hint": hint} if hint else {})
    assert oauth.post("revoke", **form).status_code == 200
    assert ended(oauth, given)
    assert not ended(oauth, other), "her other device stays signed in"
    assert oauth.post("revoke", **form).status_code == 200, "doing it twice is no error"


def test_an_old_refresh_token_revokes_the_grant_as_well(oauth: Ground) -> None:
    given = oauth.tokens(oauth.person())
    newer = oauth.refresh(given["refresh_token"]).json()
    assert oauth.post("revoke", token=given["refresh_token"], client_id="limber-app").status_code == 200
    assert ended(oauth, newer)


def test_what_is_no_token_is_revoked_without_a_word(oauth: Ground) -> None:
    for token in ("x", "x.y", "x.y.z"):
        assert oauth.post("revoke", token=token, client_id="limber-app").status_code == 200
    assert reason(oauth.post("revoke", client_id="limber-app")) == (400, "invalid_request")
    assert reason(oauth.post("revoke", token="x"))[1] == "invalid_client"


def test_a_client_cannot_revoke_what_another_was_given(oauth: Ground) -> None:
    client, secret = oauth.client(confidential=True)
    assert secret
    given = oauth.tokens(oauth.person())
    for kind in ("access_token", "refresh_token"):
        assert reason(oauth.post("revoke", (client.id, secret), token=given[kind])) == (400, "invalid_grant")
    assert not ended(oauth, given)


def test_an_operators_token_is_not_revoked_and_that_is_said(oauth: Ground) -> None:
    token = mint(oauth.settings, "mia", ["member"], 60)
    assert (
        oauth.post("revoke", token=token, client_id="limber-cli").json()["error"] == "unsupported_token_type"
    )


# --- introspection (RFC 7662) ----------------------------------------------------------------------------


@pytest.fixture
def resource(oauth: Ground) -> tuple[str, str]:
    """Id and secret of a resource server that may ask."""
    client, secret = oauth.client(confidential=True, introspects=True, redirect_uris=[], scopes=[], grants=[])
    assert secret
    return client.id, secret


def test_a_resource_server_learns_what_a_token_is(oauth: Ground, resource: tuple[str, str]) -> None:
    mia = oauth.person("physio")
    given = oauth.tokens(mia, scope="offline_access sync physio")
    told = oauth.post("introspect", resource, token=given["access_token"]).json()
    assert told["exp"] - told.pop("iat") == 600
    del told["exp"]
    assert told == {
        "active": True, "token_type": "Bearer", "iss": oauth.url, "sub": str(mia), "client_id": "limber-app",
        "aud": "urn:limber:api", "scope": "offline_access sync physio", "roles": ["member", "physio"],
    }  # fmt: skip
    told = oauth.post("introspect", resource, token=given["refresh_token"]).json()
    assert (told["active"], told["token_type"], told["sub"]) == (True, "refresh_token", str(mia))


def test_what_is_not_good_is_inactive_and_nothing_else_is_said(
    oauth: Ground, resource: tuple[str, str]
) -> None:
    given = oauth.tokens(oauth.person())
    newer = oauth.refresh(given["refresh_token"]).json()
    expired = mint(oauth.settings, "mia", ["member"], 60, time.time() - 600)
    for token in ("x", "x.y.z", given["refresh_token"], expired, given["id_token"]):
        assert oauth.post("introspect", resource, token=token).json() == {"active": False}
    oauth.post("revoke", token=newer["refresh_token"], client_id="limber-app")
    for kind in ("access_token", "refresh_token"):
        assert oauth.post("introspect", resource, token=newer[kind]).json() == {"active": False}


def test_only_registered_resource_servers_may_ask(oauth: Ground, resource: tuple[str, str]) -> None:
    token = oauth.tokens(oauth.person())["access_token"]
    client, secret = oauth.client(confidential=True)
    assert secret
    for auth in ((client.id, secret), (resource[0], "guess"), ("limber-app", ""), None):
        status, error = reason(oauth.post("introspect", auth, token=token))
        assert (status, error) == (401, "invalid_client")
    assert reason(oauth.post("introspect", token=token, client_id="limber-app"))[0] == 401
    assert reason(oauth.post("introspect", resource))[1] == "invalid_request"


# --- accounts, roles, consents ---------------------------------------------------------------------------


def change(oauth: Ground, work: Callable[[Any], Any]) -> Any:
    return write(oauth.engine, work)


def test_a_disabled_account_is_out_at_once_everywhere(oauth: Ground) -> None:
    mia, tom = oauth.person(), oauth.person()
    given, others, browser = oauth.tokens(mia), oauth.tokens(tom), oauth.browser(mia)
    code = oauth.code(browser)
    assert oauth.userinfo(given["access_token"]).status_code == 200
    change(oauth, lambda conn: people.disable(conn, mia, datetime.now(UTC)))
    assert ended(oauth, given)
    assert not ended(oauth, others)
    assert reason(oauth.redeem(code)) == (400, "invalid_grant")
    assert oauth.authorize(browser).headers["Location"].startswith("/account/login")


def test_an_account_that_is_enabled_again_signs_in_anew(oauth: Ground) -> None:
    mia = oauth.person()
    given = oauth.tokens(mia)
    change(oauth, lambda conn: people.disable(conn, mia, datetime.now(UTC)))
    change(oauth, lambda conn: people.enable(conn, mia))
    assert ended(oauth, given), "what was issued before stays refused"
    assert oauth.tokens(mia)["refresh_token"]


def test_an_erased_account_is_out_at_once(oauth: Ground) -> None:
    """By whatever statement: a trigger sees to it."""
    mia = oauth.person()
    given = oauth.tokens(mia)
    change(oauth, lambda conn: conn.execute(account.delete().where(account.c.id == mia)))
    assert ended(oauth, given)


def test_a_role_that_is_taken_away_is_gone_from_tokens_that_are_out(oauth: Ground) -> None:
    mia = oauth.person("ml_engineer")
    given = oauth.tokens(mia)
    email = change(oauth, lambda conn: people.find(conn, mia)).email
    change(oauth, lambda conn: people.revoke_role(conn, email, "ml_engineer"))
    assert oauth.userinfo(given["access_token"]).status_code == 401
    with oauth.engine.begin() as conn:  # as if the second in which it happened were over
        conn.execute(token_denial.update().values(issued_until=datetime.fromtimestamp(0, UTC)))
    newer = oauth.refresh(given["refresh_token"])
    assert newer.status_code == 200, "the sign-in itself goes on"
    assert oauth.userinfo(newer.json()["access_token"]).status_code == 200


def test_a_role_that_is_given_is_in_the_next_token_and_ends_none(oauth: Ground) -> None:
    mia = oauth.person()
    given = oauth.tokens(mia, scope="openid offline_access sync physio")
    assert given["scope"] == "openid offline_access sync"
    email = change(oauth, lambda conn: people.find(conn, mia)).email
    assert change(oauth, lambda conn: people.grant_role(conn, email, "physio"))
    assert not change(oauth, lambda conn: people.grant_role(conn, email, "physio"))
    assert oauth.userinfo(given["access_token"]).status_code == 200
    newer = oauth.refresh(given["refresh_token"]).json()
    found = oauth.app.extensions["limber"].verifier.subject(newer["access_token"])
    assert (found.roles, "physio" in found.scopes) == ({"member", "physio"}, True), (
        "what our app had asked for"
    )


def test_a_consent_that_is_taken_back_ends_what_it_gave(oauth: Ground) -> None:
    mia = oauth.person()
    client, _ = oauth.client()
    browser = oauth.browser(mia)
    code = oauth.code(browser, client_id=client.id, redirect_uri=STRETCHR)
    given = oauth.redeem(code, client_id=client.id, redirect_uri=STRETCHR).json()
    ours = oauth.tokens(mia)
    assert [row[0] for row in change(oauth, lambda conn: codes.list_consents(conn, mia))] == [client.id]
    assert change(oauth, lambda conn: codes.withdraw_consent(conn, mia, client.id, datetime.now(UTC))) == 1
    assert ended(oauth, given, client.id)
    assert not ended(oauth, ours)
    assert oauth.authorize(browser, client_id=client.id, redirect_uri=STRETCHR).status_code == 200, (
        "it asks again"
    )


def test_a_program_that_is_signed_out_by_the_person_has_to_ask_again(oauth: Ground) -> None:
    mia = oauth.person()
    client, _ = oauth.client()
    browser = oauth.browser(mia)
    asked = {"client_id": client.id, "redirect_uri": STRETCHR}
    for why, status in (("revoked", 303), ("withdrawn", 200)):
        oauth.redeem(oauth.code(browser, **asked), **asked)
        (family,) = change(oauth, lambda conn: tokens.families(conn, mia, datetime.now(UTC)))
        end = partial(tokens.revoke_family, family=family.id, reason=why, now=datetime.now(UTC))
        assert change(oauth, end)
        assert oauth.authorize(browser, **asked).status_code == status


def test_a_client_that_is_removed_has_nothing_left(oauth: Ground) -> None:
    client, _ = oauth.client()
    code = oauth.code(oauth.browser(oauth.person()), client_id=client.id, redirect_uri=STRETCHR)
    given = oauth.redeem(code, client_id=client.id, redirect_uri=STRETCHR).json()
    assert change(oauth, lambda conn: clients.remove_client(conn, client.id, datetime.now(UTC))) == 1
    assert oauth.userinfo(given["access_token"]).status_code == 401
    assert reason(oauth.refresh(given["refresh_token"], client_id=client.id))[1] == "invalid_client"


def test_an_account_sees_and_ends_all_its_sign_ins(oauth: Ground) -> None:
    mia = oauth.person()
    both = [oauth.tokens(mia), oauth.tokens(mia)]
    assert len(change(oauth, lambda conn: tokens.families(conn, mia, datetime.now(UTC)))) == 2
    assert change(oauth, lambda conn: tokens.revoke_account(conn, mia, datetime.now(UTC))) == 2
    assert all(ended(oauth, given) for given in both)
    assert change(oauth, lambda conn: tokens.families(conn, mia, datetime.now(UTC))) == []


# --- what a process remembers ----------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    made = Settings(data=tmp_path)
    create_token_key(made.token_key)
    return made


def test_a_token_that_was_seen_costs_microseconds(settings: Settings) -> None:
    verifier = Verifier(settings.issuer, KeyFile(settings.token_key, 1.0), dict)
    token = mint(settings, str(uuid.uuid4()), ["member"], 600)
    verifier.subject(token)
    best = min(timed(verifier, token) for _ in range(5))
    assert best < 50e-6, f"{best * 1e6:.1f} µs"


def timed(verifier: Verifier, token: str, times: int = 200) -> float:
    began = time.perf_counter()
    for _ in range(times):
        verifier.subject(token)
    return (time.perf_counter() - began) / times


def test_a_token_that_was_seen_still_expires_and_is_still_withdrawn(settings: Settings) -> None:
    moment, denied = [NOW], dict[str, float]()
    verifier = Verifier(settings.issuer, KeyFile(settings.token_key, 1.0), lambda: denied, lambda: moment[0])
    token = mint(settings, "mia", ["member"], 60, NOW)
    verifier.subject(token)
    denied["account:mia"] = NOW - 1
    verifier.subject(token)  # issued after that
    denied["account:mia"] = NOW
    with pytest.raises(TokenInvalid, match="withdrawn"):
        verifier.subject(token)
    denied.clear()
    moment[0] = NOW + 66
    with pytest.raises(TokenInvalid, match="expired"):
        verifier.subject(token)


def test_a_process_remembers_a_bounded_number_of_tokens(settings: Settings) -> None:
    verifier = Verifier(settings.issuer, KeyFile(settings.token_key, 1.0), dict)
    found = verifier.subject(mint(settings, "mia", ["member"], 60))
    for number in range(REMEMBERED + 10):
        verifier._remember(number.to_bytes(32, "big"), found, time.time())
        assert len(verifier._known) <= REMEMBERED


def test_what_has_long_expired_is_forgotten_a_little_at_a_time(oauth: Ground) -> None:
    mia = oauth.person()
    for _ in range(3):
        oauth.tokens(mia)
    with oauth.engine.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE token_family SET expires_at = expires_at - interval '200 days' WHERE account = %s", (mia,)
        )
    with oauth.engine.begin() as conn:
        while forget(conn, token_family.c.expires_at, datetime.now(UTC)):
            pass
        left = conn.exec_driver_sql(
            "SELECT count(*) FROM token_family WHERE account = %s", (mia,)
        ).scalar_one()
    assert left == 0
