"""How much a person welcomed an exercise, as a whole number from -2 to 2: what the on-device learning learns from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

OUTCOMES: Final = ("completed", "skipped", "swapped", "stopped_by_pain")
PAIN_LIMIT: Final = 3
"""L04: more pain than this, of 10, is no matter of taste."""

# Doing what a routine says is no praise, so it earns nothing: somebody who never rates and never skips is left alone.
REWARD: Final[dict[tuple[str, int], int]] = {
    ("completed", 1): 2, ("completed", 0): 0, ("completed", -1): -2,
    ("skipped", 1): 1, ("skipped", 0): -1, ("skipped", -1): -2,
    ("swapped", 1): 1, ("swapped", 0): -1, ("swapped", -1): -2,
}  # fmt: skip


def reward(outcome: str, rating: int | None = None, pain: int = 0) -> int | None:
    """Reward of one slot; None where it says nothing about taste.

    `rating` is -1, 0, 1 or None, `pain` 0..10. A slot that hurt never counts in favour, and only a thumbs-down counts
    against: pain is for the rules, which block a region at once, and not for a slow average.
    Raises ValueError naming what is not known.
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r} is not one of {', '.join(OUTCOMES)}")
    if rating not in (None, -1, 0, 1):
        raise ValueError(f"rating {rating!r} is not -1, 0, 1 or null")
    if outcome == "stopped_by_pain" or pain > PAIN_LIMIT:
        return -2 if rating == -1 else None
    return REWARD[outcome, rating or 0]


def feedback_of(slots: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """(slug, reward) of a logged session's slots that say something, in order."""
    found = []
    for slot in slots:
        value = reward(slot["outcome"], slot.get("rating"), slot.get("pain") or 0)
        if value is not None:
            found.append((slot["slug"], value))
    return found
