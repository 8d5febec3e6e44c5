"""A member invites a physio: invitation, link, and what was done under it, for the member to see.

The code of an invitation is shown once and kept as a hash; it works once and lapses. A link is in force until either
side ends it, and what a physio may do under it is in `physio_constraints` and `adherence`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, insert, or_, select, update

from server.accounts.tables import account
from server.accounts.tables_data import physio_act, physio_link

INVITATION: Final = timedelta(days=7)
LINKS_MOST: Final = 20
"""Open invitations and links in force of one member."""
ACTS_SHOWN: Final = 500
_ALPHABET: Final = (
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that looks like something else
)
_LENGTH: Final = 16  # 80 bits: nobody guesses one before it lapses, however often they try
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})

Actor = Literal["member", "physio"]


class InvitationInvalid(LookupError):
    """The code belongs to no invitation that is open: wrong, used, withdrawn or lapsed."""


class OwnInvitation(ValueError):
    """Somebody accepts an invitation of their own."""


class LinkUnknown(LookupError):
    """There is no such link in force between these two."""


class TooManyLinks(ValueError):
    """The member has as many open invitations and links as there may be."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link in force."""

    id: UUID
    member: UUID
    physio: UUID
    accepted_at: datetime


def invite(conn: Connection, member: UUID, now: datetime) -> tuple[UUID, str, datetime]:
    """(id, code, when it lapses) of a new invitation; the code is told this once. Raises TooManyLinks."""
    link = physio_link.c
    live = (link.member == member) & link.ended_at.is_(None)
    waiting = link.accepted_at.is_not(None) | (link.expires_at > now)
    if conn.execute(select(func.count()).where(live, waiting)).scalar_one() >= LINKS_MOST:
        raise TooManyLinks(f"there are {LINKS_MOST} open invitations and links, the most there may be")
    made, code, lapses = uuid4(), "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)), now + INVITATION
    conn.execute(
        insert(physio_link).values(
            id=made, member=member, code_hash=_hash(code), created_at=now, expires_at=lapses
        )
    )
    note(conn, made, "member", "invited", now)
    return made, "-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)), lapses


def accept(conn: Connection, physio: UUID, code: str, now: datetime) -> Link:
    """The link that the invitation becomes. Raises InvitationInvalid, OwnInvitation."""
    link, told = physio_link.c, _hash(code)
    # Until it is accepted only who knows the code sees an invitation: row-level security compares this setting.
    conn.exec_driver_sql("SELECT set_config('limber.invitation', %(told)s, true)", {"told": told})
    found = conn.execute(
        select(link.id, link.member)
        .where(link.code_hash == told, link.physio.is_(None), link.ended_at.is_(None), link.expires_at > now)
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise InvitationInvalid("this code belongs to no open invitation")
    if found.member == physio:
        raise OwnInvitation("an invitation is for somebody else to accept")
    accepted = update(physio_link).where(link.id == found.id)
    conn.execute(accepted.values(physio=physio, accepted_at=now, code_hash=None))
    note(conn, found.id, "physio", "accepted", now)
    return Link(found.id, found.member, physio, now)


def in_force(conn: Connection, physio: UUID, link_id: UUID) -> Link:
    """The link, as the physio of it; it cannot be ended before this transaction is. Raises LinkUnknown."""
    link = physio_link.c
    found = conn.execute(
        select(link.id, link.member, link.physio, link.accepted_at)
        .where(link.id == link_id, link.physio == physio, link.ended_at.is_(None))
        .with_for_update(read=True)
    ).one_or_none()
    if found is None:
        raise LinkUnknown("there is no such link, or it was ended")
    return Link(*found)


def close(conn: Connection, whom: UUID, link_id: UUID, now: datetime) -> Link | None:
    """End an invitation or a link, as either side of it: nothing may be done under it from now on.

    Returns the link that was in force, whose constraints are to be lifted; None for an invitation. Raises LinkUnknown.
    """
    link = physio_link.c
    mine = or_(link.member == whom, link.physio == whom)
    found = conn.execute(
        select(link.id, link.member, link.physio, link.accepted_at)
        .where(link.id == link_id, mine, link.ended_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise LinkUnknown("there is no such link, or it was ended")
    conn.execute(update(physio_link).where(link.id == link_id).values(ended_at=now, code_hash=None))
    note(conn, link_id, "member" if found.member == whom else "physio", "ended", now)
    return None if found.physio is None else Link(*found)


def note(
    conn: Connection,
    link: UUID,
    actor: Actor,
    action: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Write down what was done under a link, in the transaction that does it. `details`: ids, never what they hold."""
    conn.execute(
        insert(physio_act).values(link=link, at=now, actor=actor, action=action, details=details or {})
    )


def note_daily(conn: Connection, link: UUID, actor: Actor, action: str, now: datetime) -> None:
    """The same for what may be done many times a day: once a day (UTC) it is written down."""
    act, day = physio_act.c, now.replace(hour=0, minute=0, second=0, microsecond=0)
    again = select(act.id).where(act.link == link, act.action == action, act.at >= day).limit(1)
    if conn.execute(again).one_or_none() is None:
        note(conn, link, actor, action, now)


def links_of_member(conn: Connection, member: UUID, now: datetime) -> list[dict[str, Any]]:
    """Every invitation and link of a member, the newest first, with what was done under each."""
    link = physio_link.c
    rows = conn.execute(
        select(physio_link, account.c.name)
        .outerjoin(account, account.c.id == link.physio)
        .where(link.member == member)
        .order_by(link.created_at.desc(), link.id)
    )
    return [
        {
            "id": str(row.id), "state": _state(row, now), "physio": row.name, "invited_at": row.created_at,
            "lapses_at": row.expires_at, "accepted_at": row.accepted_at, "ended_at": row.ended_at,
            "acts": _acts(conn, row.id),
        }
        for row in rows.all()
    ]  # fmt: skip


def links_of_physio(conn: Connection, physio: UUID) -> list[dict[str, Any]]:
    """The members who let this physio in, now: link, the name they go by, and since when."""
    link = physio_link.c
    rows = conn.execute(
        select(link.id, account.c.name, link.accepted_at)
        .join(account, account.c.id == link.member)
        .where(link.physio == physio, link.ended_at.is_(None))
        .order_by(link.accepted_at, link.id)
    )
    return [{"id": str(row.id), "member": row.name, "accepted_at": row.accepted_at} for row in rows]


def _acts(conn: Connection, link: UUID) -> list[dict[str, Any]]:
    act = physio_act.c
    chosen = select(act.at, act.actor, act.action, act.details).where(act.link == link)
    rows = conn.execute(chosen.order_by(act.id.desc()).limit(ACTS_SHOWN))
    return [{"at": row.at, "actor": row.actor, "action": row.action, "details": row.details} for row in rows]


def _state(row: Any, now: datetime) -> str:
    if row.ended_at is not None:
        return "ended"
    if row.accepted_at is not None:
        return "linked"
    return "lapsed" if row.expires_at <= now else "invited"


def _hash(code: str) -> str:
    """However it was typed: lower case, spaces, dashes, O for 0, I or L for 1."""
    plain = "".join(char for char in code.upper() if char.isalnum()).translate(_MISREAD)
    return hashlib.sha256(plain.encode()).hexdigest()
