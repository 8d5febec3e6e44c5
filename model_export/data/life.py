"""The life of one simulated person with the app: ask, be shown a routine, react, and have it remembered.

    for lived in life("taste", 7, catalog, make, sessions=20, seed=0, start=START):
        lived.record    # what a phone logs: slots.py
        lived.rewards   # P(reward) of each slot, exactly: hidden

`make` is any policy from a payload to a routine's JSON, so that baselines meet the very same people on the same days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from model_export.data.families import FAMILIES, Chances, Hidden, Moment
from model_export.data.people import Person, Wish, person, uuid_of, wishes
from model_export.decode import total_s
from model_export.encode import Catalog
from model_export.request import TARGET_RPE, RequestError
from model_export.runtime import UnsafePlan

START = datetime(2026, 1, 5, tzinfo=UTC)
"""The first day of a simulation, a Monday."""
PAIN_KEPT_DAYS = 28
"""For so long the phone hands a report of pain back with a request."""
SESSIONS_KEPT = 10
TRIES = 4
"""A wish that no routine fits is followed by another, on a later day, at most so often in a row."""

Make = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass
class Past:
    """What the phone remembers of one exercise."""

    last: datetime | None = None
    done: int = 0
    skipped: int = 0
    swapped: int = 0
    rating: int = 0
    pain: int = 0
    pain_at: datetime | None = None


@dataclass
class Memory:
    """All that the phone hands back with the next request."""

    exercises: dict[str, Past] = field(default_factory=dict)
    efforts: list[tuple[datetime, int]] = field(default_factory=list)
    regions: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def payload(self, now: datetime) -> dict[str, Any]:
        """`history` of a request."""
        rows: dict[str, dict[str, int]] = {}
        for slug, past in sorted(self.exercises.items()):
            hurt = past.pain_at is not None and days(past.pain_at, now) <= PAIN_KEPT_DAYS
            row = {
                "done": past.done,
                "skipped": past.skipped,
                "swapped": past.swapped,
                "rating": past.rating,
                "pain": past.pain if hurt else 0,
            }
            rows[slug] = row if past.last is None else {"days_since": days(past.last, now), **row}
        return {
            "exercises": rows,
            "sessions": [
                {"days_since": days(at, now), "rpe": rpe, "target": TARGET_RPE}
                for at, rpe in reversed(self.efforts[-SESSIONS_KEPT:])
            ],
            "pain": {
                region: {"days_since": days(at, now), "level": level}
                for region, (at, level) in sorted(self.regions.items())
                if days(at, now) <= PAIN_KEPT_DAYS
            },
        }

    def note(self, at: datetime, slot: Mapping[str, Any], regions: frozenset[str]) -> None:
        past = self.exercises.setdefault(slot["slug"], Past())
        outcome = slot["outcome"]
        if outcome in ("completed", "stopped_by_pain"):
            past.last, past.pain, past.pain_at = at, slot["pain"], at
        past.done += outcome == "completed"
        past.skipped += outcome == "skipped"
        past.swapped += outcome == "swapped"
        if slot["rating"] is not None:
            past.rating = slot["rating"]
        if outcome == "stopped_by_pain":
            self.regions |= dict.fromkeys(sorted(regions), (at, slot["pain"]))


def days(since: datetime, now: datetime) -> int:
    """Calendar days between."""
    return (now.date() - since.date()).days


@dataclass(frozen=True)
class Lived:
    """One session: `record` is what the phone logs; `rewards` and `mood` are hidden."""

    record: dict[str, Any]
    rewards: list[float]
    mood: float


@dataclass(frozen=True)
class Body:
    """A person, with what is hidden of them and the random streams of their days."""

    who: Person
    hidden: Hidden
    days: np.random.Generator
    moods: np.random.Generator
    reactions: np.random.SeedSequence


def body(family: str, number: int, catalog: Catalog, seed: int) -> Body:
    """Person `number` of a family. What is drawn for one thing never shifts what is drawn for another."""
    place = list(FAMILIES).index(family)
    profile, hidden, calendar, moods, reactions = np.random.SeedSequence((seed, place, number)).spawn(5)
    return Body(
        person(np.random.default_rng(profile), catalog),
        FAMILIES[family].draw(np.random.default_rng(hidden), catalog),
        np.random.default_rng(calendar),
        np.random.default_rng(moods),
        reactions,
    )


def life(
    family: str,
    number: int,
    catalog: Catalog,
    make: Make,
    *,
    sessions: int,
    seed: int,
    start: datetime = START,
    explore: bool = True,
) -> Iterator[Lived]:
    """Up to `sessions` sessions in order of time; fewer when no routine fits what they may do.

    With `explore` (the person consents to training) one slot of each routine is drawn among the best.
    """
    it = body(family, number, catalog, seed)
    memory, mood, misses, lived = Memory(), 0.0, 0, 0
    for wish in wishes(it.days, it.who, start):
        if lived == sessions or misses == TRIES:
            return
        mood = 0.6 * mood + 0.8 * float(it.moods.normal())
        # A stream for each wish: what the routine holds must not shift the luck of later days.
        luck = np.random.default_rng(it.reactions.spawn(1)[0])
        payload = {
            "request": wish.request,
            "profile": {**it.who.profile, "constraints": wish.constraints},
            "history": memory.payload(wish.at),
            "seed": wish.seed,
            "explore": explore,
        }
        try:
            routine = make(payload)
        except (RequestError, UnsafePlan):
            misses += 1
            continue
        misses, lived = 0, lived + 1
        yield _session(family, it, catalog, wish, start, mood, payload, routine, memory, luck)


def regions_of(catalog: Catalog, exercise: Mapping[str, Any]) -> frozenset[str]:
    """Regions of the primary muscles."""
    muscles = catalog.vocabulary["muscles"]
    return frozenset(muscles[m]["region"] for m in exercise["primary_muscles"])


def _session(
    family: str,
    it: Body,
    catalog: Catalog,
    wish: Wish,
    start: datetime,
    mood: float,
    payload: dict[str, Any],
    routine: Mapping[str, Any],
    memory: Memory,
    luck: np.random.Generator,
) -> Lived:
    items = routine["items"]
    slots: list[dict[str, Any]] = []
    rewards: list[float] = []
    previous, elapsed, completed, effort = None, 0, 0, 0.0
    for place, item in enumerate(items):
        exercise = catalog.exercises[catalog.places[item["slug"]]]
        past = memory.exercises.get(item["slug"], Past())
        length = total_s([item])
        moment = Moment(
            exercise=exercise, regions=regions_of(catalog, exercise), place=place, places=len(items), length_s=length,
            elapsed_s=elapsed, previous=previous, done=past.done,
            days_since=None if past.last is None else days(past.last, wish.at),
            kind=wish.request["kind"], budget_s=wish.request["budget_s"], minute=wish.at.hour * 60 + wish.at.minute,
            weekday=wish.at.weekday(), day=days(start, wish.at), age=it.who.profile["age"], level=it.who.level,
            mood=mood,
        )  # fmt: skip
        chances = FAMILIES[family].law(it.hidden, moment)
        propensity = item.get("propensity", 1.0)
        slots.append(
            {"slug": item["slug"], "place": place, "propensity": propensity, "explored": propensity < 1}
            | outcome(chances, luck)
        )
        rewards.append(round(chances.reward, 6))
        if slots[-1]["outcome"] == "completed":
            completed += length
            effort += length * float(exercise["met"])
        # The next item knows this one, not the whole routine before it.
        previous, elapsed = replace(moment, previous=None), elapsed + length
    for slot in slots:
        memory.note(wish.at, slot, regions_of(catalog, catalog.exercises[catalog.places[slot["slug"]]]))
    rpe = _rpe(effort / max(completed, 1), completed, it.who.level, mood, FAMILIES[family].effort, luck)
    if rpe is not None:
        memory.efforts = [*memory.efforts, (wish.at, rpe)][-SESSIONS_KEPT:]
    record = {
        "id": str(uuid_of(luck, 7, wish.at)),
        "at": wish.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "model": str(routine["model"]).removeprefix("sha256:"),
        "catalog": routine["catalog"],
        "payload": payload,
        "rpe": rpe,
        "completed_s": completed,
        "slots": slots,
    }
    return Lived(record, rewards, round(mood, 4))


def outcome(chances: Chances, luck: np.random.Generator) -> dict[str, Any]:
    """Outcome, rating and pain of one slot: always five draws, so that no outcome shifts the next slot's luck."""
    hurt, finish, swap, rate, ache = luck.random(5)
    if hurt < chances.hurt:
        return {"outcome": "stopped_by_pain", "rating": None, "pain": 4 + int(ache * 5)}
    if finish >= chances.finish:
        return {"outcome": "swapped" if swap < chances.swap else "skipped", "rating": None, "pain": 0}
    rating = -1 if rate < chances.dislike else 1 if rate > 1 - chances.like else None
    return {"outcome": "completed", "rating": rating, "pain": 1 + int(ache * 60) if ache < 0.04 else 0}


def _rpe(
    met: float, completed_s: int, level: int, mood: float, effort: float, luck: np.random.Generator
) -> int | None:
    """Session RPE of 10 from the mean MET and the length of what was done; one in six does not answer."""
    answered, error = luck.random(), luck.normal(0, 0.8)
    if answered < 1 / 6 or not completed_s:
        return None
    felt = 1 + 0.65 * met + completed_s / 900 - 0.5 * level - 0.3 * mood + effort + error
    return int(np.clip(round(felt), 0, 10))
