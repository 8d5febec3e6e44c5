"""The desk's pages about imports: look first, bring in, see what came of each record, take the catalogue away."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from server.catalog.importing import reading
from tests.catalog_import.conftest import SETS, files_of
from tests.desk.conftest import Editor, Page, at_desk, limber, start
from tests.server.conftest import Limber

__all__ = ["at_desk", "limber", "start"]

AtDesk = Callable[..., Editor]


def send(editor: Editor, form: str, files: dict[str, bytes], *, dry: bool = False, **more: Any) -> Page:
    """Choose files and press the button."""
    csrf = dict(editor.get("/desk/imports").form("/desk/imports"))["csrf"]
    data = {
        "csrf": csrf, "format": form, "files": [(io.BytesIO(body), name) for name, body in files.items()],
        **({"dry": "yes"} if dry else {}), **more,
    }  # fmt: skip
    answer = editor.client.post(
        "/desk/imports", data=data, content_type="multipart/form-data", follow_redirects=True
    )
    for each in (*answer.history, answer):  # Werkzeug's client keeps a large body in a file
        each.request.environ["wsgi.input"].close()
    return Page(answer)


def drafted(served: Limber) -> int:
    with served.engine.connect() as conn:
        return int(conn.execute(text("SELECT count(*) FROM catalog_draft")).scalar_one())


def test_an_editor_looks_first_and_then_brings_a_set_in(limber: Limber, at_desk: AtDesk) -> None:
    ana = at_desk("editor")
    seen = send(ana, "longhaul", files_of("longhaul"), dry=True)
    assert seen.status == 200
    assert "Nothing was written" in seen.words
    assert "Tide Bridge" in seen.words
    assert drafted(limber) == 0
    done = send(ana, "longhaul", files_of("longhaul"))
    assert done.status == 200
    assert "drafts were begun. Nothing of it is in the catalogue yet." in done.words
    assert "MIT" in done.words
    assert drafted(limber) > 0
    again = send(ana, "longhaul", files_of("longhaul"))
    assert "Nothing in it is new" in again.words


def test_a_record_shows_its_licence_its_fields_and_its_text(limber: Limber, at_desk: AtDesk) -> None:
    ana = at_desk("editor")
    send(ana, "wger", files_of("wger"))
    with limber.engine.connect() as conn:
        record = conn.execute(
            text("SELECT id FROM import_record WHERE source_name = 'Left harbour neck stretch'")
        ).scalar_one()
    page = ana.get(f"/desk/imports/records/{record}")
    assert page.status == 200
    for words in (
        "CC-BY-SA",
        "Ada",
        "share-alike",
        "do not copy from it",
        "Tilt your head & breathe.",
        "primary_muscles",
    ):
        assert words in page.words
    assert "alert(1)" not in page.html
    assert "Open the draft" in page.words


def test_a_duplicate_becomes_a_draft_when_an_editor_wants_it(limber: Limber, at_desk: AtDesk) -> None:
    ana = at_desk("editor")
    send(ana, "free-exercise-db", files_of("free-exercise-db"))
    with limber.engine.connect() as conn:
        record = conn.execute(
            text("SELECT id FROM import_record WHERE source_id = 'Big_Circles'")
        ).scalar_one()
    before = drafted(limber)
    page = ana.get(f"/desk/imports/records/{record}")
    assert ana.send(page, f"/desk/imports/records/{record}/draft").status == 200
    assert drafted(limber) == before + 1
    assert ana.send(page, f"/desk/imports/records/{record}/draft").status == 409


@pytest.mark.parametrize(
    ("form", "files", "said"),
    [
        ("csv", {}, "Choose the file"),
        ("nonsense", {"a.csv": b"name\n"}, "Choose how the set is written"),
        ("csv", {"a.csv": b"name\n\xff"}, "is not UTF-8"),
        ("free-exercise-db", {"a.json": b"{"}, "is not JSON"),
        ("wger", {"a.json": b"[]"}, "is missing"),
    ],
)
def test_bad_files_are_refused_in_words(
    limber: Limber, at_desk: AtDesk, form: str, files: dict[str, bytes], said: str
) -> None:
    page = send(at_desk("editor"), form, files)
    assert page.status == 422
    assert said in page.words
    assert drafted(limber) == 0


def test_a_set_may_be_larger_than_other_forms_but_not_endless(
    at_desk: AtDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = at_desk("editor")
    rows = b"name,type\n" + b"\n" * 3_000_000
    assert send(ana, "csv", {"large.csv": rows}).status == 200
    monkeypatch.setattr("server.desk.imports_pages.MOST_BYTES", 2_000_000)
    assert send(ana, "csv", {"large.csv": rows}).status == 413
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MOST_BYTES", 2_000_000)
    assert "at most 2000000 are read" in send(ana, "csv", {"large.csv": rows}).words


def test_the_catalogue_is_taken_away_as_json_and_csv(limber: Limber, at_desk: AtDesk) -> None:
    ana = at_desk("editor")
    for path in ("/desk/export.json", "/desk/export.json?release=1"):
        told = ana.client.get(path)
        assert told.status_code == 200
        assert told.headers["Content-Disposition"].startswith("attachment")
        assert json.loads(told.data)["format"] == "limber-catalog"
    assert json.loads(told.data)["release"] == 1
    table = ana.client.get("/desk/export.csv")
    assert table.text.startswith("slug,name,type")
    for wrong, status in (("?release=99", 404), ("?release=x", 400), ("?release=0", 400)):
        assert ana.client.get(f"/desk/export.csv{wrong}").status_code == status


def test_filters_and_pages_of_an_import_hold_odd_words_out(limber: Limber, at_desk: AtDesk) -> None:
    ana = at_desk("editor")
    send(ana, "warmup-generator", files_of("warmup-generator"))
    with limber.engine.connect() as conn:
        batch = conn.execute(text("SELECT id FROM import_batch")).scalar_one()
    assert "Nothing fits" in ana.get(f"/desk/imports/{batch}?q=%25&outcome=draft").words
    assert "Pas du goéland" in ana.get(f"/desk/imports/{batch}?q=go%C3%A9land&outcome=nonsense&page=zz").words
    for path in (
        "imports/00000000-0000-4000-8000-000000000000",
        "imports/records/00000000-0000-4000-8000-000000000000",
    ):
        assert ana.get(f"/desk/{path}").status == 404


def test_a_physio_sees_imports_and_brings_none_in(limber: Limber, at_desk: AtDesk) -> None:
    ben = at_desk("physio", name="Ben")
    page = ben.get("/desk/imports")
    assert page.status == 200
    assert "Read the files" not in page.words
    csrf = page.form("/desk/sign-out")
    answer = ben.client.post("/desk/imports", data={**dict(csrf), "format": "csv"})
    assert answer.status_code == 403
    assert ben.client.get("/desk/export.json").status_code == 403


def test_every_draft_of_an_import_opens_however_incomplete_it_is(limber: Limber, at_desk: AtDesk) -> None:
    ana = at_desk("editor")
    for form in SETS:
        send(ana, form, files_of(form))
    with limber.engine.connect() as conn:
        found = conn.execute(
            text("SELECT id, collection FROM catalog_draft ORDER BY collection, document")
        ).all()
    assert {row.collection for row in found} == {"exercise", "guide", "about"}
    closed = [
        (row.collection, page.status)
        for row in found
        if (page := ana.get(f"/desk/drafts/{row.id}")).status != 200
    ]
    assert closed == []
