"""Other exercise sets at the desk: bring one in as drafts, see what came of each record; the catalogue as files."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from flask import Response, request
from sqlalchemy import Connection, Row

from server.accounts.page import now
from server.catalog import exporting, history
from server.catalog.drafts import AlreadyOpen, DeskRefusal
from server.catalog.importing import batches, crediting, records, report
from server.catalog.importing.facts import FIELDS, REFUSALS, Licence
from server.catalog.importing.reading import MOST_BYTES, ImportInvalid, line
from server.catalog.refusals import Unknown
from server.db import read, write
from server.desk.page import asked, blp, chosen, field, pages, render, to, whole
from server.desk.session import actor, desk_page
from server.problems import Fault
from server.state import state

_FORM: Final = 100_000  # bytes of what surrounds the files in a form
_SHOWN: Final = 100
FORMATS: Final = (
    ("csv", "A table (CSV) of ours"),
    ("free-exercise-db", "free-exercise-db (exercises.json)"),
    ("longhaul", "longhaul exercises (flexibility, strength, cardio)"),
    ("wger", "wger (its fixtures, all files)"),
    ("warmup-generator", "Warmup Generator (French, JSON)"),
)
OUTCOMES: Final = tuple(
    (code, code) for code in ("draft", "change", "duplicate", "joined", "refused", "busy")
)


@blp.url_value_preprocessor
def _allow_a_set(endpoint: str | None, _: Any) -> None:
    """A set is larger than other forms; this runs before the size of a body is looked at."""
    if endpoint == f"{blp.name}.bring_in":
        request.max_content_length = MOST_BYTES + _FORM


@blp.get("/imports")
@desk_page(blp, "catalog.edit")
def imports() -> Response:
    """Bring a set in; what was brought in before; the catalogue to take away."""
    return _imports_page()


@blp.post("/imports")
@desk_page(blp, "catalog.import")
def bring_in() -> Response:
    """Read the files that were sent. With `dry` only say what would be done."""
    form, dry = field("format", 40), bool(chosen("dry"))
    files = _files()
    if form not in batches.FORMATS:
        return _imports_page(422, {"format": "Choose how the set is written."}, form)
    if not files:
        return _imports_page(422, {"files": "Choose the file or files of the set."}, form)
    try:
        done = write(state().engine, lambda conn: batches.run(conn, actor(), form, files, now=now(), dry=dry))
    except ImportInvalid as error:
        return _imports_page(422, {"files": f"{str(error)[:1].upper()}{str(error)[1:]}."}, form)
    if dry:
        return render(
            "import_preview.html",
            order=FIELDS,
            report=report.as_json(done),
            reasons=REFUSALS,
            words=batches.OUTCOMES,
        )
    if done.batch is None:
        return to("/desk/imports", notice="Nothing in it is new, so nothing was added.")
    begun = sum(done.counts["outcomes"].get(outcome, 0) for outcome in ("draft", "change"))
    return to(
        f"/desk/imports/{done.batch}",
        notice=f"{begun} drafts were begun. Nothing of it is in the catalogue yet.",
    )


@blp.get("/imports/<uuid:batch>")
@desk_page(blp, "catalog.edit")
def import_page(batch: uuid.UUID) -> Response:
    """What one import did, and its records."""
    outcome, words = asked("outcome"), asked("q")
    if outcome and outcome not in dict(OUTCOMES):
        outcome = ""

    def query(conn: Connection) -> tuple[Row[Any], int, dict[str, str]]:
        run = records.run_of(conn, batch)
        total = records.listed(conn, batch, outcome=outcome, words=words, limit=1)[1]
        return run, total, history.names(conn, [run.started_by])

    run, total, names = _read(query)
    at = pages(total, _SHOWN)
    rows = read(
        state().engine,
        lambda conn: records.listed(
            conn, batch, outcome=outcome, words=words, offset=at["offset"], limit=at["size"]
        )[0],
    )
    return render(
        "import.html", run=run, rows=rows, at=at, who=names[run.started_by], outcome=outcome, words=words,
        outcomes=OUTCOMES, told=batches.OUTCOMES, reasons=REFUSALS, sets=crediting.SETS, order=FIELDS,
    )  # fmt: skip


@blp.get("/imports/records/<uuid:record>")
@desk_page(blp, "catalog.edit")
def import_record_page(record: uuid.UUID) -> Response:
    """One record: what the set said, what became of each field, and on which terms."""
    row = _read(lambda conn: records.record_of(conn, record))
    licence = Licence(**row.licence)
    return render(
        "import_record.html", row=row, licence=licence, credit=crediting.line(licence), sets=crediting.SETS,
        told=batches.OUTCOMES, after_all=row.outcome in records.AFTER_ALL and row.proposal is not None,
    )  # fmt: skip


@blp.post("/imports/records/<uuid:record>/draft")
@desk_page(blp, "catalog.import")
def want_record(record: uuid.UUID) -> Response:
    """Begin a draft of a record that the import left aside."""
    try:
        made = write(state().engine, lambda conn: records.take_after_all(conn, actor(), record, now()))
    except Unknown as error:
        raise Fault(404, str(error)) from None
    except AlreadyOpen as error:
        return to(f"/desk/drafts/{error.draft.id}", notice=str(error))
    except DeskRefusal as error:
        raise Fault(409, str(error)) from None
    return to(f"/desk/drafts/{made.draft}", notice="A draft was begun. Please complete it.")


@blp.get("/export.json")
@desk_page(blp, "catalog.import")
def export_json() -> Response:
    """All documents: the approved ones, or with `release` those of a release."""
    number, documents = _documents()
    return _file(exporting.to_json(documents, number), "application/json", number, "json")


@blp.get("/export.csv")
@desk_page(blp, "catalog.import")
def export_csv() -> Response:
    """The exercises as a table."""
    number, documents = _documents()
    return _file(exporting.to_csv(documents), exporting.CSV_TYPE, number, "csv")


def overview(conn: Connection, now: datetime) -> list[tuple[str, str, str]]:  # noqa: ARG001
    """For the desk's first page: drafts of imports that wait for somebody."""
    waiting = [row for row in records.runs(conn) if row.waiting]
    return [
        (
            str(row.waiting), f"drafts of {crediting.SETS.get(row.format, row.format)} to complete or discard",
            f"/desk/imports/{row.id}",
        )
        for row in waiting
    ]  # fmt: skip


def _imports_page(status: int = 200, errors: dict[str, str] | None = None, form: str = "csv") -> Response:
    def query(conn: Connection) -> tuple[list[Row[Any]], dict[str, str]]:
        runs = records.runs(conn)
        return runs, history.names(conn, [each.started_by for each in runs])

    runs, names = read(state().engine, query)
    return render(
        "imports.html", status, errors=errors, runs=runs, names=names, formats=FORMATS, form=form,
        sets=crediting.SETS, most=MOST_BYTES,
    )  # fmt: skip


def _files() -> dict[str, bytes]:
    """What was sent, by the files' own names; a browser may send a folder's path before them."""
    sent = [each for each in request.files.getlist("files") if each.filename]
    return {
        line(str(each.filename).replace("\\", "/").rsplit("/", 1)[-1])[:200]: each.read() for each in sent
    }


def _read(query: Any) -> Any:
    try:
        return read(state().engine, query)
    except Unknown as error:
        raise Fault(404, str(error)) from None


def _documents() -> tuple[int | None, exporting.Documents]:
    if not (given := asked("release")):
        return None, read(state().engine, exporting.approved)
    number = whole("release", given, 1)
    found: tuple[int, exporting.Documents] = _read(
        lambda conn: exporting.released(conn, state().store, number)
    )
    return found


def _file(body: str, content_type: str, number: int | None, ending: str) -> Response:
    name = f"limber-catalog-{f'release-{number}' if number else 'approved'}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, 200, headers, content_type=content_type)
