"""Who is signed in in a browser: a random cookie, of which the database keeps the SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Request, Response
from sqlalchemy import Connection, delete, insert, select

from server.accounts.expiry import forget
from server.accounts.tables import account, login_session
from server.settings import Settings
from server.state import state

LIFETIME = timedelta(days=14)
LOGIN_PATH = "/account/login"

_COOKIE = "limber_login"
_MAX_COOKIE = 128


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who is signed in: when and how (`amr`, RFC 8176) they showed who they are."""

    account: uuid.UUID
    email: str | None
    name: str
    auth_time: datetime
    amr: tuple[str, ...]
    csrf: str

    def csrf_ok(self, given: str | None) -> bool:
        """Whether `given` is the token that our own forms of this session carry."""
        return hmac.compare_digest(self.csrf.encode(), (given or "").encode())


def secret_hash(secret: str) -> bytes:
    """What the database keeps of a random secret: SHA-256. Random ones need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def cookie_name(*, https: bool) -> str:
    """`__Host-`, where it is possible: no other host of the domain can set such a cookie (RFC 6265bis §4.1.3.2)."""
    return f"__Host-{_COOKIE}" if https else _COOKIE


def start_login(conn: Connection, whom: uuid.UUID, amr: Sequence[str], now: datetime) -> str:
    """Sign `whom` in, who was identified by `amr` just now; returns the cookie's value, always a new one."""
    forget(conn, login_session.c.expires_at, now)
    cookie = secrets.token_urlsafe(32)
    conn.execute(
        insert(login_session).values(
            token_hash=secret_hash(cookie),
            account=whom,
            created_at=now,
            expires_at=now + LIFETIME,
            auth_time=now,
            amr=list(amr),
        )
    )
    return cookie


def current_login(conn: Connection, request: Request, now: datetime) -> Login | None:
    """Who is signed in in the browser that sent `request`; None also for a disabled account."""
    cookie = _cookie(request)
    if not cookie:
        return None
    s, a = login_session.c, account.c
    row = conn.execute(
        select(s.account, a.email, a.name, s.auth_time, s.amr)
        .join_from(login_session, account)
        .where(s.token_hash == secret_hash(cookie), s.expires_at > now, a.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    return Login(row.account, row.email, row.name, row.auth_time, tuple(row.amr), _csrf(cookie))


def end_login(conn: Connection, request: Request) -> None:
    """Sign out the browser that sent `request`, if it was signed in."""
    conn.execute(delete(login_session).where(login_session.c.token_hash == secret_hash(_cookie(request))))


def end_all_logins(conn: Connection, whom: uuid.UUID) -> None:
    """Sign `whom` out of every browser, as after a change of password."""
    conn.execute(delete(login_session).where(login_session.c.account == whom))


def set_cookie(response: Response, cookie: str, settings: Settings) -> None:
    """Give the browser its cookie. Lax: it comes along when an application sends a person to /oauth/authorize."""
    https = settings.https
    response.set_cookie(
        cookie_name(https=https),
        cookie,
        max_age=LIFETIME,
        secure=https,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    """Have the browser forget its cookie."""
    https = settings.https
    response.delete_cookie(cookie_name(https=https), secure=https, httponly=True, samesite="Lax", path="/")


def _cookie(request: Request) -> str:
    # Over TLS only the `__Host-` one counts: the other could have been set by a neighbour of the domain.
    found = request.cookies.get(cookie_name(https=state().settings.https), "")
    return found if len(found) <= _MAX_COOKIE else ""


def _csrf(cookie: str) -> str:
    """Only who can read the cookie can make it, and it tells nothing of the cookie."""
    return hmac.new(cookie.encode(), b"limber csrf", hashlib.sha256).hexdigest()
