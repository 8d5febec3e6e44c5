"""Warmup Generator (French, CC BY 4.0): seven coarse zones, free-text repetitions, contraindicated zones as hints."""

import re

from server.catalog.importing import french, words
from server.catalog.importing.facts import (
    Field,
    Licence,
    Read,
    Record,
    Refusal,
    begins,
    digest,
    first_of,
    guessed,
    mapped,
    refused,
)
from server.catalog.importing.reading import FieldInvalid, Files, ImportInvalid, Row, json_of, line, sentences

SOURCE = "https://warmup-generator.com"
CATEGORIES = ("articulaire", "activation", "ciblé")
EQUIPMENT: dict[str, list[str] | None] = {
    "aucun": [],
    "elastique": ["band"],
    "haltere": ["dumbbell"],
    "barre": ["barbell"],
    "poulie": None,
}
LEVEL = {"soft": 1, "moderate": 2}
HEADER = ("name", "license", "attribution", "exercises")


def read(files: Files) -> Read:
    """Records of the one JSON file given: an object with the set's licence and its exercises."""
    if len(files) != 1:
        raise ImportInvalid(f"warmup-generator is one file; given: {', '.join(sorted(files))}")
    name, body = next(iter(files.items()))
    content = json_of(name, body)
    if not isinstance(content, dict) or not isinstance(content.get("exercises"), list):
        raise ImportInvalid(f"{name}: must hold an object with {', '.join(HEADER)}; exercises must be a list")
    licence = _licence(name, content)
    for number, entry in enumerate(content["exercises"], start=1):
        where = f"{name}, record {number}"
        try:
            yield _record(Row(where, entry), licence)
        except FieldInvalid as error:
            said = entry.get("id") if isinstance(entry, dict) else None
            yield Refusal(str(said or number)[:80], where, "", "malformed", str(error))


def _licence(name: str, content: dict[str, object]) -> Licence:
    code, by = content.get("license"), content.get("attribution")
    if not isinstance(code, str) or not isinstance(by, str) or not code.startswith("CC-BY"):
        raise ImportInvalid(f"{name}: license and attribution: must name a CC-BY licence and whom to credit")
    code = line(code)[:40]
    url = "https://creativecommons.org/licenses/by/4.0/" if code == "CC-BY-4.0" else ""
    return Licence(code, code.replace("-", " ", 1), url, line(by)[:300], SOURCE)


def _record(row: Row, licence: Licence) -> Record | Refusal:
    ident, name = row.text("id"), row.text("name")
    category = row.one_of("category", CATEGORIES)
    tool = str(row.one_of("equipment", tuple(EQUIPMENT)))
    zones, focus = row.words("muscles"), row.words("prepFocus", needed=False)
    steps = sentences(row.text("description", needed=False, most=5000))
    called, unknown = french.english(name)
    text = f"{name}. {' '.join(steps)}"
    codes = EQUIPMENT[tool]
    if codes is None or re.search(r"machine|banc à lombaires", text, re.I):
        return Refusal(ident, row.where, name, "equipment", "needs a cable or a machine")
    reps, intensity = row.text("reps", needed=False), row.text("prepIntensity", needed=False)
    asked = french.dose(reps)
    fields = [
        _name(name, called, unknown),
        _type(name, category),
        _laterality(text, asked),
        _muscles(name, zones, focus),
        guessed("secondary_muscles", [], "", "seven coarse zones tell no more"),
        *_moves(name, row.words("joints", needed=False)),
        *_position(text),
        mapped("equipment", codes, tool)
        if codes
        else guessed("equipment", _named_equipment(text), tool, "the set has only weights and bands"),
        guessed("difficulty", LEVEL.get(intensity, 2), intensity, "prepIntensity says how hard it feels"),
        *_dose(reps, asked),
        refused("cue", begins(steps), "French; a person says it in English and German"),
        refused(
            "hazards", ", ".join(row.words("contraindications", needed=False)),
            "zones to spare are hints for the physiotherapist, not hazards",
        ),
    ]  # fmt: skip
    return Record(
        ident, row.where, called if not unknown else name, licence, tuple(fields), language="fr", source_name=name,
        names=(name,), steps=tuple(steps), digest=digest(row.data),
    )  # fmt: skip


def _name(name: str, called: str, unknown: list[str]) -> Field:
    if unknown:
        return guessed(
            "name", name, name, f"French: no English for {', '.join(unknown)}; wants a translation"
        )
    return guessed("name", called, name, "put together from French terms")


def _type(name: str, category: str | None) -> Field:
    if fit := words.first_fit(french.TYPES, name):
        return guessed("type", fit[0], name, f"the name says “{fit[1]}”")
    if category == "articulaire":
        return mapped("type", "mobility", category)
    return guessed("type", "activation", str(category), "neither a stretch nor a joint movement by its name")


def _laterality(text: str, asked: french.Dose | None) -> Field:
    if re.search(r"\balternez|\balternée?s?\b|puis à (gauche|droite)|de gauche à droite", text, re.I):
        return guessed("laterality", "alternating", "alternez", "the text says that the sides take turns")
    if asked and asked.each:
        return mapped("laterality", "unilateral", "de chaque côté", "the dose is for each side")
    return guessed("laterality", "bilateral", "", "the dose speaks of no side")


def _muscles(name: str, zones: list[str], focus: list[str]) -> Field:
    if strange := [zone for zone in zones if zone not in french.ZONES]:
        raise FieldInvalid(f"muscles: {strange[0][:40]!r} is not one of {', '.join(french.ZONES)}")
    if fit := next(((p, c) for p, c in french.NAMED if re.search(p, name, re.I)), None):
        return guessed("primary_muscles", fit[1], ", ".join(zones), "the name says it better than the zone")
    by_focus = first_of([code for each in focus for code in french.FOCUS.get(each, [])])
    if by_focus:
        return guessed("primary_muscles", by_focus[:3], ", ".join(focus), "prepFocus is finer than the zones")
    codes = first_of([code for zone in zones for code in french.ZONES[zone]])
    return guessed("primary_muscles", codes, ", ".join(zones), "seven coarse zones for 36 muscles")


def _moves(name: str, joints: list[str]) -> list[Field]:
    motion = words.first_fit(french.MOTIONS, name)
    known = [french.JOINTS[joint] for joint in joints if joint in french.JOINTS]
    if not motion or not known:
        return []
    return [
        guessed(
            "moves",
            [f"{joint}.{motion[0]}" for joint in known],
            ", ".join(joints),
            "joint and movement by name",
        )
    ]


def _position(text: str) -> list[Field]:
    if fit := words.first_fit(french.POSITIONS, text):
        return [guessed("positions", [fit[0]], fit[1], f"the text says “{fit[1]}”")]
    return []


def _named_equipment(text: str) -> list[str]:
    return [code for pattern, code in french.EQUIPMENT if re.search(pattern, text, re.I)]


def _dose(said: str, asked: french.Dose | None) -> list[Field]:
    """The dose as far as the text goes: seconds at once, repetitions without the pace that the type will give."""
    if asked is None:
        return [refused("dose", said, "no number can be read from it")] if said else []
    if asked.seconds is not None:
        dose = {"mode": "time", "reps": None, "sec_per_rep": None, "work_s_per_side": asked.seconds}
        return [mapped("dose", dose, said)]
    return [mapped("dose", {"mode": "reps", "reps": asked.reps}, said)]
