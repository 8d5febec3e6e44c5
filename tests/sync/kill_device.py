"""Run by tests: kills a syncing device at each of its steps and lets the next sync repair what is left.

A step is a call, from the device's code, of a C function that changes SQLite or a file, or of the network. The
child is ended by `os._exit`: nothing is rolled back, flushed or cleaned up. Prints the number of steps.
"""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sync.device import Device
from sync.transport import Response
from tests.sync.fakes import NOW, FakeServer, catalogue, no_check, raw

STEPS = {
    "execute",
    "executemany",
    "executescript",
    "fsync",
    "replace",
    "unlink",
    "mkdir",
    "write",
    "flush",
    "truncate",
}
CALLS = {"FakeServer.__call__", "Posted.__call__"}
KILLED, COMPLETED = 9, 0
RUNS = 3


class Posted:
    """The server's end of health reports, kept in a folder because the child that sends them dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        report = json.loads(body or b"")
        (self.folder / report["id"]).write_bytes(body or b"")
        return raw(200, b"{}")

    def runs(self) -> int:
        reports = [json.loads(path.read_bytes()) for path in self.folder.iterdir()]
        return sum(model["runs"] for report in reports for model in report["models"])


def die_at(step: int, work: Callable[[], bool], calls: Collection[str] = CALLS) -> int:
    """Do `work` in a child that dies at the given step; returns how it ended."""
    child = os.fork()
    if child == 0:
        count = 0

        def on_call(frame: FrameType, event: str, function: Any) -> None:
            nonlocal count
            # str.replace and BytesIO.write have the same names, but touch nothing that outlives a process.
            owner = getattr(function, "__self__", None) if event == "c_call" else ""
            outside = not isinstance(owner, str | bytes | io.BytesIO)
            of_interest = outside and function.__name__ in STEPS
            if of_interest or (event == "call" and frame.f_code.co_qualname in calls):
                count += 1
                if count > step:
                    os._exit(KILLED)

        sys.setprofile(on_call)
        os._exit(COMPLETED if work() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def sync_until(device: Device, server: FakeServer, posted: Posted, step: int) -> int:
    """Sync in a child that dies at the given step; returns how it ended."""
    return die_at(step, lambda: device.sync(server, None, no_check, send=posted).ok)


def held(device: Device) -> dict[tuple[str, str], Any]:
    return {(d["collection"], d["id"]): d["data"] for d in device.documents()}


def main(folder: Path) -> int:
    total = 0
    for snapshots in (True, False):
        server = FakeServer(snapshots=snapshots)
        server.publish(catalogue(10))
        first = server.publish_model(b"m" * 3000, 1)
        old = folder / f"old-{snapshots}"
        before = Device(old, clock=lambda: NOW)
        assert before.sync(server, None, no_check).ok
        for _ in range(RUNS if snapshots else 0):
            before.run_model(lambda path: None)
        server.publish({k: d | {"rev": 2} for k, d in list(catalogue(10).items())[2:]})
        second = server.publish_model(b"n" * 3000, 2)
        for start in (None, old):
            step = 0
            while True:
                place = folder / f"{snapshots}-{start is None}-{step}"
                if start:
                    shutil.copytree(start, place)
                device = Device(place, clock=lambda: NOW)
                posted = Posted(folder / f"posted-{snapshots}-{start is None}-{step}")
                posted.folder.mkdir()
                ended = sync_until(device, server, posted, step)
                assert ended in (KILLED, COMPLETED), f"step {step}: ended with {ended}"
                if start or ended == COMPLETED:
                    release, model = device.status()["release"], device.model_path()
                    assert held(device) == server.releases[release], f"step {step}: half a release"
                    assert model is not None, f"step {step}: no model"
                    assert model.stem in (first, second)
                report = device.sync(server, None, no_check, send=posted)
                assert report.ok, f"step {step}: {report}"
                assert posted.runs() == (RUNS if start and snapshots else 0), (
                    f"step {step}: {posted.runs()} runs reported"
                )
                assert held(device) == server.releases[2], f"step {step}: not completed"
                model = device.model_path()
                assert model is not None
                assert model.read_bytes() == b"n" * 3000, f"step {step}: another model"
                shutil.rmtree(place)
                if ended == COMPLETED:
                    break
                step += 1
            total += step
    return total


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
