"""The policies that are compared: all run the same graph, so all keep the same safety rules and fit the same time.

A baseline is a bonus per exercise, given to the graph with a constant scorer through its input `personal`. A bonus of
`RULE` and more outweighs every other part of the score, but no hard rule and no quota.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from model_export.checker import check
from model_export.data.families import FAMILIES, Moment
from model_export.data.life import START, body, days, regions_of
from model_export.data.people import Wish, wishes
from model_export.decode import decode
from model_export.encode import Catalog, encode
from model_export.learning.experts import routine_of
from model_export.learning.prior import SCALE
from model_export.request import Request, parse
from model_export.runtime import Generator, UnsafePlan, impossible

RULE = 100_000
POLICIES = ("model", "rules_only", "static_expert", "popularity", "random_feasible", "oracle")
WORDS = {
    "model": "the model under test",
    "rules_only": "the same rules with a scorer that says nothing",
    "static_expert": "a list written once per kind and group of activities",
    "popularity": "what most others completed, first",
    "random_feasible": "any exercise that the rules allow",
    "oracle": "the same rules, told each person's true chances",
}

Bonus = npt.NDArray[np.int32]
Counts = dict[str, Counter[str]]
"""Kind -> slug -> completions."""
Bonuses = Callable[[Request, Mapping[str, Any]], Bonus]
"""[N] bonus of each exercise for a request and its payload."""


def routine(
    generator: Generator, catalog: Catalog, payload: Mapping[str, Any], bonuses: Bonuses | None = None
) -> dict[str, Any]:
    """The routine's JSON, as `runtime.generate` makes it, with a bonus per exercise. Raises what that raises."""
    request = parse(payload, catalog)
    tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
    if bonuses is not None:
        tensors["personal"] = bonuses(request, payload)
    names = [output.name for output in generator.session.get_outputs()]
    outputs = dict(zip(names, generator.session.run(None, tensors), strict=True))
    made = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256)
    violations = check(catalog, payload, made)
    refusal = impossible(catalog, request, outputs, made, violations)
    if refusal is not None:
        raise refusal
    if violations:
        raise UnsafePlan(violations)
    return made


def at_random(catalog: Catalog) -> Bonuses:
    """Uniform among what is feasible at each step, by the payload's seed."""

    def bonus(request: Request, _payload: Mapping[str, Any]) -> Bonus:
        rng = np.random.default_rng((request.seed, 17))
        return rng.integers(0, 10 * RULE, len(catalog.exercises)).astype(np.int32)

    return bonus


def listed(catalog: Catalog) -> Bonuses:
    """The static expert's list, first to last."""

    def bonus(request: Request, _payload: Mapping[str, Any]) -> Bonus:
        out = np.zeros(len(catalog.exercises), np.int32)
        slugs = [s for s in routine_of(request.kind, request.activity) if s in catalog.places]
        for place, slug in enumerate(slugs):
            out[catalog.places[slug]] = RULE * (len(slugs) - place)
        return out

    return bonus


@dataclass
class Popular:
    """How often each exercise was completed, per kind, by people other than those under test."""

    catalog: Catalog
    counts: Counts = field(default_factory=dict)

    def add(self, record: Mapping[str, Any]) -> None:
        """Count a logged session."""
        of_kind = self.counts.setdefault(record["payload"]["request"]["kind"], Counter())
        of_kind.update(slot["slug"] for slot in record["slots"] if slot["outcome"] == "completed")

    def __call__(self, request: Request, _payload: Mapping[str, Any]) -> Bonus:
        out = np.zeros(len(self.catalog.exercises), np.int32)
        for slug, count in self.counts.get(request.kind, Counter()).items():
            out[self.catalog.places[slug]] = min(count, 10_000) * RULE // 10
        return out


class Oracle:
    """What no policy can know: a person's true chance of welcoming each exercise today, but for the mood of the day.

    It lives beside one person: called once per wish, in order. Chances are those of the middle of the routine, as the
    place an exercise will get is not known before it is chosen.
    """

    def __init__(self, family: str, number: int, catalog: Catalog, seed: int, scale: int = SCALE) -> None:
        it = body(family, number, catalog, seed)
        self.catalog, self.family, self.scale = catalog, FAMILIES[family], scale
        self.hidden, self.who = it.hidden, it.who
        self.wishes: Iterator[Wish] = wishes(it.days, it.who, START)
        self.regions = [regions_of(catalog, exercise) for exercise in catalog.exercises]

    def __call__(self, request: Request, payload: Mapping[str, Any]) -> Bonus:
        wish = next(self.wishes)
        known = payload["history"]["exercises"]
        chances = np.empty(len(self.catalog.exercises))
        for place, exercise in enumerate(self.catalog.exercises):
            past = known.get(exercise["slug"], {})
            dose = exercise["dose"]
            work = dose["work_s_per_side"] or 0
            moment = Moment(
                exercise=exercise, regions=self.regions[place], place=4, places=9, length_s=work * dose["sides"] + 6,
                elapsed_s=request.budget_s // 2, previous=None, done=past.get("done", 0),
                days_since=past.get("days_since"), kind=request.kind, budget_s=request.budget_s,
                minute=wish.at.hour * 60 + wish.at.minute, weekday=wish.at.weekday(), day=days(START, wish.at),
                age=self.who.profile["age"], level=self.who.level, mood=0.0,
            )  # fmt: skip
            chances[place] = self.family.law(self.hidden, moment).reward
        return np.round((chances - 0.5) * self.scale).astype(np.int32)
