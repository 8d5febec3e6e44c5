"""Safety checks of the person: red flags, hazards, wishes, level, and groups L, O, K, U and X of evidence.json."""

from __future__ import annotations

from collections.abc import Iterator

from model_export.checker_case import CAP, Case, rule

WORK_BOUNDS = {
    "pulse_raiser": (20, 300), "dynamic_stretch": (8, 60), "mobility": (8, 60), "activation": (8, 60),
    "balance": (10, 60), "skill_drill": (8, 120), "potentiation": (3, 30), "static_stretch": (10, 60),
    "pnf_stretch": (15, 60), "foam_roll": (20, 120), "breathing": (20, 300),
}  # fmt: skip


@rule("X01", "X02", "X03", "X04", "X05", "X06", "X07", "O04")
def red_flags_refer(case: Case) -> Iterator[str]:
    """X01-X07, O04, O08."""
    pressure = case.profile.get("blood_pressure") or {}
    high = (pressure.get("systolic") or 0) >= 200 or (pressure.get("diastolic") or 0) >= 110
    due = bool(case.profile.get("red_flags")) or high
    if due != (case.routine["status"] == "refer"):
        yield f"status is {case.routine['status']} with red flags {case.profile.get('red_flags')}"
    if case.routine["status"] == "refer" and case.routine["items"]:
        yield "a referred person got items"


@rule(
    "hazards",
    "C07",
    "C08",
    "K02",
    "K03",
    "K04",
    "K05",
    "K06",
    "K07",
    "K08",
    "K09",
    "K10",
    "K11",
    "K12",
    "K13",
    "K14",
    "K15",
    "K16",
    "O02",
    "O06",
    "O07",
    "O08",
    "O09",
)
def excluded_hazards_are_absent(case: Case) -> Iterator[str]:
    """C07, C08, K02-K16, O02-O09, O12: the condition matrix."""
    for code in case.profile.get("conditions") or ():
        excluded = set(case.catalog.conditions[code]["exclude"])
        for _, exercise in case.rows:
            for hazard in excluded & set(exercise["hazards"]):
                yield f"{exercise['slug']} has {hazard}, excluded by {code}"


@rule("limits")
def limited_hazards_stay_small(case: Case) -> Iterator[str]:
    """taxonomy.md section 8: at most 35 % of the work."""
    limited = {h for c in case.profile.get("conditions") or () for h in case.catalog.conditions[c]["limit"]}
    total = sum(case.work(item) for item, _ in case.rows)
    part = sum(case.work(item) for item, exercise in case.rows if limited & set(exercise["hazards"]))
    if part > 0.35 * total:
        yield f"{part} of {total} s of work carry a limited hazard"


@rule("contract", "U01", "U02")
def time_and_doses_hold(case: Case) -> Iterator[str]:
    """U01, U02 and the work bounds of generator.md."""
    total = sum(case.length(item) for item, _ in case.rows)
    if total != case.routine["total_s"]:
        yield f"total_s says {case.routine['total_s']}, the items take {total}"
    if abs(total - case.budget) > 30:
        yield f"{total} s for a budget of {case.budget}"
    slugs = [item["slug"] for item, _ in case.rows]
    if len(set(slugs)) != len(slugs):
        yield "an exercise comes twice"
    for item, exercise in case.rows:
        low, high = WORK_BOUNDS[exercise["type"]]
        if not low <= item["work_s_per_side"] <= high:
            yield f"{item['slug']}: {item['work_s_per_side']} s is outside {low}-{high}"
        if not 3 <= item["transition_s"] <= 30:
            yield f"{item['slug']}: transition of {item['transition_s']} s"
        if item["sets"] < 1:
            yield f"{item['slug']}: no set"
        if item["sides"] != (2 if exercise["laterality"] == "unilateral" else 1):
            yield f"{item['slug']}: {item['sides']} sides for {exercise['laterality']}"
        if item["phase"] not in exercise["phases"]:
            yield f"{item['slug']}: phase {item['phase']} is not one of its own"
        if item["reps"] is not None and item["reps"] < 1:
            yield f"{item['slug']}: {item['reps']} repetitions"


@rule("U04")
def every_item_has_a_reason(case: Case) -> Iterator[str]:
    rules = case.catalog.vocabulary["rules"]
    for item, _ in case.rows:
        if not item["reason"].strip() or not item["rules"] or any(r not in rules for r in item["rules"]):
            yield f"{item['slug']}: reason {item['reason']!r}, rules {item['rules']}"
        if sum(item["parts"].values()) != item["score"]:
            yield f"{item['slug']}: the parts do not add up to the score"


@rule("U05", "N04")
def difficulty_suits_the_level(case: Case) -> Iterator[str]:
    """U05, N04."""
    cap = min(CAP[case.level], 3) if case.age < 14 else CAP[case.level]
    for _, exercise in case.rows:
        if exercise["difficulty"] > cap:
            yield f"{exercise['slug']} has difficulty {exercise['difficulty']}, the cap is {cap}"


@rule("constraints")
def wishes_are_kept(case: Case) -> Iterator[str]:
    constraints = set(case.profile.get("constraints") or ())
    floor = set(case.catalog.vocabulary["floor_positions"])
    at_hand = set(case.profile.get("equipment") or ()) | {"none", "wall"}
    for item, exercise in case.rows:
        hazards, name = set(exercise["hazards"]), exercise["slug"]
        if item["position"] not in exercise["positions"]:
            yield f"{name} is not done {item['position']}"
        if "no_floor" in constraints and (item["position"] in floor or "floor_transfer" in hazards):
            yield f"{name} needs the floor"
        if "no_kneel" in constraints and "kneeling" in hazards:
            yield f"{name} needs kneeling"
        if "no_jump" in constraints and hazards & {"impact", "impact_high"}:
            yield f"{name} has impact"
        if "seated_only" in constraints and item["position"] != "seated_chair":
            yield f"{name} is not seated"
        if "small_space" in constraints and "travel" in hazards:
            yield f"{name} travels"
        if "no_equipment" in constraints and set(exercise["equipment"]) - {"wall"}:
            yield f"{name} needs {exercise['equipment']}"
        if set(exercise["equipment"]) - at_hand:
            yield f"{name} needs {exercise['equipment']}, at hand is {sorted(at_hand)}"


@rule("L04")
def pain_keeps_an_item_out(case: Case) -> Iterator[str]:
    tendon = any(c.endswith("_tendinopathy") for c in case.profile.get("conditions") or ())
    for _, exercise in case.rows:
        entry = case.history.get(exercise["slug"]) or {}
        if entry.get("pain", 0) > (5 if tendon else 3):
            yield f"{exercise['slug']} hurt {entry['pain']} of 10"
        if entry.get("rating", 0) < 0:
            yield f"{exercise['slug']} was disliked"


LEGS = {"hip", "knee", "ankle", "foot"}
SHAKEN = {"impact", "impact_high", "single_leg", "knee_pivot"}
"""What a leg injured in the last days is spared."""


def feasible_balance(case: Case) -> bool:
    """Whether any balance item is open to this person at all."""
    floor = set(case.catalog.vocabulary["floor_positions"])
    excluded = {
        h for c in case.profile.get("conditions") or () for h in case.catalog.conditions[c]["exclude"]
    }
    hurts = painful_regions(case)
    excluded |= {
        h for h, e in case.catalog.vocabulary["hazards"].items() if hurts & set(e.get("regions") or ())
    }
    constraints = set(case.profile.get("constraints") or ())
    at_hand = (
        {"wall", "none"}
        if "no_equipment" in constraints
        else {*(case.profile.get("equipment") or ()), "wall", "none"}
    )
    acute = set(case.profile.get("acute_regions") or ())
    if acute & LEGS:
        excluded |= SHAKEN
    muscles = case.catalog.vocabulary["muscles"]
    tendon = any(c.endswith("_tendinopathy") for c in case.profile.get("conditions") or ())
    cap = min(CAP[case.level], 3) if case.age < 14 else CAP[case.level]
    for exercise in case.catalog.exercises:
        past = case.history.get(exercise["slug"]) or {}
        if (
            exercise["type"] == "balance"
            and not excluded & set(exercise["hazards"])
            and set(exercise["equipment"]) <= at_hand
            and exercise["difficulty"] <= cap
            and not ("small_space" in constraints and "travel" in exercise["hazards"])
            and "seated_only" not in constraints
            and exercise["positions"][0] not in floor
            and not (exercise["positions"][0] == "standing_single_leg" and case.has("pelvic_girdle_pain"))
            and not {muscles[m]["region"] for m in exercise["primary_muscles"]} & acute
            and past.get("rating", 0) >= 0
            and past.get("pain", 0) <= (5 if tendon else 3)
        ):
            return True
    return False


@rule("O01")
def balance_work_is_in_when_due(case: Case) -> Iterator[str]:
    """O01, K06."""
    older = case.age >= 65 and case.kind == "mobility" and case.budget >= 600
    unstable = case.has("ankle_instability") and case.kind != "cooldown"
    if (older or unstable) and not case.of_type("balance") and feasible_balance(case):
        yield "no balance item"


@rule("O03")
def pregnancy_stays_moderate(case: Case) -> Iterator[str]:
    for _, exercise in case.rows if case.has("pregnancy_t1", "pregnancy_t23") else []:
        if exercise["met"] > 6:
            yield f"{exercise['slug']} at {exercise['met']} MET"


@rule("O05")
def both_feet_stay_down(case: Case) -> Iterator[str]:
    for item, exercise in case.rows if case.has("pelvic_girdle_pain") else []:
        if item["position"] == "standing_single_leg":
            yield f"{exercise['slug']} on one leg with pelvic girdle pain"


@rule("O10")
def cardiac_warmups_are_gradual(case: Case) -> Iterator[str]:
    if case.has("cardiac") and case.kind == "warmup":
        seconds = sum(case.length(i) for i, _ in case.rows if i["phase"] == "raise")
        if seconds < 0.25 * case.routine["total_s"]:
            yield f"{seconds} s of raising"


@rule("O12")
def hypermobile_joints_are_not_stretched(case: Case) -> Iterator[str]:
    for _, exercise in case.of_type("static_stretch", "pnf_stretch") if case.has("hypermobility") else []:
        yield exercise["slug"]


def painful_regions(case: Case) -> set[str]:
    """Regions with pain in the last seven days."""
    hurts = {
        region for region, report in (case.past.get("pain") or {}).items()
        if report.get("level", 1) > 0 and report.get("days_since", 0) <= 7
    }  # fmt: skip
    muscles = case.catalog.vocabulary["muscles"]
    for exercise in case.catalog.exercises if case.history else []:
        report = case.history.get(exercise["slug"]) or {}
        if report.get("pain", 0) > 0 and report.get("days_since", 60) <= 7:
            hurts |= {muscles[m]["region"] for m in exercise["primary_muscles"]}
    return hurts


@rule("L02")
def a_painful_region_is_spared(case: Case) -> Iterator[str]:
    """Seven days after a report of pain; and a shorter, softer routine after two that were too hard."""
    hurts = painful_regions(case)
    for _, exercise in case.rows:
        for hazard in exercise["hazards"]:
            if hurts & set(case.catalog.vocabulary["hazards"][hazard].get("regions") or ()):
                yield f"{exercise['slug']} has {hazard} with recent pain in {sorted(hurts)}"
    if case.strained and case.of_type("potentiation"):
        yield "potentiation after two sessions that were too hard"


@rule("K01")
def a_fresh_injury_rests(case: Case) -> Iterator[str]:
    acute = set(case.profile.get("acute_regions") or ())
    muscles = case.catalog.vocabulary["muscles"]
    for _, exercise in case.rows:
        for muscle in exercise["primary_muscles"]:
            if muscles[muscle]["region"] in acute:
                yield f"{exercise['slug']} works the {muscles[muscle]['region']}"
        if acute & LEGS and SHAKEN & set(exercise["hazards"]):
            yield f"{exercise['slug']} loads a leg injured in the last days"


@rule("warnings", "W03")
def warnings_are_given_when_due(case: Case) -> Iterator[str]:
    """W03, S06, K09, N04, O01, O08, O10 and generator.md's list."""
    clock = str(case.request.get("local_time") or "").split("T")[-1][:5]
    gap = case.request.get("gap_s") or 0
    ok = case.routine["status"] == "ok"
    # W03; O10 asks it of a cool-down too, O11 asks for ten minutes.
    asked = case.kind == "warmup" or (case.kind == "cooldown" and case.has("cardiac"))
    least = 600 if case.kind == "warmup" and case.has("exercise_asthma") else 300 if asked else 0
    due = {
        "pain_stop": bool(case.profile.get("conditions") or case.profile.get("soreness") or painful_regions(case)),
        "seek_clearance": case.has(
            "cardiac", "hypertension", "ankle_sprain_acute", "calf_strain", "hamstring_strain_acute", "groin_strain",
            "osteoporosis", "hip_replacement", "concussion_recent", "pregnancy_t1", "pregnancy_t23", "postpartum_early",
        ),
        "refer": not ok,
        "breathe": case.has("hypertension", "cardiac", "pregnancy_t1", "pregnancy_t23"),
        "support": case.has("fall_risk", "vertigo", "neuropathy") or (case.age >= 65 and bool(case.of_type("balance"))),
        "time_too_short": case.budget < least,
        "no_flexion_am": case.has("lumbar_disc") and bool(clock) and clock < "08:00",
        "rewarm": ok and case.kind == "warmup" and gap > 1800,
        "supervise": case.age < 14,
    }  # fmt: skip
    for code, wanted in due.items():
        if wanted and code not in case.routine["warnings"]:
            yield f"{code} is missing"
