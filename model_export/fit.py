"""The time fit: the seconds that the choice left over go into doses, then sets, then the opening item.

All steps are one vector operation over the plan: item i may take what is left after the items before it, in whole
units, so a unit is never split and the total never passes the budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_export.arrays import Value
from model_export.choose import STEP, Items
from model_export.contract import CANDIDATES, PARTS
from model_export.problem import Problem

MOST_REPS = 20


def fit(p: Problem, items: Items, steps: Value, transitions: Value) -> dict[str, Value]:
    """Columns of the plan [s] with `valid`, doses fitted to the budget; invalid rows take no time."""
    xp = p.xp
    plan = {name: xp.take(steps, i, 1) for i, name in enumerate(STEP)}
    plan["candidates"] = xp.take(steps, list(range(len(STEP), len(STEP) + CANDIDATES)), 1)
    plan["valid"] = xp.i32(plan["item"] >= 0)
    plan["item"] = xp.maximum(plan["item"], 0)
    plan["transition_s"] = transitions
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

    settle(p, plan)
    return plan


def settle(p: Problem, plan: dict[str, Value]) -> None:
    """Hand out the seconds that are left: longer work, further sets, longer ways, in this order of value."""
    xp, item, valid = p.xp, plan["item"], plan["valid"] > 0

    def of(column: Value) -> Value:
        return xp.take(column, item)

    free = valid & of(~(p.limited | (p.number["met10"] >= 60) | p.is_type("potentiation")))
    pulse, held = of(p.is_type("pulse_raiser")), of(p.is_type("static_stretch"))
    gentle, young = p.person_has("reduced_dose"), p.request["age"] < 14
    most_work, most_sets, rest = of(p.by_type(1)), of(p.by_type(3)), of(p.by_type(4))
    fair = xp.where((p.request["age"] >= 65) & held, 45, of(p.by_type(2)))
    fair = xp.where(young & pulse, 120, fair)
    later = valid & (plan["segment"] > 0)
    seconds = set_time(plan["work_s"], plan["sides"])
    taken = (plan["sets"] * seconds + plan["rest_s"] * (plan["sets"] - 1) + plan["transition_s"]) * plan[
        "valid"
    ]
    left = xp.maximum(p.request["budget_s"] - xp.sum(taken, 0), 0)
    work_step, reps_step, units = growth(p, plan, of)

    def grant(may: Value, wish: Value, cost: Value) -> Value:
        """[s] whole units that each row gets of those it wishes for, first come first served."""
        nonlocal left
        wished = wish * xp.i32(may) * cost
        before = xp.cumsum(wished) - wished
        # A row without an item may cost nothing; it wishes for nothing either.
        got = xp.minimum(xp.maximum(left - before, 0), wished) // xp.maximum(cost, 1)
        left = left - xp.sum(got * cost, 0)
        return got

    def extend(may: Value, most: Value) -> None:
        nonlocal units
        wish = xp.minimum(xp.maximum(most - plan["work_s"], 0) // work_step, units)
        got = grant(may, wish, work_step * plan["sides"] * plan["sets"])
        units = units - got
        plan["work_s"] = plan["work_s"] + got * work_step
        plan["reps"] = plan["reps"] + got * reps_step

    def add_sets(may: Value, most: Value) -> None:
        wish = xp.maximum(most - plan["sets"], 0)
        plan["sets"] = plan["sets"] + grant(may, wish, set_time(plan["work_s"], plan["sides"]) + rest)

    def pause(may: Value, most: int) -> None:
        ones = plan["valid"] * 0 + 1
        plan["transition_s"] = plan["transition_s"] + grant(may, ones * most, ones)

    # Who gets less gets more time between, not more of it (U02: at most 30 s).
    pause(later & gentle, 10)
    extend(free & pulse & gentle, most_work)
    # F03: the second hold of what is most demanded, once everything had its first.
    add_sets(free & held & of(p.most_demanded), xp.where(held, 2, 1))
    extend(free & ~pulse, fair)
    extend(free & pulse, fair)
    add_sets(free, most_sets)
    extend(free, most_work)
    pause(later, 8)


def growth(p: Problem, plan: Mapping[str, Value], of: Any) -> tuple[Value, Value, Value]:
    """[s] seconds and repetitions of one unit of more work, and how many units a row may get.

    A unit is 5 s, 15 s for contract-relax (F06), one repetition, or two where one is no whole second or sides
    alternate. Repetitions grow by half at most and not past MOST_REPS: then another set is better.
    """
    xp = p.xp
    sec10, usual, reps = of(p.number["sec10_per_rep"]), of(p.number["reps"]), plan["reps"]
    timed = reps < 1
    pairs = xp.eq(reps // 2 * 2, reps) | ~xp.eq(sec10 // 10 * 10, sec10)
    reps_step = xp.where(timed, 0, xp.where(pairs, 2, 1))
    by_time = xp.where(of(p.is_type("pnf_stretch")), 15, 5)
    work_step = xp.where(timed, by_time, xp.maximum((reps_step * sec10) // 10, 1))
    most_reps = xp.maximum(xp.minimum(usual * 3 // 2, MOST_REPS), usual)
    more = xp.maximum(most_reps - reps, 0) // xp.maximum(reps_step, 1)
    return work_step, reps_step, xp.where(timed, 1000, more)


def set_time(work: Value, sides: Value) -> Value:
    """Seconds of one set: both sides and the switch between them."""
    return work * sides + (sides - 1) * 5


def table(p: Problem, plan: Mapping[str, Value]) -> Value:
    """[s, len(PLAN)] the contract's output; item -1 in rows to ignore."""
    xp = p.xp
    item = xp.where(plan["valid"] > 0, plan["item"], -1)
    rest = xp.where(plan["sets"] > 1, plan["rest_s"], 0)
    columns = [
        item, plan["phase"], plan["sets"], plan["work_s"], plan["reps"], rest, plan["transition_s"], plan["sides"],
        plan["position"], plan["score"], *(plan[part] for part in PARTS), plan["drawn_from"],
    ]  # fmt: skip
    return xp.columns(columns)
