"""What a physio reads of a member: on how many days, how long, how much of it was done. By week, and nothing else.

No exercises, no ratings, no pain, no conditions, no times of day: those are sealed or simply not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from sync.sealing import DataKey, SealBroken
from sync.store import ACCOUNT

WEEKS_MOST: Final = 52
_WEEK: Final = timedelta(days=7)

# Of a session only when, how long, and the slots, whose outcomes are counted; payload and effort stay where they are.
_SESSIONS: Final = """
SELECT data ->> 'at' AS at, data -> 'completed_s' AS completed_s, data -> 'slots' AS slots
  FROM record WHERE stream = %(stream)s AND collection = 'session' AND NOT deleted
"""


@dataclass(slots=True)
class _Week:
    days: set[date] = field(default_factory=set)
    sessions: int = 0
    seconds: int = 0
    items: int = 0
    completed: int = 0


def by_week(conn: Connection, key: DataKey, member: UUID, weeks: int, now: datetime) -> list[dict[str, Any]]:
    """The last `weeks` ISO weeks in UTC up to the one of `now`, oldest first, empty ones too.

    {"week": "2026-W47", "from": its Monday, "days", "sessions", "minutes", "completed_share": of the items, or None}
    """
    monday = _monday(now.astimezone(UTC).date())
    first = monday - (weeks - 1) * _WEEK
    found = {first + number * _WEEK: _Week() for number in range(weeks)}
    for at, seconds, outcomes in _sessions(conn, key, member):
        week = found.get(_monday(at))
        if week is None:
            continue
        week.days.add(at)
        week.sessions += 1
        week.seconds += seconds
        week.items += len(outcomes)
        week.completed += outcomes.count("completed")
    return [_told(start, week) for start, week in found.items()]


def _told(start: date, week: _Week) -> dict[str, Any]:
    year, number, _ = start.isocalendar()
    return {
        "week": f"{year}-W{number:02}", "from": start.isoformat(), "days": len(week.days), "sessions": week.sessions,
        "minutes": round(week.seconds / 60),
        "completed_share": round(week.completed / week.items, 2) if week.items else None,
    }  # fmt: skip


def _sessions(conn: Connection, key: DataKey, member: UUID) -> Iterator[tuple[date, int, list[Any]]]:
    """(day in UTC, seconds, outcomes) of each session that can be read."""
    rows = conn.execution_options(stream_results=True, yield_per=500).exec_driver_sql(
        _SESSIONS, {"stream": f"{ACCOUNT}{member}"}
    )
    for row in rows:
        try:
            at = datetime.fromisoformat(row.at).astimezone(UTC).date()
            slots = key.unseal(row.slots) if isinstance(row.slots, str) else row.slots
            outcomes = [slot["outcome"] for slot in slots]
        except (ValueError, TypeError, KeyError, SealBroken):
            continue  # one session that cannot be read takes nothing from the others
        yield at, row.completed_s if isinstance(row.completed_s, int) else 0, outcomes


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
