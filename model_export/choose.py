"""The greedy choice: one item a step, the best of what still fits the current segment.

Everything that does not change between steps is made before the loop: a phone pays for every node of every step. What
stands next to what is settled afterwards (`order.py`): a step knows no positions, only whether the floor was visited.
"""

from __future__ import annotations

from dataclasses import dataclass

from model_export import policy_tables as tables
from model_export.arrays import Value
from model_export.contract import CANDIDATES, MAX_STEPS
from model_export.problem import Problem

NEVER = -(1 << 30)
FIRST = 1 << 24
"""Added to an item that a quota demands, so that it goes before every score."""

STEP = ("item", "segment", "work_s", "flow", "drawn_from", "demand", "deficits")
"""Columns of one step, before its candidates; item -1 marks the end."""

USED = -(1 << 20)
TWIN = -350
"""For an item whose near-twin is in already: it comes only where the time cannot be filled without it."""
TWIN_TENTHS = 8
"""Near-twins share at least so many tenths of what they do."""

FLOOR_VISIT, FLOOR_STAY = -160, 60
"""For the first item on the floor, and for the others of that visit (U03)."""

NEAR = 300
"""A candidate that scores this much less than the best is not drawn: exploring must not spoil the routine."""

MOVE_S, EASY_MOVE_S = 8, 5
"""What a change of exercise is taken to cost while choosing, seconds (U02: 5-15); between two ways of walking less."""

RAMP_STEPS = 3


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


def needs_balance(p: Problem, phase_of: Value) -> tuple[Value, Value]:
    """Whether balance work is owed, and [N] the items that pay it, where they may: after mobilising if any can.

    K06 with ankle instability, O01 from 65 on in ten minutes of mobility, N03 in a long explosive warm-up.
    """
    xp, request = p.xp, p.request
    older = (request["age"] >= 65) & p.kind_is("mobility") & (request["budget_s"] >= 600)
    team = p.kind_is("warmup") & (request["explosive"] >= 3) & (request["budget_s"] >= 900)
    unstable = p.person_has("ankle_instability") & ~p.kind_is("cooldown")
    balance = p.is_type("balance")
    anywhere = balance & (xp.max(phase_of, 0) >= 0)
    later = balance & (xp.max(xp.take(phase_of, [2, 3, 4]), 0) >= 0)
    pays = anywhere & (later | ~xp.any(later, 0))
    return (older | team | unstable) & xp.any(anywhere, 0), pays


def history_part(p: Problem) -> Value:
    """[N] what was done yesterday waits, what was liked comes back, what was skipped or swapped comes less."""
    xp, history = p.xp, p.history
    days = history["days_since"]
    recent = xp.where(days <= 1, -60, xp.where(days <= 3, -25, 0))
    # A favourite returns, but not daily.
    liked = xp.where(days <= 1, 0, 120) * xp.maximum(history["rating"], 0)
    return recent + liked - xp.minimum(history["skipped"], 4) * 30 - xp.minimum(history["swapped"], 4) * 20


def fixed_flow(p: Problem, items: Items, affinity: Value) -> Value:
    """[G, N] preference that does not depend on what was chosen before."""
    xp, met10, request = p.xp, p.number["met10"], p.request
    sport = request["activity"]
    warm, cool = xp.i32(p.kind_is("warmup")), xp.i32(p.kind_is("cooldown"))
    drill = xp.i32(p.is_type("skill_drill", "potentiation"))
    pulse = xp.i32(p.is_type("pulse_raiser"))
    # What stretches the worked muscles matters more in a cool-down than what the catalogue lists.
    listed = affinity * xp.where(cool > 0, 40, 200)
    # Somebody who can stand is not sat down, but for a machine, at a desk or to breathe.
    chair = p.vocabulary["positions"].index("seated_chair")
    sits = xp.eq(items.position, chair) & ~p.is_type("breathing", "static_stretch", "pnf_stretch")
    sits = sits & ~p.uses("bike", "rower")
    stands = ~p.constrained("seated_only") & ~p.kind_is("desk_break") & ~p.person_has("support")
    seat = xp.i32(sits & stands) * -80
    # Too easy for the trained, too much for those whose doses are cut.
    working = xp.i32(p.is_type("activation", "balance", "skill_drill"))
    easy = xp.maximum(request["level"] - p.number["difficulty"], 0) * working * -60
    careful = xp.i32(p.person_has("reduced_dose") | (request["age"] >= 65))
    hard = (p.number["difficulty"] - 1) * careful * -60
    # From a few minutes of marching nobody sprints.
    sudden = xp.i32((request["budget_s"] < 300) & (met10 > 70)) * drill * -600
    rehearsal = drill * affinity
    # What is explosive ends on jumps, but who is about to run ends on running.
    runs = xp.take(
        xp.flags([code.startswith("run_") for code in p.vocabulary["activities"]]), xp.maximum(sport, 0)
    )
    runs = runs & (sport >= 0)
    moves_on = xp.take(p.given["item_move"], p.vocabulary["moves"].index("global.locomotion"), 1) > 0
    last = p.is_type("potentiation") & (request["explosive"] >= 3) & (moves_on | ~runs)
    jumps = affinity * xp.i32(last | (moves_on & runs))
    every = listed + seat + easy + hard + sudden
    return xp.rows(
        [
            every + pulse * 400 + own_machine(p, affinity) * 250 + seat * 2,
            every,
            every + xp.i32(p.is_type("activation")) * 120 * warm,
            # W05: the end of a warm-up is upright, specific and more intense.
            every + rehearsal * 450 + warm * met10 * 3 + seat * 2,
            every + rehearsal * 100 + jumps * 150 + warm * met10 * 2,
        ]
    )


def own_machine(p: Problem, affinity: Value) -> Value:
    """[N] 1 for the machine that is the sport: who has one at hand gets warm on it."""
    sport = p.request["activity"]
    codes = p.vocabulary["activities"]
    cycling = p.uses("bike") & p.xp.eq(sport, codes.index("cycle"))
    rowing = p.uses("rower") & p.xp.eq(sport, codes.index("row"))
    return affinity * p.xp.i32(cycling | rowing)


def ramp(p: Problem) -> Value:
    """[RAMP_STEPS, N] preference in the opening: intensity rises in a warm-up and falls in a cool-down.

    The first item is easy (W09), the following ones lead up to 75 % of the activity's own, 60 % for beginners.
    """
    xp, met10, request = p.xp, p.number["met10"], p.request
    part = xp.where(request["level"] >= 1, 75, 60)
    part = xp.where((request["age"] >= 60) | p.strained() | p.person_has("reduced_dose"), 50, part)
    aim = xp.minimum(xp.maximum(request["met10"] * part // 100, 35), 80)
    follows = xp.where(p.kind_is("warmup"), aim, 32)
    first = xp.abs(met10 - 38) * -8 + xp.i32(met10 >= 60) * -20_000
    then = xp.abs(met10 - follows) * -8
    return xp.rows([first, *[then] * (RAMP_STEPS - 1)])


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
    hard = xp.where(p.strained(), budget * 15 // 100, hard)
    return flags, xp.stack([budget * 20 // 100, xp.const(115), hard])


def traits(p: Problem) -> tuple[Value, Value]:
    """[N, K] what an item does, and [N, K] how much of a need it covers, in thirds of an item's primary work.

    Muscles (primary 3, secondary 1), movements (2), then the groups of TWIN_GROUPS, which nobody demands: they keep
    items of different types from being near-twins. A pulse raiser counts a third and covers nothing: being warm is not
    being mobile. What was held is done with: a second stretch of the same muscle is worth little.
    """
    xp, given = p.xp, p.given
    pulse = xp.col(xp.i32(p.is_type("pulse_raiser")))
    third = 3 - pulse * 2
    does = xp.hcat([given["item_muscle"] * third // 3, given["item_move"] * 2 // (1 + pulse)])
    held = xp.col(xp.i32(p.is_type("static_stretch", "pnf_stretch", "foam_roll")))
    primary = xp.i32(given["item_muscle"] >= 3)
    # In a mobility session moving a muscle does not replace stretching it: only what it moves is settled.
    moved = xp.where(p.kind_is("mobility"), primary, given["item_muscle"])
    muscles = moved * (1 - held) + (given["item_muscle"] + primary * 6) * held
    covers = xp.hcat([muscles, given["item_move"] * (3 + held * 6)]) * (1 - pulse)
    met10 = p.number["met10"]
    types = p.vocabulary["types"]
    by_type = [[w if t in codes else 0 for codes, w in tables.TWIN_GROUPS] for t in types]
    drill = xp.i32(p.is_type("skill_drill", "potentiation")) * tables.DRILL_WEIGHT
    faster, fastest = (xp.i32(met10 >= bound) for bound in tables.DRILL_BANDS)
    bands = xp.columns([drill * (1 - faster), drill * (faster - fastest), drill * fastest])
    kinds = xp.hcat([xp.take(xp.const(by_type), given["item_type"]), bands])
    return xp.hcat([does, kinds]), xp.hcat([covers, kinds * 0])


def choose(p: Problem, items: Items, ends: Value, affinity: Value, referred: Value) -> Value:
    """[s, len(STEP) + CANDIDATES] the chosen items in order, each with the best of its step; none if referred."""
    xp, given, request, number = p.xp, p.given, p.request, p.number
    budget, sides = request["budget_s"], number["sides"]
    pulse, balance = p.is_type("pulse_raiser"), p.is_type("balance")
    floor = xp.i32(tables.on_floor(items.posture))
    flow_of = fixed_flow(p, items, affinity)
    ramps = ramp(p)
    fixed_score = items.history + items.learned + items.personal + items.variety
    flags, caps = capped(p)
    caps = xp.col(caps)
    takes = xp.i32(items.phase_of >= 0)
    in_time, later = takes * 9, takes * xp.const([[0], [1], [1], [1], [0]])
    per_work = sides * items.sets
    besides = (
        (sides - 1) * items.sets * 5 + items.rest * (items.sets - 1) + xp.where(pulse, EASY_MOVE_S, MOVE_S)
    )
    opening_end = xp.take(ends, 0)
    # On the machine of the sport one stays.
    caps_of_one = xp.where(own_machine(p, affinity) > 0, 300, opening_cap(p, items, opening_end))
    # High knees are no jog: what is hard lasts twice its usual time at most.
    longest = xp.where(number["met10"] >= 60, xp.minimum(number["work_s"] * 2, 300), 300)
    longest = xp.where(request["age"] < 14, xp.minimum(longest, 120), longest)
    room = xp.col(xp.where(xp.const([1, 0, 0, 0, 0]) > 0, ends, xp.minimum(ends + 20, budget)))
    numbers = xp.cumsum(xp.fill_like(sides, 1)) - 1
    explore_step, explore_pick = request["explore_step"], request["explore_pick"]
    # One product a step gives four columns: demand, deficits, whether the muscles were rolled already (C06: one roll a
    # muscle), and what is shared with the item before; the scale takes the last two out of the score again.
    answers, covers = traits(p)
    marks = xp.i32(answers > 0)
    # A faster pulse raiser after a slower one is no twin, so these are too large to be met.
    sizes = xp.sum(answers, 1) + xp.i32(pulse) * 100
    nobody = xp.const([0] * tables.TWIN_COLUMNS)
    demand = xp.join([given["demand_muscle"], given["demand_move"], nobody])
    deficits = xp.join([given["deficit_muscle"], given["deficit_move"], nobody])
    # A demand of 1, 2, 3 weighs 1, 3, 6.
    wants = xp.columns([demand * (demand + 1) // 2, deficits])
    rolls = xp.i32(p.is_type("foam_roll"))
    rolled_out = rolls * -USED
    scale = xp.const([[64, 2, FIRST, FIRST]])
    left = xp.const(tables.NEED_LEFT)
    # Where each code begins and ends in `left`.
    most_asked = xp.maximum(xp.max(demand, 0), 2)
    uncovered = xp.where(demand >= most_asked, 0, tables.COVERAGE_STEPS)
    most_covered = uncovered + (tables.COVERAGE_STEPS - 1)
    # Breathing is breathing: never a second one.
    twin_cost = xp.where(p.is_type("breathing"), USED, TWIN)
    # Seconds that the fit can surely add to an item by further sets.
    fixed = p.limited | (number["met10"] >= 60) | p.is_type("potentiation")
    spare = (p.by_type(3) - items.sets) * (items.work * sides + items.rest) * xp.i32(~fixed)
    owed, pays = needs_balance(p, items.phase_of)
    owes = xp.i32(owed)
    needs = owes * xp.i32(pays)
    # Time kept free until the balance work that is owed is in: the shortest of it.
    shortest = 0 - xp.max(xp.where(pays, 0 - items.work * per_work - besides, -600), 0)
    reserve = (shortest + 4) * owes

    def step(state: list[Value]) -> tuple[Value, list[Value], Value]:
        cost, covered, rolled, last, size, used, total, slack, visit, count, owing = state
        flexible = (opening_end - total - EASY_MOVE_S) // 5 * 5
        # A rest too short for another opening item goes to this one.
        flexible = xp.where(flexible < caps_of_one + 30, flexible, caps_of_one) * xp.i32(flexible >= 20)
        work = xp.where(pulse, xp.minimum(flexible, longest), items.work)
        spent = work * per_work
        time = spent + besides
        counted = flags * xp.row(spent)
        over = xp.any(used + counted > caps, 0)
        needed = needs * owing
        kept = reserve * owing * (1 - needs)
        need = xp.hcat([wants * xp.take(left, covered), xp.col(rolled), xp.col(last)])
        answered = xp.matmul(answers, need)
        again = xp.take(answered, 2, 1) * rolled_out
        twin = xp.take(answered, 3, 1) * 10 >= xp.maximum(sizes, size) * TWIN_TENTHS
        cost = xp.minimum(cost, xp.i32(twin) * twin_cost)
        # While further sets can still fill the time, near-twins wait.
        enough = xp.where(budget - total > slack, USED, TWIN)
        usable = (cost - again > enough) & ~over & (work > 0) & (total + time <= budget - kept)
        reach = xp.where(needed > 0, 0, total + time)
        # 9 where an item fits the segment's time, 1 where it only fits what is left of the routine.
        able = xp.maximum(xp.i32(xp.row(reach) <= room) * in_time, later) * xp.row(xp.i32(usable))
        best = xp.max(able, 1)
        now = xp.argmax(best, 0)
        level = xp.take(best, now)
        found = level > 0
        mask = xp.take(able, now) >= xp.maximum(level, 1)

        wanted = answered // scale
        opening = xp.i32(xp.eq(now, 0))
        flow = (
            xp.take(flow_of, now)
            + cost
            + floor * visit
            + xp.take(ramps, xp.minimum(count, RAMP_STEPS - 1)) * opening
        )
        score = xp.sum(wanted, 1) + fixed_score + flow + needed * FIRST
        values, places = xp.top(xp.where(mask, score, NEVER), CANDIDATES)
        near = xp.i32(values > xp.maximum(xp.take(values, 0) - NEAR, NEVER))
        among = xp.where(xp.eq(count, explore_step), xp.sum(near, 0), 1)
        i = xp.take(places, explore_pick * among // 60)
        step_row = xp.stack([xp.where(found, i, -1), now, xp.take(work, i), xp.take(flow, i), among])
        answer = xp.take(xp.take(wanted, i), [0, 1])
        row = xp.join([step_row, answer, xp.where(values > NEVER, places, -1)])
        done = xp.take(marks, i)
        return (
            found,
            [
                xp.minimum(cost, xp.i32(xp.eq(numbers, i)) * USED),
                xp.minimum(covered + xp.take(covers, i), most_covered),
                xp.maximum(rolled, done * xp.take(rolls, i)),
                done,
                xp.take(sizes, i),
                used + xp.col(xp.take(counted, i, 1)),
                total + xp.take(time, i),
                slack + xp.take(spare, i),
                xp.where(xp.take(floor, i) > 0, FLOOR_STAY, visit),
                count + 1,
                owing * (1 - xp.i32(xp.take(balance, i))),
            ],
            row,
        )

    zero = xp.const(0)
    # A mobility session of ten minutes is expected to go down; from 70 on nobody likes to before a start.
    calm = ~p.kind_is("warmup") & (budget >= 600)
    stiff = p.kind_is("warmup") & (request["age"] >= 70)
    first_visit = xp.where(calm, FLOOR_VISIT // 4, xp.where(stiff, FLOOR_VISIT * 3, FLOOR_VISIT))
    nothing = uncovered * 0
    state = [
        (xp.max(takes, 0) - 1) * -USED, uncovered, nothing, nothing, zero, caps * 0, zero, zero, first_visit,
        zero, xp.const(1),
    ]  # fmt: skip
    return xp.loop(MAX_STEPS, referred < 1, state, step, len(STEP) + CANDIDATES)
