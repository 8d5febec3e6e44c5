"""Who gets to the desk, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from server.accounts import people
from server.accounts.people import grant_role, revoke_role
from server.desk import page, session
from tests.desk.conftest import Editor, sit_down
from tests.server.conftest import Limber

AtDesk = Callable[..., Editor]


def test_a_stranger_is_led_through_the_sign_in_of_our_own_provider(limber: Limber) -> None:
    first = limber.client.get("/desk/exercises?q=calf")
    assert (first.status_code, first.location) == (303, "/desk/sign-in?next=%2Fdesk%2Fexercises%3Fq%3Dcalf")
    asked = limber.client.get(first.location)
    parts = urlsplit(asked.location)
    wish = parse_qs(parts.query)
    assert parts.path == "/oauth/authorize"
    assert wish["client_id"] == ["limber-desk"]
    assert wish["scope"] == ["openid catalog"]
    assert wish["code_challenge_method"] == ["S256"]
    assert len(wish["state"][0]) > 20
    assert len(wish["nonce"][0]) > 20


def test_an_editor_who_is_signed_in_comes_to_where_they_wanted(limber: Limber) -> None:
    editor = sit_down(limber, "editor", signed_in=False)
    found = editor.get("/desk/exercises?q=calf")
    assert (found.status, found.path) == (200, "/desk/exercises")
    assert "Ana" in found.words
    (cookie,) = [each for each in found.response.request.cookies if each == "limber_desk"]
    stored = editor.client.get_cookie(cookie)
    assert stored is not None
    assert stored.http_only
    assert stored.same_site == "Lax"


def test_a_member_is_told_which_role_is_needed_and_comes_in_once_it_is_given(limber: Limber) -> None:
    member = sit_down(limber, signed_in=False)
    refused = member.get("/desk/")
    assert refused.status == 403
    assert "needs the role physio or editor or admin" in refused.words
    with limber.engine.begin() as conn:
        grant_role(conn, member.email, "editor")
    assert member.get("/desk/").status == 200


def test_a_role_that_is_taken_away_counts_at_the_next_request(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    assert editor.get("/desk/").status == 200
    with limber.engine.begin() as conn:
        revoke_role(conn, editor.email, "editor")
    refused = editor.get("/desk/")
    assert refused.status == 403
    assert "Overview" not in refused.words


def test_a_closed_account_is_out_at_once(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    with limber.engine.begin() as conn:
        people.disable(conn, editor.account, datetime.now(UTC))
    assert editor.client.get("/desk/").status_code == 303


def test_a_sign_in_that_is_ended_on_the_accounts_page_ends_the_desk(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    assert "Limber's desk" in editor.get("/account/").words
    with limber.engine.begin() as conn:
        conn.execute(text("UPDATE token_family SET revoked_at = now(), reason = 'revoked'"))
    assert editor.client.get("/desk/").status_code == 303


@pytest.mark.parametrize(
    ("later", "status"),
    [(session.IDLE - timedelta(minutes=1), 200), (session.IDLE + timedelta(minutes=1), 303)],
)
def test_a_session_ends_when_nobody_was_there_for_long(
    limber: Limber, at_desk: AtDesk, monkeypatch: pytest.MonkeyPatch, later: timedelta, status: int
) -> None:
    editor = at_desk("editor")
    monkeypatch.setattr(page, "now", lambda: datetime.now(UTC) + later)
    assert editor.client.get("/desk/").status_code == status


def test_a_session_ends_after_a_week_however_much_it_is_used(
    at_desk: AtDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = at_desk("editor")
    start = datetime.now(UTC)
    for hours in range(6, 7 * 24, 6):
        moment = start + timedelta(hours=hours)
        monkeypatch.setattr(page, "now", lambda moment=moment: moment)
        assert editor.client.get("/desk/").status_code == 200
    monkeypatch.setattr(page, "now", lambda: start + session.LONGEST + timedelta(minutes=1))
    assert editor.client.get("/desk/").status_code == 303


def test_signing_out_ends_the_desk_and_the_sign_in(limber: Limber, at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    out = editor.send(editor.get("/desk/"), "/desk/sign-out")
    assert out.path == "/account/signed-out"
    assert editor.get("/desk/").path == "/account/login"
    with limber.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM desk_session")).scalar_one() == 0
        assert (
            conn.execute(text("SELECT count(*) FROM token_family WHERE revoked_at IS NULL")).scalar_one() == 0
        )


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(limber: Limber) -> None:
    editor = sit_down(limber, "editor", signed_in=False)
    victim = sit_down(limber, "editor", signed_in=False)
    begun = editor.client.get("/desk/sign-in")
    code = editor.client.get(begun.location).location
    assert urlsplit(code).path == "/desk/signed-in"
    # Somebody else's browser is sent the attacker's code: it has asked for nothing.
    planted = victim.client.get(code)
    assert planted.status_code == 400
    victim.client.get("/desk/sign-in")
    assert victim.client.get(code).status_code == 400
    assert victim.client.get_cookie("limber_desk") is None
    assert editor.client.get(code).status_code == 303


def test_a_code_is_good_once(limber: Limber) -> None:
    editor = sit_down(limber, "editor", signed_in=False)
    begun = editor.client.get("/desk/sign-in")
    flow = editor.client.get_cookie("limber_desk_flow")
    assert flow is not None
    code = editor.client.get(begun.location).location
    assert editor.client.get(code).status_code == 303
    editor.client.set_cookie("limber_desk_flow", flow.value)
    again = editor.client.get(code)
    assert again.status_code == 400
    # A replayed code ends what it gave (RFC 6749 §4.1.2).
    assert editor.client.get("/desk/").status_code == 303


@pytest.mark.parametrize("flow", ["", "x", "bm8=", "eyJzdGF0ZSI6MX0=", "e30=", "W10=", "a" * 3500])
def test_a_mangled_cookie_of_a_sign_in_is_refused_in_words(limber: Limber, flow: str) -> None:
    limber.client.set_cookie("limber_desk_flow", flow)
    answer = limber.client.get("/desk/signed-in?code=x&state=y")
    assert answer.status_code == 400
    assert "Open the desk again" in answer.text


@pytest.mark.parametrize(
    "aim", ["//evil.example", "https://evil.example/desk/", "/account/", "/desk\\evil", "/deskx"]
)
def test_the_way_back_leads_to_the_desk_only(limber: Limber, aim: str) -> None:
    editor = sit_down(limber, "editor", signed_in=False)
    begun = editor.client.get("/desk/sign-in", query_string={"next": aim})
    ended = editor.client.get(editor.client.get(begun.location).location)
    assert ended.location == "/desk/"


def test_a_form_without_its_token_does_nothing(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    assert editor.client.post("/desk/sign-out").status_code == 400
    assert editor.client.post("/desk/sign-out", data={"csrf": "ü"}).status_code == 400
    assert editor.client.get("/desk/").status_code == 200


def test_a_form_from_another_site_does_nothing_even_with_a_token(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    token = dict(editor.get("/desk/").form("/desk/sign-out"))["csrf"]
    sent = editor.client.post(
        "/desk/sign-out", data={"csrf": token}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert sent.status_code == 400


def test_pages_are_not_kept_and_run_only_our_own_script(at_desk: AtDesk) -> None:
    answer = at_desk("editor").get("/desk/").response
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<style" not in answer.text
    assert " style=" not in answer.text
