"""What a device promises about a person's own records: written offline, merged, never lost."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from sync.device import Device
from tests.sync.accounts import AccountServer, Wall, held, phone, sync

ACCOUNT = "0b5a7c0e-0000-7000-8000-000000000001"


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def server(conn: Connection, wall: Wall) -> AccountServer:
    return AccountServer(conn, ACCOUNT, wall)


def test_what_was_written_before_signing_in_goes_into_the_account(
    tmp_path: Path, server: AccountServer, wall: Wall
) -> None:
    device = phone(tmp_path, "a", wall=wall)
    first = device.create("note", {"text": "one"})
    device.edit("note", first, {"more": 2})
    assert device.read("note", first) == {"text": "one", "more": 2}
    device.attach(ACCOUNT)
    report = sync(device, server)
    assert report.account is not None
    assert (report.account.outcome, report.account.accepted, report.account.pending) == ("synced", 2, 0)
    assert server.state() == held(device) == {("note", first): {"text": "one", "more": 2}}


def test_both_sides_data_are_merged_when_the_account_has_some_already(
    tmp_path: Path, server: AccountServer
) -> None:
    other = phone(tmp_path, "other", server)
    theirs = other.create("note", {"text": "theirs"})
    sync(other, server)
    device = phone(tmp_path, "a", server)
    mine = device.create("note", {"text": "mine"})
    sync(device, server)
    sync(other, server)
    assert held(device) == held(other) == server.state()
    assert set(server.state()) == {("note", theirs), ("note", mine)}


def test_two_devices_that_edited_offline_end_the_same_field_by_field(
    tmp_path: Path, server: AccountServer, wall: Wall
) -> None:
    a, b = phone(tmp_path, "a", server), phone(tmp_path, "b", server)
    note = a.create("note", {"x": 0, "y": 0})
    sync(a, server)
    sync(b, server)
    wall.on(seconds=1)
    b.edit("note", note, {"x": 1, "y": 1})
    wall.on(seconds=1)
    a.edit("note", note, {"x": 2})
    for device in (a, b, a):
        sync(device, server)
    assert held(a) == held(b) == server.state() == {("note", note): {"x": 2, "y": 1}}


def test_a_device_does_not_download_what_it_wrote(tmp_path: Path, server: AccountServer) -> None:
    device = phone(tmp_path, "a", server)
    sync(device, server)
    for number in range(3):
        device.create("note", {"n": number})
    report = sync(device, server)
    assert report.account is not None
    assert (report.account.accepted, report.account.received) == (3, 0)
    assert held(device) == server.state()
    assert device.status()["pending"] == 0


def test_a_delete_and_a_later_edit(tmp_path: Path, server: AccountServer, wall: Wall) -> None:
    a, b = phone(tmp_path, "a", server), phone(tmp_path, "b", server)
    note = a.create("note", {"x": 0, "y": 0})
    sync(a, server)
    sync(b, server)
    wall.on(seconds=1)
    a.delete("note", note)
    wall.on(seconds=1)
    b.edit("note", note, {"x": 1})
    for device in (a, b, a, b):
        sync(device, server)
    assert held(a) == held(b) == server.state() == {("note", note): {"x": 1, "y": 0}}
    b.delete("note", note)
    assert b.read("note", note) is None
    for device in (b, a):
        sync(device, server)
    assert held(a) == held(b) == server.state() == {}


def test_a_refused_patch_is_set_aside_with_its_reason_and_holds_nothing_up(
    tmp_path: Path, server: AccountServer
) -> None:
    device = phone(tmp_path, "a", server)
    good = device.create("note", {"x": 1})
    bad = device.create("note", {"bad": 1})
    later = device.create("note", {"x": 2})
    report = sync(device, server)
    assert report.account is not None
    assert (report.account.accepted, report.account.refused, report.account.pending) == (2, 1, 0)
    assert set(server.state()) == {("note", good), ("note", later)} == set(held(device))
    (refused,) = device.outbox()
    assert (refused.id, refused.state) == (bad, "refused")
    assert refused.error == {"code": "invalid", "field": "set.bad", "detail": "This is bad."}
    device.retry(refused.number)
    assert bad in {record["id"] for record in device.records()}
    sync(device, server)
    (refused,) = device.outbox()
    device.drop(refused.number)
    assert device.outbox() == []


def test_a_clock_a_day_fast_is_noticed_and_nothing_is_lost(
    tmp_path: Path, server: AccountServer, wall: Wall
) -> None:
    fast = Wall(wall.now + timedelta(days=1))
    a, b = phone(tmp_path, "a", server, fast), phone(tmp_path, "b", server)
    note = a.create("note", {"x": 1})
    a.edit("note", note, {"x": 2})
    a.edit("note", note, {"y": 3})
    report = sync(a, server)
    assert report.account is not None
    assert (report.account.outcome, report.account.refused, report.account.pending) == ("synced", 0, 0)
    assert server.state() == held(a) == {("note", note): {"x": 2, "y": 3}}
    stamps = [patch["hlc"] for request in server.requests for patch in request["patches"]]
    assert len(set(stamps)) == 6  # each stamp was sent once
    sync(b, server)
    wall.on(seconds=2)
    fast.on(seconds=2)
    b.edit("note", note, {"x": 4})
    wall.on(seconds=2)
    fast.on(seconds=2)
    a.edit("note", note, {"y": 5})
    for device in (a, b, a):
        sync(device, server)
    assert held(a) == held(b) == {("note", note): {"x": 4, "y": 5}}


@pytest.mark.parametrize("new_epoch", [True, False])
def test_devices_heal_a_server_that_came_back_from_a_backup(
    tmp_path: Path, server: AccountServer, wall: Wall, new_epoch: bool
) -> None:
    a, b = phone(tmp_path, "a", server), phone(tmp_path, "b", server)
    old = a.create("note", {"x": 1, "y": 1})
    sync(a, server)
    sync(b, server)
    backup = server.backup()
    wall.on(seconds=1)
    a.edit("note", old, {"x": 2})
    new = b.create("note", {"x": 3})
    sync(a, server)
    sync(b, server)
    sync(a, server)
    a.edit("note", new, {"z": 4})
    sync(a, server)
    server.restore(backup, new_epoch=new_epoch)
    wall.on(days=29)
    report = sync(a, server)
    assert report.account is not None
    assert report.account.resync == ("epoch" if new_epoch else "ahead")
    # Nobody began a new epoch: b's cursor looks right again by now, and only the digest, each 20th time, finds it out.
    for _ in range(1 if new_epoch else 22):
        sync(b, server)
        sync(a, server)
    assert (
        held(a)
        == held(b)
        == server.state()
        == {("note", old): {"x": 2, "y": 1}, ("note", new): {"x": 3, "z": 4}}
    )


def test_what_was_acknowledged_longer_than_thirty_days_ago_is_forgotten(
    tmp_path: Path, server: AccountServer, wall: Wall
) -> None:
    device = phone(tmp_path, "a", server)
    device.create("note", {"x": 1})
    sync(device, server)
    assert len(device.outbox("kept")) == 1
    wall.on(days=31)
    sync(device, server)
    assert device.outbox("kept") == []


def test_an_edit_of_a_record_that_was_deleted_and_forgotten_brings_all_of_it(
    tmp_path: Path, server: AccountServer, wall: Wall
) -> None:
    a, b = phone(tmp_path, "a", server), phone(tmp_path, "b", server)
    note = a.create("note", {"x": 1, "y": 1})
    last = a.create("note", {"x": 9})
    sync(a, server)
    sync(b, server)
    wall.on(days=1)
    b.delete("note", note)
    sync(b, server)
    b.edit("note", last, {"x": 10})
    sync(b, server)
    wall.on(days=181)
    server.prune()
    a.edit("note", note, {"x": 2})
    report = sync(a, server)
    assert report.account is not None
    assert report.account.resync == "pruned"
    sync(b, server)
    assert held(a) == held(b) == server.state()
    assert server.state()["note", note] == {"x": 2, "y": 1}


def test_a_copy_that_rotted_is_found_by_its_digest_and_fetched_anew(
    tmp_path: Path, server: AccountServer
) -> None:
    from sync import replica

    device = phone(tmp_path, "a", server)
    for number in range(4):
        device.create("note", {"n": number})
    assert sync(device, server).account.checked  # type: ignore[union-attr]
    with replica.opened(device.directory) as db:
        db.execute("UPDATE base SET data = '{}', digest = 'x' WHERE id = (SELECT min(id) FROM base)")
    reports: list[Any] = [sync(device, server).account for _ in range(25)]
    assert [report.resync for report in reports if report.resync] == ["digest"]
    assert held(device) == server.state()


def test_a_folder_of_another_account_is_refused_unless_its_records_may_go(
    tmp_path: Path, server: AccountServer
) -> None:
    from sync.replica import DeviceError

    device: Device = phone(tmp_path, "a", server)
    device.create("note", {"n": 1})
    with pytest.raises(DeviceError, match="another account"):
        device.attach("somebody-else")
    device.attach("somebody-else", discard=True)
    assert (held(device), device.account()) == ({}, "somebody-else")
