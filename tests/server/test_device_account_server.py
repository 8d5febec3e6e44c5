"""The reference device with an account, and the real server, over HTTP: nothing between them is played."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from sync import store
from sync.device import Device, Report
from sync.transport import Response, http_sender, http_transport
from tests.server.accounts import as_owner, new_account
from tests.sync.accounts import held
from tests.sync.fakes import no_check, serving

Sync = Callable[..., Report]


class Quiet(WSGIRequestHandler):
    def log(self, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def asked() -> list[str]:
    """The requests that were made."""
    return []


@pytest.fixture
def sync(limber: Any, asked: list[str]) -> Iterator[Sync]:
    with serving(make_server("127.0.0.1", 0, limber.app, threaded=True, request_handler=Quiet)) as address:
        get, post = http_transport(address), http_sender(address)

        def transport(url: str, headers: Mapping[str, str]) -> Response:
            asked.append(f"GET {url.partition('?')[0]}")
            return get(url, headers)

        def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
            asked.append(f"{method} {url.partition('?')[0]}")
            return post(method, url, headers, body)

        def sync(device: Device, **options: Any) -> Report:
            token = limber.token("member", subject=str(device.account()))["Authorization"].removeprefix(
                "Bearer "
            )
            given: dict[str, Any] = {"token": lambda renew: token, "runtime": {"ort": "1.24", "opset": "17"}}
            return device.sync(transport, None, no_check, send=send, **(given | options))

        yield sync


@pytest.fixture
def account(limber: Any) -> uuid.UUID:
    return new_account(limber)


def truth(limber: Any, account: uuid.UUID) -> set[tuple[str, str]]:
    with as_owner(limber) as conn:
        return set(store.state(conn, f"{store.ACCOUNT}{account}"))


def fill(device: Device) -> None:
    """What somebody who trains writes down."""
    device.create(
        "profile", {"level": "trained", "conditions": ["osteoporosis"], "later_field": {"kept": 1.5}}, "me"
    )
    for number in range(5):
        device.create("routine", {"title": f"Morgen {number}", "favourite": number == 2, "order": number / 3})


def test_catalogue_model_and_records_come_in_one_round_trip(
    limber: Any, sync: Sync, account: uuid.UUID, asked: list[str], tmp_path: Path
) -> None:
    limber.publish_model(b"first")
    device = Device(tmp_path / "phone")
    fill(device)
    device.attach(str(account))
    report = sync(device)
    assert report.ok, report
    assert report.account is not None
    assert (report.account.accepted, report.account.pending, report.account.checked) == (6, 0, True)
    assert (report.catalog.source, report.model.outcome) == ("snapshot", "swapped")
    assert {request for request in asked if "objects" not in request} == {
        "GET /v1/keys", "POST /v1/sync", "GET /v1/sync/digest"
    }  # fmt: skip
    del asked[:]
    limber.publish_model(b"second")
    slug = next(d["id"] for d in device.documents() if d["collection"] == "exercise")
    limber.edit("exercise", slug, {"cue": "Stand tall and march with quick light feet."})
    report = sync(device)
    assert (report.ok, report.catalog.changed, report.catalog.source, report.model.outcome) == (
        True, 1, "changes", "swapped"
    )  # fmt: skip
    del asked[:]
    report = sync(device)
    assert (report.ok, report.catalog.outcome, report.model.outcome) == (True, "unchanged", "unchanged")
    assert asked == ["POST /v1/sync"]
    assert report.account is not None
    assert report.account.next_sync_after_s


def test_devices_of_one_person_become_the_same_field_by_field(
    limber: Any, sync: Sync, account: uuid.UUID, tmp_path: Path
) -> None:
    one, two = Device(tmp_path / "one"), Device(tmp_path / "two")
    fill(one)
    two.create("profile", {"sex": "female"}, "me")
    two.create(
        "assessment",
        {"test": "knee_to_wall", "at": "2026-01-09T18:27:59Z", "unit": "cm", "value": 9.5, "pain": 2},
    )
    for device in (one, two):
        device.attach(str(account))
    for device in (one, two, one):
        assert sync(device, page_limit=2).ok
    assert held(one) == held(two)
    assert held(one)["profile", "me"] == {
        "level": "trained", "conditions": ["osteoporosis"], "later_field": {"kept": 1.5}, "sex": "female"
    }  # fmt: skip
    assert truth(limber, account) == set(held(one))
    assert one.outbox() == two.outbox() == []
    gone = next(i for c, i in held(one) if c == "routine")
    one.delete("routine", gone)
    two.edit("profile", "me", {"level": "beginner"})
    for device in (one, two, one):
        assert sync(device, page_limit=2).ok
    assert held(one) == held(two)
    assert ("routine", gone) not in held(two)
    assert held(one)["profile", "me"]["level"] == "beginner"


def test_a_model_report_goes_along(
    limber: Any, sync: Sync, account: uuid.UUID, asked: list[str], tmp_path: Path
) -> None:
    limber.publish_model(b"first")
    device = Device(tmp_path / "phone")
    device.attach(str(account))
    assert sync(device).health == "none"
    device.run_model(lambda path: None)
    del asked[:]
    assert sync(device).health == "sent"
    assert asked == ["POST /v1/sync"]


def test_what_a_collection_forbids_is_set_aside_with_a_sentence(
    sync: Sync, account: uuid.UUID, tmp_path: Path
) -> None:
    device = Device(tmp_path / "phone")
    device.attach(str(account))
    device.create("profile", {"level": "olympic"}, "me")
    device.create("constraint", {"text": "no jumps"})
    device.create("routine", {"title": "good"})
    report = sync(device)
    assert report.account is not None
    assert (report.account.accepted, report.account.refused) == (1, 2)
    refused = {e.collection: (e.error or {}) for e in device.outbox()}
    assert (refused["profile"]["code"], refused["profile"]["field"]) == ("invalid", "set.level")
    assert refused["constraint"]["code"] == "read_only"


def test_after_a_restored_backup_the_devices_heal_the_server(
    limber: Any, sync: Sync, account: uuid.UUID, tmp_path: Path
) -> None:
    one, two = Device(tmp_path / "one"), Device(tmp_path / "two")
    for device in (one, two):
        device.attach(str(account))
    fill(one)
    sync(one)
    stream = f"{store.ACCOUNT}{account}"
    with as_owner(limber) as conn:  # a backup from before anything was written
        conn.exec_driver_sql("DELETE FROM record WHERE stream = %s", (stream,))
        conn.exec_driver_sql(
            "UPDATE stream SET head = 0, records = 0, bytes = 0 WHERE stream = %s", (stream,)
        )
        store.new_epoch(conn, stream)
    report = sync(one)
    assert report.account is not None
    assert (report.account.resync, report.ok) == ("epoch", True)
    assert sync(two).ok
    assert len(held(one)) == 6
    assert held(one) == held(two)
