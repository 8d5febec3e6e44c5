"""The greedy choice: one item a step, the best of what still fits the current segment.

Everything that does not change between steps is made before the loop: a phone pays for every node of every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_export import policy_tables as tables
from model_export.arrays import Value
from model_export.contract import MAX_STEPS

if TYPE_CHECKING:
    from model_export.policy import Problem

NEVER = -(1 << 30)
FIRST = 1 << 24
"""Added to an item that a quota demands, so that it goes before every score."""

STEP = ("item", "segment", "work_s", "transition_s", "flow", "demand", "deficits", "rolled")
"""Columns of one step; item -1 marks the end, `rolled` is 0."""

RAMP_STEPS = 6


@dataclass
class Items:
    """Per item [N] what does not change while choosing; `phase_of` [G, N], -1 where a segment does not take it."""

    position: Value
    posture: Value
    phase_of: Value
    work: Value
    reps: Value
    sets: Value
    rest: Value
    history: Value
    learned: Value
    personal: Value
    variety: Value


def first_sets(p: Problem) -> Value:
    """[N] F03: two holds for a stretch that answers a demand of 3, where the time allows it."""
    xp = p.xp
    twice = p.most_demanded & p.is_type("static_stretch") & (p.request["budget_s"] >= 480)
    return xp.where(twice & p.kind_is("cooldown"), 2, 1)


def needs_balance(p: Problem, phase_of: Value) -> Value:
    """K06 with ankle instability, O01 from 65 on in ten minutes of mobility, N03 in a long explosive warm-up."""
    xp, request = p.xp, p.request
    older = (request["age"] >= 65) & p.kind_is("mobility") & (request["budget_s"] >= 600)
    team = p.kind_is("warmup") & (request["explosive"] >= 3) & (request["budget_s"] >= 900)
    unstable = p.person_has("ankle_instability") & ~p.kind_is("cooldown")
    possible = xp.any(p.is_type("balance") & (xp.max(phase_of, 0) >= 0), 0)
    return (older | team | unstable) & possible


def history_part(p: Problem) -> Value:
    """[N] what was done yesterday waits, what was liked comes back, what was skipped or swapped comes less."""
    xp, history = p.xp, p.history
    days = history["days_since"]
    recent = xp.where(days <= 1, -60, xp.where(days <= 3, -25, 0))
    return (
        recent
        + history["rating"] * 120
        - xp.minimum(history["skipped"], 4) * 30
        - xp.minimum(history["swapped"], 4) * 20
    )


def fixed_flow(p: Problem, affinity: Value, floor: Value) -> Value:
    """[G, N] preference that does not depend on what was chosen before."""
    xp, met10 = p.xp, p.number["met10"]
    warm = xp.i32(p.kind_is("warmup"))
    drill = xp.i32(p.is_type("skill_drill", "potentiation"))
    pulse = xp.i32(p.is_type("pulse_raiser"))
    listed = affinity * 200
    return xp.rows(
        [
            listed + pulse * 200,
            listed - floor * 40 * warm,
            listed - floor * 90 * warm,
            # W05: the end of a warm-up is upright, specific and more intense.
            listed + drill * affinity * 250 + warm * (met10 * 3 - floor * 200),
            listed + drill * affinity * 100,
        ]
    )


def opening_cap(p: Problem, items: Items, end: Value) -> Value:
    """Longest dose of one opening item, seconds: two or three items share the opening when that many are free."""
    xp = p.xp
    openers = xp.sum(xp.i32((xp.take(items.phase_of, 0) >= 0) & p.is_type("pulse_raiser")), 0)
    shared = xp.maximum(xp.minimum(openers, end // 240 + 2), 1)
    cap = xp.minimum(xp.maximum((end // shared + 4) // 5 * 5, 45), 300)
    return xp.where(p.kind_is("cooldown"), xp.maximum(cap, 60), cap)  # C04


def capped(p: Problem) -> tuple[Value, Value]:
    """[3, N] 0/1 what counts against a cap, and [3] the caps in seconds of work.

    Limited hazards get 20 % of the budget, which is below 35 % of the work as work is over 60 % of the time; jumps
    115 s (P03); 6 MET and more 30 or 45 % of the time (W06).
    """
    xp, budget = p.xp, p.request["budget_s"]
    flags = xp.rows(
        [
            xp.i32(p.limited),
            xp.i32(p.has("impact_high")),
            xp.i32(p.number["met10"] >= 60),
        ]
    )
    hard = xp.where(p.request["level"] >= 2, budget * 45, budget * 30) // 100
    return flags, xp.stack([budget * 20 // 100, xp.const(115), hard])


def posture_tables() -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """[6, 5] preference for the next posture given the last: stay where you are; the same once changes are used up; and
    1 where getting down or up is a change between floor and standing."""

    floor = tables.on_floor

    def table(change: int, same: int) -> list[list[int]]:
        return [
            [
                change if floor(last) != floor(following) else same * (last == following)
                for following in range(5)
            ]
            for last in range(6)
        ]

    return table(-160, 65), table(-1660, 65), table(1, 0)


def choose(p: Problem, items: Items, ends: Value, affinity: Value, referred: Value) -> Value:
    """[s, len(STEP)] the chosen items in order; no row when the person is referred."""
    xp, given, request, number = p.xp, p.given, p.request, p.number
    budget, sides = request["budget_s"], number["sides"]
    pulse, balance = p.is_type("pulse_raiser"), p.is_type("balance")
    floor = xp.i32(tables.on_floor(items.posture))
    flow_of = fixed_flow(p, affinity, floor)
    fixed_score = items.history + items.learned + items.personal + items.variety
    flags, caps = capped(p)
    caps = xp.col(caps)
    takes = xp.i32(items.phase_of >= 0)
    per_work = sides * items.sets
    switches = (sides - 1) * items.sets * 5 + items.rest * (items.sets - 1)
    opening_end = xp.take(ends, 0)
    cap = opening_cap(p, items, opening_end)
    room = xp.col(xp.where(xp.const([1, 0, 0, 0, 0]) > 0, ends, xp.minimum(ends + 8, budget)))
    segments = xp.col(xp.const([0, 1, 2, 3, 4]))
    places = xp.cumsum(xp.fill_like(sides, 1)) - 1
    # Muscles, then movements at twice the weight. One product a step gives three columns: demand, deficits, and whether
    # the muscles were rolled already (C06: one roll a muscle), which the scale takes out of the score again.
    answers = xp.hcat([given["item_muscle"], given["item_move"] * 2])
    covers = xp.hcat([given["item_muscle"], given["item_move"] * 3])
    demand = xp.join([given["demand_muscle"], given["demand_move"]])
    # A demand of 1, 2, 3 weighs 1, 3, 6.
    wants = xp.columns(
        [demand * (demand + 1) // 2, xp.join([given["deficit_muscle"], given["deficit_move"]])]
    )
    rolls = xp.i32(p.is_type("foam_roll"))
    scale = xp.const([[64, 4, FIRST]])
    left = xp.const(tables.NEED_LEFT)
    transitions = xp.const(tables.TRANSITION)
    stay, spent_changes, floor_changes = (xp.const(table) for table in posture_tables())
    change_cap = (budget * 2 + 599) // 600  # U03
    ramp = xp.rows([xp.abs(number["met10"] - min(35 + 12 * k, 65)) * -4 for k in range(RAMP_STEPS)])
    owes = xp.i32(needs_balance(p, items.phase_of))
    needs = owes * xp.i32(balance)
    # Time kept free until the balance work that is owed is in: the shortest of it, after the longest transition.
    possible = balance & (xp.max(takes, 0) > 0)
    shortest = 0 - xp.max(xp.where(possible, 0 - items.work * per_work - switches, -600), 0)
    reserve = (shortest + 12) * owes

    def step(state: list[Value]) -> tuple[Value, list[Value], Value]:
        pool, covered, rolled, used, total, segment, posture, position, changes, count, owed = state
        transition = xp.take(xp.take(transitions, posture), items.posture)
        flexible = (opening_end - total - transition) // 5 * 5
        # A rest too short for another opening item goes to this one.
        flexible = xp.where(flexible < cap + 30, xp.minimum(flexible, 300), cap) * xp.i32(flexible >= 20)
        work = xp.where(pulse, flexible, items.work)
        spent = work * per_work
        time = spent + switches + transition
        counted = flags * xp.row(spent)
        over = xp.any(used + counted > caps, 0)
        needed = needs * owed
        kept = reserve * owed * (1 - needs)
        answered = xp.matmul(answers, xp.hcat([wants * xp.col(xp.take(left, covered)), xp.col(rolled)]))
        again = xp.take(answered, 2, 1) * rolls
        usable = (pool > again) & ~over & (work > 0) & (total + time <= budget - kept)
        reach = xp.where(needed > 0, 0, total + time)
        able = (takes > 0) & (xp.row(reach) <= room) & xp.row(usable) & (segments >= segment)
        able = xp.i32(able)
        now = xp.argmax(xp.max(able, 1), 0)
        mask = xp.take(able, now)
        found = xp.max(mask, 0) > 0

        wanted = answered // scale
        sticking = xp.take(xp.where(changes >= change_cap, spent_changes, stay), posture)
        opening = xp.i32(xp.eq(now, 0))
        flow = (
            xp.take(flow_of, now)
            + xp.take(sticking, items.posture)
            + xp.i32(xp.eq(items.position, position)) * 40
            + xp.take(ramp, count) * opening
        )
        score = xp.sum(wanted, 1) + fixed_score + flow + needed * FIRST
        i = xp.argmax(xp.where(mask > 0, score, NEVER), 0)
        step_row = xp.stack(
            [xp.where(found, i, -1), now, xp.take(work, i), xp.take(transition, i), xp.take(flow, i)]
        )
        row = xp.join([step_row, xp.take(wanted, i)])
        following = xp.take(items.posture, i)
        changed = xp.take(xp.take(floor_changes, posture), following)
        rolled = xp.maximum(rolled, xp.take(answers, i) * xp.take(rolls, i))
        pool = pool * xp.i32(~xp.eq(places, i))
        return (
            found,
            [
                pool,
                xp.minimum(covered + xp.take(covers, i), tables.COVERAGE_STEPS - 1),
                rolled,
                used + xp.col(xp.take(counted, i, 1)),
                total + xp.take(time, i),
                now,
                following,
                xp.take(items.position, i),
                changes + changed,
                xp.minimum(count + 1, RAMP_STEPS - 1),
                owed * (1 - xp.i32(xp.take(balance, i))),
            ],
            row,
        )

    zero = xp.const(0)
    nothing = xp.take(covers, 0) * 0
    state = [
        xp.max(takes, 0), nothing, nothing, caps * 0, zero, zero, xp.const(tables.START), xp.const(-1), zero, zero,
        xp.const(1),
    ]  # fmt: skip
    return xp.loop(MAX_STEPS, referred < 1, state, step, len(STEP))
