"""Authorization codes, device codes and consents: what waits between a person's yes and a program's token."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from server.accounts import tokens
from server.accounts.expiry import forget
from server.accounts.sessions import Login, secret_hash
from server.accounts.tables import consent, device_code, oauth_code

CODE: Final = timedelta(seconds=60)
DEVICE: Final = timedelta(minutes=15)
INTERVAL_S: Final = 5
# No vowels, so no words; nothing that looks like something else (RFC 8628 §6.1). 20^8 = 2.6e10.
ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True, slots=True)
class Code:
    """A person's yes to one request of a client."""

    code_hash: bytes
    account: uuid.UUID
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    auth_time: datetime
    amr: tuple[str, ...]
    expires_at: datetime
    used_at: datetime | None
    family: uuid.UUID | None

    code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        """For Authlib, which compares it with the one of the token request."""
        return self.redirect_uri


def new_code(
    conn: Connection,
    login: Login,
    *,
    client_id: str,
    redirect_uri: str,
    scope: str,
    nonce: str | None,
    code_challenge: str,
    now: datetime,
) -> str:
    """A code for what `login` agreed to; only its hash is kept."""
    forget(conn, oauth_code.c.expires_at, now)
    code = secrets.token_urlsafe(32)
    conn.execute(
        insert(oauth_code).values(
            code_hash=secret_hash(code),
            account=login.account,
            client_id=client_id,
            redirect_uri=redirect_uri,
            scope=scope,
            nonce=nonce,
            code_challenge=code_challenge,
            auth_time=login.auth_time,
            amr=list(login.amr),
            expires_at=now + CODE,
        )
    )
    return code


def take_code(conn: Connection, code: str, client_id: str, now: datetime) -> Code | None:
    """A code that this client may redeem, its row locked; None for any other.

    A code that was redeemed before has leaked, whoever brings it: all that it gave ends (RFC 6749 §4.1.2).
    """
    this = select(oauth_code).where(oauth_code.c.code_hash == secret_hash(code)).with_for_update()
    row = conn.execute(this).one_or_none()
    if row is None:
        return None
    found = Code(**{**row._mapping, "amr": tuple(row.amr)})
    if found.used_at is not None:
        if found.family is not None:
            tokens.revoke_family(conn, found.family, "code_replayed", now)
        return None
    return found if found.client_id == client_id and found.expires_at > now else None


def code_used(conn: Connection, code: Code, family: uuid.UUID, now: datetime) -> None:
    """Write down what a code gave."""
    this = update(oauth_code).where(oauth_code.c.code_hash == code.code_hash)
    conn.execute(this.values(used_at=now, family=family))


# --- devices (RFC 8628) ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Device:
    """A device that waits, and what was decided; `account` and the rest only after that."""

    code_hash: bytes
    client_id: str
    scope: str
    expires_at: datetime
    interval_s: int
    polled_at: datetime | None
    account: uuid.UUID | None
    approved: bool | None
    auth_time: datetime | None
    amr: tuple[str, ...]
    used_at: datetime | None


_DEVICE = [device_code.c[name] for name in Device.__dataclass_fields__]


def _device(row: Any) -> Device | None:
    return None if row is None else Device(**{**row._mapping, "amr": tuple(row.amr or ())})


def new_device(conn: Connection, client_id: str, scope: str, now: datetime) -> tuple[str, str]:
    """A device's code, and the code that a person types: `WDJB-MJHT`."""
    forget(conn, device_code.c.expires_at, now)
    code = secrets.token_urlsafe(32)
    row = {
        "code_hash": secret_hash(code), "client_id": client_id, "scope": scope, "created_at": now,
        "expires_at": now + DEVICE, "interval_s": INTERVAL_S,
    }  # fmt: skip
    while True:
        shown = "".join(secrets.choice(ALPHABET) for _ in range(8))
        added = upsert(device_code).values(**row, user_hash=secret_hash(shown)).on_conflict_do_nothing()
        if conn.execute(added).rowcount:
            return code, f"{shown[:4]}-{shown[4:]}"


def find_device(conn: Connection, shown: str, now: datetime) -> Device | None:
    """The undecided device whose code somebody typed, however they wrote it."""
    letters = "".join(char for char in shown.upper()[:100] if char in ALPHABET)
    d = device_code.c
    this = select(*_DEVICE).where(
        d.user_hash == secret_hash(letters), d.approved.is_(None), d.expires_at > now
    )
    return _device(conn.execute(this).one_or_none())


def decide_device(
    conn: Connection, device: Device, login: Login, *, approved: bool, scope: str, now: datetime
) -> bool:
    """Say yes or no to a device, once; False when that was done, or its time ran out."""
    d = device_code.c
    this = update(device_code).where(
        d.code_hash == device.code_hash, d.approved.is_(None), d.expires_at > now
    )
    done = conn.execute(
        this.values(
            account=login.account,
            approved=approved,
            scope=scope,
            auth_time=login.auth_time,
            amr=list(login.amr),
        )
    )
    return done.rowcount == 1


def take_device(conn: Connection, code: str) -> Device | None:
    """The device with this code, its row locked."""
    this = select(*_DEVICE).where(device_code.c.code_hash == secret_hash(code)).with_for_update()
    return _device(conn.execute(this).one_or_none())


def device_polled(conn: Connection, device: Device, now: datetime) -> bool:
    """Note that a device asked; False when it asked too soon, whereupon it must wait 5 s longer (RFC 8628 §3.5)."""
    # A second is given, for clocks and the way of the request.
    wait = timedelta(seconds=device.interval_s - 1)
    soon = device.polled_at is not None and now - device.polled_at < wait
    interval = min(device.interval_s + (5 if soon else 0), 60)
    this = update(device_code).where(device_code.c.code_hash == device.code_hash)
    conn.execute(this.values(polled_at=now, interval_s=interval))
    return not soon


def device_used(conn: Connection, device: Device, now: datetime) -> None:
    """A device code gives tokens once."""
    conn.execute(update(device_code).where(device_code.c.code_hash == device.code_hash).values(used_at=now))


# --- consents --------------------------------------------------------------------------------------------


def consented(conn: Connection, whom: uuid.UUID, client_id: str) -> frozenset[str]:
    """The scopes that somebody lets a client of others have."""
    this = select(consent.c.scopes).where(consent.c.account == whom, consent.c.client_id == client_id)
    return frozenset(conn.execute(this).scalar_one_or_none() or ())


def add_consent(
    conn: Connection, whom: uuid.UUID, client_id: str, scopes: Iterable[str], now: datetime
) -> None:
    """Remember that somebody lets a client have these scopes too."""
    every = sorted(consented(conn, whom, client_id) | set(scopes))
    row = {"account": whom, "client_id": client_id, "scopes": every, "granted_at": now}
    conn.execute(
        upsert(consent).values(row).on_conflict_do_update(index_elements=["account", "client_id"], set_=row)
    )


def list_consents(conn: Connection, whom: uuid.UUID) -> Sequence[tuple[str, list[str], datetime]]:
    """(client id, scopes, since when) of what an account lets clients of others have."""
    c = consent.c
    rows = conn.execute(
        select(c.client_id, c.scopes, c.granted_at).where(c.account == whom).order_by(c.client_id)
    )
    return [(row.client_id, row.scopes, row.granted_at) for row in rows]


def withdraw_consent(conn: Connection, whom: uuid.UUID, client_id: str, now: datetime) -> int:
    """Take back what a client was given: its tokens end within seconds. Returns how many grants that ended."""
    conn.execute(delete(consent).where(consent.c.account == whom, consent.c.client_id == client_id))
    return tokens.revoke_client(conn, client_id, now, whom)
