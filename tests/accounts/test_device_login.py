"""Signing in from the command line, against the real authorization server: code, browser, tokens, renewal, end."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.device_account import SignInNeeded
from sync.device_login import FILE, LoginFailed, Tokens, account_of, invite, wait
from sync.transport import Send, http_sender
from tests.accounts.oauth_ground import Ground
from tests.accounts.test_oauth_device import decide, pause


@pytest.fixture
def send(oauth: Ground) -> Send:
    return http_sender(oauth.url)


def now() -> datetime:
    return datetime.now(UTC)


def sign_in(oauth: Ground, send: Send, decision: str = "allow") -> tuple[str, dict[str, Any]]:
    """As `scripts/device login` does it; the person decides while it waits for the second time."""
    mia, invitation = oauth.person(), invite(send, now())
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        pause(oauth, seconds)
        if len(waits) == 2:
            decide(oauth, oauth.browser(mia), invitation.code, decision)

    answer = wait(send, invitation, now, sleep)
    assert len(waits) == 2
    return str(mia), answer


def test_a_code_typed_in_a_browser_signs_the_device_in(oauth: Ground, send: Send, tmp_path: Path) -> None:
    mia, answer = sign_in(oauth, send)
    assert account_of(answer) == mia
    kept = Tokens(tmp_path, http_sender, now)
    kept.keep(oauth.url, answer)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert Tokens(tmp_path, http_sender, now).server == oauth.url
    assert kept(False) == answer["access_token"]


def test_an_access_token_is_renewed_when_it_is_over_and_the_refresh_token_with_it(
    oauth: Ground, send: Send, tmp_path: Path
) -> None:
    _, answer = sign_in(oauth, send)
    Tokens(tmp_path, http_sender, now).keep(oauth.url, answer)
    later = Tokens(tmp_path, http_sender, lambda: now() + timedelta(hours=1))
    first, before = later(False), (tmp_path / FILE).read_bytes()
    assert first != answer["access_token"]
    assert answer["refresh_token"].encode() not in before
    assert later(True) != first


def test_after_signing_out_nothing_of_it_works(oauth: Ground, send: Send, tmp_path: Path) -> None:
    _, answer = sign_in(oauth, send)
    kept = Tokens(tmp_path, http_sender, now)
    kept.keep(oauth.url, answer)
    kept.end()
    assert not (tmp_path / FILE).exists()
    with pytest.raises(SignInNeeded, match="nobody is signed in"):
        kept(False)
    kept.keep(oauth.url, answer)
    with pytest.raises(SignInNeeded, match="has ended"):
        kept(True)


def test_a_person_who_says_no_is_heard(oauth: Ground, send: Send) -> None:
    with pytest.raises(LoginFailed, match="refused in the browser"):
        sign_in(oauth, send, "deny")


def test_a_code_that_nobody_types_ends(send: Send) -> None:
    invitation, past = invite(send, now()), []
    with pytest.raises(LoginFailed, match="in time"):
        wait(send, invitation, lambda: now() + timedelta(hours=len(past)), past.append)
