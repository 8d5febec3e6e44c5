"""Accounts: made, found, given roles, disabled. The transaction is always the caller's."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, text, update

from server.accounts import tokens
from server.accounts.tables import account, login_session
from server.auth import ROLES
from sync.store import lock_head

MAX_EMAIL = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
MAX_NAME = 200

# What HTML's <input type=email> accepts, with a dot in the domain; whether mail arrives only mail can tell.
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)


class EmailInvalid(ValueError):
    """The text is not an e-mail address; the message may be shown."""


class EmailTaken(ValueError):
    """There is an account with this address already."""


class PersonUnknown(LookupError):
    """There is no such account."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account as it is in the database."""

    id: uuid.UUID
    email: str | None
    email_verified_at: datetime | None
    name: str
    roles: frozenset[str]
    password_hash: str | None
    locale: str | None
    created_at: datetime
    disabled_at: datetime | None

    def get_user_id(self) -> str:
        """The subject (`sub`) of this person's tokens; the name is Authlib's."""
        return str(self.id)


def normal_email(given: str) -> str:
    """The address in the form that is kept: trimmed, lower case. Raises EmailInvalid."""
    email = given.strip().lower()
    if len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email):
        raise EmailInvalid("That is not an e-mail address.")
    return email


def create_account(
    conn: Connection,
    *,
    email: str | None,
    password_hash: str | None,
    name: str,
    verified_at: datetime | None,
    now: datetime,
    locale: str | None = None,
) -> uuid.UUID:
    """A new account with the role `member` and its (empty) stream of records; the first write makes its data key.

    Raises EmailInvalid, and EmailTaken when the address is another account's (the transaction stays usable).
    """
    made = uuid.uuid4()
    row = {
        "id": made, "email": None if email is None else normal_email(email), "email_verified_at": verified_at,
        "name": name.strip()[:MAX_NAME], "password_hash": password_hash, "locale": locale, "created_at": now,
    }  # fmt: skip
    # ON CONFLICT, not an error: two who register the same address at once must not abort the transaction.
    added = text(
        "INSERT INTO account (id, email, email_verified_at, name, password_hash, locale, created_at) VALUES"
        " (:id, :email, :email_verified_at, :name, :password_hash, :locale, :created_at)"
        " ON CONFLICT (email) DO NOTHING"
    )
    if conn.execute(added, row).rowcount == 0:
        raise EmailTaken("There is an account with this address already.")
    # Row-level security lets nobody make a stream but for the account of the transaction.
    before = conn.exec_driver_sql("SELECT current_setting('limber.account', true)").scalar_one() or ""
    _act_for(conn, str(made))
    lock_head(conn, f"account:{made}")
    _act_for(conn, before)
    return made


def _act_for(conn: Connection, whom: str) -> None:
    conn.exec_driver_sql("SELECT set_config('limber.account', %(account)s, true)", {"account": whom})


def find(conn: Connection, whom: uuid.UUID) -> Person | None:
    """The account `whom`, also a disabled one."""
    return _person(conn.execute(select(account).where(account.c.id == whom)).one_or_none())


def hold(conn: Connection, whom: uuid.UUID) -> Person | None:
    """The account `whom` if it is not disabled, and cannot be before the transaction ends: for who signs tokens."""
    this = select(account).where(account.c.id == whom, account.c.disabled_at.is_(None))
    return _person(conn.execute(this.with_for_update(read=True)).one_or_none())


def find_by_email(conn: Connection, email: str) -> Person | None:
    """The account with this address, verified or not; None also for what is no address."""
    try:
        normal = normal_email(email)
    except EmailInvalid:
        return None
    return _person(conn.execute(select(account).where(account.c.email == normal)).one_or_none())


def _person(row: Any) -> Person | None:
    if row is None:
        return None
    return Person(**{**row._mapping, "roles": frozenset(row.roles)})


def grant_role(conn: Connection, email: str, role: str) -> bool:
    """Give `role`; False when the account has it already. Raises PersonUnknown, ValueError for an unknown role."""
    return set_role(conn, _id_of(conn, email), role, present=True)


def revoke_role(conn: Connection, email: str, role: str) -> bool:
    """Take `role` away, and at once what access tokens say of it; False when the account has it not."""
    return set_role(conn, _id_of(conn, email), role, present=False)


def _id_of(conn: Connection, email: str) -> uuid.UUID:
    person = find_by_email(conn, email)
    if person is None:
        raise PersonUnknown(f"there is no account with the address {email}")
    return person.id


def set_role(conn: Connection, whom: uuid.UUID, role: str, *, present: bool) -> bool:
    """Have `whom` have `role` or not; False when that is so already. Raises as `grant_role`."""
    if role not in ROLES:
        raise ValueError(f"role {role!r} does not exist; there are {', '.join(ROLES)}")
    # Two who change roles at once follow each other.
    this = select(account.c.roles).where(account.c.id == whom).with_for_update()
    has = conn.execute(this).scalar_one_or_none()
    if has is None:
        raise PersonUnknown(f"there is no account {whom}")
    if (role in has) is present:
        return False
    wanted = {*has, role} if present else {*has} - {role}
    roles = [each for each in ROLES if each in wanted]
    conn.execute(update(account).where(account.c.id == whom).values(roles=roles))
    return True


def disable(conn: Connection, whom: uuid.UUID, now: datetime) -> None:
    """Nobody gets in as `whom` any more, at once: browsers, apps and programs are signed out for good."""
    conn.execute(
        update(account).where(account.c.id == whom, account.c.disabled_at.is_(None)).values(disabled_at=now)
    )
    conn.execute(delete(login_session).where(login_session.c.account == whom))
    tokens.revoke_account(conn, whom, now)


def enable(conn: Connection, whom: uuid.UUID) -> None:
    """Undo `disable`; the person signs in anew."""
    conn.execute(update(account).where(account.c.id == whom).values(disabled_at=None))


def as_uuid(text: str) -> uuid.UUID:
    """The id that `text` is. Raises PersonUnknown when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise PersonUnknown(f"there is no account {text[:50]!r}") from None


def with_roles(conn: Connection) -> list[Person]:
    """Who has more than the role `member`, by address."""
    rows = conn.execute(select(account).where(account.c.roles != ["member"]).order_by(account.c.email))
    return [person for row in rows if (person := _person(row)) is not None]
