"""What an import knows of one exercise, and where each piece of it came from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sync.canonical import document_digest

How = Literal["mapped", "guessed", "refused"]

# The fields of an exercise in the order in which the report lists them.
FIELDS = (
    "name", "type", "laterality", "primary_muscles", "secondary_muscles", "moves", "positions", "equipment",
    "difficulty", "met", "dose", "phases", "activities", "hazards", "cue",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a draft: its value in our words, how it came about, what the set said, and why.

    `refused`: what the set said is not taken over; `value` is then None and the draft lacks the field.
    """

    name: str
    how: How
    value: Any
    said: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms of one record. `by` is whom to name; the words are shown wherever the record is."""

    code: str
    name: str
    url: str = ""
    by: str = ""
    source: str = ""

    @property
    def share_alike(self) -> bool:
        """Whether what is made from the text must carry the same licence, so that it cannot become ours."""
        return "-SA" in self.code or self.code == "ODbL-1.0"

    @property
    def wants_credit(self) -> bool:
        """Whether the source must be named to people who see what was made from it."""
        return self.code.startswith(("CC-BY", "MIT", "ODbL"))

    @property
    def text_may_be_used(self) -> bool:
        """Whether its sentences may become the beginning of a guide of ours."""
        return self.code in OPEN_TEXT


BEGINNING = 80
OPEN_TEXT = frozenset({"own", "MIT", "CC0-1.0", "CC-BY-4.0", "CC-BY-3.0"})


@dataclass(frozen=True, slots=True)
class Record:
    """An exercise of a set, as far as its reader could put it into our words.

    `where` names file and record for people; `names` are others for the same exercise, for comparing only;
    `steps` are plain sentences in `language`, empty where the set's text must not even be kept.
    """

    source_id: str
    where: str
    name: str
    licence: Licence
    fields: tuple[Field, ...]
    language: str = "en"
    source_name: str = ""
    names: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    twin: str = ""
    side: str = ""
    digest: str = ""
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The value of a field, None where the record has none."""
        return next((each.value for each in self.fields if each.name == name), None)

    def has(self, name: str) -> bool:
        """Whether the reader said anything about the field, also that it refused it."""
        return any(each.name == name for each in self.fields)

    def put(self, *fields: Field) -> "Record":
        """The record with these fields in place of those of the same name."""
        held = {each.name: each for each in self.fields} | {each.name: each for each in fields}
        ordered = sorted(held.values(), key=lambda each: FIELDS.index(each.name))
        return replace(self, fields=tuple(ordered))

    def data(self) -> dict[str, Any]:
        """The exercise as far as it is known; what is missing is absent, for a person to fill in."""
        return {each.name: each.value for each in self.fields if each.value is not None}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record of which no draft is made. `code` is one of REFUSALS."""

    source_id: str
    where: str
    name: str
    code: str
    why: str


REFUSALS = {
    "malformed": "The record is not written as its format asks.",
    "scope": "No kind of exercise that warm-ups, mobility or stretching have.",
    "equipment": "Needs equipment that the catalogue has no word for.",
    "muscles": "Names no muscle, so nobody can tell what it is for.",
    "not_an_exercise": "A class, a rest or a whole session, not one exercise.",
}

Read = Iterator[Record | Refusal]


def digest(said: Any) -> str:
    """SHA-256 of what the set said, in canonical JSON: tells whether a record changed since the last import."""
    return document_digest({"said": said})


def mapped(name: str, value: Any, said: str = "", why: str = "") -> Field:
    """A field that the set says in other words."""
    return Field(name, "mapped", value, said, why)


def guessed(name: str, value: Any, said: str = "", why: str = "") -> Field:
    """A field that does not follow surely from what the set says."""
    return Field(name, "guessed", value, said, why)


def refused(name: str, said: str = "", why: str = "") -> Field:
    """A field that the set says and that is not taken over."""
    return Field(name, "refused", None, said, why)


def begins(steps: Sequence[str]) -> str:
    """How a text begins, to show what was not taken over."""
    text = " ".join(steps)
    return text if len(text) <= BEGINNING else f"{text[:BEGINNING].rstrip()}…"


def first_of(codes: Sequence[str]) -> list[str]:
    """The codes without repeats, in order."""
    return list(dict.fromkeys(codes))
