"""From the graph's integers to the routine that is shown: items with reasons, warnings, what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from model_export.contract import BLOCKED_BY, PARTS, PLAN
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
    items = [
        _item(catalog, request, dict(zip(PLAN, row, strict=True)), vocabulary, wording, place)
        for place, row in enumerate(plan)
    ]
    referred = bool(outputs["refer"][0])
    return {
        "status": "refer" if referred else "ok",
        "warnings": [
            code for code, due in zip(vocabulary["warnings"], outputs["warnings"], strict=True) if due
        ],
        "total_s": total_s(items),
        "model": f"sha256:{model}",
        "catalog": catalog.release,
        "seed": request.seed,
        "items": items,
        "left_out": [] if referred else _left_out(catalog, request, outputs),
    }


def _item(
    catalog: Catalog,
    request: Request,
    row: Mapping[str, int],
    vocabulary: Vocabulary,
    wording: Mapping[str, Any],
    place: int,
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
        "reason": _reason(catalog, request, exercise, row, wording),
        "rules": _rules(request, exercise, rules),
        "score": row["score"],
        "parts": {part: row[part] for part in PARTS},
    }


def _rules(request: Request, exercise: Document, rules: list[str]) -> list[str]:
    if exercise["type"] == "static_stretch" and request.age >= 65:
        return ["F02" if rule == "F01" else rule for rule in rules]
    if exercise["type"] == "balance":
        return ["K06" if "ankle_instability" in request.conditions else "O01" if request.age >= 65 else "N03"]
    return list(rules)


def _words(catalog: Catalog, request: Request, exercise: Document, wording: Mapping[str, Any]) -> str:
    """At most two of the primary muscles in plain words, the most demanded first."""
    wanted = request.demand[0]
    ordered = sorted(exercise["primary_muscles"], key=lambda m: -wanted.get(m, 0))
    labels = catalog.vocabulary["muscles"]
    words = [wording["muscles"].get(m) or str(labels[m]["label"]).lower() for m in ordered]
    return " and ".join(list(dict.fromkeys(words))[:2])


def _reason(
    catalog: Catalog, request: Request, exercise: Document, row: Mapping[str, int], wording: Mapping[str, Any]
) -> str:
    easy = exercise["type"] == "pulse_raiser" and request.kind == "cooldown"
    start = wording["easy"] if easy else wording["by_type"][exercise["type"]]
    if row["deficits"] > row["demand"]:
        why = "deficits"
    elif row["history"] >= 100:
        why = "history"
    elif any(request.demand[0].get(m, 0) >= 2 for m in exercise["primary_muscles"]):
        why = "demand"
    elif request.activity in exercise["activities"]:
        why = "listed"
    else:
        why = "none"
    label = catalog.activities[request.activity]["label"] if request.activity else "your activity"
    label = str(label).split(" (")[0].split(",")[0]
    sentence = start + wording["because"][why]
    words = _words(catalog, request, exercise, wording)
    return str(sentence.format(muscles=words, activity=label[:1].lower() + label[1:])) + "."


def _left_out(catalog: Catalog, request: Request, outputs: Mapping[str, Array]) -> list[dict[str, str]]:
    """What would have suited best and was kept out: by a condition first, then by a wish of the person."""
    relevance, blocked = outputs["relevance"], outputs["blocked_by"]
    excluded = excluded_hazards(catalog, request.conditions)
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
