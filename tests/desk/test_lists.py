"""Finding documents: searched, filtered, sorted and cut into pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from server.db import read
from server.desk import listing
from tests.desk.conftest import Editor, Page, sit_down
from tests.server.conftest import Limber

AtDesk = Callable[..., Editor]


@pytest.fixture(scope="module")
def reader(shared: Limber) -> Editor:
    """An editor who only looks, at a server that the tests of this file share."""
    return sit_down(shared, "editor")


def names(page: Page) -> list[str]:
    """The ids in the first column of the list."""
    return re.findall(r'<th scope="row"><a href="/desk/documents/[a-z]+/([^"]+)"', page.html)


def test_the_exercises_are_there_by_name_and_on_pages(reader: Editor) -> None:
    first = reader.get("/desk/exercises")
    assert len(names(first)) == 50
    second = reader.get("/desk/exercises?page=2")
    assert re.search(r"51–100 of [1-9]\d\d exercises", second.words)
    assert not set(names(first)) & set(names(second))


def test_a_page_that_is_not_there_leads_to_one_that_is(reader: Editor) -> None:
    for number in ("0", "-1", "9999", "x", "", "99999999999999"):
        assert names(reader.get(f"/desk/exercises?page={number}")), number


def test_words_are_looked_for_in_name_id_and_cue(reader: Editor) -> None:
    assert "calf-stretch-wall" in names(reader.get("/desk/exercises?q=wall+CALF"))
    assert "calf-stretch-wall" in names(reader.get("/desk/exercises?q=lean+in+until"))
    assert names(reader.get("/desk/exercises?q=zzzz")) == []


def test_signs_that_mean_something_to_a_database_are_only_signs(reader: Editor) -> None:
    for given in ("_", "\\", "%%%", "a%b", '"; DROP TABLE account', "ü" * 150):
        answer = reader.client.get("/desk/exercises", query_string={"q": given})
        assert answer.status_code == 200
        assert names(Page(answer)) == [], given
    assert "stride-60" in names(Page(reader.client.get("/desk/exercises", query_string={"q": "%"})))


def test_filters_narrow_the_list(shared: Limber, reader: Editor) -> None:
    held = reader.get("/desk/exercises?type=breathing")
    assert names(held)
    with shared.engine.connect() as conn:
        for slug in names(held):
            kind = conn.execute(
                text("SELECT data->>'type' FROM catalog_document WHERE collection='exercise' AND id=:id"),
                {"id": slug},
            ).scalar_one()
            assert kind == "breathing"
    assert "calf-stretch-wall" in names(reader.get("/desk/exercises?hazard=calf_end&q=wall"))
    assert "calf-stretch-wall" not in names(reader.get("/desk/exercises?hazard=prone&q=wall"))
    assert "calf-stretch-wall" in names(reader.get("/desk/exercises?region=ankle&q=calf-stretch-wall"))
    assert names(reader.get("/desk/exercises?region=neck&q=calf-stretch-wall")) == []
    assert names(reader.get("/desk/exercises?lacks=video&q=calf-stretch-wall")) == ["calf-stretch-wall"]
    assert names(reader.get("/desk/exercises?state=retired")) == []


def test_a_filter_that_does_not_exist_filters_nothing(reader: Editor) -> None:
    everything = re.search(r"of (\d+) exercises", reader.get("/desk/exercises").words)
    assert everything
    assert f"of {everything[1]} exercises" in reader.get("/desk/exercises?state=x&lacks=x&sort=x;y").words


def test_what_was_never_released_is_listed_with_its_draft(at_desk: AtDesk) -> None:
    editor = at_desk("editor")
    editor.send(editor.get("/desk/new/exercise"), "/desk/new/exercise", id="a-brand-new-one")
    assert names(editor.get("/desk/exercises?state=new")) == ["a-brand-new-one"]
    assert names(editor.get("/desk/exercises?state=open")) == ["a-brand-new-one"]


def test_every_collection_has_its_list(reader: Editor) -> None:
    shown = reader.get("/desk/documents")
    paths = re.findall(r'href="(/desk/documents/[a-z]+)"', shown.html)
    assert len(paths) >= 8
    for path in paths:
        assert reader.get(path).status == 200, path
    assert reader.client.get("/desk/documents/nonsense").status_code == 404
    assert "achilles_tendinopathy" in reader.get("/desk/documents/condition").html


def test_the_matrix_shows_what_a_condition_excludes_and_limits(reader: Editor) -> None:
    shown = reader.get("/desk/matrix")
    assert "Achilles tendinopathy" in shown.words
    assert "excluded" in shown.words
    assert "limited" in shown.words


def test_each_document_has_a_page(shared: Limber, reader: Editor) -> None:
    with shared.engine.connect() as conn:
        rows = conn.execute(
            text(
                "SELECT DISTINCT ON (collection) collection, id FROM catalog_document ORDER BY collection, id"
            )
        ).all()
    for collection, record_id in rows:
        assert reader.get(f"/desk/documents/{collection}/{record_id}").status == 200
    assert reader.client.get("/desk/documents/exercise/nothing-like-it").status_code == 404
    assert reader.client.get("/desk/documents/exercise/..%2Fx").status_code == 404
    assert reader.client.get("/desk/documents/nonsense/x").status_code == 404


def test_sorting_by_the_last_change_shows_the_newest_first(limber: Limber) -> None:
    with limber.engine.begin() as conn:
        conn.execute(
            text(
                "UPDATE catalog_document SET updated_at = now() + interval '1 h' WHERE id = 'calf-stretch-wall'"
            )
        )
    found = read(limber.engine, lambda conn: listing.find(conn, "exercise", sort="changed", limit=1))
    assert found.rows[0].id == "calf-stretch-wall"
    assert found.total > 300
