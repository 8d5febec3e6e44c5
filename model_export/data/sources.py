"""Where sessions come from: a simulator's files or the log's table. Both give only people who consent now.

In the table what a session says is sealed (docs/sync-records.md); the master key opens it, account by account.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import psycopg
import zstandard
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from model_export.data.replay import Raw
from model_export.data.simulate import CONSENT, CONSENT_VERSION, SESSIONS
from model_export.data.slots import COLLECTION
from model_export.data.table import DatasetInvalid
from sync.sealing import DataKey, MasterKey, SealBroken, is_sealed
from sync.signing import KeyUnavailable

FETCH = 500
"""Rows the driver holds at a time; a session takes some kilobytes."""


class Source(Protocol):
    """Somewhere to read sessions from."""

    name: str

    def count(self) -> int:
        """How many sessions there are to read."""

    def read(self) -> Iterator[Raw]:
        """Each session of everybody who consents now, a person's together."""


def consents(data: Any) -> bool:
    """Whether the record preferences/training gives consent to what we ask for today."""
    given = data.get("training_consent") if isinstance(data, Mapping) else None
    return isinstance(given, Mapping) and given.get("version") == CONSENT_VERSION


class FolderSource:
    """FOLDER/sessions.jsonl or .jsonl.zst, as `simulate` writes it. Raises DatasetInvalid naming the line."""

    def __init__(self, folder: Path) -> None:
        found = [folder / (SESSIONS + ending) for ending in ("", ".zst")]
        self.paths = [path for path in found if path.is_file()]
        if not self.paths:
            raise DatasetInvalid(
                f"{folder} has no {SESSIONS}: make it with `python -m model_export simulate`"
            )
        self.name = str(folder)
        self._consenting: set[str] = set()
        self._sessions = 0
        for row in self._rows():
            # The newest word counts, wherever in the file it is: hence a pass of its own.
            if (row["collection"], row["id"]) == CONSENT:
                if consents(row["data"]):
                    self._consenting.add(row["stream"])
                else:
                    self._consenting.discard(row["stream"])
            self._sessions += row["collection"] == COLLECTION

    def count(self) -> int:
        return self._sessions

    def read(self) -> Iterator[Raw]:
        for row in self._rows():
            if row["collection"] == COLLECTION and row["stream"] in self._consenting:
                yield Raw(row["stream"], row["data"], row.get("family"))

    def _rows(self) -> Iterator[dict[str, Any]]:
        for path in self.paths:
            with path.open("rb") as file, _lines(path, file) as lines:
                for number, text in enumerate(lines, 1):
                    yield _row(text, f"{path} line {number}")


def _lines(path: Path, file: IO[bytes]) -> IO[str]:
    if path.suffix == ".zst":
        # Files that were joined have several frames.
        unpacked = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return io.TextIOWrapper(unpacked, encoding="utf-8")
    return io.TextIOWrapper(file, encoding="utf-8")


def _row(text: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except ValueError as error:
        raise DatasetInvalid(f"{where} is not JSON: {error}") from error
    if not isinstance(row, dict) or any(
        not isinstance(row.get(k), str) for k in ("stream", "collection", "id")
    ):
        raise DatasetInvalid(f"{where}: a record needs stream, collection and id, as text")
    return row | {"data": row.get("data")}


# In the primary key's order, so that a person's sessions come together.
_SESSIONS = """
SELECT r.stream, r.data
  FROM record r
  JOIN record c ON c.stream = r.stream AND c.collection = %(collection)s AND c.id = %(id)s
 WHERE r.collection = %(session)s AND NOT r.deleted AND r.stream LIKE 'account:%%'
   AND NOT c.deleted AND c.data -> 'training_consent' -> 'version' = %(version)s::text::jsonb
"""
_ORDER = " ORDER BY r.stream, r.collection, r.id"
_KEY = b"SELECT wrapped FROM account_key WHERE account = %(account)s::uuid"
KEY_GONE = "its key is gone"
"""Why a session of an account that was erased meanwhile is set aside."""


class DatabaseSource:
    """The table `record`, read through a server-side cursor: memory stays flat, and one snapshot is read.

    `master` opens what is sealed. Raises DatasetInvalid for an address that is none, a database that cannot be read,
    and sealed sessions that no master key, or not this one, opens.
    """

    def __init__(self, url: str, master: MasterKey | None = None) -> None:
        try:
            address = make_url(url).set(drivername="postgresql")
        except ArgumentError as error:
            raise DatasetInvalid("--database: not a database address") from error
        self._master = master
        self._url = address.render_as_string(hide_password=False)
        self.name = address.render_as_string(hide_password=True)
        self._parameters = {
            "collection": CONSENT[0], "id": CONSENT[1], "session": COLLECTION, "version": CONSENT_VERSION,
        }  # fmt: skip

    @contextmanager
    def _connect(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with psycopg.connect(self._url) as conn:
                conn.read_only = True
                yield conn
        except psycopg.errors.UndefinedTable as error:
            raise DatasetInvalid(f"--database {self.name} has no replication log: migrate it") from error
        except psycopg.Error as error:
            raise DatasetInvalid(f"--database {self.name}: {str(error).strip()}") from error

    def _rows(self, statement: str) -> list[Any]:
        with self._connect() as conn:
            return conn.execute(statement.encode(), self._parameters).fetchall()

    def count(self) -> int:
        return int(self._rows(f"SELECT count(*) FROM ({_SESSIONS}) AS s")[0][0])  # noqa: S608

    def read(self) -> Iterator[Raw]:
        with self._connect() as conn, conn.cursor("sessions") as rows:
            rows.itersize = FETCH
            rows.execute(_SESSIONS + _ORDER, self._parameters)
            whose, key = "", None
            for stream, data in rows:
                if not any(is_sealed(value) for value in data.values()):
                    yield Raw(stream, data)
                    continue
                if stream != whose:
                    whose, key = stream, self._key(conn, stream)
                yield Raw(stream, None, aside=KEY_GONE) if key is None else Raw(stream, self._open(key, data))

    def _key(self, conn: psycopg.Connection[Any], stream: str) -> DataKey | None:
        """The stream's data key, None where it was destroyed."""
        if self._master is None:
            raise DatasetInvalid(
                f"--database {self.name}: its sessions are sealed, and there is no master key here "
                "(LIMBER_MASTER_KEY or LIMBER_MASTER_KMS, as the server has it)"
            )
        row = conn.execute(_KEY, {"account": stream.partition(":")[2]}).fetchone()
        try:
            return None if row is None else DataKey(self._master.unwrap(bytes(row[0]), stream), stream)
        except (SealBroken, KeyUnavailable) as error:
            raise DatasetInvalid(f"--database {self.name}: {error}") from error

    def _open(self, key: DataKey, data: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return key.unseal_data(data)
        except SealBroken as error:
            raise DatasetInvalid(f"--database {self.name}: {error}") from error

    def snapshots(self) -> dict[int, str]:
        """Catalogue release -> key of its snapshot in the object store."""
        found = self._rows("SELECT number, object_key FROM release WHERE stream = 'catalog'")
        return {int(number): str(key) for number, key in found}
