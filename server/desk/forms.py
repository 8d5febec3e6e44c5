"""The typed forms of the desk: which fields each kind of document shows. What has none is edited as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from server.catalog import abouts, guides, programs
from server.catalog.claims import LANGUAGES
from server.catalog.content import CUE_CHARACTERS, NAME_CHARACTERS
from server.catalog.merging import changes
from server.catalog.shapes import Document
from server.desk import forms_activity, forms_media, forms_motion, forms_vocabulary
from server.desk.fields import NONE, Field, Group, Sent, Unplaced, json_value, parse
from server.desk.words import Words
from sync.canonical import Key

MAY_BE_NONE: Final = ("hazards", "equipment", "secondary_muscles")
TYPED: Final = (
    "exercise", "guide", "condition", "about", "program", "activity", "vocabulary", "media", "motion",
)  # fmt: skip


class Unreadable(ValueError):
    """What was sent cannot be made a document of; the message says why, `field` is where on the page.

    `data`: what could be read of it.
    """

    def __init__(self, why: str, field: str = "json", data: Document | None = None) -> None:
        super().__init__(why)
        self.field = field
        self.data = data


def groups(key: Key, data: Document, known: Words, exercise: Document | None) -> list[Group] | None:
    """The form of a document; None for what is edited as JSON. `exercise`: the one that a guide belongs to."""
    collection, record_id = key
    if collection == "exercise":
        return _exercise(data, known)
    if collection == "guide":
        return _guide(data, known, exercise)
    if collection == "condition":
        return _condition(data, known)
    if collection == "about":
        return _about(data)
    if collection == "program":
        return _program(data, known)
    if collection == "activity":
        return forms_activity.groups(data, known)
    if collection == "vocabulary":
        return forms_vocabulary.groups(record_id, data, known)
    if collection == "media":
        return forms_media.groups(data)
    if collection == "motion":
        return forms_motion.groups(data)
    return None


def read_form(key: Key, before: Document, known: Words, exercise: Document | None, sent: Sent) -> Document:
    """What a sent form makes of the data. Raises Unreadable for JSON that is none, and for a place that is none."""
    collection, record_id = key
    form = groups(key, before, known, exercise)
    if form is None or sent("json"):
        return read_json((sent("json") or [""])[0])
    data = parse(form, before, sent)
    if collection == "exercise":
        _order_positions(data, (sent("default_position") or [""])[0])
    elif collection == "guide":
        _tidy_notes(data)
    elif collection == "condition":
        for name in ("exclude", "limit"):
            chosen = [code for code in known.codes("hazards") if sent(f"hazard.{code}") == [name]]
            kept = [
                code for code in before.get(name, []) if code in chosen or code not in known.codes("hazards")
            ]
            data[name] = kept + [code for code in chosen if code not in kept]
    elif collection == "program":
        _change_parts(data, (sent("new_part") or [""])[0], sent("drop_part"))
    elif collection in ("vocabulary", "media"):
        try:
            if collection == "media":
                forms_media.finish(data, sent)
            else:
                forms_vocabulary.finish(record_id, data, sent)
        except Unplaced as wrong:
            raise Unreadable(str(wrong), wrong.field, data) from None
    return data


def read_json(text: str) -> Document:
    """An object from JSON text. Raises Unreadable."""
    try:
        data = json_value(text)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    if not isinstance(data, dict):
        raise Unreadable("must be an object, in braces")
    return data


def as_json(data: Document | None) -> str:
    """JSON as people edit it."""
    return json.dumps(data, ensure_ascii=False, indent=2)


def same(one: Document | None, other: Document | None) -> bool:
    """Whether two versions are one."""
    return not changes(one, other)


def new_document(collection: str, record_id: str) -> Document:
    """What a new document begins as: its id in the field that repeats it."""
    if collection in ("exercise", "guide", "motion", "media"):
        return {"slug": record_id}
    if collection == "about":
        kind, _, code = record_id.partition(".")
        return {"kind": kind, "code": code}
    if collection == "vocabulary":
        return {"order": [], "entries": {}}
    return {"code": record_id}


# --- exercise --------------------------------------------------------------------------------------------


def _exercise(data: Document, known: Words) -> list[Group]:
    def codes(path: str, label: str, vocabulary: str, hint: str = "") -> Field:
        had = data.get(path)
        beside = [each for each in had if isinstance(each, str)] if isinstance(had, list) else []
        options = known.options(vocabulary, beside)
        if path not in data and path in MAY_BE_NONE:
            options.append((NONE, "None of these: I looked"))
        return Field(path, label, "boxes", options, hint)

    def one(path: str, label: str, vocabulary: str, hint: str = "") -> Field:
        had = data.get(path)
        options = [("", "Choose"), *known.options(vocabulary, [had] if isinstance(had, str) and had else [])]
        return Field(path, label, "choice", options, hint)

    modes = [("", "Choose"), ("time", "for a time"), ("reps", "for a number of times")]
    positions = data.get("positions")
    return [
        Group("In a line", [
            Field("name", "Name", limits=(2, NAME_CHARACTERS)),
            Field("cue", "Cue", "area", limits=(10, CUE_CHARACTERS),
                  hint="One sentence of 5 to 18 words. A stretch says to stop at a gentle pull, never pain."),
        ]),
        Group("What it is", [
            one("type", "Type", "types"), one("laterality", "Sides", "laterality"),
            Field("difficulty", "Difficulty", "whole", hint="1 is easiest, 5 hardest."),
            Field("met", "MET", "number", hint="From 6 on it is high intensity."),
        ], columns=3),
        Group("Dose", [
            Field("dose.mode", "Counted", "choice", modes),
            Field("dose.reps", "Times", "whole", nullable=True, hint="Empty when counted by time."),
            Field("dose.sec_per_rep", "Seconds each", "number", nullable=True, hint="Empty when counted by time."),
            Field("dose.work_s_per_side", "Seconds a side", "whole"),
            Field("dose.sides", "Number of sides", "whole", hint="2 for one side after the other, else 1."),
        ], columns=3),
        Group("Hazards", [codes("hazards", "What it asks of the body", "hazards",
                                "What could be wrong for somebody. A physio reviews every change here.")]),
        Group("Positions and kit", [
            codes("positions", "Positions", "positions", "All in which it can be done."),
            codes("equipment", "Equipment", "equipment", "Nothing where nothing is needed."),
        ], extra={"default_position": positions[0] if isinstance(positions, list) and positions else "",
                  "options": known.options("positions")}),
        Group("Place in a routine", [codes("phases", "Phases", "phases"),
                                     codes("activities", "Activities that it suits", "activity")]),
        Group("Muscles and moves", [
            codes("primary_muscles", "Primary muscles", "muscles"),
            codes("secondary_muscles", "Secondary muscles", "muscles"), codes("moves", "Moves", "moves"),
        ], folded=True),
    ]  # fmt: skip


def _order_positions(data: Document, default: str) -> None:
    """The first position is the one that is drawn and that the hazards are judged by."""
    positions = data.get("positions")
    if default and isinstance(positions, list):
        data["positions"] = [default, *(each for each in positions if each != default)]


# --- guide -----------------------------------------------------------------------------------------------


def _guide(data: Document, known: Words, exercise: Document | None) -> list[Group]:
    def pair(path: str, label: str, kind: str = "area", most: int = 1, hint: str = "") -> list[Field]:
        limits = guides.LENGTHS[path.partition(".")[0]]
        return [
            Field(f"text.{code}.{path}", label, kind, limits=limits, most=most, hint=hint, language=code)
            for code in LANGUAGES
        ]

    hazards = _hazards_of(data, exercise)
    notes = [each for code in hazards for each in pair(f"safety.{code}", known.label("hazards", code))]
    of_exercise = set(exercise.get("hazards", []) if exercise else [])
    stale = [code for code in hazards if code not in of_exercise]
    told = "One note for each hazard of the exercise, said for this exercise."
    if stale:
        told += f" No longer a hazard of it: {', '.join(stale)}. Empty these."
    return [
        Group("In German", [
            Field("text.de.name", "Name", limits=guides.LENGTHS["name"], language="de"),
            Field("text.de.cue", "Cue", "area", limits=guides.LENGTHS["cue"], language="de"),
        ], columns=2, hint="The English name and cue are the exercise’s own."),
        Group("What it is for", pair("purpose", "Purpose"), pairs=True),
        Group("Steps", pair("steps", "Step", "lines", guides.STEPS[-1]), pairs=True,
              hint="Set-up first, then the movement, then how it ends. No numbers of the dose."),
        Group("What you feel", pair("feel", "Feel"), pairs=True),
        Group("Common mistakes", pair("mistakes", "Mistake", "lines", guides.MISTAKES[-1]), pairs=True),
        Group("Breathing", pair("breathing", "Breathing"), pairs=True),
        Group("Safety", notes, pairs=True, hint=told if notes else "This exercise has no hazard: no note is needed."),
        Group("Easier and harder", [
            Field("easier", "Easier", "link", nullable=True, hint="Slug of the easier exercise of the same family."),
            Field("harder", "Harder", "link", nullable=True, hint="Slug of the harder one."),
        ], columns=2),
    ]  # fmt: skip


def _hazards_of(data: Document, exercise: Document | None) -> list[str]:
    found: list[str] = [*(exercise.get("hazards", []) if exercise else [])]
    text = data.get("text")
    for words in text.values() if isinstance(text, dict) else ():
        notes = words.get("safety") if isinstance(words, dict) else None
        found += [code for code in notes if code not in found] if isinstance(notes, dict) else []
    return [code for code in found if isinstance(code, str) and "." not in code]


def _tidy_notes(data: Document) -> None:
    """A note that was emptied is gone, and a text that has anything has its object of notes."""
    text = data.get("text")
    for words in text.values() if isinstance(text, dict) else ():
        if isinstance(words, dict):
            notes = words.get("safety")
            words["safety"] = {c: n for c, n in notes.items() if n} if isinstance(notes, dict) else {}


# --- condition, about ------------------------------------------------------------------------------------


def _condition(data: Document, known: Words) -> list[Group]:
    chosen = {code: name for name in ("limit", "exclude") for code in data.get(name) or ()}
    return [
        Group("Condition", [Field("label", "Label")]),
        Group("Hazards", matrix=True, extra={"chosen": chosen, "options": known.options("hazards")},
              hint="Excluded: never offered. Limited: offered less, with a word of care. A physio reviews it."),
    ]  # fmt: skip


def _about(data: Document) -> list[Group]:
    def pair(path: str, label: str) -> list[Field]:
        limits = abouts.LENGTHS[path]
        return [
            Field(f"text.{code}.{path}", label, "area", limits=limits, language=code) for code in LANGUAGES
        ]

    found = [
        Group("Label", pair("label", "Label"), pairs=True),
        Group("What it is", pair("about", "About"), pairs=True),
        Group("Why we ask", pair("why", "Why"), pairs=True),
    ]
    if data.get("kind") == "rule" or "citations" in data:
        found.append(Group("Evidence", [Field("citations", "Citation", "lines", most=8)]))
    return found


# --- program ---------------------------------------------------------------------------------------------


def _program(data: Document, known: Words) -> list[Group]:
    def pair(path: str, label: str) -> list[Field]:
        limits = programs.LENGTHS[path.rpartition(".")[2]]
        return [
            Field(f"text.{code}.{path}", label, "area", limits=limits, language=code) for code in LANGUAGES
        ]

    def codes(path: str, label: str, vocabulary: str, had: Any) -> Field:
        beside = [each for each in had if isinstance(each, str)] if isinstance(had, list) else []
        return Field(path, label, "boxes", known.options(vocabulary, beside))

    parts = data.get("parts")
    parts = {c: p for c, p in parts.items() if isinstance(p, dict)} if isinstance(parts, dict) else {}
    found = [
        Group("In words", [*pair("name", "Name"), *pair("summary", "Summary"), *pair("who", "For whom")], pairs=True),
        Group("Weeks", [
            Field("weeks", "Sessions", "weeks", hint="A line a week, parts and minutes: neck 4, hips 5"),
            Field("rank", "Rank", "whole", hint="The order in which programs are shown, from 1 to 999."),
        ]),
    ]  # fmt: skip
    for code, part in parts.items():
        here = f"parts.{code}"
        found += [
            Group(f"Part: {code}", [
                Field(f"{here}.kind", "Kind", "choice", [("", "Choose"), *known.options("kinds")]),
                Field(f"{here}.activity", "Activity", "choice", [("", "Choose"), *known.options("activity")]),
                codes(f"{here}.focus", "Focus", "regions", part.get("focus")),
                codes(f"{here}.wishes", "Wishes", "constraints", part.get("wishes")),
            ]),
            Group(f"Part: {code}, in words", [*pair(f"{here}.name", "Name"), *pair(f"{here}.why", "Why")], pairs=True),
        ]  # fmt: skip
    found += [
        Group("Parts", extra={"parts": [(code, code) for code in parts]}),
        Group("Conditions", [
            codes("suits", "Made for", "condition", data.get("suits")),
            codes("unsuited", "Not offered with", "condition", data.get("unsuited")),
        ], folded=True),
    ]  # fmt: skip
    return found


def _change_parts(data: Document, new: str, dropped: list[str]) -> None:
    """Begin a part, or leave some out, in the plan and in each language."""
    text = data.get("text")
    places = (
        [data, *(words for words in text.values() if isinstance(words, dict))]
        if isinstance(text, dict)
        else [data]
    )
    for place in places:
        parts = place.get("parts")
        for code in dropped:
            if isinstance(parts, dict):
                parts.pop(code, None)
    if new and "." not in new and isinstance(data.setdefault("parts", {}), dict):
        data["parts"].setdefault(new, {"kind": "", "activity": "", "focus": [], "wishes": []})


def pairs_of(group: Group) -> Sequence[tuple[Field, Field]]:
    """The fields of a group with `pairs`, two by two."""
    return list(zip(group.fields[::2], group.fields[1::2], strict=True))
