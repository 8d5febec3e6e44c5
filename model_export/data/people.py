"""Simulated people as an app sees them: profile, habits, calendar. What moves them is hidden in `families`.

Everything is drawn from the random streams given, so a person is the same whoever asks and in whatever order.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from model_export.encode import Catalog
from model_export.request import LEVELS

SIMULATED = 8
"""Version of the UUIDs of simulated accounts: RFC 9562 leaves version 8 to applications, and apps make version 7. So
simulated people are told from real ones wherever their records end up."""
KIT = {"mat": 0.7, "chair": 0.85, "step": 0.5, "doorway": 0.8, "strap": 0.3, "foam_roller": 0.25, "mini_band": 0.2,
       "band": 0.2, "dowel": 0.1, "dumbbell": 0.15, "bench": 0.1}  # fmt: skip
KINDS = ("warmup", "mobility", "cooldown", "desk_break")
MINUTES = {
    "warmup": (5, 8, 10, 12, 15),
    "mobility": (8, 10, 15, 20),
    "cooldown": (5, 6, 8, 10),
    "desk_break": (3, 4, 5),
}
RARE = {
    "pregnancy_t1": (18, 45, "female"), "pregnancy_t23": (18, 45, "female"), "postpartum_early": (18, 45, "female"),
    "pelvic_girdle_pain": (18, 50, "female"), "osteoporosis": (50, 120, None), "fall_risk": (65, 120, None),
    "hip_replacement": (55, 120, None), "cardiac": (40, 120, None), "knee_oa": (40, 120, None),
    "glaucoma": (40, 120, None),
}  # fmt: skip
"""Condition -> ages and sex it is drawn for; the others are for anybody."""


@dataclass(frozen=True)
class Person:
    """What an app knows of somebody, and habits: `hour` is the usual local hour, `per_week` days with a session."""

    stream: str
    profile: dict[str, Any]
    activities: tuple[str, ...]
    kinds: tuple[float, ...]
    hour: float
    per_week: float

    @property
    def level(self) -> int:
        return LEVELS.index(self.profile["level"])


@dataclass(frozen=True)
class Wish:
    """One request: local time (taken as UTC), the payload's request, and what is particular to the day."""

    at: datetime
    request: dict[str, Any]
    constraints: list[str]
    seed: int


def uuid_of(rng: np.random.Generator, version: int, at: datetime | None = None) -> uuid.UUID:
    """A UUID with random bits; its first 48 bits are the milliseconds of `at` where given (RFC 9562, version 7)."""
    value = int.from_bytes(rng.bytes(16), "big")
    if at is not None:
        milliseconds = int(at.timestamp() * 1000)
        value = (value & ((1 << 80) - 1)) | (milliseconds << 80)
    value = (value & ~(0xF << 76)) | (version << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def is_simulated(stream: str) -> bool:
    """Whether `account:<uuid>` is a simulated person's stream."""
    try:
        return uuid.UUID(stream.partition(":")[2]).version == SIMULATED
    except ValueError:
        return False


def person(rng: np.random.Generator, catalog: Catalog) -> Person:
    """Somebody between 12 and 88, most of them working adults; one in three with a condition."""
    age = int(np.clip(rng.normal(42, 17), 12, 88))
    sex = str(rng.choice(("female", "male", "other"), p=(0.49, 0.49, 0.02)))
    chances = (0.45, 0.4, 0.15) if age < 60 else (0.5, 0.42, 0.08)
    level = str(rng.choice(LEVELS, p=chances))
    conditions = _some(rng, _open_to(catalog, age, sex), (0.66, 0.26, 0.08))
    constraints = _some(rng, ["no_floor", "no_jump", "no_kneel"], (0.8, 0.15, 0.05))
    activities = [code for code in catalog.codes("activities") if code != "desk_work"]
    return Person(
        stream=f"account:{uuid_of(rng, SIMULATED)}",
        profile={
            "age": age,
            "sex": sex,
            "level": level,
            "conditions": sorted(conditions),
            "constraints": sorted(constraints),
            "equipment": sorted(code for code, chance in KIT.items() if rng.random() < chance),
            "deficits": sorted(_some(rng, catalog.codes("moves"), (0.6, 0.3, 0.1))),
        },
        activities=tuple(_some(rng, activities, (0.0, 0.5, 0.35, 0.15))),
        kinds=tuple(float(p) for p in rng.dirichlet((5.0, 3.0, 2.5, 1.5))),
        hour=float(np.clip(rng.choice((7.5, 12.5, 18.5), p=(0.35, 0.15, 0.5)) + rng.normal(0, 1), 5.5, 21.5)),
        per_week=float(rng.uniform(1.5, 5)),
    )


def _open_to(catalog: Catalog, age: int, sex: str) -> list[str]:
    anybody = (0, 120, None)
    return [
        code for code in catalog.codes("conditions")
        if RARE.get(code, anybody)[0] <= age <= RARE.get(code, anybody)[1]
        and RARE.get(code, anybody)[2] in (None, sex)
    ]  # fmt: skip


def _some(rng: np.random.Generator, codes: Sequence[str], chances: Sequence[float]) -> list[str]:
    """k codes with probability chances[k], without repetition."""
    k = int(rng.choice(len(chances), p=chances))
    return [str(code) for code in rng.choice(codes, min(k, len(codes)), replace=False)]


def wishes(rng: np.random.Generator, who: Person, start: datetime) -> Iterator[Wish]:
    """Requests without end, in order of time: `per_week` days a week, at about the usual hour."""
    day = start
    while True:
        day += timedelta(days=int(rng.geometric(who.per_week / 7)))
        minute = int(np.clip(who.hour * 60 + rng.normal(0, 45), 300, 1380))
        at = day.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0, tzinfo=UTC)
        at += timedelta(milliseconds=int(rng.integers(60_000)))
        kind = str(rng.choice(KINDS, p=who.kinds))
        request: dict[str, Any] = {
            "kind": kind,
            "activity": "desk_work" if kind == "desk_break" else str(rng.choice(who.activities)),
            "budget_s": int(rng.choice(MINUTES[kind])) * 60,
            "local_time": f"{minute // 60:02d}:{minute % 60:02d}",
        }
        if kind == "warmup" and rng.random() < 0.6:
            request["gap_s"] = int(rng.integers(0, 16)) * 60
        extra = ["small_space"] if rng.random() < 0.08 else []
        yield Wish(at, request, sorted({*who.profile["constraints"], *extra}), int(rng.integers(2**32)))
