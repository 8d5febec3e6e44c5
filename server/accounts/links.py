"""Links in letters: random, kept as a hash, for one use and a short time. Looking at one does not use it up."""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection, insert, select, update

from server.accounts.expiry import forget
from server.accounts.sessions import secret_hash
from server.accounts.tables_sign_in import email_token

Purpose = Literal["register", "address", "reset"]
LIFETIME: Final[dict[Purpose, timedelta]] = {
    "register": timedelta(hours=24),
    "address": timedelta(hours=24),
    "reset": timedelta(hours=1),
}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for."""

    purpose: Purpose
    email: str
    account: uuid.UUID | None
    next: str | None


def issue(
    conn: Connection,
    purpose: Purpose,
    email: str,
    now: datetime,
    *,
    account: uuid.UUID | None = None,
    onward: str | None = None,
) -> str:
    """A new token for a letter to `email`; `onward` is where the person goes afterwards."""
    token = secrets.token_urlsafe(32)
    forget(conn, email_token.c.expires_at, now)
    conn.execute(
        insert(email_token).values(
            hash=secret_hash(token),
            account=account,
            purpose=purpose,
            email=email,
            next=onward,
            created_at=now,
            expires_at=now + LIFETIME[purpose],
        )
    )
    return token


def withdraw(conn: Connection, whom: uuid.UUID, now: datetime) -> None:
    """No link that was sent for `whom` is good any more."""
    mine = (email_token.c.account == whom, email_token.c.used_at.is_(None))
    conn.execute(update(email_token).where(*mine).values(used_at=now))


def look(conn: Connection, token: str, now: datetime) -> Link | None:
    """What an unused link is for: mail programs open links to look at them, so this changes nothing."""
    if not _TOKEN.fullmatch(token):
        return None
    c = email_token.c
    where = (c.hash == secret_hash(token), c.used_at.is_(None), c.expires_at > now)
    row = conn.execute(select(c.purpose, c.email, c.account, c.next).where(*where)).one_or_none()
    return Link(*row) if row else None


def use(conn: Connection, token: str, now: datetime) -> Link | None:
    """Use a link up, and with it every other of the same purpose and address; None when it was used or is too old."""
    if not _TOKEN.fullmatch(token):
        return None
    c = email_token.c
    where = (c.hash == secret_hash(token), c.used_at.is_(None), c.expires_at > now)
    used = (
        update(email_token).where(*where).values(used_at=now).returning(c.purpose, c.email, c.account, c.next)
    )
    row = conn.execute(used).one_or_none()
    if row is None:
        return None
    same = (c.purpose == row.purpose, c.email == row.email, c.used_at.is_(None))
    conn.execute(update(email_token).where(*same).values(used_at=now))
    return Link(*row)
