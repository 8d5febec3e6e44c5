"""The reference device against the real server: rollouts, halts, rotations and health, end to end."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.keys import rotate
from server.models.health import sums
from server.models.releasing import By, Wish, halt, rollback
from sync.device import Device, Report
from sync.transport import Response, Transport
from tests.server.shipping import released, sender
from tests.sync.fakes import no_check

NOW = datetime.now(UTC)


@pytest.fixture
def transport(limber: Any) -> Transport:
    send = sender(limber)

    def get(url: str, headers: Mapping[str, str]) -> Response:
        return send("GET", url, headers, None)

    return get


def content(device: Device) -> bytes | None:
    path = device.model_path()
    return path.read_bytes() if path else None


def sync(limber: Any, device: Device, transport: Transport) -> Report:
    report = device.sync(transport, None, no_check, send=sender(limber))
    assert report.ok, report
    return report


def test_after_a_halt_or_a_rollback_devices_come_back_to_the_older_file_by_themselves(
    limber: Any, transport: Transport, tmp_path: Path
) -> None:
    phones = [Device(tmp_path / f"phone-{n}") for n in range(6)]
    released(limber, b"good" * 100)
    for phone in phones:
        sync(limber, phone, transport)
    bad = released(limber, b"bad" * 100, share=5000)
    for phone in phones:
        sync(limber, phone, transport)
    had_it = [phone for phone in phones if content(phone) == b"bad" * 100]
    with limber.engine.begin() as conn:
        halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
    for phone in phones:
        report = sync(limber, phone, transport)
        assert content(phone) == b"good" * 100
        assert report.model.downloaded == 0  # it was kept as the previous one
        assert phone.previous_model_path() is None or phone not in had_it
    released(limber, b"worse" * 100)
    for phone in phones:
        sync(limber, phone, transport)
    with limber.engine.begin() as conn:
        rollback(conn, limber.key, None, Wish("stable"), By("mia", NOW, "worse"))
    for phone in phones:
        sync(limber, phone, transport)
        assert content(phone) == b"good" * 100


def test_what_devices_count_is_what_the_server_sums(
    limber: Any, transport: Transport, tmp_path: Path
) -> None:
    model = released(limber, b"good" * 100)
    for n in range(3):
        phone = Device(tmp_path / f"phone-{n}")
        sync(limber, phone, transport)
        for _ in range(n + 1):
            phone.run_model(lambda path: "a routine")
        phone.report_outcomes(model.object_sha256, completed=5, skipped=1)
        assert sync(limber, phone, transport).health == "sent"
        assert sync(limber, phone, transport).health == "none"
    with limber.engine.connect() as conn:
        found = sums(conn, NOW - timedelta(days=1))[model.object_sha256, "stable"]
    assert (found["reports"], found["runs"], found["completed"], found["skipped"]) == (3, 6, 15, 3)
    assert sum(found["latency"]) == 6


def test_a_device_follows_the_server_to_another_key(
    limber: Any, transport: Transport, tmp_path: Path
) -> None:
    phone = Device(tmp_path / "phone")
    released(limber, b"one" * 100)
    sync(limber, phone, transport)
    new = Ed25519PrivateKey.generate()
    with limber.engine.begin() as conn:
        rotate(conn, limber.key, new, "root", NOW)
    object.__setattr__(limber, "key", new)
    released(limber, b"two" * 100)
    sync(limber, phone, transport)
    assert content(phone) == b"two" * 100
    assert len(phone.status()["pinned_keys"]) == 2
