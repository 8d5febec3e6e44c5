"""Ready programs: weeks of sessions, each a wish that the generator answers anew for whoever follows them.

    {"code", "rank", "suits": [condition], "unsuited": [condition],
     "parts": {part: {"kind", "activity", "focus": [region, muscle or movement], "wishes": [constraint]}},
     "weeks": [[{"part", "minutes"}…]…],
     "text": {"en": {"name", "summary", "who", "parts": {part: {"name", "why"}}}, "de": {…}}}

A program holds no exercises: conditions, kit, pain and history of the person make the routine, as for any other.
`suits` are conditions that it is made for, `unsuited` those with which it is not offered.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from server.catalog.claims import LANGUAGES, forbidden_claims, missing_languages
from server.catalog.shapes import CODES, OBJECT, TEXT, Document, Finding, Kind, between, closed_shape, unknown

MINUTES: Final = (3, 45)
FOCUS: Final = ("regions", "muscles", "moves")
"""Vocabularies that a part's focus may be from."""
WEEKS, SESSIONS, PARTS = range(1, 13), range(1, 8), range(1, 9)
LENGTHS: Final[Mapping[str, tuple[int, int]]] = {
    "name": (3, 40),
    "summary": (20, 140),
    "who": (20, 200),
    "why": (20, 160),
}

WEEK_LIST: Kind = (
    f"a list of {WEEKS[0]} to {WEEKS[-1]} weeks, each a list of {SESSIONS[0]} to {SESSIONS[-1]} sessions",
    lambda value: (
        isinstance(value, list)
        and len(value) in WEEKS
        and all(isinstance(week, list) and len(week) in SESSIONS for week in value)
    ),
)
PROGRAM: Final[Mapping[str, Kind]] = {
    "code": TEXT, "rank": between(1, 999), "suits": CODES, "unsuited": CODES, "parts": OBJECT, "weeks": WEEK_LIST,
    "text": OBJECT,
}  # fmt: skip
PART: Final[Mapping[str, Kind]] = {"kind": TEXT, "activity": TEXT, "focus": CODES, "wishes": CODES}
SESSION: Final[Mapping[str, Kind]] = {"part": TEXT, "minutes": between(*MINUTES)}


def check_form(code: str, data: Document, known: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """What is wrong with a program; nothing for a good one. `known`: codes by collection or vocabulary."""
    misshapen = list(closed_shape(data, PROGRAM)) or [*_check_plan(data), *_check_languages(data)]
    yield from misshapen
    if misshapen:
        return
    if data["code"] != code:
        yield "code", "must be the document's id"
    for field in ("suits", "unsuited"):
        yield from unknown(field, data[field], "condition", known)
    places = {"focus": {code for name in FOCUS for code in known[name]}} if known.keys() >= set(FOCUS) else {}
    for name, part in data["parts"].items():
        yield from unknown(f"parts.{name}.kind", [part["kind"]], "kinds", known)
        yield from unknown(f"parts.{name}.activity", [part["activity"]], "activity", known)
        yield from unknown(f"parts.{name}.focus", part["focus"], "focus", places)
        yield from unknown(f"parts.{name}.wishes", part["wishes"], "constraints", known)
    used = [session["part"] for week in data["weeks"] for session in week]
    for place, name in enumerate(used):
        if name not in data["parts"]:
            yield "weeks", f"session {place + 1} has the part {name}, which is not in parts"
    for name in data["parts"].keys() - set(used):
        yield f"parts.{name}", "is in no week"


def _check_plan(data: Document) -> Iterator[Finding]:
    if len(data["parts"]) not in PARTS:
        yield "parts", f"must be {PARTS[0]} to {PARTS[-1]} parts"
    for name, part in data["parts"].items():
        yield from (
            closed_shape(part, PART, f"parts.{name}.")
            if isinstance(part, dict)
            else [(f"parts.{name}", "must be an object")]
        )
    for number, week in enumerate(data["weeks"]):
        for place, session in enumerate(week):
            here = f"weeks.{number}.{place}"
            yield from (
                closed_shape(session, SESSION, f"{here}.")
                if isinstance(session, dict)
                else [(here, "must be an object")]
            )


def _check_languages(data: Document) -> Iterator[Finding]:
    yield from missing_languages(data["text"])
    for language in LANGUAGES:
        words, here = data["text"].get(language), f"text.{language}"
        if not isinstance(words, dict):
            continue
        misshapen = list(
            closed_shape(
                words, dict.fromkeys(("name", "summary", "who"), TEXT) | {"parts": OBJECT}, f"{here}."
            )
        )
        yield from misshapen
        if misshapen:
            continue
        if words["parts"].keys() != data["parts"].keys():
            yield f"{here}.parts", "must name each part once"
        spoken: list[tuple[str, Any]] = [(field, words[field]) for field in ("name", "summary", "who")]
        for name, part in words["parts"].items():
            misshapen = list(
                closed_shape(
                    part if isinstance(part, dict) else {},
                    {"name": TEXT, "why": TEXT},
                    f"{here}.parts.{name}.",
                )
            )
            yield from misshapen
            if not misshapen:
                spoken += [(f"parts.{name}.{field}", part[field]) for field in ("name", "why")]
        for path, text in spoken:
            low, high = LENGTHS[path.rsplit(".", 1)[-1]]
            if not low <= len(text) <= high:
                yield f"{here}.{path}", f"must have {low} to {high} characters (here {len(text)})"
            if "!" in text:
                yield f"{here}.{path}", "must have no exclamation mark"
            for claim in forbidden_claims(text, language):
                yield f"{here}.{path}", f"makes a claim the evidence does not bear ({claim})"
