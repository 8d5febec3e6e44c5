"""Several devices, one server, a network, clocks, and what must come of it all: the world of a replication story.

The devices are the reference device, the server the real push and pull on a real PostgreSQL; all else is played. What
must come out is worked out here, from the patches that the server let in, without the product's code.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from sync import replica
from sync.transport import Response, TransportError
from tests.sync.accounts import AccountServer, Wall, held, phone, sync
from tests.sync.fakes import FakeServer, cut, raw

DEVICES = 3
Key = tuple[str, str]


class Killed(BaseException):
    """The device's process ends here: nothing after this happens, nothing uncommitted stays."""


@dataclass
class Oracle:
    """What the records must be: {record: {clock: fields, or None for a delete}} of all that the server let in."""

    writes: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def note(self, patches: list[dict[str, Any]], results: list[dict[str, Any]]) -> None:
        for patch, result in zip(patches, results, strict=True):
            if result["status"] in ("applied", "merged", "stale"):
                known = self.writes.setdefault((patch["collection"], patch["id"]), {})
                fields = patch.get("set")
                assert known.setdefault(patch["hlc"], fields) == fields, (
                    f"two patches with clock {patch['hlc']}"
                )

    def state(self) -> dict[Key, dict[str, Any]]:
        """The live records: each field as its newest clock says, if one is newer than the newest delete."""
        found = {}
        for key, writes in self.writes.items():
            deleted = max((hlc for hlc, fields in writes.items() if fields is None), default="")
            edits = [fields for _, fields in sorted(writes.items()) if fields is not None]
            if any(hlc > deleted for hlc, fields in writes.items() if fields is not None):
                found[key] = {name: value for fields in edits for name, value in fields.items()}
        return found

    def forget(self, kept: Mapping[Key, Any]) -> None:
        """Deletions were pruned: of a record that is not live nothing is known any more."""
        self.writes = {key: writes for key, writes in self.writes.items() if key in kept}


class World:
    """Devices, server, network and clocks of one story."""

    def __init__(self, conn: Connection, account: str, page: int, folder: Path) -> None:
        self.clock = Wall()
        self.server = AccountServer(conn, account, self.clock, page)
        self.oracle = Oracle()
        self.off = [0.0] * DEVICES
        self.devices = [phone(folder, f"d{n}", wall=lambda n=n: self.wall(n)) for n in range(DEVICES)]
        self.past: list[dict[str, Any]] = []  # requests that the server got
        self.given: list[list[tuple[int, bytes, dict[str, str]]]] = [[] for _ in range(DEVICES)]
        self.made: list[tuple[int, Key, str, Any]] = []  # what people wrote: device, record, field, value
        self.forgotten: set[Key] = set()
        self.backup: Any = None
        self.healed = True
        self.catalog = FakeServer()
        self.trace: list[str] = []
        self.serial = 0

    def wall(self, device: int) -> Any:
        return self.clock.now + timedelta(seconds=self.off[device])

    # What people do

    def write(self, device: int, key: Key, name: str) -> None:
        self.serial += 1
        it, value = self.devices[device], self.serial
        if it.read(*key) is None:
            it.create(key[0], {name: value}, key[1])
        else:
            it.edit(*key, {name: value})
        self.made.append((device, key, name, value))
        seen = it.read(*key)
        assert seen is not None
        assert seen[name] == value, f"device {device} does not show what was just written"

    def delete(self, device: int, key: Key) -> None:
        if self.devices[device].read(*key) is not None:
            self.devices[device].delete(*key)
            assert self.devices[device].read(*key) is None

    def append(self, device: int) -> None:
        self.write(device, ("log", f"{device}-{self.serial}"), "entry")

    def write_what_is_refused(self, device: int) -> None:
        self.write(device, ("note", f"bad-{device}-{self.serial}"), "bad")

    def try_again(self, device: int) -> None:
        for entry in self.devices[device].outbox("refused"):
            self.devices[device].retry(entry.number)

    # What the network does

    def sync(self, device: int, at: int = -1, fault: str = "", meanwhile: Any = None) -> Any:
        """A sync whose request number `at` meets a fault; `meanwhile` happens before that request."""
        count = -1

        def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
            nonlocal count
            count += 1
            here = fault if count == at else ""
            if count == at and meanwhile is not None:
                meanwhile()
            if here == "request lost":
                raise TransportError("lost")
            if here == "answered from a cache" and self.given[device]:
                return raw(*self.given[device][-1])
            if here == "late request" and self.past:
                self.let_in(self.past[(device + 7 * len(self.past)) // 2 % len(self.past)])
            if here == "request doubled" and body:
                self.let_in(json.loads(body))
            if here == "busy":
                return raw(503, b"{}", {"retry-after": "1"})
            if method == "POST":
                self.past.append(json.loads(body or b""))
            response = self.server(method, url, headers, body)
            if method == "POST" and response.status == 200:
                self.oracle.note(self.past[-1]["patches"], self.server.answers[-1]["results"])
            content = b"".join(response.chunks)
            earlier = list(self.given[device])
            if method == "POST":
                self.given[device] = [*earlier[-3:], (response.status, content, dict(response.headers))]
            self.trace.append(
                f"{device} {method} {(body or b'').decode()} -> {response.status} {content.decode()}"
            )
            if here == "answer lost":
                raise TransportError("lost")
            if here == "answer cut":
                return cut(raw(200, content, response.headers), len(content) // 2)
            if here == "earlier answer" and earlier:
                return raw(*earlier[-1 - at % len(earlier)])
            return raw(response.status, content, response.headers)

        killer = killed_at(at, fault) if fault.startswith("killed") else contextlib.nullcontext()
        with contextlib.suppress(Killed), killer, uncompressed():
            return sync(self.devices[device], send, self.catalog)

    def let_in(self, body: dict[str, Any]) -> None:
        """The server gets a request whose answer nobody hears."""
        status, said = self.server.sync(body)
        if status == 200:
            self.oracle.note(body["patches"], said["results"])

    def sync_badly(self, device: int, at: int, fault: str) -> None:
        self.sync(device, at, fault)

    def sync_well(self, device: int) -> None:
        self.devices[device].attach(self.server.account)
        report = self.sync(device)
        assert report.account.outcome in ("synced", "waiting"), report.account

    def write_and_sync(self, device: int, key: Key, name: str, at: int = -1, fault: str = "") -> None:
        self.write(device, key, name)
        self.sync(device, at, fault)

    def write_during_a_sync(self, device: int, at: int, other: int, key: Key, name: str) -> None:
        self.sync(device, at, "", lambda: self.write(other, key, name))

    def sync_during_a_sync(self, device: int, at: int, other: int) -> None:
        self.sync(device, at, "", lambda: other == device or self.sync(other))

    # What time and operators do

    def pass_time(self, seconds: int) -> None:
        self.clock.on(seconds=seconds)

    def set_a_clock(self, device: int, seconds: float) -> None:
        self.off[device] = seconds

    def back_up(self) -> None:
        self.backup = self.server.backup()

    def restore(self) -> None:
        if self.backup is not None and self.backup[0]:
            self.server.restore(self.backup)
            self.healed = False

    def half_a_year_later(self) -> None:
        """Longer than the horizon: deletions are forgotten. Devices that were away may hold anything.

        Not while a restored server waits for its devices: they keep what was acknowledged for thirty days.
        """
        if not self.healed:
            return
        self.clock.on(days=181)
        if self.server.backup()[0]:
            self.server.prune()
            live = self.server.state()
            self.forgotten |= self.oracle.writes.keys() - live.keys()
            self.oracle.forget(live)
        self.backup = None

    # The reckoning

    def meet(self) -> None:
        """Everybody syncs in peace; then all are the same, and as the oracle says."""
        self.clock.on(seconds=5)
        for device in self.devices:
            device.attach(self.server.account)
        for _ in range(3):
            for number in range(DEVICES):
                report = self.sync(number)
                assert report.account.outcome == "synced", (number, report.account)
                assert report.account.pending == 0, (number, report.account)
        truth = self.server.state()
        assert truth == self.oracle.state(), "the server does not hold what it acknowledged"
        for number, device in enumerate(self.devices):
            assert held(device) == truth, f"device {number} shows something else than the server holds"
            assert device.outbox("pending", "acked") == [], f"device {number} still waits"
        self.nothing_was_dropped()
        self.healed = True

    def nothing_was_dropped(self) -> None:
        """Every value that somebody wrote was let in by the server, or waits on its device with the server's reason."""
        let_in = {
            (key, name, value)
            for key, writes in self.oracle.writes.items()
            for fields in writes.values()
            for name, value in (fields or {}).items()
        }
        aside = {
            (n, (e.collection, e.id), name, value)
            for n, device in enumerate(self.devices)
            for e in device.outbox("refused")
            for name, value in (e.fields or {}).items()
        }
        for device, key, name, value in self.made:
            if (key, name, value) not in let_in and key not in self.forgotten:
                assert (device, key, name, value) in aside, (
                    f"{key} {name}={value} of device {device} was dropped"
                )


@contextlib.contextmanager
def killed_at(number: int, when: str) -> Iterator[None]:
    """End the device before or after its transaction of this number."""
    count = -1
    real = replica.transaction

    @contextlib.contextmanager
    def transaction(db: Any) -> Iterator[None]:
        nonlocal count
        count += 1
        at = count
        if at == number and when == "killed before":
            raise Killed
        with real(db):
            yield
        if at == number:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replica, "transaction", transaction)
        yield


@contextlib.contextmanager
def uncompressed() -> Iterator[None]:
    """Requests that a story can show and repeat."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.device_account._COMPRESS_FROM", 1 << 30)
        yield
