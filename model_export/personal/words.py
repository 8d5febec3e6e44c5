"""What a learned state says, in words: for the person it is about, and for whoever has to explain a routine."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from model_export.encode import Array
from model_export.personal.runtime import Learner

NOTABLE = 1.5
"""A taste is worth a sentence when it is so many times as strong as it is uncertain."""


@dataclass(frozen=True)
class Taste:
    """One feature: its name, what it says, score points it gives an exercise, and their standard deviation."""

    name: str
    says: str
    points: int
    give_or_take: int


def tastes(learner: Learner, state: Array) -> list[Taste]:
    """Every feature but `everything`, the strongest first.

    The deviation takes rewards to scatter by 1 about what is expected, as the learning does.
    """
    matrix, prior, noise = learner.matrix(state), learner.state["prior"], learner.state["noise"]
    per_reward, unit = learner.points["per_reward"], learner.points["unit"]
    found = [
        Taste(
            row["name"],
            row["says"],
            round(matrix[i, -1] * per_reward / unit),
            round(sqrt(max(prior + matrix[i, i], 0) / noise) * per_reward),
        )
        for i, row in enumerate(learner.taste)
    ]
    return sorted(found[1:], key=lambda taste: -abs(taste.points))


def sentences(learner: Learner, state: Array) -> list[str]:
    """At most two sentences: what the person likes and what they do not, as far as their feedback says."""
    found = [taste for taste in tastes(learner, state) if abs(taste.points) >= NOTABLE * taste.give_or_take]
    likes = [taste.says for taste in found if taste.points > 0]
    dislikes = [taste.says for taste in found if taste.points < 0]
    if not found:
        return ["Nothing that could be said yet."]
    return [
        f"{verb} {', '.join(names)}." for verb, names in (("Likes", likes), ("Avoids", dislikes)) if names
    ]
