"""The checker must be able to fail: each rule is broken once by hand."""

import copy

import pytest

from model_export.checker import check
from model_export.runtime import generate


@pytest.fixture(scope="session")
def routine_of(generator, catalog):
    return lambda payload: generate(generator, catalog, payload)


def broken(catalog, payload, routine, change):
    changed = copy.deepcopy(routine)
    change(changed)
    changed["total_s"] = sum(
        i["sets"] * (i["work_s_per_side"] * i["sides"] + 5 * (i["sides"] - 1)) + i["rest_s"] * (i["sets"] - 1)
        + i["transition_s"] for i in changed["items"]
    )  # fmt: skip
    return {v.rule for v in check(catalog, payload, changed)}


def swap(place, slug, **fields):
    def change(routine):
        routine["items"][place] |= {"slug": slug, **fields}

    return change


def edit(place, **fields):
    return lambda routine: routine["items"][place].update(fields)


WARM = {"level": "recreational"}
CASES = [
    ("contract", "warmup", {}, edit(0, work_s_per_side=900)),
    ("contract", "warmup", {}, edit(2, transition_s=1)),
    ("contract", "warmup", {}, edit(2, sides=3)),
    ("contract", "warmup", {}, lambda r: r["items"].append(copy.deepcopy(r["items"][-1]))),
    ("contract", "warmup", {}, lambda r: r["items"].pop(1)),
    ("contract", "warmup", {}, swap(0, "no-such-exercise")),
    ("hazards", "warmup", {"conditions": ["knee_oa"]}, swap(3, "air-squat")),
    ("constraints", "warmup", {"constraints": ["no_floor"]}, swap(3, "cat-cow", position="quadruped")),
    ("constraints", "warmup", {"constraints": ["no_jump"]}, swap(1, "easy-jog")),
    ("constraints", "warmup", {"equipment": []}, swap(3, "band-row")),
    ("constraints", "mobility", {}, edit(0, position="hanging")),
    ("U05", "warmup", {"level": "beginner"}, swap(3, "cossack-squat")),
    ("U04", "warmup", {}, edit(0, reason=" ")),
    ("U04", "warmup", {}, edit(0, rules=["Z99"])),
    ("U04", "warmup", {}, edit(0, score=-1)),
    ("W01", "warmup", {}, lambda r: r["items"].reverse()),
    ("W02", "warmup", {}, swap(0, "arm-circle-big")),
    ("W09", "warmup", {}, swap(0, "easy-jog")),
    ("W11", "warmup", {}, swap(-1, "butterfly")),
    ("S01", "warmup", {}, swap(3, "pnf-pec-doorway")),
    ("F01", "cooldown", {"age": 70}, swap(2, "pec-stretch-wall", work_s_per_side=20)),
    ("F05", "mobility", {}, swap(0, "butterfly")),
    ("P01", "warmup", {"level": "trained"}, swap(-1, "ramp-set-squat")),
    ("P02", "warmup", {"level": "beginner"}, swap(-1, "fast-squat")),
    ("C04", "cooldown", {}, swap(0, "cat-cow")),
    ("C05", "cooldown", {}, swap(1, "easy-jog")),
    ("C06", "cooldown", {}, swap(2, "roll-quad", work_s_per_side=25, sides=1, sets=1)),
    ("C09", "desk_break", {}, swap(0, "brisk-walk")),
    ("O01", "mobility", {"age": 70}, lambda r: r.update(items=[i for i in r["items"] if i["rules"] != ["O01"]])),
    ("O03", "warmup", {"conditions": ["pregnancy_t1"]}, swap(1, "easy-jog")),
    ("O10", "warmup", {"conditions": ["cardiac"]}, edit(0, work_s_per_side=20)),
    ("O12", "mobility", {"conditions": ["hypermobility"]}, swap(-1, "butterfly")),
    ("K01", "warmup", {"acute_regions": ["knee"]}, swap(3, "mini-squat")),
    ("warnings", "warmup", {"conditions": ["cardiac"]}, lambda r: r.update(warnings=[])),
    ("warnings", "warmup", {"age": 12}, lambda r: r.update(warnings=[])),
    ("limits", "warmup", {"conditions": ["exercise_asthma"]}, lambda r: [swap(n, "jumping-jack")(r) for n in range(6)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "kind", "profile", "change"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)]
)
def test_a_broken_rule_is_found(routine_of, catalog, ask, rule, kind, profile, change):
    payload = ask(kind, "desk_work" if kind == "desk_break" else "run_distance", 10, **{**WARM, **profile})
    routine = routine_of(payload)
    assert check(catalog, payload, routine) == []
    assert rule in broken(catalog, payload, routine, change)


def test_a_routine_for_somebody_with_a_red_flag_is_refused(routine_of, catalog, ask):
    routine = routine_of(ask("warmup", "run_distance", 10))
    flagged = ask("warmup", "run_distance", 10, red_flags=["chest_pain"])
    assert "X01" in {v.rule for v in check(catalog, flagged, routine)}


def test_a_disliked_or_painful_item_is_refused(routine_of, catalog, ask):
    routine = routine_of(ask("warmup", "run_distance", 10))
    slug = routine["items"][2]["slug"]
    for entry in ({"rating": -1}, {"pain": 4}):
        payload = ask("warmup", "run_distance", 10, history={slug: entry})
        assert "L04" in {v.rule for v in check(catalog, payload, routine)}


def test_balance_is_not_asked_of_somebody_to_whom_all_of_it_is_closed(generator, catalog):
    """K06 wants it with an unstable ankle; pelvic girdle pain and a fresh ankle leave none (one of 100,000)."""
    given = {
        "request": {"kind": "mobility", "activity": "rugby_contact", "budget_s": 480},
        "profile": {
            "age": 73, "level": "trained", "acute_regions": ["ankle"], "equipment": ["doorway", "mat", "step"],
            "conditions": ["patellofemoral_pain", "pelvic_girdle_pain", "ankle_instability"],
        },
        "seed": 1837744972,
    }  # fmt: skip
    assert generate(generator, catalog, given)["items"]
