"""Safety checks of the kinds of routine and the doses: groups W, S, F, P and C of evidence.json."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from model_export.checker_case import Case, rule

RANK = {"raise": 0, "mobilise": 1, "activate": 1, "potentiate": 2}
UPRIGHT_EXCLUDED = {"supine", "inverted"}


@rule("W01")
def phases_follow_ramp(case: Case) -> Iterator[str]:
    ranks = [RANK.get(item["phase"], 9) for item, _ in case.rows]
    if case.kind == "warmup" and (ranks != sorted(ranks) or 9 in ranks):
        yield f"phases {[item['phase'] for item, _ in case.rows]}"


@rule("W02")
def a_warmup_starts_with_pulse_raising(case: Case) -> Iterator[str]:
    if case.kind != "warmup":
        return
    share = 0.20 if case.age >= 50 or case.has("hypertension", "cardiac", "exercise_asthma") else 0.15
    third, clock, seconds = case.routine["total_s"] / 3, 0, 0.0
    for item, exercise in case.rows:
        begin, end = clock + item["transition_s"], clock + case.length(item)
        if exercise["type"] == "pulse_raiser":
            seconds += max(0.0, min(end, third) - begin)
        clock = end
    if seconds < max(35, share * case.budget):
        yield f"{seconds:.0f} s of pulse raising in the first third"


@rule("W09")
def no_cold_start(case: Case) -> Iterator[str]:
    if case.kind == "warmup" and case.rows and (case.level != "trained" or case.age >= 40):
        exercise = case.rows[0][1]
        if exercise["met"] >= 6:
            yield f"starts with {exercise['slug']} at {exercise['met']} MET"


@rule("W11")
def a_warmup_does_not_end_at_rest(case: Case) -> Iterator[str]:
    if case.kind == "warmup" and case.rows:
        exercise = case.rows[-1][1]
        if exercise["type"] in {"breathing", "static_stretch", "pnf_stretch"}:
            yield f"ends with {exercise['slug']}"


@rule("S01", "S02", "S03", "S04")
def static_work_before_activity(case: Case) -> Iterator[str]:
    """S01-S04."""
    if case.kind != "warmup":
        return
    if case.of_type("pnf_stretch"):
        yield "contract-relax in a warm-up"
    per_muscle: dict[str, int] = defaultdict(int)
    for item, exercise in case.of_type("static_stretch"):
        for muscle in exercise["primary_muscles"]:
            per_muscle[muscle] += case.work(item)
        if explosive(case) >= 2 and item["work_s_per_side"] > 30:
            yield f"{exercise['slug']} is held {item['work_s_per_side']} s"
    for muscle, seconds in per_muscle.items():
        if seconds >= 60:
            yield f"{seconds} s of static stretching for {muscle}"
    if per_muscle:
        last = max(n for n, (_, e) in enumerate(case.rows) if e["type"] == "static_stretch")
        after = sum(
            case.work(i) for i, e in case.rows[last + 1 :]
            if e["type"] in {"dynamic_stretch", "skill_drill", "pulse_raiser"}
        )  # fmt: skip
        if after < 120:
            yield f"{after} s of dynamic work after the last hold"


def explosive(case: Case) -> int:
    activity = case.request["activity"]
    entry = activity if isinstance(activity, Mapping) else case.catalog.activities[activity]
    return int(entry.get("explosive") or 0)


@rule("F01", "F02", "F06")
def holds_are_dosed_by_age(case: Case) -> Iterator[str]:
    """F01, F02, F06."""
    low = 30 if case.age >= 65 else 10
    for item, exercise in case.of_type("static_stretch"):
        if not low <= item["work_s_per_side"] <= 60:
            yield f"{exercise['slug']} is held {item['work_s_per_side']} s at {case.age}"
    for item, exercise in case.of_type("pnf_stretch"):
        if item["work_s_per_side"] % 15 or item["sets"] * item["work_s_per_side"] > 60:
            yield f"{exercise['slug']}: {item['sets']} x {item['work_s_per_side']} s is not 1-4 rounds of 15 s"


@rule("F05")
def stretching_comes_warm(case: Case) -> Iterator[str]:
    if case.kind == "mobility" and case.rows:
        first = case.rows[0][1]["type"]
        if first not in {"pulse_raiser", "mobility", "dynamic_stretch", "foam_roll"}:
            yield f"starts with a {first}"


@rule("F07")
def stretches_say_stop_before_pain(case: Case) -> Iterator[str]:
    for _, exercise in case.of_type("static_stretch", "pnf_stretch"):
        if not str(exercise.get("cue") or "").strip():
            yield f"{exercise['slug']} has no cue"


@rule("P01")
def ramp_sets_leave_time(case: Case) -> Iterator[str]:
    """P01, and N04: none below 14."""
    ramps = [e["slug"] for _, e in case.of_type("potentiation") if "isometric_hold" in e["hazards"]]
    gap = case.request.get("gap_s")
    if ramps and (gap is None or gap < 180 or case.age < 14):
        yield f"{ramps} with a gap of {gap} s at {case.age}"


@rule("P02", "P03")
def potentiation_suits_the_level(case: Case) -> Iterator[str]:
    """P02, P03."""
    rows = [(i, e) for i, e in case.rows if e["type"] == "potentiation" or i["phase"] == "potentiate"]
    if rows and case.level == "beginner":
        yield f"a beginner gets {rows[0][1]['slug']}"
    for item, exercise in rows:
        if item["work_s_per_side"] > 30:
            yield f"{exercise['slug']} takes {item['work_s_per_side']} s a set"
        if case.level == "recreational" and "isometric_hold" in exercise["hazards"]:
            yield f"{exercise['slug']} is not low-load"
    jumps = sum(case.work(i) for i, e in case.rows if "impact_high" in e["hazards"])
    if jumps > 120:
        yield f"{jumps} s of jumping"


@rule("C04")
def a_cooldown_starts_upright(case: Case) -> Iterator[str]:
    if case.kind != "cooldown" or not case.rows:
        return
    item, exercise = case.rows[0]
    if exercise["type"] != "pulse_raiser" or exercise["met"] > 4:
        yield f"starts with {exercise['slug']}"
    clock = 0
    for item, _ in case.rows:
        if clock < 60 and item["position"] in UPRIGHT_EXCLUDED:
            yield f"{item['slug']} lies down after {clock} s"
        clock += case.length(item)
    easy = sum(case.work(item) for item, exercise in case.rows if exercise["type"] == "pulse_raiser")
    if case.has("cardiac", "hypertension") and easy < min(270, 0.35 * case.budget):
        yield f"{easy} s of easy movement for somebody whose heart needs a gradual end"


@rule("C05")
def a_cooldown_stays_low(case: Case) -> Iterator[str]:
    for _, exercise in case.rows if case.kind == "cooldown" else []:
        if exercise["met"] > 4.2 or {"impact", "impact_high"} & set(exercise["hazards"]):
            yield f"{exercise['slug']} at {exercise['met']} MET"


@rule("C06")
def rolling_is_dosed(case: Case) -> Iterator[str]:
    seconds: dict[str, int] = defaultdict(int)
    for item, exercise in case.of_type("foam_roll"):
        for muscle in exercise["primary_muscles"]:
            seconds[muscle] += case.work(item)
    for muscle, s in seconds.items():
        if not 30 <= s <= 120:
            yield f"{s} s of rolling for {muscle}"


@rule("C09")
def a_desk_break_is_light(case: Case) -> Iterator[str]:
    floor = set(case.catalog.vocabulary["floor_positions"])
    for item, exercise in case.rows if case.kind == "desk_break" else []:
        if exercise["met"] >= 4 or item["position"] in floor:
            yield f"{exercise['slug']} in a desk break"
