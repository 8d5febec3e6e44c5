"""Forgetting what has expired: a little with each row that is added, so nothing has to be run for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, delete, literal_column, select

KEPT = timedelta(days=1)
"""How long after it expired a row is still there, to tell that a secret is old from that it never was."""
_AT_ONCE = 20


def forget(conn: Connection, expires: Column[Any], now: datetime) -> int:
    """Delete some of the rows of a table whose column `expires` is more than a day ago; returns how many.

    Rows that another transaction holds are left to it, so nobody waits here.
    """
    row: Any = literal_column("ctid")
    old = select(row).select_from(expires.table).where(expires < now - KEPT).limit(_AT_ONCE)
    these = old.with_for_update(skip_locked=True).scalar_subquery()
    return conn.execute(delete(expires.table).where(row.in_(these))).rowcount
