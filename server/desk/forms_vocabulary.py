"""The forms of the vocabularies: the words of each code, which codes there are, and their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from server.catalog import abouts
from server.catalog.shapes import Document
from server.desk.fields import Field, Group, Sent, Unplaced, arranged
from server.desk.words import Words

Specs = Mapping[str, Mapping[str, Any]]

_LABEL: Final[Specs] = {"label": {"label": "Label"}}
_MEANING: Final[Specs] = {"meaning": {"label": "Meaning", "optional": True}}
_REGIONS: Final[Specs] = {"regions": {"label": "Regions", "kind": "boxes", "of": "regions"}}
_HEALTH: Final[Specs] = {
    "icf": {"label": "ICF, the part of the body"},
    "icf_pain": {"label": "ICF, pain there"},
    "snomed": {"label": "SNOMED CT"},
}
_GRADES: Final = (
    ("A", "A: review of many studies, or a guideline"), ("B", "B: good single studies, or a consensus"),
    ("C", "C: experts, mechanism, or a rule of ours"),
)  # fmt: skip
_CONFIDENCE: Final = (
    ("F", "F: read in the source"), ("S", "S: known from the source, not read again"),
    ("M", "M: likely; read the source before it is shown"),
)  # fmt: skip
_USES: Final = (
    ("hard", "hard: always kept"), ("score", "score: aimed at"), ("warn", "warn: people are told"),
    ("claim", "claim: what texts may say"),
)  # fmt: skip
FIELDS: Final[Mapping[str, Specs]] = {
    "kinds": _LABEL, "laterality": _LABEL, "red_flags": _LABEL, "warnings": _LABEL,
    "positions": {**_LABEL, **_MEANING}, "constraints": {**_LABEL, **_MEANING},
    "hazards": {**_LABEL, **_REGIONS},
    "regions": {**_LABEL, **_HEALTH},
    "moves": _LABEL,
    "phases": {**_LABEL, "rank": {"label": "Rank", "kind": "whole"}},
    "equipment": {
        **_LABEL,
        "wger": {"label": "Number at wger", "kind": "whole", "nullable": True},
        "fed": {"label": "Name in free-exercise-db", "nullable": True},
    },
    "muscles": {
        **_LABEL,
        "region": {"label": "Region", "kind": "choice", "of": "regions"},
        "icf": _HEALTH["icf"],
        "wger": {"label": "Numbers at wger", "kind": "numbers", "hint": "With commas."},
        "fed": {"label": "Names in free-exercise-db", "kind": "codes", "hint": "With commas."},
    },
    "types": {
        **_LABEL, **_MEANING,
        "work_s": {"label": "Seconds a side, least and most", "kind": "numbers", "hint": "As in: 20, 60."},
        "phases": {"label": "Phases", "kind": "boxes", "of": "phases"},
    },
    "rules": {
        "rule": {"label": "Rule", "kind": "area"}, "source": {"label": "Source", "kind": "area"},
        "when": {"label": "When"}, "expr": {"label": "As a formula"}, "group": {"label": "Group"},
        "use": {"label": "Use", "kind": "choice", "options": _USES},
        "grade": {"label": "Grade of the evidence", "kind": "choice", "options": _GRADES},
        "confidence": {"label": "How it was read", "kind": "choice", "options": _CONFIDENCE},
    },
}  # fmt: skip
"""Vocabulary -> field of an entry -> how it is shown. What an entry has besides stays as it is."""
SUBSETS: Final = {
    "floor_positions": ("positions", "Which positions are on the floor"),
    "free_equipment": ("equipment", "Which things most people have at hand"),
}
"""Vocabularies whose codes are some of another's, and that say no more of them: which one's, and the question."""
FEW: Final = 2
"""Entries of so many lines stand one below another; those with more have a heading each, and are folded."""
_ABOUT: Final = {vocabulary: kind for kind, vocabulary in abouts.KINDS.items()}


def groups(name: str, data: Document, known: Words) -> list[Group] | None:
    """The fields of a vocabulary; None for one that is not in the form of a vocabulary."""
    order, entries = data.get("order"), data.get("entries")
    if not isinstance(entries, dict) or not isinstance(order, list):
        return None
    if name in SUBSETS:
        whole, question = SUBSETS[name]
        beside = [code for code in order if isinstance(code, str)]
        return [Group("Codes", [Field("order", question, "boxes", known.options(whole, beside))])]
    specs = FIELDS.get(name)
    if specs is None or any(not isinstance(code, str) for code in order):
        return None
    codes = _codes(order, entries)
    short = len(specs) <= FEW and all(spec.get("kind", "line") == "line" for spec in specs.values())
    made = {
        code: [_field(code, *each, entries[code], known, named=short) for each in specs.items()]
        for code in codes
        if isinstance(entries.get(code), dict)
    }
    if short:
        fields = [each for fields in made.values() for each in fields]
        shown = [Group("Words", fields, columns=2)]
    else:
        shown = [
            Group(f"{title(entries[code])} ({code})", fields, columns=2, folded=True)
            for code, fields in made.items()
        ]
    rows = [(code, title(entries.get(code)), _read_by_people(name, code)) for code in codes]
    asks = Group(
        "Codes and their order",
        extra={"arrange": rows, "noun": "code", "new": "New code", "new_hint": _HINTS.get(name, _HINT)},
        hint="A code is kept for good: other documents name it. What they still name cannot be left out.",
        folded=True,
    )
    return [*shown, asks]


_HINT: Final = "Small letters, digits and _. Save to fill it in."
_HINTS: Final = {
    "moves": "The joint and the movement, as in hip.flexion. Save to fill it in.",
    "rules": "Letters and two digits, as in W12. Save to fill it in.",
}


def title(entry: Any) -> str:
    """What an entry is called."""
    held = entry if isinstance(entry, dict) else {}
    found = held.get("label") or held.get("rule") or ""
    return found if isinstance(found, str) and len(found) <= 80 else f"{str(found)[:77]}…"


def _codes(order: Iterable[str], entries: Mapping[str, Any]) -> list[str]:
    """The codes in their order, and what only one of the two names."""
    return list(dict.fromkeys([*order, *entries]))


def _field(
    code: str, name: str, spec: Mapping[str, Any], entry: Document, known: Words, *, named: bool
) -> Field:
    kind, had = spec.get("kind", "line"), entry.get(name)
    beside = [each for each in (had if isinstance(had, list) else [had]) if isinstance(each, str) and each]
    options = list(spec.get("options", ()))
    if "of" in spec:
        options = known.options(spec["of"], beside)
    if kind == "choice":
        options = [("", "Choose"), *options]
    return Field(
        f"entries.{code}.{name}", f"{spec['label']} of {code}" if named else spec["label"], kind, options,
        spec.get("hint", ""),
        nullable=spec.get("nullable", False), optional=spec.get("optional", False), way=("entries", code, name),
    )  # fmt: skip


def _read_by_people(name: str, code: str) -> str | None:
    """The document that says the code in both languages, as people read it."""
    return f"/desk/documents/about/{_ABOUT[name]}.{code}" if name in _ABOUT else None


def finish(name: str, data: Document, sent: Sent) -> None:
    """Put the codes in order, leave some out, begin one. Raises Unplaced."""
    order, entries = data.get("order"), data.get("entries")
    if not isinstance(entries, dict) or not isinstance(order, list):
        return
    if name in SUBSETS:
        data["entries"] = {code: entries.get(code, {}) for code in order}
        return
    codes = _codes(order, entries)
    kept = arranged(codes, sent)
    new = (sent("new") or [""])[0].strip()
    if kept != codes:
        data["order"] = kept
        data["entries"] = {code: value for code, value in entries.items() if code in kept}
    if new in entries:
        raise Unplaced("There is one with this code already.", "new")
    if new:
        data["order"] = [*data["order"], new]
        data["entries"] = {**data["entries"], new: _begun(name, new)}


def _begun(name: str, code: str) -> Document:
    """What a new entry has that follows from its code."""
    if name == "rules":
        return {"id": code}
    joint, _, action = code.partition(".")
    return {"joint": joint, "action": action} if name == "moves" else {}
