"""The keys that sign tokens: a new one takes over, old tokens stay valid while they live, and nobody has to restart."""

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from joserfc.jwk import KeySet, OKPKey

from server.accounts.keys import OVERLAP_S, public_keys, rotate
from server.auth import KeyFile, TokenKeyInvalid, Verifier, create_token_key, load_keys, mint, verify_token
from server.settings import Settings
from tests.accounts.oauth_ground import Ground, new_session, serving

NOW = 1_800_000_000.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path)
    create_token_key(made.token_key)
    return made


def ids(keys: KeySet, now: float) -> list[str]:
    return [entry["kid"] for entry in public_keys(keys, now)["keys"]]


def test_a_rotation_signs_with_a_new_key_and_old_tokens_live_out_their_time(settings: Settings) -> None:
    path = settings.token_key
    old = mint(settings, "mia", ["member"], 3600, NOW)
    before = ids(load_keys(path), NOW)
    new, staying, gone = rotate(path, NOW + 1)
    assert (staying, gone) == (before, [])
    keys = load_keys(path)
    assert [key.kid for key in keys.keys if key.is_private] == [new], "the old private half is nowhere"
    young = mint(settings, "mia", ["member"], 60, NOW + 2)
    for token in (old, young):
        assert verify_token(token, keys, settings.issuer, NOW + 30).name == "mia"
    assert verify_token(old, keys, settings.issuer, NOW + 3600).name == "mia"
    assert ids(keys, NOW + 2) == [new, *before]
    assert ids(keys, NOW + OVERLAP_S + 3) == [new], "after that the old public half leaves the JWKS"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_rotations_keep_each_old_key_for_its_own_time(settings: Settings) -> None:
    first = ids(load_keys(settings.token_key), NOW)[0]
    second = rotate(settings.token_key, NOW)[0]
    third = rotate(settings.token_key, NOW + 1800)[0]
    assert ids(load_keys(settings.token_key), NOW + 1800) == [third, second, first]
    assert ids(load_keys(settings.token_key), NOW + OVERLAP_S + 2) == [third, second]
    fourth, staying, gone = rotate(settings.token_key, NOW + OVERLAP_S + 2)
    assert (staying, gone) == ([third, second], [first])
    assert ids(load_keys(settings.token_key), NOW + 6000) == [fourth, third]


def test_two_who_rotate_at_once_lose_no_key(settings: Settings) -> None:
    before = ids(load_keys(settings.token_key), NOW)
    with ThreadPoolExecutor(4) as pool:
        made = [done[0] for done in pool.map(lambda _: rotate(settings.token_key, NOW), range(4))]
    assert sorted(ids(load_keys(settings.token_key), NOW)) == sorted(before + made)


def test_an_ed25519_key_is_followed_by_its_like(tmp_path: Path) -> None:
    path = tmp_path / "tokens.pem"
    path.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))
    rotate(path, NOW)
    assert {entry["alg"] for entry in public_keys(load_keys(path), NOW)["keys"]} == {"Ed25519"}


def test_a_file_that_cannot_be_used_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.pem"
    with pytest.raises(TokenKeyInvalid, match=r"tokens\.pem"):
        rotate(path)
    path.write_text("not a key")
    with pytest.raises(TokenKeyInvalid, match=r"tokens\.pem"):
        rotate(path)
    assert path.read_text() == "not a key"


def test_what_an_old_key_signs_after_its_time_is_not_believed(settings: Settings, tmp_path: Path) -> None:
    """Whoever has a copy of the old private key has nothing an hour after the rotation."""
    thief = Settings(data=tmp_path / "thief")
    thief.token_key.parent.mkdir(parents=True)
    thief.token_key.write_bytes(settings.token_key.read_bytes())
    rotate(settings.token_key, NOW)
    later = NOW + OVERLAP_S + 2
    token = mint(thief, "mia", ["admin"], 3600, later)
    with pytest.raises(ValueError, match="not known"):
        verify_token(token, load_keys(settings.token_key), settings.issuer, later)


def test_a_server_notices_another_file_within_a_second_and_an_unknown_key_at_once(settings: Settings) -> None:
    moment = [0.0]
    file = KeyFile(settings.token_key, 1.0, lambda: moment[0])
    verifier = Verifier(settings.issuer, file, dict, lambda: NOW)
    old = mint(settings, "mia", ["member"], 3600, NOW)
    assert verifier.subject(old).name == "mia"
    rotate(settings.token_key, NOW)
    assert len(file.get().keys) == 1, "the file was not looked at again yet"
    # What a colleague signed with the new key is not refused for a second.
    assert verifier.subject(mint(settings, "tom", ["member"], 60, NOW)).name == "tom"
    assert len(file.get().keys) == 2
    rotate(settings.token_key, NOW)
    moment[0] = 1.0
    assert len(file.get().keys) == 3
    assert verifier.subject(old).name == "mia"


def test_a_key_that_was_taken_out_of_the_file_counts_no_more_though_its_tokens_were_seen(
    settings: Settings,
) -> None:
    file = KeyFile(settings.token_key, 0.0)
    verifier = Verifier(settings.issuer, file, dict, lambda: NOW)
    token = mint(settings, "mia", ["member"], 3600, NOW)
    assert verifier.subject(token).name == "mia"
    settings.token_key.unlink()
    create_token_key(settings.token_key)
    with pytest.raises(ValueError, match="not known"):
        verifier.subject(token)


def test_a_running_server_goes_on_through_a_rotation(
    make_database: Callable[[str], str], template: str, tmp_path: Path
) -> None:
    with serving(make_database(template), tmp_path) as oauth:
        mia = oauth.person()
        old = oauth.tokens(mia)
        new, _, _ = rotate(oauth.settings.token_key)
        young = oauth.refresh(old["refresh_token"]).json()
        shown = new_session().get(f"{oauth.url}/oauth/jwks").json()["keys"]
        assert shown[0]["kid"] == new
        assert len(shown) == 2
        for token in (old, young):
            assert oauth.userinfo(token["access_token"]).json() == {"sub": str(mia)}


def unavailable(oauth: Ground, code: str) -> requests.Response:
    oauth.settings.token_key.write_text("damaged")
    return oauth.redeem(code)


def test_a_damaged_key_is_unavailable_and_takes_nothing(
    make_database: Callable[[str], str], template: str, tmp_path: Path
) -> None:
    with serving(make_database(template), tmp_path) as oauth:
        code, good = oauth.code(oauth.browser(oauth.person())), oauth.settings.token_key.read_bytes()
        answer = unavailable(oauth, code)
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert "tokens.pem" not in answer.text
        oauth.settings.token_key.write_bytes(good)
        assert oauth.redeem(code).status_code == 200, "the code was not used up"
