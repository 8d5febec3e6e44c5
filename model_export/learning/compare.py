"""What the simulated lives add up to: figures per policy and family, differences with intervals, cohorts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from model_export.learning.closed_loop import Session
from model_export.learning.estimators import Estimate, mean_interval

REGRET_AT = (1, 5, 20)
LEAST_PEOPLE = 8
"""A cohort of fewer people has no interval worth the name and is left out."""
AGES = ((0, 17, "under 18"), (18, 39, "18 to 39"), (40, 64, "40 to 64"), (65, 200, "65 and over"))

People = dict[tuple[str, int], list[Session]]
"""(family, person) -> sessions with one policy, in order."""


def by_person(sessions: Iterable[Session], policy: str, keep: Callable[[Session], bool] = bool) -> People:
    """Sessions of one policy that `keep` lets through."""
    found: People = defaultdict(list)
    for session in sessions:
        if session.policy == policy and keep(session):
            found[session.family, session.person].append(session)
    return dict(found)


def mean_reward(people: People) -> dict[tuple[str, int], float]:
    """Person -> mean over their sessions."""
    return {who: float(np.mean([s.reward for s in lived])) for who, lived in people.items()}


def difference(
    sessions: Sequence[Session], one: str, other: str, keep: Callable[[Session], bool] = bool
) -> dict[str, Any] | None:
    """Mean reward of two policies over the people who lived with both, and the paired difference with its interval.

    A person's sessions are averaged first, so everybody counts the same. None when nobody is left.
    """
    ours, theirs = by_person(sessions, one, keep), by_person(sessions, other, keep)
    means, others = mean_reward(ours), mean_reward(theirs)
    both = sorted(set(means) & set(others))
    if not both:
        return None
    first, second = np.array([means[who] for who in both]), np.array([others[who] for who in both])
    gap = mean_interval(first - second, np.arange(len(both)))
    return {
        one: round(float(first.mean()), 5),
        other: round(float(second.mean()), 5),
        "difference": round(gap.value, 5),
        "interval": [round(gap.low, 5), round(gap.high, 5)],
        "people": len(both),
        "sessions": sum(len(ours[who]) for who in both),
    }


def age_band(age: int) -> str:
    return next(name for low, high, name in AGES if low <= age <= high)


def cohorts_of(session: Session) -> tuple[str, ...]:
    """Names of the groups a session belongs to: kind, level, age band, condition, seated."""
    return (
        f"kind: {session.kind}",
        f"level: {session.level}",
        f"age: {age_band(session.age)}",
        "condition: yes" if session.conditioned else "condition: no",
        "seated: yes" if session.seated else "seated: no",
    )


def cohorts(sessions: Sequence[Session], one: str = "model", other: str = "rules_only") -> dict[str, Any]:
    """Cohort of at least LEAST_PEOPLE -> difference of two policies in it, all families together; in order of names."""
    names = sorted({name for session in sessions for name in cohorts_of(session)})
    found = {name: difference(sessions, one, other, lambda s, n=name: n in cohorts_of(s)) for name in names}  # type: ignore[misc]
    return {
        name: entry for name, entry in found.items() if entry is not None and entry["people"] >= LEAST_PEOPLE
    }


def worst(entries: Mapping[str, Any]) -> str | None:
    """The cohort in which the model gains least over the rules; the first by name of several, None of none."""
    return min(entries, key=lambda name: (entries[name]["difference"], name), default=None)


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Jaccard index of two routines' exercises."""
    together = set(one) | set(other)
    return len(set(one) & set(other)) / len(together) if together else 0.0


def diversity(people: People) -> float:
    """1 - mean overlap of a person's successive routines of one kind: 0 always the same, 1 always others."""
    overlaps = []
    for lived in people.values():
        latest: dict[str, Sequence[str]] = {}
        for session in lived:
            if session.kind in latest:
                overlaps.append(overlap(latest[session.kind], session.slugs))
            latest[session.kind] = session.slugs
    return 1 - float(np.mean(overlaps)) if overlaps else float("nan")


def novelty(people: People) -> float:
    """Share of slots whose exercise the person never had before; first sessions left out."""
    fresh, slots = 0, 0
    for lived in people.values():
        known: set[str] = set()
        for session in lived:
            if known:
                fresh += sum(slug not in known for slug in session.slugs)
                slots += len(session.slugs)
            known.update(session.slugs)
    return fresh / slots if slots else float("nan")


def figures(sessions: Sequence[Session], family: str, policy: str, items: int) -> dict[str, Any]:
    """One line of the baseline table. `coverage` is the share of the catalogue's `items` that anybody was shown."""
    people = by_person(sessions, policy, lambda s: s.family == family)
    lived = [session for of_person in people.values() for session in of_person]
    wanted = [s.answered for s in lived if s.answered is not None]
    return {
        "reward": round(float(np.mean(list(mean_reward(people).values()))), 5),
        "completion": round(float(np.mean([s.completed for s in lived])), 5),
        "answered": round(float(np.mean(wanted)), 5) if wanted else None,
        "coverage": round(len({slug for s in lived for slug in s.slugs}) / items, 5),
        "diversity": round(diversity(people), 5),
        "novelty": round(novelty(people), 5),
        "sessions": len(lived),
        "unsafe": sum(of_person[-1].unsafe for of_person in people.values()),
    }


def curve(sessions: Sequence[Session], family: str, policy: str) -> list[float]:
    """Mean reward of the first, second, … session."""
    by_number: dict[int, list[float]] = defaultdict(list)
    for session in sessions:
        if session.family == family and session.policy == policy:
            by_number[session.number].append(session.reward)
    return [round(float(np.mean(by_number[number])), 5) for number in sorted(by_number)]


def regret(sessions: Sequence[Session], family: str, policy: str, number: int) -> Estimate | None:
    """Mean of the oracle's reward less the policy's at session `number`, over the people who had one with both."""

    def at(name: str) -> dict[int, float]:
        return {
            s.person: s.reward
            for s in sessions
            if s.policy == name and s.family == family and s.number == number
        }

    best, ours = at("oracle"), at(policy)
    both = sorted(set(best) & set(ours))
    if not both:
        return None
    return mean_interval(np.array([best[who] - ours[who] for who in both]), np.arange(len(both)))
