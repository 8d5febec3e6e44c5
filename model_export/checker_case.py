"""What the safety checker looks at: a finished routine, resolved against the catalogue, and the rules' registry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]

CAP = {"beginner": 2, "recreational": 3, "trained": 5}


@dataclass(frozen=True)
class Violation:
    """A broken rule: its id in evidence.json, or `contract`, and what broke it."""

    rule: str
    message: str


@dataclass(frozen=True)
class Case:
    """The routine with everything a rule looks at, resolved."""

    catalog: Any
    request: Mapping[str, Any]
    profile: Mapping[str, Any]
    past: Mapping[str, Any]
    routine: Mapping[str, Any]
    rows: list[tuple[Item, Mapping[str, Any]]]

    @property
    def kind(self) -> str:
        return str(self.request["kind"])

    @property
    def budget(self) -> int:
        """L02: what is planned for; 85 % of what was asked for after two sessions in a row that were too hard."""
        asked = int(self.request["budget_s"])
        return max(asked * 85 // 100, 120) if self.strained else asked

    @property
    def strained(self) -> bool:
        latest = (self.past.get("sessions") or [])[:2]
        return len(latest) == 2 and all(s["rpe"] - s.get("target", 4) >= 2 for s in latest)

    @property
    def history(self) -> Mapping[str, Any]:
        """Per exercise."""
        return self.past.get("exercises") or {}

    @property
    def age(self) -> int:
        return int(self.profile.get("age") or 35)

    @property
    def level(self) -> str:
        return str(self.profile.get("level") or "recreational")

    def has(self, *conditions: str) -> bool:
        return bool(set(self.profile.get("conditions") or ()) & set(conditions))

    def work(self, item: Item) -> int:
        return int(item["sets"] * item["work_s_per_side"] * item["sides"])

    def length(self, item: Item) -> int:
        one = item["work_s_per_side"] * item["sides"] + 5 * (item["sides"] - 1)
        return int(item["sets"] * one + item["rest_s"] * (item["sets"] - 1) + item["transition_s"])

    def of_type(self, *types: str) -> list[tuple[Item, Mapping[str, Any]]]:
        return [(i, e) for i, e in self.rows if e["type"] in types]


Check = Callable[[Case], Iterator[str]]
CHECKS: dict[str, list[Check]] = defaultdict(list)
COVERS: dict[str, str] = {}
"""Rule id of evidence.json -> the check that enforces it."""


def rule(name: str, *also: str) -> Callable[[Check], Check]:
    """Register a check under `name`; `also` are further rules that it enforces."""

    def register(check: Check) -> Check:
        CHECKS[name].append(check)
        for covered in (name, *also):
            COVERS[covered] = check.__name__
        return check

    return register
