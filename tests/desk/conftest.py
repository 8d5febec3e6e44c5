"""A server with the catalogue published, and browsers without JavaScript in which somebody is at the desk."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from server.accounts import people, sessions
from server.auth import create_token_key
from server.db import write
from server.desk import session
from tests.conftest import Published
from tests.server.conftest import FAKE_RUNTIME, Limber, _serve, start

__all__ = ["start"]


@pytest.fixture
def limber(start: Callable[..., Limber], make_database: Callable[[str], str], published: Published) -> Limber:
    """A server with catalogue release 1, at the address that Flask's test client calls it by."""
    where = {"public_url": "http://localhost"}
    return start(make_database(published.database), published, changed=where, runtime=FAKE_RUNTIME)


class _Read(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._select: str | None = None
        self._area: str | None = None
        self._first = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({"action": given.get("action", ""), "fields": []})
        if not self.forms:
            return
        fields, name = self.forms[-1]["fields"], given.get("name", "")
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            fields.append((name, given.get("value", "on" if given.get("type") == "checkbox" else "")))
        elif tag == "select":
            self._select, self._first = name, True
        elif tag == "option" and self._select:
            if self._first:
                fields.append((self._select, given.get("value", "")))
                self._first = False
            elif "selected" in given:
                fields[-1] = (self._select, given.get("value", ""))
        elif tag == "textarea":
            self._area = name
            fields.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            fields = self.forms[-1]["fields"]
            # HTML drops the first line end of a textarea.
            fields[-1] = (
                fields[-1][0],
                fields[-1][1] + (data.removeprefix("\n") if not fields[-1][1] else data),
            )


@dataclass
class Page:
    """An answer, as a browser shows it."""

    response: Any

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def html(self) -> str:
        return str(self.response.text)

    @property
    def words(self) -> str:
        """The text, without tags, with single spaces."""
        bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", self.html, flags=re.S)
        for entity, char in (("&#39;", "'"), ("&#34;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            bare = bare.replace(entity, char)
        return re.sub(r"\s+", " ", bare)

    @property
    def path(self) -> str:
        return urlsplit(self.response.request.url).path

    def form(self, action: str) -> list[tuple[str, str]]:
        """The fields of the form that goes to `action`, filled in as they are."""
        for each in _Read(self.html).forms:
            if each["action"].split("?")[0] == action:
                return list(each["fields"])
        raise AssertionError(f"no form goes to {action}: {[f['action'] for f in _Read(self.html).forms]}")


@dataclass
class Editor:
    """Somebody at the desk, in a browser of their own."""

    client: FlaskClient
    account: uuid.UUID
    email: str

    def get(self, path: str) -> Page:
        return Page(self.client.get(path, follow_redirects=True))

    def send(self, page: Page, action: str, **changed: Any) -> Page:
        """Press the button of the form that goes to `action`, after changing fields (a list: all of a name)."""
        fields = [(name, value) for name, value in page.form(action) if name not in changed]
        for name, value in changed.items():
            fields += [(name, each) for each in (value if isinstance(value, list) else [value])]
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        return Page(self.client.post(action, data=data, follow_redirects=True))


@pytest.fixture(scope="module")
def shared(
    published: Published,
    make_session_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Limber]:
    """A server like `limber` that all tests of a file share."""
    where = {"public_url": "http://localhost"}
    folder = tmp_path_factory.mktemp("shared")
    served = _serve(
        make_session_database(published.database), folder, published, changed=where, runtime=FAKE_RUNTIME
    )
    yield served
    served.engine.dispose()


@pytest.fixture
def at_desk(limber: Limber) -> Callable[..., Editor]:
    """`at_desk("editor", name="Ana")`: a new account with these roles, signed in at the desk."""
    return lambda *roles, name="Ana": sit_down(limber, *roles, name=name)


@pytest.fixture(scope="module")
def editor(shared: Limber) -> Editor:
    """Somebody who writes at a server that the tests of this file share; each test has a document of its own."""
    return sit_down(shared, "editor")


def sit_down(served: Limber, *roles: str, name: str = "Ana", signed_in: bool = True) -> Editor:
    """A new account with these roles, in a browser that came through the sign-in of the desk."""
    create_token_key(served.settings.token_key)
    email = f"{name.lower()}.{secrets.token_hex(4)}@example.org"

    def make(conn: Any) -> uuid.UUID:
        now = datetime.now(UTC)
        made = people.create_account(
            conn, email=email, password_hash=None, name=name, verified_at=now, now=now
        )
        for role in roles:
            people.grant_role(conn, email, role)
        return made

    with served.app.app_context():
        whom = write(served.engine, make)
    client = served.app.test_client()
    cookie = write(served.engine, lambda conn: sessions.start_login(conn, whom, ["pwd"], datetime.now(UTC)))
    client.set_cookie(sessions.cookie_name(https=False), cookie)
    if signed_in:
        client.get("/desk/", follow_redirects=True)
        assert client.get_cookie(session.cookie_name(served.settings)) is not None
    return Editor(client, whom, email)
