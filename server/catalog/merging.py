"""What differs between two versions of a document, and one version from two that began at the same.

Fields are named by dotted path, as in `dose.reps` or `text.de.cue`. A list is one value: two people who both change the
steps of one guide are asked, since nobody can tell whether their sentences still belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from server.catalog.shapes import Document


class _Missing:
    """Not there at all, which is something else than null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's value before and after; MISSING where it was not there."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that two people changed in different ways since `base`."""

    path: str
    base: Any
    mine: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """`data` holds the changes of both; in the fields of `clashes` it holds mine."""

    data: Document
    clashes: tuple[Clash, ...]


def changes(before: Document | None, after: Document | None) -> list[FieldChange]:
    """The fields that differ, each as deep as objects go, in the order of `after`, then what it lacks."""
    return list(_changes(before or {}, after or {}, ""))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str) -> Iterator[FieldChange]:
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name, MISSING), after.get(name, MISSING)
        if old is new or _same(old, new):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new, f"{prefix}{name}.")
        else:
            yield FieldChange(prefix + name, old, new)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, though Python says so; 1 and 1.0 are one number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def three_way(
    base: Document, mine: Document, theirs: Document, choices: Mapping[str, str] | None = None
) -> Merged:
    """Both people's changes to `base` in one document.

    `choices` settles clashes: "mine" or "theirs" by path. Those it does not name are returned.
    """
    clashes: list[Clash] = []
    data = _merge(base, mine, theirs, "", clashes, choices or {})
    return Merged(data, tuple(clashes))


def _merge(
    base: Mapping[str, Any],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    prefix: str,
    clashes: list[Clash],
    choices: Mapping[str, str],
) -> Document:
    merged: Document = {}
    for name in [*theirs, *(name for name in mine if name not in theirs)]:
        path = prefix + name
        old, own, other = base.get(name, MISSING), mine.get(name, MISSING), theirs.get(name, MISSING)
        if _same(own, other) or _same(old, own):
            value = other
        elif _same(old, other):
            value = own
        elif isinstance(own, dict) and isinstance(other, dict):
            value = _merge(old if isinstance(old, dict) else {}, own, other, f"{path}.", clashes, choices)
        else:
            value = other if choices.get(path) == "theirs" else own
            if path not in choices:
                clashes.append(Clash(path, old, own, other))
        if value is not MISSING:
            merged[name] = value
    return merged
