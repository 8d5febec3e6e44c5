"""From content files to the editors' table, and from there to a signed release that any reader can verify."""

import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, insert, select, text, update

from server.catalog.content import Problem, read_seed, validate
from server.catalog.publish import Loaded, PublishRefused, load_seed, publish_release
from server.catalog.tables import catalog_document
from sync import signing, store
from sync.canonical import catalog_digest, document_digest, sha256_hex
from sync.cursor import Cursor, decode
from sync.objects import FolderStore, ObjectStore, open_store
from sync.releases import Release, current_release

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
TRUSTED = {key["key_id"]: key["public_key"] for key in signing.trust_document(KEY)["keys"]}
Documents = dict[tuple[str, str], dict[str, Any]]
Publish = Callable[..., Release | None]


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return open_store(str(tmp_path / "objects"))


@pytest.fixture
def publish(objects: ObjectStore) -> Publish:
    """Publish whatever is approved; these small documents are no catalogue, so its rules are left out."""
    return lambda conn, now=NOW: publish_release(conn, objects, KEY, now, check=lambda documents: [])


def docs(**values: Any) -> Documents:
    return {("exercise", name): {"name": value} for name, value in values.items()}


def rows(conn: Connection) -> dict[tuple[str, str], tuple[str, Any]]:
    c = catalog_document.c
    return {
        (a, b): (state, data)
        for a, b, state, data in conn.execute(select(c.collection, c.id, c.state, c.data))
    }


def edit(conn: Connection, name: str, **fields: Any) -> None:
    c = catalog_document.c
    conn.execute(update(catalog_document).where(c.collection == "exercise", c.id == name).values(**fields))


def test_loading_the_content_files_twice_changes_nothing(conn: Connection) -> None:
    seed = read_seed()
    assert load_seed(conn) == Loaded(len(seed), 0, 0, 0)
    before = conn.execute(select(catalog_document)).all()
    conn.commit()  # another transaction, so that a touched row would show another time
    assert load_seed(conn) == Loaded(0, 0, 0, 0)
    assert conn.execute(select(catalog_document)).all() == before
    assert {key: data for key, (_, data) in rows(conn).items()} == seed
    assert {state for state, _ in rows(conn).values()} == {"approved"}


def test_a_document_follows_the_content_files_until_an_editor_touches_it(conn: Connection) -> None:
    load_seed(conn, docs(a="A", b="B", c="C", d="D", e="E"))
    edit(conn, "b", data={"name": "edited"})
    edit(conn, "c", state="retired")
    edit(conn, "e", data={"name": "edited"})
    conn.execute(
        insert(catalog_document).values(collection="exercise", id="f", data={"name": "by an editor"})
    )
    assert load_seed(conn, docs(a="A2", b="B2", c="C2", f="F2", g="G")) == Loaded(
        inserted=1, updated=1, removed=1, kept=3
    )
    assert rows(conn) == {
        ("exercise", "a"): ("approved", {"name": "A2"}),
        ("exercise", "b"): ("approved", {"name": "edited"}),
        ("exercise", "c"): ("retired", {"name": "C"}),
        ("exercise", "e"): ("approved", {"name": "edited"}),
        ("exercise", "f"): ("draft", {"name": "by an editor"}),
        ("exercise", "g"): ("approved", {"name": "G"}),
    }


def test_a_content_file_with_unstorable_text_is_refused_by_name(conn: Connection) -> None:
    with pytest.raises(ValueError, match="document exercise/bad: name holds a NUL character"):
        load_seed(conn, docs(good="x", bad="\x00"))
    assert rows(conn) == {}


def test_the_shipped_catalogue_is_valid_and_publishes_as_release_1(
    conn: Connection, objects: ObjectStore
) -> None:
    seed = read_seed()
    assert validate(seed) == []
    load_seed(conn)
    release = publish_release(conn, objects, KEY, NOW)
    assert release is not None
    assert (release.number, release.seq, release.channel) == (1, len(seed), "stable")
    manifest = signing.verify(release.manifest, TRUSTED)
    assert manifest["documents"] == len(seed)
    assert manifest["digest"] == catalog_digest({key: document_digest(data) for key, data in seed.items()})


def test_a_release_is_what_the_snapshot_the_log_and_the_manifest_all_say(
    conn: Connection, objects: ObjectStore, publish: Publish, new_reader: Any
) -> None:
    documents = docs(a="é", b='"quoted" \\', c="C") | {
        ("vocabulary", "moves"): {"entries": {}, "n": [1.0, -0.0, 1e-7]}
    }
    load_seed(conn, documents)
    release = publish(conn)
    assert release is not None
    manifest = signing.verify(release.manifest, TRUSTED)
    body = objects.get(release.object_key)
    assert manifest == {
        "kind": "catalog",
        "release": 1,
        "digest": catalog_digest({key: document_digest(data) for key, data in documents.items()}),
        "documents": 4,
        "epoch": store.pull(conn, "catalog", None, 1).head.epoch,
        "seq": 4,
        "published_at": "2026-03-04T05:06:07Z",
        "snapshot": {"sha256": sha256_hex(body), "bytes": len(body)},
    }
    assert release.object_key == f"snapshots/{sha256_hex(body)}.json"
    assert (release.object_sha256, release.object_bytes) == (sha256_hex(body), len(body))
    assert current_release(conn, "catalog") == release

    snapshot = json.loads(body)
    assert snapshot["release"] == 1
    assert {(c["collection"], c["id"]): c["data"] for c in snapshot["changes"]} == documents
    assert [(c["seq"], c["deleted"]) for c in snapshot["changes"]] == [(n, False) for n in range(1, 5)]
    after = store.pull(conn, "catalog", decode(snapshot["cursor"]), 10)
    assert (after.kind, after.count, after.more) == ("page", 0, False)
    assert json.loads(after.body())["release"] == release.manifest
    assert new_reader("catalog", 2).catch_up(conn).documents == documents


def test_the_compressed_snapshots_hold_the_same_bytes(
    conn: Connection, objects: ObjectStore, publish: Publish
) -> None:
    load_seed(conn, docs(**{f"e{n}": "word " * n for n in range(50)}))
    release = publish(conn)
    assert release is not None
    body = objects.get(release.object_key)
    packed = {suffix: objects.get(release.object_key + suffix) for suffix in (".zst", ".br", ".gz")}
    assert zstandard.ZstdDecompressor().decompress(packed[".zst"]) == body
    assert brotli.decompress(packed[".br"]) == body
    assert gzip.decompress(packed[".gz"]) == body
    assert max(map(len, packed.values())) < len(body) / 5


def test_publishing_again_without_a_change_makes_no_release(conn: Connection, publish: Publish) -> None:
    load_seed(conn, docs(a="A", b="B"))
    first = publish(conn)
    assert publish(conn) is None
    edit(conn, "a", data={"name": "A"}, updated_at=NOW)
    assert publish(conn) is None
    assert current_release(conn, "catalog") == first


def test_a_release_writes_only_the_changed_documents_and_tombstones_the_retired(
    conn: Connection, publish: Publish
) -> None:
    load_seed(conn, docs(a="A", b="B", c="C", d="D"))
    first = publish(conn)
    assert first is not None
    edit(conn, "b", data={"name": "B2"})
    edit(conn, "c", state="retired")
    edit(conn, "d", state="draft")
    second = publish(conn)
    assert second is not None
    assert (second.number, second.seq) == (2, 7)
    checkpoint = Cursor("catalog", first.manifest["manifest"]["epoch"], 4)
    since = store.pull(conn, "catalog", checkpoint, 10)
    assert [(c["id"], c["deleted"]) for c in json.loads(since.changes)] == [
        ("b", False),
        ("c", True),
        ("d", True),
    ]
    assert store.state(conn, "catalog") == docs(a="A", b="B2")


def test_drafts_and_retired_documents_are_not_published(conn: Connection, publish: Publish) -> None:
    load_seed(conn, docs(a="A"))
    for name, state in (("b", "draft"), ("c", "retired")):
        conn.execute(insert(catalog_document).values(collection="exercise", id=name, state=state, data={}))
    release = publish(conn)
    assert release is not None
    assert release.manifest["manifest"]["documents"] == 1


def test_an_empty_catalogue_is_refused_and_does_not_wipe_every_device(
    conn: Connection, publish: Publish
) -> None:
    load_seed(conn, docs(a="A"))
    publish(conn)
    edit(conn, "a", state="retired")
    with pytest.raises(PublishRefused, match="no document is approved"):
        publish(conn)
    assert store.state(conn, "catalog") == docs(a="A")


def test_a_catalogue_with_problems_is_refused_naming_them_and_nothing_is_written(
    conn: Connection, objects: ObjectStore, tmp_path: Path
) -> None:
    load_seed(conn)
    c = catalog_document.c
    slug = conn.execute(select(c.id).where(c.collection == "exercise").order_by(c.id).limit(1)).scalar_one()
    conn.execute(
        update(catalog_document).where(c.id == slug).values(data=c.data.concat({"equipment": ["trebuchet"]}))
    )
    with pytest.raises(PublishRefused) as caught:
        publish_release(conn, objects, KEY, NOW)
    assert slug in str(caught.value)
    assert "trebuchet" in str(caught.value)
    assert all(isinstance(problem, Problem) for problem in caught.value.problems)
    assert current_release(conn, "catalog") is None
    assert conn.execute(text("SELECT count(*) FROM record")).scalar_one() == 0
    assert not list((tmp_path / "objects").rglob("*.json"))


def test_a_failure_on_the_way_leaves_the_log_as_it_was_and_the_next_publish_works(
    conn: Connection, tmp_path: Path, publish: Publish
) -> None:
    class Full(FolderStore):
        def put_if_absent(self, key: str, *rest: Any, **named: Any) -> bool:
            if key.endswith(".json"):
                raise OSError("no space left on device")
            return super().put_if_absent(key, *rest, **named)

    load_seed(conn, docs(a="A", b="B"))
    with pytest.raises(OSError, match="no space left"):
        publish_release(conn, Full(tmp_path / "full"), KEY, NOW, check=lambda documents: [])
    conn.commit()  # even a caller that goes on commits nothing of it
    assert conn.execute(text("SELECT count(*) FROM record")).scalar_one() == 0
    release = publish(conn)
    assert release is not None
    assert (release.number, release.seq) == (1, 2)


def test_a_new_epoch_makes_a_new_release_of_the_same_documents(conn: Connection, publish: Publish) -> None:
    load_seed(conn, docs(a="A"))
    first = publish(conn)
    epoch = store.new_epoch(conn, "catalog").epoch
    second = publish(conn)
    assert first is not None
    assert second is not None
    before, after = first.manifest["manifest"], second.manifest["manifest"]
    assert (second.number, after["epoch"], after["digest"]) == (2, epoch, before["digest"])
    assert publish(conn) is None


def test_publishers_at_once_make_one_release_of_each_state(engine: Engine, publish: Publish) -> None:
    with engine.begin() as conn:
        load_seed(conn, docs(a="A"))

    def attempt(number: int) -> Release | None:
        with engine.begin() as conn:
            edit(conn, "a", data={"name": f"A{number % 2}"})
            return publish(conn)

    with ThreadPoolExecutor(4) as pool:
        releases = [release for release in pool.map(attempt, range(8)) if release]
    assert sorted(release.number for release in releases) == list(range(1, len(releases) + 1))
    with engine.connect() as conn:
        (_, data), *_ = rows(conn).values()
        assert store.state(conn, "catalog") == {("exercise", "a"): data}
        last = current_release(conn, "catalog")
    assert last is not None
    assert last.manifest["manifest"]["digest"] == catalog_digest({("exercise", "a"): document_digest(data)})


def test_a_publisher_who_waited_publishes_the_newest_documents(engine: Engine, publish: Publish) -> None:
    """Without the lock before the reading, the later commit would carry the older state."""
    with engine.begin() as conn:
        load_seed(conn, docs(a="A"))
    with ThreadPoolExecutor(1) as pool, engine.connect() as first, engine.connect() as watching:
        edit(first, "a", data={"name": "newest"})
        publish(first)

        def second() -> Release | None:
            with engine.begin() as conn:
                return publish(conn)

        waiting = pool.submit(second)
        blocked = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        while not watching.execute(blocked).scalar_one():
            watching.rollback()  # the view is frozen within a transaction
            assert not waiting.done()
        first.commit()
        assert waiting.result() is None
    with engine.connect() as conn:
        assert store.state(conn, "catalog") == docs(a="newest")


def test_publishing_needs_a_time_zone(conn: Connection, publish: Publish) -> None:
    with pytest.raises(ValueError, match="time zone"):
        publish(conn, datetime(2026, 1, 1))
