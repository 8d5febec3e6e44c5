"""The learning itself, in integers: one feedback row is one Sherman-Morrison update of a small linear model.

Model. An exercise with taste features x (0 or 1, K of them) is expected to earn the reward x·t. The taste t drifts:

    t <- a t + w,   w ~ N(0, (1 - a^2) p0 I),   a^2 = 1 - 1/256,   reward y = x·t + v,   v ~ N(0, r)

which has the prior N(0, p0 I) as its resting state. With the gain g = P x / (r + x'P x), one row does

    t <- t + g (y - x·t) - t / 512                   (mean)
    P <- P - P x x'P / (r + x'P x) - (P - p0 I) / 256        (covariance)

The second term of each line is the update of an inverse by a rank-one change (Sherman & Morrison 1950, Ann. Math.
Statist. 21:124-127), which makes recursive least squares; the third is the forgetting. Forgetting towards the prior
(stabilised forgetting: Kulhavy & Zarrop 1993, Int. J. Control 58:905-924) replaces the usual P / gamma, because that
one grows without bound in every direction a person gives no feedback on, and a fixed point cannot hold it.

Both lines are one: with V = [P - p0 I | t] of K rows and K + 1 columns, and u = V'x + p0 [x; 0] - y e_last,

    V <- V - u_1..K u' / (r + u_1..K · x) - V / [256 .. 256, 512]

where V = 0 is the prior, so that a fresh state, and a reset one, is zeros.

Why no step leaves int32 (c = MOST_ACTIVE = 15 bounds |x|^2, K = 30, p0 = 2^13, r = 2^16; all divisions round to
nearest, so that a step adds an error matrix with entries of at most 1 and a norm of at most K):
- P stays positive definite. Without rounding P' >= (1 - 1/256) P - q/(r+q) P + p0/256 I with q = x'P x, and
  q <= 2 p0 c gives r/(r+q) > 1/256; rounding takes at most K = 30 of p0/256 = 32.
- P_ii <= p0: the rank-one term only lowers it, and the forgetting stops at p0. Hence |P_ij| <= p0, one bound for all.
- P <= 2 p0 I: the excess over p0 I gains at most K a row and loses 1/256 of itself, so it stays below 256 K < p0.
- |(P x)_i|^2 <= P_ii q <= p0 · 2 p0 c, so |(P x)_i| <= 44,870 and u_i u_j <= 2.02e9 < 2^31, with room for rounding.
A state that learning did not make is cut to the same bounds before it is used: the graph cannot overflow for any input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from model_export.arrays import Value
from model_export.contract import ITEM_NUMBER
from model_export.personal.spec import (
    BOUND,
    FEEDBACK_ROWS,
    FORGET,
    GAIN,
    MAX_REWARD,
    MOST_POINTS,
    MOST_SEEN,
    NOISE,
    POINTS,
    PRIOR,
    TASTE,
    UNIT,
    K,
)

Vocabulary = Mapping[str, Sequence[str]]

LIFT = 64
"""Added to a signed quotient before its division and taken off after, so that what is divided is not negative."""


def taste_features(xp: Any, vocabulary: Vocabulary, given: Mapping[str, Value]) -> Value:
    """[N, K] 0/1: which taste features each exercise has, in the order of spec.TASTE."""

    def table(tensor: str, name: str) -> list[list[int]]:
        rows = [row for row in TASTE if row.get("tensor") == tensor]
        return [[_listed(row, code) for row in rows] for code in vocabulary[name]]

    numbers = [row for row in TASTE if row.get("tensor") == "item_number"]
    number = xp.take(given["item_number"], [ITEM_NUMBER.index(row["column"]) for row in numbers], 1)
    muscle = xp.matmul(given["muscle_region"], xp.const(table("item_muscle", "regions")))
    return xp.hcat(
        [
            xp.take(xp.const([[1, *row] for row in table("item_type", "types")]), given["item_type"]),
            xp.take(xp.const(table("item_default_position", "positions")), given["item_default_position"]),
            xp.i32(xp.matmul(xp.i32(given["item_muscle"] >= 3), muscle) > 0),
            xp.i32(number >= xp.const([row["at_least"] for row in numbers])),
            *(
                xp.col(listed(xp, given[tensor], [sum(row) for row in table(tensor, name)]))
                for tensor, name in (("item_hazard", "hazards"), ("item_equipment", "equipment"))
            ),
        ]
    )


def listed(xp: Any, matrix: Value, marked: Sequence[int]) -> Value:
    """[N] 1 where a row of the 0/1 matrix has one of the marked columns."""
    columns = [i for i, mark in enumerate(marked) if mark]
    return xp.max(xp.take(matrix, columns, 1), 1) if columns else xp.fill_like(xp.take(matrix, 0, 1), 0)


def _listed(row: Mapping[str, Any], code: str) -> int:
    return int(code not in row["except"]) if "except" in row else int(code in row["codes"])


def clip(xp: Any, x: Value, bound: Value) -> Value:
    return xp.minimum(xp.maximum(x, 0 - bound), bound)


def over(xp: Any, n: Value, d: Value) -> Value:
    """n / d for signed n and positive d, rounded to nearest and halves away from zero; |n| + d / 2 below 2^31."""
    q = (xp.abs(n) + d // 2) // d
    return xp.where(n < 0, 0 - q, q)


def rows_given(xp: Any, item: Value, count: Value) -> Value:
    """How many rows of feedback there are: those before the first that names no exercise."""
    none = xp.i32((item < 0) | (item >= count))
    return xp.argmax(xp.join([none, xp.const([1])]), 0)


def learn(xp: Any, matrix: Value, items: Value, feedback: Value) -> tuple[Value, Value]:
    """[K (K + 1)] the state's matrix after the feedback, and how many rows that were.

    `matrix` [K, K + 1] is any int32, `items` [N, K] the taste features, `feedback` [64, 2].
    """
    count = xp.size(xp.take(items, 0, 1))
    item, reward = xp.take(feedback, 0, 1), xp.take(feedback, 1, 1)
    rows = rows_given(xp, item, count)
    x = xp.take(items, xp.maximum(xp.minimum(item, count - 1), 0))
    y = clip(xp, reward, MAX_REWARD) * UNIT
    # [64, K + 1]: what every row adds to V'x.
    constant = xp.hcat([x * PRIOR, xp.col(0 - y)])
    forget = xp.const([FORGET] * K + [2 * FORGET])
    lift = xp.const([LIFT * FORGET + FORGET // 2] * K + [LIFT * 2 * FORGET + FORGET])
    covariance = xp.const(list(range(K)))

    def step(state: list[Value]) -> tuple[Value, list[Value], Value]:
        v, k = state
        features = xp.take(x, k)
        u = clip(xp, xp.sum(v * xp.col(features), 0) + xp.take(constant, k), GAIN)
        px = xp.take(u, covariance)
        scale = xp.maximum(xp.sum(px * features, 0) + NOISE, NOISE)
        drop = over(xp, xp.col(px) * xp.row(u), scale)
        v = clip(xp, v - drop - (v + lift) // forget + LIFT, BOUND)
        k = k + 1
        return k < rows, [v, k], xp.flat(v)

    start = clip(xp, matrix, BOUND)
    learned = xp.loop(FEEDBACK_ROWS, rows > 0, [start, xp.const(0)], step, K * (K + 1))
    return xp.take(xp.join([xp.row(xp.flat(start)), learned]), rows), rows


def points(xp: Any, tastes: Value, items: Value) -> Value:
    """[N] score points, at most MOST_POINTS either way, of `tastes` [K] for `items` [N, K].

    How much a person likes everything is learned, so that it does not pose as a taste for what comes most often, and
    left out, as it prefers nothing.
    """
    specific = tastes * xp.const([0] + [1] * (K - 1))
    expected = xp.sum(items * xp.row(specific), 1)
    return clip(xp, over(xp, expected * POINTS, xp.const(UNIT)), MOST_POINTS)


def run(xp: Any, vocabulary: Vocabulary, given: Mapping[str, Value]) -> dict[str, Value]:
    """The whole graph: inputs of export.input_shapes -> `state_out` [STATE] and `personal` [N]."""
    items = taste_features(xp, vocabulary, given)
    state, feedback = given["state"], given["feedback"]
    width = K + 1
    places = xp.col(xp.const([1 + row * width for row in range(K)])) + xp.row(xp.const(list(range(width))))
    matrix, rows = learn(xp, xp.take(state, places), items, feedback)
    seen = xp.minimum(xp.maximum(xp.take(state, 0), 0), MOST_SEEN - FEEDBACK_ROWS) + rows
    tastes = xp.take(matrix, xp.const([row * width + K for row in range(K)]))
    return {
        "state_out": xp.join([xp.stack([seen]), matrix]),
        "personal": points(xp, tastes, items),
    }
