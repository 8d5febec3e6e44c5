"""The catalogue as JSON and CSV: the same each time, safe in a spreadsheet, and nothing new when it comes back."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from server.catalog import exporting
from server.catalog.content import read_seed
from server.catalog.importing import batches
from server.catalog.importing.batches import Report
from server.catalog.refusals import Unknown
from sync.objects import open_store
from tests.catalog_import.conftest import by_id

Documents = exporting.Documents
Bring = Callable[..., Report]


def exercises(documents: Documents) -> dict[str, dict[str, object]]:
    return {key[1]: dict(data) for key, data in documents.items() if key[0] == "exercise"}


def test_every_exercise_comes_back_from_csv_as_it_was(content: Documents) -> None:
    table = exporting.to_csv(content)
    report = batches.look("csv", {"catalog.csv": table.encode()}, content)
    assert report.counts["outcomes"] == {"same": len(exercises(content))}
    read = {
        record.source_id: dict(record.documents["exercise"])  # type: ignore[union-attr]
        for record in batches.FORMATS["csv"]({"catalog.csv": table.encode()})
    }
    assert read == exercises(content)


def test_an_import_of_the_export_writes_nothing(bring: Bring, filled: Connection) -> None:
    table = exporting.to_csv(exporting.approved(filled)).encode()
    report = bring("csv", {"catalog.csv": table})
    assert report.batch is None
    assert set(report.counts["outcomes"]) == {"same"}


def test_one_changed_cell_is_one_draft_of_one_field(bring: Bring, filled: Connection) -> None:
    table = exporting.to_csv(exporting.approved(filled))
    changed = table.replace("Cat-cow", "Cat and cow", 1)
    report = bring("csv", {"catalog.csv": changed.encode()})
    assert report.counts["outcomes"]["change"] == 1
    done = by_id(report)["cat-cow"]
    assert done.why == "a change of name"
    assert done.draft is not None
    assert bring("csv", {"catalog.csv": changed.encode()}).batch is None


def test_json_holds_every_document_in_one_order(content: Documents) -> None:
    told = exporting.to_json(content, 7)
    assert told == exporting.to_json(dict(reversed(list(content.items()))), 7)
    read = json.loads(told)
    assert (read["format"], read["version"], read["release"]) == ("limber-catalog", 1, 7)
    assert {(each["collection"], each["id"]): each["data"] for each in read["documents"]} == content
    keys = [(each["collection"], each["id"]) for each in read["documents"]]
    assert keys == sorted(keys)


def test_no_cell_is_run_by_a_spreadsheet(content: Documents) -> None:
    evil = {"=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\tx", "'quoted", "plain"}
    for name in evil:
        documents = {("exercise", "x"): {**exercises(content)["cat-cow"], "slug": "x", "name": name}}
        (row,) = csv.DictReader(io.StringIO(exporting.to_csv(documents)))
        assert row["name"][0] not in "=+-@\t\r"
        (back,) = batches.FORMATS["csv"]({"t.csv": exporting.to_csv(documents).encode()})
        assert back.name == name.strip()


@pytest.mark.parametrize("name", ['with "quotes"', "a, b; c", "Größe – ß", "two  spaces"])
def test_odd_names_survive_the_way(content: Documents, name: str) -> None:
    documents = {("exercise", "x"): {**exercises(content)["cat-cow"], "slug": "x", "name": name}}
    (back,) = batches.FORMATS["csv"]({"t.csv": exporting.to_csv(documents).encode()})
    assert back.name == " ".join(name.split())


def test_a_release_that_is_not_there_is_said_so(conn: Connection, tmp_path: object) -> None:
    store = open_store(str(tmp_path))
    with pytest.raises(Unknown, match="Nothing was released yet"):
        exporting.released(conn, store)
    with pytest.raises(Unknown):
        exporting.released(conn, store, 3)


def test_incomplete_exercises_are_written_as_far_as_they_go() -> None:
    (row,) = csv.DictReader(io.StringIO(exporting.to_csv({("exercise", "x"): {"slug": "x", "dose": None}})))
    assert row["slug"] == "x"
    assert set(row.values()) == {"x", ""}


def test_the_whole_content_is_exported(content: Documents) -> None:
    everything = read_seed()
    assert len(json.loads(exporting.to_json(everything))["documents"]) == len(everything) > len(content)
