"""The `score` rules over seven days: how often, how long and how much a muscle is stretched (F04, F08, F09).

They speak of a plan or a history of a week, never of one routine: of those who want more range, not of a cool-down.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from model_export.evidence.measures import RANGE_WORK, Part, held_seconds
from model_export.evidence.reading import Reading

DAYS = 7
PER_WEEK = 2
"""F04: sessions of a muscle in seven days."""
SESSION_CAP_S, WEEK_CAP_S = 240, 600
"""F08: beyond these more stretching adds little, seconds per muscle and side."""
GAIN_S, GAIN_DAYS = 300, 5
"""F09: what gains range, seconds per muscle and side in seven days, over so many days."""


@dataclass(frozen=True)
class Day:
    """One routine of the week; `day` counts 0..6."""

    day: int
    reading: Reading


def worked(week: Iterable[Day]) -> dict[str, int]:
    """Muscle -> sessions that worked its range, held or moving (F04 speaks of all stretching)."""
    return Counter(
        muscle
        for entry in week
        for muscle in {m for s in entry.reading.of_type(*RANGE_WORK) for m in s.exercise["primary_muscles"]}
    )


def stretched(week: Iterable[Day]) -> dict[str, dict[int, list[int]]]:
    """Muscle -> day -> seconds per side of each session that held it."""
    found: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for entry in week:
        if not 0 <= entry.day < DAYS:
            raise ValueError(f"day {entry.day} is not one of seven (0 to 6)")
        for muscle, seconds in held_seconds(entry.reading).items():
            found[muscle][entry.day].append(seconds)
    return {muscle: dict(days) for muscle, days in found.items()}


def measure_week(week: Iterable[Day], wanted: Iterable[str] | None = None) -> dict[str, list[Part]]:
    """F04, F08, F09 over `wanted` muscles, by default all that the week stretches; empty where it stretches none."""
    week = list(week)
    found, often = stretched(week), worked(week)
    muscles = list(found if wanted is None else dict.fromkeys(wanted))
    if not muscles:
        return {}
    sessions = {m: [s for day in found.get(m, {}).values() for s in day] for m in muscles}
    twice = sum(often.get(m, 0) >= PER_WEEK for m in muscles)
    gaining = sum(sum(sessions[m]) >= GAIN_S and len(found.get(m, {})) >= GAIN_DAYS for m in muscles)
    longest = max((s for m in muscles for s in sessions[m]), default=0)
    most = max(sum(sessions[m]) for m in muscles)
    return {
        "F04": [Part("F04", "muscles stretched twice", twice / len(muscles), low=1)],
        "F08": [
            Part("F08", "longest of a session, s", longest, high=SESSION_CAP_S),
            Part("F08", "most of a week, s", most, high=WEEK_CAP_S),
        ],
        "F09": [Part("F09", "muscles that gain range", gaining / len(muscles), low=1)],
    }
