"""`GET /v1/catalog/changes`: complete, cheap to repeat, and never confirmed wrongly."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import brotli
import psycopg
import pytest
import zstandard

from server.replication import catalog_head, views
from sync.canonical import sha256_hex
from sync.cursor import Cursor, decode, encode
from sync.signing import trust_document, verify
from sync.store import new_epoch, prune, publish, pull, state

URL = "/v1/catalog/changes"
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement sent, by whichever way: SQLAlchemy and the driver both end at psycopg's cursor."""
    seen: list[str] = []
    execute = psycopg.Cursor.execute

    def note(cursor: Any, statement: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(str(statement))
        return execute(cursor, statement, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", note)
        yield seen


def follow(limber: Any, since: str | None, limit: int = 1000) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Every change until a complete checkpoint, and the last answer."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": limit}
    if since:
        query["since"] = since
    while True:
        answer = limber.client.get(URL, query_string=query)
        assert answer.status_code == 200, answer.text
        found += answer.json["changes"]
        query["since"] = answer.json["cursor"]
        if not answer.json["more"]:
            return found, answer.json


def test_a_device_that_follows_the_cursor_holds_the_whole_release(reader: Any) -> None:
    found, last = follow(reader, None, limit=100)
    with reader.engine.connect() as conn:
        truth = state(conn, "catalog")
    assert {(c["collection"], c["id"]): c["data"] for c in found} == truth
    trusted = {k["key_id"]: k["public_key"] for k in trust_document(reader.key)["keys"]}
    assert verify(last["release"], trusted)["release"] == 1


def test_an_answer_without_cursor_points_to_the_snapshot_and_to_the_pages(reader: Any) -> None:
    answer = reader.client.get(URL).json
    assert (answer["changes"], answer["more"]) == ([], True)
    hint = answer["snapshot"]
    body = reader.client.get(hint["url"]).data
    assert (sha256_hex(body), len(body)) == (hint["sha256"], hint["bytes"])
    found, last = follow(reader, hint["cursor"])
    assert (found, last["release"]["manifest"]["release"]) == ([], hint["release"])


def test_a_delta_holds_only_what_changed(limber: Any) -> None:
    _, last = follow(limber, None)
    limber.edit("exercise", "march-in-place", {"name": "Marching"})
    limber.edit("exercise", "calf-stretch-wall", None)
    found, last = follow(limber, last["cursor"])
    assert [(c["collection"], c["id"], c["deleted"]) for c in found] == [
        ("exercise", "march-in-place", False),
        ("exercise", "calf-stretch-wall", True),
        # Words and clip go with their exercise; a guide that leads to it stays as it is.
        ("guide", "calf-stretch-wall", True),
        ("motion", "calf-stretch-wall", True),
    ]
    assert found[0]["data"]["name"] == "Marching"
    assert found[1]["data"] is None
    assert last["release"]["manifest"]["release"] == 3


def test_a_page_never_exceeds_the_servers_limit(
    start: Callable[..., Any], make_database: Callable[[str], str], published: Any
) -> None:
    limber = start(make_database(published.database), published, changed={"page_limit": 7})
    origin = limber.client.get(URL).json["cursor"]
    assert len(limber.client.get(URL, query_string={"since": origin, "limit": 500}).json["changes"]) == 7
    assert len(limber.client.get(URL, query_string={"since": origin, "limit": 3}).json["changes"]) == 3


def test_unchanged_costs_one_statement_and_no_body(reader: Any) -> None:
    _, last = follow(reader, None)
    first = reader.client.get(URL, query_string={"since": last["cursor"]})
    with statements() as seen:
        again = reader.client.get(
            URL, query_string={"since": last["cursor"]}, headers={"If-None-Match": first.headers["ETag"]}
        )
    assert (again.status_code, again.data, len(seen)) == (304, b"", 1)
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]


def test_a_page_and_the_head_it_was_read_at_come_in_one_statement(limber: Any) -> None:
    origin = limber.client.get(URL).json["cursor"]
    with statements() as seen:
        limber.client.get(URL, query_string={"since": origin, "limit": 40})
    assert len(seen) == 1


def test_a_repeated_delta_is_read_from_the_log_once(limber: Any) -> None:
    limber.app.extensions["limber"].head_seconds = 3600
    origin = limber.client.get(URL).json["cursor"]
    query = {"since": origin, "limit": 50}
    first = limber.client.get(URL, query_string=query, headers={"Accept-Encoding": "zstd"})
    with statements() as seen:
        second = limber.client.get(URL, query_string=query, headers={"Accept-Encoding": "zstd"})
        plain = limber.client.get(URL, query_string=query)
    assert seen == []
    assert second.data == first.data
    assert DECODERS["zstd"](first.data) == plain.data


def test_a_publish_changes_every_etag(limber: Any) -> None:
    _, last = follow(limber, None)
    query = {"since": last["cursor"]}
    tag = limber.client.get(URL, query_string=query).headers["ETag"]
    limber.edit("exercise", "march-in-place", {"name": "Marching"})
    fresh = limber.client.get(URL, query_string=query, headers={"If-None-Match": tag})
    assert fresh.status_code == 200
    assert len(fresh.json["changes"]) == 1
    assert fresh.headers["ETag"] != tag


def test_the_etag_names_the_head_that_the_body_was_read_at(
    limber: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publish between reading the head and reading the page must not hide behind the old head's tag."""
    _, last = follow(limber, None)
    query = {"since": last["cursor"]}

    def then_publish(conn: Any) -> Any:
        head = catalog_head(conn)
        monkeypatch.setattr(views, "catalog_head", catalog_head)
        limber.edit("exercise", "march-in-place", {"name": "Marching"})
        return head

    monkeypatch.setattr(views, "catalog_head", then_publish)
    limber.app.extensions["limber"].bodies._bodies.clear()
    raced = limber.client.get(URL, query_string=query, headers={"If-None-Match": '"something old"'})
    assert len(raced.json["changes"]) == 1
    settled = limber.client.get(URL, query_string=query)
    assert (settled.headers["ETag"], settled.data) == (raced.headers["ETag"], raced.data)


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
def test_each_coding_is_its_own_representation_of_the_same_body(reader: Any, coding: str) -> None:
    query = {"since": reader.client.get(URL).json["cursor"], "limit": 50}
    plain = reader.client.get(URL, query_string=query)
    packed = reader.client.get(URL, query_string=query, headers={"Accept-Encoding": coding})
    assert packed.headers["Content-Encoding"] == coding
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert DECODERS[coding](packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert not packed.headers["ETag"].startswith("W/")


def test_a_small_body_is_not_compressed(reader: Any) -> None:
    _, last = follow(reader, None)
    answer = reader.client.get(
        URL, query_string={"since": last["cursor"]}, headers={"Accept-Encoding": "zstd, br, gzip"}
    )
    assert "Content-Encoding" not in answer.headers
    assert len(answer.data) < 860


def test_a_cursor_of_another_epoch_resyncs(limber: Any) -> None:
    _, last = follow(limber, None)
    with limber.engine.begin() as conn:
        new_epoch(conn, "catalog")
    answer = limber.client.get(URL, query_string={"since": last["cursor"]}).json
    assert (answer["resync"], answer["more"], answer["changes"]) == ("epoch", True, [])
    assert "snapshot" not in answer  # the old snapshot's cursor would only resync again
    assert len(follow(limber, answer["cursor"])[0]) > 400


def test_a_cursor_behind_the_pruned_tombstones_resyncs_with_a_snapshot(limber: Any) -> None:
    _, last = follow(limber, None)
    release = limber.edit("exercise", "calf-stretch-wall", None)
    with limber.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE record SET at = now() - interval '1 year' WHERE deleted")
        prune(conn, "catalog", conn.exec_driver_sql("SELECT now() - interval '1 day'").scalar_one())
    answer = limber.client.get(URL, query_string={"since": last["cursor"]}).json
    assert answer["resync"] == "pruned"
    assert answer["snapshot"]["release"] == release.number


def test_a_cursor_from_the_future_resyncs(reader: Any) -> None:
    at = decode(reader.client.get(URL).json["cursor"])
    ahead = encode(Cursor("catalog", at.epoch, 10**9))
    assert reader.client.get(URL, query_string={"since": ahead}).json["resync"] == "ahead"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "nonsense"}, "since"),
        ({"since": ""}, "since"),
        ({"since": "a\x00b"}, "since"),
        ({"since": "x" * 5000}, "since"),
        ({"since": encode(Cursor("account:1", "e", 1))}, "since"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "99999999999999999999"}, "limit"),
        ({"sinse": "x"}, "sinse"),
    ],
)
def test_a_wrong_parameter_is_named(reader: Any, query: dict[str, str], field: str) -> None:
    answer = reader.client.get(URL, query_string=query)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert list(answer.json["errors"]) == [field]


def test_nothing_published_is_not_found(empty: Any) -> None:
    assert empty.client.get(URL).status_code == 404
    assert empty.client.get(URL).json["detail"] == "No catalogue release is published yet."


def test_a_log_without_release_still_pages(empty: Any) -> None:
    with empty.engine.begin() as conn:
        publish(conn, "catalog", {("exercise", "a"): {"name": "A"}})
    start = empty.client.get(URL).json
    assert "snapshot" not in start
    found, last = follow(empty, start["cursor"])
    assert [c["id"] for c in found] == ["a"]
    assert "release" not in last


def test_head_answers_like_get_without_a_body(reader: Any) -> None:
    got, headed = reader.client.get(URL), reader.client.head(URL)
    assert headed.data == b""
    for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control", "Vary"):
        assert headed.headers[name] == got.headers[name]


def test_a_rush_asks_the_database_for_the_head_once(
    start: Callable[..., Any], make_database: Callable[[str], str], published: Any
) -> None:
    limber = start(make_database(published.database), published, release_seconds=3600)
    limber.app.extensions["limber"].head_seconds = 3600
    origin = {"since": limber.client.get(URL).json["cursor"], "limit": 20}
    first = limber.client.get(URL, query_string=origin)
    with statements() as seen:
        for _ in range(5):
            assert limber.client.get(URL, query_string=origin).data == first.data
    assert seen == []


def test_an_old_head_never_hides_what_a_newer_cursor_asks_for(
    start: Callable[..., Any], make_database: Callable[[str], str], published: Any
) -> None:
    """Another process may have handed out a cursor that is ahead of the head remembered here."""
    limber = start(make_database(published.database), published, release_seconds=3600)
    limber.app.extensions["limber"].head_seconds = 3600
    _, last = follow(limber, None)
    limber.edit("exercise", "march-in-place", {"name": "Marching"})
    with limber.engine.connect() as conn:
        newest = pull(conn, "catalog", decode(last["cursor"]), 10).cursor
    limber.edit("exercise", "march-in-place", {"name": "Marching on the spot"})
    answer = limber.client.get(URL, query_string={"since": encode(newest)}).json
    assert [change["data"]["name"] for change in answer["changes"]] == ["Marching on the spot"]
    assert answer["release"]["manifest"]["release"] == 3
