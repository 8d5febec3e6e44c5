"""How a model does on a device: counted offline, reported when there is a network, never lost and never twice."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sync.device import Device
from sync.health import BUCKETS, COUNTS, added, empty
from sync.transport import Response, TransportError
from tests.sync.fakes import NOW, FakeServer, HealthLedger, catalogue, no_check, raw


class Rejected(RuntimeError):
    """The checker refused the plan."""


class Malformed(ValueError):
    """The request makes no sense."""


@pytest.fixture
def server() -> FakeServer:
    made = FakeServer()
    made.publish(catalogue(3))
    made.publish_model(b"m" * 3000, 1)
    return made


@pytest.fixture
def ledger() -> HealthLedger:
    return HealthLedger()


@pytest.fixture
def device(tmp_path: Path, server: FakeServer) -> Device:
    made = Device(tmp_path / "phone", clock=lambda: NOW)
    assert made.sync(server, None, no_check).ok
    return made


def report(device: Device, server: FakeServer, send: Any) -> str:
    return device.sync(server, None, no_check, send=send).health


def sha256(device: Device) -> str:
    path = device.model_path()
    assert path is not None
    return path.stem


def fails(error: Exception) -> Any:
    def run(path: Path) -> None:
        raise error

    return run


def test_runs_failures_rejections_and_outcomes_are_reported_by_model(
    device: Device, server: FakeServer, ledger: HealthLedger
) -> None:
    model = sha256(device)
    for _ in range(3):
        device.run_model(lambda path: "a routine")
    for error in (RuntimeError("no plan"), Rejected("W02")):
        with pytest.raises(Exception, match=r"so did|no previous"):
            device.run_model(fails(error), rejected=(Rejected,))
    with pytest.raises(Malformed):
        device.run_model(fails(Malformed("kind")), not_its_fault=(Malformed,))
    device.report_outcomes(model, completed=7, skipped=2, pain=1)
    assert report(device, server, ledger) == "sent"
    (found,) = ledger.models()
    counted = {name: found[name] for name in COUNTS}
    assert counted == {
        "runs": 5, "failures": 1, "rejections": 1, "completed": 7, "skipped": 2, "swapped": 0, "pain": 1,
    }  # fmt: skip
    assert sum(found["latency"]) == 3
    assert (found["sha256"], found["channel"]) == (model, "stable")


def test_nothing_new_is_nothing_sent(device: Device, server: FakeServer, ledger: HealthLedger) -> None:
    assert report(device, server, ledger) == "none"
    device.run_model(lambda path: None)
    assert report(device, server, ledger) == "sent"
    assert report(device, server, ledger) == "none"
    assert len(ledger.reports) == 1


def test_what_was_counted_under_two_models_stays_apart(
    device: Device, server: FakeServer, ledger: HealthLedger
) -> None:
    old = sha256(device)
    device.run_model(lambda path: None)
    server.publish_model(b"n" * 3000, 2)
    device.sync(server, None, no_check)
    device.run_model(lambda path: None)
    device.run_model(lambda path: None)
    report(device, server, ledger)
    assert {m["sha256"]: m["runs"] for m in ledger.models()} == {old: 1, sha256(device): 2}


@pytest.mark.parametrize("fault", ["lost there", "lost back", "busy", "no such endpoint"])
def test_a_report_that_was_not_answered_is_kept_and_counts_once(
    device: Device, server: FakeServer, ledger: HealthLedger, fault: str
) -> None:
    def faulty(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        if fault == "lost there":
            raise TransportError("lost")
        if fault == "lost back":
            ledger(method, url, headers, body)
            raise TransportError("lost")
        return raw(503 if fault == "busy" else 404, b"{}")

    device.run_model(lambda path: None)
    for _ in range(3):
        assert report(device, server, faulty) == "kept"
        device.run_model(lambda path: None)
    assert report(device, server, ledger) == "sent"
    assert ledger.total()["runs"] == 4


def test_a_report_that_the_server_will_never_take_is_dropped_and_told(
    device: Device, server: FakeServer, ledger: HealthLedger
) -> None:
    device.run_model(lambda path: None)
    assert report(device, server, lambda *_: raw(422, b"{}")) == "refused"
    device.run_model(lambda path: None)
    assert report(device, server, ledger) == "sent"
    assert ledger.total()["runs"] == 1


def test_health_is_told_also_when_there_is_nothing_new_to_fetch_or_no_answer(
    device: Device, server: FakeServer, ledger: HealthLedger
) -> None:
    def away(url: str, headers: Mapping[str, str]) -> Response:
        raise TransportError("lost")

    device.run_model(lambda path: None)
    result = device.sync(away, None, no_check, send=ledger)
    assert (result.ok, result.health) == (False, "sent")


@pytest.mark.parametrize("counts", [{"dances": 1}, {"runs": -1}])
def test_what_is_not_counted_is_refused(device: Device, counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"counted|grow"):
        device.report_outcomes("0" * 64, **counts)


def test_reports_have_the_servers_form(device: Device, server: FakeServer, ledger: HealthLedger) -> None:
    device.run_model(lambda path: None)
    report(device, server, ledger)
    (body,) = ledger.reports.values()
    assert set(body) == {"id", "models"}
    assert set(body["models"][0]) == {"sha256", "channel", "latency", *COUNTS}
    assert len(body["models"][0]["latency"]) == BUCKETS
    assert len(json.dumps(body)) < 600
    assert added(empty(), body["models"][0])["runs"] == 1
