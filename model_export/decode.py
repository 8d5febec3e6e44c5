"""From the graph's integers to the routine that is shown: items with reasons, warnings, what was left out and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from model_export.contract import BLOCKED_BY, BUDGET_MIN_S, PARTS, PLAN, STRAINED_AFTER, STRAINED_PERCENT
from model_export.encode import Array, Catalog, Document, Vocabulary, excluded_hazards
from model_export.request import Request

LEFT_OUT_MOST = 6


def total_s(items: list[dict[str, Any]]) -> int:
    """Sum of sets (work x sides + 5 (sides - 1)) + rest (sets - 1) + transition, seconds."""
    return sum(
        item["sets"] * (item["work_s_per_side"] * item["sides"] + 5 * (item["sides"] - 1))
        + item["rest_s"] * (item["sets"] - 1)
        + item["transition_s"]
        for item in items
    )


def decode(
    catalog: Catalog,
    request: Request,
    outputs: Mapping[str, Array],
    vocabulary: Vocabulary,
    wording: Mapping[str, Any],
    model: str,
) -> dict[str, Any]:
    """The JSON of generator.md from the graph's outputs."""
    plan = [row for row in outputs["plan"].tolist() if row[0] >= 0]
    told: set[str] = set()
    items = [
        _item(catalog, request, dict(zip(PLAN, row, strict=True)), vocabulary, wording, place, told)
        for place, row in enumerate(plan)
    ]
    referred = bool(outputs["refer"][0])
    return {
        "status": "refer" if referred else "ok",
        "warnings": [
            code for code, due in zip(vocabulary["warnings"], outputs["warnings"], strict=True) if due
        ],
        "budget_s": planned_s(request),
        "total_s": total_s(items),
        "model": f"sha256:{model}",
        "catalog": catalog.release,
        "seed": request.seed,
        "items": items,
        "missing": {} if referred else _missing(catalog, request, items),
        "left_out": [] if referred else _left_out(catalog, request, outputs),
    }


def planned_s(request: Request) -> int:
    """Seconds that the routine is planned for (L02)."""
    strained = request.strain >= STRAINED_AFTER
    return max(request.budget_s * STRAINED_PERCENT // 100, BUDGET_MIN_S) if strained else request.budget_s


def _missing(catalog: Catalog, request: Request, items: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The most demanded muscles and movements that no item answers."""
    done = [catalog.exercises[catalog.places[item["slug"]]] for item in items]
    found = {}
    for name, demand, field in (
        ("muscles", request.demand[0], "primary_muscles"), ("moves", request.demand[1], "moves"),
    ):  # fmt: skip
        answered = {code for exercise in done for code in exercise[field]}
        found[name] = sorted(code for code, n in demand.items() if n == 3 and code not in answered)
    return found


def _item(
    catalog: Catalog,
    request: Request,
    row: Mapping[str, int],
    vocabulary: Vocabulary,
    wording: Mapping[str, Any],
    place: int,
    told: set[str],
) -> dict[str, Any]:
    exercise = catalog.exercises[row["item"]]
    # Easy movement is there for what opens the kind: W02, C04, F05 or C09.
    opens = place == 0 or exercise["type"] == "pulse_raiser"
    rules = wording["rules_of_opening"][request.kind] if opens else wording["rules_by_type"][exercise["type"]]
    return {
        "slug": exercise["slug"],
        "phase": vocabulary["phases"][row["phase"]],
        "position": vocabulary["positions"][row["position"]],
        "sets": row["sets"],
        "work_s_per_side": row["work_s"],
        "sides": row["sides"],
        "reps": row["reps"] or None,
        "rest_s": row["rest_s"],
        "transition_s": row["transition_s"],
        "reason": _reason(catalog, request, exercise, row, wording, told),
        "rules": _rules(request, exercise, rules),
        "propensity": round(1 / row["drawn_from"], 6),
        "score": row["score"],
        "parts": {part: row[part] for part in PARTS},
    }


def _rules(request: Request, exercise: Document, rules: list[str]) -> list[str]:
    if exercise["type"] == "static_stretch" and request.age >= 65:
        return ["F02" if rule == "F01" else rule for rule in rules]
    if exercise["type"] == "balance":
        return ["K06" if "ankle_instability" in request.conditions else "O01" if request.age >= 65 else "N03"]
    return list(rules)


def _words(catalog: Catalog, muscles: Iterable[str], wording: Mapping[str, Any]) -> str:
    """At most two muscles in plain words."""
    labels = catalog.vocabulary["muscles"]
    words = [wording["muscles"].get(m) or str(labels[m]["label"]).lower() for m in muscles]
    return " and ".join(list(dict.fromkeys(words))[:2])


def _spoken(catalog: Catalog, request: Request, wording: Mapping[str, Any]) -> str:
    """The activity as one says it in a sentence: its `spoken` words, else its label up to the first / ( or comma."""
    if request.activity is None:
        return str(wording["yours"])
    activity = catalog.activities[request.activity]
    return str(activity.get("spoken") or re.split(r"[/(,]", str(activity["label"]))[0].strip())


def _reason(
    catalog: Catalog,
    request: Request,
    exercise: Document,
    row: Mapping[str, int],
    wording: Mapping[str, Any],
    told: set[str],
) -> str:
    """A sentence: what the item does, and the first true of why it is here. `told` holds the codes, types and
    whys of the reasons before; it grows."""
    kind, demand = exercise["type"], {**request.demand[0], **request.demand[1]}
    ordered = sorted(exercise["primary_muscles"], key=lambda m: -demand.get(m, 0))
    wanted = [m for m in ordered if demand.get(m, 0) >= 2]
    new = [m for m in wanted if m not in told]
    moves = [m for m in exercise["moves"] if demand.get(m, 0) >= 2 and m not in told]
    asked = {*request.deficit_muscles, *request.deficit_moves}
    pulse = kind == "pulse_raiser"
    start = wording["by_type"][kind]
    if pulse and request.kind == "cooldown":
        start = wording["easy"]
    elif pulse and kind in told and request.kind == "warmup":
        start = wording["step_up"]
    if row["deficits"] > 0 and asked & {*exercise["primary_muscles"], *exercise["moves"]} and not pulse:
        why = "deficits"
    elif row["history"] >= 100:
        why = "history"
    elif pulse or kind in ("breathing", "skill_drill", "potentiation"):
        why = "none"
    elif new:
        why = "worked" if request.kind == "cooldown" else "demand"
    elif moves and request.kind != "cooldown":
        why = "move"
    elif wanted and "again" not in told:
        why = "again"
    else:
        why = "listed" if request.activity in exercise["activities"] else "none"
    told.update([] if pulse else [*new, *moves], [kind, why])
    words = _words(catalog, new or ordered, wording)
    sentence = start + wording["because"][why]
    labels = catalog.vocabulary["moves"]
    move = next((wording["moves"].get(m) or str(labels[m]["label"]).lower() for m in moves), "")
    return str(sentence.format(muscles=words, moves=move, activity=_spoken(catalog, request, wording))) + "."


def _left_out(catalog: Catalog, request: Request, outputs: Mapping[str, Array]) -> list[dict[str, str]]:
    """What would have suited best and was kept out: by a condition first, then by a wish of the person."""
    relevance, blocked = outputs["relevance"], outputs["blocked_by"]
    excluded = excluded_hazards(catalog, request)
    found: list[dict[str, str]] = []
    for bit in ("condition", "constraint"):
        hit = np.flatnonzero((blocked & BLOCKED_BY[bit] > 0) & (relevance > 0))
        for i in sorted(hit, key=lambda j: (-int(relevance[j]), int(j)))[:LEFT_OUT_MOST]:
            exercise = catalog.exercises[int(i)]
            because = _because(catalog, request, exercise, excluded, bit)
            if all(entry["slug"] != exercise["slug"] for entry in found):
                found.append({"slug": exercise["slug"], "because": because})
    return found[:LEFT_OUT_MOST]


def _because(
    catalog: Catalog, request: Request, exercise: Document, excluded: Mapping[str, str], bit: str
) -> str:
    if bit == "constraint":
        return ", ".join(c for c in request.constraints if _forbids(catalog, c, exercise)) or "constraint"
    for hazard in exercise["hazards"]:
        if hazard in excluded:
            return f"{excluded[hazard]}: {hazard}"
    muscles = catalog.vocabulary["muscles"]
    for muscle in exercise["primary_muscles"]:
        if muscles[muscle]["region"] in request.acute_regions:
            return f"injured in the last days: {muscles[muscle]['region']}"
    if request.history.get(exercise["slug"], (0,) * 6)[-1] > 0:
        return "you reported pain"
    return f"{request.conditions[0]}: {exercise['type']}" if request.conditions else "condition"


def _forbids(catalog: Catalog, constraint: str, exercise: Document) -> bool:
    hazards, floor = set(exercise["hazards"]), catalog.vocabulary["floor_positions"]
    return {
        "no_floor": "floor_transfer" in hazards or exercise["positions"][0] in floor,
        "no_kneel": "kneeling" in hazards,
        "no_jump": bool(hazards & {"impact", "impact_high"}),
        "seated_only": "seated_chair" not in exercise["positions"],
        "small_space": "travel" in hazards,
        "no_equipment": bool(set(exercise["equipment"]) - {"wall"}),
    }.get(constraint, False)
