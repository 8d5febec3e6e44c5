"""What no rule asks for and a coach would notice: twins, getting up and down, monotony, order, variety.

Every number is a share (0..1) or a count of one routine; they steer the policy and are no gate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations, pairwise

from model_export.evidence.measures import level_changes, share
from model_export.evidence.reading import Document, Reading, Slot, muscles_of

TWIN = 0.8
"""Two exercises that share this much of muscles, movements and type are twins."""


def traits(exercise: Document) -> set[str]:
    return muscles_of(exercise) | set(exercise["moves"]) | {str(exercise["type"])}


def words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())


def are_twins(one: Document, other: Document) -> bool:
    """Sharing most of what they do (Jaccard), or the one's name is the other's with something added."""
    a, b = traits(one), traits(other)
    if len(a & b) >= TWIN * len(a | b):
        return True
    short, long = sorted((words(one["name"]), words(other["name"])), key=len)
    return long[: len(short)] == short


def twins(r: Reading) -> list[tuple[str, str]]:
    """Pairs of slugs in the routine that are nearly the same exercise."""
    return [(a.slug, b.slug) for a, b in combinations(r.slots, 2) if are_twins(a.exercise, b.exercise)]


def regions(r: Reading, slot: Slot) -> set[str]:
    muscles = r.catalog.vocabulary["muscles"]
    return {muscles[m]["region"] for m in slot.exercise["primary_muscles"]}


def related(r: Reading) -> float:
    """Share of neighbours in one position or working one region; 1 for a single item."""
    pairs = list(pairwise(r.slots))
    kept = sum(
        a.item["position"] == b.item["position"] or bool(regions(r, a) & regions(r, b)) for a, b in pairs
    )
    return kept / len(pairs) if pairs else 1.0


def repeated(r: Reading) -> float:
    """Share of the time that goes into further sets of what was done already."""
    again: float = sum(
        (slot.item["sets"] - 1) * (slot.end - slot.begin) / slot.item["sets"] for slot in r.slots
    )
    return again / r.total


def uncovered(r: Reading) -> list[str]:
    """Codes of demand 3, muscles then movements, that no item works."""
    muscles, moves = r.most_demanded()
    worked = set().union(*(muscles_of(slot.exercise) for slot in r.slots))
    moved = {move for slot in r.slots for move in slot.exercise["moves"]}
    return [*sorted(muscles - worked), *sorted(moves - moved)]


def quality(r: Reading) -> dict[str, float]:
    """Name -> number, for a routine with items; coverage only where the activity has a demand of 3."""
    found: dict[str, float] = {
        "twins": len(twins(r)),
        "level changes": level_changes(r),
        "position changes": sum(a.item["position"] != b.item["position"] for a, b in pairwise(r.slots)),
        "distinct reasons": len({slot.item["reason"] for slot in r.slots}) / len(r.slots),
        "time in repeated sets": repeated(r),
        "related neighbours": related(r),
    }
    muscles, moves = r.most_demanded()
    if muscles:
        primary = {m for slot in r.slots for m in slot.exercise["primary_muscles"]}
        found["demand-3 muscles"] = share(muscles, set().union(*(muscles_of(s.exercise) for s in r.slots)))
        found["demand-3 muscles as primary"] = share(muscles, primary)
    if moves:
        found["demand-3 movements"] = share(moves, {m for slot in r.slots for m in slot.exercise["moves"]})
    return found


def variety(routines: Sequence[Reading]) -> float:
    """Mean share of items in one routine that the other does not have, over all pairs of two or more routines."""
    sets = [{slot.slug for slot in r.slots} for r in routines]
    changed = [1 - len(a & b) / max(len(a), len(b)) for a, b in combinations(sets, 2)]
    return sum(changed) / len(changed)
