"""What a physio reads of a member: days, sessions, minutes, the share of items; by week, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from server.accounts import adherence
from server.accounts.data_keys import data_key
from server.db import as_account
from tests.accounts.data import Person, acts, linked, new_person

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def mia(house: Any) -> Person:
    return new_person(house)


@pytest.fixture
def ben(house: Any) -> Person:
    """A physio."""
    return new_person(house, "Ben", "physio")


def by_week(member: Person, weeks: int, now: datetime = NOW) -> list[dict[str, Any]]:
    def work(conn: Any) -> list[dict[str, Any]]:
        key = data_key(conn, member.limber.settings, member.account)
        return adherence.by_week(conn, key, member.account, weeks, now)

    return as_account(member.limber.engine, member.account, work)


def test_adherence_is_days_sessions_minutes_and_the_share_of_items_by_week(mia: Person) -> None:
    monday = NOW.replace(hour=0) - timedelta(days=2)
    mia.sync(
        mia.session(monday, ("completed", "skipped")),
        mia.session(monday + timedelta(hours=8), ("completed", "completed"), completed_s=330),
        mia.session(NOW, ("stopped_by_pain", "completed"), completed_s=60),
        mia.session(monday - timedelta(seconds=1), ("completed",)),
        mia.session(monday - timedelta(days=40), ("completed",)),
    )
    assert by_week(mia, 3) == [
        {
            "week": "2026-W45",
            "from": "2026-11-02",
            "days": 0,
            "sessions": 0,
            "minutes": 0,
            "completed_share": None,
        },
        {
            "week": "2026-W46",
            "from": "2026-11-09",
            "days": 1,
            "sessions": 1,
            "minutes": 10,
            "completed_share": 1.0,
        },
        {
            "week": "2026-W47",
            "from": "2026-11-16",
            "days": 2,
            "sessions": 3,
            "minutes": 16,
            "completed_share": 0.67,
        },
    ]


def test_a_session_counts_in_the_week_that_it_was_in_utc(mia: Person) -> None:
    sunday = datetime.fromisoformat("2026-11-16T01:30:00+02:00")
    mia.sync(mia.session(sunday))
    assert [week["sessions"] for week in by_week(mia, 2)] == [1, 0]


def test_the_turn_of_the_year_is_iso_weeks(mia: Person) -> None:
    weeks = by_week(mia, 3, datetime(2027, 1, 5, tzinfo=UTC))
    assert [week["week"] for week in weeks] == ["2026-W52", "2026-W53", "2027-W01"]


def test_a_session_that_cannot_be_read_takes_nothing_from_the_others(mia: Person) -> None:
    mia.sync(mia.session(NOW), mia.session(NOW))
    broken = text('UPDATE record SET data = data || \'{"slots": "\\u001asealed:AAAA"}\' WHERE seq = 1')
    as_account(mia.limber.engine, mia.account, lambda conn: conn.execute(broken), write=True)
    assert [week["sessions"] for week in by_week(mia, 1)] == [1]


def test_a_physio_reads_it_and_the_member_sees_that_they_did(mia: Person, ben: Person) -> None:
    mia.sync(mia.session(datetime.now(UTC), ("completed",)))
    path = linked(mia, ben)
    for _ in range(3):
        weeks = ben.ok("GET", f"{path}/adherence?weeks=2")["weeks"]
    assert [week["sessions"] for week in weeks] == [0, 1]
    assert set(weeks[0]) == {"week", "from", "days", "sessions", "minutes", "completed_share"}
    assert acts(mia)[2:] == [("physio", "adherence_read")], "once a day"
    for wrong in ("0", "53", "all"):
        assert ben.call("GET", f"{path}/adherence?weeks={wrong}").status_code == 422
