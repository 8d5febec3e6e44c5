"""What a coach and a physiotherapist look at in a routine, as plain measures; the policy shares none of them.

A scenario is a payload; `scenario(...)` gives the test a `plan` for each of three seeds: no demand is met by luck.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import pytest

SEEDS = 3
HOME = ("chair", "mat", "step", "doorway", "strap")
CAP = {"beginner": 2, "recreational": 3, "trained": 5}
GROUPS = {
    "seated_chair": "chair", "half_kneeling": "floor", "tall_kneeling": "floor", "quadruped": "floor",
    "plank": "floor", "inverted": "floor", "prone": "floor", "supine": "floor", "side_lying": "floor",
    "seated_floor": "floor", "hanging": "bar",
}  # fmt: skip
STRETCHES = ("static_stretch", "pnf_stretch")
DRILLS = ("skill_drill", "potentiation")


def payload(
    kind: str, activity: Any, minutes: float, *, kit: Iterable[str] = HOME, gap_s: int | None = None,
    local_time: str | None = None, history: Mapping[str, Any] | None = None, **profile: Any,
) -> dict[str, Any]:  # fmt: skip
    """payload("warmup", "football", 20, age=24, kit=[], conditions=[...]) -> what scripts/generate reads, seed 0"""
    request: dict[str, Any] = {"kind": kind, "activity": activity, "budget_s": round(minutes * 60)}
    if gap_s is not None:
        request["gap_s"] = gap_s
    if local_time is not None:
        request["local_time"] = local_time
    made: dict[str, Any] = {"request": request, "profile": {"equipment": list(kit), **profile}, "seed": 0}
    if history is not None:
        made["history"] = dict(history)
    return made


def scenario(*payloads: dict[str, Any]) -> pytest.MarkDecorator:
    """The test runs once per payload and seed, with `plan` made from it."""
    seeded = [{**given, "seed": seed} for given in payloads for seed in range(SEEDS)]
    return pytest.mark.parametrize("plan", seeded, indirect=True, ids=label)


def label(given: Mapping[str, Any]) -> str:
    request, profile = given["request"], given["profile"]
    activity = request["activity"] if isinstance(request["activity"], str) else "custom"
    who = [*profile.get("conditions", ()), *profile.get("constraints", ())]
    return "-".join(
        [request["kind"], activity, f"{request['budget_s'] / 60:g}min", str(profile.get("age", 35)), *who,
         f"seed{given['seed']}"]
    )  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One item of the routine with its exercise."""

    item: Mapping[str, Any]
    exercise: Mapping[str, Any]

    @property
    def slug(self) -> str:
        return str(self.exercise["slug"])

    @property
    def type(self) -> str:
        return str(self.exercise["type"])

    @property
    def met(self) -> float:
        return float(self.exercise["met"])

    @property
    def primary(self) -> set[str]:
        return set(self.exercise["primary_muscles"])

    @property
    def muscles(self) -> set[str]:
        return self.primary | set(self.exercise["secondary_muscles"])

    @property
    def moves(self) -> set[str]:
        return set(self.exercise["moves"])

    @property
    def hazards(self) -> set[str]:
        return set(self.exercise["hazards"])

    @property
    def posture(self) -> str:
        """standing, chair, floor or bar; whoever lies under a barbell lies on its bench."""
        if "barbell" in self.exercise["equipment"]:
            return "standing"
        return GROUPS.get(str(self.item["position"]), "standing")

    @property
    def work_s(self) -> int:
        """Seconds of work, both sides and all sets."""
        return int(self.item["sets"] * self.item["work_s_per_side"] * self.item["sides"])

    @property
    def per_side_s(self) -> int:
        return int(self.item["sets"] * self.item["work_s_per_side"])

    @property
    def content(self) -> set[str]:
        """What the item does, for telling near-twins: primary muscles and joint movements."""
        return self.primary | {move for move in self.moves if not move.startswith("global.")}


@dataclass(frozen=True)
class Plan:
    """A routine resolved against the catalogue, for one payload."""

    catalog: Any
    payload: Mapping[str, Any]
    routine: Mapping[str, Any]

    @cached_property
    def rows(self) -> list[Row]:
        known = {exercise["slug"]: exercise for exercise in self.catalog.exercises}
        return [Row(item, known[item["slug"]]) for item in self.routine["items"]]

    @property
    def request(self) -> Mapping[str, Any]:
        return self.payload["request"]  # type: ignore[no-any-return]

    @property
    def kind(self) -> str:
        return str(self.request["kind"])

    @property
    def activity(self) -> str:
        """Its code; empty for a custom demand vector."""
        return self.request["activity"] if isinstance(self.request["activity"], str) else ""

    @property
    def minutes(self) -> float:
        return float(self.request["budget_s"]) / 60

    @property
    def warnings(self) -> set[str]:
        return set(self.routine["warnings"])

    def person(self, name: str) -> set[str]:
        """A list of the profile: conditions, constraints, equipment, deficits."""
        return set(self.payload["profile"].get(name) or ())

    @property
    def age(self) -> int:
        return int(self.payload["profile"].get("age", 35))

    @cached_property
    def demand(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Muscles, moves -> 0..3."""
        source = self.catalog.activities[self.activity] if self.activity else self.request["activity"]
        return source["muscles"], source["moves"]

    def wanted(self, least: int = 3) -> tuple[set[str], set[str]]:
        """Muscles and moves that the activity demands at least so much."""
        return tuple({code for code, n in part.items() if n >= least} for part in self.demand)  # type: ignore[return-value]

    def of_type(self, *types: str) -> list[Row]:
        return [row for row in self.rows if row.type in types]

    def of_phase(self, *phases: str) -> list[Row]:
        return [row for row in self.rows if row.item["phase"] in phases]

    @property
    def drills(self) -> list[Row]:
        return self.of_type(*DRILLS)

    @property
    def stretches(self) -> list[Row]:
        return self.of_type(*STRETCHES)

    @property
    def moves(self) -> set[str]:
        return {move for row in self.rows for move in row.moves}

    @property
    def muscles(self) -> set[str]:
        """Worked as a primary muscle."""
        return {muscle for row in self.rows for muscle in row.primary}

    @property
    def hazards(self) -> set[str]:
        return {hazard for row in self.rows for hazard in row.hazards}

    @property
    def peak(self) -> float:
        return max(row.met for row in self.rows)

    def third(self, n: int) -> list[Row]:
        """Items that start in the n-th third (0, 1, 2) of the time."""
        found, now = [], 0
        for row in self.rows:
            if min(now * 3 // self.routine["total_s"], 2) == n:
                found.append(row)
            now += length_s(row)
        return found

    def place(self, which: Callable[[Row], bool]) -> int:
        """Place of the first item that `which` holds for; the number of items when there is none."""
        return next((n for n, row in enumerate(self.rows) if which(row)), len(self.rows))

    def seconds(self, rows: Iterable[Row]) -> int:
        return sum(row.work_s for row in rows)

    def lists(self, row: Row) -> bool:
        return self.activity in row.exercise["activities"]

    @cached_property
    def usable(self) -> list[Mapping[str, Any]]:
        """Exercises that this person may do with this kit, whatever the kind: read from the documents alone."""
        out = {h for code in self.person("conditions") for h in self.catalog.conditions[code]["exclude"]}
        kit = {"wall", "none", *self.person("equipment")}
        wishes = self.person("constraints")
        cap = CAP[self.payload["profile"].get("level", "recreational")]
        floor = self.catalog.vocabulary["floor_positions"]

        def fits(exercise: Mapping[str, Any]) -> bool:
            hazards = set(exercise["hazards"])
            return not (
                hazards & out
                or set(exercise["equipment"]) - kit
                or exercise["difficulty"] > (min(cap, 3) if self.age < 14 else cap)
                or (
                    "no_floor" in wishes
                    and ("floor_transfer" in hazards or exercise["positions"][0] in floor)
                )
                or ("no_kneel" in wishes and "kneeling" in hazards)
                or ("no_jump" in wishes and hazards & {"impact", "impact_high"})
                or ("small_space" in wishes and "travel" in hazards)
                or ("no_equipment" in wishes and set(exercise["equipment"]) - {"wall", "none"})
                or ("seated_only" in wishes and "seated_chair" not in exercise["positions"])
            )

        return [exercise for exercise in self.catalog.exercises if fits(exercise)]

    def can(self, *types: str, listed: bool = True) -> list[Mapping[str, Any]]:
        """Usable exercises of the types, by default those that the catalogue lists for the activity."""
        return [
            e for e in self.usable
            if e["type"] in types and (not listed or self.activity in e["activities"])
        ]  # fmt: skip

    def stretchable(self, least: int = 3) -> set[str]:
        """Muscles of that demand which some usable stretch works as its primary."""
        reach = {m for e in self.can(*STRETCHES, listed=False) for m in e["primary_muscles"]}
        return self.wanted(least)[0] & reach

    def causes(self) -> dict[str, str]:
        return {entry["slug"]: entry["because"] for entry in self.routine["left_out"]}


def length_s(row: Row) -> int:
    item = row.item
    one = item["work_s_per_side"] * item["sides"] + 5 * (item["sides"] - 1)
    return int(item["sets"] * one + item["rest_s"] * (item["sets"] - 1) + item["transition_s"])


def falls(values: Iterable[float], tolerance: float = 0.0) -> list[tuple[float, float]]:
    """Neighbours where the second is lower than the first."""
    return [(a, b) for a, b in pairwise(values) if b < a - tolerance]


def alike(one: Row, other: Row) -> float:
    """0..1: shared content over all content (Jaccard)."""
    return len(one.content & other.content) / len(one.content | other.content)


def twins(plan: Plan) -> Iterator[tuple[str, str]]:
    """Pairs that a person would call the same exercise; a harder version later is a progression, not a twin.

    Two legs and one leg are two exercises, except where a muscle is only held long.
    """
    family = {"pnf_stretch": "static_stretch"}
    for n, one in enumerate(plan.rows):
        for later in plan.rows[n + 1 :]:
            if (
                family.get(one.type, one.type) != family.get(later.type, later.type)
                or alike(one, later) < 0.8
            ):
                continue
            if one.type not in STRETCHES and one.item["sides"] != later.item["sides"]:
                continue
            if one.type in {*DRILLS, "pulse_raiser"} and later.met >= one.met + 1:
                continue
            yield one.slug, later.slug


def floor_visits(plan: Plan) -> list[int]:
    """Number of items of every stay on the floor."""
    visits: list[int] = []
    last = "standing"
    for row in plan.rows:
        if row.posture == "floor":
            visits = [*visits, 1] if last != "floor" else [*visits[:-1], visits[-1] + 1]
        last = row.posture
    return visits


def changes(plan: Plan) -> int:
    """Getting down or up."""
    return sum((a.posture == "floor") != (b.posture == "floor") for a, b in pairwise(plan.rows))


def returns(plan: Plan) -> int:
    """How often a posture is left and taken again: standing, chair, standing is one."""
    visited = [
        row.posture for n, row in enumerate(plan.rows) if n == 0 or row.posture != plan.rows[n - 1].posture
    ]
    return len(visited) - len(set(visited))


def belongs(plan: Plan, row: Row) -> bool:
    """The item has a reason to be there: the activity, a deficit, or a rule."""
    muscles, moves = plan.wanted(2)
    if row.type in {"pulse_raiser", "breathing", "balance"} or plan.lists(row):
        return True
    return bool(
        row.primary & muscles or row.moves & moves or (row.moves | row.primary) & plan.person("deficits")
    )
