"""What a device promises about its model."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.device import Device, Report
from sync.device_model import CONTRACT
from sync.replica import DeviceError, NoReplica
from sync.transport import Response
from tests.sync.fakes import NOW, FakeServer, catalogue, cut, network, no_check, raw

OLD, NEW, NEWER = b"old model " * 300, b"new model " * 300, b"newer model " * 300


@pytest.fixture
def server() -> FakeServer:
    made = FakeServer()
    made.publish(catalogue(6))
    made.publish_model(OLD, 1)
    return made


def sync(device: Device, server: Callable[..., Response], check: Any = no_check, **options: Any) -> Report:
    return device.sync(server, None, check, **options)


def content(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None


def files(device: Device) -> set[str]:
    return {path.suffix for path in device.models.iterdir()}


def test_a_model_is_downloaded_checked_and_in_use(device: Device, server: FakeServer) -> None:
    golden, seen = b'["a case"]', []
    sha256 = server.publish_model(OLD, 1, golden=golden)
    report = sync(device, server, lambda path, cases: seen.append((path.read_bytes(), cases)))
    assert (report.model.outcome, report.model.sha256, report.model.sequence) == ("swapped", sha256, 1)
    assert report.model.downloaded == len(OLD) + len(golden)
    assert seen == [(OLD, golden)]
    assert content(device.model_path()) == OLD
    assert device.previous_model_path() is None


def test_a_better_model_takes_its_place_and_the_previous_is_kept(device: Device, server: FakeServer) -> None:
    for sequence, body in enumerate((OLD, NEW, NEWER), 1):
        server.publish_model(body, sequence)
        sync(device, server)
    assert content(device.model_path()) == NEWER
    assert content(device.previous_model_path()) == NEW
    assert len(list(device.models.glob("*.onnx"))) == 2  # nothing older is hoarded


def test_a_current_model_is_not_downloaded_again(device: Device, server: FakeServer) -> None:
    sync(device, server)
    server.requests.clear()
    report = sync(device, server)
    assert report.model.outcome == "unchanged"
    assert not [url for url, _ in server.requests if "/objects/models" in url]
    assert sync(device, server).model.outcome == "unchanged"
    assert server.requests[-1][1]["If-None-Match"]


def test_the_server_learns_what_the_device_can_run(device: Device, server: FakeServer) -> None:
    sync(device, server, runtime={"ort": "1.32.0", "opset": "17"})
    url = next(url for url, _ in server.requests if "/models/current" in url)
    path, _, query = url.partition("?")
    asked = dict(parse_qsl(query))
    assert path == "/v1/models/current"
    assert len(asked.pop("device")) == 32
    assert asked == {"contract": str(CONTRACT), "ort": "1.32.0", "opset": "17", "channel": "stable"}


def test_the_install_keeps_the_random_id_that_it_gave_itself(device: Device, server: FakeServer) -> None:
    sync(device, server)
    sync(device, server)
    ids = {
        dict(parse_qsl(urlsplit(url).query))["device"]
        for url, _ in server.requests
        if "/models/current" in url
    }
    assert len(ids) == 1


def test_no_model_for_us_is_not_an_error(device: Device, server: FakeServer) -> None:
    server.model = None
    report = sync(device, server)
    assert report.ok
    assert report.model.outcome == "none"
    assert device.model_path() is None


@pytest.mark.parametrize("ranges", [True, False])
def test_an_interrupted_download_goes_on_where_it_broke(
    device: Device, server: FakeServer, ranges: bool
) -> None:
    server.ranges = ranges

    def is_model(response: Response) -> bool:
        return "/models/" in server.requests[-1][0] and server.requests[-1][0].endswith(".onnx")

    for _ in range(2):
        report = sync(device, network(server, lambda n, r: cut(r, 1000) if is_model(r) else r))
        assert report.model.outcome == "failed"
        assert "broke off" in str(report.model.problem)
    assert files(device) == {".part"}
    server.requests.clear()
    report = sync(device, server)
    assert content(device.model_path()) == OLD
    asked = [headers.get("Range") for url, headers in server.requests if url.endswith(".onnx")]
    assert asked == (["bytes=2000-"] if ranges else ["bytes=1000-"])
    assert report.model.downloaded == (len(OLD) - 2000 if ranges else len(OLD)) + 2
    assert ".part" not in files(device)


def test_a_part_that_cannot_be_continued_is_fetched_anew(device: Device, server: FakeServer) -> None:
    assert server.model is not None
    sha256 = server.model["manifest"]["manifest"]["sha256"]
    device.models.mkdir(parents=True)
    for left_over in (b"rubbish", b"x" * (len(OLD) - 1), b"x" * len(OLD), b"x" * (len(OLD) + 1)):
        (device.models / f"{sha256}.onnx.part").write_bytes(left_over)
        assert sync(device, server).ok
        assert content(device.model_path()) == OLD
        device.model_path().unlink()  # type: ignore[union-attr]


REFUSALS: dict[str, tuple[Callable[[FakeServer], object], str]] = {
    "an expired manifest": (
        lambda s: s.publish_model(NEW, 2, expires_at=(NOW - timedelta(seconds=1)).isoformat()),
        "expired",
    ),
    "no time zone": (lambda s: s.publish_model(NEW, 2, expires_at="2030-01-01T00:00:00"), "time zone"),
    "another contract": (lambda s: s.publish_model(NEW, 2, contract=CONTRACT + 1), "speaks contract"),
    "another channel": (lambda s: s.publish_model(NEW, 2, channel="canary"), "canary"),
    "a lower number": (lambda s: s.publish_model(NEW, 0), "older than number 1"),
    "the same number again": (lambda s: s.publish_model(NEW, 1), "another hash"),
    "a newer catalogue": (lambda s: s.publish_model(NEW, 2, catalog_min=2), "releases 2 to any"),
    "an older catalogue": (
        lambda s: s.publish_model(NEW, 2, catalog_min=0, catalog_max=0),
        "this device holds 1",
    ),
    "a size too small": (lambda s: s.publish_model(NEW, 2, bytes=len(NEW) - 1), "longer than"),
    "a size too large": (lambda s: s.publish_model(NEW, 2, bytes=len(NEW) + 1), "incomplete"),
    "a size beyond reason": (lambda s: s.publish_model(NEW, 2, bytes=1 << 40), "larger than"),
    "a hash that leads elsewhere": (lambda s: s.publish_model(NEW, 2, sha256="../" * 21 + "x"), "sha256"),
    "a catalogue's manifest": (lambda s: s.publish_model(NEW, 2, kind="catalog"), "not one of a model"),
    "no expiry": (lambda s: s.publish_model(NEW, 2, expires_at=None), "expires_at"),
    "a stranger's key": (
        lambda s: (setattr(s, "signer", Ed25519PrivateKey.generate()), s.publish_model(NEW, 2)),
        "not trusted",
    ),
    "a vanished file": (lambda s: s.objects.pop(f"models/{s.publish_model(NEW, 2)}.onnx"), "answered 404"),
    "another file": (
        lambda s: s.objects.update({f"models/{s.publish_model(NEW, 2)}.onnx": NEW[:-1] + b"?"}),
        "its hash is not the signed one",
    ),
    "no address": (lambda s: (s.publish_model(NEW, 2), s.model.update(url=None)), "'url'"),  # type: ignore[union-attr]
    "an operator that no device has": (
        lambda s: s.publish_model(NEW, 2, operators=["Add", "Sin", "com.evil.Run"]),
        "operators that this device lacks: Sin, com.evil.Run",
    ),
    "no operators": (lambda s: s.publish_model(NEW, 2, operators=None), "operators"),
    "operators that are no names": (lambda s: s.publish_model(NEW, 2, operators=[1]), "operators"),
    "a truncated file": (
        lambda s: s.objects.update({f"models/{s.publish_model(NEW, 2)}.onnx": NEW[:-500]}),
        "incomplete",
    ),
    "a manifest that was tampered with": (
        lambda s: (s.publish_model(NEW, 2), s.model["manifest"]["manifest"].update(sequence=9)),  # type: ignore[index]
        "does not fit the manifest",
    ),
    "no hash": (lambda s: s.publish_model(NEW, 2, sha256=None), "sha256"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_model_that_fails_any_check_is_refused_and_ours_stays(
    device: Device, server: FakeServer, name: str
) -> None:
    sync(device, server)
    attack, words = REFUSALS[name]
    attack(server)
    report = sync(device, server)
    assert report.model.outcome == "failed"
    assert words in str(report.model.problem)
    assert report.catalog.outcome == "unchanged"
    assert content(device.model_path()) == OLD
    server.signer = FakeServer().signer
    server.publish_model(NEWER, 3)
    assert sync(device, server).ok
    assert content(device.model_path()) == NEWER


def test_a_model_that_fails_its_golden_cases_is_refused_and_not_downloaded_again(
    device: Device, server: FakeServer
) -> None:
    sync(device, server)
    server.publish_model(NEW, 2)

    def fails(path: Path, golden: bytes) -> None:
        raise ValueError("case 3 differs")

    report = sync(device, server, fails, runtime={"ort": "1.24.0"})
    assert "case 3 differs" in str(report.model.problem)
    assert content(device.model_path()) == OLD
    server.requests.clear()
    report = sync(device, server, fails, runtime={"ort": "1.24.0"})
    assert (report.model.outcome, report.ok) == ("refused", True)
    assert "case 3 differs" in str(report.model.problem)
    assert not [url for url, _ in server.requests if "/objects/" in url]
    # Another runtime may do better.
    assert sync(device, server, no_check, runtime={"ort": "1.32.0"}).model.outcome == "swapped"


def test_a_lost_or_damaged_model_file_is_fetched_again(device: Device, server: FakeServer) -> None:
    for damage in (b"rotten", None):
        sync(device, server)
        path = device.model_path()
        assert path is not None
        if damage:
            path.write_bytes(damage)
        else:
            path.unlink()
        assert device.model_path() is None
        assert sync(device, server).model.outcome == "swapped"
        assert content(device.model_path()) == OLD


def test_a_withdrawn_model_is_not_kept_to_fall_back_to(device: Device, server: FakeServer) -> None:
    """After a halt the release before comes again under a higher number, and names the one that was bad."""
    sync(device, server)
    bad = server.publish_model(NEW, 2)
    sync(device, server)
    server.requests.clear()
    server.publish_model(OLD, 3, withdrawn=[bad])
    report = sync(device, server)
    assert (report.model.outcome, report.model.sequence, report.model.downloaded) == ("swapped", 3, 0)
    assert content(device.model_path()) == OLD
    assert device.previous_model_path() is None


def test_what_was_withdrawn_may_come_back_when_it_is_released_again(
    device: Device, server: FakeServer
) -> None:
    bad = server.publish_model(NEW, 2)
    sync(device, server)
    server.publish_model(OLD, 3, withdrawn=[bad])
    sync(device, server)
    server.publish_model(NEW, 4)
    assert sync(device, server).model.outcome == "swapped"
    assert content(device.model_path()) == NEW


# Falling back


def two_models(device: Device, server: FakeServer) -> None:
    sync(device, server)
    server.publish_model(NEW, 2)
    sync(device, server)


def only_old_works(path: Path) -> str:
    if path.read_bytes() != OLD:
        raise RuntimeError("no plan")
    return "a routine"


def test_when_the_current_model_fails_the_previous_one_helps_and_says_so(
    device: Device, server: FakeServer
) -> None:
    two_models(device, server)
    result, notes = device.run_model(only_old_works)
    assert result == "a routine"
    assert "the current model failed (no plan)" in notes[0]
    assert content(device.model_path()) == NEW


def test_after_three_failures_in_a_row_the_previous_model_takes_over_for_good(
    device: Device, server: FakeServer
) -> None:
    two_models(device, server)
    for _ in range(2):
        device.run_model(only_old_works)
    device.run_model(lambda path: None)  # a success in between: the count begins again
    for failures in range(3):
        assert content(device.model_path()) == NEW
        assert device.status()["model_failures"] == failures
        _, notes = device.run_model(only_old_works)
    assert "takes its place" in notes[-1]
    assert content(device.model_path()) == OLD
    report = sync(device, server)  # the server still offers the one that failed
    assert (report.model.outcome, report.ok) == ("refused", True)
    assert content(device.model_path()) == OLD
    server.publish_model(NEWER, 3)
    sync(device, server)
    assert content(device.model_path()) == NEWER


def test_a_malformed_request_is_not_the_models_fault(device: Device, server: FakeServer) -> None:
    two_models(device, server)

    def refuse(path: Path) -> None:
        raise KeyError("activity")

    for _ in range(4):
        with pytest.raises(KeyError):
            device.run_model(refuse, not_its_fault=(KeyError,))
    assert device.status()["model_failures"] == 0


def test_when_every_model_fails_the_person_is_told(device: Device, server: FakeServer) -> None:
    def fails(path: Path) -> None:
        raise RuntimeError("no plan")

    with pytest.raises(NoReplica):
        device.run_model(fails)
    sync(device, server)
    with pytest.raises(DeviceError, match=r"no plan.*no previous one"):
        device.run_model(fails)
    server.publish_model(NEW, 2)
    sync(device, server)
    with pytest.raises(DeviceError, match="so did the previous"):
        device.run_model(fails)


def test_a_damaged_current_file_is_no_verdict_on_the_model(device: Device, server: FakeServer) -> None:
    two_models(device, server)
    path = device.model_path()
    assert path is not None
    path.write_bytes(b"rotten")
    result, notes = device.run_model(only_old_works)
    assert result == "a routine"
    assert "missing or damaged" in notes[0]
    assert sync(device, server).model.outcome == "swapped"
    assert content(device.model_path()) == NEW


def test_status_names_both_models_and_what_is_wrong_with_them(tmp_path: Path, server: FakeServer) -> None:
    now = NOW
    device = Device(tmp_path, clock=lambda: now)
    two_models(device, server)
    status = device.status()
    assert (status["model"]["sequence"], status["previous_model"]["sequence"]) == (2, 1)
    assert (status["model"]["expired"], status["model"]["intact"]) == (False, True)
    path = device.model_path()
    assert path is not None
    path.write_bytes(b"rotten")
    now = NOW + timedelta(days=91)
    assert (device.status()["model"]["expired"], device.status()["model"]["intact"]) == (True, False)


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"{", b'{"manifest": 3}', b'{"manifest": {}}', b'{"manifest": null}']
)
def test_nonsense_about_a_model_is_refused_in_words(device: Device, server: FakeServer, body: bytes) -> None:
    def garble(_: int, response: Response) -> Response:
        return raw(200, body) if "/models/current" in server.requests[-1][0] else response

    report = sync(device, network(server, garble))
    assert report.catalog.outcome == "applied"
    assert report.model.outcome == "failed"
    assert report.model.problem
