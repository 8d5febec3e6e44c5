"""Who is at the desk. They sign in by our own OpenID provider, as any other client would have them do.

`/desk` without a session leads to `/oauth/authorize` (client `limber-desk`: code, PKCE, state, nonce); the answer at
`/desk/signed-in` is redeemed in this process, and a random cookie is given, of which the database keeps the SHA-256.
Nothing of a token reaches the browser. Roles are read at every request, so a role that is taken away, a closed account
and a sign-in that was ended elsewhere count at once.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from flask import Response, g, request
from sqlalchemy import Connection, delete, insert, select, update

from server.access import PERMISSIONS, name_view
from server.accounts.expiry import forget
from server.accounts.sessions import secret_hash
from server.accounts.tables import account, token_family
from server.accounts.tokens import revoke_family
from server.auth import ROLES
from server.catalog.history import Actor
from server.db import read, write
from server.desk import page
from server.desk.tables import desk_session
from server.problems import Fault
from server.settings import Settings
from server.state import state
from server.web import View

IDLE: Final = timedelta(hours=8)
LONGEST: Final = timedelta(days=7)
_TOUCH: Final = timedelta(minutes=1)  # a session's last use is written at most this often
_COOKIE: Final = "limber_desk"
_MAX_COOKIE: Final = 128
SIGN_IN: Final = "/desk/sign-in"


@dataclass(frozen=True, slots=True)
class Desk:
    """A browser in which somebody is at the desk; `roles` as they are now."""

    account: uuid.UUID
    name: str
    email: str | None
    roles: frozenset[str]
    family: uuid.UUID
    seen_at: datetime
    csrf: str

    @property
    def called(self) -> str:
        """What others at the desk see of the person."""
        return self.name or self.email or "Somebody without a name"

    @property
    def at_the_desk(self) -> list[str]:
        """The roles that matter here, in words."""
        return [role for role in ROLES if role in self.roles & {"editor", "physio", "admin"}]


def desk_page(blp: Any, permission: str, *, csrf: bool = True) -> Callable[[View], View]:
    """A page for somebody at the desk who has one of the permission's roles.

    Without a session a GET leads to the sign-in and back; anything else is answered 401. Without the role 403, naming
    it. A POST must carry the session's token in the field `csrf` (or the header X-CSRF-Token), else 400; `csrf=False`
    is for what changes nothing. Inside, `actor()` tells who it is.
    """
    needed = PERMISSIONS[permission]
    assert needed.roles
    assert blp is page.blp

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*arguments: Any, **options: Any) -> Any:
            desk = current()
            if desk is None:
                return _sign_in_first()
            if not needed.roles & desk.roles:
                named = [role for role in ROLES if role in needed.roles]
                return page.sorry(
                    403, f"This needs the role {' or '.join(named)}. You have: {', '.join(_held(desk))}."
                )
            if csrf and request.method not in ("GET", "HEAD"):
                page.check_csrf()
            return view(*arguments, **options)

        named = cast(View, guarded)
        named.limber_door = "desk"  # type: ignore[attr-defined]  # how a stranger is answered: see the walking test
        return name_view(named, permission)

    return decorate


def _held(desk: Desk) -> list[str]:
    return [role for role in ROLES if role in desk.roles] or ["none"]


def _sign_in_first() -> Response:
    if request.headers.get("HX-Request"):
        raise Fault(401, "You are signed out. Sign in in another tab, then go on here: nothing is lost.")
    if request.method in ("GET", "HEAD"):
        return page.to(SIGN_IN, next=request.full_path.rstrip("?"))
    raise Fault(401, "You are signed out, so nothing was done. Sign in in another tab, then send this again.")


def actor() -> Actor:
    """Who is at the desk, as the catalogue's workflow wants to know. Only inside a `desk_page`."""
    desk: Desk = g.desk
    return Actor(str(desk.account), desk.called, desk.roles)


# --- the session -----------------------------------------------------------------------------------------


def current() -> Desk | None:
    """Who is at the desk in this browser, asked once a request."""
    if "desk" not in g:
        g.desk = None
        cookie = _cookie()
        if cookie:
            found = read(state().engine, lambda conn: _find(conn, cookie, page.now()))
            if found is not None and found.seen_at < page.now() - _TOUCH:
                write(state().engine, lambda conn: _touch(conn, cookie, found, page.now()))
            g.desk = found
    desk: Desk | None = g.desk
    return desk


def _find(conn: Connection, cookie: str, now: datetime) -> Desk | None:
    s, a, f = desk_session.c, account.c, token_family.c
    row = conn.execute(
        select(s.account, s.family, s.seen_at, a.name, a.email, a.roles)
        .select_from(desk_session.join(account).join(token_family, f.id == s.family))
        .where(
            s.token_hash == secret_hash(cookie), s.expires_at > now, s.seen_at > now - IDLE, a.disabled_at.is_(None),
            f.revoked_at.is_(None),
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    csrf = hmac.new(cookie.encode(), b"limber desk csrf", hashlib.sha256).hexdigest()
    return Desk(row.account, row.name, row.email, frozenset(row.roles), row.family, row.seen_at, csrf)


def _touch(conn: Connection, cookie: str, desk: Desk, now: datetime) -> None:
    this = update(desk_session).where(desk_session.c.token_hash == secret_hash(cookie))
    conn.execute(this.values(seen_at=now))
    conn.execute(update(token_family).where(token_family.c.id == desk.family).values(used_at=now))


def begin(conn: Connection, whom: uuid.UUID, family: uuid.UUID, now: datetime) -> str:
    """A session for `whom`, whose sign-in gave `family`; returns the cookie's value.

    The family lives as long as the session does, so the account's page shows it and can end it.
    """
    forget(conn, desk_session.c.expires_at, now)
    cookie, until = secrets.token_urlsafe(32), now + LONGEST
    conn.execute(update(token_family).where(token_family.c.id == family).values(expires_at=until))
    conn.execute(
        insert(desk_session).values(
            token_hash=secret_hash(cookie), account=whom, family=family, created_at=now, seen_at=now, expires_at=until
        )
    )  # fmt: skip
    return cookie


def end(conn: Connection, now: datetime) -> None:
    """End this browser's session, and the sign-in that it came from."""
    gone = delete(desk_session).where(desk_session.c.token_hash == secret_hash(_cookie()))
    family = conn.execute(gone.returning(desk_session.c.family)).scalar_one_or_none()
    if family is not None:
        revoke_family(conn, family, "revoked", now)


# --- its cookie ------------------------------------------------------------------------------------------


def cookie_name(settings: Settings, name: str = _COOKIE) -> str:
    """With https `__Host-`: no other host of the domain can set such a cookie."""
    return f"__Host-{name}" if settings.https else name


def _cookie() -> str:
    found = request.cookies.get(cookie_name(state().settings), "")
    return found if len(found) <= _MAX_COOKIE else ""


def set_cookie(response: Response, value: str) -> None:
    """Give the browser its cookie. Lax: a link from a letter leads straight to its page."""
    settings = state().settings
    response.set_cookie(
        cookie_name(settings), value, max_age=LONGEST, secure=settings.https, httponly=True, samesite="Lax", path="/"
    )  # fmt: skip


def clear_cookie(response: Response) -> None:
    """Have the browser forget its cookie."""
    settings = state().settings
    response.delete_cookie(
        cookie_name(settings), secure=settings.https, httponly=True, samesite="Lax", path="/"
    )
