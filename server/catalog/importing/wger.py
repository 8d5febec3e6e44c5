"""wger's fixtures (exercise-base-data.json, translations.json and their small tables), licence by licence.

Most of it is share-alike: its facts become a draft, its sentences stay with the import's record, never in a guide.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from server.catalog.importing import words
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
from server.catalog.importing.reading import (
    FieldInvalid,
    Files,
    ImportInvalid,
    Row,
    json_of,
    line,
    pick,
    sentences,
    the_list,
)

SOURCE = "https://wger.de"
LICENCES = {
    "CC-BY-SA 3": "CC-BY-SA-3.0",
    "CC-BY-SA 4": "CC-BY-SA-4.0",
    "CC0": "CC0-1.0",
    "CC-BY 4": "CC-BY-4.0",
    "ODbL": "ODbL-1.0",
}
# By wger's number, with whether the muscle is just ours: trapezius and erector spinae are two of ours each.
MUSCLES: dict[int, tuple[str, bool]] = {
    1: ("biceps", True), 2: ("delts_front", True), 3: ("serratus", True), 4: ("pecs", True), 5: ("triceps", True),
    6: ("abs", True), 7: ("gastroc", True), 8: ("glute_max", True), 9: ("upper_traps", False), 10: ("quads", True),
    11: ("hamstrings", True), 12: ("lats", True), 13: ("biceps", True), 14: ("obliques", True), 15: ("soleus", True),
    16: ("lumbar_extensors", False),
}  # fmt: skip
EQUIPMENT = {
    1: "barbell", 3: "dumbbell", 4: "mat", 5: "swiss_ball", 6: "pullup_bar", 7: "", 8: "bench", 10: "kettlebell",
    11: "band",
}  # fmt: skip
OTHER_EQUIPMENT = {2: "an EZ bar", 9: "an incline bench", 12: "a cable machine"}
CARDIO = 15
LIGHT = {"", "mat", "band", "swiss_ball"}
# The category says strength of most; these words in the name say that it is ours all the same.
OURS = re.compile(
    r"stretch|estiramiento|dehnung|étirement"
    r"|\bpose\b|foam ?roll|black ?roll|\bcircles?\b|\bmobility\b|\brotations?\b(?! machine)"
    r"|cat[- ]?cow|cow[- ]cat"
    r"|pigeon|cobra|sphinx|bretzel|pancake\b(?! good)|neck|head (turns?|tilts?)|leg swings?|wall (slides?"
    r"|angels?|drills?)"
    r"|open book|elephant walk|dislocate|\brocks\b|sit & reach|toe touch|roll down|ankle roll|prayer"
    r"|child'?s|chin tuck",
    re.I,
)
BARRED = re.compile(
    r"cable|machine|dumbbell|barbell|landmine|\bDB\b|trx|nb\b|weighted|smith|pull-?up|chin-?up|polea", re.I
)
NOT_ONE = re.compile(
    r"\brest\b|cardio session|meditaci|interval training|zone 2|sprints|shadow training|bag training", re.I
)


def read(files: Files) -> Read:
    """Records of the fixtures; muscles and equipment by the numbers that all of wger's installations share."""
    tables = {
        name: list(_rows(files, f"{name}.json", model))
        for name, model in (("licenses", "core.license"), ("languages", "core.language"))
    }
    licences = {pk: _licence(row) for pk, row in tables["licenses"]}
    english = next((pk for pk, row in tables["languages"] if row.data.get("short_name") == "en"), None)
    if english is None:
        raise ImportInvalid("languages.json: no record has the short_name en")
    said, aliases = _translations(files, english)
    for pk, row in _rows(files, "exercise-base-data.json", "exercises.exercise"):
        try:
            yield _record(pk, row, said.get(pk, []), aliases, licences)
        except FieldInvalid as error:
            yield Refusal(str(row.data.get("uuid") or pk)[:80], row.where, "", "malformed", str(error))


def _rows(files: Files, wanted: str, model: str) -> list[tuple[int, Row]]:
    """(pk, fields) of the records of a model. Django's fixtures have the same frame all over."""
    name, body = pick(files, wanted)
    found = []
    for number, entry in enumerate(the_list(name, json_of(name, body)), start=1):
        where = f"{name}, record {number}"
        if not isinstance(entry, dict) or not isinstance(entry.get("fields"), dict):
            raise ImportInvalid(f"{where}: fields: must be an object, as in a Django fixture")
        if entry.get("model") != model:
            continue
        if type(entry.get("pk")) is not int:
            raise ImportInvalid(f"{where}: pk: must be a whole number")
        found.append((entry["pk"], Row(where, entry["fields"])))
    return found


def _licence(row: Row) -> tuple[str, str, str]:
    try:
        short, full, url = row.text("short_name"), row.text("full_name"), row.text("url", needed=False)
    except FieldInvalid as error:
        raise ImportInvalid(f"{row.where}: {error}") from None
    return LICENCES.get(short, short.replace(" ", "-")), full, url


def _translations(
    files: Files, english: int
) -> tuple[dict[int, list[tuple[int, Row]]], dict[int, list[str]]]:
    """English translations by exercise, other names by translation."""
    by_exercise: dict[int, list[tuple[int, Row]]] = defaultdict(list)
    for pk, row in _rows(files, "translations.json", "exercises.translation"):
        if row.data.get("language") == english and type(row.data.get("exercise")) is int:
            by_exercise[row.data["exercise"]].append((pk, row))
    aliases: dict[int, list[str]] = defaultdict(list)
    for _, row in _rows(files, "translations.json", "exercises.alias"):
        if isinstance(row.data.get("alias"), str) and type(row.data.get("translation")) is int:
            aliases[row.data["translation"]].append(line(row.data["alias"])[:200])
    return by_exercise, aliases


def _record(
    pk: int,
    row: Row,
    said: list[tuple[int, Row]],
    aliases: Mapping[int, list[str]],
    licences: Mapping[int, tuple[str, str, str]],
) -> Record | Refusal:
    ident = row.text("uuid")
    if not said:
        return Refusal(ident, row.where, f"number {pk}", "malformed", "name: there is no English translation")
    number, translation = said[0]
    full = translation.text("name")
    steps = sentences(translation.text("description", needed=False, most=50_000))
    numbers, tools = row.numbers("muscles"), row.numbers("equipment")
    licence = _terms(row, translation, licences)
    if NOT_ONE.search(full):
        return Refusal(ident, row.where, full, "not_an_exercise", "a rest, a session or a sport")
    cardio, ours = row.whole("category") == CARDIO, OURS.search(full)
    codes = [EQUIPMENT.get(tool) for tool in tools]
    light = all(code is not None and code in LIGHT for code in codes)
    if BARRED.search(full) or not light or not (ours or cardio or (tools and not words.GYM.search(full))):
        lacking = next((OTHER_EQUIPMENT[tool] for tool in tools if tool in OTHER_EQUIPMENT), "")
        if ours and lacking:
            return Refusal(ident, row.where, full, "equipment", f"needs {lacking}")
        return Refusal(ident, row.where, full, "scope", "strength, by its category, equipment or name")
    bare = words.sided(full)
    foreign = words.looks_foreign(full)
    fields = [
        guessed("name", bare.name, full, "called English by the set, but looks like another language")
        if foreign
        else mapped(
            "name",
            bare.name,
            full,
            f"without “{bare.side}”, which its twin has in its place" if bare.side else "",
        ),
        _type(full, cardio, bool(ours)),
        words.laterality(full, steps, bare.side),
        *(_muscles("primary_muscles", numbers) if numbers else words.muscles_by_name(full)),
        *_muscles("secondary_muscles", row.numbers("muscles_secondary")),
        *words.position(full, steps),
        _equipment(codes, full),
        refused("cue", begins(steps), _why_no_text(licence)),
    ]
    return Record(
        ident, row.where, bare.name, licence, tuple(fields), source_name=full, steps=tuple(steps),
        names=tuple(aliases.get(number, ())), twin=bare.name if bare.side else "", side=bare.side,
        digest=digest([row.data, translation.data]),
    )  # fmt: skip


def _why_no_text(licence: Licence) -> str:
    if licence.share_alike:
        return f"{licence.code} is share-alike: kept apart, never merged into a text of ours"
    return "one short sentence of ours says it; its description begins the guide"


def _terms(row: Row, translation: Row, licences: Mapping[int, tuple[str, str, str]]) -> Licence:
    """The stricter of the exercise's and its translation's terms, naming both authors."""
    found = []
    for each in (translation, row):
        number = each.whole("license")
        if number is None or number not in licences:
            raise FieldInvalid(f"license: {number} is not in licenses.json")
        found.append(licences[number])
    authors = first_of(
        [name for each in (row, translation) if (name := each.text("license_author", needed=False))]
    )
    code, full, url = next((each for each in found if Licence(each[0], "").share_alike), found[0])
    page = row.text("license_object_url", needed=False, most=500) or SOURCE
    return Licence(code, full, url, ", ".join([*authors, "wger.de"]), page)


def _type(name: str, cardio: bool, ours: bool) -> Field:
    if ours:
        return words.type_by_name(name, "mobility", "the name is of a movement, not of a strength exercise")
    if cardio:
        return mapped("type", "pulse_raiser", "Cardio")
    found = words.type_by_name(name, "activation", "strength with the body or a band")
    return (
        found
        if found.value in ("potentiation", "balance")
        else guessed("type", "activation", name, "strength without weights")
    )


def _muscles(field: str, numbers: list[int]) -> list[Field]:
    if unknown := [number for number in numbers if number not in MUSCLES]:
        raise FieldInvalid(f"{field.replace('primary_', '')}: {unknown[0]} is not a muscle of wger")
    if not numbers:
        return [mapped(field, [], "", "the record names none")]
    codes = first_of([MUSCLES[number][0] for number in numbers])
    shown = ", ".join(map(str, numbers))
    if all(MUSCLES[number][1] for number in numbers):
        return [mapped(field, codes, shown)]
    return [guessed(field, codes, shown, "one muscle of theirs for two of ours")]


def _equipment(codes: list[Any], name: str) -> Field:
    named = [code for code in codes if code]
    if named:
        return mapped("equipment", first_of(named), "")
    if found := words.equipment_in(name):
        return guessed("equipment", found, name, "told by the name")
    if codes:
        return mapped("equipment", [], "none (bodyweight exercise)")
    return guessed("equipment", [], "", "the record leaves it open")
