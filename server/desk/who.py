"""Names of people for the ids that drafts and the history keep."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from server.catalog.history import names


def named(conn: Connection, ids: Iterable[str | None]) -> dict[str, str]:
    """A name to show for each id."""
    return names(conn, {each for each in ids if each})
