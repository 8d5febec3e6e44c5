"""The catalogue's content: reading the seed files, checking documents, and what is derived from them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_export.evidence import matrix
from server.catalog import abouts, guides, media_form, motion, programs
from server.catalog.claims import forbidden_claims
from server.catalog.remembering import remembered
from server.catalog.shapes import (
    ACTIVITY,
    CONDITION,
    DOSE,
    EXERCISE,
    OBJECT,
    SOME_CODES,
    VOCABULARIES,
    Document,
    Finding,
    Kind,
    closed_shape,
    shape,
    unknown,
)

Key = tuple[str, str]
Documents = Mapping[Key, Document]
Known = Mapping[str, Mapping[str, Any]]  # vocabulary -> code -> entry; a vocabulary that is missing is absent

SEED = Path(__file__).parent / "seed"
BESIDE = ("motion", "guide")
"""Collections of the content files with a document for an exercise, under its slug, in a folder of the same name."""
SIDE_SWITCH_S = 5
HIGH_INTENSITY_MET = 6

# Hazards that follow from the default (first) position. `kneeling` and `head_below_heart` occur elsewhere,
# too: a side plank from the knees is a plank, a standing forward fold is standing.
POSITION_HAZARDS = {
    "half_kneeling": "kneeling",
    "tall_kneeling": "kneeling",
    "quadruped": "kneeling",
    "inverted": "head_below_heart",
    "supine": "supine",
    "prone": "prone",
}
# One flow lasts 25 s and is not cut, so its usual three exceed the 60 s of its type.
WORK_BOUND_EXCEPTIONS = frozenset({"sun-flow"})

CUE_WORDS, CUE_CHARACTERS, NAME_CHARACTERS, SLUG_CHARACTERS = range(5, 19), 110, 60, 48
GENTLE = re.compile(r"\b(gentle|mild|light|easy|slight|soft)\b[\w\s-]*\b(pull|tension|stretch)\b", re.I)
PAIN_LIMIT = re.compile(r"\b(pain\w*|hurts?|hurting)\b", re.I)
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CODE = re.compile(r"[A-Za-z0-9]+([._][a-z0-9]+)*")


class SeedInvalid(ValueError):
    """A content file cannot be read as a list of documents; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: `where` is `collection/id.field`, `message` says what is wrong with it."""

    where: str
    message: str


def read_seed(path: Path = SEED) -> dict[Key, Document]:
    """All documents of the content files by (collection, id), in the files' order.

    Raises SeedInvalid for a file that is missing, is not JSON of the expected form, or repeats an id.
    """
    vocabulary = _load(path / "vocabulary.json", dict)
    rules = _load(path / "rules.json", list)
    vocabulary["rules"] = {_name(rule, "id", path / "rules.json"): rule for rule in rules}
    if len(vocabulary["rules"]) < len(rules):
        raise SeedInvalid(f"{path / 'rules.json'}: an id is there twice")
    for name, entries in vocabulary.items():
        if not isinstance(entries, dict):
            raise SeedInvalid(f"{path / 'vocabulary.json'}: {name} must be an object of entries by code")
    types = list(vocabulary.get("types", {}))
    for folder in ("exercises", *BESIDE):
        strangers = {file.stem for file in (path / folder).glob("*.json")} - set(types)
        if strangers:
            raise SeedInvalid(f"{path / folder}: no such exercise type: {', '.join(sorted(strangers))}")
    sources = [("exercise", "slug", path / "exercises" / f"{name}.json") for name in types]
    sources.append(("activity", "code", path / "activities.json"))
    sources.append(("condition", "code", path / "conditions.json"))
    if (path / "programs.json").exists():
        sources.append(("program", "code", path / "programs.json"))
    documents: dict[Key, Document] = {}
    for collection, field, file in sources:
        for data in _load(file, list):
            key = (collection, _name(data, field, file))
            if key in documents:
                raise SeedInvalid(f"{file}: {field} {key[1]} is there twice")
            if collection == "exercise" and data.get("type") != file.stem:
                raise SeedInvalid(f"{file}: {key[1]} has another type than its file")
            documents[key] = data
    for file in [path / "about" / f"{kind}.json" for kind in abouts.KINDS]:
        for data in _load(file, list) if file.exists() else ():
            documents["about", f"{file.stem}.{_name(data, 'code', file)}"] = data
    for name, entries in vocabulary.items():
        documents["vocabulary", name] = {"order": list(entries), "entries": entries}
    for collection, name in ((collection, name) for collection in BESIDE for name in types):
        file = path / collection / f"{name}.json"
        # What goes with an exercise is made one type after another, so a type may be without any.
        for data in _load(file, list) if file.exists() else ():
            slug = _name(data, "slug", file)
            if (collection, slug) in documents:
                raise SeedInvalid(f"{file}: slug {slug} is there twice")
            if documents.get(("exercise", slug), {}).get("type") != file.stem:
                raise SeedInvalid(f"{file}: {slug} is no exercise of this type")
            documents[collection, slug] = data
    return documents


def contraindications(exercise: Document, conditions: Mapping[str, Document]) -> tuple[list[str], list[str]]:
    """Codes of the conditions that forbid the exercise and of those that only limit it, in given order."""
    hazards = set(exercise["hazards"])
    contra = [code for code, condition in conditions.items() if not hazards.isdisjoint(condition["exclude"])]
    limited = [code for code, condition in conditions.items() if not hazards.isdisjoint(condition["limit"])]
    return contra, [code for code in limited if code not in contra]


def item_total_s(exercise: Document) -> int:
    """Seconds of one set at the default dose: work on each side and the switch of sides, no transition."""
    dose = exercise["dose"]
    return int(dose["work_s_per_side"] * dose["sides"] + SIDE_SWITCH_S * (dose["sides"] - 1))


def validate(documents: Documents) -> list[Problem]:
    """Every mistake in a whole catalogue; an empty list means that it may be published.

    A document that lacks a field or has one of another kind is checked no further until that is right.
    """
    activities = {code: data for (collection, code), data in documents.items() if collection == "activity"}
    exercises = {slug: data for (collection, slug), data in documents.items() if collection == "exercise"}
    conditions = {code: data for (collection, code), data in documents.items() if collection == "condition"}
    known: dict[str, Mapping[str, Any]] = {
        "activity": activities,
        "exercise": exercises,
        "condition": conditions,
    }
    problems = []
    for name in VOCABULARIES:
        vocabulary = documents.get(("vocabulary", name))
        if vocabulary is None:
            problems.append(Problem(f"vocabulary/{name}", "is missing"))
        elif isinstance(vocabulary, dict) and not any(_check_form(vocabulary, VOCABULARIES[name])):
            known[name] = vocabulary["entries"]
    for (collection, record_id), data in documents.items():
        where = f"{collection}/{record_id}"
        if collection not in CHECKS:
            problems.append(Problem(where, f"is in an unknown collection, not one of {', '.join(CHECKS)}"))
            continue
        if not isinstance(data, dict):
            problems.append(Problem(where, "must be an object"))
            continue
        found = CHECKS[collection](record_id, data, known)
        problems += [Problem(f"{where}.{field}" if field else where, message) for field, message in found]
    problems += _repeated(documents, "name")
    problems += _repeated(documents, "cue")
    return problems + _unguarded(documents, known)


def _unguarded(documents: Documents, known: Known) -> list[Problem]:
    """Hazards that a rule of evidence asks a condition to exclude; graph, device and checker all trust this matrix."""
    conditions = {
        code: data
        for (collection, code), data in documents.items()
        if collection == "condition" and isinstance(data, dict) and isinstance(data.get("exclude"), list)
    }
    lacking = (what.split(".exclude ") for what in matrix.missing(conditions, known.get("hazards", ())))
    return [Problem(f"condition/{code}.exclude", what) for code, what in lacking if code in conditions]


def _load(file: Path, form: type) -> Any:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SeedInvalid(f"{file}: no such file") from None
    except ValueError as error:
        raise SeedInvalid(f"{file}: {error}") from None
    if not isinstance(content, form):
        raise SeedInvalid(f"{file}: must hold a JSON {'list' if form is list else 'object'}")
    return content


def _name(data: Any, field: str, file: Path) -> str:
    value = data.get(field) if isinstance(data, dict) else None
    if not isinstance(value, str):
        raise SeedInvalid(f"{file}: an entry has no {field}: {json.dumps(data)[:80]}")
    return value


def _check_exercise(slug: str, data: Document, known: Known) -> Iterator[Finding]:
    misshapen, badly_said = _exercise_alone(data)
    yield from misshapen
    if misshapen:
        return
    if data["slug"] != slug or not SLUG.fullmatch(slug) or len(slug) > SLUG_CHARACTERS:
        yield "slug", "must be the document's id, up to 48 of a-z and 0-9 in parts joined by single -"
    for field, vocabulary in (
        ("primary_muscles", "muscles"),
        ("secondary_muscles", "muscles"),
        *((name, name) for name in ("moves", "positions", "equipment", "phases", "hazards")),
        ("activities", "activity"),
    ):
        yield from unknown(field, data[field], vocabulary, known)
    yield from unknown("type", [data["type"]], "types", known)
    yield from unknown("laterality", [data["laterality"]], "laterality", known)
    for muscle in set(data["primary_muscles"]).intersection(data["secondary_muscles"]):
        yield "secondary_muscles", f"repeats {muscle}, which is primary"
    if "none" in data["equipment"]:
        yield "equipment", "must be an empty list where nothing is needed, not none"
    kind = known.get("types", {}).get(data["type"])
    if kind:
        for phase in data["phases"]:
            if phase not in kind["phases"]:
                yield "phases", f"has {phase}, which the type {data['type']} does not allow"
    yield from _check_hazards(data, known)
    yield from _check_dose(data, kind)
    yield from badly_said


@remembered
def _exercise_alone(data: Document) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """What is wrong with the form and, where that is good, with the words; whatever else the catalogue holds."""
    misshapen = list(closed_shape(data, EXERCISE))
    if isinstance(data.get("dose"), dict):
        misshapen += closed_shape(data["dose"], DOSE, "dose.")
    return tuple(misshapen), () if misshapen else tuple(_check_words(data))


def _check_hazards(data: Document, known: Known) -> Iterator[Finding]:
    default, hazards = data["positions"][0], set(data["hazards"])
    implied = POSITION_HAZARDS.get(default)
    if implied and implied not in hazards:
        yield "hazards", f"lacks {implied}, which the position {default} implies"
    for hazard in {"supine", "prone"} & hazards - {implied}:
        yield "hazards", f"has {hazard}, but the default position is {default}"
    if "floor_positions" in known and (default in known["floor_positions"]) != ("floor_transfer" in hazards):
        yield (
            "hazards",
            f"must have floor_transfer exactly for default positions on the floor (here {default})",
        )
    if (data["met"] >= HIGH_INTENSITY_MET) != ("high_intensity" in hazards):
        yield (
            "hazards",
            f"must have high_intensity exactly from {HIGH_INTENSITY_MET} MET on (here {data['met']})",
        )


def _check_dose(data: Document, kind: Document | None) -> Iterator[Finding]:
    dose = data["dose"]
    reps, pace, work = dose["reps"], dose["sec_per_rep"], dose["work_s_per_side"]
    for field in ("reps", "sec_per_rep"):
        if (dose[field] is None) != (dose["mode"] == "time"):
            yield f"dose.{field}", "must be given in mode reps and null in mode time"
    # Half to even, as the data have it: 15 × 1.5 s = 22.5 s counts as 22.
    if reps is not None and pace is not None and work != round(reps * pace):
        yield "dose.work_s_per_side", f"must be {round(reps * pace)}, the rounded {reps} × {pace} s"
    if (dose["sides"] == 2) != (data["laterality"] == "unilateral"):
        yield "dose.sides", "must be 2 for a unilateral exercise and 1 for any other"
    if kind and data["slug"] not in WORK_BOUND_EXCEPTIONS:
        low, high = kind["work_s"]
        if not low <= work <= high:
            yield "dose.work_s_per_side", f"must be from {low} to {high} for the type {data['type']}"


def _check_words(data: Document) -> Iterator[Finding]:
    name, cue = data["name"], data["cue"]
    if len(name) > NAME_CHARACTERS:
        yield "name", f"must have at most {NAME_CHARACTERS} characters"
    if len(cue) > CUE_CHARACTERS or len(cue.split()) not in CUE_WORDS:
        yield "cue", f"must have {CUE_WORDS[0]} to {CUE_WORDS[-1]} words, at most {CUE_CHARACTERS} characters"
    if not cue[0].isupper() or not cue.endswith(".") or "  " in cue:
        yield "cue", "must be one sentence with a capital, single spaces and a full stop"
    for field in ("name", "cue"):
        for claim in forbidden_claims(data[field]):
            yield field, f"makes a claim the evidence does not bear ({claim})"
    holds = data["type"] in ("static_stretch", "pnf_stretch")
    if holds and not (GENTLE.search(cue) and PAIN_LIMIT.search(cue)):
        yield "cue", "must say to stop at a gentle pull or mild tension, and never go into pain (rule F07)"


def _check_activity(code: str, data: Document, known: Known) -> Iterator[Finding]:
    misshapen = list(closed_shape(data, ACTIVITY))
    yield from misshapen or _check_code(code, data)
    if not misshapen:
        yield from unknown("muscles", list(data["muscles"]), "muscles", known)
        yield from unknown("moves", list(data["moves"]), "moves", known)


def _check_condition(code: str, data: Document, known: Known) -> Iterator[Finding]:
    misshapen = list(closed_shape(data, CONDITION))
    yield from misshapen or _check_code(code, data)
    if not misshapen:
        yield from unknown("exclude", data["exclude"], "hazards", known)
        yield from unknown("limit", data["limit"], "hazards", known)
        for hazard in set(data["exclude"]).intersection(data["limit"]):
            yield "limit", f"repeats {hazard}, which is excluded"
        if not data["exclude"] and not data["limit"]:
            yield "exclude", "must name a hazard, if limit names none"


def _check_code(code: str, data: Document) -> Iterator[Finding]:
    if data["code"] != code or not CODE.fullmatch(code):
        yield "code", "must be the document's id, of letters and digits in parts joined by single _"


def _check_form(data: Document, spec: Mapping[str, Kind]) -> Iterator[Finding]:
    misshapen = list(closed_shape(data, {"order": SOME_CODES, "entries": OBJECT}))
    yield from misshapen
    if misshapen:
        return
    if set(data["order"]) != data["entries"].keys():
        yield "order", "must list the codes of entries, each once"
    for code, entry in data["entries"].items():
        if not CODE.fullmatch(code):
            yield f"entries.{code}", "must have a code of letters and digits in parts joined by single _ or ."
        if isinstance(entry, dict):
            yield from shape(entry, spec, f"entries.{code}.")
        else:
            yield f"entries.{code}", "must be an object"


def _check_vocabulary(name: str, data: Document, known: Known) -> Iterator[Finding]:
    if name not in VOCABULARIES:
        yield "", f"is an unknown vocabulary, not one of {', '.join(VOCABULARIES)}"
        return
    misshapen = list(_check_form(data, VOCABULARIES[name]))
    yield from misshapen
    if misshapen:
        return
    for code, entry in data["entries"].items():
        here = f"entries.{code}"
        if name == "muscles":
            yield from unknown(f"{here}.region", [entry["region"]], "regions", known)
        elif name == "types":
            yield from unknown(f"{here}.phases", entry["phases"], "phases", known)
        elif name == "moves" and code != f"{entry['joint']}.{entry['action']}":
            yield here, "must have the code joint.action"
        elif name == "rules" and code != entry["id"]:
            yield f"{here}.id", "must be the entry's code"
    subset_of = {"floor_positions": "positions", "free_equipment": "equipment"}.get(name)
    if subset_of:
        yield from unknown("entries", list(data["entries"]), subset_of, known)


def _check_motion(slug: str, data: Document, known: Known) -> Iterator[Finding]:
    if slug not in known["exercise"]:
        yield "", "is no exercise's"
    yield from motion.check_form(slug, data)


def _check_guide(slug: str, data: Document, known: Known) -> Iterator[Finding]:
    if slug not in known["exercise"]:
        yield "", "is no exercise's"
    misshapen = list(guides.check_form(slug, data, known["exercise"], known.get("hazards", ())))
    yield from misshapen or guides.check_notes(data, known["exercise"].get(slug, {}))


def _check_media(slug: str, data: Document, known: Known) -> Iterator[Finding]:
    if slug not in known["exercise"]:
        yield "", "is no exercise's"
    yield from media_form.check_form(slug, data)


CHECKS: dict[str, Callable[[str, Document, Known], Iterator[Finding]]] = {
    "exercise": _check_exercise,
    "activity": _check_activity,
    "condition": _check_condition,
    "vocabulary": _check_vocabulary,
    "motion": _check_motion,
    "guide": _check_guide,
    "about": abouts.check_form,
    "program": programs.check_form,
    "media": _check_media,
}


def _repeated(documents: Documents, field: str) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for (collection, record_id), data in documents.items():
        text = data.get(field) if collection == "exercise" and isinstance(data, dict) else None
        if isinstance(text, str):
            other = first.setdefault(text.casefold(), record_id)
            if other != record_id:
                yield Problem(f"exercise/{record_id}.{field}", f"is the same as that of {other}")
