"""Random requests over the whole space of people, for training rows, proofs and benchmarks."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_export.contract import BUDGET_MIN_S
from model_export.encode import Catalog
from model_export.request import LEVELS

COMMON_KIT = ("chair", "mat", "step", "doorway", "strap")


def _some(rng: np.random.Generator, codes: list[str], chances: tuple[float, ...]) -> list[str]:
    """k codes with probability chances[k], without repetition."""
    k = int(rng.choice(len(chances), p=chances))
    return [str(c) for c in rng.choice(codes, min(k, len(codes)), replace=False)]


def payload(rng: np.random.Generator, catalog: Catalog, *, red_flags: bool = False) -> dict[str, Any]:
    """One well-formed payload of `scripts/generate`; ages 7 to 90, 2 to 45 minutes, up to three conditions."""
    kind = str(rng.choice(catalog.codes("kinds"), p=_kind_chances(catalog)))
    minutes = float(rng.choice([2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 45]))
    if kind == "desk_break":
        minutes = min(minutes, 10)
    budget = max(BUDGET_MIN_S, int(minutes * 60 + rng.integers(-3, 4) * 10))
    activity = "desk_work" if kind == "desk_break" else str(rng.choice(catalog.codes("activities")))
    equipment = [code for code in COMMON_KIT if rng.random() < 0.6]
    equipment += _some(rng, catalog.codes("equipment"), (0.4, 0.2, 0.2, 0.1, 0.1))
    slugs = [e["slug"] for e in catalog.exercises]
    seen = _some(rng, slugs, (0.5,) + (0.05,) * 10)
    profile: dict[str, Any] = {
        "age": int(rng.integers(7, 91)) if rng.random() < 0.9 else 35,
        "level": str(rng.choice(LEVELS)),
        "conditions": _some(rng, catalog.codes("conditions"), (0.4, 0.35, 0.15, 0.1)),
        "constraints": _some(rng, catalog.codes("constraints"), (0.6, 0.25, 0.1, 0.05)),
        "equipment": sorted(set(equipment)),
        "deficits": _some(rng, catalog.codes("moves"), (0.7, 0.2, 0.1)),
        "soreness": _some(rng, catalog.codes("regions"), (0.85, 0.1, 0.05)),
        "acute_regions": _some(rng, catalog.codes("regions"), (0.93, 0.07)),
    }
    if red_flags:
        profile["red_flags"] = _some(rng, catalog.codes("red_flags"), (0.0, 0.8, 0.2))
    request: dict[str, Any] = {"kind": kind, "activity": activity, "budget_s": budget}
    if rng.random() < 0.5:
        request["gap_s"] = int(rng.integers(0, 45)) * 60
    if rng.random() < 0.5:
        request["local_time"] = f"{int(rng.integers(5, 23)):02d}:{int(rng.integers(0, 60)):02d}"
    history = {slug: _history(rng) for slug in seen}
    past: dict[str, Any] = {"exercises": history}
    if rng.random() < 0.2:
        past["sessions"] = [
            {"days_since": 2 * i, "rpe": int(rng.integers(2, 10)), "target": 4}
            for i in range(rng.integers(1, 4))
        ]
    if rng.random() < 0.15:
        regions = _some(rng, catalog.codes("regions"), (0.0, 0.8, 0.2))
        past["pain"] = {r: {"days_since": int(rng.integers(0, 12)), "level": 4} for r in regions}
    return {
        "request": request, "profile": profile, "history": past, "explore": bool(rng.random() < 0.5),
        "seed": int(rng.integers(2**32)),
    }  # fmt: skip


def _kind_chances(catalog: Catalog) -> list[float]:
    weight = {"warmup": 5.0, "cooldown": 3.0, "mobility": 3.0, "desk_break": 1.5}
    chances = [weight[kind] for kind in catalog.codes("kinds")]
    return [c / sum(chances) for c in chances]


def _history(rng: np.random.Generator) -> dict[str, int]:
    return {
        "days_since": int(rng.integers(0, 40)),
        "done": int(rng.integers(0, 30)),
        "skipped": int(rng.integers(0, 4)),
        "swapped": int(rng.integers(0, 3)),
        "rating": int(rng.choice([-1, 0, 0, 1])),
        "pain": int(rng.choice([0, 0, 0, 0, 2, 4, 6])),
    }
