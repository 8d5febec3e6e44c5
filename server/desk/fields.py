"""What a typed form consists of: fields of a document, how each is shown, and what a sent form makes of it.

A form begins from the draft's data, so that what it does not show stays as it is. What cannot be read (a number with
letters in it) is kept as it was typed: the check then names the field, and nothing that somebody wrote is lost.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from server.catalog.shapes import Document
from server.desk.page import field_id

Options = Sequence[tuple[str, str]]
Sent = Callable[[str], list[str]]  # every value of a field, as it was sent

ABSENT: Final = object()
NONE: Final = "-none"
"""What a box says that stands for: I looked, and there is none."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `kind`: line, area, lines, number, whole, choice, boxes, link or weeks.

    `path` is the place in the document, parts joined by dots. `limits`: least and most characters (of each line).
    `rows`: how many empty lines beside those that are there, and how many at most. `nullable`: empty means null.
    """

    path: str
    label: str
    kind: str = "line"
    options: Options = ()
    hint: str = ""
    limits: tuple[int, int] | None = None
    most: int = 1
    nullable: bool = False
    language: str | None = None

    @property
    def id(self) -> str:
        """The id on the page."""
        return field_id(self.path)


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one heading. `columns`: 1 to 3; with `pairs` the fields come two by two, English and German."""

    title: str
    fields: Sequence[Field] = ()
    columns: int = 1
    pairs: bool = False
    hint: str = ""
    folded: bool = False
    matrix: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


def value_at(data: Any, path: str) -> Any:
    """The value at a dotted path; ABSENT where there is none."""
    for part in path.split("."):
        if isinstance(data, dict) and part in data:
            data = data[part]
        else:
            return ABSENT
    return data


def put_at(data: Document, path: str, value: Any) -> None:
    """Set the value at a dotted path, making objects on the way; ABSENT takes it away."""
    *way, last = path.split(".")
    here: Any = data
    for part in way:
        if not isinstance(here.get(part), dict):
            if value is ABSENT:
                return
            here[part] = {}
        here = here[part]
    if value is ABSENT:
        here.pop(last, None)
    else:
        here[last] = value


def shown(field: Field, data: Document) -> Any:
    """What the form shows of a field: text, or a list of texts for lines and boxes."""
    value = value_at(data, field.path)
    if field.kind == "weeks":
        return _weeks_shown(value)
    if field.kind in ("lines", "boxes"):
        if isinstance(value, list):
            return [each if isinstance(each, str) else repr(each) for each in value]
        return [] if value is ABSENT or value is None else [str(value)]
    if value is ABSENT or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def parse(groups: Sequence[Group], before: Document, sent: Sent) -> Document:
    """The document that a sent form makes of `before`."""
    data = copy.deepcopy(before)
    for group in groups:
        for each in group.fields:
            value = _read(each, value_at(before, each.path), sent(each.path))
            # null alone begins no object that was not there: nobody has written anything of it yet.
            way = each.path.rpartition(".")[0]
            if value is not None or not way or value_at(data, way) is not ABSENT:
                put_at(data, each.path, value)
    return data


def _read(field: Field, old: Any, values: Sequence[str]) -> Any:
    if field.kind == "boxes":
        # That nobody has said anything yet is not the same as that there is none: of hazards least of all.
        return ABSENT if old is ABSENT and not values else _in_order(old, values, field.options)
    if field.kind == "weeks":
        return _weeks_read(values[0] if values else "")
    lines = [" ".join(value.split()) for value in values]
    if field.kind == "lines":
        filled = [line for line in lines if line]
        return ABSENT if not filled and old is ABSENT else filled
    text = lines[0] if lines else ""
    if not text:
        if field.nullable:
            return None
        # What was not there and was not written stays away; what was there and is emptied is wrong, and is told so.
        return "" if isinstance(old, str) and field.kind in ("line", "area", "choice") else ABSENT
    return _number(text, whole=field.kind == "whole") if field.kind in ("number", "whole") else text


def _in_order(old: Any, values: Sequence[str], options: Options) -> list[str]:
    """What is chosen: what was chosen before in its order, which may mean something, then the rest in ours."""
    before = [each for each in old if each in values] if isinstance(old, list) else []
    known = [code for code, _ in options if code in values and code not in before and code != NONE]
    return before + known


def _weeks_shown(weeks: Any) -> str:
    """A line a week: `neck 4, hips 5`."""
    if not isinstance(weeks, list):
        return ""
    return "\n".join(
        ", ".join(
            f"{each.get('part', '')} {each.get('minutes', '')}".strip()
            for each in week
            if isinstance(each, dict)
        )
        for week in weeks
        if isinstance(week, list)
    )


def _weeks_read(text: str) -> list[list[dict[str, Any]]]:
    weeks = []
    for line in text.split("\n"):
        sessions = [" ".join(piece.split()) for piece in line.split(",")]
        week = [_session(piece) for piece in sessions if piece]
        if week:
            weeks.append(week)
    return weeks


def _session(text: str) -> dict[str, Any]:
    part, _, minutes = text.rpartition(" ")
    return {"part": part, "minutes": _number(minutes, whole=True)} if part else {"part": text, "minutes": ""}


def _number(text: str, *, whole: bool) -> Any:
    try:
        number = float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        return text
    if number != number or abs(number) > 1e9:
        return text
    if whole or number.is_integer():
        return int(number) if number.is_integer() else number
    return number
