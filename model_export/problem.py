"""One request, prepared: what the policy's parts read, each value traced once.

A `Problem` holds the contract's inputs by name and answers the questions that filters, choice, order and fit share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from model_export import policy_tables as tables
from model_export.arrays import Value
from model_export.contract import (
    BUDGET_MIN_S,
    HISTORY,
    ITEM_NUMBER,
    REQUEST,
    STRAINED_AFTER,
    STRAINED_PERCENT,
)

Vocabulary = Mapping[str, Sequence[str]]


@dataclass
class Problem:
    """One request, prepared: everything the choice and the fit read."""

    xp: Any
    vocabulary: Vocabulary
    given: Mapping[str, Value]
    request: dict[str, Value]
    number: dict[str, Value]
    history: dict[str, Value]
    groups: Value
    type_one_hot: Value
    excluded: Value
    limited: Value
    acute: Value
    most_demanded: Value
    free: Value = None

    memo: dict[Any, Value] = field(default_factory=dict)

    def once(self, key: Any, make: Callable[[], Value]) -> Value:
        """What `make` gives, traced once: the graph pays for every node."""
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]

    def carries(self, tensor: str, vocabulary: str, codes: Sequence[str]) -> Value:
        """[N] items that have any of the codes."""

        def make() -> Value:
            names = self.vocabulary[vocabulary]
            columns = [self.xp.take(self.given[tensor], names.index(code), 1) for code in codes]
            return sum(columns[1:], columns[0]) > 0

        return self.once((tensor, *codes), make)

    def has(self, *hazards: str) -> Value:
        """[N] items that carry any of the hazards."""
        return self.carries("item_hazard", "hazards", hazards)

    def uses(self, *equipment: str) -> Value:
        """[N] items that need any of the equipment."""
        return self.carries("item_equipment", "equipment", equipment)

    def person_has(self, group: str) -> Value:
        """Whether the person has a condition of the group."""
        place = list(tables.GROUPS).index(group)
        return self.once(("group", group), lambda: self.xp.take(self.groups, place))

    def constrained(self, code: str) -> Value:
        place = self.vocabulary["constraints"].index(code)
        return self.once(("constraint", code), lambda: self.xp.take(self.given["constraint"], place) > 0)

    def is_type(self, *codes: str) -> Value:
        """[N] items of any of the types."""
        table = [name in codes for name in self.vocabulary["types"]]
        return self.once(
            ("type", *codes), lambda: self.xp.take(self.xp.flags(table), self.given["item_type"])
        )

    def by_type(self, column: int) -> Value:
        """[N] a column of the dose table."""
        table = [tables.DOSE[name][column] for name in self.vocabulary["types"]]
        return self.once(
            ("dose", column), lambda: self.xp.take(self.xp.const(table), self.given["item_type"])
        )

    def strained(self) -> Value:
        """L02."""
        return self.once("strained", lambda: self.request["strain"] >= STRAINED_AFTER)

    def kind_is(self, code: str) -> Value:
        place = self.vocabulary["kinds"].index(code)
        return self.once(("kind", code), lambda: self.xp.eq(self.request["kind"], place))


def crossed(xp: Any, matrix: Value, *vectors: Value) -> list[Value]:
    """Per vector [K]: [N] whether a row of the matrix [N, K] meets it. One product for all of them."""
    product = xp.matmul(matrix, xp.columns(vectors))
    return [xp.take(product, i, 1) > 0 for i in range(len(vectors))]


def prepare(xp: Any, vocabulary: Vocabulary, given: Mapping[str, Value]) -> Problem:
    def columns(tensor: str, names: Sequence[str], axis: int) -> dict[str, Value]:
        return {name: xp.take(given[tensor], i, axis) for i, name in enumerate(names)}

    groups = [[int(code in codes) for codes in tables.GROUPS.values()] for code in vocabulary["conditions"]]
    types = [[int(name == code) for code in tables.TYPES] for name in vocabulary["types"]]
    person = given["condition"]
    # L02: recent pain in a region keeps out what strains it, as a condition would.
    hurting = xp.matmul(given["hazard_region"], given["pain_region"])
    excluded, limited = crossed(
        xp,
        given["item_hazard"],
        xp.matmul(person, given["condition_exclude"]) + hurting,
        xp.matmul(person, given["condition_limit"]),
    )
    injured = xp.matmul(given["muscle_region"], given["acute_region"])
    acute, most_demanded = crossed(
        xp, xp.i32(given["item_muscle"] >= 3), injured, xp.i32(given["demand_muscle"] >= 3)
    )
    request = columns("request", REQUEST, 0)
    budget = request["budget_s"]
    shorter = xp.maximum(budget * STRAINED_PERCENT // 100, BUDGET_MIN_S)
    request["budget_s"] = xp.where(request["strain"] >= STRAINED_AFTER, shorter, budget)
    return Problem(
        xp, vocabulary, given,
        excluded=excluded, limited=limited, acute=acute, most_demanded=most_demanded,
        request=request,
        number=columns("item_number", ITEM_NUMBER, 1),
        history=columns("history", HISTORY, 1),
        groups=xp.matmul(given["condition"], xp.const(groups)) > 0,
        type_one_hot=xp.take(xp.const(types), given["item_type"]),
    )  # fmt: skip


def affinity(p: Problem) -> Value:
    """[N] 1 where the catalogue lists the item for the activity; 0 for a custom demand vector."""

    def make() -> Value:
        known = p.xp.i32(p.request["activity"] >= 0)
        column = p.xp.take(p.given["item_activity"], p.xp.maximum(p.request["activity"], 0), 1)
        return column * known

    return p.once("affinity", make)
