"""Hybrid logical clocks (Kulkarni et al., "Logical Physical Clocks", 2014) as text that sorts as time does.

A clock is `<milliseconds, 12 hex>-<counter, 4 hex>-<device, 16 hex>`. Milliseconds are those of the Unix epoch, UTC;
the counter orders what one device does within a millisecond, or while its wall clock stands still or goes back; the
device makes two devices' clocks different, always.
"""

import re
from dataclasses import dataclass

SERVER = "0" * 16
"""The device of what the server itself writes into an account's stream."""
_TEXT = re.compile(r"([0-9a-f]{12})-([0-9a-f]{4})-([0-9a-f]{16})")
_DEVICE = re.compile(r"[0-9a-f]{16}")
_MOST_MS = (1 << 48) - 1
_MOST_COUNT = (1 << 16) - 1


class ClockInvalid(ValueError):
    """The text is no hybrid logical clock, or there is none greater."""


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """The parts of a clock; compares as its text does."""

    ms: int
    counter: int
    device: str


def is_device(text: object) -> bool:
    """Whether `text` can name a device: 16 lower-case hex digits."""
    return isinstance(text, str) and _DEVICE.fullmatch(text) is not None


def parse(text: object) -> Stamp:
    """The parts of a clock. Raises ClockInvalid."""
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ClockInvalid("must be a clock such as 019acb12f3a4-0000-1f2e3d4c5b6a7988")
    return Stamp(int(found[1], 16), int(found[2], 16), found[3])


def text(stamp: Stamp) -> str:
    """The clock as text. Raises ClockInvalid for parts out of range."""
    if not (0 <= stamp.ms <= _MOST_MS and 0 <= stamp.counter <= _MOST_COUNT and is_device(stamp.device)):
        raise ClockInvalid(f"{stamp} is out of range")
    return f"{stamp.ms:012x}-{stamp.counter:04x}-{stamp.device}"


def tick(last: str | None, wall_ms: int, device: str) -> str:
    """The next clock of `device`: greater than `last`, the greatest it has used or seen, and not before `wall_ms`.

    A wall clock that stands still or goes back counts on; a full counter moves to the next millisecond. Raises
    ClockInvalid.
    """
    before = parse(last) if last is not None else Stamp(-1, 0, device)
    if wall_ms > before.ms:
        return text(Stamp(wall_ms, 0, device))
    if before.counter < _MOST_COUNT:
        return text(Stamp(before.ms, before.counter + 1, device))
    return text(Stamp(before.ms + 1, 0, device))


def greatest(*clocks: str | None) -> str | None:
    """The latest of some clocks, None for none."""
    return max((clock for clock in clocks if clock is not None), default=None)
