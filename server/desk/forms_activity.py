"""The form of an activity: what it is called, how hard it is, what it asks of muscles and joints."""

from __future__ import annotations

from typing import Final

from server.catalog.shapes import Document
from server.desk.fields import Field, Group
from server.desk.words import Words

STEPS: Final = (("0", "not asked"), ("1", "a little"), ("2", "clearly"), ("3", "much"))
"""What the numbers of a demand mean, as the columns of its table."""


def groups(data: Document, known: Words) -> list[Group]:
    """The fields of an activity."""

    def demand(path: str, label: str) -> Field:
        had = data.get(path)
        return Field(path, label, "weights", known.options(path, had if isinstance(had, dict) else ()))

    steps = {"steps": STEPS}

    return [
        Group("In words", [
            Field("label", "Label", hint="As it stands in a list."),
            Field("spoken", "In a sentence", hint="As in: before running."),
        ], columns=2),
        Group("How hard it is", [
            Field("explosive", "Explosive", "whole", hint="0 not at all, 1 a little, 2 clearly, 3 sprints and jumps."),
            Field("met", "MET", "number", hint="From 1 to 20."),
            Field("warmup_min", "Minutes of warm-up", "whole", hint="What we suggest before it."),
        ], columns=3),
        Group("What it asks of muscles", [demand("muscles", "Muscles")], extra=steps),
        Group("What it asks of joints", [demand("moves", "Moves")], extra=steps),
        Group("Where the numbers are from, and its names elsewhere", [
            Field("met_code", "Code in the Compendium"), Field("met_src", "Edition of the Compendium"),
            Field("health_connect", "Name in Health Connect"), Field("healthkit", "Name in HealthKit"),
        ], columns=2, folded=True),
    ]  # fmt: skip
