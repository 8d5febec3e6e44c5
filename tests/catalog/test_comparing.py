"""What changed between releases is found whatever the documents hold, and without reading what did not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, text

from server.catalog import comparing, publishing
from server.catalog.checking import problems
from server.catalog.comparing import diff, documents_of, pending, release_of
from server.catalog.documents import put
from server.catalog.publish import load_seed
from sync import store
from sync.objects import ObjectStore, open_store
from sync.releases import Release
from tests.catalog.conftest import EDA, NOW, PAT

KEY = Ed25519PrivateKey.generate()
Publish = Callable[..., Release | None]
# Texts and objects that look like the end of one document and the beginning of the next.
TRICKY: dict[str, Any] = {
    "text": '}\n{"collection":"exercise","id":"x"},{"collection":"',
    "lines": "one\ntwo\u2028three",
    "parts": [{"collection": "exercise", "id": "y"}, {"collection": "guide"}],
    "more": {"changes": [{"collection": "exercise", "id": "z", "seq": 1, "deleted": False, "data": {}}]},
}


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return open_store(str(tmp_path / "objects"))


@pytest.fixture
def publish(objects: ObjectStore) -> Publish:
    return lambda conn, check=lambda documents: []: publishing.release(
        conn, objects, KEY, EDA, "News.", NOW, check=check
    )


def test_documents_that_look_like_several_are_told_apart(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    first = {("exercise", name): {"name": name, **TRICKY} for name in "abc"}
    load_seed(conn, first)
    publish(conn)
    put(conn, PAT, ("exercise", "b"), {"name": "b", **TRICKY, "text": "plain"}, now=NOW)
    put(conn, PAT, ("exercise", "c"), None, now=NOW)
    put(conn, PAT, ("exercise", "d"), {"name": "d", **TRICKY}, now=NOW)
    publish(conn)
    assert documents_of(objects, release_of(conn, 1)) == first
    assert documents_of(objects, release_of(conn, 2)) == store.state(conn, "catalog")
    for older, newer, kinds in (
        (1, 2, ["changed", "removed", "added"]),
        (2, 1, ["changed", "added", "removed"]),
    ):
        found = diff(conn, objects, older, newer)
        assert [(each.key[1], each.kind) for each in found] == list(zip("bcd", kinds, strict=True))
    assert [each.path for each in diff(conn, objects, 1, 2)[0].fields] == ["text"]


def test_what_changed_and_changed_back_is_no_difference(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    load_seed(conn, {("exercise", name): {"name": name} for name in "ab"})
    publish(conn)
    for value in ("other", "a"):
        put(conn, PAT, ("exercise", "a"), {"name": value}, now=NOW)
        publish(conn)
    assert diff(conn, objects, 1, 3) == []
    assert [each.key[1] for each in diff(conn, objects, 1, 2)] == ["a"]


def test_only_the_changed_documents_of_two_releases_are_read(
    conn: Connection, objects: ObjectStore, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_seed(conn, {("exercise", f"e{number}"): {"name": str(number)} for number in range(200)})
    publish(conn)
    put(conn, PAT, ("exercise", "e7"), {"name": "seven"}, now=NOW)
    publish(conn)
    read, real = [], comparing._read

    def counted(rows: Any) -> Any:
        read.append(len(rows))
        return real(rows)

    monkeypatch.setattr(comparing, "_read", counted)
    assert [each.key[1] for each in diff(conn, objects, 1, 2)] == ["e7"]
    assert read == [1, 1]


def test_another_spelling_of_the_same_number_is_no_change(conn: Connection, publish: Publish) -> None:
    load_seed(conn, {("exercise", "a"): {"met": 3}})
    publish(conn)
    conn.execute(text("UPDATE catalog_document SET data = '{\"met\": 3.0}'"))
    assert pending(conn) == []
    assert publish(conn) is None


def test_what_is_approved_while_a_release_is_made_waits_for_the_next(
    engine: Engine, publish: Publish
) -> None:
    """A release holds what was judged for it and no more."""

    def meanwhile(documents: Any) -> list[Any]:
        with engine.begin() as other:
            put(other, PAT, ("exercise", "a"), {"name": "later"}, now=NOW)
            put(other, PAT, ("exercise", "b"), None, now=NOW)
            put(other, PAT, ("exercise", "d"), {"name": "new"}, now=NOW)
        return []

    with engine.begin() as conn:
        load_seed(conn, {("exercise", name): {"name": name} for name in "abc"})
        publish(conn)
    with engine.begin() as conn:
        put(conn, PAT, ("exercise", "c"), {"name": "now"}, now=NOW)
    with engine.begin() as conn:
        made = publish(conn, meanwhile)
        assert made is not None
    with engine.begin() as conn:
        held = {key[1]: data["name"] for key, data in store.state(conn, "catalog").items()}
        assert held == {"a": "a", "b": "b", "c": "now"}
        publication = publishing.releases(conn)[0].publication
        assert publication is not None
        assert publication.changed == 1
        assert [each.key[1] for each in pending(conn)] == ["a", "b", "d"]


def test_the_guides_that_lead_to_an_exercise_are_found_by_index(desk: Connection) -> None:
    """As `checking` asks: with the field's name as a parameter PostgreSQL would read every guide."""
    asked: list[str] = []
    desk.exec_driver_sql("SET enable_seqscan = off")
    real = desk.execute

    def heard(statement: Any, *more: Any, **options: Any) -> Any:
        asked.append(str(statement.compile(desk.engine)))
        return real(statement, *more, **options)

    desk.execute = heard  # type: ignore[method-assign]
    assert problems(desk, {("exercise", "front-plank"): None}) is not None
    (linking,) = [each for each in asked if "'easier'" in each]
    assert "(data ->> 'easier') IN" in linking
    assert "(data ->> 'harder') IN" in linking
    plan = desk.exec_driver_sql(
        "EXPLAIN SELECT id FROM catalog_document WHERE collection = 'guide'"
        " AND ((data ->> 'easier') IN ('a', 'b') OR (data ->> 'harder') IN ('a', 'b'))"
    ).scalars()
    told = "\n".join(plan)
    assert "catalog_document_easier_key" in told
    assert "catalog_document_harder_key" in told
