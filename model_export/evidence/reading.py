"""A finished routine, resolved against its catalogue: what every measure and every comparison reads.

Documents, the payload and the routine's JSON only; nothing of the policy or the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model_export.encode import Catalog

Document = Mapping[str, Any]
Payload = Mapping[str, Any]
Routine = Mapping[str, Any]

HELD = frozenset({"static_stretch", "pnf_stretch"})
SWITCH_S = 5
"""Seconds to change sides (U02)."""


@dataclass(frozen=True)
class Slot:
    """One item with its exercise; `begin` is when its work starts and `end` when it is over, seconds of the routine."""

    item: Document
    exercise: Document
    begin: int
    end: int

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
    def hazards(self) -> frozenset[str]:
        return frozenset(self.exercise["hazards"])

    @property
    def per_side(self) -> int:
        """Seconds of work per side, all sets."""
        return int(self.item["sets"] * self.item["work_s_per_side"])

    @property
    def work(self) -> int:
        """Seconds of work, all sets and sides."""
        return int(self.per_side * self.item["sides"])

    def within(self, begin: float, end: float) -> float:
        """Seconds of this item's own span that fall between two times of the routine."""
        return max(0.0, min(self.end, end) - max(self.begin, begin))


@dataclass(frozen=True)
class Reading:
    """A routine, its payload, its slots in order and what its activity demands (code -> 0..3)."""

    payload: Payload
    routine: Routine
    slots: tuple[Slot, ...]
    demand_muscles: Mapping[str, int]
    demand_moves: Mapping[str, int]
    explosive: int
    activity_met: float
    catalog: Catalog

    @property
    def kind(self) -> str:
        return str(self.payload["request"]["kind"])

    @property
    def activity(self) -> str | None:
        """The named activity; None for a demand vector."""
        code = self.payload["request"]["activity"]
        return None if isinstance(code, Mapping) else str(code)

    @property
    def budget(self) -> int:
        """Seconds that the routine was planned for: less than asked after straining sessions (L02)."""
        return int(self.routine.get("budget_s", self.payload["request"]["budget_s"]))

    @property
    def profile(self) -> Document:
        profile: Document = self.payload.get("profile") or {}
        return profile

    @property
    def age(self) -> int:
        age = self.profile.get("age")
        return 35 if age is None else int(age)

    @property
    def level(self) -> str:
        return str(self.profile.get("level") or "recreational")

    @property
    def total(self) -> int:
        return int(self.routine["total_s"])

    def has(self, *conditions: str) -> bool:
        return bool(set(self.profile.get("conditions") or ()) & set(conditions))

    def of_type(self, *types: str) -> list[Slot]:
        return [slot for slot in self.slots if slot.type in types]

    def most_demanded(self) -> tuple[set[str], set[str]]:
        """Muscles and movements with demand 3."""
        return (
            {code for code, n in self.demand_muscles.items() if n == 3},
            {code for code, n in self.demand_moves.items() if n == 3},
        )


def seconds(item: Document) -> int:
    """Length of one item with its transition: sets (work x sides + 5 (sides - 1)) + rest (sets - 1) + transition."""
    one = item["work_s_per_side"] * item["sides"] + SWITCH_S * (item["sides"] - 1)
    return int(item["sets"] * one + item["rest_s"] * (item["sets"] - 1) + item["transition_s"])


def muscles_of(exercise: Document) -> set[str]:
    return {*exercise["primary_muscles"], *exercise["secondary_muscles"]}


def read(catalog: Catalog, payload: Payload, routine: Routine) -> Reading:
    """Resolve a routine of `generate`. Raises KeyError for a slug or an activity that is not in the catalogue."""
    slots, clock = [], 0
    for item in routine["items"]:
        exercise = catalog.exercises[catalog.places[item["slug"]]]
        end = clock + seconds(item)
        slots.append(Slot(item, exercise, clock + int(item["transition_s"]), end))
        clock = end
    activity = payload["request"]["activity"]
    entry = activity if isinstance(activity, Mapping) else catalog.activities[activity]
    return Reading(
        payload, routine, tuple(slots),
        demand_muscles=entry.get("muscles") or {}, demand_moves=entry.get("moves") or {},
        explosive=int(entry.get("explosive") or 0), activity_met=float(entry.get("met") or 5), catalog=catalog,
    )  # fmt: skip
