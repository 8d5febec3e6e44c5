"""What a device survives: lost, cut, repeated and damaged answers, and being killed at any step."""

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sync.device import Device
from sync.transport import Response, TransportError
from tests.sync.fakes import NOW, FakeServer, catalogue, cut, edited, flipped, held, network, raw, sync


def count_requests(server: FakeServer, directory: Path) -> int:
    fresh = copy.deepcopy(server)
    fresh.requests.clear()
    assert sync(Device(directory, clock=lambda: NOW), fresh).ok
    return len(fresh.requests)


@pytest.mark.parametrize("snapshots", [True, False])
@pytest.mark.parametrize("fault", ["lost", "cut at once", "cut late", "repeated", "server error"])
def test_a_fault_at_any_answer_leaves_a_whole_release_and_the_next_sync_completes(
    tmp_path: Path, fault: str, snapshots: bool
) -> None:
    server = FakeServer(snapshots=snapshots)
    server.publish(catalogue(10))
    server.publish_model(b"m" * 2000, 1)
    old = Device(tmp_path / "old", clock=lambda: NOW)
    sync(old, server)
    server.publish(edited(catalogue(10), 2, 3))
    server.publish_model(b"n" * 2000, 2)
    for n in range(count_requests(server, tmp_path / "count")):
        earlier: list[Response] = []

        def break_nth(i: int, response: Response, n: int = n, earlier: list[Response] = earlier) -> Response:
            body = b"".join(response.chunks)
            response = raw(response.status, body, response.headers)
            if i == n and fault == "lost":
                raise TransportError("lost")
            if i == n and fault == "server error":
                return raw(503, b"")
            if i == n and fault == "repeated" and earlier:
                return earlier[-1]
            if i == n and fault.startswith("cut"):
                return cut(response, 0 if fault == "cut at once" else len(body) - 1)
            earlier[:] = [raw(response.status, body, response.headers)]
            return response

        for name, start in (("fresh", None), ("old", old)):
            place = tmp_path / f"{name}-{n}"
            if start:
                shutil.copytree(start.directory, place)
            device = Device(place, clock=lambda: NOW)
            sync(device, network(server, break_nth))
            if device.status()["release"] is not None:
                assert held(device) == server.releases[device.status()["release"]]
            assert sync(device, server).ok
            assert held(device) == server.releases[2]
            path = device.model_path()
            assert path is not None
            assert path.read_bytes() == b"n" * 2000


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_flipped_bit_anywhere_is_never_let_in(tmp_path: Path, snapshots: bool) -> None:
    server = FakeServer(snapshots=snapshots)
    server.publish(catalogue(10))
    for n in range(count_requests(server, tmp_path / "count")):
        for bit in range(0, 4000, 177):
            device = Device(tmp_path / f"{n}-{bit}", clock=lambda: NOW)
            sync(device, network(server, lambda i, r, n=n, bit=bit: flipped(r, bit) if i == n else r))
            if device.status()["release"] is not None:
                assert held(device) == catalogue(10)
            sync(device, server)
            assert held(device) == catalogue(10)


def test_pages_that_came_before_a_break_need_not_come_again(device: Device, server: FakeServer) -> None:
    server.snapshots = False

    def break_fourth(n: int, response: Response) -> Response:
        if n == 4:
            raise TransportError("lost")
        return response

    assert sync(device, network(server, break_fourth)).catalog.outcome == "failed"
    assert device.status()["staged"] == 8
    server.requests.clear()
    assert sync(device, server).ok
    assert len([url for url, _ in server.requests if "changes" in url]) == 1
    assert held(device) == catalogue(10)


@pytest.mark.slow
def test_killed_at_any_step_the_next_sync_completes(tmp_path: Path) -> None:
    """A child process is ended, without any clean-up, at every call that touches SQLite, a file or the network."""
    script = Path(__file__).with_name("kill_device.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > 60  # it was killed at so many different steps
