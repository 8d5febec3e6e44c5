"""Every hard rule of a routine is broken once by hand, and the very check that the table names for it must say so."""

import copy

import numpy as np
import pytest

from model_export.checker import check as check_all
from model_export.checker_case import CHECKS, COVERS, Case
from model_export.encode import Catalog, encode
from model_export.evidence import matrix
from model_export.evidence.coverage import rules
from model_export.evidence.reading import seconds
from model_export.request import parse
from model_export.runtime import generate

FUNCTIONS = {entry.__name__: entry for entries in CHECKS.values() for entry in entries}
FLAGS = {
    "X01": "chest_pain", "X02": "calf_swelling", "X03": "suspected_fracture", "X04": "cauda_equina",
    "X05": "head_injury", "X06": "fever_illness", "X07": "preg_bleeding", "O04": "preg_bleeding",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(generator, catalog):
    """made(payload) -> a good routine, once per payload."""
    held = {}

    def make(payload):
        key = repr(payload)
        if key not in held:
            held[key] = generate(generator, catalog, payload)
        return copy.deepcopy(held[key])

    return make


@pytest.fixture
def said(catalog):
    """said(rule, payload, routine) -> what the check of that rule says of the routine."""

    def ask(rule, payload, routine, among=catalog):
        known = {e["slug"]: e for e in among.exercises}
        case = Case(
            among, payload["request"], payload.get("profile") or {}, payload.get("history") or {}, routine,
            [(item, known[item["slug"]]) for item in routine["items"]],
        )  # fmt: skip
        return list(FUNCTIONS[COVERS[rule]](case))

    return ask


def put(catalog, routine, place, slug, **fields):
    """Another exercise at a place, as it would be planned there; `fields` override."""
    exercise = catalog.exercises[catalog.places[slug]]
    old = routine["items"][place]
    phase = old["phase"] if old["phase"] in exercise["phases"] else exercise["phases"][0]
    sides = 2 if exercise["laterality"] == "unilateral" else 1
    routine["items"][place] = {
        **old, "slug": slug, "phase": phase, "position": exercise["positions"][0], "sides": sides, "sets": 1,
        "rest_s": 0, "work_s_per_side": exercise["dose"]["work_s_per_side"], **fields,
    }  # fmt: skip


def change(place, **fields):
    def tamper(catalog, routine):
        routine["items"][place].update(fields)

    return tamper


def swap(place, slug, **fields):
    def tamper(catalog, routine):
        put(catalog, routine, place, slug, **fields)

    return tamper


def every(wanted, **fields):
    """Change all items of a phase."""

    def tamper(catalog, routine):
        for item in routine["items"]:
            if item["phase"] == wanted:
                item.update(fields)

    return tamper


def without(*types):
    def tamper(catalog, routine):
        kinds = {e["slug"]: e["type"] for e in catalog.exercises}
        routine["items"] = [i for i in routine["items"] if kinds[i["slug"]] not in types]

    return tamper


def silent(code):
    def tamper(catalog, routine):
        routine["warnings"] = [w for w in routine["warnings"] if w != code]

    return tamper


def backwards(catalog, routine):
    routine["items"].reverse()


def unilateral_once(catalog, routine):
    """One side only of the first item that has two."""
    next(i for i in routine["items"] if i["sides"] == 2)["sides"] = 1


def answered(catalog, routine):
    routine["status"] = "ok"


# Rule -> kind, profile, further request fields, what is done to the routine.
TAMPERED = {
    "W01": ("warmup", {}, {}, backwards),
    "W02": ("warmup", {}, {}, every("raise", work_s_per_side=20, sets=1)),
    "W03": ("warmup", {}, {"budget_s": 240}, silent("time_too_short")),
    "W09": ("warmup", {}, {}, swap(0, "easy-jog")),
    "W11": ("warmup", {}, {}, swap(-1, "breath-box")),
    "S01": ("warmup", {}, {}, swap(3, "butterfly", sets=2, work_s_per_side=30)),
    "S02": ("warmup", {}, {"activity": "football"}, swap(3, "butterfly", work_s_per_side=45)),
    "S03": ("warmup", {}, {}, swap(-1, "butterfly", work_s_per_side=20)),
    "S04": ("warmup", {}, {}, swap(3, "pnf-pec-doorway")),
    "S06": ("warmup", {}, {"gap_s": 2400}, silent("rewarm")),
    "F01": ("cooldown", {"age": 30}, {}, swap(2, "butterfly", work_s_per_side=65)),
    "F02": ("cooldown", {"age": 70}, {}, swap(2, "butterfly", work_s_per_side=20)),
    "F05": ("mobility", {}, {}, swap(0, "butterfly")),
    "F06": ("cooldown", {}, {}, swap(2, "pnf-pec-doorway", work_s_per_side=20)),
    "P01": ("warmup", {"level": "trained"}, {}, swap(-1, "ramp-set-squat")),
    "P02": ("warmup", {"level": "beginner"}, {}, swap(-1, "fast-squat")),
    "P03": ("warmup", {"level": "trained"}, {}, swap(-1, "fast-squat", work_s_per_side=31)),
    "N04": ("warmup", {"age": 12, "level": "trained"}, {}, swap(3, "explosive-push-up")),
    "C04": ("cooldown", {}, {}, swap(0, "cat-cow")),
    "C05": ("cooldown", {}, {}, swap(1, "easy-jog")),
    "C06": ("cooldown", {}, {}, swap(2, "roll-quad", work_s_per_side=25, sides=1)),
    "C09": ("desk_break", {}, {"activity": "desk_work", "budget_s": 480}, swap(0, "brisk-walk")),
    "O01": ("mobility", {"age": 70}, {}, without("balance")),
    "O03": ("warmup", {"conditions": ["pregnancy_t1"]}, {}, swap(1, "easy-jog")),
    "O05": ("mobility", {"conditions": ["pelvic_girdle_pain"]}, {}, change(2, position="standing_single_leg")),
    "O10": ("warmup", {"conditions": ["cardiac"]}, {}, every("raise", work_s_per_side=30, sets=1)),
    "O12": ("mobility", {"conditions": ["hypermobility"]}, {}, swap(-1, "prayer-stretch")),
    "K01": ("warmup", {"acute_regions": ["knee"]}, {}, swap(3, "mini-squat")),
    "K06": ("warmup", {"conditions": ["ankle_instability"]}, {}, without("balance")),
    "K09": ("mobility", {"conditions": ["lumbar_disc"]}, {"local_time": "06:30"}, silent("no_flexion_am")),
    "U01": ("warmup", {}, {}, unilateral_once),
    "U02": ("warmup", {}, {}, change(2, transition_s=2)),
    "U04": ("warmup", {}, {}, change(2, reason=" ")),
    "U05": ("warmup", {"level": "beginner"}, {}, swap(3, "cossack-squat")),
    **{rule: ("warmup", {"red_flags": [flag]}, {}, answered) for rule, flag in FLAGS.items()},
    "O08": ("warmup", {"blood_pressure": {"systolic": 200, "diastolic": 100}}, {}, answered),
}  # fmt: skip
BY = {"S06": "W03", "K09": "W03", "O08": "X01", "K06": "O01"}
"""Where a rule has two checks: the one that is put to the test here; the other half is the matrix, below."""


def asked(kind, profile, request, history=None):
    given = {"kind": kind, "activity": "run_distance", "budget_s": 600, **request}
    kit = ["chair", "mat", "step", "doorway", "strap"]
    profile = {"level": "recreational", "equipment": kit, **profile}
    return {"request": given, "profile": profile, "history": history or {}, "seed": 0}


def with_exercise(catalog, slug, **fields):
    """The catalogue with one exercise changed."""
    changed = [{**e, **fields} if e["slug"] == slug else e for e in catalog.exercises]
    return Catalog(catalog.release, changed, catalog.activities, catalog.conditions, catalog.vocabulary)


def by_hand(rule, made, catalog):
    kind, profile, request, tamper = TAMPERED[rule]
    payload = asked(kind, profile, request)
    routine = made(payload)
    tamper(catalog, routine)
    routine["total_s"] = sum(seconds(item) for item in routine["items"])
    return payload, payload, routine, catalog


def by_matrix(rule, made, catalog):
    """An exercise of the routine turns out to have the hazard."""
    _, condition, hazard = next(r for r in matrix.required(catalog.codes("hazards")) if r[0] == rule)
    payload = asked("mobility", {"conditions": [condition]}, {})
    routine = made(payload)
    return payload, payload, routine, with_exercise(catalog, routine["items"][1]["slug"], hazards=[hazard])


def by_cue(rule, made, catalog):
    payload = asked("cooldown", {}, {})
    routine = made(payload)
    stretch = next(
        i["slug"] for i in routine["items"]
        if catalog.exercises[catalog.places[i["slug"]]]["type"] == "static_stretch"
    )  # fmt: skip
    return payload, payload, routine, with_exercise(catalog, stretch, cue=" ")


def by_pain(rule, made, catalog):
    """The same routine, for somebody whom one of its items hurt."""
    payload = asked("warmup", {}, {})
    routine = made(payload)
    history = {"exercises": {routine["items"][2]["slug"]: {"pain": 4, "days_since": 1}}}
    return payload, {**payload, "history": history}, routine, catalog


def by_painful_region(rule, made, catalog):
    """The same routine, for somebody whose knee hurts, with an exercise that strains it."""
    payload = asked("warmup", {}, {})
    routine = made(payload)
    put(catalog, routine, 3, "air-squat")
    return (
        payload,
        {**payload, "history": {"pain": {"knee": {"days_since": 2, "level": 5}}}},
        routine,
        catalog,
    )


SPECIAL = {"F07": by_cue, "L04": by_pain, "L02": by_painful_region}
MATRIX = {rule for rule in matrix.REQUIRED if rule not in TAMPERED}
ALL = [*TAMPERED, *sorted(MATRIX), *SPECIAL]


@pytest.mark.parametrize("rule", ALL)
def test_the_check_of_a_hard_rule_sees_it_broken(rule, made, said, catalog):
    break_it = SPECIAL.get(rule, by_hand if rule in TAMPERED else by_matrix)
    good, payload, routine, among = break_it(rule, made, catalog)
    check = "K02" if break_it is by_matrix else BY.get(rule, rule)
    assert said(check, good, made(good)) == []
    assert said(check, payload, routine, among)
    name = next(n for n, entries in CHECKS.items() if FUNCTIONS[COVERS[check]] in entries)
    assert name in {violation.rule for violation in check_all(among, payload, routine)}


def test_every_hard_rule_is_broken_here_but_the_one_that_speaks_of_two_routines():
    wanted = {r["id"] for r in rules() if r["use"] in {"hard", "warn"}}
    assert wanted - set(ALL) == {"U06"}


def test_every_hazard_that_a_rule_asks_a_condition_to_exclude_is_seen_by_the_checker(made, said, catalog):
    for rule, condition, hazard in matrix.required(catalog.codes("hazards")):
        payload = asked("mobility", {"conditions": [condition]}, {})
        routine = made(payload)
        among = with_exercise(catalog, routine["items"][1]["slug"], hazards=[hazard])
        found = said("K02", payload, routine, among)
        assert any(hazard in text and condition in text for text in found), (rule, condition, hazard)


def test_the_graph_keeps_every_hazard_of_the_matrix_out_without_the_devices_help(generator, catalog):
    """The device's own guard set to nothing: the graph's mask alone."""
    slugs = [e["hazards"] for e in catalog.exercises]
    outputs = [output.name for output in generator.session.get_outputs()]
    for condition in {condition for _, condition, _ in matrix.required(catalog.codes("hazards"))}:
        request = parse(asked("mobility", {"conditions": [condition]}, {}), catalog)
        tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
        tensors["blocked"] = np.zeros_like(tensors["blocked"])
        found = dict(zip(outputs, generator.session.run(None, tensors), strict=True))
        excluded = set(catalog.conditions[condition]["exclude"])
        carries = np.array([bool(excluded & set(hazards)) for hazards in slugs])
        assert (found["blocked_by"][carries] > 0).all(), condition
        assert not carries[found["plan"][:, 0][found["plan"][:, 0] >= 0]].any(), condition


def test_the_checker_has_no_check_that_the_table_does_not_know():
    assert set(COVERS) <= {r["id"] for r in rules()} | {
        "contract",
        "hazards",
        "limits",
        "constraints",
        "warnings",
    }
