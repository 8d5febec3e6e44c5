"""A server of one account for a device: `POST /v1/sync` on the real push and pull and a real PostgreSQL, in process.

The envelope is written from the protocol's description, not from the server's code. `clock` is the server's time.
"""

import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import Connection, text

from sync import store
from sync.canonical import catalog_digest, document_digest
from sync.cursor import Cursor, CursorInvalid, decode, encode
from sync.device import Device, Report
from sync.fields import FieldInvalid
from sync.push import Limits, Result, push
from sync.transport import Response
from tests.sync.fakes import NOW, FakeServer, no_check, raw

TOKEN = "access-1"
LATER = datetime(2999, 1, 1, tzinfo=UTC)
Ids = "[A-Za-z0-9.-]{1,64}"


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


@dataclass(frozen=True)
class Plain:
    """A collection whose records hold anything but a field called `bad`."""

    append_only: bool = False
    read_only: bool = False
    max_bytes: int = 4096
    id_pattern: re.Pattern[str] = re.compile(Ids)

    def seals(self, name: str) -> bool:
        return False

    def check(self, fields: Mapping[str, Any], whole: bool) -> None:
        if "bad" in fields:
            raise FieldInvalid("bad", "is bad")


PLAIN = {"note": Plain(), "log": Plain(append_only=True), "plan": Plain(read_only=True)}


@dataclass
class AccountServer:
    """Call it as a device's `send`. `requests` are the bodies that came, `answers` the ones that went."""

    conn: Connection
    account: str
    clock: Callable[[], datetime] = lambda: NOW
    page: int = 1000
    limits: Limits = field(default_factory=Limits)
    rules: Mapping[str, Any] = field(default_factory=lambda: PLAIN)
    extras: dict[str, Any] = field(default_factory=lambda: {"next_sync_after_s": 900})
    requests: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    digests: int = 0
    catalog: FakeServer | None = None

    @property
    def stream(self) -> str:
        return f"{store.ACCOUNT}{self.account}"

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        self.headers.append(dict(headers))
        if headers["Authorization"] != f"Bearer {TOKEN}":
            return raw(401, b"{}", {})
        if (method, url) == ("GET", "/v1/sync/digest?stream=account"):
            return raw(200, json.dumps(self.digest()).encode(), {})
        assert (method, url) == ("POST", "/v1/sync")
        if headers.get("Content-Encoding") == "zstd":
            body = zstandard.decompress(body or b"")
        status, said = self.sync(json.loads(body or b""))
        return raw(status, json.dumps(said).encode(), {})

    def sync(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One request; commits."""
        assert set(body) <= {
            "device",
            "protocol",
            "cursors",
            "patches",
            "model",
            "health",
            "limit",
            "request",
        }
        assert len(body["patches"]) <= 500
        self.requests.append(body)
        try:
            given = body["cursors"].get("account")
            cursor = None if given is None else decode(given)
        except CursorInvalid:
            return 422, {"errors": {"cursors.account": ["Not a cursor."]}, "detail": "See cursors.account."}
        said: dict[str, Any] = {
            "server_time": ms(self.clock()),
            "protocol": 1,
            "request": body["request"],
        } | self.extras
        with self.conn.begin():
            pushed = push(
                self.conn, self.stream, body["patches"], now_ms=said["server_time"], rules=self.rules,
                cursor=cursor, limits=self.limits,
            )  # fmt: skip
            said["results"] = [_result(result) for result in pushed.results]
            if "account" in body["cursors"]:
                limit = min(self.page, body.get("limit", self.page))
                pulled = store.pull(self.conn, self.stream, cursor, limit, own=pushed.own)
                said["account"] = json.loads(pulled.body())
        if self.catalog is not None and "catalog" in body["cursors"]:
            if "damaged" in str(body["cursors"]["catalog"]):
                return 422, {"errors": {"cursors.catalog": ["Not a cursor."]}}
            said["catalog"] = self.catalog.changes(body["cursors"]["catalog"])
        offer = self.catalog.model if self.catalog is not None and "model" in body else None
        if offer is not None and offer["manifest"]["manifest"]["sha256"] != body["model"]["installed"]:
            said["model"] = offer
        if "health" in body:
            said["health"] = {"counted": 1}
        self.answers.append(said)
        return 200, said

    # What an operator does

    def digest(self) -> dict[str, Any]:
        self.digests += 1
        with self.conn.begin():
            head = store.read_head(self.conn, self.stream)
            live = store.state(self.conn, self.stream)
        assert head is not None
        found = catalog_digest({key: document_digest(data) for key, data in live.items()})
        cursor = encode(Cursor(self.stream, head.epoch, head.seq))
        return {"digest": found, "documents": len(live), "cursor": cursor}

    def state(self) -> dict[tuple[str, str], Any]:
        with self.conn.begin():
            return store.state(self.conn, self.stream)

    def backup(self) -> list[list[Any]]:
        """Everything of the account, to `restore`."""
        with self.conn.begin():
            tables = ("stream", "record")
            return [
                list(self.conn.execute(_ALL[table], {"stream": self.stream}).mappings()) for table in tables
            ]

    def restore(self, backup: list[list[Any]], *, new_epoch: bool = True) -> None:
        """Go back to a backup; an operator who follows the manual then begins a new epoch."""
        with self.conn.begin():
            for table, rows in zip(("stream", "record"), backup, strict=True):
                self.conn.execute(_NONE[table], {"stream": self.stream})
                for row in rows:
                    self.conn.execute(
                        text(
                            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(map(_value, row))})"
                        ),
                        {name: json.dumps(v) if isinstance(v, dict) else v for name, v in row.items()},
                    )
            if new_epoch:
                store.new_epoch(self.conn, self.stream)

    def prune(self) -> int:
        """Forget every deletion."""
        with self.conn.begin():
            return store.prune(self.conn, self.stream, LATER)


_ALL = {table: text(f"SELECT * FROM {table} WHERE stream = :stream") for table in ("stream", "record")}
_NONE = {table: text(f"DELETE FROM {table} WHERE stream = :stream") for table in ("stream", "record")}


def _value(name: str) -> str:
    return f"CAST(:{name} AS jsonb)" if name in ("data", "clocks") else f":{name}"


def _result(result: Result) -> dict[str, Any]:
    said: dict[str, Any] = {"id": result.id, "status": result.status}
    if result.seq is not None:
        said["seq"] = result.seq
    if result.error is not None:
        error = result.error
        said["error"] = {"code": error.code, "field": error.field, "detail": error.detail}
    return said


@dataclass
class Wall:
    """A wall clock that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def on(self, **much: float) -> None:
        self.now += timedelta(**much)


def numbers(seed: str) -> Callable[[int], bytes]:
    """Random bytes that are the same for the same seed."""
    count = 0

    def more(size: int) -> bytes:
        nonlocal count
        count += 1
        block = b"".join(zlib.crc32(f"{seed}/{count}/{i}".encode()).to_bytes(4) for i in range(size // 4 + 1))
        return block[:size]

    return more


def phone(
    folder: Path, name: str, server: AccountServer | None = None, wall: Callable[[], datetime] | None = None
) -> Device:
    """A device, signed in unless `server` is None."""
    device = Device(
        folder / name, clock=wall or (server.clock if server else lambda: NOW), entropy=numbers(name)
    )
    if server is not None:
        device.attach(server.account)
    return device


def sync(device: Device, server: Any, transport: Any = None, **options: Any) -> Report:
    """A sync with an account; `server` may be anything that sends, `transport` is for what goes by GET."""
    options = {"token": lambda renew: TOKEN} | options
    return device.sync(transport or FakeServer(), None, no_check, send=server, **options)


def held(device: Device) -> dict[tuple[str, str], Any]:
    """What the person sees."""
    return {(record["collection"], record["id"]): record["data"] for record in device.records()}
