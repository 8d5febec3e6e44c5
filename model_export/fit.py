"""The time fit: the seconds that the choice left over go into doses, then sets, then the opening item.

All steps are one vector operation over the plan: item i may take what is left after the items before it, in whole
units, so a unit is never split and the total never passes the budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from model_export.arrays import Value
from model_export.choose import STEP, Items
from model_export.contract import PARTS

if TYPE_CHECKING:
    from model_export.policy import Problem


def fit(p: Problem, items: Items, steps: Value) -> dict[str, Value]:
    """Columns of the plan [s] with `valid`, doses fitted to the budget; invalid rows take no time."""
    xp = p.xp
    plan = {name: xp.take(steps, i, 1) for i, name in enumerate(STEP)}
    plan["valid"] = xp.i32(plan["item"] >= 0)
    plan["item"] = xp.maximum(plan["item"], 0)
    valid = plan["valid"] > 0
    for name, column in (
        ("sides", p.number["sides"]), ("reps", items.reps), ("sets", items.sets), ("rest_s", items.rest),
        ("position", items.position), ("history", items.history), ("learned", items.learned),
        ("personal", items.personal), ("variety", items.variety),
    ):  # fmt: skip
        plan[name] = xp.take(column, plan["item"])
    # phase_of [G, N] at (segment, item), as one gather over the flattened matrix.
    plan["phase"] = xp.take(xp.flat(items.phase_of), plan["segment"] * xp.size(items.reps) + plan["item"])
    plan["score"] = plan["demand"]
    for part in PARTS[1:]:
        plan["score"] = plan["score"] + plan[part]

    def of_type(column: int) -> Value:
        return xp.take(p.by_type(column), plan["item"])

    def is_type(*codes: str) -> Value:
        return xp.take(xp.i32(p.is_type(*codes)), plan["item"]) > 0

    limited = xp.take(xp.i32(p.limited), plan["item"]) > 0
    hard = xp.take(p.number["met10"], plan["item"]) >= 60
    free = valid & ~limited & ~hard & ~is_type("potentiation")
    older = p.request["age"] >= 65
    longest_hold = xp.where(older & is_type("static_stretch"), 45, of_type(2))
    extend(p, plan, free & ~is_type("pulse_raiser"), longest_hold)
    extend(p, plan, free & is_type("pulse_raiser"), of_type(2))
    add_sets(p, plan, free, of_type(3), of_type(4))
    extend(p, plan, free, of_type(1))
    return plan


def set_time(work: Value, sides: Value) -> Value:
    """Seconds of one set: both sides and the switch between them."""
    return work * sides + (sides - 1) * 5


def total(p: Problem, plan: Mapping[str, Value]) -> Value:
    """Sum of sets (work x sides + 5 (sides - 1)) + rest (sets - 1) + transition, seconds."""
    return p.xp.sum(item_time(plan), 0)


def item_time(plan: Mapping[str, Value]) -> Value:
    one = set_time(plan["work_s"], plan["sides"])
    return (plan["sets"] * one + plan["rest_s"] * (plan["sets"] - 1) + plan["transition_s"]) * plan["valid"]


def spread(p: Problem, left: Value, cost: Value, units: Value) -> Value:
    """[s] whole units each row takes of `left` seconds, first come first served."""
    xp = p.xp
    wish = cost * units
    before = xp.cumsum(wish) - wish
    room = xp.minimum(xp.maximum(left - before, 0), wish)
    return room // xp.maximum(cost, 1)


def extend(p: Problem, plan: dict[str, Value], may: Value, most: Value) -> None:
    """Longer work, up to `most` seconds a side: whole 5 s (15 s for contract-relax), or whole repetitions."""
    xp = p.xp
    left = xp.maximum(p.request["budget_s"] - total(p, plan), 0)
    sec10 = xp.take(p.number["sec10_per_rep"], plan["item"])
    timed = plan["reps"] < 1
    contract_relax = xp.take(xp.i32(p.is_type("pnf_stretch")), plan["item"]) > 0
    # Two repetitions at a time where one is not a whole second, or where sides alternate.
    even = plan["reps"] // 2 * 2
    single = xp.eq(even, plan["reps"]) | ~xp.eq(sec10 // 10 * 10, sec10)
    reps_step = xp.where(timed, 0, xp.where(single, 2, 1))
    work_step = xp.where(timed, xp.where(contract_relax, 15, 5), (reps_step * sec10) // 10)
    work_step = xp.maximum(work_step, 1)
    units = xp.maximum(most - plan["work_s"], 0) // work_step * xp.i32(may)
    cost = work_step * plan["sides"] * plan["sets"]
    taken = spread(p, left, cost, units)
    plan["work_s"] = plan["work_s"] + taken * work_step
    plan["reps"] = plan["reps"] + taken * reps_step


def add_sets(p: Problem, plan: dict[str, Value], may: Value, most: Value, rest: Value) -> None:
    xp = p.xp
    left = xp.maximum(p.request["budget_s"] - total(p, plan), 0)
    cost = set_time(plan["work_s"], plan["sides"]) + rest
    units = xp.maximum(most - plan["sets"], 0) * xp.i32(may)
    taken = spread(p, left, cost, units)
    plan["sets"] = plan["sets"] + taken


def table(p: Problem, plan: Mapping[str, Value]) -> Value:
    """[s, len(PLAN)] the contract's output; item -1 in rows to ignore."""
    xp = p.xp
    item = xp.where(plan["valid"] > 0, plan["item"], -1)
    rest = xp.where(plan["sets"] > 1, plan["rest_s"], 0)
    columns = [
        item, plan["phase"], plan["sets"], plan["work_s"], plan["reps"], rest, plan["transition_s"], plan["sides"],
        plan["position"], plan["score"], *(plan[part] for part in PARTS),
    ]  # fmt: skip
    return xp.columns(columns)
