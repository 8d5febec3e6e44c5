"""Load of a session from its effort (L01), and of the days that were logged (F04, F08, F09 are in `week.py`).

Session-RPE: CR-10 effort times minutes (Foster 2001, J Strength Cond Res 15:109-115), in arbitrary units. The rating is
valid from one minute to fourteen days after the session (Foster 2021, IJSPP 16:612-621); about 30 minutes is usual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

VALID_AFTER_S = 60
VALID_FOR_S = 14 * 86_400


def session_load(rpe: float, completed_s: float, asked_after_s: float | None = None) -> float:
    """Effort (0..10) times minutes, AU. Raises ValueError for one off the scale, or asked too early or late."""
    if not 0 <= rpe <= 10:
        raise ValueError(f"rpe must be from 0 to 10, not {rpe}")
    if completed_s < 0:
        raise ValueError(f"completed_s must not be negative: {completed_s}")
    if asked_after_s is not None and not VALID_AFTER_S <= asked_after_s <= VALID_FOR_S:
        raise ValueError(
            f"an effort asked {asked_after_s:.0f} s after the session is not valid (60 s to 14 d)"
        )
    return rpe * completed_s / 60


def total_load(sessions: Iterable[Mapping[str, Any]]) -> float:
    """Sum over logged sessions, AU; one without an effort counts nothing."""
    return sum(session_load(s["rpe"], s["completed_s"]) for s in sessions if s.get("rpe") is not None)
