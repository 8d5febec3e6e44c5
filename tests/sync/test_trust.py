"""A signing key is succeeded by another: devices follow the old key's word, and nobody else's."""

import copy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.device import Device, Report
from sync.signing import parse_trust, public_entry, sign, trust_document
from sync.trust import Trust, follow, statement
from tests.sync.fakes import NOW, FakeServer, catalogue, key, no_check

OLD, NEW, NEXT, STRANGER = key(), *(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
LATER = NOW + timedelta(days=30)


def keys(*held: Ed25519PrivateKey) -> dict[str, str]:
    return parse_trust(trust_document(*held), "here")


FIRST = statement(OLD, 1, [(NEW, None), (OLD, LATER)], NOW)
SECOND = statement(NEW, 2, [(NEXT, None), (NEW, LATER + timedelta(days=30))], NOW + timedelta(days=1))


def test_the_old_key_names_the_new_one_and_stays_until_it_ends() -> None:
    trust = follow(Trust(keys(OLD)), [FIRST], NOW)
    assert trust.at(NOW) == keys(OLD, NEW)
    assert trust.at(LATER) == keys(NEW)
    assert trust.sequence == 1


@pytest.mark.parametrize("order", [[FIRST, SECOND], [SECOND, FIRST], [SECOND, "text", None, FIRST]])
def test_a_device_that_was_away_follows_from_statement_to_statement(order: list[Any]) -> None:
    assert follow(Trust(keys(OLD)), order, LATER).at(LATER) == keys(NEXT, NEW)


def test_a_device_that_came_after_the_old_key_ended_needs_only_the_last_statement() -> None:
    assert follow(Trust(keys(NEW)), [FIRST, SECOND], LATER).at(LATER) == keys(NEXT, NEW)


def tampered() -> dict[str, Any]:
    envelope = copy.deepcopy(FIRST)
    envelope["manifest"]["keys"][0] = public_entry(STRANGER) | {"until": None}
    return envelope


BAD: dict[str, Any] = {
    "a stranger's": statement(STRANGER, 1, [(STRANGER, None)], NOW),
    "tampered": tampered(),
    "an older one": statement(OLD, 3, [(STRANGER, None)], NOW) | {"signature": FIRST["signature"]},
    "of no keys": sign({"kind": "trust", "sequence": 1, "keys": []}, OLD),
    "of a key under another's id": sign(
        {"kind": "trust", "sequence": 1, "keys": [public_entry(OLD) | {"key_id": "0" * 16}]}, OLD
    ),
    "of ended keys only": statement(OLD, 1, [(NEW, NOW)], NOW),
    "a model's manifest": sign({"kind": "model", "sequence": 1, "keys": [public_entry(NEW)]}, OLD),
    "without a sequence": sign({"kind": "trust", "keys": [public_entry(NEW)]}, OLD),
    "with a sequence in words": sign({"kind": "trust", "sequence": "1", "keys": [public_entry(NEW)]}, OLD),
    "with an end in words": sign(
        {"kind": "trust", "sequence": 1, "keys": [public_entry(NEW) | {"until": "soon"}]}, OLD
    ),
    "with an end without zone": sign(
        {"kind": "trust", "sequence": 1, "keys": [public_entry(NEW) | {"until": "2030-01-01T00:00:00"}]}, OLD
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_statement_that_is_wrong_changes_nothing(name: str) -> None:
    trust = Trust(keys(OLD))
    assert follow(trust, [BAD[name]], NOW) == trust


@pytest.mark.parametrize("statements", [None, {}, "text", [None], [[]], [{"manifest": 3}]])
def test_what_are_no_statements_changes_nothing(statements: object) -> None:
    assert follow(Trust(keys(OLD)), statements, NOW) == Trust(keys(OLD))


def test_an_old_statement_does_not_bring_a_retired_key_back() -> None:
    trust = follow(Trust(keys(OLD)), [FIRST, SECOND], LATER)
    again = statement(OLD, 3, [(OLD, None), (STRANGER, None)], LATER)
    assert follow(trust, [FIRST, SECOND, again], LATER) == trust


def test_a_replayed_statement_of_a_trusted_key_does_not_bring_a_retired_key_back() -> None:
    both = statement(NEW, 2, [(NEW, None), (OLD, None)], NOW)
    alone = statement(NEW, 3, [(NEW, None)], NOW)
    trust = follow(Trust(keys(NEW)), [both, alone], NOW)
    assert trust.keys == keys(NEW)
    assert follow(trust, [both], NOW) == trust


def test_a_key_that_has_ended_can_name_no_other() -> None:
    trust = follow(Trust(keys(OLD)), [FIRST], NOW)
    stolen = statement(OLD, 2, [(STRANGER, None)], LATER)
    assert follow(trust, [stolen], NOW).at(NOW) == keys(
        STRANGER
    )  # until then it may: that is what --days 0 is for
    assert follow(trust, [stolen], LATER) == trust


# A device


@pytest.fixture
def server() -> FakeServer:
    made = FakeServer()
    made.publish(catalogue(4))
    made.publish_model(b"one" * 100, 1)
    return made


def sync(device: Device, server: FakeServer, trusted: dict[str, str] | None = None) -> Report:
    return device.sync(server, trusted, no_check)


def rotate(server: FakeServer) -> None:
    server.signer, server.statements = NEW, [FIRST]
    server.publish(catalogue(5))
    server.publish_model(b"two" * 100, 2)


def test_a_device_follows_a_rotation_by_itself(device: Device, server: FakeServer) -> None:
    sync(device, server)
    rotate(server)
    report = sync(device, server)
    assert report.ok, report
    assert (report.catalog.outcome, report.model.outcome) == ("applied", "swapped")
    assert device.status()["pinned_keys"] == sorted(keys(OLD, NEW))
    server.requests.clear()
    assert sync(device, server).ok
    assert not [
        url for url, _ in server.requests if url == "/v1/keys"
    ]  # asked only when a signature did not fit


def test_what_the_old_key_signed_is_let_in_until_the_key_ends(tmp_path: Path, server: FakeServer) -> None:
    now = NOW
    device = Device(tmp_path / "phone", clock=lambda: now)
    sync(device, server)
    rotate(server)
    sync(device, server)
    server.signer = OLD
    server.publish_model(b"three" * 100, 3)
    assert sync(device, server).model.outcome == "swapped"
    now = LATER
    server.publish_model(b"four" * 100, 4)
    report = sync(device, server)
    assert report.model.outcome == "failed"
    assert "not trusted" in str(report.model.problem)


def test_a_server_that_only_shows_a_new_key_is_not_followed(device: Device, server: FakeServer) -> None:
    sync(device, server)
    server.signer = STRANGER
    server.publish(catalogue(5))
    assert "not trusted" in str(sync(device, server).catalog.problem)
    server.statements = [statement(STRANGER, 1, [(STRANGER, None)], NOW)]
    assert not sync(device, server).ok
    assert device.status()["pinned_keys"] == sorted(keys(OLD))


def test_the_same_trust_file_again_does_not_undo_a_rotation(tmp_path: Path, server: FakeServer) -> None:
    now = NOW
    device = Device(tmp_path / "phone", clock=lambda: now)
    sync(device, server, keys(OLD))
    rotate(server)
    assert sync(device, server, keys(OLD)).ok
    assert device.status()["pinned_keys"] == sorted(keys(OLD, NEW))
    now = LATER
    # A server in the hands of whoever has the retired key, which keeps quiet about the new one.
    server.signer, server.statements = OLD, []
    server.publish(catalogue(6))
    server.publish_model(b"by a retired key" * 100, 3)
    report = sync(device, server, keys(OLD))
    assert (report.catalog.outcome, report.model.outcome) == ("failed", "failed")
    assert sync(device, server, keys(STRANGER)).model.outcome == "failed"
    assert device.status()["pinned_keys"] == sorted(keys(STRANGER))  # another file is another decision


def test_time_zones_of_an_end_are_kept() -> None:
    until = next(iter(follow(Trust(keys(OLD)), [FIRST], NOW).until.values()))
    assert datetime.fromisoformat(until) == LATER
