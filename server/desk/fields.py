"""What a typed form consists of: fields of a document, how each is shown, and what a sent form makes of it.

A form begins from the draft's data, so that what it does not show stays as it is. What cannot be read (a number with
letters in it) is kept as it was typed: the check then names the field, and nothing that somebody wrote is lost.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from server.catalog.shapes import Document
from server.desk.page import field_id

Options = Sequence[tuple[str, str]]
Sent = Callable[[str], list[str]]  # every value of a field, as it was sent


class Unplaced(ValueError):
    """The order of a list, or what is new in it, cannot be as it was sent; `field` is the id on the page."""

    def __init__(self, why: str, field: str) -> None:
        super().__init__(why)
        self.field = field


ABSENT: Final = object()
NONE: Final = "-none"
"""What a box says that stands for: I looked, and there is none."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    `kind`: line, area, lines, number, whole, choice, boxes, link, weeks, and
    flag (true, or not there), codes and numbers (lists, with commas), few (one value, or a list of them with commas),
    weights (a number from 0 to 3 by code, where 0 is not there), json (a part that has no form of its own).
    `path` is the place in the document, parts joined by dots; `way` the parts where one has a dot in it.
    `limits`: least and most characters (of each line). `most`: how many lines. `nullable`: empty means null.
    `optional`: empty means not there. `options` of a line are suggestions.
    """

    path: str
    label: str
    kind: str = "line"
    options: Options = ()
    hint: str = ""
    limits: tuple[int, int] | None = None
    most: int = 1
    nullable: bool = False
    optional: bool = False
    language: str | None = None
    way: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, ...]:
        """The parts of the path."""
        return self.way or tuple(self.path.split("."))

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


def value_at(data: Any, place: Sequence[str]) -> Any:
    """The value at a place, by names and numbers of a list; ABSENT where there is none."""
    for part in place:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return ABSENT
    return data


def put_at(data: Document, place: Sequence[str], value: Any) -> None:
    """Set the value at a place, making objects on the way; ABSENT takes it away. Lists keep their length."""
    *way, last = place
    here: Any = data
    for part in way:
        inner = value_at(here, [part])
        if not isinstance(inner, dict | list):
            if value is ABSENT or not isinstance(here, dict):
                return
            inner = here[part] = {}
        here = inner
    if isinstance(here, list):
        if value is not ABSENT and last.isdecimal() and int(last) < len(here):
            here[int(last)] = value
    elif value is ABSENT:
        here.pop(last, None)
    else:
        here[last] = value


def shown(field: Field, data: Document) -> Any:
    """What the form shows of a field: text; a list of texts for lines and boxes; text by code for weights."""
    return _shown(field, value_at(data, field.place))


def _shown(field: Field, value: Any) -> Any:
    if field.kind == "weeks":
        return _weeks_shown(value)
    if field.kind == "weights":
        held = value if isinstance(value, dict) else {}
        return {code: str(held.get(code, 0)) for code, _ in field.options}
    if field.kind == "flag":
        return value is True
    if field.kind == "json":
        return json_shown(value)
    if field.kind in ("codes", "numbers", "few") and isinstance(value, list):
        return ", ".join(each if isinstance(each, str) else str(each) for each in value)
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
            value = _read(each, value_at(before, each.place), sent)
            # null alone begins no object that was not there: nobody has written anything of it yet.
            way = each.place[:-1]
            if value is not None or not way or value_at(data, way) is not ABSENT:
                put_at(data, each.place, value)
    return data


def _read(field: Field, old: Any, sent: Sent) -> Any:
    if field.kind == "weights":
        return _weights_read(field, old, sent)
    values = sent(field.path)
    if field.kind == "flag":
        return True if values else ABSENT if old is True else old
    if field.kind == "boxes":
        # That nobody has said anything yet is not the same as that there is none: of hazards least of all.
        return ABSENT if old is ABSENT and not values else _in_order(old, values, field.options)
    if not values:
        return old  # the form that was sent did not have it
    if field.kind == "weeks":
        return _weeks_read(values[0])
    if field.kind == "json":
        return old if values[0].strip() == json_shown(old) else _json_read(values[0])
    lines = [" ".join(value.split()) for value in values]
    if field.kind == "lines":
        filled = [line for line in lines if line]
        return ABSENT if not filled and old is ABSENT else filled
    text = lines[0]
    if not text:
        if field.nullable:
            return None
        if field.optional:
            return old if old == "" else ABSENT
        if field.kind in ("codes", "numbers", "few"):
            return ABSENT if old is ABSENT else []
        # What was not there and was not written stays away; what was there and is emptied is wrong, and is told so.
        return "" if isinstance(old, str) and field.kind in ("line", "area", "choice") else ABSENT
    if field.kind in ("codes", "numbers", "few"):
        return old if text == _shown(field, old) else _list_read(field.kind, text)
    return _number(text, whole=field.kind == "whole") if field.kind in ("number", "whole") else text


def _in_order(old: Any, values: Sequence[str], options: Options) -> list[str]:
    """What is chosen: what was chosen before in its order, which may mean something, then the rest in ours."""
    before = [each for each in old if each in values] if isinstance(old, list) else []
    known = [code for code, _ in options if code in values and code not in before and code != NONE]
    return before + known


def _list_read(kind: str, text: str) -> Any:
    pieces = [piece.strip() for piece in (text.split(",") if kind == "codes" else re.split(r"[,\s]+", text))]
    found = [piece if kind == "codes" else _number(piece, whole=False) for piece in pieces if piece]
    return found[0] if kind == "few" and len(found) == 1 else found


def _weights_read(field: Field, old: Any, sent: Sent) -> Any:
    """What is asked of by code; what nothing is asked of is not there, as the catalogue has it."""
    before = old if isinstance(old, dict) else {}
    told = {code: sent(f"{field.path}.{code}") for code, _ in field.options}
    now = dict(before)
    for code, values in told.items():
        if values and values[0] != str(before.get(code, 0)):
            if values[0] == "0":
                now.pop(code, None)
            else:
                now[code] = _number(values[0], whole=True)
    return now if now or before else old


def json_shown(value: Any) -> str:
    """A part of a document as JSON that people edit, an item of a list on a line; text that is no JSON as it is."""
    if value is ABSENT:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(json.dumps(each, ensure_ascii=False) for each in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def json_value(text: str) -> Any:
    """What JSON text says. Raises ValueError, which says where it is wrong."""
    try:
        value = json.loads(text, parse_constant=_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except UnicodeEncodeError:
        raise ValueError("is not JSON: it has half a sign, written as \\u and four digits") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too great a number")
    return number


def _json_read(text: str) -> Any:
    if not text:
        return ABSENT
    try:
        return json_value(text)
    except ValueError:
        return text


def arranged(names: Sequence[str], sent: Sent) -> list[str]:
    """The names in the order that the form asks for, without those that it leaves out.

    What was given another place (from 1) is put there, and the rest closes up round it. Raises Unplaced.
    """
    kept = [name for name in names if name not in sent("drop")]
    moved: dict[str, int] = {}
    for at, name in enumerate(names, 1):
        text = (sent(f"place.{name}") or [str(at)])[0].strip()
        if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text)):
            why = "Say with a whole number from 1 on where it belongs."
            raise Unplaced(why, field_id(f"place.{name}"))
        if int(text) != at and name in kept:
            moved[name] = int(text)
    found = [name for name in kept if name not in moved]
    for name in sorted(moved, key=lambda each: moved[each]):
        found.insert(moved[name] - 1, name)
    return found


def lead(groups: Sequence[Group], path: str) -> str:
    """The id of the field that a problem at `path` is put right in: that of the whole for a part of JSON."""
    inside = (
        f for group in groups for f in group.fields if f.kind == "json" and path.startswith(f"{f.path}.")
    )
    return next((each.id for each in inside), field_id(path))


def unread(groups: Sequence[Group], data: Document) -> Iterator[tuple[str, str]]:
    """(path, why) of each part that was typed as JSON and is none."""
    for each in (each for group in groups for each in group.fields if each.kind == "json"):
        value = value_at(data, each.place)
        if isinstance(value, str):
            try:
                json_value(value)
            except ValueError as why:
                yield each.path, str(why)


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
