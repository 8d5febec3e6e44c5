"""Why a person may not get an exercise, from documents and the request alone: the reasons that can be named.

A cause is a code for programs and a sentence for people. What is not in here (an item scored less than another) is
settled by comparison in `changes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from model_export.contract import HISTORY, STRAINED_AFTER
from model_export.encode import Catalog
from model_export.evidence.reading import Document
from model_export.policy_tables import LEGS, STRAINS
from model_export.request import Request

CAP = {"beginner": 2, "recreational": 3, "trained": 5}
JOLTS = {"impact", "impact_high", "single_leg", "knee_pivot"}
"""What a freshly injured leg is spared, whatever it works."""


@dataclass(frozen=True)
class Cause:
    """Code, the sentence that says it, and what to say once it no longer holds."""

    code: str
    because: str
    over: str


def label(catalog: Catalog, vocabulary: str, code: str) -> str:
    """A code's label inside a sentence, without its remarks: `low back`, `strap or towel`."""
    entry = catalog.conditions[code] if vocabulary == "conditions" else catalog.vocabulary[vocabulary][code]
    text = str(entry["label"]).split(" (")[0]
    return text if vocabulary == "conditions" or text[:2].isupper() else text[:1].lower() + text[1:]


def past(request: Request, slug: str, column: str) -> int:
    """A column of the person's history with an exercise; its default where there is none."""
    row = request.history.get(slug)
    return row[HISTORY.index(column)] if row else {"days_since": 60}.get(column, 0)


def barred(catalog: Catalog, request: Request, exercise: Document) -> Cause | None:
    """The first reason that keeps an exercise from this person, strongest first; None where nothing named does."""
    return next(_bars(catalog, request, exercise), None)


def _bars(catalog: Catalog, request: Request, exercise: Document) -> Iterator[Cause]:
    yield from _own(request, exercise)
    yield from _pain(catalog, request, exercise)
    yield from _conditions(catalog, request, exercise)
    yield from _wishes(catalog, request, exercise)
    yield from _level(request, exercise)


def _own(request: Request, exercise: Document) -> Iterator[Cause]:
    """The person's word on this very exercise; L04."""
    slug = exercise["slug"]
    if past(request, slug, "rating") < 0:
        yield Cause("disliked", "You disliked it.", "You took back your dislike.")
    pain = past(request, slug, "pain")
    if pain > (5 if any(code.endswith("_tendinopathy") for code in request.conditions) else 3):
        yield Cause(
            "pain",
            f"You reported pain of {pain} of 10 with it.",
            "The pain you reported with it is no longer listed.",
        )


def _pain(catalog: Catalog, request: Request, exercise: Document) -> Iterator[Cause]:
    """K01 and L02."""
    works = {catalog.vocabulary["muscles"][muscle]["region"] for muscle in exercise["primary_muscles"]}
    for region in request.acute_regions:
        where = label(catalog, "regions", region)
        over = f"The {where} is no longer freshly injured."
        if region in works:
            yield Cause("injury", f"It works the {where}, injured in the last days.", over)
        elif region in LEGS and JOLTS & set(exercise["hazards"]):
            yield Cause("injury", f"It jolts or loads the {where}, injured in the last days.", over)
    for hazard in exercise["hazards"]:
        for region in catalog.vocabulary["hazards"][hazard].get("regions", ()):
            if region in request.pain_regions:
                where, what = label(catalog, "regions", region), _hazard(catalog, hazard)
                yield Cause(
                    "pain_region", f"You reported pain in the {where} in the last seven days: no {what}.",
                    f"Your report of pain in the {where} is more than seven days old.",
                )  # fmt: skip


def _hazard(catalog: Catalog, hazard: str) -> str:
    words = label(catalog, "hazards", hazard)
    return f"effort of {words[3:]} and more" if words.startswith(">=") else words


def _conditions(catalog: Catalog, request: Request, exercise: Document) -> Iterator[Cause]:
    """The matrix, and what rules O03, O05, O12, K03 and K16 add to it."""
    for code in request.conditions:
        name = label(catalog, "conditions", code)
        over = f"You no longer list {name}."
        for hazard in catalog.conditions[code]["exclude"]:
            if hazard in exercise["hazards"]:
                yield Cause("condition", f"{name}: no {_hazard(catalog, hazard)}.", over)
        held = exercise["type"] in {"static_stretch", "pnf_stretch"}
        hard = code.startswith("pregnancy") and exercise["met"] > 6
        pulled = set(STRAINS.get(code, ())) & set(exercise["primary_muscles"]) and exercise["met"] >= 4.5
        on_one_leg = (
            exercise["positions"][0] == "standing_single_leg" and "seated_only" not in request.constraints
        )
        one_leg = code == "pelvic_girdle_pain" and on_one_leg
        if (code == "hypermobility" and held) or hard or pulled or one_leg:
            yield Cause("condition", f"{name}: it is left out.", over)


def _wishes(catalog: Catalog, request: Request, exercise: Document) -> Iterator[Cause]:
    hazards, floor = set(exercise["hazards"]), catalog.vocabulary["floor_positions"]
    against = {
        "no_floor": "floor_transfer" in hazards or exercise["positions"][0] in floor,
        "no_kneel": "kneeling" in hazards,
        "no_jump": bool(hazards & {"impact", "impact_high"}),
        "seated_only": "seated_chair" not in exercise["positions"],
        "small_space": "travel" in hazards,
        "no_equipment": bool(set(exercise["equipment"]) - {"wall", "none"}),
    }
    for code in request.constraints:
        if against.get(code):
            wish = label(catalog, "constraints", code)
            yield Cause(
                "constraint", f"It does not suit your wish: {wish}.", f"You no longer ask for it: {wish}."
            )
    for code in exercise["equipment"]:
        if code not in {*request.equipment, "wall", "none"}:
            thing = label(catalog, "equipment", code)
            yield Cause(
                "equipment",
                f"It needs what you do not have at hand: {thing}.",
                f"You have it at hand now: {thing}.",
            )


def _level(request: Request, exercise: Document) -> Iterator[Cause]:
    """U05, N04, P01, P02, S05, and L02's softer routine."""
    strained = request.strain >= STRAINED_AFTER
    quick = exercise["type"] == "potentiation"
    swing = "ballistic" in exercise["hazards"]
    cap = CAP[request.level]
    if exercise["difficulty"] > cap or (request.level == "beginner" and (quick or swing)):
        yield Cause("level", "It is more than your level takes.", "Your level takes it now.")
    if request.age < 14 and (exercise["difficulty"] > 3 or quick):
        yield Cause("age", "It is not for people under 14.", "You are old enough for it now.")
    if request.age >= 60 and swing:
        yield Cause("age", "Fast swings are left out from 60 on.", "Your age allows it.")
    if strained and (exercise["difficulty"] > 3 or quick):
        yield Cause(
            "strain", "The last sessions were harder than planned.", "The last session went as planned."
        )
    if quick and "isometric_hold" in exercise["hazards"] and request.gap_s < 180:
        yield Cause(
            "gap",
            "It needs three minutes of rest before the start.",
            "There is enough time before the start.",
        )
