"""What a device promises about its folder, its clock, and what comes back after long."""

import sqlite3
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from sync import replica
from sync.device import Device
from sync.replica import DeviceError
from sync.transport import Response, TransportError
from tests.sync.accounts import AccountServer, Wall, held, phone, sync

ACCOUNT = "0b5a7c0e-0000-7000-8000-000000000004"


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def server(conn: Connection, wall: Wall) -> AccountServer:
    return AccountServer(conn, ACCOUNT, wall)


@pytest.fixture
def device(tmp_path: Path, server: AccountServer) -> Device:
    made = phone(tmp_path, "phone", server)
    made.create("note", {"x": 1}, "n")
    return made


def account(report: Any) -> Any:
    assert report.account is not None
    return report.account


def test_a_replica_of_version_one_is_taken_over(tmp_path: Path, server: AccountServer) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    with sqlite3.connect(folder / replica.FILE) as db:
        # As the first version of Limber made it.
        db.executescript("""
CREATE TABLE document (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL,
                       digest TEXT NOT NULL, PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE staged (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
                     deleted INTEGER NOT NULL, data TEXT, digest TEXT,
                     PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO document VALUES ('exercise', 'march', 1, '{"name": "March"}', 'd');
INSERT INTO meta VALUES ('install', '"0123456789abcdef0123456789abcdef"');
PRAGMA user_version = 1;
""")
    db.close()
    device = phone(tmp_path, "old", server)
    with replica.opened(folder) as db:
        assert replica.documents(db) == [{"collection": "exercise", "id": "march", "data": {"name": "March"}}]
        assert replica.recall(db, "install") == "0123456789abcdef0123456789abcdef"
    note = device.create("note", {"x": 1})
    assert sync(device, server).ok
    assert server.state() == {("note", note): {"x": 1}}


def test_a_replica_of_a_newer_version_is_left_alone(device: Device) -> None:
    with sqlite3.connect(device.directory / replica.FILE) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(DeviceError, match="newer version"):
        device.read("note", "n")


def test_signing_out_keeps_or_removes_the_records(device: Device, server: AccountServer) -> None:
    with pytest.raises(DeviceError, match="1 changes on this device were never sent"):
        device.sign_out(remove=True)
    sync(device, server)
    device.sign_out(remove=False)
    assert held(device) == {("note", "n"): {"x": 1}}
    first = server.requests[0]["device"]
    device.sign_out(remove=True)
    assert (held(device), device.outbox("kept"), device.account()) == ({}, [], None)
    device.attach(ACCOUNT)
    sync(device, server)
    assert held(device) == server.state() != {}
    assert server.requests[-1]["device"] != first  # whoever uses it now is nobody that the server knows


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda d: d.create("note", {"x": 2}, "n"), "exists already"),
        (lambda d: d.edit("note", "none", {"x": 2}), "there is no note/none"),
        (lambda d: d.delete("note", "none"), "there is no note/none"),
        (lambda d: d.edit("note", "n", {}), "nothing to set"),
        (lambda d: d.edit("note", "n", {"x": float("nan")}), "x is not a number"),
        (lambda d: d.edit("note", "n", {"x": "\x00"}), "NUL"),
        (lambda d: d.create("no te", {"x": 1}), "is not a name"),
        (lambda d: d.retry(7), "no refused change number 7"),
        (lambda d: d.drop(7), "no refused change number 7"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    device: Device, act: Callable[[Device], object], words: str
) -> None:
    with pytest.raises(DeviceError, match=words):
        act(device)
    assert held(device) == {("note", "n"): {"x": 1}}


def test_ids_are_uuids_of_version_7_that_sort_by_time(device: Device, wall: Wall) -> None:
    made = []
    for _ in range(5):
        made.append(device.create("note", {"x": 1}))
        wall.on(milliseconds=1)
    assert made == sorted(set(made))
    assert {uuid.UUID(each).version for each in made} == {7}
    assert {uuid.UUID(each).variant for each in made} == {uuid.RFC_4122}


def test_a_phone_from_a_drawer_offers_its_old_edit_with_all_of_the_record(
    tmp_path: Path, server: AccountServer, wall: Wall
) -> None:
    a, b = phone(tmp_path, "a", server), phone(tmp_path, "b", server)
    a.create("note", {"x": 1, "y": 1}, "n")
    sync(a, server)
    sync(b, server)
    wall.on(days=1)
    a.edit("note", "n", {"x": 2})  # never sent: the phone goes into the drawer
    b.delete("note", "n")
    sync(b, server)
    wall.on(days=400)
    server.prune()
    report = account(sync(a, server))
    assert (report.resync, report.refused) == ("pruned", 0)
    assert server.state() == held(a) == {("note", "n"): {"x": 2, "y": 1}}


def test_no_stamp_is_ever_given_twice_however_the_clock_jumps(
    tmp_path: Path, server: AccountServer, wall: Wall
) -> None:
    own = Wall(wall.now)
    device = phone(tmp_path, "jumps", server, own)
    stamps: dict[str, Any] = {}
    for jump in (0, 1, -1, 1, -2, 3, -1, 0, -3, 2):
        own.now = wall.now + timedelta(days=jump)
        for _ in range(3):
            device.create("note", {"x": jump})
        sync(device, server)
        wall.on(hours=8)
    for request in server.requests:
        for patch in request["patches"]:
            assert stamps.setdefault(patch["hlc"], patch) == patch
    assert len(server.state()) == 30
    assert device.outbox() == []


def test_an_acknowledged_edit_of_a_record_that_was_then_forgotten_does_not_bring_it_back(
    tmp_path: Path, server: AccountServer, wall: Wall
) -> None:
    server.page = 1
    a, b = phone(tmp_path, "a", server), phone(tmp_path, "b", server)
    for name in ("n", "o", "p"):
        b.create("note", {"x": 1}, name)
    sync(b, server)
    sync(a, server)
    b.edit("note", "o", {"x": 2})
    b.edit("note", "p", {"x": 2})
    sync(b, server)
    a.edit("note", "n", {"x": 3})
    asked: list[str] = []

    def one_answer(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        asked.append(url)
        if len(asked) > 1:
            raise TransportError("lost")
        return server(method, url, headers, body)

    sync(a, one_answer)
    assert [entry.id for entry in a.outbox("acked")] == [
        "n"
    ]  # acknowledged, and the copy has not come so far
    sync(b, server)
    wall.on(days=1)
    b.delete("note", "n")
    sync(b, server)
    wall.on(days=181)
    server.prune()
    assert account(sync(a, server)).resync == "pruned"
    assert held(a) == server.state() == {("note", "o"): {"x": 2}, ("note", "p"): {"x": 2}}
    assert a.outbox("pending", "acked") == []
