"""Clients that nobody here wrote sign people in: npm openid-client and oauth4webapi, PyPI requests-oauthlib."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from oauthlib.oauth2 import InvalidGrantError
from requests_oauthlib import OAuth2Session

from server.accounts import sessions
from server.accounts.clients import CODE, REFRESH
from tests.accounts.oauth_ground import Ground


def stories(folder: Path, script: str, *arguments: str) -> list[dict[str, Any]]:
    """What a script of tests/node told; its own words when it went wrong."""
    done = subprocess.run(
        ["node", str(folder / script), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [story for story in told if not story["ok"]]
    assert not failed, json.dumps(failed, indent=2)
    assert done.returncode == 0, done.stderr
    return told


def cookie(oauth: Ground) -> str:
    browser = oauth.browser(oauth.person())
    name = sessions.cookie_name(https=False)
    return f"{name}={browser.cookies[name]}"


def test_openid_client(oauth: Ground, node_folder: Path) -> None:
    client, secret = oauth.client(confidential=True, introspects=True, grants=[CODE, REFRESH])
    assert secret
    told = stories(node_folder, "openid-client.mjs", oauth.url, cookie(oauth), client.id, secret)
    assert len(told) == 10


def test_oauth4webapi(oauth: Ground, node_folder: Path) -> None:
    assert len(stories(node_folder, "oauth4webapi.mjs", oauth.url, cookie(oauth))) == 5


def test_requests_oauthlib(oauth: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no TLS
    scope = ["openid", "offline_access", "sync"]
    client = OAuth2Session("limber-app", redirect_uri=f"{oauth.url}/auth", scope=scope, pkce="S256")
    client.trust_env = False
    address, _ = client.authorization_url(f"{oauth.url}/oauth/authorize")
    mia = oauth.person()
    back = oauth.browser(mia).get(address, allow_redirects=False).headers["Location"]
    given = client.fetch_token(
        f"{oauth.url}/oauth/token", authorization_response=back, include_client_id=True
    )
    assert client.get(f"{oauth.url}/oauth/userinfo").json() == {"sub": str(mia)}
    newer = client.refresh_token(f"{oauth.url}/oauth/token", client_id="limber-app")
    assert newer["refresh_token"] != given["refresh_token"]
    with pytest.raises(InvalidGrantError):
        client.refresh_token(f"{oauth.url}/oauth/token", given["refresh_token"], client_id="limber-app")
