"""What the server knows of an account beside its records. On connections that may see the account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select, update

from server.accounts import consent_training, physio
from server.accounts.tables import account, consent
from server.accounts.tables_sign_in import identity, passkey
from sync import clock
from sync.store import ACCOUNT


class AccountGone(LookupError):
    """There is no such account: it was erased, or never was."""


# The device of a clock is its last 16 digits, the milliseconds its first 12.
_DEVICES: Final = """
SELECT right(hlc, 16) AS device, min(left(hlc, 12)) AS first, max(left(hlc, 12)) AS last, count(*) AS records
  FROM record WHERE stream = %(stream)s AND hlc IS NOT NULL AND right(hlc, 16) <> %(server)s
 GROUP BY 1 ORDER BY 3 DESC, 1
"""


def read_profile(conn: Connection, whom: UUID) -> dict[str, Any]:
    """Who the account is, as itself may see. Raises AccountGone."""
    a = account.c
    row = conn.execute(
        select(a.id, a.email, a.email_verified_at, a.name, a.locale, a.roles, a.created_at).where(
            a.id == whom
        )
    ).one_or_none()
    if row is None:
        raise AccountGone(f"there is no account {whom}")
    return {
        "id": str(row.id), "email": row.email, "email_verified": row.email_verified_at is not None,
        "name": row.name, "locale": row.locale, "roles": sorted(row.roles), "created_at": row.created_at,
    }  # fmt: skip


def change_profile(conn: Connection, whom: UUID, changes: dict[str, Any]) -> None:
    """Set `name` and `locale`, whichever are given. Raises AccountGone."""
    kept = {name: changes[name] for name in ("name", "locale") if name in changes}
    if kept and not conn.execute(update(account).where(account.c.id == whom).values(kept)).rowcount:
        raise AccountGone(f"there is no account {whom}")


def devices(conn: Connection, whom: UUID) -> list[dict[str, Any]]:
    """The devices that wrote what is now in the account's records, the latest first; `last_wrote` by their clocks."""
    rows = conn.exec_driver_sql(_DEVICES, {"stream": f"{ACCOUNT}{whom}", "server": clock.SERVER})
    return [
        {
            "device": row.device, "first_wrote": _moment(row.first), "last_wrote": _moment(row.last),
            "records": row.records,
        }
        for row in rows
    ]  # fmt: skip


def everything(conn: Connection, whom: UUID, now: datetime) -> dict[str, dict[str, Any]]:
    """What an export tells beside the records, by the file that it is in. Secrets by name only. Raises AccountGone."""
    return {
        "account": {**read_profile(conn, whom), "devices": devices(conn, whom)},
        "consents": {
            "training": consent_training.given(conn, whom),
            "applications": _rows(conn, consent, whom, "client_id", "scopes", "granted_at"),
        },
        "sign_in": {
            "passkeys": _rows(conn, passkey, whom, "name", "created_at", "used_at"),
            "providers": _rows(conn, identity, whom, "issuer", "email", "linked_at", "used_at"),
        },
        "physio": {
            "links": physio.links_of_member(conn, whom, now),
            "members": physio.links_of_physio(conn, whom),
        },
    }


def _rows(conn: Connection, table: Any, whom: UUID, *names: str) -> list[dict[str, Any]]:
    chosen = [table.c[name] for name in names]
    rows = conn.execute(select(*chosen).where(table.c.account == whom).order_by(*chosen))
    return [dict(zip(names, row, strict=True)) for row in rows]


def _moment(ms: str) -> datetime:
    return datetime.fromtimestamp(int(ms, 16) / 1000, UTC)
