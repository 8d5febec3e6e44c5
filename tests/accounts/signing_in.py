"""A browser without JavaScript, and the mailbox of the person at it."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher, profiles
from sqlalchemy import Engine

from server.accounts import passwords
from server.accounts.people import create_account
from server.accounts.tables import account
from server.accounts.tables_sign_in import ceremony, email_token, throttle
from server.db import write

PASSWORD = "correct horse battery"
SECRETS = re.compile(r"token=([A-Za-z0-9_-]{43})")


@dataclass
class Form:
    """A form as it is on the page: where it goes and what is in it."""

    action: str
    method: str
    attributes: dict[str, str | None]
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str | None]] = field(default_factory=list)


class Page(HTMLParser):
    """An answer, read as a browser would."""

    def __init__(self, response: Any, path: str) -> None:
        super().__init__()
        self.status, self.headers, self.path = response.status_code, response.headers, path
        self.html: str = response.text
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.title = ""
        self._texts: list[str] = []
        self._inside: list[str] = []
        self.headings: list[str] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in ("input", "meta", "link", "img", "br"):
            self._inside.append(tag)
        if tag == "form":
            self.forms.append(Form(given["action"] or "", given.get("method") or "get", given))
        elif tag == "input" and self.forms and given.get("name"):
            self.forms[-1].fields[given["name"] or ""] = given.get("value") or ""
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append(given)
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        elif tag == "h1":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "title" in self._inside:
            self.title += data
        elif "h1" in self._inside:
            self.headings[-1] += data
        self._texts.append(data)

    @property
    def text(self) -> str:
        """What can be read on the page, in one line."""
        return " ".join(" ".join(self._texts).split())

    @property
    def heading(self) -> str:
        return self.headings[0]

    def form(self, action: str) -> Form:
        """The form that goes to `action`."""
        return next(each for each in self.forms if each.action == action)


class Browser:
    """Somebody's browser: keeps cookies, follows redirects, sends the forms that pages have."""

    def __init__(self, limber: Any, address: str = "127.0.0.1") -> None:
        self.limber, self.client, self.address = limber, limber.app.test_client(), address
        self.page: Page

    def get(self, path: str, **options: Any) -> Page:
        """Open `path` and follow where it leads on this site."""
        return self._read(self.client.get(path, **self._options(options)), path)

    def post(self, path: str, **fields: str) -> Page:
        """Send fields as they are, without a form."""
        return self._read(self.client.post(path, data=fields, **self._options({})), path)

    def send(self, action: str, **fields: str) -> Page:
        """Fill in the form of the present page that goes to `action`, and send it."""
        form = self.page.form(action)
        return self.post(action, **{**form.fields, **fields})

    def sign_in(
        self, address: str = "mia@example.org", password: str = PASSWORD, onward: str = "/account/"
    ) -> Page:
        self.get(f"/account/login?again=1&next={onward}")
        return self.send("/account/login", email=address, password=password)

    @property
    def login(self) -> str | None:
        cookie = self.client.get_cookie("limber_login")
        return cookie.value if cookie else None

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"environ_overrides": {"REMOTE_ADDR": self.address}, **options}

    def _read(self, response: Any, path: str) -> Page:
        for _ in range(8):
            where = response.headers.get("Location", "")
            if response.status_code not in (302, 303) or not where.startswith("/"):
                break
            path = where
            response = self.client.get(where, **self._options({}))
        self.page = Page(response, path)
        return self.page


@dataclass
class Mailbox:
    """The folder into which a server without a mail server puts its letters."""

    folder: Path

    def letters(self, to: str | None = None) -> list[EmailMessage]:
        """What came, the oldest first."""
        found = []
        for path in sorted(self.folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if to is None or message["To"] == to:
                found.append(message)
        return found

    def last(self, to: str | None = None) -> EmailMessage:
        return self.letters(to)[-1]

    def link(self, to: str | None = None) -> str:
        """Path and query of the link in the last letter."""
        return link_in(self.last(to))


def plain(message: EmailMessage) -> str:
    """The letter as text."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def words(message: EmailMessage) -> str:
    """The letter as text, in one line."""
    return " ".join(plain(message).split())


def link_in(message: EmailMessage) -> str:
    """Path and query of a letter's link."""
    found = re.search(r"^https?://[^/\s]+(/\S*)$", plain(message), re.MULTILINE)
    assert found is not None
    return found[1]


def clear(limber: Any) -> None:
    """Nobody has an account any more, nothing was tried, no letter was sent."""
    with limber.engine.begin() as conn:
        for table in (account, email_token, throttle, ceremony):
            conn.execute(table.delete())
    shutil.rmtree(limber.settings.data / "mail", ignore_errors=True)


def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 at its cheapest, where the test is not about it."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher.from_parameters(profiles.CHEAPEST))
    monkeypatch.setattr(passwords, "_nobody", [])


def new_account(
    engine: Engine,
    address: str | None = "mia@example.org",
    password: str | None = PASSWORD,
    *,
    verified: bool = True,
    name: str = "Mia",
) -> uuid.UUID:
    """An account, as it is after registering."""
    now = datetime.now(UTC)
    hashed = passwords.make_hash(password) if password else None
    return write(
        engine,
        lambda conn: create_account(
            conn,
            email=address,
            password_hash=hashed,
            name=name,
            verified_at=now if verified else None,
            now=now,
        ),
    )


@dataclass
class Clock:
    """The time as the pages are told it."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)
