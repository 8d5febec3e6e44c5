"""What a coach and a physiotherapist demand of any routine, asked of every scenario in this folder."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from tests.model_export.scenarios.coach import (
    SEEDS,
    belongs,
    changes,
    falls,
    floor_visits,
    label,
    length_s,
    returns,
    twins,
)

HERE = Path(__file__).parent
OVERSTATED = re.compile(
    r"prevent|injur|lactic|lactate|flush|posture|cure|heal|detox|sore|guarantee|recover faster|burn",
    re.IGNORECASE,
)
SEATS = {"chair", "bench", "bike", "rower", "swiss_ball"}


def scenario_tests():
    """(test, [payloads]) of every test in this folder that is decorated with `scenario`."""
    for path in sorted(HERE.glob("test_*.py")):
        if path == Path(__file__):
            continue
        module = importlib.import_module(f"tests.model_export.scenarios.{path.stem}")
        for name, function in vars(module).items():
            for mark in getattr(function, "pytestmark", ()):
                if name.startswith("test_") and mark.name == "parametrize" and mark.args[0] == "plan":
                    yield name, list(mark.args[1])


PAYLOADS = [given for _, payloads in scenario_tests() for given in payloads]


@pytest.fixture(scope="module")
def plans(plan_of):
    return [plan_of(given) for given in PAYLOADS]


def faults(plans, fault_of):
    """One line per scenario with a fault: which, and what."""
    found = {}
    for plan in plans:
        fault = fault_of(plan)
        if fault:
            found[label(plan.payload)] = fault
    return found


RARE = 0.03


def assert_rare(found):
    """A matter of taste: three routines of a hundred may miss it."""
    lines = [f"{name}: {fault}" for name, fault in list(found.items())[:12]]
    assert len(found) <= RARE * len(PAYLOADS), f"{len(found)} of {len(PAYLOADS)} routines\n" + "\n".join(
        lines
    )


def assert_none(found):
    lines = [f"{name}: {fault}" for name, fault in list(found.items())[:12]]
    assert not found, f"{len(found)} of {len(PAYLOADS)} routines\n" + "\n".join(lines)


def test_the_scenarios_cover_every_sport_condition_wish_kind_and_age(catalog):
    tests = list(scenario_tests())
    requests = [given["request"] for given in PAYLOADS]
    profiles = [given["profile"] for given in PAYLOADS]
    assert len(tests) >= 40
    assert {r["activity"] for r in requests if isinstance(r["activity"], str)} == set(catalog.activities)
    assert {c for p in profiles for c in p.get("conditions", ())} == set(catalog.conditions)
    assert {c for p in profiles for c in p.get("constraints", ())} == set(catalog.vocabulary["constraints"])
    assert {r["kind"] for r in requests} == set(catalog.vocabulary["kinds"])
    ages = {p["age"] for p in profiles if "age" in p}
    assert (min(ages), max(ages)) == (12, 85)
    assert {age // 10 for age in ages} == set(range(1, 9))
    assert {r["budget_s"] for r in requests} >= {120, 180, 240, 300, 600, 1800, 2700, 3600}
    assert len({json.dumps(given, sort_keys=True) for given in PAYLOADS}) >= 40 * SEEDS


def test_time_is_kept_and_both_sides_are_equal(plans):
    def fault(plan):
        if abs(plan.routine["total_s"] - plan.routine["budget_s"]) > 30:
            return f"{plan.routine['total_s']} of {plan.routine['budget_s']} s"
        if sum(length_s(row) for row in plan.rows) != plan.routine["total_s"]:
            return "total_s is not the sum of its items"
        return [
            r.slug for r in plan.rows if (r.exercise["laterality"] == "unilateral") != (r.item["sides"] == 2)
        ]

    assert_none(faults(plans, fault))


def test_no_routine_has_near_twins(plans):
    assert_rare(faults(plans, lambda plan: plan.minutes <= 45 and list(twins(plan))))


def test_every_item_belongs_to_the_sport_a_deficit_or_a_rule(plans):
    """In a warm-up or cool-down nothing fills up the time that the sport does not ask for."""

    def fault(plan):
        return [r.slug for r in plan.rows if plan.kind in {"warmup", "cooldown"} and not belongs(plan, r)]

    assert_none(faults(plans, fault))


def test_nobody_has_to_follow_more_exercises_than_a_class_would_teach(plans):
    """Judgement: FIFA 11+ has 15 in 20 minutes; a little more than one a minute, fewer in a long session."""

    def fault(plan):
        most = 4 + min(plan.minutes, 18) + 0.6 * max(plan.minutes - 18, 0)
        return f"{len(plan.rows)} exercises in {plan.minutes:g} min" if len(plan.rows) > most else None

    assert_rare(faults(plans, fault))


def test_getting_down_pays_and_happens_rarely(plans):
    """U03; and after or outside of training nobody gets down for a single exercise."""

    def fault(plan):
        most = -(-2 * plan.request["budget_s"] // 600)
        if changes(plan) > most:
            return f"{changes(plan)} changes, at most {most}"
        if plan.kind != "warmup" and plan.minutes <= 20 and 1 in floor_visits(plan):
            return f"one exercise on the floor: {[r.slug for r in plan.rows if r.posture == 'floor']}"
        return None

    assert_rare(faults(plans, fault))


def test_related_postures_stand_next_to_each_other(plans):
    def fault(plan):
        most = 1 + plan.minutes // 8
        return f"{returns(plan)} returns to a posture" if returns(plan) > most else None

    assert_rare(faults(plans, fault))


def test_a_warmup_raise_gets_no_easier_and_a_cooldown_no_harder(plans):
    """W04, C05"""

    def fault(plan):
        raise_ = [row.met for row in plan.rows if row.type == "pulse_raiser"]
        if plan.kind == "warmup":
            return falls(raise_)
        return falls(raise_[::-1]) if plan.kind == "cooldown" else None

    assert_none(faults(plans, fault))


def test_drills_close_the_activation_from_easy_to_fast(plans):
    """W05, W11: once the sport is rehearsed nothing general follows, and rehearsals get faster."""

    def fault(plan):
        if plan.kind != "warmup":
            return None
        rows = plan.of_phase("activate")
        first = next((n for n, row in enumerate(rows) if row.type == "skill_drill"), len(rows))
        after = [row.slug for row in rows[first:] if row.type != "skill_drill"]
        return after or falls((row.met for row in rows[first:]), tolerance=0.5)

    assert_none(faults(plans, fault))


def test_a_warmup_ends_on_the_sport_itself_where_a_rehearsal_exists(plans):
    def fault(plan):
        if plan.kind != "warmup" or not plan.activity:
            return None
        limited = {h for code in plan.person("conditions") for h in plan.catalog.conditions[code]["limit"]}
        possible = [e["slug"] for e in plan.can("skill_drill") if not limited & {*e["hazards"]}]
        last = plan.rows[-1]
        return last.slug if possible and last.type not in {"skill_drill", "potentiation"} else None

    assert_none(faults(plans, fault))


def test_a_cooldown_stretches_every_priority_muscle_before_any_twice(plans):
    """F03 counts seconds per muscle; the first need is that none of the worked ones is forgotten."""

    def fault(plan):
        if plan.kind != "cooldown" or plan.minutes < 8:
            return None
        reached = {muscle for row in plan.stretches for muscle in row.muscles}
        forgotten = plan.stretchable(3) - reached
        twice = [
            m for m in {m for row in plan.stretches for m in row.primary}
            if sum(m in row.primary for row in plan.stretches) > 1
        ]  # fmt: skip
        return f"forgot {sorted(forgotten)} but twice {sorted(twice)}" if forgotten and twice else None

    assert_rare(faults(plans, fault))


def test_most_of_what_the_sport_demands_is_answered(plans):
    """W10 for eight minutes and more: four in five muscles, seven in ten movements of those that can be answered."""

    def fault(plan):
        if plan.kind != "warmup" or plan.minutes < 8:
            return None
        types = ("dynamic_stretch", "mobility", "activation", "balance")
        can = [
            e for e in [*plan.can(*types, listed=False), *plan.can("skill_drill")]
            if "mat" in plan.person("equipment") or "floor_transfer" not in e["hazards"]
        ]  # fmt: skip
        muscles, moves = plan.wanted(3)
        muscles &= {m for e in can for m in [*e["primary_muscles"], *e["secondary_muscles"]]}
        moves &= {m for e in can for m in e["moves"]}
        lacking = muscles - {m for row in plan.rows for m in row.muscles}, moves - plan.moves
        if len(lacking[0]) > 0.2 * len(muscles) or len(lacking[1]) > 0.3 * len(moves):
            return [*lacking[0], *lacking[1]]
        return None

    assert_rare(faults(plans, fault))


def test_mobility_starts_warm(plans):
    """F05, and no loaded or end-range position in the first minute."""

    def fault(plan):
        first = plan.rows[0]
        cold = {h for h in first.hazards if h.endswith("_end") or h == "knee_deep_flex"}
        return (first.slug, cold) if plan.kind in {"mobility", "desk_break"} and cold else None

    assert_none(faults(plans, fault))


def test_doses_stay_near_what_the_catalogue_prescribes(plans):
    """No twenty-two ankle circles a side, no stretch of ten seconds."""

    def fault(plan):
        rows = [
            r
            for r in plan.rows
            if r.item["reps"] and r.item["reps"] > max(1.5 * r.exercise["dose"]["reps"], 12)
        ]
        short = [r for r in plan.of_type("static_stretch") if r.item["work_s_per_side"] < 15]
        return [(r.slug, r.item["reps"], r.item["work_s_per_side"]) for r in [*rows, *short]]

    assert_none(faults(plans, fault))


def test_nobody_is_told_to_sit_on_a_chair_that_is_not_there(plans):
    def fault(plan):
        if "seated_only" in plan.person("constraints"):
            return None
        kit = plan.person("equipment")
        return [r.slug for r in plan.rows if r.item["position"] == "seated_chair" and not kit & SEATS]

    assert_none(faults(plans, fault))


def test_the_name_of_an_exercise_fits_the_posture_it_is_shown_in(plans):
    """Nobody in a chair reads "Standing side reach", nobody on his feet "Seated arm-cycling"."""

    def fault(plan):
        return [
            row.exercise["name"] for row in plan.rows
            if ("standing" in row.exercise["name"].lower() and row.posture == "chair")
            or ("seated" in row.exercise["name"].lower() and row.posture == "standing")
        ]  # fmt: skip

    assert_none(faults(plans, fault))


def test_somebody_who_can_stand_starts_a_warmup_standing_or_on_the_machine(plans):
    def fault(plan):
        first = plan.rows[0]
        machine = {"bike", "rower"} & set(first.exercise["equipment"])
        free = "seated_only" not in plan.person("constraints")
        seated = first.posture != "standing" and not machine
        return first.slug if plan.kind == "warmup" and free and seated else None

    assert_none(faults(plans, fault))


def test_reasons_are_sentences_that_are_true_and_promise_nothing(plans):
    """U04, C01-C03"""

    def fault(plan):
        for row in plan.rows:
            reason = row.item["reason"]
            if not re.fullmatch(r"[A-Z].*[.!]", reason) or OVERSTATED.search(reason):
                return (row.slug, reason)
            if re.search(r"\bh[A-Z]", reason) or " / " in reason or "  " in reason:
                return (row.slug, reason)
            if "you asked" in reason and not (row.primary | row.moves | regions(plan, row)) & plan.person(
                "deficits"
            ):
                return (row.slug, reason)
        return None

    def regions(plan, row):
        return {plan.catalog.vocabulary["muscles"][m]["region"] for m in row.primary}

    assert_none(faults(plans, fault))


def test_a_reason_that_blames_the_sport_is_about_a_muscle_or_movement_that_the_sport_demands(plans):
    def fault(plan):
        muscles, moves = plan.wanted(1)
        blames = re.compile(r"asks? much|needs|demands", re.IGNORECASE)
        return [
            (row.slug, row.item["reason"]) for row in plan.rows
            if blames.search(row.item["reason"]) and not (row.primary & muscles or row.moves & moves)
        ]  # fmt: skip

    assert_none(faults(plans, fault))


def test_what_is_missing_is_what_really_is(plans):
    def fault(plan):
        muscles, moves = plan.wanted(3)
        told = plan.routine["missing"]
        true = sorted(muscles - plan.muscles), sorted(moves - plan.moves)
        return (told, true) if (sorted(told["muscles"]), sorted(told["moves"])) != true else None

    assert_none(faults(plans, fault))


def test_the_left_out_list_names_the_true_cause_and_nothing_that_is_in(plans):
    def fault(plan):
        known = {exercise["slug"]: exercise for exercise in plan.catalog.exercises}
        for slug, cause in plan.causes().items():
            code, _, hazard = cause.partition(": ")
            if slug in {row.slug for row in plan.rows}:
                return f"{slug} is both in and left out"
            if code in plan.catalog.conditions and hazard in plan.catalog.vocabulary["hazards"]:
                true = hazard in known[slug]["hazards"] and hazard in plan.catalog.conditions[code]["exclude"]
                if not (true and code in plan.person("conditions")):
                    return (slug, cause)
            elif set(cause.split(", ")) - plan.person("constraints") and not plan.person("conditions") | set(
                plan.payload["profile"].get("acute_regions") or ()
            ):
                return (slug, cause)
        return None

    assert_none(faults(plans, fault))


def test_a_relaxed_breath_never_ends_a_warmup_and_never_comes_twice_in_a_cooldown(plans):
    """W11"""

    def fault(plan):
        breaths = len(plan.of_type("breathing"))
        return breaths if (plan.kind == "warmup" and breaths) or breaths > 1 else None

    assert_none(faults(plans, fault))
