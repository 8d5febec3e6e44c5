"""`GET /v1/catalog/snapshot`: a first sync that costs the database nothing."""

import gzip
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard

from sync.canonical import sha256_hex
from sync.cursor import decode

URL = "/v1/catalog/snapshot"


def test_the_snapshot_is_the_release_byte_for_byte(reader: Any) -> None:
    hint = reader.client.get("/v1/catalog/changes").json["snapshot"]
    answer = reader.client.get(URL)
    assert sha256_hex(answer.data) == hint["sha256"]
    assert decode(answer.json["cursor"]).seq == decode(hint["cursor"]).seq
    assert answer.headers["Content-Location"] == f"/v1/objects/snapshots/{hint['sha256']}.json"
    assert reader.client.get(answer.headers["Content-Location"]).data == answer.data


@pytest.mark.parametrize(
    ("coding", "suffix", "decode"),
    [
        ("zstd", ".zst", lambda body: zstandard.ZstdDecompressor().decompress(body)),
        ("br", ".br", brotli.decompress),
        ("gzip", ".gz", gzip.decompress),
    ],
)
def test_the_precompressed_sibling_is_what_is_sent(
    reader: Any, coding: str, suffix: str, decode: Callable[[bytes], bytes]
) -> None:
    plain = reader.client.get(URL)
    packed = reader.client.get(URL, headers={"Accept-Encoding": coding})
    key = plain.headers["Content-Location"].removeprefix("/v1/objects/")
    assert packed.data == reader.store.get(key + suffix)
    assert packed.headers["Content-Encoding"] == coding
    assert decode(packed.data) == plain.data
    assert packed.headers["ETag"] == f'"{sha256_hex(plain.data)}-{coding}"'


def test_a_snapshot_already_held_is_not_sent_again(reader: Any) -> None:
    tag = reader.client.get(URL).headers["ETag"]
    again = reader.client.get(URL, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


def test_a_new_release_replaces_the_snapshot(limber: Any) -> None:
    before = limber.client.get(URL)
    limber.edit("exercise", "march-in-place", {"name": "Marching"})
    after = limber.client.get(URL, headers={"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, after.json["release"]) == (200, 2)
    # The old one stays under its own address for whoever still has it.
    assert limber.client.get(before.headers["Content-Location"]).data == before.data


def test_within_the_interval_the_database_is_not_asked(
    start: Callable[..., Any], make_database: Callable[[str], str], published: Any
) -> None:
    limber = start(make_database(published.database), published, release_seconds=3600)
    first = limber.client.get(URL)
    limber.engine.dispose()
    with limber.engine.begin() as conn:
        conn.exec_driver_sql("SET LOCAL ROLE NONE")  # the owner
        conn.exec_driver_sql("ALTER TABLE release RENAME TO hidden")
    assert limber.client.get(URL).data == first.data


def test_a_snapshot_in_memory_outlives_the_database(limber: Any) -> None:
    first = limber.client.get(URL)
    with limber.engine.begin() as conn:
        conn.exec_driver_sql("SET LOCAL ROLE NONE")  # the owner
        conn.exec_driver_sql("ALTER TABLE release RENAME TO hidden")
    assert limber.client.get(URL).data == first.data


def test_nothing_published_is_not_found(empty: Any) -> None:
    assert empty.client.get(URL).status_code == 404


def test_a_snapshot_missing_from_the_store_is_unavailable(limber: Any) -> None:
    for path in limber.store.root.rglob("*.json*"):
        path.unlink()
    answer = limber.client.get(URL)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_a_parameter_is_refused_by_name(reader: Any) -> None:
    answer = reader.client.get(URL, query_string={"release": "1"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["release"])
