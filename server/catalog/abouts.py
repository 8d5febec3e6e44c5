"""What people are told of what they are asked: `about` documents, one for each activity, condition, hazard and so on.

    {"kind": "condition", "code": "pregnancy_t2", "citations": ["…"]?,
     "text": {"en": {"label", "about", "why"}, "de": {…}}}

The document's id is `<kind>.<code>`. `label` is the plain name, `about` says what it is, `why` why we ask and what it
changes. A rule of evidence has its plain sentence as its label, and the works that it rests on as citations.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from server.catalog.claims import LANGUAGES, forbidden_claims, missing_languages
from server.catalog.guides import LEAST_EASE, reading_ease
from server.catalog.shapes import OBJECT, TEXT, Document, Finding, Kind, closed_shape

KINDS: Final[Mapping[str, str]] = {
    "activity": "activity", "condition": "condition", "hazard": "hazards", "constraint": "constraints",
    "red_flag": "red_flags", "rule": "rules", "source": "sources",
}  # fmt: skip
"""Kind to the collection or the vocabulary that its codes are from.

A source says whose work an exercise began with, under its slug; there is no such vocabulary, so that it outlives the
exercise.
"""
LENGTHS: Final[Mapping[str, tuple[int, int]]] = {"label": (2, 160), "about": (20, 240), "why": (20, 240)}
CITATIONS: Kind = (
    "a list of one to eight lines of text",
    lambda value: isinstance(value, list) and 0 < len(value) <= 8 and all(map(TEXT[1], value)),
)
# Words that name what a person was told by a doctor, or that a doctor must hear of, are no claims of ours.
MAY_NAME: Final = frozenset({"condition", "red_flag", "hazard", "rule"})


def check_form(record_id: str, data: Document, known: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """What is wrong with the document; nothing for a good one. `known`: codes by collection or vocabulary."""
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        yield "kind", f"must be one of {', '.join(KINDS)}"
        return
    spec = {"kind": TEXT, "code": TEXT, "text": OBJECT} | (
        {"citations": CITATIONS} if "citations" in data else {}
    )
    misshapen = list(closed_shape(data, spec))
    if not misshapen:
        misshapen = list(missing_languages(data["text"]))
    for language in () if misshapen else LANGUAGES:
        words = data["text"][language]
        if isinstance(words, dict):
            misshapen += closed_shape(words, dict.fromkeys(LENGTHS, TEXT), f"text.{language}.")
        else:
            misshapen.append((f"text.{language}", "must be an object"))
    yield from misshapen
    if misshapen:
        return
    if record_id != f"{kind}.{data['code']}":
        yield "code", "must be the second part of the document's id"
    if KINDS[kind] in known and data["code"] not in known[KINDS[kind]]:
        yield "code", f"is unknown: {data['code']}"
    for language in LANGUAGES:
        yield from _check_words(data["text"][language], language, f"text.{language}", naming=kind in MAY_NAME)


def _check_words(words: Mapping[str, Any], language: str, here: str, *, naming: bool) -> Iterator[Finding]:
    for field, (low, high) in LENGTHS.items():
        text = words[field]
        if not low <= len(text) <= high:
            yield f"{here}.{field}", f"must have {low} to {high} characters (here {len(text)})"
        if "!" in text or "  " in text:
            yield f"{here}.{field}", "must have no exclamation mark and no double space"
        for claim in () if naming else forbidden_claims(text, language):
            yield f"{here}.{field}", f"makes a claim the evidence does not bear ({claim})"
    ease = reading_ease([words["about"], words["why"]], language)
    # Two sentences that name a disease cannot be as easy as a page.
    least = LEAST_EASE[language] - 20
    if ease < least:
        yield here, f"is hard to read (ease {ease:.0f}, at least {least}): shorter words and sentences"
