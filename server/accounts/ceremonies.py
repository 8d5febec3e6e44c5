"""Steps of signing in that take two requests: begun by one, finished once and by the same browser."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from server.accounts.expiry import forget
from server.accounts.tables_sign_in import ceremony


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was begun: for whom, if that is known, and what was noted of it."""

    account: uuid.UUID | None
    data: dict[str, Any]


def begin(
    conn: Connection,
    purpose: str,
    secret: bytes,
    browser: bytes,
    now: datetime,
    lifetime: timedelta,
    *,
    account: uuid.UUID | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Note a step under `secret` (a challenge, a state), for the browser with this hash, in place of one before."""
    row = {
        "hash": _hash(purpose, secret), "purpose": purpose, "browser": browser, "account": account,
        "data": data or {}, "expires_at": now + lifetime,
    }  # fmt: skip
    forget(conn, ceremony.c.expires_at, now)
    conn.execute(insert(ceremony).values(row).on_conflict_do_update(index_elements=["hash"], set_=row))


def look(conn: Connection, purpose: str, secret: bytes, browser: bytes, now: datetime) -> Step | None:
    """The step as it stands, None when it is over, unknown, or another browser's."""
    c = ceremony.c
    where = (c.hash == _hash(purpose, secret), c.browser == browser, c.expires_at > now)
    row = conn.execute(select(c.account, c.data).where(*where)).one_or_none()
    return Step(row.account, row.data) if row else None


def finish(conn: Connection, purpose: str, secret: bytes, browser: bytes, now: datetime) -> Step | None:
    """End the step and return it; None when it is over, unknown, or another browser's. Only one caller gets it."""
    c = ceremony.c
    where = (c.hash == _hash(purpose, secret), c.browser == browser, c.expires_at > now)
    row = conn.execute(delete(ceremony).where(*where).returning(c.account, c.data)).one_or_none()
    return Step(row.account, row.data) if row else None


def _hash(purpose: str, secret: bytes) -> bytes:
    return hashlib.sha256(purpose.encode() + b"\0" + secret).digest()
