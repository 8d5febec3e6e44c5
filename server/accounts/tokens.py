"""Refresh tokens in families, and what ends before it expires. The transaction is always the caller's.

A grant that is redeemed starts a family. Its refresh tokens follow each other: each is used once and replaced by
the next. When an old one comes again, one of the two who hold it stole it, and the family ends (RFC 9700 §4.14.2).
A refresh token is `<secret of the family>.<its own part>`: the first finds the row, the whole must be the newest, so
a family is one row however often it is used, and every token that it ever had is recognised.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from server.accounts.expiry import forget
from server.accounts.sessions import secret_hash
from server.accounts.tables import consent, token_denial, token_family

ACCESS_S = 600
REFRESH = timedelta(days=60)
"""How long a refresh token waits for its use: a device that is away for longer signs in again."""
FAMILY = timedelta(days=365)
"""How long a family lives however often it is used."""
DENIAL = timedelta(hours=2)
"""Longer than any access token lives (`server.auth.LONGEST_S`)."""

Reason = Literal["token_replayed", "code_replayed", "revoked", "withdrawn"]
_MAX_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Family:
    """A grant that was redeemed, and what it allows. It expires at `expires_at` unless it is used before."""

    id: uuid.UUID
    account: uuid.UUID
    client_id: str
    scope: str
    auth_time: datetime
    amr: tuple[str, ...]
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


_FAMILY = [token_family.c[name] for name in Family.__dataclass_fields__]


def _family(row: Any) -> Family:
    return Family(*row[: len(_FAMILY)])


def new_family(
    conn: Connection,
    *,
    whom: uuid.UUID,
    client_id: str,
    scope: str,
    auth_time: datetime,
    amr: Sequence[str],
    now: datetime,
    refresh: bool,
) -> tuple[Family, str | None]:
    """Begin a family; with its first refresh token if it is to have any."""
    forget(conn, token_family.c.expires_at, now)
    expires = now + (REFRESH if refresh else timedelta(seconds=ACCESS_S))
    made = Family(uuid.uuid4(), whom, client_id, scope, auth_time, tuple(amr), now, now, expires, None)
    secret = secrets.token_urlsafe(16)
    token = _token(secret) if refresh else None
    conn.execute(
        insert(token_family).values(
            id=made.id,
            account=whom,
            client_id=client_id,
            scope=scope,
            auth_time=auth_time,
            amr=list(amr),
            created_at=now,
            used_at=now,
            expires_at=expires,
            secret_hash=secret_hash(secret) if token else None,
            token_hash=secret_hash(token) if token else None,
        )
    )
    return made, token


def _token(secret: str) -> str:
    return f"{secret}.{secrets.token_urlsafe(24)}"


def use_refresh_token(
    conn: Connection, token: str, client_id: str, now: datetime
) -> tuple[Family, str] | None:
    """The family of a refresh token that is good and the token that follows it; None for one that is not.

    The family's row is locked first, so that of several who come with the same token at once one is given the next and
    the others end the family. A token of another client is neither used nor revealed.
    """
    f = token_family.c
    row = conn.execute(_by_token(token).with_for_update()).one_or_none()
    if row is None or row.client_id != client_id or row.revoked_at is not None or row.expires_at <= now:
        return None
    if not hmac.compare_digest(row.token_hash, secret_hash(token)):
        revoke_family(conn, row.id, "token_replayed", now)
        return None
    following = _token(token.partition(".")[0])
    expires = min(now + REFRESH, row.created_at + FAMILY)
    conn.execute(
        update(token_family)
        .where(f.id == row.id)
        .values(token_hash=secret_hash(following), used_at=now, expires_at=expires)
    )
    return _family(row), following


def _by_token(token: str) -> Any:
    """The family whose secret a refresh token, new or old, begins with."""
    secret = token.partition(".")[0] if len(token) <= _MAX_TOKEN else ""
    return select(*_FAMILY, token_family.c.token_hash).where(
        token_family.c.secret_hash == secret_hash(secret)
    )


def family_of(conn: Connection, token: str) -> tuple[Family, bool] | None:
    """The family of a refresh token, and whether it is the one that is good; nothing is used up."""
    row = conn.execute(_by_token(token)).one_or_none()
    return None if row is None else (_family(row), hmac.compare_digest(row.token_hash, secret_hash(token)))


def find_family(conn: Connection, family: uuid.UUID) -> Family | None:
    """The family with this id."""
    row = conn.execute(select(*_FAMILY).where(token_family.c.id == family)).one_or_none()
    return None if row is None else _family(row)


def families(conn: Connection, whom: uuid.UUID, now: datetime) -> list[Family]:
    """What an account has given and not taken back, the last used first: its signed-in devices and programs."""
    f = token_family.c
    live = select(*_FAMILY).where(f.account == whom, f.revoked_at.is_(None), f.expires_at > now)
    return [_family(row) for row in conn.execute(live.order_by(f.used_at.desc(), f.id))]


def revoke_family(conn: Connection, family: uuid.UUID, reason: Reason, now: datetime) -> bool:
    """End a family: no refresh token of it is good any more, its access tokens are refused within seconds.

    "withdrawn" is a person's doing: a program of others then has to ask again.
    """
    f = token_family.c
    this = update(token_family).where(f.id == family, f.revoked_at.is_(None))
    row = conn.execute(
        this.values(revoked_at=now, reason=reason).returning(f.account, f.client_id)
    ).one_or_none()
    if row is None:
        return False
    if reason == "withdrawn":
        asked = (consent.c.account == row.account, consent.c.client_id == row.client_id)
        conn.execute(delete(consent).where(*asked))
    deny(conn, f"family:{family}", now)
    return True


def revoke_client(conn: Connection, client_id: str, now: datetime, whom: uuid.UUID | None = None) -> int:
    """End every family that a client has (of one account, or of all); returns how many."""
    return _revoke_all(
        conn, (token_family.c.client_id == client_id, whom is None or token_family.c.account == whom), now
    )


def revoke_account(conn: Connection, whom: uuid.UUID, now: datetime) -> int:
    """End every family of an account, as after a change of password; returns how many."""
    return _revoke_all(conn, (token_family.c.account == whom,), now)


def _revoke_all(conn: Connection, which: Sequence[Any], now: datetime) -> int:
    f = token_family.c
    # In one order, so that two who do this at once cannot each wait for the other.
    these = select(f.id).where(*which, f.revoked_at.is_(None)).order_by(f.id)
    return sum(revoke_family(conn, each, "withdrawn", now) for each in conn.execute(these).scalars().all())


def deny(conn: Connection, subject: str, now: datetime) -> None:
    """Refuse the access tokens of `subject` ("account:<id>", "family:<id>") that were issued until now."""
    forget(conn, token_denial.c.forget_at, now)
    # By the time this has every lock, somebody who held one may have signed a token later than `now`.
    until = func.greatest(now, func.clock_timestamp())
    row = {"subject": subject, "issued_until": until, "forget_at": now + DENIAL}
    conn.execute(upsert(token_denial).values(row).on_conflict_do_update(index_elements=["subject"], set_=row))


def denials(conn: Connection) -> dict[str, float]:
    """What is refused now: subject -> seconds since 1970 until which it was issued. Short: rows live two hours."""
    d = token_denial.c
    rows = conn.execute(select(d.subject, d.issued_until).where(d.forget_at > datetime.now(UTC)))
    return {subject: until.timestamp() for subject, until in rows}
