"""Taking an export in again: checked as a whole, then merged as if a device had sent it.

So importing twice moves nothing, and an account that has data of its own keeps what is newer, field by field. Nothing
is believed that is not checked: names, sizes as they unpack, hashes, forms, and each record by the account's own rules.
docs/export.md describes the format.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, Final, NoReturn
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import marshmallow as ma
import orjson
from sqlalchemy import Connection, update

from server.accounts import export
from server.accounts.tables import account
from server.accounts.throttle import Limit
from sync import clock, store
from sync.merge import DELETED, WHOLE
from sync.push import Limits, push
from sync.records import RULES
from sync.sealing import DataKey

UNPACKED_TIMES: Final = 8
"""How much larger than the largest archive its files may be together."""
MANIFEST_BYTES: Final = 2**20
ABOUT_BYTES: Final = 4 * 2**20
LINE_BYTES: Final = 2**20
"""Of one record. The rules allow a quarter of it."""
FILES_MOST: Final = 64
BATCH: Final = 500
LIMIT: Final = Limit("import", 20, timedelta(seconds=30), timedelta(hours=1), timedelta(minutes=5))
"""How often an account may try."""
_PART: Final = 2**16
# What zipfile is known to raise for bytes that are no archive.
_DAMAGED: Final = (
    BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError,
    OSError,
)  # fmt: skip

_TEXTS: Final = (*export.ABOUT, export.README, export.SESSIONS, export.ITEMS)
_LEFT_OUT: Final = {
    "sign_in.json": "passkeys and other providers are set up anew: an archive holds no secrets",
    "physio.json": "a physio is invited anew",
}
_CONSTRAINTS: Final = "what a physio set ends with the link to them"


class ImportInvalid(ValueError):
    """The archive cannot be taken in: `where` is the file in it, with line and field, `reason` a sentence's end."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


class ImportTooLarge(ImportInvalid):
    """The archive, or what it unpacks to, is larger than is accepted."""


class QuotaReached(ImportInvalid):
    """The account cannot hold all of it; nothing was taken in."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of each collection's changes, by status; how many records moved; what was left out, and why."""

    records: dict[str, dict[str, int]]
    moved: int
    left_out: list[dict[str, str]]

    def as_json(self) -> dict[str, Any]:
        """The answer to who asked for it."""
        return {"records": self.records, "moved": self.moved, "left_out": self.left_out}


class _Known(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE


class _FileSchema(_Known):
    name = ma.fields.String(required=True)
    bytes = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(0))
    sha256 = ma.fields.String(required=True, validate=ma.validate.Regexp(r"[0-9a-f]{64}\Z"))


class _ManifestSchema(_Known):
    format = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True, strict=True)
    files = ma.fields.List(ma.fields.Nested(_FileSchema), required=True)


class Archive:
    """An export that was opened and checked against its manifest. Raises ImportInvalid, ImportTooLarge."""

    def __init__(self, file: IO[bytes], most_unpacked: int) -> None:
        self._left = most_unpacked
        try:
            self._zip = ZipFile(file)
            self._infos = self._directory()
            files = self._manifest()
            self._sizes = {entry["name"]: entry["bytes"] for entry in files}
            self._check(files)
        except ImportInvalid:
            raise
        except _DAMAGED as error:
            raise ImportInvalid("archive", f"is damaged: {str(error)[:200]}") from error

    def collections(self) -> list[str]:
        """The collections that there are records of, in the archive's order."""
        names = (name for name in self._infos if name.startswith(export.RECORDS))
        return [name.removeprefix(export.RECORDS).removesuffix(".jsonl") for name in names]

    def account(self) -> Mapping[str, Any]:
        """What account.json says; empty without one."""
        name = "account.json"
        if name not in self._infos:
            return {}
        with self._zip.open(self._infos[name]) as file:
            found = _json(file.read(ABOUT_BYTES), name)
        if not isinstance(found, dict):
            raise ImportInvalid(name, "must be an object")
        return found

    def lines(self, collection: str) -> Iterator[tuple[str, Any]]:
        """(where, record) of each line of a collection's file."""
        name = f"{export.RECORDS}{collection}.jsonl"
        with self._zip.open(self._infos[name]) as file:
            for number, line in enumerate(iter(lambda: file.readline(LINE_BYTES + 1), b""), 1):
                where = f"{name} line {number}"
                if len(line) > LINE_BYTES:
                    raise ImportInvalid(where, f"is longer than {LINE_BYTES} bytes")
                yield where, _json(line, where)

    def _directory(self) -> dict[str, ZipInfo]:
        """The files by name. No other name than ours is accepted, so no path leads anywhere."""
        infos: dict[str, ZipInfo] = {}
        found = self._zip.infolist()
        if len(found) > FILES_MOST:
            raise ImportInvalid("archive", f"holds {len(found)} files, more than {FILES_MOST}")
        for info in found:
            name = info.orig_filename
            if name in infos:
                raise ImportInvalid(_shown(name), "is there twice")
            if name != export.MANIFEST and name not in _TEXTS and _collection(name) is None:
                raise ImportInvalid(_shown(name), "is not a file of an export")
            if info.flag_bits & 1:
                raise ImportInvalid(name, "is encrypted")
            if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise ImportInvalid(name, "is packed in another way than deflate")
            infos[name] = info
        if export.MANIFEST not in infos:
            raise ImportInvalid(export.MANIFEST, "is missing: this is not an export of Limber")
        return infos

    def _manifest(self) -> list[dict[str, Any]]:
        name = export.MANIFEST
        with self._zip.open(self._infos[name]) as file:
            body = file.read(MANIFEST_BYTES + 1)
        if len(body) > MANIFEST_BYTES:
            raise ImportTooLarge(name, f"is larger than {MANIFEST_BYTES} bytes")
        found = _json(body, name)
        if not isinstance(found, dict) or found.get("format") != export.FORMAT:
            raise ImportInvalid(f"{name}: format", f"is not {export.FORMAT}: this is not an export of Limber")
        version = found.get("version")
        if isinstance(version, int) and version > export.VERSION:
            raise ImportInvalid(f"{name}: version", f"is {version}; this server reads up to {export.VERSION}")
        try:
            checked: dict[str, Any] = _ManifestSchema().load(found)
        except ma.ValidationError as error:
            raise ImportInvalid(name, _first(error.messages)) from None
        if checked["version"] != export.VERSION:
            raise ImportInvalid(
                f"{name}: version", f"is {checked['version']}; this server reads {export.VERSION}"
            )
        files: list[dict[str, Any]] = checked["files"]
        return files

    def _check(self, files: list[dict[str, Any]]) -> None:
        """Every file is the one that the manifest names: all are unpacked once, and hashed."""
        told = {entry["name"]: entry for entry in files}
        for name in told:
            if name not in self._infos:
                raise ImportInvalid(_shown(name), "is missing, though the manifest names it")
        for name, info in self._infos.items():
            if name == export.MANIFEST:
                continue
            if name not in told:
                raise ImportInvalid(name, "is not named by the manifest")
            size, digest = self._read(name, info, told[name]["bytes"])
            if size != told[name]["bytes"] or digest != told[name]["sha256"]:
                raise ImportInvalid(name, "was changed: its SHA-256 is not the manifest's")

    def _read(self, name: str, info: ZipInfo, most: int) -> tuple[int, str]:
        """(bytes, SHA-256) of a file as it unpacks, whatever its header says; reading ends where it is too much."""
        if most > self._left:
            raise ImportTooLarge(name, "unpacks to more than is accepted")
        if name in export.ABOUT and most > ABOUT_BYTES:
            raise ImportTooLarge(name, f"is larger than {ABOUT_BYTES} bytes")
        self._left -= most
        size, digest = 0, hashlib.sha256()
        with self._zip.open(info) as file:
            while part := file.read(_PART):
                size += len(part)
                if size > most:
                    raise ImportTooLarge(name, "unpacks to more than the manifest says")
                digest.update(part)
        return size, digest.hexdigest()


def take_in(
    conn: Connection, archive: Archive, whom: UUID, key: DataKey, limits: Limits, now: datetime
) -> Imported:
    """Merge the archive's records into the account, all of them or, when it raises, none: roll back then.

    In a transaction of the account, which holds its key. Raises ImportInvalid, QuotaReached.
    """
    before = store.lock_head(conn, key.stream).seq
    now_ms, after = int(now.timestamp() * 1000), before
    # An archive may be of any age: there is no deletion here that it could have missed.
    limits = Limits(limits.records, limits.bytes, horizon_ms=now_ms + 1, drift_ms=limits.drift_ms)
    records: dict[str, dict[str, int]] = {}
    for collection in archive.collections():
        if RULES[collection].read_only:
            continue
        counts = records.setdefault(collection, {})
        for wheres, patches in _batches(archive, collection):
            pushed = push(conn, key.stream, patches, now_ms=now_ms, rules=RULES, seal=key.seal, limits=limits)
            for where, result in zip(wheres, pushed.results, strict=True):
                if result.error is not None:
                    _refuse(where, result.error.code, result.error.field, result.error.detail)
                counts[result.status] = counts.get(result.status, 0) + 1
            after = pushed.head.seq
    _take_in_account(conn, archive.account(), whom)
    return Imported(records, after - before, _left_out(archive))


def _take_in_account(conn: Connection, found: Mapping[str, Any], whom: UUID) -> None:
    """Name and language, where the account has none. An address is proved, and a role given, not imported."""
    for name, empty in (("name", ""), ("locale", None)):
        value = found.get(name)
        if isinstance(value, str) and value and len(value) <= 200 and "\x00" not in value:
            unset = account.c[name].is_(None) if empty is None else account.c[name] == empty
            conn.execute(update(account).where(account.c.id == whom, unset).values({name: value}))


def _left_out(archive: Archive) -> list[dict[str, str]]:
    left = [{"file": name, "reason": reason} for name, reason in _LEFT_OUT.items()]
    for collection in archive.collections():
        if RULES[collection].read_only:
            left.append({"file": f"{export.RECORDS}{collection}.jsonl", "reason": _CONSTRAINTS})
    return left


def _batches(archive: Archive, collection: str) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """(where each is from, patches), about BATCH at a time."""
    wheres: list[str] = []
    patches: list[dict[str, Any]] = []
    for where, line in archive.lines(collection):
        for patch in _patches(collection, line, where):
            wheres.append(where)
            patches.append(patch)
        if len(patches) >= BATCH:
            yield wheres, patches
            wheres, patches = [], []
    if patches:
        yield wheres, patches


def _patches(collection: str, line: Any, where: str) -> list[dict[str, Any]]:
    """The patches that make a record what the line says: its fields by their clocks, and its deletion, in order."""
    if not isinstance(line, dict):
        raise ImportInvalid(where, "must be an object")
    record_id, data, clocks, deleted = (line.get(name) for name in ("id", "data", "clocks", "deleted"))
    if not isinstance(record_id, str):
        raise ImportInvalid(f"{where}: id", "must be text")
    if not isinstance(data, dict):
        raise ImportInvalid(f"{where}: data", "must be an object")
    if not isinstance(clocks, dict) or not clocks:
        raise ImportInvalid(f"{where}: clocks", "must be an object with the clock of each field")
    for name, told in clocks.items():
        try:
            clock.parse(told)
        except clock.ClockInvalid as error:
            raise ImportInvalid(f"{where}: clocks.{name}", str(error)) from None
    whole = {"collection": collection, "id": record_id}
    if RULES[collection].append_only:
        if set(clocks) != {WHOLE} or deleted is not False:
            raise ImportInvalid(f"{where}: clocks", f"must be one, of the whole record: {WHOLE}")
        return [{**whole, "set": data, "hlc": clocks[WHOLE]}]
    if set(clocks) - {DELETED} != set(data):
        odd = sorted(set(data) ^ (set(clocks) - {DELETED}))[0]
        raise ImportInvalid(f"{where}: clocks.{odd}", "must be there exactly where data has the field")
    made = {
        told: {**whole, "set": {}, "hlc": told} for name, told in sorted(clocks.items()) if name != DELETED
    }
    for name, value in data.items():
        made[clocks[name]]["set"][name] = value
    patches = list(made.values())
    if DELETED in clocks:
        patches.append({**whole, "delete": True, "hlc": clocks[DELETED]})
    if deleted is not (DELETED in clocks and clocks[DELETED] == max(clocks.values())):
        raise ImportInvalid(f"{where}: deleted", "does not agree with the clocks")
    return sorted(patches, key=lambda patch: patch["hlc"])


def _refuse(where: str, code: str, field: str, detail: str) -> NoReturn:
    if code in ("quota_records", "quota_bytes"):
        raise QuotaReached(where, detail)
    said = f"{where}: {field}" if field and field != "set" else where
    raise ImportInvalid(said, detail)


def _collection(name: str) -> str | None:
    found = name.removeprefix(export.RECORDS).removesuffix(".jsonl")
    return found if found in RULES and name == f"{export.RECORDS}{found}.jsonl" else None


def _json(body: bytes, where: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ImportInvalid(where, f"is not JSON: {error}") from None


def _first(messages: Any) -> str:
    """The first reason among marshmallow's, with its field."""
    path = []
    while isinstance(messages, dict):
        key, messages = next(iter(messages.items()))
        path.append(str(key))
    reason = messages[0] if isinstance(messages, list) else messages
    return f"{'.'.join(path)}: {reason}"


def _shown(name: str) -> str:
    """A name that somebody else chose, short and printable."""
    return ascii(name[:80])[1:-1] or "archive"
