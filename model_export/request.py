"""A person's request, checked: what comes in is refused with the field named, never guessed at."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from model_export.contract import BUDGET_MAX_S, BUDGET_MIN_S, HISTORY

if TYPE_CHECKING:
    from model_export.encode import Catalog, Vocabulary

LEVELS = ("beginner", "recreational", "trained")
SEXES = ("female", "male", "other")
PAIN_DAYS = 7
"""L02: how long a report of pain keeps a region's end-range work out."""
TARGET_RPE = 4
"""W06: the effort that a routine aims at, of 10, where a session does not say."""


class RequestError(ValueError):
    """A malformed or impossible request: `field` is a dotted path, `reason` a sentence."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True)
class Request:
    """One checked request; times in seconds, demand 0..3, readings in mmHg. `budget_s` is what was asked for, `learned`
    the text of the on-device learned state."""

    kind: str
    activity: str | None
    budget_s: int
    demand: tuple[Mapping[str, int], Mapping[str, int]]
    explosive: int
    met: float
    minute: int = -1
    gap_s: int = -1
    age: int = 35
    level: str = "recreational"
    systolic: int = 0
    diastolic: int = 0
    conditions: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    red_flags: tuple[str, ...] = ()
    soreness: tuple[str, ...] = ()
    acute_regions: tuple[str, ...] = ()
    deficit_muscles: tuple[str, ...] = ()
    deficit_moves: tuple[str, ...] = ()
    pain_regions: tuple[str, ...] = ()
    strain: int = 0
    history: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    learned: str | None = None
    explore: bool = False
    seed: int = 0

    def scalars(self, vocabulary: Vocabulary) -> dict[str, int]:
        activities = vocabulary["activities"]
        return {
            "kind": vocabulary["kinds"].index(self.kind),
            "budget_s": self.budget_s,
            "gap_s": self.gap_s,
            "minute": self.minute,
            "age": self.age,
            "level": LEVELS.index(self.level),
            "explosive": self.explosive,
            "met10": round(self.met * 10),
            "activity": activities.index(self.activity) if self.activity in activities else -1,
            "systolic": self.systolic,
            "diastolic": self.diastolic,
            "strain": self.strain,
        }


def _object(value: Any, where: str, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RequestError(where, "must be an object")
    for key in value:
        if key not in known:
            raise RequestError(
                f"{where}.{key}" if where else str(key), f"unknown field; known are {', '.join(known)}"
            )
    return value


def _integer(value: Any, where: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise RequestError(where, f"must be a whole number from {low} to {high}")
    if not low <= value <= high:
        raise RequestError(where, f"must be from {low} to {high}, not {int(value)}")
    return int(value)


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise RequestError(where, "must be true or false")
    return value


def _one_of(value: Any, where: str, known: Collection[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise RequestError(where, f"{value!r} is not one of {', '.join(sorted(known))}")
    return value


def _codes(value: Any, where: str, known: Collection[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise RequestError(where, "must be a list of codes")
    return tuple(dict.fromkeys(_one_of(code, f"{where}[{i}]", known) for i, code in enumerate(value)))


def _local_time(value: Any, where: str) -> int:
    match = re.fullmatch(
        r"(?:\d{4}-\d{2}-\d{2}T)?([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?",
        value if isinstance(value, str) else "",
        re.ASCII,
    )
    if not match:
        raise RequestError(where, "must be a local time such as 07:30")
    return int(match[1]) * 60 + int(match[2])


def _demand(value: Any, where: str, catalog: Catalog) -> dict[str, Any]:
    """A custom activity: chosen muscles and movements, 0..3 each."""
    given = _object(value, where, ("muscles", "moves", "explosive", "met"))
    vectors = []
    for part in ("muscles", "moves"):
        entries = _object(given.get(part, {}), f"{where}.{part}", catalog.codes(part))
        vectors.append({code: _integer(n, f"{where}.{part}.{code}", 0, 3) for code, n in entries.items()})
    met = given.get("met", 5)
    if isinstance(met, bool) or not isinstance(met, int | float) or not 1 <= met <= 25:
        raise RequestError(f"{where}.met", "must be a number from 1 to 25")
    return {
        "activity": None,
        "demand": (vectors[0], vectors[1]),
        "explosive": _integer(given.get("explosive", 0), f"{where}.explosive", 0, 3),
        "met": float(met),
    }


def _activity(value: Any, catalog: Catalog) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return _demand(value, "request.activity", catalog)
    code = _one_of(value, "request.activity", catalog.activities)
    known = catalog.activities[code]
    return {
        "activity": code,
        "demand": (known["muscles"], known["moves"]),
        "explosive": known["explosive"],
        "met": float(known["met"]),
    }


def _exercises(entries: Any, catalog: Catalog) -> dict[str, tuple[int, ...]]:
    ranges = {"days_since": (0, 3650, 60), "rating": (-1, 1, 0), "pain": (0, 10, 0)}
    rows = {}
    if not isinstance(entries, Mapping):
        raise RequestError("history.exercises", "must be an object")
    for slug, entry in entries.items():
        if slug not in catalog.places:
            continue  # an exercise that left the catalogue
        where = f"history.exercises.{slug}"
        fields = _object(entry, where, HISTORY)
        row = []
        for name in HISTORY:
            low, high, default = ranges.get(name, (0, 100_000, 0))
            number = _integer(fields.get(name, default), f"{where}.{name}", low, high)
            row.append(min(number, {"days_since": 60, "done": 100}.get(name, number)))
        rows[str(slug)] = tuple(row)
    return rows


def _strain(value: Any) -> int:
    """L02: how many of the latest sessions in a row were at least two above their target, at most 9."""
    if not isinstance(value, list | tuple):
        raise RequestError("history.sessions", "must be a list, the newest first")
    above = []
    for i, entry in enumerate(value):
        where = f"history.sessions[{i}]"
        given = _object(entry, where, ("days_since", "rpe", "target"))
        if "rpe" not in given:
            raise RequestError(f"{where}.rpe", "is missing")
        _integer(given.get("days_since", 0), f"{where}.days_since", 0, 3650)
        rpe = _integer(given["rpe"], f"{where}.rpe", 0, 10)
        above.append(rpe >= _integer(given.get("target", TARGET_RPE), f"{where}.target", 0, 10) + 2)
    return min([*above, False].index(False), 9)


def _pain_regions(
    reports: Any, exercises: Mapping[str, tuple[int, ...]], catalog: Catalog
) -> tuple[str, ...]:
    """L02: regions with pain in the last seven days, reported for themselves or for an exercise that works them."""
    known = catalog.codes("regions")
    found = set()
    for region, entry in _object(reports, "history.pain", known).items():
        where = f"history.pain.{region}"
        given = _object(entry, where, ("days_since", "level"))
        level = _integer(given.get("level", 1), f"{where}.level", 0, 10)
        if level and _integer(given.get("days_since", 0), f"{where}.days_since", 0, 3650) <= PAIN_DAYS:
            found.add(region)
    days_since, pain = HISTORY.index("days_since"), HISTORY.index("pain")
    muscles = catalog.vocabulary["muscles"]
    for slug, row in exercises.items():
        if row[pain] > 0 and row[days_since] <= PAIN_DAYS:
            found.update(
                muscles[m]["region"] for m in catalog.exercises[catalog.places[slug]]["primary_muscles"]
            )
    return tuple(region for region in known if region in found)


def _history(value: Any, catalog: Catalog) -> dict[str, Any]:
    given = _object(value, "history", ("exercises", "sessions", "pain", "learned"))
    exercises = _exercises(given.get("exercises", {}), catalog)
    learned = given.get("learned")
    if learned is not None and not isinstance(learned, str):
        raise RequestError("history.learned", "must be the text that the device keeps its learned state in")
    return {
        "history": exercises,
        "strain": _strain(given.get("sessions", [])),
        "pain_regions": _pain_regions(given.get("pain", {}), exercises, catalog),
        "learned": learned,
    }


def _deficits(value: Any, catalog: Catalog) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Codes of movements, muscles or regions; a region stands for its muscles."""
    muscles = catalog.vocabulary["muscles"]
    regions = catalog.codes("regions")
    known = {*catalog.codes("moves"), *muscles, *regions}
    codes = _codes(value, "profile.deficits", known)
    chosen = [c for c in codes if c in muscles]
    chosen += [
        m for code in codes if code in regions for m, entry in muscles.items() if entry["region"] == code
    ]
    return tuple(dict.fromkeys(chosen)), tuple(c for c in codes if c not in muscles and c not in regions)


def parse(payload: Any, catalog: Catalog) -> Request:
    """The payload of `scripts/generate` as a Request. Raises RequestError naming the field."""
    top = _object(payload, "", ("request", "profile", "history", "seed", "explore"))
    if "request" not in top:
        raise RequestError("request", "is missing")
    given = _object(top["request"], "request", ("kind", "activity", "budget_s", "local_time", "gap_s"))
    for name in ("kind", "activity", "budget_s"):
        if name not in given:
            raise RequestError(f"request.{name}", "is missing")
    person = _object(
        {} if top.get("profile") is None else top["profile"], "profile",
        ("age", "sex", "level", "conditions", "constraints", "equipment", "red_flags", "deficits", "soreness",
         "acute_regions", "blood_pressure"),
    )  # fmt: skip
    if person.get("sex") is not None:
        _one_of(person["sex"], "profile.sex", SEXES)
    pressure = person.get("blood_pressure")
    reading = _object(
        {} if pressure is None else pressure, "profile.blood_pressure", ("systolic", "diastolic")
    )
    level = person.get("level")
    regions = catalog.codes("regions")
    muscles, moves = _deficits(person.get("deficits"), catalog)

    def optional(source: Mapping[str, Any], where: str, name: str, low: int, high: int, default: int) -> int:
        value = source.get(name)
        return default if value is None else _integer(value, f"{where}.{name}", low, high)

    return Request(
        kind=_one_of(given["kind"], "request.kind", catalog.codes("kinds")),
        budget_s=_integer(given["budget_s"], "request.budget_s", BUDGET_MIN_S, BUDGET_MAX_S),
        gap_s=optional(given, "request", "gap_s", 0, 86_400, -1),
        minute=-1
        if given.get("local_time") is None
        else _local_time(given["local_time"], "request.local_time"),
        age=optional(person, "profile", "age", 7, 120, 35),
        level=_one_of("recreational" if level is None else level, "profile.level", LEVELS),
        systolic=optional(reading, "profile.blood_pressure", "systolic", 0, 300, 0),
        diastolic=optional(reading, "profile.blood_pressure", "diastolic", 0, 200, 0),
        conditions=_codes(person.get("conditions"), "profile.conditions", catalog.conditions),
        constraints=_codes(person.get("constraints"), "profile.constraints", catalog.codes("constraints")),
        equipment=_codes(person.get("equipment"), "profile.equipment", [*catalog.codes("equipment"), "none"]),
        red_flags=_codes(person.get("red_flags"), "profile.red_flags", catalog.codes("red_flags")),
        soreness=_codes(person.get("soreness"), "profile.soreness", regions),
        acute_regions=_codes(person.get("acute_regions"), "profile.acute_regions", regions),
        deficit_muscles=muscles,
        deficit_moves=moves,
        explore=_boolean(top.get("explore", False), "explore"),
        seed=_integer(top.get("seed", 0), "seed", 0, 2**32 - 1),
        **_history({} if top.get("history") is None else top["history"], catalog),
        **_activity(given["activity"], catalog),
    )
