"""What a device promises about its catalogue."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import replica
from sync.device import Device
from sync.replica import DeviceBusy, DeviceError, NoReplica
from sync.signing import parse_trust, trust_document
from sync.transport import Response
from tests.sync.fakes import NOW, FakeServer, catalogue, edited, held, network, no_check, raw, sync


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_first_sync_brings_the_whole_release(device: Device, server: FakeServer, snapshots: bool) -> None:
    server.snapshots = snapshots
    report = sync(device, server)
    assert report.ok
    assert (report.catalog.outcome, report.catalog.release, report.catalog.changed) == ("applied", 1, 10)
    assert report.catalog.source == ("snapshot" if snapshots else "pages")
    assert held(device) == catalogue(10)


def test_a_later_sync_brings_only_what_changed(device: Device, server: FakeServer) -> None:
    sync(device, server)
    new = edited(catalogue(10), 4, 5)
    server.publish(new)
    server.requests.clear()
    report = sync(device, server)
    assert held(device) == new
    assert (report.catalog.previous, report.catalog.release) == (1, 2)
    assert (report.catalog.changed, report.catalog.deleted, report.catalog.source) == (4, 2, "changes")
    assert not [url for url, _ in server.requests if "snapshots" in url]


def test_documents_come_in_order_of_collection_and_id(device: Device, server: FakeServer) -> None:
    sync(device, server)
    order = [(d["collection"], d["id"]) for d in device.documents()]
    assert order == sorted(catalogue(10))


def test_an_idle_sync_is_answered_304_and_changes_nothing(device: Device, server: FakeServer) -> None:
    sync(device, server)
    sync(device, server)
    before = held(device)
    statuses = []

    def watch(_: int, response: Response) -> Response:
        statuses.append(response.status)
        return response

    report = sync(device, network(server, watch))
    assert statuses[0] == 304
    assert report.ok
    assert (report.catalog.outcome, held(device)) == ("unchanged", before)


def test_an_etag_is_sent_only_for_the_address_it_came_from(device: Device, server: FakeServer) -> None:
    sync(device, server)
    sync(device, server)
    server.publish(edited(catalogue(10)))
    server.requests.clear()
    assert sync(device, server).catalog.release == 2
    sync(device, server)
    tags = [headers.get("If-None-Match") for url, headers in server.requests if "changes" in url]
    assert tags[0] is not None  # the old address, once more
    assert tags[-1] is None  # the new cursor's address, for the first time


def test_a_release_published_between_two_pages_is_applied_whole(device: Device, server: FakeServer) -> None:
    server.snapshots = False
    new = edited(catalogue(10), 1, 2)

    def publish_after_two(n: int, response: Response) -> Response:
        if n == 2:
            server.publish(new)
        return response

    assert sync(device, network(server, publish_after_two)).catalog.release == 2
    assert held(device) == new


def test_nothing_published_yet_is_not_an_error(device: Device) -> None:
    report = sync(device, FakeServer())
    assert report.ok
    assert (report.catalog.outcome, report.model.outcome) == ("none", "skipped")


@pytest.mark.parametrize("reason", ["epoch", "pruned"])
def test_a_resync_replaces_the_copy(device: Device, server: FakeServer, reason: str) -> None:
    sync(device, server)
    server.publish(edited(catalogue(10), 7, 8))
    if reason == "epoch":
        sync(device, server)
        server.restore(1)
    else:
        server.prune()
    report = sync(device, server)
    assert report.catalog.resync == reason
    assert report.ok
    assert held(device) == server.releases[2]


def test_a_resync_from_a_snapshot_older_than_the_pruning_goes_page_by_page(
    device: Device, server: FakeServer
) -> None:
    stale = copy.deepcopy(server.hint)
    sync(device, server)
    server.publish(edited(catalogue(10), 7, 8))
    server.prune()
    server.hint = stale
    report = sync(device, server)
    assert report.ok
    assert (report.catalog.source, held(device)) == ("pages", server.releases[2])


@pytest.mark.parametrize("damage", ["missing", "wrong", "cut", "not json"])
def test_a_snapshot_that_cannot_be_had_is_replaced_by_pages(
    device: Device, server: FakeServer, damage: str
) -> None:
    address = next(name for name in server.objects if name.startswith("snapshots/"))
    body = server.objects.pop(address)
    damaged = {"wrong": body.replace(b"rev", b"reV"), "cut": body[:-9], "not json": b"<html>"}
    if damage in damaged:
        server.objects[address] = damaged[damage]
    report = sync(device, server)
    assert report.ok
    assert (report.catalog.source, held(device)) == ("pages", catalogue(10))


# What is not let in


def forge(server: FakeServer, **manifest: Any) -> None:
    assert server.release is not None
    server.release = server.release | {"manifest": server.release["manifest"] | manifest}


REFUSALS: dict[str, tuple[Callable[[FakeServer], object], str]] = {
    "a changed manifest": (lambda s: forge(s, release=9), "does not fit"),
    "no manifest": (lambda s: setattr(s, "release", None), "without a signed release"),
    "a stranger's key": (
        lambda s: (setattr(s, "signer", Ed25519PrivateKey.generate()), s.publish(catalogue(11))),
        "not trusted",
    ),
    "an older release": (lambda s: s.publish(catalogue(12), number=1), "older than release 2"),
    "another release of the same number": (lambda s: s.publish(catalogue(12), number=2), "other documents"),
    "another digest": (lambda s: s.publish(catalogue(12), digest="0" * 64), "not the ones that were signed"),
    "another count": (lambda s: s.publish(catalogue(12), documents=11), "not the ones that were signed"),
    "a model's manifest": (lambda s: s.publish(catalogue(12), kind="model"), "not one of a catalogue"),
    "a manifest without a number": (lambda s: s.publish(catalogue(12), release="3"), "'release'"),
    "a negative number": (lambda s: s.publish(catalogue(12), release=-3), "'release'"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_was_not_signed_is_refused_and_the_old_release_stays(
    device: Device, server: FakeServer, name: str
) -> None:
    server.publish(catalogue(11))
    sync(device, server)
    before = device.status()
    attack, words = REFUSALS[name]
    attack(server)
    report = sync(device, server)
    assert not report.ok
    assert report.catalog.outcome == "failed"
    assert words in str(report.catalog.problem)
    assert held(device) == catalogue(11)
    assert device.status()["release"] == before["release"] == report.catalog.release
    assert device.status()["staged"] == 0


def test_a_truly_signed_old_release_is_not_taken_for_a_resync(device: Device, server: FakeServer) -> None:
    past = copy.deepcopy(server)
    server.publish(edited(catalogue(10)))
    sync(device, server)
    report = sync(device, past)  # its head is behind the cursor: it says resync, and offers release 1
    assert "older than release 2" in str(report.catalog.problem)
    assert held(device) == server.releases[2]


def test_a_device_never_returns_to_an_epoch_that_it_left(device: Device, server: FakeServer) -> None:
    server.publish(edited(catalogue(10)))
    sync(device, server)
    past = copy.deepcopy(server)
    server.restore(1)
    assert sync(device, server).ok
    past.publish(catalogue(20), number=50)
    report = sync(device, past)
    assert "left for good" in str(report.catalog.problem)
    assert held(device) == server.releases[2]


def test_a_damaged_copy_heals_itself(device: Device, server: FakeServer) -> None:
    sync(device, server)
    with replica.opened(device.directory) as db:
        db.execute("DELETE FROM document WHERE id = 'item-3'")
        db.execute("UPDATE document SET digest = 'x' WHERE id = 'item-4'")
    server.publish(edited(catalogue(10)))
    assert sync(device, server).ok
    assert held(device) == server.releases[2]


def test_a_damaged_cursor_costs_a_fresh_start_and_nothing_else(device: Device, server: FakeServer) -> None:
    sync(device, server)
    with replica.opened(device.directory) as db:
        replica.remember(db, "catalog", replica.recall(db, "catalog") | {"cursor": "dam@ged"})
    server.publish(edited(catalogue(10)))
    assert sync(device, server).ok
    assert held(device) == server.releases[2]


NONSENSE: list[tuple[int, bytes]] = [
    (200, b"<html>a captive portal</html>"),
    (200, b"[]"),
    (200, b"null"),
    (200, b'{"changes": "x", "cursor": "c", "more": false}'),
    (200, b'{"changes": [], "cursor": 7, "more": false}'),
    (200, b'{"changes": [], "cursor": "c", "more": 0}'),
    (200, b'{"changes": [3], "cursor": "c", "more": false}'),
    (
        200,
        b'{"changes": [{"collection": "a", "id": "b", "seq": -1, "deleted": true}], "cursor": "c", "more": true}',
    ),
    (
        200,
        b'{"changes": [{"collection": "a", "id": "b", "seq": 1, "deleted": false}], "cursor": "c", "more": true}',
    ),
    (200, b'{"changes": [], "cursor": "c", "more": false, "release": {"manifest": 1}}'),
    (200, b'{"changes": [], "cursor": "c", "more": true, "resync": 4}'),
    (304, b""),
    (404, b"{}"),
    (500, b""),
    (503, b"later"),
]


@pytest.mark.parametrize(("status", "body"), NONSENSE)
def test_nonsense_is_refused_in_words(device: Device, server: FakeServer, status: int, body: bytes) -> None:
    sync(device, server)
    server.publish(edited(catalogue(10)))
    report = sync(device, network(server, lambda n, _: raw(status, body)))
    assert report.catalog.outcome == "failed"
    assert report.catalog.problem
    assert held(device) == catalogue(10)
    assert sync(device, server).ok
    assert held(device) == server.releases[2]


def test_a_server_that_leads_in_circles_is_left(device: Device, server: FakeServer) -> None:
    sync(device, server)
    cursor = parse_qs(urlsplit(changes_url(device, server)).query)["since"][0]
    body = json.dumps({"changes": [], "cursor": cursor, "more": True}).encode()
    assert "nowhere" in str(sync(device, lambda *_: raw(200, body)).catalog.problem)
    body = json.dumps({"changes": [], "cursor": cursor, "more": True, "resync": "epoch"}).encode()
    assert "again and again" in str(sync(device, lambda *_: raw(200, body)).catalog.problem)


def changes_url(device: Device, server: FakeServer) -> str:
    server.requests.clear()
    sync(device, server)
    return next(url for url, _ in server.requests if "changes" in url)


# Trust


def test_the_first_keys_are_pinned_and_told(device: Device, server: FakeServer) -> None:
    report = sync(device, server)
    assert report.pinned == device.status()["pinned_keys"] == [report.catalog.key_id]
    assert sync(device, server).pinned == []


def test_keys_are_not_pinned_when_what_they_signed_is_refused(device: Device, server: FakeServer) -> None:
    forge(server, documents=11)
    assert not sync(device, server).ok
    assert device.status()["pinned_keys"] == []


def test_a_trust_file_replaces_what_was_pinned(device: Device, server: FakeServer) -> None:
    sync(device, server)
    server.signer = Ed25519PrivateKey.generate()
    server.publish(edited(catalogue(10)))
    assert not sync(device, server).ok
    trusted = parse_trust(trust_document(server.signer), "trust file")
    assert device.sync(server, trusted, no_check).ok
    assert device.status()["pinned_keys"] == sorted(trusted)
    assert sync(device, server).ok


def test_with_a_trust_file_the_servers_own_keys_count_for_nothing(device: Device, server: FakeServer) -> None:
    trusted = parse_trust(trust_document(Ed25519PrivateKey.generate()), "trust file")
    assert "not trusted" in str(device.sync(server, trusted, no_check).catalog.problem)
    assert device.status()["pinned_keys"] == sorted(trusted)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"keys": []}', b'{"keys": [{"key_id": "a", "public_key": "b"}]}', b"x"]
)
def test_unusable_keys_are_refused_in_words(device: Device, server: FakeServer, body: bytes) -> None:
    report = sync(device, network(server, lambda n, r: raw(200, body) if n == 0 else r))
    assert report.catalog.outcome == "failed"
    assert report.catalog.problem


# The folder


def test_two_processes_cannot_sync_one_folder(device: Device, server: FakeServer) -> None:
    sync(device, server)
    with replica.lock(device.directory), pytest.raises(DeviceBusy, match="being synced by process"):
        sync(device, server)
    assert sync(device, server).ok


def test_a_reader_sees_the_old_release_while_the_next_is_on_its_way(
    device: Device, server: FakeServer
) -> None:
    sync(device, server)
    server.publish(edited(catalogue(10)))
    seen = []

    def look(_: int, response: Response) -> Response:
        seen.append(device.catalogue()[0])
        return response

    sync(device, network(server, look))
    assert set(seen[:2]) == {1}
    assert device.catalogue()[0] == 2


def test_an_empty_folder_says_that_it_must_be_synced(device: Device) -> None:
    for ask in (device.status, device.documents, device.model_path, device.report_model_failure):
        with pytest.raises(NoReplica, match="sync it first"):
            ask()
    assert not device.directory.exists()


def test_a_damaged_replica_is_named(device: Device, server: FakeServer) -> None:
    sync(device, server)
    (device.directory / replica.FILE).write_bytes(b"not a database" * 500)
    with pytest.raises(DeviceError, match=r"damaged.*delete it"):
        device.status()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, server: FakeServer) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DeviceError, match="file"):
        sync(Device(tmp_path / "file" / "phone"), server)


def test_status_tells_what_the_device_holds(tmp_path: Path, server: FakeServer) -> None:
    now = NOW
    device = Device(tmp_path, clock=lambda: now)
    sync(device, server)
    now = NOW + timedelta(hours=2)
    status = device.status()
    assert (status["release"], status["documents"], status["cursor_age_s"]) == (1, 10, 7200)
    assert status["last_sync"] == NOW.isoformat()
    assert server.release is not None
    assert status["digest"] == server.release["manifest"]["digest"]
    assert json.loads(json.dumps(status)) == status
