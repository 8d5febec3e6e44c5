"""The audit trail: who changed what devices get, when and why. Rows are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from server.models.tables import audit

_COLUMNS = tuple(column.name for column in audit.c)


def audited(
    conn: Connection, actor: str, action: str, reason: str | None, at: datetime, details: dict[str, Any]
) -> None:
    """Add an entry, in the transaction of what it tells of. `details` names the `channel` or the `subject`."""
    subject = str(details.get("channel") or details.get("subject"))
    row = {
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "details": details,
        "reason": reason,
    }
    conn.execute(insert(audit).values(row))


def last_word(conn: Connection, release: int) -> dict[str, Any]:
    """{"actor", "at", "action"} of what was last done to a release; empty when nobody wrote it down."""
    a = audit.c
    rows = select(a.actor, a.at, a.action).where(a.details["release"].as_integer() == release)
    row = conn.execute(rows.order_by(a.id.desc()).limit(1)).one_or_none()
    return {} if row is None else {"actor": row.actor, "at": row.at.isoformat(), "action": row.action}


def trail(conn: Connection, most: int = 50) -> list[dict[str, Any]]:
    """The newest entries, newest first."""
    rows = conn.execute(select(audit).order_by(audit.c.id.desc()).limit(most))
    return [{str(name): row._mapping[name] for name in _COLUMNS} | {"at": row.at.isoformat()} for row in rows]
