"""The words of the catalogue's codes, as the desk shows them: labels of vocabularies, activities and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from server.catalog.content import CHECKS
from server.catalog.tables import catalog_document

NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "exercise": ("exercise", "Exercises"),
    "guide": ("words of an exercise", "Guides"),
    "motion": ("clip of an exercise", "Motion clips"),
    "media": ("pictures and films of an exercise", "Media"),
    "activity": ("activity", "Activities"),
    "condition": ("condition", "Conditions"),
    "about": ("text for people", "Texts for people"),
    "program": ("program", "Programs"),
    "vocabulary": ("vocabulary", "Vocabularies"),
}
"""Collection -> what one of its documents is, and the name of its list."""
LANGUAGE_NAMES: Final = {"en": "English", "de": "German"}
OF_AN_EXERCISE: Final = ("exercise", "guide", "motion", "media")


def collections() -> list[str]:
    """Every collection that the catalogue has, those of exercises first."""
    return [*(each for each in NAMES if each in CHECKS), *(each for each in CHECKS if each not in NAMES)]


def one_name(collection: str) -> str:
    """What a document of the collection is, in words."""
    return NAMES.get(collection, (collection, collection))[0]


def list_name(collection: str) -> str:
    """The name of the collection's list."""
    return NAMES.get(collection, (collection, collection.capitalize()))[1]


def title(data: Mapping[str, Any] | None, otherwise: str) -> str:
    """What people call a document: its name or label, of the document itself or of its English text."""
    held = data or {}
    text = held.get("text")
    english = text.get("en") if isinstance(text, dict) else None
    for place in (held, english if isinstance(english, dict) else {}):
        for name in ("name", "label"):
            found = place.get(name)
            if isinstance(found, str) and found:
                return found
    return otherwise


@dataclass(frozen=True, slots=True)
class Words:
    """The approved vocabularies by name, with the activities and conditions among them: code -> entry."""

    entries: Mapping[str, Mapping[str, Any]]

    def codes(self, vocabulary: str) -> list[str]:
        """The codes of a vocabulary, in its order."""
        return list(self.entries.get(vocabulary, {}))

    def label(self, vocabulary: str, code: str) -> str:
        """The label of a code; the code itself where it has none."""
        entry = self.entries.get(vocabulary, {}).get(code)
        found = entry.get("label") if isinstance(entry, dict) else None
        return found if isinstance(found, str) and found else code

    def options(self, vocabulary: str, beside: Iterable[str] = ()) -> list[tuple[str, str]]:
        """(code, label) of each entry; `beside`: codes that a document has and that must not get lost in a form."""
        known = self.codes(vocabulary)
        return [(code, self.label(vocabulary, code)) for code in known] + [
            (code, f"{code} (unknown)") for code in beside if code not in known
        ]


def load(conn: Connection) -> Words:
    """The words as they are approved now."""
    c = catalog_document.c
    rows = conn.execute(
        select(c.collection, c.id, c.data)
        .where(c.collection.in_(("vocabulary", "activity", "condition")), c.state == "approved")
        .order_by(c.collection, c.id)
    )
    entries: dict[str, Mapping[str, Any]] = {"activity": {}, "condition": {}}
    for collection, record_id, data in rows:
        if collection == "vocabulary":
            held = data.get("entries", {})
            entries[record_id] = {code: held[code] for code in data.get("order", held) if code in held}
        else:
            entries[collection] = {**entries[collection], record_id: data}
    return Words(entries)
