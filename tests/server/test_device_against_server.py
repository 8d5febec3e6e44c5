"""The reference device and the real server, over HTTP: nothing between them is played."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from sync import store
from sync.device import Device
from sync.transport import Response, Transport, http_transport
from tests.sync.fakes import no_check, serving

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "device"


class Quiet(WSGIRequestHandler):
    def log(self, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def address(limber: Any) -> Iterator[str]:
    with serving(make_server("127.0.0.1", 0, limber.app, threaded=True, request_handler=Quiet)) as address:
        yield address


@pytest.fixture
def transport(address: str) -> Transport:
    return http_transport(address)


def truth(limber: Any) -> dict[tuple[str, str], Any]:
    with limber.engine.connect() as conn:
        return store.state(conn, "catalog")


def held(device: Device) -> dict[tuple[str, str], Any]:
    return {(d["collection"], d["id"]): d["data"] for d in device.documents()}


@pytest.mark.parametrize("page_limit", [None, 50])
def test_the_copy_equals_the_servers_after_every_release(
    limber: Any, transport: Transport, tmp_path: Path, page_limit: int | None
) -> None:
    device = Device(tmp_path / "phone")
    limber.publish_model(b"first")
    report = device.sync(transport, None, no_check, page_limit=page_limit)
    assert (report.ok, report.catalog.source, report.model.outcome) == (True, "snapshot", "swapped")
    assert held(device) == truth(limber)
    slug = next(record_id for collection, record_id in held(device) if collection == "exercise")
    limber.edit("exercise", slug, {"cue": "Stand tall and march with quick light feet."})
    gone = limber.edit("exercise", sorted(i for c, i in held(device) if c == "exercise")[-1], None)
    limber.publish_model(b"second")
    report = device.sync(transport, None, no_check, page_limit=page_limit)
    # The exercise, its words and its clip.
    assert (report.ok, report.catalog.changed, report.catalog.deleted) == (True, 1, 3)
    assert report.catalog.release == gone.number
    assert held(device) == truth(limber)
    assert report.model.outcome == "swapped"


def test_without_snapshots_the_pages_bring_the_same(
    limber: Any, transport: Transport, tmp_path: Path
) -> None:
    device = Device(tmp_path / "phone")

    def no_objects(url: str, headers: Any) -> Response:
        return Response(404, {}, iter(())) if "/v1/objects/" in url else transport(url, headers)

    report = device.sync(no_objects, None, no_check, page_limit=60)
    assert (report.ok, report.catalog.source) == (True, "pages")
    assert held(device) == truth(limber)


def test_an_idle_sync_is_two_304s(limber: Any, transport: Transport, tmp_path: Path) -> None:
    limber.publish_model(b"first")
    device = Device(tmp_path / "phone")
    for _ in range(3):
        assert device.sync(transport, None, no_check).ok
    statuses = []

    def watch(url: str, headers: Any) -> Response:
        response = transport(url, headers)
        statuses.append(response.status)
        return response

    assert device.sync(watch, None, no_check).ok
    assert statuses == [304, 304]


def test_after_a_restore_the_device_follows_into_the_new_epoch(
    limber: Any, transport: Transport, tmp_path: Path
) -> None:
    device = Device(tmp_path / "phone")
    device.sync(transport, None, no_check)
    with limber.engine.begin() as conn:
        store.new_epoch(conn, "catalog")
    limber.edit("exercise", "march-in-place", {"cue": "After the restore, march on with quick light feet."})
    report = device.sync(transport, None, no_check)
    assert (report.ok, report.catalog.resync) == (True, "epoch")
    assert held(device) == truth(limber)


def test_a_cursor_that_the_server_cannot_read_costs_a_fresh_start(
    limber: Any, transport: Transport, tmp_path: Path
) -> None:
    device = Device(tmp_path / "phone")
    device.sync(transport, None, no_check)

    asked: list[str] = []

    def damage_the_first(url: str, headers: Any) -> Response:
        asked.append(url)
        return transport(url.replace("since=", "since=x") if len(asked) == 1 else url, headers)

    report = device.sync(damage_the_first, None, no_check)
    assert (report.ok, report.catalog.resync) == (True, "cursor")
    assert held(device) == truth(limber)


def test_the_bundled_model_comes_through_the_server_and_makes_a_routine_offline(
    limber: Any, address: str, tmp_path: Path, publish_bundled_model: Callable[[], None]
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"LIMBER_NO_BOOTSTRAP": "1"}
        command = [sys.executable, str(SCRIPT), *arguments, "--dir", str(tmp_path / "phone")]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    publish_bundled_model()
    synced = run("sync", "--server", address)
    assert synced.returncode == 0, synced.stdout + synced.stderr
    assert "golden cases passed" in synced.stdout
    wish = ["--kind", "warmup", "--activity", "run_distance", "--minutes", "12", "--seed", "7"]
    made = run("routine", *wish, "--condition", "achilles_tendinopathy")
    assert made.returncode == 0, made.stderr
    assert made.stderr == ""
    assert "Left out for you" in made.stdout
    refused = run("routine", *wish, "--condition", "dragon_bite")
    assert refused.returncode == 2
    assert "--condition" in refused.stderr


@pytest.fixture
def publish_bundled_model(limber: Any) -> Callable[[], None]:
    """Releases the model of mobile/assets/models on the test's server, golden cases and all."""
    from datetime import UTC, datetime

    from model_export.shipping.publish import publish

    folder = SCRIPT.parents[1] / "mobile" / "assets" / "models"

    def release() -> None:
        model, golden = ((folder / name).read_bytes() for name in ("generator.onnx", "golden.json"))
        with limber.engine.begin() as conn:
            now = datetime.now(UTC)
            publish(conn, limber.store, limber.key, model, golden, catalog_min=1, channel="stable", now=now)

    return release
