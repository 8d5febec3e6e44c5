"""Times that somebody types: a date and a time on the clock of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

UTC_NAME: Final = "UTC"
_ZONE_CHARACTERS: Final = 64


class NoMoment(ValueError):
    """What was typed is no moment; `field` is at or zone, the message a sentence for who typed it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def moment(text: str, zone: str) -> datetime:
    """The moment in UTC at which a clock of the zone shows `text`, such as 2026-03-29T08:30; of two the earlier.

    `zone`: a name of the IANA's data, such as Europe/Berlin. Raises NoMoment.
    """
    clock = _clock(zone)
    try:
        shown = datetime.fromisoformat(text)
        at = shown.replace(tzinfo=clock).astimezone(UTC)
        again = at.astimezone(clock).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise NoMoment("at", "That is no date and time.") from None
    if shown.tzinfo is not None:
        raise NoMoment("at", "That is no date and time.")
    if again != shown:
        raise NoMoment("at", f"The clocks of {zone} go forward then, so there is no such time that day.")
    return at


def told(at: datetime, zone: str) -> str:
    """The moment in words, on the clock of the zone and in UTC. Raises NoMoment for a zone that is none."""
    utc = f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
    if _clock(zone) is UTC:
        return utc
    return f"{at.astimezone(_clock(zone)):%-d %B %Y, %H:%M} ({zone}), which is {utc}"


def _clock(zone: str) -> tzinfo:
    # UTC needs no data of zones, which a small machine may not have.
    if zone.upper() in ("", UTC_NAME):
        return UTC
    try:
        if len(zone) <= _ZONE_CHARACTERS:
            return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        pass
    raise NoMoment(
        "zone", "That is no time zone that this server knows. Say the time in UTC, or as in Europe/Berlin."
    )
