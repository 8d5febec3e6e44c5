"""Hypothesis strategies over what `scripts/generate` reads: shrinkable people and requests, in the bundled words.

A person without a choice (empty lists, no history, seed 0) is the simplest value of every strategy, so a counterexample
shows only what matters.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from model_export import bundle
from model_export.encode import Catalog

LEVELS = ("recreational", "beginner", "trained")
HOME = ("chair", "mat", "step", "doorway", "strap")
MINUTES = (10, 5, 8, 12, 15, 20, 3, 4, 30, 2)
KINDS = ("warmup", "cooldown", "mobility", "desk_break")


@cache
def catalog() -> Catalog:
    return bundle.read().catalog


def some(name: str, most: int) -> st.SearchStrategy[list[str]]:
    """Up to `most` different codes of a vocabulary, in its order."""
    return st.lists(st.sampled_from(catalog().codes(name)), max_size=most, unique=True).map(sorted)


def one(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(catalog().codes(name))


def slugs() -> st.SearchStrategy[str]:
    return st.sampled_from([exercise["slug"] for exercise in catalog().exercises])


def custom_activities() -> st.SearchStrategy[dict[str, Any]]:
    """A demand vector that asks for something."""
    demand = st.integers(1, 3)
    return st.fixed_dictionaries(
        {
            "muscles": st.dictionaries(one("muscles"), demand, min_size=1, max_size=6),
            "moves": st.dictionaries(one("moves"), demand, max_size=5),
            "explosive": st.integers(0, 3),
            "met": st.integers(2, 12),
        }
    )


@st.composite
def requests(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS) -> dict[str, Any]:
    kind = draw(st.sampled_from(kinds))
    if kind == "desk_break":
        return {"kind": kind, "activity": "desk_work", "budget_s": 60 * draw(st.sampled_from((5, 3, 10)))}
    activity = draw(st.one_of(one("activities"), custom_activities()))
    made = {"kind": kind, "activity": activity, "budget_s": 60 * draw(st.sampled_from(MINUTES))}
    if draw(st.booleans()):
        made["gap_s"] = draw(st.sampled_from((600, 0, 180, 1800)))
    return made


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "age": draw(st.one_of(st.just(35), st.integers(12, 85))),
        "level": draw(st.sampled_from(LEVELS)),
        "equipment": draw(st.one_of(st.just(sorted(HOME)), some("equipment", 8))),
        "conditions": draw(some("conditions", 2)),
        "constraints": draw(some("constraints", 2)),
        "deficits": draw(some("moves", 2)),
        "soreness": draw(some("regions", 1)),
        "acute_regions": draw(some("regions", 1)),
    }


def exercise_history() -> st.SearchStrategy[dict[str, dict[str, int]]]:
    """A few exercises that were done, rated, skipped or that hurt."""
    entry = st.fixed_dictionaries(
        {
            "days_since": st.integers(0, 40), "done": st.integers(0, 20), "skipped": st.integers(0, 3),
            "swapped": st.integers(0, 2), "rating": st.sampled_from((0, 1, -1)),
            "pain": st.sampled_from((0, 0, 2, 5)),
        }
    )  # fmt: skip
    return st.dictionaries(slugs(), entry, max_size=4)


@st.composite
def payloads(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS) -> dict[str, Any]:
    """What a phone would send; about one in ten has no routine, and is refused in words."""
    made: dict[str, Any] = {
        "request": draw(requests(kinds)), "profile": draw(profiles()), "seed": draw(st.integers(0, 2**32 - 1)),
    }  # fmt: skip
    exercises = draw(exercise_history())
    if exercises:
        made["history"] = {"exercises": exercises}
    return made
