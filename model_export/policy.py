"""The generator's policy: filter, choose, order, fit. Written once; numpy runs it, spox traces it into the graph.

`run(xp, vocabulary, inputs, scorer)` returns the graph's outputs (contract.py). Order of work: hard filters, time per
segment, greedy choice (`choose.py`), order (`order.py`), time fit (`fit.py`), warnings. Hard rules are masks, never
traded against score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from model_export import choose, fit, order
from model_export import policy_tables as tables
from model_export.arrays import Value
from model_export.contract import BLOCKED_BY, HISTORY, ITEM_NUMBER
from model_export.problem import Problem, Vocabulary, affinity, crossed, prepare

Scorer = Callable[[Value], Value]
"""[N, F] int32 features -> [N] int32 score."""


def refer(p: Problem) -> Value:
    """X01-X07, O04: any red flag; O08: a reading of 200/110 or more."""
    flags = p.xp.sum(p.given["red_flag"], 0)
    return (flags > 0) | (p.request["systolic"] >= 200) | (p.request["diastolic"] >= 110)


def chosen_position(p: Problem) -> tuple[Value, Value]:
    """[N] position used, and whether it fits the person: the default, the chair for somebody who stays seated, and
    standing rather than seated where an item allows both, but at a desk and to breathe if there is a chair."""
    xp, positions = p.xp, p.vocabulary["positions"]
    chair, standing = positions.index("seated_chair"), positions.index("standing")
    can_sit = xp.take(p.given["item_position"], chair, 1) > 0
    can_stand = xp.take(p.given["item_position"], standing, 1) > 0
    default = p.given["item_default_position"]
    sits_well = p.is_type("breathing") | p.kind_is("desk_break") | p.person_has("support")
    no_chair = xp.take(p.given["has_equipment"], p.vocabulary["equipment"].index("chair")) < 1
    rather_stand = can_stand & xp.eq(default, chair) & (no_chair | ~sits_well)
    seated = p.constrained("seated_only")
    position = xp.where(seated, chair, xp.where(rather_stand, standing, default))
    return position, can_sit | ~seated


def blocked_by(p: Problem, position: Value, position_fits: Value, posture: Value) -> tuple[Value, Value]:
    """[N] bits of BLOCKED_BY, 0 where an item may be used; and [N] what would be out for anybody of this level."""
    xp, given, request = p.xp, p.given, p.request
    condition = p.excluded
    # O12: no end-range holds for hypermobile joints, whatever the hazard list says.
    condition = condition | (p.person_has("hypermobility") & p.is_type("static_stretch", "pnf_stretch"))
    # O05: both feet down with pelvic girdle pain.
    one_leg = xp.eq(position, p.vocabulary["positions"].index("standing_single_leg"))
    condition = condition | (p.person_has("pelvic_girdle_pain") & one_leg)
    # O03: at most 6 MET in pregnancy.
    condition = condition | (p.person_has("pregnancy") & (p.number["met10"] > 60))
    # L04: pain of more than 3 of 10, or 5 with a tendinopathy, keeps an item out.
    pain_limit = xp.where(p.person_has("tendinopathy"), 5, 3)
    condition = condition | (p.history["pain"] > pain_limit)
    # K01: nothing that works a region injured within three days.
    shaken = p.has("impact", "impact_high", "single_leg", "knee_pivot")
    legs = xp.const([int(region in tables.LEGS) for region in p.vocabulary["regions"]])
    condition = condition | p.acute | (shaken & (xp.sum(given["acute_region"] * legs, 0) > 0))
    condition = condition | (strained_muscle(p) & (p.number["met10"] >= 45))

    floor = tables.on_floor(posture)
    wall = xp.const([int(name == "wall") for name in p.vocabulary["equipment"]])
    more_than_a_wall, equipment = crossed(
        xp, given["item_equipment"], 1 - wall, 1 - xp.maximum(given["has_equipment"], wall)
    )
    constraint = (
        ~position_fits
        | (p.constrained("no_floor") & (floor | p.has("floor_transfer")))
        | (p.constrained("no_kneel") & p.has("kneeling"))
        | (p.constrained("no_jump") & p.has("impact", "impact_high"))
        | (p.constrained("small_space") & p.has("travel"))
        | (p.constrained("no_equipment") & more_than_a_wall)
    )

    # U05, N04.
    cap = xp.take(xp.const([2, 3, 5]), request["level"])
    cap = xp.where(request["age"] < 14, xp.minimum(cap, 3), cap)
    cap = xp.where(p.strained(), xp.minimum(cap, 3), cap)
    level = p.number["difficulty"] > cap
    rule = rule_mask(p, floor)
    disliked = p.history["rating"] < 0
    device = (given["blocked"] > 0) | disliked
    bits = {
        "condition": condition, "constraint": constraint, "equipment": equipment,
        "level": level, "device": device, "rule": rule,
    }  # fmt: skip
    terms = [xp.i32(mask) * BLOCKED_BY[name] for name, mask in bits.items()]
    return sum(terms[1:], terms[0]), level | rule | disliked


def strained_muscle(p: Problem) -> Value:
    """[N] items with a primary muscle that the person has strained (K03, K16)."""
    muscles = p.vocabulary["muscles"]
    table = [[int(m in tables.STRAINS.get(code, ())) for m in muscles] for code in p.vocabulary["conditions"]]
    hurt = p.xp.matmul(p.given["condition"], p.xp.const(table))
    return crossed(p.xp, p.xp.i32(p.given["item_muscle"] >= 3), hurt)[0]


def relevant(p: Problem) -> tuple[Value, Value]:
    """[N] items that the activity or the person asks for, and [N] those that rehearse it.

    Asked for: listed for the activity, or a primary muscle or a movement of demand 2, or a deficit. A drill rehearses
    the activity it is listed for; a custom activity has no list, so there both muscle and movement must be asked for.
    """
    xp, given = p.xp, p.given
    by_muscle, deficit = crossed(
        xp, xp.i32(given["item_muscle"] >= 3), xp.i32(given["demand_muscle"] >= 2), given["deficit_muscle"]
    )
    by_move, lacking = crossed(
        xp, given["item_move"], xp.i32(given["demand_move"] >= 2), given["deficit_move"]
    )
    listed = affinity(p) > 0
    custom = p.request["activity"] < 0
    always = p.is_type("pulse_raiser", "breathing", "balance")
    drill = p.is_type("skill_drill", "potentiation")
    asked = listed | by_muscle | by_move | deficit | lacking | always
    return asked, ~drill | listed | (custom & by_muscle & by_move)


def rule_mask(p: Problem, floor: Value) -> Value:
    """[N] items that a rule of the kind, the age or the gap keeps out, whoever the person is."""
    request = p.request
    met10, age = p.number["met10"], request["age"]
    warm, cool, desk = (p.kind_is(kind) for kind in ("warmup", "cooldown", "desk_break"))
    impact = p.has("impact", "impact_high")
    ramp_set = p.is_type("potentiation") & p.has("isometric_hold")
    young = age < 14
    recreational = request["level"] <= 1
    return (
        # P01: a near-maximal set needs three minutes before the start, so the gap is known. N04: no children.
        (ramp_set & (young | (request["gap_s"] < 180)))
        # P02: beginners none, recreational low load only.
        | (p.is_type("potentiation") & ((request["level"] < 1) | young | p.person_has("no_potentiation")))
        | (p.is_type("potentiation") & p.strained())
        | (ramp_set & recreational)
        # S05: swings near end range are not for beginners nor from 60 on.
        | (p.has("ballistic") & ((request["level"] < 1) | (age >= 60)))
        | (cool & ((met10 > 42) | impact))  # C05
        | (cool & p.is_type("pulse_raiser") & (met10 > 40))  # C04
        | (desk & ((met10 >= 40) | floor))  # C09
        | (warm & p.is_type("static_stretch", "pnf_stretch", "foam_roll", "breathing"))  # S01-S04, W11
        | (p.kind_is("mobility") & impact)
    )


def segment_phase(p: Problem, free: Value, floor: Value) -> tuple[Value, Value, Value]:
    """[G, N] phase index that an allowed item is shown under, -1 where the segment does not take it; then the budget's
    share of each segment [G], 0 for one that no item can fill; and [N] what the kind would take were it free.

    An empty segment's time goes to the others. Potentiation needs an explosive activity and eight minutes (evidence.md,
    default warm-up split).
    """
    xp, kind = p.xp, p.request["kind"]
    segments = [tables.SEGMENTS[code] for code in p.vocabulary["kinds"]]
    types = [[[int(t in s["types"]) for t in p.vocabulary["types"]] for s in rows] for rows in segments]
    order = [
        [[_preference(s["phases"], name) for name in p.vocabulary["phases"]] for s in rows]
        for rows in segments
    ]
    first, last = xp.const([[1], [0], [0], [0], [0]]) > 0, xp.const([[0], [0], [0], [0], [1]]) > 0
    explosive = (p.request["explosive"] >= 2) & (p.request["budget_s"] >= 480)
    explosive = explosive & (p.request["level"] >= 1) & ~p.person_has("no_potentiation")  # P02
    explosive = explosive & ~p.strained()
    asked, rehearses = relevant(p)
    # [G, N, P]: the first phase of the segment's list that the item has wins.
    preference = xp.row(p.given["item_phase"]) * xp.col(xp.take(xp.const(order), kind))
    fitting = (
        (xp.take(xp.take(xp.const(types), kind), p.given["item_type"], 1) > 0)
        & (xp.max(preference, 2) > 0)
        & xp.row(rehearses)
        & (~first | xp.row(opens(p) & ~floor))
        & (~last | (explosive & xp.row(p.number["work_s"] <= 30)) | ~p.kind_is("warmup"))  # P03
    )
    # Five minutes before a start are too short to get down and up again.
    hurried = p.kind_is("warmup") & (p.request["budget_s"] <= 300)
    # Towards its end a warm-up stays up, but for a drill that is done down there.
    rehearsal = p.is_type("skill_drill", "potentiation")
    late = p.kind_is("warmup") & (xp.const([[0], [0], [0], [1], [1]]) > 0)
    allowed = xp.row(free & ~(hurried & floor)) & fitting & ~(late & xp.row(floor & ~rehearsal))
    share = xp.take(xp.const([[s["share"] for s in rows] for rows in segments]), kind)
    # What nobody asked for comes in only where what was asked for cannot fill the time.
    suits = asked & (xp.max(xp.i32(allowed), 0) > 0) & ~p.is_type("pulse_raiser", "breathing")
    enough = xp.sum(xp.i32(suits) * p.number["work_s"] * p.number["sides"], 0) >= p.request["budget_s"]
    allowed = allowed & xp.row(asked | ~enough)
    phase_of = xp.where(allowed, xp.argmax(preference, 2), -1)
    filled = xp.i32(xp.any(allowed, 1))
    # Where nothing may be stretched, the time is for control (O12).
    stretching = xp.const([0, 0, 1, 0, 0]) * xp.take(share * (1 - filled), 3) * xp.i32(p.kind_is("mobility"))
    share = (share + stretching) * filled
    short = p.kind_is("warmup") & (p.request["budget_s"] < 300)
    # Under five minutes: one raise, one mobility, one rehearsal.
    share = xp.where(short, xp.const([300, 350, 0, 350, 0]) * xp.i32(share > 0), share)
    more = p.person_has("longer_raise") | (p.request["age"] >= 50)
    raise_share = xp.where(more, 300, xp.take(share, 0))
    raise_share = xp.where(p.kind_is("warmup"), raise_share, xp.take(share, 0))
    raise_share = xp.where(p.kind_is("cooldown") & p.person_has("gradual_cooldown"), 500, raise_share)
    opening = xp.const([1, 0, 0, 0, 0]) > 0
    share = xp.where(opening, xp.minimum(raise_share, xp.take(share, 0) * 1000), share)
    return phase_of, share, xp.max(xp.i32(fitting), 0)


def _preference(order: Sequence[str], phase: str) -> int:
    return len(order) - order.index(phase) if phase in order else 0


def opens(p: Problem) -> Value:
    """[N] may stand in the opening segment: W09 below 6 MET, upright enough for C04, gentle in mobility (F05)."""
    met10, pulse = p.number["met10"], p.is_type("pulse_raiser")
    free = p.free
    # A warm-up may go on to a jog once something gentler has begun it (W09).
    gentle = free & pulse & (met10 < 60)
    jog = p.kind_is("warmup") & p.xp.any(gentle, 0) & (p.request["age"] < 60)
    # Nobody starts cold at end range: movement first where there is any (F05).
    easy = (met10 <= 45) & (pulse | ~p.xp.any(gentle & (met10 <= 45), 0))
    return ((met10 < 60) | jog) & (easy | ~p.kind_is("mobility"))


def segment_ends(p: Problem, share: Value) -> Value:
    """[G] second at which each segment should end. Shares are normalised; the opening one keeps its exact part."""
    xp, budget = p.xp, p.request["budget_s"]
    rest = xp.maximum(xp.sum(share, 0) - xp.take(share, 0), 1)
    least = xp.where(p.kind_is("cooldown"), 65, xp.where(p.kind_is("warmup"), 40, 25))
    opening = xp.maximum((budget * xp.take(share, 0)) // 1000, least) * xp.i32(xp.take(share, 0) > 0)
    # C04: five minutes of easy movement is enough for anybody.
    opening = xp.where(p.kind_is("cooldown"), xp.minimum(opening, 310), opening)
    left = budget - opening
    first = xp.const([1, 0, 0, 0, 0])
    later = xp.cumsum(xp.where(first > 0, 0, share))
    # Multiplied before it is divided; 3600 s x 1000 stays far below 2^31.
    return opening + (left * later) // rest


def base_dose(p: Problem) -> tuple[Value, Value]:
    """[N] work in seconds per side, and repetitions (0: by time)."""
    xp, request = p.xp, p.request
    work, reps, sec10 = p.number["work_s"], p.number["reps"], p.number["sec10_per_rep"]
    cut = p.person_has("reduced_dose")
    scale = xp.where(cut, 80, xp.where(request["budget_s"] < 300, 75, 100))
    scale = xp.where(p.is_type("potentiation", "pulse_raiser", "breathing"), 100, scale)
    least, most = p.by_type(0), p.by_type(1)
    least = xp.where(p.is_type("static_stretch"), 20, least)
    # F02: holds of at least 30 s from 65 on.
    least = xp.where(p.is_type("static_stretch") & (request["age"] >= 65), 30, least)
    # F03: 30 s a side where the time allows it.
    unhurried = (p.kind_is("cooldown") | p.kind_is("mobility")) & (request["budget_s"] >= 480)
    least = xp.where(p.is_type("static_stretch") & unhurried, 30, least)
    timed = reps < 1
    step = xp.where(p.is_type("pnf_stretch"), 15, 5)  # F06: whole contractions of 5 s and holds of 10 s
    work = xp.where(p.kind_is("desk_break") & p.is_type("static_stretch"), xp.minimum(work, 20), work)
    by_time = ((work * scale) // 100) // step * step
    by_time = xp.where(xp.eq(scale, 100) & ~p.is_type("pnf_stretch"), work, by_time)
    by_time = xp.minimum(xp.maximum(by_time, least), most)
    even = xp.where(reps > 5, 2, 1)
    fewer = ((reps * scale) // 100) // even * even
    fewer = xp.where(xp.eq(scale, 100), reps, fewer)
    enough = (least * 10 + sec10 - 1) // xp.maximum(sec10, 1)
    fewer = xp.minimum(
        xp.maximum(xp.maximum(fewer, 1), xp.minimum(enough, reps)), (most * 10) // xp.maximum(sec10, 1)
    )
    dose = xp.where(timed, by_time, (fewer * sec10) // 10)
    return dose, xp.where(timed, 0, fewer)


def first_sets(p: Problem, work: Value) -> Value:
    """[N] sets to begin with: nobody learns thirty exercises in twenty minutes, so longer routines repeat.

    An item is meant to take 22 s and 1.5 s for every minute of the routine: 37 s in ten minutes, 89 s in 45
    (judgement; the 11+ has 15 exercises in 20 minutes). F03: two holds of what is most demanded from 15 minutes on.
    """
    xp, budget = p.xp, p.request["budget_s"]
    aim = 22 + budget // 40
    aim = xp.where(p.person_has("reduced_dose"), aim * 5 // 4, aim)
    one = work * p.number["sides"] + (p.number["sides"] - 1) * 5 + p.by_type(4) // 2
    sets = xp.minimum(xp.maximum((aim * 2 + one) // (one * 2), 1), p.by_type(3))
    repeats = p.is_type("dynamic_stretch", "mobility", "activation", "balance", "skill_drill", "potentiation")
    held = p.is_type("static_stretch") & (p.kind_is("cooldown") | p.kind_is("mobility"))
    held = held & ((p.most_demanded & (budget >= 900)) | (budget >= 1500))
    # A short routine has room for the rehearsal itself, not for its repetition.
    drill = (p.is_type("skill_drill") & (budget < 480)) | (p.is_type("potentiation") & (budget < 720))
    return xp.where(repeats & ~drill, sets, xp.where(held, 2, 1))


def features(p: Problem, demand: Value) -> Value:
    """[N, F] what the scorer sees, integers only, in the order of FEATURES."""
    xp, request = p.xp, p.request
    kinds = [xp.i32(p.kind_is(code)) for code in ("warmup", "cooldown", "mobility", "desk_break")]
    context = xp.stack(
        [*kinds, request["budget_s"] // 60, request["age"], request["level"], request["explosive"]]
    )
    item = xp.columns(
        [
            xp.i32(p.has("floor_transfer")), xp.i32(p.has("impact", "impact_high")), xp.i32(p.has("overhead")),
            xp.sum(p.given["item_equipment"], 1), affinity(p), demand,
        ]
    )  # fmt: skip
    numbers = xp.take(
        p.given["item_number"], [ITEM_NUMBER.index(n) for n in ("difficulty", "met10", "sides")], 1
    )
    history = xp.take(p.given["history"], [HISTORY.index(n) for n in ("days_since", "done", "skipped")], 1)
    return xp.hcat([numbers, p.type_one_hot, item, history, xp.col(demand * 0) + xp.row(context)])


FEATURES = (
    "difficulty", "met10", "sides", *(f"type_{t}" for t in tables.TYPES), "floor", "impact", "overhead", "equipment",
    "affinity", "demand", "days_since", "done", "skipped", "kind_warmup", "kind_cooldown", "kind_mobility",
    "kind_desk_break", "minutes", "age", "level", "explosive",
)  # fmt: skip


def first_demand(p: Problem) -> Value:
    """[N] how much of the activity's demand an item answers before anything is covered."""
    xp, given = p.xp, p.given
    answers = xp.hcat([given["item_muscle"], given["item_move"] * 2])
    return xp.matmul(answers, xp.join([given["demand_muscle"], given["demand_move"]]))


def warnings(p: Problem, referred: Value, plan: Mapping[str, Value]) -> Value:
    """[W] 0/1 in vocabulary order; which and when: generator.md and rules O01, O10, K09, N04, S06, W03, W07."""
    xp, request = p.xp, p.request
    any_condition = xp.sum(p.given["condition"], 0) > 0
    sore = xp.sum(p.given["sore_region"] + p.given["acute_region"], 0) > 0
    balance = p.vocabulary["types"].index("balance")
    types = xp.take(p.given["item_type"], plan["item"])
    with_balance = xp.sum(xp.i32(xp.eq(types, balance)), 0) > 0
    short = request["budget_s"] < 300
    shorter = plan["work_s"] * plan["sets"] < xp.take(p.number["work_s"], plan["item"])
    cut = (xp.sum(xp.i32(shorter) * plan["valid"], 0) > 0) & (short | p.person_has("reduced_dose"))
    gentle = p.kind_is("warmup") | (p.kind_is("cooldown") & p.person_has("cardiac"))
    early = (request["minute"] >= 0) & (request["minute"] < 480)
    due = {
        "pain_stop": any_condition | sore | (xp.sum(p.given["pain_region"], 0) > 0),
        "seek_clearance": p.person_has("seek_clearance"),
        "refer": referred,
        "breathe": p.person_has("breathe"),
        "support": p.person_has("support") | ((request["age"] >= 65) & with_balance),
        "reduced_dose": ~referred & (cut | p.strained()),
        "time_too_short": (gentle & short)
        | (p.kind_is("warmup") & p.person_has("asthma") & (request["budget_s"] < 600)),
        "no_flexion_am": p.person_has("lumbar_disc") & early,
        "rewarm": ~referred & p.kind_is("warmup") & (request["gap_s"] > tables.WARMUP_GAP_LONG_S),
        "supervise": request["age"] < 14,
    }
    return xp.stack([xp.i32(due[name]) for name in p.vocabulary["warnings"]])


def run(xp: Any, vocabulary: Vocabulary, given: Mapping[str, Value], scorer: Scorer) -> dict[str, Value]:
    """The whole policy. `given` are the contract's inputs; the result its outputs."""
    p = prepare(xp, vocabulary, given)
    referred = refer(p)
    position, fits = chosen_position(p)
    posture = xp.take(xp.const([tables.POSTURE[name] for name in vocabulary["positions"]]), position)
    blocked, unfit = blocked_by(p, position, fits, posture)
    free = p.free = xp.eq(blocked, 0)
    demand = first_demand(p)
    seen = features(p, demand)
    learned = scorer(seen)
    phase_of, share, suits = segment_phase(p, free, tables.on_floor(posture))
    work, reps = base_dose(p)
    listed = affinity(p)
    items = choose.Items(
        position, posture, phase_of, work, reps, first_sets(p, work), p.by_type(4), choose.history_part(p), learned,
        given["personal"], given["noise"] // 2,
    )  # fmt: skip
    steps = choose.choose(p, items, segment_ends(p, share), listed, xp.i32(referred))
    steps, transitions = order.order(p, items, steps)
    plan = fit.fit(p, items, steps, transitions)
    return {
        "plan": fit.table(p, plan),
        "warnings": warnings(p, referred, plan),
        "refer": xp.stack([xp.i32(referred)]),
        "relevance": (demand * 16 + learned + listed * 150 + 1000) * suits * xp.i32(~unfit),
        "blocked_by": blocked,
        "candidates": plan["candidates"],
        "features": seen,
    }
