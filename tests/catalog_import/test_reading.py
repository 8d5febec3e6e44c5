"""Files that strangers wrote: what is wrong is said with file, record and field, and nothing crashes."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.catalog.importing import batches, reading
from server.catalog.importing.reading import FieldInvalid, ImportInvalid, Row
from tests.catalog_import.conftest import SETS, files_of

GOOD = {"id": "a", "name": "A", "category": "stretching", "level": "beginner", "equipment": None}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is not JSON"),
        (b"[1, 2", "is not JSON"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[1e999]", "too large"),
        (b"\xff\xfe[", "is not UTF-8 text (byte 0)"),
        (b'[{"id": 1, "id": 2}]', "the key 'id' is there twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": 1}', "must hold a JSON list of records, not an object"),
        (b"9" * 5000, "is not JSON"),
    ],
)
def test_a_file_that_is_no_list_of_records_is_refused_by_its_name(body: bytes, said: str) -> None:
    with pytest.raises(ImportInvalid) as refused:
        list(batches.FORMATS["free-exercise-db"]({"set.json": body}))
    assert str(refused.value).startswith("set.json: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "entry", [7, None, "text", [], {}, {"id": "a"}, {**GOOD, "name": 3}, {**GOOD, "name": "  "}]
)
def test_one_wrong_record_is_refused_and_the_rest_go_on(entry: Any) -> None:
    good = json.loads(files_of("free-exercise-db")["free_exercise_db.json"])[0]
    first, second = batches.FORMATS["free-exercise-db"]({"s.json": json.dumps([entry, good]).encode()})
    assert getattr(first, "code", None) == "malformed"
    assert first.where == "s.json, record 1"
    assert second.name == good["name"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "licenses.json: is missing; given: no file"),
        ({"licenses.json": b"[]", "languages.json": b"[]"}, "no record has the short_name en"),
        (
            {"licenses.json": b"[3]", "languages.json": b"[]"},
            "licenses.json, record 1: fields: must be an object",
        ),
        (
            {
                "licenses.json": b'[{"model": "core.license", "pk": "x", "fields": {}}]',
                "languages.json": b"[]",
            },
            "licenses.json, record 1: pk: must be a whole number",
        ),
        (
            {"licenses.json": b'[{"model": "core.license", "pk": 1, "fields": {}}]', "languages.json": b"[]"},
            "licenses.json, record 1: short_name: is missing",
        ),
    ],
)
def test_fixtures_of_wger_that_lack_something_say_what(files: dict[str, bytes], said: str) -> None:
    with pytest.raises(ImportInvalid) as refused:
        list(batches.FORMATS["wger"](files))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "must name the columns"),
        (b"name,colour\nA,b\n", "the column 'colour' is unknown"),
        (b"name,name\n", "the column name is there twice"),
        (b'name\n"open', "is not CSV"),
        (b"name\n\xff\n", "is not UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(body: bytes, said: str) -> None:
    with pytest.raises(ImportInvalid, match=said):
        list(batches.FORMATS["csv"]({"t.csv": body}))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A,many,,", "difficulty: 'many' is not a number"),
        ("A,,1e5,", "met: '1e5' is not a number"),
        ("A,,,WTFPL", "licence: 'WTFPL' is not one of"),
        (",1,,", "name: is empty"),
        ("A,1", "has 2 cells, but the first line names 4 columns"),
        (f"{'x' * 5001},1,,", "name: has more than 5000 characters"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_line_and_column(row: str, said: str) -> None:
    (found,) = batches.FORMATS["csv"]({"t.csv": f"name,difficulty,met,licence\n{row}\n".encode()})
    assert found.where == "t.csv, line 2"
    assert said in getattr(found, "why", "")


@pytest.mark.parametrize("slug", ["Two Words", "été", "a--b", "x" * 49, "../up"])
def test_a_slug_that_no_document_can_have_is_refused(slug: str) -> None:
    (found,) = batches.FORMATS["csv"]({"t.csv": f"slug,name\n{slug},A\n".encode()})
    assert "slug: " in getattr(found, "why", "")


def test_the_licence_of_a_set_must_be_told() -> None:
    with pytest.raises(ImportInvalid, match="license and attribution"):
        list(batches.FORMATS["warmup-generator"]({"e.json": b'{"exercises": []}'}))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>One.</p><ul><li>Two</li><li>Three.</li></ul>", ["One.", "Two", "Three."]),
        ("Sit.<br>Rest.", ["Sit.", "Rest."]),
        ("<script>alert(1)</script>Stand.", ["Stand."]),
        ("&lt;script&gt;alert(1)&lt;/script&gt; Stand.", ["alert(1) Stand."]),
        ("<img src=x onerror=alert(1)>Reach <b>up</b> &amp; out.", ["Reach up & out."]),
        ("5 < 6 breaths. Then rest.", ["5 < 6 breaths.", "Then rest."]),
        ("a\x00b\u202ec\ud800d", ["a b c d"]),
        ("  \n ", []),
    ],
)
def test_text_comes_without_html_and_signs_that_cannot_be_kept(text: str, plain: list[str]) -> None:
    assert reading.sentences(text) == plain


def test_a_folder_without_sets_and_a_file_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(ImportInvalid, match=r"no \.json or .csv file"):
        reading.gather(tmp_path)
    with pytest.raises(ImportInvalid, match="No such file"):
        reading.gather(tmp_path / "none.json")


def test_a_set_that_nobody_has_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_bytes(b"[]" * 10)
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(ImportInvalid, match="at most 10 are read"):
        reading.gather(tmp_path)


def test_a_field_of_the_wrong_kind_is_named() -> None:
    row = Row("here", {"a": True, "b": ["x", 1], "c": "x" * 300, "d": [1.5], "e": 1.5})
    for ask, said in (
        (lambda: row.text("a"), "a: must be text, not true or false"),
        (lambda: row.text("z"), "z: is missing"),
        (lambda: row.words("b"), "b: must be a list of texts"),
        (lambda: row.text("c"), "c: has 300 characters; at most 200 are read"),
        (lambda: row.numbers("d"), "d: must be a list of whole numbers"),
        (lambda: row.whole("e"), "e: must be a whole number, not a number"),
        (lambda: row.one_of("a", ("x", None)), "a: 'True' is not one of x, null"),
    ):
        with pytest.raises(FieldInvalid) as refused:
            ask()
        assert str(refused.value) == said


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.sampled_from(["free-exercise-db", "longhaul", "wger", "warmup-generator"]))
def test_whatever_a_field_holds_the_record_is_read_or_refused(
    content: Any, data: st.DataObject, form: str
) -> None:
    files = dict(files_of(form))
    name = data.draw(st.sampled_from(sorted(files)))
    held = json.loads(files[name])
    rows = held["exercises"] if isinstance(held, dict) else held
    row = rows[data.draw(st.integers(0, len(rows) - 1))]
    inner = data.draw(st.booleans())
    row = row["fields"] if "fields" in row and inner else row
    row[data.draw(st.sampled_from(sorted(row)))] = data.draw(json_values)
    files[name] = json.dumps(held).encode()
    with contextlib.suppress(ImportInvalid):
        report = batches.look(form, files, content)
        assert report.counts["records"] == len(report.results)


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=200), form=st.sampled_from(sorted(SETS)))
def test_any_bytes_are_read_or_refused(body: bytes, form: str) -> None:
    with contextlib.suppress(ImportInvalid):
        list(batches.FORMATS[form]({"x.json": body}))
