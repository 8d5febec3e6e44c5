"""Everything an account has, as a ZIP of JSON and CSV. docs/export.md is the format's description.

The archive is written to a file first and sent then: a slow download holds no snapshot of the database open, and what
cannot be read is an error and not half an archive. Memory stays flat: records come through a server-side cursor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson
from sqlalchemy import Connection, Row

from server.accounts import profile
from server.accounts.export_sessions import SessionSheets
from server.accounts.throttle import Limit
from sync.canonical import Key, catalog_digest, document_digest
from sync.store import ACCOUNT

FORMAT: Final = "limber-export"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
README: Final = "README.txt"
RECORDS: Final = "records/"
SESSIONS: Final = "sessions.csv"
ITEMS: Final = "session_items.csv"
ABOUT: Final = ("account.json", "consents.json", "sign_in.json", "physio.json")
_FETCH: Final = 500
# The same data give the same bytes, whenever they are asked for: ZIP's first moment instead of the clock's.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)

_README: Final = """Everything Limber's server keeps of your account, as it was at {at}.

account.json        who you are here
consents.json       what you agreed to: applications, training
sign_in.json        which passkeys and which other providers open the account (names, no secrets)
physio.json         whom you let set constraints for you, and what was done
sessions.csv        your sessions, for a spreadsheet; session_items.csv: what was in them
records/*.jsonl     all records, one a line, deleted ones too, with the clock of each field
manifest.json       format, counts, and the SHA-256 of each file

An account can take this archive in again. Conditions, pain and notes are in it in plain text: keep it safe.
"""

LIMIT: Final = Limit("export", 20, timedelta(seconds=30), timedelta(hours=1), timedelta(minutes=5))
"""How often an account may ask for everything."""

Unseal = Callable[[bytes], bytes]
"""The same JSON with its sealed values opened."""

# In the primary key's order, by bytes, so that two servers with different locales write the same archive.
_SELECT = """
SELECT collection, id, deleted, coalesce(data, '{}')::text AS data, coalesce(clocks, '{}')::text AS clocks
  FROM record WHERE stream = %(stream)s ORDER BY collection COLLATE "C", id COLLATE "C"
"""


@dataclass(slots=True)
class _File:
    """One file of the archive while it is written: what is counted on the way."""

    out: IO[bytes]
    name: str
    size: int = 0
    records: int | None = None
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, part: bytes) -> None:
        self.out.write(part)
        self.digest.update(part)
        self.size += len(part)

    def line(self, record: dict[str, Any]) -> None:
        self.write(_json(record) + b"\n")
        self.records = (self.records or 0) + 1

    def entry(self) -> dict[str, Any]:
        told = {"name": self.name, "bytes": self.size, "sha256": self.digest.hexdigest()}
        return told if self.records is None else {**told, "records": self.records}


def write_export(
    conn: Connection, account: UUID, unseal: Unseal, out: IO[bytes], now: datetime
) -> dict[str, Any]:
    """Write the archive of `account` to `out`; returns its manifest. `now` is the moment that it tells.

    On a connection that may see the account. Raises LookupError when there is no such account.
    """
    about = profile.everything(conn, account, now)
    files: list[dict[str, Any]] = []
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name in ABOUT:
            with _file(archive, name, files) as file:
                file.write(_pretty(about[name.removesuffix(".json")]))
        counts, digests = {}, {}
        with SessionSheets() as sheets:
            for collection, rows in _collections(conn, account):
                with _file(archive, f"{RECORDS}{collection}.jsonl", files) as file:
                    deleted = 0
                    for row in rows:
                        record = _record(row, unseal)
                        file.line(record)
                        deleted += record["deleted"]
                        if not record["deleted"]:
                            digests[collection, row.id] = document_digest(record["data"])
                            if collection == "session":
                                sheets.add(record["id"], record["data"])
                    counts[collection] = {"live": (file.records or 0) - deleted, "deleted": deleted}
            for name, sheet in ((SESSIONS, sheets.sessions), (ITEMS, sheets.items)):
                with _file(archive, name, files) as file:
                    for part in sheet.parts():
                        file.write(part)
        at = now.isoformat(timespec="seconds")
        with _file(archive, README, files) as file:
            file.write(_README.format(at=at).encode())
        manifest = _manifest(account, at, files, counts, digests)
        with _file(archive, MANIFEST, []) as file:
            file.write(_pretty(manifest))
    return manifest


def _manifest(
    account: UUID, at: str, files: list[dict[str, Any]], counts: dict[str, Any], digests: dict[Key, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT, "version": VERSION, "account": str(account), "exported_at": at,
        "records": counts, "digest": catalog_digest(digests), "files": files,
    }  # fmt: skip


@contextmanager
def _file(archive: ZipFile, name: str, entries: list[dict[str, Any]]) -> Iterator[_File]:
    info = ZipInfo(name, _EPOCH)
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    with archive.open(info, "w") as out:
        file = _File(out, name)
        yield file
    entries.append(file.entry())


def _collections(conn: Connection, account: UUID) -> Iterator[tuple[str, Iterator[Row[Any]]]]:
    """(collection, its rows) in order; all of one statement, so of one moment."""
    with conn.execution_options(stream_results=True, yield_per=_FETCH).exec_driver_sql(
        _SELECT, {"stream": f"{ACCOUNT}{account}"}
    ) as rows:
        following = next(rows, None)
        while following is not None:
            collection = following.collection

            def group() -> Iterator[Row[Any]]:
                nonlocal following
                while following is not None and following.collection == collection:  # noqa: B023
                    yield following
                    following = next(rows, None)

            yield collection, group()


def _record(row: Row[Any], unseal: Unseal) -> dict[str, Any]:
    return {
        "id": row.id,
        "deleted": row.deleted,
        "data": orjson.loads(unseal(row.data.encode())),
        "clocks": orjson.loads(row.clocks),
    }


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _pretty(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)
