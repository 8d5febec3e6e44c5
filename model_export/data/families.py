"""Families of simulated people, each with a law of its own that no model here is made to fit.

A law gives the chances of what becomes of one shown item, from parameters and moods that no log ever holds. It may look
at what the trained features leave out (regions, the order of items, the hour, weeks passing), so that a model is always
mis-specified and a result on these people says how robust learning is, never that a routine does good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_export.encode import Catalog, Document
from model_export.policy_tables import TYPES

Hidden = Mapping[str, Any]
"""One person's parameters, JSON; they go to the truth file and nowhere else."""


@dataclass(frozen=True)
class Moment:
    """One item about to be done, as the person meets it.

    Times in seconds, `minute` since midnight, `day` since the simulation's start, `level` 0..2; `days_since` is None
    for an item never done. `mood` is the day's hidden state, mean 0 and deviation 1.
    """

    exercise: Document
    regions: frozenset[str]
    place: int
    places: int
    length_s: int
    elapsed_s: int
    previous: Moment | None
    done: int
    days_since: int | None
    kind: str
    budget_s: int
    minute: int
    weekday: int
    day: int
    age: int
    level: int
    mood: float

    @property
    def on_floor(self) -> bool:
        return "floor_transfer" in self.exercise["hazards"]


@dataclass(frozen=True)
class Chances:
    """What becomes of a slot: `hurt` comes first; else `finish`, or `swap` for a skip; then `dislike` or `like`."""

    finish: float
    swap: float = 0.3
    dislike: float = 0.02
    like: float = 0.15
    hurt: float = 0.003

    @property
    def reward(self) -> float:
        """P(completed and welcome), exactly; the reward of slots.Slot."""
        return (1 - self.hurt) * self.finish * (1 - self.dislike)


@dataclass(frozen=True)
class Family:
    """`draw` makes a person's hidden parameters; `law` the chances in a moment; `effort` shifts their RPE."""

    name: str
    words: str
    draw: Callable[[np.random.Generator, Catalog], Hidden]
    law: Callable[[Hidden, Moment], Chances]
    effort: float = 0.0


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-max(min(x, 30.0), -30.0)))


def welcome(u: float, **others: float) -> Chances:
    """Chances from how welcome the item is, in logits: what is unwelcome is done less often, and disliked when done."""
    return Chances(finish=sigmoid(u), dislike=0.25 * sigmoid(-u - 0.5), like=0.3 * sigmoid(u - 1), **others)


def _draws(rng: np.random.Generator, means: Mapping[str, float], deviation: float) -> dict[str, float]:
    return {name: round(float(mean + rng.normal(0, deviation)), 4) for name, mean in means.items()}


LIKED = {
    "dynamic_stretch": 0.5, "mobility": 0.5, "skill_drill": 0.4, "activation": -0.4, "pulse_raiser": 0.2,
    "static_stretch": 0.3, "pnf_stretch": -0.8, "foam_roll": -0.6, "breathing": -0.4, "balance": 0.0,
    "potentiation": -0.3,
}  # fmt: skip


def _draw_taste(rng: np.random.Generator, catalog: Catalog) -> Hidden:
    return {
        "base": round(float(rng.normal(1.1, 0.4)), 4),
        "types": _draws(rng, {name: LIKED[name] for name in TYPES}, 0.6),
        "regions": _draws(rng, dict.fromkeys(catalog.codes("regions"), 0.0), 0.6),
        "hard": round(float(rng.uniform(0.3, 0.8)), 4),
        "kit": round(float(rng.uniform(0.1, 0.5)), 4),
    }


def _taste(h: Hidden, m: Moment) -> Chances:
    difficulty = m.exercise["difficulty"]
    of_regions = [h["regions"][region] for region in m.regions]
    return welcome(
        h["base"]
        + h["types"][m.exercise["type"]]
        + (sum(of_regions) / len(of_regions) if of_regions else 0)
        - h["hard"] * max(difficulty - m.level - 2, 0)
        - 0.2 * max(m.level + 1 - difficulty, 0)
        - h["kit"] * len(m.exercise["equipment"])
    )


def _draw_novelty(rng: np.random.Generator, _catalog: Catalog) -> Hidden:
    return {
        "bored": round(float(rng.uniform(1.5, 3.2)), 4),
        "after": round(float(rng.uniform(1.5, 5)), 4),
        "forgets_days": round(float(rng.uniform(7, 35)), 4),
        "daring": round(float(rng.normal(0.4, 0.3)), 4),
    }


def _novelty(h: Hidden, m: Moment) -> Chances:
    away = 60 if m.days_since is None else m.days_since
    remembered = m.done * math.exp(-away / h["forgets_days"])
    tedium = h["bored"] * (1 - math.exp(-remembered / h["after"]))
    return welcome(1.7 - tedium + h["daring"] * (m.exercise["difficulty"] - 2) * (m.done < 2), swap=0.6)


def _draw_fatigue(rng: np.random.Generator, _catalog: Catalog) -> Hidden:
    return {
        "capacity": round(float(rng.uniform(15, 60)), 4),
        "slope": round(float(rng.uniform(2, 6)), 4),
        "moody": round(float(rng.uniform(0.3, 1)), 4),
    }


def _fatigue(h: Hidden, m: Moment) -> Chances:
    """Effort in MET minutes adds up; once the day's capacity is used, little more gets done."""
    capacity = h["capacity"] * math.exp(0.35 * h["moody"] * m.mood - 0.008 * max(m.age - 40, 0))
    spent = (m.elapsed_s * 3.2 + m.length_s * float(m.exercise["met"])) / 60
    over = max(spent / capacity - 1, -0.5)
    sharp = 0.3 * max(float(m.exercise["met"]) - 4, 0) * (1 - 0.4 * m.level)
    return welcome(1.6 - h["slope"] * over * (over > 0) - sharp + h["moody"] * 0.4 * m.mood, swap=0.1)


def _draw_hurried(rng: np.random.Generator, _catalog: Catalog) -> Hidden:
    return {
        "patience_s": round(float(rng.uniform(180, 720)), 4),
        "floor": round(float(rng.uniform(0.8, 2.4)), 4),
        "fetch": round(float(rng.uniform(0.4, 1.2)), 4),
        "switch": round(float(rng.uniform(0.2, 0.8)), 4),
    }


def _hurried(h: Hidden, m: Moment) -> Chances:
    """Getting down and fetching costs; past their patience, shorter on working mornings, nearly all is skipped."""
    rushed = m.weekday < 5 and m.minute < 9 * 60
    patience = h["patience_s"] * (0.6 if rushed else 1.0)
    if m.elapsed_s > patience:
        return Chances(finish=0.12, swap=0.02)
    before = m.previous
    gets_down = m.on_floor and (before is None or not before.on_floor)
    floor = h["floor"] * (1.0 if m.kind in ("warmup", "desk_break") else 0.5) * m.on_floor
    return welcome(
        2.2 - floor - h["switch"] * gets_down - h["fetch"] * len(m.exercise["equipment"]) - m.length_s / 240,
        swap=0.5,
    )


def _draw_threshold(rng: np.random.Generator, _catalog: Catalog) -> Hidden:
    return {
        "edge": int(rng.integers(2, 5)),
        "evening": int(rng.integers(15, 20)) * 60,
        "turn_day": int(rng.integers(20, 80)),
        "strength": round(float(rng.uniform(0.7, 1.5)), 4),
    }


def _threshold(h: Hidden, m: Moment) -> Chances:
    """Hard work by day, easy work in the evening, or the other way about; and one day their taste turns."""
    agrees = (m.exercise["difficulty"] >= h["edge"]) != (m.minute >= h["evening"])
    turned = 1 - 2 * sigmoid((m.day - h["turn_day"]) / 4) * 0.75
    u = 1.0 + (h["strength"] if agrees else -h["strength"]) * turned
    if m.age >= 50 and {"impact", "impact_high"} & set(m.exercise["hazards"]):
        u -= 1.5
    if m.kind == "cooldown" and m.exercise["type"] == "breathing":
        u += 1.2
    if m.kind == "warmup" and m.exercise["type"] in ("activation", "balance") and m.budget_s >= 600:
        u -= 0.8
    return welcome(u)


def _draw_noise(rng: np.random.Generator, _catalog: Catalog) -> Hidden:
    return {"rate": round(float(rng.uniform(0.55, 0.9)), 4)}


def _noise(h: Hidden, _m: Moment) -> Chances:
    return Chances(finish=h["rate"])


def _draw_order(rng: np.random.Generator, _catalog: Catalog) -> Hidden:
    return {
        "ends": round(float(rng.uniform(0.4, 1.2)), 4),
        "again": round(float(rng.uniform(0.6, 1.6)), 4),
        "yesterday": round(float(rng.uniform(0.2, 0.9)), 4),
    }


def _order(h: Hidden, m: Moment) -> Chances:
    """First and last are done, the middle sags; the same place or kind of work twice running is one too many."""
    x = 2 * m.place / max(m.places - 1, 1) - 1
    u = 0.9 + h["ends"] * (2 * x * x - 1)
    if m.previous is not None:
        before = m.previous
        u -= h["again"] * (bool(m.regions & before.regions) and m.exercise["type"] == before.exercise["type"])
        u += 0.4 * (not m.regions & before.regions)
    return welcome(u - h["yesterday"] * (m.days_since is not None and m.days_since <= 1))


def _draw_tender(rng: np.random.Generator, catalog: Catalog) -> Hidden:
    return {
        "region": str(rng.choice([r for r in catalog.codes("regions") if r != "elbow"])),
        "tender": round(float(rng.uniform(-2.8, -1.2)), 4),
        "wary": round(float(rng.uniform(0.3, 1.5)), 4),
    }


def _tender(h: Hidden, m: Moment) -> Chances:
    """A weak spot the profile is silent about: what works it hurts, more so at end range, and is swapped with time."""
    if h["region"] not in m.regions:
        return welcome(1.5 - 0.3 * max(m.exercise["difficulty"] - m.level - 2, 0))
    ends = sum(hazard.endswith("_end") for hazard in m.exercise["hazards"])
    hurt = sigmoid(h["tender"] + 0.35 * (m.exercise["difficulty"] - 2) + 0.8 * ends + 0.3 * m.mood)
    return welcome(1.2 - h["wary"] * (1 - math.exp(-m.day / 30)), swap=0.7, hurt=hurt)


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("taste", "like some regions and kinds of work better than others, each for themselves: linear",
               _draw_taste, _taste),
        Family("novelty", "bored by what they did often, until they have forgotten it; boredom saturates",
               _draw_novelty, _novelty),
        Family("fatigue", "do what their energy of the day allows, whatever the item; then stop",
               _draw_fatigue, _fatigue, effort=1.5),
        Family("hurried", "hate the floor, fetching and long items; leave when their patience ends",
               _draw_hurried, _hurried),
        Family("threshold", "thresholds and interactions of difficulty, hour, age and kind; their taste turns one day",
               _draw_threshold, _threshold),
        Family("noise", "finish at a rate of their own, whatever is shown: nothing to learn",
               _draw_noise, _noise),
        Family("order", "judge by place in the routine and by what came before, not by the item",
               _draw_order, _order),
        Family("tender", "have a weak spot that they never declared; what works it hurts",
               _draw_tender, _tender, effort=0.5),
    )
}  # fmt: skip
