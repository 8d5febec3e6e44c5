"""What the scorer may learn: which features may act together, and which way some of them must point.

Reviewed, not tuned. A tree may combine features of one ALLOWED set only, so that the score is an exact sum of two
parts that can be read apart: how an item fits the person, the occasion and the activity, and what the person did with
it before. A skip counts the same whoever skipped and whatever the item: what few people did is not enough to say more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from model_export.policy_tables import TYPES

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "item": (
        "difficulty", "met10", "sides", *(f"type_{t}" for t in TYPES), "floor", "impact", "overhead", "equipment",
    ),
    "person": ("age", "level"),
    "context": ("kind_warmup", "kind_cooldown", "kind_mobility", "kind_desk_break", "minutes", "explosive"),
    "match": ("affinity", "demand"),
    "history": ("days_since", "done", "skipped"),
}  # fmt: skip
"""Every feature in exactly one group."""

ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    "fits the person, the occasion and the activity": ("item", "person", "context", "match"),
    "fits what was done before": ("history",),
}
"""Part of the score -> groups whose features a branch may combine."""

MONOTONE: Final[dict[str, int]] = {
    "affinity": 1,  # listed for the activity is never worse than not listed
    "demand": 1,  # answering more of the activity's demand is never worse
    "skipped": -1,  # a further skip never recommends an item
    "equipment": -1,  # a further thing to fetch never does either
    "days_since": 1,  # a longer break since an item never speaks against it: no chasing of what was just done
}


def group_of(feature: str) -> str:
    """Name of the group. Raises ValueError for a feature nobody has reviewed."""
    for name, members in GROUPS.items():
        if feature in members:
            return name
    raise ValueError(f"feature {feature} is in no group of learning/constraints.py: review it and add it")


def interactions(features: Sequence[str]) -> list[set[int]]:
    """`interaction_cst` of scikit-learn for these features, in ALLOWED's order."""
    place = {name: i for i, name in enumerate(features)}
    group = {name: group_of(name) for name in features}
    return [{place[name] for name in features if group[name] in groups} for groups in ALLOWED.values()]


def monotone(features: Sequence[str], directions: Mapping[str, int] = MONOTONE) -> list[int]:
    """`monotonic_cst` of scikit-learn: +1 may only raise, -1 only lower, 0 free."""
    return [directions.get(name, 0) for name in features]
