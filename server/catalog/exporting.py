"""The catalogue for other programs: JSON of all documents, CSV of the exercises (docs/catalog-data.md)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from server.catalog import checking, comparing
from server.catalog.importing.table import COLUMNS, DOSE, LISTS
from server.catalog.refusals import Unknown
from sync.canonical import Key
from sync.objects import ObjectStore
from sync.releases import Release, current_release

Documents = Mapping[Key, Mapping[str, Any]]

FORMAT: Final = "limber-catalog"
VERSION: Final = 1
JSON_OPTIONS: Final = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
CSV_TYPE: Final = "text/csv; charset=utf-8"
# A spreadsheet runs a cell that begins so; the sign ' before it makes it a text.
_RUN = ("=", "+", "-", "@", "\t", "\r", "'")


def approved(conn: Connection) -> Documents:
    """The editors' approved documents: what the next release will hold."""
    return checking.approved(conn)


def released(conn: Connection, store: ObjectStore, number: int | None = None) -> tuple[int, Documents]:
    """The number and the documents of a release, the newest without `number`. Raises refusals.Unknown."""
    release: Release | None
    if number is not None:
        release = comparing.release_of(conn, number)
    elif (release := current_release(conn, comparing.STREAM)) is None:
        raise Unknown("Nothing was released yet.")
    return release.number, comparing.documents_of(store, release)


def to_json(documents: Documents, release: int | None = None) -> str:
    """All documents as one JSON text, ordered by collection and id; the same documents give the same text."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "release": release,
        "documents": [
            {"collection": collection, "id": record_id, "data": documents[collection, record_id]}
            for collection, record_id in sorted(documents)
        ],
    }
    return orjson.dumps(content, option=JSON_OPTIONS).decode()


def to_csv(documents: Documents) -> str:
    """The exercises, a line each: lists are codes with spaces between, the dose has a column for each of its parts."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for (collection, _), data in sorted(documents.items()):
        if collection == "exercise":
            writer.writerow(guarded(_cell(data, column)) for column in COLUMNS)
    return out.getvalue()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_RUN) else cell


def _cell(data: Mapping[str, Any], column: str) -> str:
    if column in DOSE:
        dose = data.get("dose")
        value = dose.get(column.removeprefix("dose.")) if isinstance(dose, dict) else None
    else:
        value = data.get(column)
    if column in LISTS:
        return " ".join(map(str, value)) if isinstance(value, list) else ""
    return "" if value is None else str(value)
