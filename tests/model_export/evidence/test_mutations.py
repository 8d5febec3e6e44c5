"""The policy without a rule: its reference is run with the rule taken out, and the checker must object to what comes.

So each rule's place in the policy is there for a reason, and the random proofs would fail without it. Mutants run on
the numpy reference: the graph is traced from the same functions.
"""

import dataclasses

import numpy as np
import onnx
import pytest

from model_export import choose, order, policy
from model_export import policy_tables as tables
from model_export.arrays import NumpyOps
from model_export.checker import check
from model_export.checker_case import CHECKS, COVERS
from model_export.contract import BLOCKED_BY
from model_export.decode import decode
from model_export.encode import encode
from model_export.evidence import matrix
from model_export.evidence.coverage import rules
from model_export.request import parse
from model_export.trees import read_trees

pytestmark = pytest.mark.slow
STRETCHES = ["static_stretch", "pnf_stretch", "breathing"]
REGISTERED = {entry.__name__: name for name, entries in CHECKS.items() for entry in entries}


@pytest.fixture(scope="module")
def reference(held, generator, catalog):
    """reference(payload, spoil) -> the routine that the policy's reference makes from spoilt tensors."""
    trees = read_trees(onnx.load_from_string(held.model))

    def make(payload, spoil=lambda tensors: None):
        request = parse(payload, catalog)
        tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
        spoil(tensors)
        outputs = policy.run(NumpyOps(), generator.vocabulary, tensors, trees)
        return decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256)

    return make


def no_mask(patch):
    patch.setattr(policy, "rule_mask", lambda p, floor: floor & False)


def without_bits(*names):
    """blocked_by with some of its reasons forgotten."""

    def mutate(patch):
        original = policy.blocked_by
        forgotten = sum(BLOCKED_BY[name] for name in names)

        def blocked_by(*given):
            bits, unfit = original(*given)
            return bits & ~forgotten, unfit

        patch.setattr(policy, "blocked_by", blocked_by)

    return mutate


def no_opening(patch):
    """The opening gets no share of the time."""
    original = policy.segment_phase

    def segment_phase(*given):
        phase_of, share, suits = original(*given)
        share = share.copy()
        share[0] = 0
        return phase_of, share, suits

    patch.setattr(policy, "segment_phase", segment_phase)


def no_taste(patch):
    """Nothing is preferred for being easy, upright or listed, and nothing is put in order."""
    ramp, flow, keys = choose.ramp, choose.fixed_flow, order.keys
    patch.setattr(choose, "ramp", lambda p: ramp(p) * 0)
    patch.setattr(choose, "fixed_flow", lambda *given: flow(*given) * 0)
    patch.setattr(order, "keys", lambda *given: keys(*given) * 0)


def no_gentle_start(patch):
    no_taste(patch)
    patch.setattr(policy, "opens", lambda p: p.number["met10"] >= 0)


def anything_opens(kind):
    """Everything may stand first, at rest or at end range."""

    def mutate(patch):
        no_mask(patch)
        no_gentle_start(patch)
        first, *rest = tables.SEGMENTS[kind]
        wide = {
            **first, "types": [*first["types"], *STRETCHES, "mobility"],
            "phases": [*first["phases"], "mobilise", "cooldown"],
        }  # fmt: skip
        patch.setitem(tables.SEGMENTS, kind, [wide, *rest])

    return mutate


def only(kind, segment, type_):
    """A segment of one type."""

    def mutate(patch):
        rows = [dict(row) for row in tables.SEGMENTS[kind]]
        rows[segment] |= {"types": [type_], "phases": ["cooldown", "mobilise", "potentiate"]}
        patch.setitem(tables.SEGMENTS, kind, rows)

    return mutate


def stretching_warms_up(patch):
    no_mask(patch)
    patch.setitem(
        tables.SEGMENTS, "warmup",
        [*tables.SEGMENTS["warmup"][:1], *(
            {"share": share, "types": STRETCHES, "phases": ["cooldown", "mobilise"]} for share in (300, 200, 150, 100)
        )],
    )  # fmt: skip


def dose(type_, *bounds):
    """Bounds of a type's work, and its least for a start whatever a rule says."""

    def mutate(patch):
        patch.setitem(tables.DOSE, type_, bounds)
        original = policy.base_dose

        def base_dose(p):
            work, reps = original(p)
            return np.where(p.is_type(type_), bounds[0], work).astype(np.int32), reps

        patch.setattr(policy, "base_dose", base_dose)

    return mutate


def both(*mutations):
    def mutate(patch):
        for mutation in mutations:
            mutation(patch)

    return mutate


def backwards(patch):
    patch.setitem(tables.SEGMENTS, "warmup", tables.SEGMENTS["warmup"][::-1])


def nobody_warned(patch):
    original = policy.warnings
    patch.setattr(policy, "warnings", lambda *given: original(*given) * 0)


def nobody_referred(patch):
    original = policy.refer
    patch.setattr(policy, "refer", lambda p: original(p) & False)


def no_balance_owed(patch):
    original = choose.needs_balance

    def needs_balance(*given):
        owed, pays = original(*given)
        return owed & False, pays

    patch.setattr(choose, "needs_balance", needs_balance)


def no_caps(patch):
    original = choose.capped

    def capped(p):
        flags, caps = original(p)
        return flags, caps * 0 + 100_000

    patch.setattr(choose, "capped", capped)


def one_side(patch):
    original = policy.prepare

    def prepare(*given):
        p = original(*given)
        p.number["sides"] = np.ones_like(p.number["sides"])
        return p

    patch.setattr(policy, "prepare", prepare)


def no_beginners(patch):
    """A beginner is taken for somebody with practice."""
    original = policy.prepare

    def prepare(*given):
        p = original(*given)
        p.request["level"] = np.maximum(p.request["level"], 1)
        return p

    patch.setattr(policy, "prepare", prepare)


def in_no_time(patch):
    patch.setattr(tables, "TRANSITION", tuple(tuple(1 for _ in row) for row in tables.TRANSITION))


def blind(patch):
    """The condition matrix and pain are not seen by the graph."""
    original = policy.prepare

    def prepare(*given):
        p = original(*given)
        return dataclasses.replace(p, excluded=p.excluded & False)

    patch.setattr(policy, "prepare", prepare)


def no_device(tensors):
    tensors["blocked"] = np.zeros_like(tensors["blocked"])
    tensors["pain_region"] = np.zeros_like(tensors["pain_region"])


RUN, FOOTBALL = {}, {"activity": "football"}
WHOLE_KIT = [
    "barbell",
    "bench",
    "dumbbell",
    "kettlebell",
    "foam_roller",
    "chair",
    "mat",
    "step",
    "strap",
    "doorway",
]
TRAINED = {"level": "trained", "equipment": WHOLE_KIT}
# Rule -> what is taken out, the kind, the person, further request fields.
MUTANTS = {
    "W01": (backwards, "warmup", {}, RUN),
    "W02": (no_opening, "warmup", {}, RUN),
    "W03": (nobody_warned, "warmup", {}, {"budget_s": 240}),
    "W09": (no_gentle_start, "warmup", {}, FOOTBALL),
    "W11": (stretching_warms_up, "warmup", {}, RUN),
    "S01": (both(stretching_warms_up, dose("static_stretch", 60, 60, 60, 1, 5)), "warmup", {}, RUN),
    "S02": (both(stretching_warms_up, dose("static_stretch", 45, 60, 60, 4, 5)), "warmup", {}, FOOTBALL),
    "S03": (stretching_warms_up, "warmup", {}, RUN),
    "S04": (stretching_warms_up, "warmup", {}, RUN),
    "S06": (nobody_warned, "warmup", {}, {"gap_s": 2400}),
    "F01": (dose("static_stretch", 65, 65, 65, 1, 5), "cooldown", {}, RUN),
    "F02": (dose("static_stretch", 20, 20, 20, 4, 5), "cooldown", {"age": 70}, RUN),
    "F05": (both(no_gentle_start, only("mobility", 0, "static_stretch")), "mobility", {}, RUN),
    "F06": (both(only("cooldown", 2, "pnf_stretch"), dose("pnf_stretch", 20, 20, 20, 1, 10)), "cooldown", TRAINED, RUN),
    "P01": (no_mask, "warmup", TRAINED, {"activity": "lift_squat", "gap_s": 60}),
    "P02": (no_beginners, "warmup", {"level": "beginner"}, FOOTBALL),
    "P03": (both(no_caps, dose("potentiation", 31, 60, 60, 6, 5)), "warmup", TRAINED, {**FOOTBALL, "budget_s": 1800}),
    "N04": (both(without_bits("level"), no_mask), "warmup", {**TRAINED, "age": 12}, {"activity": "calisthenics"}),
    "C04": (anything_opens("cooldown"), "cooldown", {}, RUN),
    "C05": (anything_opens("cooldown"), "cooldown", {}, FOOTBALL),
    "C06": (both(only("cooldown", 1, "foam_roll"), dose("foam_roll", 10, 10, 10, 1, 5)), "cooldown", TRAINED, RUN),
    "C09": (both(no_mask, no_taste), "desk_break", {}, {"activity": "desk_work"}),
    "L02": (blind, "warmup", {}, FOOTBALL),
    "L04": (without_bits("condition"), "warmup", {}, RUN),
    "O01": (no_balance_owed, "mobility", {"age": 70}, RUN),
    "O03": (without_bits("condition"), "warmup", {"conditions": ["pregnancy_t1"]}, FOOTBALL),
    "O05": (without_bits("condition"), "mobility", {"conditions": ["pelvic_girdle_pain"]}, RUN),
    "O10": (no_opening, "warmup", {"conditions": ["cardiac"]}, RUN),
    "O12": (without_bits("condition"), "mobility", {"conditions": ["hypermobility"]}, RUN),
    "K01": (without_bits("condition"), "warmup", {"acute_regions": ["knee"]}, RUN),
    "K06": (no_balance_owed, "warmup", {"conditions": ["ankle_instability"]}, {"activity": "row"}),
    "K09": (nobody_warned, "mobility", {"conditions": ["lumbar_disc"]}, {"local_time": "06:30"}),
    "U01": (one_side, "warmup", {}, RUN),
    "U02": (in_no_time, "warmup", {}, RUN),
    "U05": (without_bits("level"), "warmup", {"level": "beginner", "equipment": WHOLE_KIT}, FOOTBALL),
    "O08": (nobody_referred, "warmup", {"blood_pressure": {"systolic": 200, "diastolic": 100}}, RUN),
    **{
        rule: (nobody_referred, "warmup", {"red_flags": [flag]}, RUN)
        for rule, flag in {
            "X01": "chest_pain", "X02": "calf_swelling", "X03": "suspected_fracture", "X04": "cauda_equina",
            "X05": "head_injury", "X06": "fever_illness", "X07": "preg_bleeding", "O04": "preg_bleeding",
        }.items()
    },
}  # fmt: skip
REPORTED = {"S06": "warnings", "K09": "warnings", "W03": "warnings", "O08": "X01", "K06": "O01"}
BY_HISTORY = {"L02": {"pain": {"knee": {"days_since": 1, "level": 5}}}}
TRIES = 12


def asked(kind, person, request, seed):
    given = {"kind": kind, "activity": "run_distance", "budget_s": 900, **request}
    kit = ["chair", "mat", "step", "doorway", "strap"]
    return {"request": given, "profile": {"level": "recreational", "equipment": kit, **person}, "seed": seed}


def expected(rule):
    return REPORTED.get(rule) or REGISTERED[COVERS[rule]]


@pytest.mark.parametrize("rule", MUTANTS)
def test_the_policy_without_a_rule_is_caught_by_the_checker(rule, reference, catalog, monkeypatch):
    mutate, kind, person, request = MUTANTS[rule]
    payloads = [
        {**asked(kind, person, request, seed), "history": BY_HISTORY.get(rule, {})} for seed in range(TRIES)
    ]
    sound = reference(payloads[0])
    assert expected(rule) not in {v.rule for v in check(catalog, payloads[0], sound)}
    if rule == "L04":
        hurt = {item["slug"]: {"pain": 9} for item in sound["items"]}
        payloads = [{**payload, "history": {"exercises": hurt}} for payload in payloads]
    mutate(monkeypatch)
    for payload in payloads:
        routine = reference(payload, no_device if rule == "L02" else lambda tensors: None)
        if expected(rule) in {v.rule for v in check(catalog, payload, routine)}:
            return
    raise AssertionError(f"{rule}: {TRIES} routines without it and nobody objected")


@pytest.mark.parametrize("rule", sorted(matrix.REQUIRED))
def test_the_policy_without_the_matrix_is_caught_by_the_checker(rule, reference, catalog, monkeypatch):
    """Some condition of the rule, in some kind of routine."""
    blind(monkeypatch)
    for condition in matrix.REQUIRED[rule]:
        for kind in ("mobility", "warmup", "cooldown"):
            for seed in range(TRIES // 3):
                activity = ("football", "swim", "yoga_pilates", "lift_overhead")[seed]
                payload = asked(kind, {**TRAINED, "conditions": [condition]}, {"activity": activity}, seed)
                routine = reference(payload, no_device)
                if "hazards" in {v.rule for v in check(catalog, payload, routine)}:
                    return
    raise AssertionError(f"{rule}: no hazard came in")


def test_every_hard_rule_has_its_mutant():
    """F07 is in the catalogue's cues, U04 in the wording, U06 speaks of two routines."""
    wanted = {r["id"] for r in rules() if r["use"] in {"hard", "warn"}}
    assert wanted - set(MUTANTS) - set(matrix.REQUIRED) == {"F07", "U04", "U06"}
