"""Who may approve what: a second person always, a physio for what can hurt somebody."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from server.catalog.merging import changes
from server.catalog.shapes import Document

REVIEWERS: Final = frozenset({"editor", "physio", "admin"})
SAFETY_REVIEWERS: Final = frozenset({"physio"})
"""An admin is not among them: knowing the server is not knowing a knee."""

# What decides who is given an exercise, and how hard it is. Words and muscles do not.
EXERCISE_FIELDS: Final = frozenset(
    {"hazards", "positions", "moves", "met", "difficulty", "dose", "type", "equipment"}
)
WHOLE: Final = ("condition", "vocabulary")
WHOLE_ABOUTS: Final = ("condition.", "hazard.")


def safety_fields(
    collection: str, record_id: str, before: Document | None, after: Document | None
) -> list[str]:
    """Dotted paths of the changed fields that a physio has to look at; empty when any reviewer will do.

    All fields count of a new exercise, of conditions, of vocabularies and of what people read about conditions and
    hazards; taking an exercise back cannot hurt.
    """
    changed = [each.path for each in changes(before, after)]
    if collection in WHOLE or (collection == "about" and record_id.startswith(WHOLE_ABOUTS)):
        return changed
    if collection == "exercise":
        if after is None:
            return []
        return (
            changed if before is None else [path for path in changed if path.split(".")[0] in EXERCISE_FIELDS]
        )
    if collection == "guide":
        return [path for path in changed if _is_safety_note(path, before, after)]
    return []


def _is_safety_note(path: str, before: Document | None, after: Document | None) -> bool:
    parts = path.split(".")
    if parts[0] != "text":
        return False
    if len(parts) >= 3:
        return parts[2] == "safety"
    # A whole language, or all of them at once, came or went: it matters if there was a note in it.
    return any(_has_note(each) for each in (before, after) if each)


def _has_note(guide: Document) -> bool:
    texts = guide.get("text")
    languages = texts.values() if isinstance(texts, dict) else ()
    return any(isinstance(words, dict) and bool(words.get("safety")) for words in languages)


def refusal(
    actor_id: str, roles: Collection[str], contributors: Collection[str], safety: Collection[str]
) -> str | None:
    """Why somebody may not approve a change, in words for them; None when they may."""
    if REVIEWERS.isdisjoint(roles):
        return "Approving a change needs the role editor, physio or admin."
    if actor_id in contributors:
        return "You wrote in this change yourself. Another person has to look at it."
    if safety and SAFETY_REVIEWERS.isdisjoint(roles):
        shown = ", ".join(sorted(safety)[:4]) + (" and more" if len(safety) > 4 else "")
        return f"This changes what keeps people safe ({shown}). It needs the role physio."
    return None
