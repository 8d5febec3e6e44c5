"""The device's database, SQLite: its tables, its copy of the catalogue, what it remembers.

`document` is the release that the person sees. `staged` collects pages of the next one; only `apply` moves
them over, in one transaction, so that a release is visible whole or not at all. `sync.account_copy` does the same
for the account's records, in `base` and `base_staged`; `sync.outbox` keeps what was written here.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

FILE = "replica.sqlite"
# What each version of the schema adds to the one before. A released one is never changed: devices hold it.
_SCHEMA = (
    """
CREATE TABLE document (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL,
                       digest TEXT NOT NULL, PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE staged (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
                     deleted INTEGER NOT NULL, data TEXT, digest TEXT,
                     PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
""",
    """
CREATE TABLE base (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, deleted INTEGER NOT NULL,
                   data TEXT, digest TEXT, hlc TEXT, PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE base_staged (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, deleted INTEGER NOT NULL,
                          data TEXT, digest TEXT, hlc TEXT, PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, id TEXT NOT NULL,
                     fields TEXT, hlc TEXT NOT NULL UNIQUE, state TEXT NOT NULL, fill INTEGER NOT NULL DEFAULT 0,
                     again INTEGER NOT NULL DEFAULT 0, status TEXT, seq INTEGER, error TEXT, acked_at INTEGER);
CREATE INDEX outbox_state ON outbox (state, hlc);
CREATE INDEX outbox_record ON outbox (collection, id, hlc);
CREATE TABLE burnt (hlc TEXT PRIMARY KEY) WITHOUT ROWID;
""",
)

# collection, id, seq, deleted, data as JSON text, digest of data
Row = tuple[str, str, int, bool, str | None, str | None]


class DeviceError(Exception):
    """The device's folder cannot be used as asked; the message says what to do."""


class NoReplica(DeviceError):
    """Nothing was synced into this folder yet."""


class DeviceBusy(DeviceError):
    """Another process is syncing this folder."""


@contextlib.contextmanager
def lock(directory: Path) -> Iterator[None]:
    """Hold the folder's lock file; raises DeviceBusy at once when another process does.

    The kernel frees it however this process ends.
    """
    with (directory / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise DeviceBusy(
                f"{directory} is being synced by process {holder}; wait until it ends"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextlib.contextmanager
def opened(directory: Path, *, create: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to the replica in `directory`.

    Raises NoReplica when there is none, unless `create`; DeviceError when the file is damaged.
    """
    path = directory / FILE
    if not create and not path.is_file():
        raise NoReplica(f"{directory} holds no replica yet; sync it first")
    with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
        try:
            db.execute("PRAGMA synchronous = FULL")
            _prepare(db, path, create)
            yield db
        except sqlite3.OperationalError:
            raise  # busy or full: not the file's fault
        except sqlite3.DatabaseError as error:
            raise DeviceError(f"{path} is damaged ({error}); delete it and sync again") from error


def _prepare(db: sqlite3.Connection, path: Path, create: bool) -> None:
    version = _version(db)
    if version == 0 and not create:
        raise NoReplica(f"{path.parent} holds no replica yet; sync it first")
    if version > len(_SCHEMA):
        raise DeviceError(
            f"{path} was written by a newer version of Limber (schema {version}, not {len(_SCHEMA)}); update Limber"
        )
    if version < len(_SCHEMA):
        # Tables and version in one transaction: a device killed here begins again where it was.
        with transaction(db):
            for step in _SCHEMA[_version(db) :]:  # asked again: another process may have been faster
                for statement in step.split(";"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(_SCHEMA)}")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block's writes or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """Reads in the block see one state, whatever a sync commits meanwhile."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def remember(db: sqlite3.Connection, key: str, value: Any) -> None:
    """Keep a JSON value under `key`; None forgets it."""
    if value is None:
        db.execute("DELETE FROM meta WHERE key = ?", (key,))
    else:
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, orjson.dumps(value).decode()))


def recall(db: sqlite3.Connection, key: str) -> Any:
    """The value kept under `key`, or None."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else orjson.loads(row[0])


def stage(db: sqlite3.Connection, rows: Iterable[Row], staging: dict[str, Any]) -> None:
    """Add a page and remember how far the staging has come, together.

    A row that comes twice keeps its greater seq.
    """
    with transaction(db):
        db.executemany(
            "INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (collection, id) DO UPDATE"
            " SET seq = excluded.seq, deleted = excluded.deleted, data = excluded.data,"
            " digest = excluded.digest WHERE excluded.seq >= seq",
            rows,
        )
        remember(db, "staging", staging)


def discard_staging(db: sqlite3.Connection) -> None:
    """Forget everything staged."""
    with transaction(db):
        db.execute("DELETE FROM staged")
        remember(db, "staging", None)


def digests(db: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """{(collection, id): digest} of what the person sees."""
    return {(c, i): digest for c, i, digest in db.execute("SELECT collection, id, digest FROM document")}


def staged_digests(db: sqlite3.Connection, *, full: bool) -> dict[tuple[str, str], str]:
    """The same as it would be after `apply`."""
    result = {} if full else digests(db)
    rows = db.execute(
        "SELECT s.collection, s.id, s.deleted, s.digest FROM staged s"
        " LEFT JOIN document d ON d.collection = s.collection AND d.id = s.id"
        " WHERE ? OR d.seq IS NULL OR s.seq >= d.seq",
        (full,),
    )
    for collection, record_id, deleted, digest in rows:
        if deleted:
            result.pop((collection, record_id), None)
        else:
            result[collection, record_id] = digest
    return result


def apply(db: sqlite3.Connection, *, full: bool) -> None:
    """Move the staged rows over, inside the caller's transaction; `full` replaces the whole copy."""
    if full:
        db.execute("DELETE FROM document")
    else:
        db.execute(
            "DELETE FROM document WHERE EXISTS (SELECT 1 FROM staged s WHERE s.deleted"
            " AND s.seq >= document.seq AND s.collection = document.collection AND s.id = document.id)"
        )
    db.execute(
        "INSERT INTO document SELECT collection, id, seq, data, digest FROM staged WHERE NOT deleted"
        " ON CONFLICT (collection, id) DO UPDATE SET seq = excluded.seq, data = excluded.data,"
        " digest = excluded.digest WHERE excluded.seq >= seq"
    )
    db.execute("DELETE FROM staged")
    remember(db, "staging", None)


def documents(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """What the person sees, each {"collection", "id", "data"}, ordered by collection and id (code points)."""
    rows = db.execute("SELECT collection, id, data FROM document ORDER BY collection, id")
    return [{"collection": c, "id": i, "data": orjson.loads(data)} for c, i, data in rows]
