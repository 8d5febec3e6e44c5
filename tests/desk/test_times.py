"""Times on the clock of a zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from server.desk.times import NoMoment, moment, told


@pytest.mark.parametrize(
    ("text", "zone", "at"),
    [
        ("2026-07-01T10:00", "UTC", (2026, 7, 1, 10, 0)),
        ("2026-07-01T10:00", "", (2026, 7, 1, 10, 0)),
        ("2026-07-01T10:00", "Europe/Berlin", (2026, 7, 1, 8, 0)),
        ("2026-01-01T00:30", "Europe/Berlin", (2025, 12, 31, 23, 30)),
        ("2026-11-23T18:00", "America/New_York", (2026, 11, 23, 23, 0)),
        # The clocks go back: of the two the earlier.
        ("2026-10-25T02:30", "Europe/Berlin", (2026, 10, 25, 0, 30)),
    ],
)
def test_a_time_is_meant_on_the_clock_of_its_zone(text: str, zone: str, at: tuple[int, ...]) -> None:
    assert moment(text, zone) == datetime(*at, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "zone", "field"),
    [
        ("", "UTC", "at"), ("soon", "Europe/Berlin", "at"), ("2026-07-01T10:00+02:00", "UTC", "at"),
        ("2026-02-30T10:00", "UTC", "at"), ("0001-01-01T00:00", "Asia/Tokyo", "at"),
        ("2026-03-29T02:30", "Europe/Berlin", "at"), ("2026-07-01T10:00", "Europe/Nowhere", "zone"),
        ("2026-07-01T10:00", "Europe", "zone"), ("2026-07-01T10:00", "/etc/passwd", "zone"),
        ("2026-07-01T10:00", "z" * 5000, "zone"),
    ],
)  # fmt: skip
def test_what_is_no_moment_is_told_at_its_field(text: str, zone: str, field: str) -> None:
    with pytest.raises(NoMoment) as wrong:
        moment(text, zone)
    assert wrong.value.field == field
    assert str(wrong.value).endswith(".")


def test_a_moment_is_told_on_both_clocks() -> None:
    at = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    assert told(at, "UTC") == "1 July 2026, 08:00 UTC"
    assert told(at, "Europe/Berlin") == "1 July 2026, 10:00 (Europe/Berlin), which is 1 July 2026, 08:00 UTC"
