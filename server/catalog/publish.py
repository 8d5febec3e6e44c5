"""From the editors' table to a release that devices can fetch and verify."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from server.catalog.checking import WITH_EXERCISE
from server.catalog.comparing import STREAM, Change, pending
from server.catalog.content import Problem, read_seed, validate
from server.catalog.history import SYSTEM, record
from server.catalog.remembering import remembered
from server.catalog.tables import catalog_document
from sync import store as log
from sync.canonical import Key, catalog_digest, check_document, document_digest, sha256_hex
from sync.compress import ENCODINGS, SUFFIX, compress
from sync.cursor import Cursor, encode
from sync.objects import ObjectStore
from sync.releases import Release, current_release, next_number, record_release
from sync.signing import SigningKey, sign

Documents = Mapping[Key, dict[str, Any]]
_KEYS_TOLD = 500
Check = Callable[[Documents], Sequence[Problem]]


class PublishRefused(ValueError):
    """The approved documents make no catalogue; `problems` says where and why. Nothing was published."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        shown = "; ".join(f"{problem.where}: {problem.message}" for problem in self.problems[:5])
        more = f" (and {len(self.problems) - 5} more)" if len(self.problems) > 5 else ""
        super().__init__(f"the catalogue was not published: {shown}{more}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many documents `load_seed` inserted, updated and removed; `kept`: those an editor has changed."""

    inserted: int
    updated: int
    removed: int
    kept: int


def load_seed(conn: Connection, documents: Documents | None = None) -> Loaded:
    """Bring the editors' table to the content files, or to `documents`. Loading twice changes nothing.

    The rule: a document follows the content files, also when they drop it, as long as it is approved and its
    data is what the files last put there. Once an editor has changed its data or state, it is kept as it is.
    """
    seed = read_seed() if documents is None else documents
    for key, data in seed.items():
        check_document(key, data)
    digests = {key: document_digest(data) for key, data in seed.items()}
    # Editors wait for the moment this takes, so no edit falls between the comparison and the write.
    conn.exec_driver_sql("LOCK TABLE catalog_document IN SHARE ROW EXCLUSIVE MODE")
    stored = {(row.collection, row.id): row for row in conn.execute(select(catalog_document))}
    ours = {
        key
        for key, row in stored.items()
        if row.state == "approved" and row.seed_sha256 and row.seed_sha256 == document_digest(row.data)
    }
    new = digests.keys() - stored.keys()
    moved = {key for key in ours & digests.keys() if digests[key] != stored[key].seed_sha256}
    gone = ours - digests.keys()
    _write(conn, {key: seed[key] for key in new | moved}, digests)
    c = catalog_document.c
    for collection, record_id in sorted(gone):
        conn.execute(delete(catalog_document).where(c.collection == collection, c.id == record_id))
    loaded = Loaded(len(new), len(moved), len(gone), len((stored.keys() - ours) & digests.keys()))
    if new or moved or gone:
        told = {"inserted": loaded.inserted, "updated": loaded.updated, "removed": loaded.removed}
        named = sorted("/".join(key) for key in new | moved | gone)[:_KEYS_TOLD]
        record(conn, SYSTEM, "content.loaded", datetime.now(UTC), after={**told, "documents": named})
    return loaded


def _write(conn: Connection, documents: Documents, digests: Mapping[Key, str]) -> None:
    if not documents:
        return
    upsert = insert(catalog_document)
    changed = {name: upsert.excluded[name] for name in ("data", "seed_sha256")}
    since = {"updated_at": func.now(), "updated_by": None}
    conn.execute(
        upsert.on_conflict_do_update(index_elements=["collection", "id"], set_={**changed, **since}),
        [
            {
                "collection": key[0],
                "id": key[1],
                "state": "approved",
                "data": data,
                "seed_sha256": digests[key],
            }
            for key, data in documents.items()
        ],
    )


@dataclass(frozen=True, slots=True)
class Made:
    """A release, and what it has otherwise than the one before."""

    release: Release
    changes: list[Change]


def publish_release(
    conn: Connection,
    store: ObjectStore,
    key: SigningKey,
    now: datetime,
    check: Check = validate,
) -> Release | None:
    """`make_release` for who asks no more than which release it became."""
    made = make_release(conn, store, key, now, check)
    return None if made is None else made.release


def make_release(
    conn: Connection,
    store: ObjectStore,
    key: SigningKey,
    now: datetime,
    check: Check = validate,
) -> Made | None:
    """Publish the approved documents as the catalogue's next release; None when nothing changed.

    All or nothing: a savepoint in the caller's transaction, which holds other publishers back until it ends.
    What belongs to an exercise (clip, guide, media) is held back while the exercise is not approved.
    Objects are put before the commit: keys are hashes of content, so what a rollback leaves is harmless.
    Raises PublishRefused, with every problem, for a catalogue that `check` finds wrong or that is empty.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    with conn.begin_nested():
        # Before reading, so that a publisher who waited sees the newest documents.
        log.lock_head(conn, STREAM)
        documents = _approved(conn, check)
        # What was judged, and only that: somebody may have approved more meanwhile.
        changes = [each for each in pending(conn) if each.after == documents.get(each.key)]
        written = {each.key: each.after for each in changes if each.after is not None}
        gone = [each.key for each in changes if each.after is None]
        published = log.publish(conn, STREAM, written, gone=gone)
        last = current_release(conn, STREAM)
        if last and (last.seq, last.manifest["manifest"]["epoch"]) == (published.seq, published.epoch):
            return None
        release = _release(conn, store, key, now, published, next_number(conn, STREAM))
        record_release(conn, release)
        return Made(release, changes)


def _approved(conn: Connection, check: Check) -> dict[Key, dict[str, Any]]:
    """What the next release holds, found right by `check`."""
    c = catalog_document.c
    approved = conn.execute(select(c.collection, c.id, c.data).where(c.state == "approved"))
    documents = {(collection, record_id): data for collection, record_id, data in approved}
    # They go with their exercise, so an editor who takes back an exercise has not to think of them.
    away = set(conn.scalars(select(c.id).where(c.collection == "exercise", c.state != "approved")))
    for slug in away:
        for collection in WITH_EXERCISE:
            documents.pop((collection, slug), None)
    judged = {
        key: _without_links(data, away) if key[0] == "guide" else data for key, data in documents.items()
    }
    problems = list(check(judged)) if documents else [Problem("catalog", "no document is approved")]
    if problems:
        raise PublishRefused(problems)
    return documents


def _without_links(guide: dict[str, Any], away: Collection[str]) -> dict[str, Any]:
    """The guide as it is judged: a link to an exercise that is away is no mistake.

    It stays in what is published. Devices show no link to what they lack, and it is right again when the exercise is
    back.
    """
    broken = [field for field in ("easier", "harder") if guide.get(field) in away]
    return {**guide, **dict.fromkeys(broken)} if broken else guide


def _release(
    conn: Connection,
    store: ObjectStore,
    key: SigningKey,
    now: datetime,
    published: log.Published,
    number: int,
) -> Release:
    """Put the snapshot and its compressed forms; sign what PostgreSQL holds, not what was handed to it."""
    cursor = encode(Cursor(STREAM, published.epoch, published.seq))
    changes = log.live_changes(conn, STREAM)
    body = b'{"release":%d,"cursor":"%s","changes":[%s]}' % (number, cursor.encode(), b",".join(changes))
    digests = dict(map(_digest, changes))
    sha256 = sha256_hex(body)
    object_key = f"snapshots/{sha256}.json"
    with ThreadPoolExecutor(len(ENCODINGS)) as pool:
        packed = pool.map(lambda encoding: compress(body, encoding, immutable=True), ENCODINGS)
        for encoding, form in zip(ENCODINGS, packed, strict=True):
            store.put_if_absent(object_key + SUFFIX[encoding], form, "application/json", encoding)
    store.put_if_absent(object_key, body, "application/json")
    manifest = {
        "kind": "catalog",
        "release": number,
        "digest": catalog_digest(digests),
        "documents": len(digests),
        "epoch": published.epoch,
        "seq": published.seq,
        "published_at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "snapshot": {"sha256": sha256, "bytes": len(body)},
    }
    return Release(
        STREAM, number, "stable", sign(manifest, key), object_key, sha256, len(body), now, published.seq
    )


@remembered
def _digest(change: bytes) -> tuple[Key, str]:
    """The key and digest of the document in a live change."""
    read = orjson.loads(change)
    return (read["collection"], read["id"]), document_digest(read["data"])
