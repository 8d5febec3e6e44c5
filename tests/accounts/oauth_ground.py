"""A server on loopback with PostgreSQL behind it, people with browsers, and the steps of OAuth one by one."""

import base64
import hashlib
import re
import secrets
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask
from sqlalchemy import Engine
from werkzeug.serving import WSGIRequestHandler, make_server

from server import create_app
from server.accounts import clients, people, sessions
from server.auth import create_token_key
from server.db import open_engine, write
from server.settings import Settings

VERIFIER = "v" * 43


def challenge(verifier: str = VERIFIER) -> str:
    """The S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def new_session() -> requests.Session:
    """A client without cookies, proxies or redirects of its own."""
    made = requests.Session()
    made.trust_env = False
    return made


@dataclass(frozen=True)
class Ground:
    """The server of a test."""

    url: str
    settings: Settings
    engine: Engine
    app: Flask

    def person(self, *roles: str, name: str = "Mia") -> uuid.UUID:
        """A new account with these roles beside member."""
        email = f"{secrets.token_hex(6)}@example.org"

        def make(conn: Any) -> uuid.UUID:
            now = datetime.now(UTC)
            made = people.create_account(
                conn, email=email, password_hash=None, name=name, verified_at=now, now=now
            )
            for role in roles:
                people.grant_role(conn, email, role)
            return made

        # Making an account asks the app for its settings.
        with self.app.app_context():
            return write(self.engine, make)

    def browser(self, whom: uuid.UUID | None, *amr: str) -> requests.Session:
        """A browser in which `whom` is signed in; None: nobody."""
        made = new_session()
        if whom is not None:
            cookie = write(
                self.engine, lambda conn: sessions.start_login(conn, whom, amr or ["pwd"], datetime.now(UTC))
            )
            made.cookies.set(sessions.cookie_name(https=False), cookie)
        return made

    def client(self, **changed: Any) -> tuple[clients.Client, str | None]:
        """A client of somebody else, registered."""
        wish: dict[str, Any] = {
            "client_id": None, "name": "Stretchr", "confidential": False, "redirect_uris": ["https://stretchr.example/cb"],
            "scopes": ["openid", "profile", "email", "offline_access", "sync"], "now": datetime.now(UTC),
        }  # fmt: skip
        return write(self.engine, lambda conn: clients.add_client(conn, self.settings, **{**wish, **changed}))

    def request(self, **changed: str | None) -> dict[str, str]:
        """The parameters of an authorization request of the app on the web."""
        wish: dict[str, str | None] = {
            "response_type": "code", "client_id": "limber-app", "redirect_uri": f"{self.url}/auth",
            "scope": "openid offline_access sync", "state": "st-1", "nonce": "n-1", "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }  # fmt: skip
        return {name: value for name, value in {**wish, **changed}.items() if value is not None}

    def authorize(self, browser: requests.Session, **changed: str | None) -> requests.Response:
        """GET /oauth/authorize, its answer as it comes."""
        return browser.get(
            f"{self.url}/oauth/authorize", params=self.request(**changed), allow_redirects=False
        )

    def code(self, browser: requests.Session, **changed: str | None) -> str:
        """A code, however many clicks it takes."""
        answer = self.authorize(browser, **changed)
        if answer.status_code == 200:
            answer = self.click(browser, answer)
        return landed(answer)["code"]

    def click(
        self, browser: requests.Session, page: requests.Response, decision: str = "allow"
    ) -> requests.Response:
        """Answer the form of a page."""
        form = re.search(
            r'<form method="post" action="([^"]+)">.*?name="csrf" value="([^"]+)"',
            page.text[page.text.index("<main") :],
            re.S,
        )
        assert form, page.text
        action = form[1].replace("&amp;", "&")
        data = {"csrf": form[2], "decision": decision}
        if typed := re.search(r'name="user_code" value="([^"]+)"', page.text):
            data["user_code"] = typed[1]
        return browser.post(self.url + action, data=data, allow_redirects=False)

    def post(self, path: str, auth: tuple[str, str] | None = None, **data: str) -> requests.Response:
        """What a program asks."""
        return new_session().post(f"{self.url}/oauth/{path}", data=data, auth=auth)

    def redeem(self, code: str, **changed: str) -> requests.Response:
        """Redeem a code as the app on the web."""
        wish = {
            "grant_type": "authorization_code", "client_id": "limber-app", "redirect_uri": f"{self.url}/auth",
            "code_verifier": VERIFIER, "code": code,
        }  # fmt: skip
        return self.post("token", **{**wish, **changed})

    def refresh(self, token: str, **changed: str) -> requests.Response:
        """Use a refresh token of the app."""
        return self.post(
            "token",
            **{"grant_type": "refresh_token", "client_id": "limber-app", "refresh_token": token, **changed},
        )

    def tokens(self, whom: uuid.UUID, **changed: str | None) -> dict[str, Any]:
        """What the app has after somebody signed in."""
        answer = self.redeem(self.code(self.browser(whom), **changed))
        assert answer.status_code == 200, answer.text
        given: dict[str, Any] = answer.json()
        return given

    def userinfo(self, token: str) -> requests.Response:
        """Ask who the token's person is."""
        return new_session().get(f"{self.url}/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})


def landed(answer: requests.Response) -> dict[str, str]:
    """The parameters of a redirect to a client."""
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def reason(answer: requests.Response) -> tuple[int, str]:
    """Status and RFC 6749 error of an answer."""
    assert answer.headers["Content-Type"] == "application/json", answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["error"]


class _Quiet(WSGIRequestHandler):
    def log(self, *arguments: Any) -> None:
        """The tests have something else to say."""


@contextmanager
def serving(database_url: str, folder: Path, **changed: Any) -> Iterator[Ground]:
    """A running server on the database, its data in `folder`."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        port = listening.getsockname()[1]
        settings = Settings(database_url=database_url, data=folder, port=port, **changed)
        create_token_key(settings.token_key)
        app = create_app(settings, release_seconds=0.0)
        server = make_server(
            "127.0.0.1", port, app, threaded=True, fd=listening.fileno(), request_handler=_Quiet
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        engine = open_engine(database_url, 16)
        try:
            yield Ground(f"http://127.0.0.1:{port}", settings, engine, app)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            engine.dispose()
            app.extensions["limber"].engine.dispose()
