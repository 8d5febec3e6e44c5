"""A fixed panel of requests, every routine of it measured: kinds x activities x minutes x levels, no chance in it.

The rows of `extra` ask what the grid does not: gaps, asthma, no jumping, age.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from model_export.encode import Catalog
from model_export.evidence import measures, quality, week
from model_export.evidence.reading import Reading, read
from model_export.request import LEVELS, RequestError

KIT = ("chair", "mat", "step", "doorway", "strap")
MINUTES = (5, 8, 12, 20, 30)
DESK_MINUTES = (5, 8)
SEEDS = range(5)
WORST = 20
WEEK = "week of mobility"
"""Under what name the rules of a week stand beside the kinds."""

Ask = Callable[[Any], dict[str, Any]]
"""Payload -> routine JSON; raises RequestError for one that cannot be."""


def row(kind: str, activity: str, minutes: int, level: str, **profile: Any) -> dict[str, Any]:
    return {
        "request": {"kind": kind, "activity": activity, "budget_s": minutes * 60},
        "profile": {"level": level, "age": 35, "equipment": list(KIT), **profile},
        "seed": 0,
    }


def grid(catalog: Catalog) -> list[dict[str, Any]]:
    """Every kind, activity, length and level; desk breaks only as long as one lasts."""
    return [
        row(kind, activity, minutes, level)
        for kind in catalog.codes("kinds")
        for activity, minutes, level in product(
            catalog.codes("activities"), DESK_MINUTES if kind == "desk_break" else MINUTES, LEVELS
        )
    ]


def extra(catalog: Catalog) -> Iterator[dict[str, Any]]:
    for activity in catalog.codes("activities"):
        yield row("warmup", activity, 8, "recreational", conditions=["exercise_asthma"])
        yield row("warmup", activity, 12, "trained", constraints=["no_jump"])
        yield row("mobility", activity, 12, "beginner", age=70)
        late = row("warmup", activity, 12, "recreational")
        late["request"]["gap_s"] = 1200
        yield late


def panel(catalog: Catalog, requests: int) -> list[dict[str, Any]]:
    """`requests` payloads: the extra rows, and as much of the grid, evenly spread, as is left; at least the former."""
    rows, more = grid(catalog), list(extra(catalog))
    wanted = min(max(requests - len(more), 0), len(rows))
    return [rows[i * len(rows) // wanted] for i in range(wanted)] + more


def seeds_of(catalog: Catalog) -> list[list[dict[str, Any]]]:
    """Five seeds of one request, for each kind and activity: what variety is measured on."""
    return [
        [
            {**row(kind, activity, 8 if kind == "desk_break" else 12, "recreational"), "seed": seed}
            for seed in SEEDS
        ]
        for kind in catalog.codes("kinds")
        for activity in catalog.codes("activities")
    ]


def weeks_of(catalog: Catalog) -> list[list[dict[str, Any]]]:
    """Seven days of mobility, twelve minutes each, for each activity: what the rules of a week are measured on."""
    return [
        [{**row("mobility", activity, 12, "recreational"), "seed": day} for day in range(week.DAYS)]
        for activity in catalog.codes("activities")
    ]


@dataclass
class Tally:
    """How often a rule applied and was met, and the sum of each part's numbers."""

    applied: int = 0
    met: int = 0
    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    failed: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, parts: Iterable[measures.Part]) -> None:
        parts = list(parts)
        self.applied += 1
        self.met += all(part.met for part in parts)
        for part in parts:
            self.sums[part.part] += part.value
            self.counts[part.part] += 1
            self.failed[part.part] += not part.met

    @property
    def share(self) -> float:
        return self.met / self.applied

    def means(self) -> dict[str, float]:
        return {part: self.sums[part] / n for part, n in self.counts.items()}


@dataclass
class Measured:
    """Everything found. Rule tallies by (what, code): ("kind", "warmup"), ("activity", "swim") or ("all", "all")."""

    rules: dict[tuple[str, str], dict[str, Tally]] = field(default_factory=dict)
    numbers: dict[tuple[str, str], dict[str, list[float]]] = field(default_factory=dict)
    worst: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    routines: int = 0
    bounds: dict[tuple[str, str], str] = field(default_factory=dict)
    uncovered: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, reading: Reading) -> None:
        self.routines += 1
        found, numbers = measures.measure(reading), quality.quality(reading)
        for key in keys(reading):
            tallies = self.rules.setdefault(key, {})
            for rule, parts in found.items():
                tallies.setdefault(rule, Tally()).add(parts)
            self.put(key, numbers)
        failed = [part for parts in found.values() for part in parts if not part.met]
        for part in (part for parts in found.values() for part in parts):
            self.bounds[part.rule, part.part] = part.bound
        if any(part.rule == "W10" for part in failed):
            self.uncovered[reading.kind, reading.activity or "custom"].update(quality.uncovered(reading))
        if failed:
            self.worst.append({"request": reading.payload, "failed": [described(part) for part in failed]})

    def add_week(self, days: list[week.Day]) -> None:
        """Rules of a week, over the muscles that the activity demands most."""
        if not days:
            return
        first = days[0].reading
        found = week.measure_week(days, first.most_demanded()[0] or None)
        for parts in found.values():
            for part in parts:
                self.bounds[part.rule, part.part] = part.bound
        for key in (("all", "all"), ("kind", WEEK), ("activity", first.activity or "custom")):
            for rule, parts in found.items():
                self.rules.setdefault(key, {}).setdefault(rule, Tally()).add(parts)

    def put(self, key: tuple[str, str], numbers: dict[str, float]) -> None:
        kept = self.numbers.setdefault(key, {})
        for name, value in numbers.items():
            kept.setdefault(name, []).append(value)

    def finish(self) -> None:
        """Keep the worst requests, one of a kind and activity: the most rules failed, then the most parts."""
        self.worst.sort(key=lambda e: (-len({f["rule"] for f in e["failed"]}), -len(e["failed"])))
        first: dict[tuple[str, str], dict[str, Any]] = {}
        for entry in self.worst:
            asked = entry["request"]["request"]
            first.setdefault((asked["kind"], str(asked["activity"])), entry)
        self.worst = list(first.values())[:WORST]


def described(part: measures.Part) -> dict[str, Any]:
    return {"rule": part.rule, "part": part.part, "value": round(part.value, 3), "bound": part.bound}


def keys(reading: Reading) -> list[tuple[str, str]]:
    return [("all", "all"), ("kind", reading.kind), ("activity", reading.activity or "custom")]


def run(
    catalog: Catalog, ask: Ask, payloads: list[dict[str, Any]], progress: Callable[[int], object]
) -> Measured:
    """Make and measure every routine; a request that cannot be met is counted, not measured."""
    found = Measured()

    def reading(payload: dict[str, Any]) -> Reading | None:
        progress(1)
        try:
            return read(catalog, payload, ask(payload))
        except RequestError as error:
            found.refused.append({"request": payload, "reason": str(error)})
            return None

    for payload in payloads:
        one = reading(payload)
        if one is not None and one.slots:
            found.add(one)
    for group in seeds_of(catalog):
        several = [one for one in map(reading, group) if one is not None]
        if len(several) > 1:
            for key in keys(several[0]):
                found.put(key, {"changed between five seeds": quality.variety(several)})
    for group in weeks_of(catalog):
        found.add_week(week_of(group, reading))
    found.finish()
    return found


def week_of(
    payloads: list[dict[str, Any]], reading: Callable[[dict[str, Any]], Reading | None]
) -> list[week.Day]:
    """The days in order, each knowing what was done on the days before."""
    days: list[week.Day] = []
    done: dict[str, dict[str, int]] = {}
    for day, payload in enumerate(payloads):
        past = {slug: {**entry, "days_since": day - entry["days_since"]} for slug, entry in done.items()}
        one = reading({**payload, "history": {"exercises": past}})
        if one is None:
            continue
        days.append(week.Day(day, one))
        for slot in one.slots:
            done[slot.slug] = {"days_since": day, "done": done.get(slot.slug, {}).get("done", 0) + 1}
    return days


def runs(catalog: Catalog, payloads: list[dict[str, Any]]) -> int:
    """How many routines `run` makes."""
    return len(payloads) + sum(len(group) for group in [*seeds_of(catalog), *weeks_of(catalog)])
