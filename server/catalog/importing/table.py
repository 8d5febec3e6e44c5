"""CSV: the catalogue's own columns, as `exporting.to_csv` writes them; any part of them, in any order, may be given."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from server.catalog.content import SLUG, SLUG_CHARACTERS
from server.catalog.importing.facts import Field, Licence, Read, Record, Refusal, digest, mapped
from server.catalog.importing.guessing import Like
from server.catalog.importing.matching import Likeness, known_record
from server.catalog.importing.reading import FieldInvalid, Files, ImportInvalid, decoded, line
from server.catalog.importing.results import Result, duplicate, new_slug

TEXTS = ("slug", "name", "type", "cue", "laterality")
LISTS = (
    "primary_muscles", "secondary_muscles", "moves", "positions", "equipment", "phases", "hazards", "activities",
)  # fmt: skip
DOSE = ("dose.mode", "dose.reps", "dose.sec_per_rep", "dose.work_s_per_side", "dose.sides")
NUMBERS = ("difficulty", "met")
# Where it came from; without a licence a row is somebody's own work.
CREDIT = ("source_id", "licence", "licence_url", "attribution", "source_url", "steps")
COLUMNS = (
    "slug", "name", "type", "cue", "laterality", "primary_muscles", "secondary_muscles", "moves", "positions",
    "equipment", "difficulty", "met", *DOSE, "phases", "hazards", "activities",
)  # fmt: skip
LICENCES = {
    "own": "own work",
    "CC0-1.0": "CC0 1.0",
    "CC-BY-4.0": "CC BY 4.0",
    "CC-BY-3.0": "CC BY 3.0",
    "CC-BY-SA-4.0": "CC BY-SA 4.0",
    "CC-BY-SA-3.0": "CC BY-SA 3.0",
    "MIT": "MIT",
    "Unlicense": "Unlicense",
    "ODbL-1.0": "ODbL 1.0",
}
MOST_CELL = 5000
FORMULA = re.compile(r"'(?=[=+\-@\t\r'])")
"""What `exporting` puts before a cell that a spreadsheet would run, taken off again."""


def read(files: Files) -> Read:
    """Records of the tables given; the first line names the columns."""
    for name, body in files.items():
        yield from _table(name, decoded(name, body))


def _table(name: str, text: str) -> Read:
    head = text.split("\n", 1)[0]
    sign = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    csv.field_size_limit(1_000_000)
    try:
        columns = [line(cell).lower() for cell in next(rows, [])]
        _check_columns(name, columns)
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield _row(f"{name}, line {rows.line_num}", columns, cells)
    except csv.Error as error:
        raise ImportInvalid(f"{name}, line {rows.line_num}: is not CSV: {error}") from None


def _check_columns(name: str, columns: list[str]) -> None:
    known = (*COLUMNS, *CREDIT)
    for column in columns:
        if column not in known:
            raise ImportInvalid(
                f"{name}: the column {column[:40]!r} is unknown; known are {', '.join(known)}"
            )
        if columns.count(column) > 1:
            raise ImportInvalid(f"{name}: the column {column} is there twice")
    if not {"slug", "name"} & set(columns):
        raise ImportInvalid(f"{name}: the first line must name the columns, at least slug or name")


def _row(where: str, columns: list[str], cells: list[str]) -> Record | Refusal:
    given = dict(zip(columns, (line(FORMULA.sub("", cell, count=1)) for cell in cells), strict=False))
    ident = given.get("source_id") or given.get("slug") or given.get("name") or where
    try:
        if len(cells) != len(columns):
            raise FieldInvalid(f"has {len(cells)} cells, but the first line names {len(columns)} columns")
        long = next((column for column, cell in given.items() if len(cell) > MOST_CELL), None)
        if long:
            raise FieldInvalid(f"{long}: has more than {MOST_CELL} characters")
        return _record(where, ident, given)
    except FieldInvalid as error:
        return Refusal(ident[:200], where, given.get("name", "")[:200], "malformed", str(error))


def _record(where: str, ident: str, given: Mapping[str, str]) -> Record:
    data = exercise_of(given)
    fields = tuple(mapped(name, value) for name, value in data.items() if name != "slug")
    slug = data.get("slug", "")
    if slug and (not SLUG.fullmatch(slug) or len(slug) > SLUG_CHARACTERS):
        raise FieldInvalid(
            f"slug: {slug[:40]!r} is not up to {SLUG_CHARACTERS} of a-z and 0-9 in parts joined by -"
        )
    name = str(data.get("name") or slug)
    if not name:
        raise FieldInvalid("name: is empty, and there is no slug")
    code = given.get("licence") or "own"
    if code not in LICENCES:
        raise FieldInvalid(f"licence: {code[:40]!r} is not one of {', '.join(LICENCES)}")
    licence = Licence(
        code,
        LICENCES[code],
        given.get("licence_url", ""),
        given.get("attribution", ""),
        given.get("source_url", ""),
    )
    if licence.wants_credit and not licence.by:
        raise FieldInvalid(f"attribution: is needed, as {code} asks to name the authors")
    steps = tuple(step for part in given.get("steps", "").split("|") if (step := line(part)))
    return Record(
        ident[:200],
        where,
        name,
        licence,
        fields,
        steps=steps,
        digest=digest(dict(given)),
        documents={"exercise": data},
    )


def exercise_of(given: Mapping[str, str]) -> dict[str, Any]:
    """The exercise in a row. An empty cell of a list is an empty list; any other empty cell says nothing."""
    data: dict[str, Any] = {name: given[name] for name in TEXTS if given.get(name)}
    for name in LISTS:
        if name in given:
            data[name] = list(dict.fromkeys(given[name].split()))
    for name in NUMBERS:
        if given.get(name):
            data[name] = _number(name, given[name])
    if given.get("dose.mode"):
        data["dose"] = {
            column.removeprefix("dose."): (text if column == "dose.mode" else _number(column, text))
            if text
            else None
            for column in DOSE
            for text in (given.get(column, ""),)
        }
    elif any(given.get(column) for column in DOSE):
        raise FieldInvalid("dose.mode: is needed where another column of the dose is filled in")
    return data


def _number(name: str, text: str) -> int | float:
    if not re.fullmatch(r"-?\d{1,6}(\.\d{1,4})?", text, re.ASCII):
        raise FieldInvalid(f"{name}: {text[:40]!r} is not a number, such as 2 or 2.5")
    number = float(text)
    return int(number) if number.is_integer() else number


def decide(
    each: Record, exercises: Mapping[str, Any], taken: set[str], like: Like, places: Sequence[Likeness]
) -> Result:
    """A row changes the exercise of its slug, where there is one; else it is a new one, if none is like it."""
    given = dict(each.documents["exercise"])
    slug = given.get("slug", "")
    there = exercises.get(slug)
    if there is not None:
        changed = {name: value for name, value in given.items() if there.get(name) != value}
        if not changed:
            return Result(
                each.source_id, each.where, each.name, "same", "nothing differs", None, each, None, slug
            )
        fields = tuple(
            Field(name, "mapped", value, "", "changed" if name in changed else "as it was")
            for name, value in {**there, **given}.items()
            if name != "slug"
        )
        why = f"a change of {', '.join(changed)}"
        return Result(
            each.source_id,
            each.where,
            each.name,
            "change",
            why,
            None,
            replace(each, fields=fields),
            None,
            slug,
        )
    record = like.complete(each)
    matches = [place.best(record) for place in places]
    # A row is written for this catalogue, so only a name that is given already speaks against it.
    for match, reason in zip(matches, ("in_catalogue", "in_draft", "in_set"), strict=True):
        if match and match.by == "name":
            return duplicate(record, match, reason)
    places[-1].add(known_record(record))
    close = max((match for match in matches if match), key=lambda match: match.score, default=None)
    return Result(
        each.source_id, each.where, each.name, "draft", "new", None, record, None,
        slug if slug and slug not in taken else new_slug(slug or each.name, taken), None, close,
    )  # fmt: skip
