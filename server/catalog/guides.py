"""How an exercise is done, in words: the form, the limits and the tone of `guide` documents.

    {"slug", "easier": slug | null, "harder": slug | null,
     "text": {"en": {"purpose", "steps": [2..5], "feel", "mistakes": [1..4], "breathing", "safety": {hazard: note}},
              "de": {the same, "name", "cue"}}}

English name and cue are in the exercise itself, which the generator reads; a guide is for people only.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

from server.catalog.claims import LANGUAGES, forbidden_claims, missing_languages
from server.catalog.remembering import remembered
from server.catalog.shapes import CODES, OBJECT, TEXT, Document, Finding, Kind, closed_shape

Length = tuple[int, int]

LENGTHS: Final[Mapping[str, Length]] = {
    "purpose": (20, 120), "steps": (15, 160), "feel": (20, 160), "mistakes": (10, 120), "breathing": (15, 120),
    "safety": (20, 160), "cue": (10, 130), "name": (2, 60),
}  # fmt: skip
"""Least and most characters of each text; of a list, of each of its entries."""
STEPS, MISTAKES = range(2, 6), range(1, 5)
SENTENCE_WORDS: Final = 20
LEAST_EASE: Final = {"en": 65, "de": 55}
"""Least reading ease of a whole guide: about what a child of twelve reads (docs/catalog-words.md)."""

_SENTENCE = re.compile(r"[.;:?](?:\s+|$)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_VOWELS = {
    "en": re.compile(r"[aeiouy]+", re.I),
    "de": re.compile(r"(?:ei|ai|au|eu|äu|ie|aa|ee|oo|[aeiouyäöü])", re.I),
}


def _lines(numbers: range) -> Kind:
    return (
        f"a list of {numbers[0]} to {numbers[-1]} lines of text without space around them",
        lambda value: isinstance(value, list) and len(value) in numbers and all(TEXT[1](v) for v in value),
    )


LINK: Kind = ("null or an exercise's slug", lambda value: value is None or TEXT[1](value))
NOTES: Kind = (
    "an object of one line of text by hazard",
    lambda value: isinstance(value, dict) and all(TEXT[1](v) for v in value.values()),
)
GUIDE: Final = {"slug": TEXT, "easier": LINK, "harder": LINK, "text": OBJECT}
WORDS: Final = {
    "purpose": TEXT, "steps": _lines(STEPS), "feel": TEXT, "mistakes": _lines(MISTAKES), "breathing": TEXT,
    "safety": NOTES,
}  # fmt: skip
TRANSLATED: Final = {"name": TEXT, "cue": TEXT}


def check_form(
    slug: str, data: Document, exercises: Collection[str], hazards: Collection[str]
) -> Iterator[Finding]:
    """What is wrong with a guide; nothing for a good one.

    `exercises` and `hazards` are the codes that exist; no hazards where these are not known.
    """
    misshapen, wrong = _alone(data)
    yield from misshapen
    if misshapen:
        return
    if data["slug"] != slug:
        yield "slug", "must be the document's id"
    for field in ("easier", "harder"):
        if data[field] == slug:
            yield field, "must be another exercise"
        elif data[field] is not None and data[field] not in exercises:
            yield field, f"is no exercise: {data[field]}"
    if data["easier"] is not None and data["easier"] == data["harder"]:
        yield "harder", "must differ from the easier one"
    for language in LANGUAGES if hazards else ():
        for hazard in data["text"][language]["safety"].keys() - set(hazards):
            yield f"text.{language}.safety.{hazard}", "is no hazard"
    yield from wrong


@remembered
def _alone(data: Document) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """What is wrong with the form and, where that is good, with the words; whatever else the catalogue holds."""
    misshapen = tuple(_misshapen(data))
    return misshapen, () if misshapen else tuple(_badly_said(data["text"]))


def _misshapen(data: Document) -> Iterator[Finding]:
    found = list(closed_shape(data, GUIDE)) or list(missing_languages(data["text"]))
    yield from found
    for language in () if found else LANGUAGES:
        words, here = data["text"][language], f"text.{language}"
        if isinstance(words, dict):
            yield from closed_shape(
                words, WORDS | (TRANSLATED if language != LANGUAGES[0] else {}), f"{here}."
            )
        else:
            yield here, "must be an object"


def _badly_said(text: Document) -> Iterator[Finding]:
    for language in LANGUAGES:
        here, said = f"text.{language}", list(texts(text[language]))
        for path, line in said:
            for message in _wrong(path.partition(".")[0], line, language):
                yield f"{here}.{path}", message
        ease = reading_ease([line for path, line in said if path != "name"], language)
        if ease < LEAST_EASE[language]:
            yield (
                here,
                f"is hard to read (ease {ease:.0f}, at least {LEAST_EASE[language]}): shorter words and sentences",
            )


def texts(words: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path, text) of every text in the words of one language."""
    for field, value in words.items():
        if isinstance(value, str):
            yield field, value
        else:
            entries = value.items() if isinstance(value, dict) else enumerate(value)
            yield from ((f"{field}.{name}", text) for name, text in entries)


def _wrong(field: str, text: str, language: str) -> Iterator[str]:
    low, high = LENGTHS[field]
    if not low <= len(text) <= high:
        yield f"must have {low} to {high} characters (here {len(text)})"
    for claim in forbidden_claims(text, language):
        yield f"makes a claim the evidence does not bear ({claim})"
    if "!" in text or "  " in text:
        yield "must have no exclamation mark and no double space"
    if field == "name":
        return
    if not (text[0].isupper() or text[0].isdigit()) or not text.endswith("."):
        yield "must begin with a capital and end with a full stop"
    longest = max(map(len, _sentences(text)), default=0)
    if longest > SENTENCE_WORDS:
        yield f"has a sentence of {longest} words, at most {SENTENCE_WORDS}"


def reading_ease(lines: Collection[str], language: str) -> float:
    """Flesch's reading ease (1948), for German with Amstad's constants (1978): 100 is very easy, 30 is hard."""
    sentences = [part for line in lines for part in _sentences(line)]
    words = [word for part in sentences for word in part]
    if not words:
        return 100.0
    length, syllables = (
        len(words) / len(sentences),
        sum(map(_syllables, words, repeat(language))) / len(words),
    )
    return (
        206.835 - 1.015 * length - 84.6 * syllables if language == "en" else 180 - length - 58.5 * syllables
    )


@lru_cache(maxsize=100)
def _sentences(line: str) -> tuple[tuple[str, ...], ...]:
    """The words of each sentence. A line is asked for twice: its longest sentence, and the ease of its guide."""
    parts = (tuple(_WORD.findall(part)) for part in _SENTENCE.split(line))
    return tuple(words for words in parts if words)


@lru_cache(maxsize=50_000)
def _syllables(word: str, language: str) -> int:
    if language == "en":
        # A silent e: "raise", "planted" has two, "reached" one.
        word = re.sub(r"(?<=[a-z]{2})(?:(?<![td])ed|(?<!l)e|(?<![sxzcg])es)$", "", word.lower())
    return max(1, len(_VOWELS[language].findall(word)))


def check_notes(data: Document, exercise: Any) -> Iterator[Finding]:
    """The hazards of the exercise that a guide of good form has no note for."""
    hazards: Any = exercise.get("hazards") if isinstance(exercise, dict) else None
    if not CODES[1](hazards):  # that is a mistake of the exercise, not of its guide
        return
    for hazard in hazards:
        for language, words in data["text"].items():
            if hazard not in words["safety"]:
                yield f"text.{language}.safety.{hazard}", "is missing: the exercise has this hazard"
