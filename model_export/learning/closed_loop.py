"""Simulated people live with each policy in turn: the same people, the same days, the same luck.

One job is one person with every policy. What is measured is the true chance of a welcome slot, which the simulator
knows, not the drawn outcome: less noise for the same people. The outcomes drawn are what the next sessions' history
is made of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_export.data.families import FAMILIES
from model_export.data.jobs import in_order
from model_export.data.life import life
from model_export.encode import Catalog
from model_export.learning import policies
from model_export.runtime import Generator, UnsafePlan

OTHERS = 1_000_000
"""Numbers from here on are people whose completions make the popularity baseline; never people under test."""
SEATED_EVERY = 12
"""Every twelfth person stays in a chair: too few do by themselves to say anything about them."""


@dataclass(frozen=True)
class Plan:
    """`people` of each family live `sessions` with each of `names`; `others` more people make the popularity
    baseline."""

    people: int = 24
    sessions: int = 20
    families: tuple[str, ...] = tuple(FAMILIES)
    names: tuple[str, ...] = policies.POLICIES
    seed: int = 0
    others: int = 8
    other_sessions: int = 10

    def everybody(self) -> list[tuple[str, int]]:
        return [(family, number) for family in self.families for number in range(self.people)]


@dataclass(frozen=True)
class Session:
    """One session of one person with one policy. `reward` is the mean true chance of a welcome slot; `completed` the
    share of slots completed; `answered` the share of the most demanded muscles that it works, None when none is;
    `unsafe` how many routines of this life the checker had refused by then."""

    policy: str
    family: str
    person: int
    number: int
    reward: float
    completed: float
    answered: float | None
    slugs: tuple[str, ...]
    kind: str
    activity: str
    level: str
    age: int
    conditioned: bool
    seated: bool
    unsafe: int


def seated(payload: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """The payload, for every twelfth person with a chair and the wish to stay in it."""
    if number % SEATED_EVERY != SEATED_EVERY - 1:
        return payload
    profile = payload["profile"]
    constraints = [c for c in profile["constraints"] if c not in ("no_floor", "no_jump", "no_kneel")]
    return {
        **payload,
        "profile": {
            **profile,
            "constraints": sorted({*constraints, "seated_only"}),
            "equipment": sorted({*profile["equipment"], "chair"}),
        },
    }


def answered(catalog: Catalog, activity: str, slugs: Sequence[str]) -> float | None:
    """W10's measure: share of the muscles with demand 3 that some exercise works first."""
    wanted = {m for m, demand in catalog.activities[activity]["muscles"].items() if demand == 3}
    if not wanted:
        return None
    worked = {m for slug in slugs for m in catalog.exercises[catalog.places[slug]]["primary_muscles"]}
    return len(wanted & worked) / len(wanted)


def live(
    policy: str,
    family: str,
    number: int,
    catalog: Catalog,
    generator: Generator,
    bonuses: policies.Bonuses | None,
    sessions: int,
    seed: int,
) -> Iterator[Session]:
    """The sessions of one person with one policy."""
    asked: dict[str, Any] = {}
    unsafe = 0

    def make(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        nonlocal unsafe
        asked.update(seated(payload, number))
        try:
            return policies.routine(generator, catalog, dict(asked), bonuses)
        except UnsafePlan:
            unsafe += 1
            raise

    lives = life(family, number, catalog, make, sessions=sessions, seed=seed, explore=False)
    for place, lived in enumerate(lives, start=1):
        slots, request, profile = lived.record["slots"], asked["request"], asked["profile"]
        slugs = tuple(slot["slug"] for slot in slots)
        if not slots:
            continue
        yield Session(
            policy, family, number, place,
            float(np.mean(lived.rewards)),
            float(np.mean([slot["outcome"] == "completed" for slot in slots])),
            answered(catalog, request["activity"], slugs), slugs, request["kind"], request["activity"],
            profile["level"], profile["age"], bool(profile["conditions"]), "seated_only" in profile["constraints"],
            unsafe,
        )  # fmt: skip


_worker: dict[str, Any] = {}


def _begin(
    model: bytes, rules: bytes, documents: list[Any], release: int, plan: Plan, popular: dict[str, Any]
) -> None:
    catalog = Catalog.from_documents(documents, release)
    _worker.update(
        model=Generator.load(model), rules=Generator.load(rules), catalog=catalog, plan=plan,
        popular={family: policies.Popular(catalog, counts) for family, counts in popular.items()},
    )  # fmt: skip


def _bonuses(policy: str, family: str, number: int) -> policies.Bonuses | None:
    catalog: Catalog = _worker["catalog"]
    made: dict[str, Callable[[], policies.Bonuses]] = {
        "static_expert": lambda: policies.listed(catalog),
        "popularity": lambda: _worker["popular"][family],
        "random_feasible": lambda: policies.at_random(catalog),
        "oracle": lambda: policies.Oracle(family, number, catalog, _worker["plan"].seed),
    }
    return made[policy]() if policy in made else None


def _work(who: tuple[str, int]) -> list[Session]:
    family, number = who
    plan: Plan = _worker["plan"]
    return [
        session
        for policy in plan.names
        for session in live(
            policy, family, number, _worker["catalog"], _worker["model" if policy == "model" else "rules"],
            _bonuses(policy, family, number), plan.sessions, plan.seed,
        )
    ]  # fmt: skip


def _completions(who: tuple[str, int]) -> policies.Counts:
    """What one of the others completed, with the rules alone."""
    family, number = who
    plan: Plan = _worker["plan"]
    rules, catalog = _worker["rules"], _worker["catalog"]
    popular = policies.Popular(catalog)
    for lived in life(
        family, number, catalog, lambda payload: policies.routine(rules, catalog, payload),
        sessions=plan.other_sessions, seed=plan.seed, explore=False,
    ):  # fmt: skip
        popular.add(lived.record)
    return popular.counts


def simulate(
    model: bytes,
    rules: bytes,
    documents: list[Any],
    release: int,
    plan: Plan,
    *,
    jobs: int = 1,
    progress: Callable[[int], object] = int,
) -> list[Session]:
    """Everybody with every policy, in an order that does not depend on the number of jobs.

    `model` and `rules` are generator files, `rules` with a constant scorer; `documents` those of the catalogue release.
    `progress` is told of each person done, the others included.
    """
    popular: dict[str, policies.Counts] = {family: {} for family in plan.families}
    if "popularity" in plan.names:
        others = [(family, OTHERS + n) for family in plan.families for n in range(plan.others)]
        arguments: tuple[Any, ...] = (model, rules, documents, release, plan, popular)
        found = in_order(_completions, others, jobs=jobs, begin=_begin, arguments=arguments)
        for (family, _), counts in zip(others, found, strict=True):
            for kind, completed in counts.items():
                popular[family].setdefault(kind, type(completed)()).update(completed)
            progress(1)
    sessions: list[Session] = []
    arguments = (model, rules, documents, release, plan, popular)
    for person in in_order(_work, plan.everybody(), jobs=jobs, begin=_begin, arguments=arguments):
        sessions += person
        progress(1)
    return sessions


def documents_of(catalog: Catalog) -> list[dict[str, Any]]:
    """A catalogue as the documents it was read from, to hand to another process."""
    made = [{"collection": "exercise", "id": e["slug"], "data": dict(e)} for e in catalog.exercises]
    made += [{"collection": "activity", "id": i, "data": dict(d)} for i, d in catalog.activities.items()]
    made += [{"collection": "condition", "id": i, "data": dict(d)} for i, d in catalog.conditions.items()]
    made += [
        {"collection": "vocabulary", "id": i, "data": {"entries": d}} for i, d in catalog.vocabulary.items()
    ]
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]
