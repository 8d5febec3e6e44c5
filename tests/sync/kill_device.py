"""Run by test_device_faults.py: kills a syncing device at each of its steps and lets the next sync repair what is left.

A step is a call, from the device's code, of a C function that changes SQLite or a file, or of the network. The
child is ended by `os._exit`: nothing is rolled back, flushed or cleaned up. Prints the number of steps.
"""

import io
import os
import shutil
import sys
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sync.device import Device
from tests.sync.fakes import NOW, FakeServer, catalogue, no_check

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
KILLED, COMPLETED = 9, 0


def sync_until(device: Device, server: FakeServer, step: int) -> int:
    """Sync in a child that dies at the given step; returns how it ended."""
    child = os.fork()
    if child == 0:
        count = 0

        def on_call(frame: FrameType, event: str, function: Any) -> None:
            nonlocal count
            # str.replace and BytesIO.write have the same names, but touch nothing that outlives a process.
            owner = getattr(function, "__self__", None) if event == "c_call" else ""
            outside = not isinstance(owner, str | bytes | io.BytesIO)
            of_interest = outside and function.__name__ in STEPS
            if of_interest or (event == "call" and frame.f_code.co_qualname == "FakeServer.__call__"):
                count += 1
                if count > step:
                    os._exit(KILLED)

        sys.setprofile(on_call)
        report = device.sync(server, None, no_check)
        os._exit(COMPLETED if report.ok else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def held(device: Device) -> dict[tuple[str, str], Any]:
    return {(d["collection"], d["id"]): d["data"] for d in device.documents()}


def main(folder: Path) -> int:
    total = 0
    for snapshots in (True, False):
        server = FakeServer(snapshots=snapshots)
        server.publish(catalogue(10))
        first = server.publish_model(b"m" * 3000, 1)
        old = folder / f"old-{snapshots}"
        assert Device(old, clock=lambda: NOW).sync(server, None, no_check).ok
        server.publish({k: d | {"rev": 2} for k, d in list(catalogue(10).items())[2:]})
        second = server.publish_model(b"n" * 3000, 2)
        for start in (None, old):
            step = 0
            while True:
                place = folder / f"{snapshots}-{start is None}-{step}"
                if start:
                    shutil.copytree(start, place)
                device = Device(place, clock=lambda: NOW)
                ended = sync_until(device, server, step)
                assert ended in (KILLED, COMPLETED), f"step {step}: ended with {ended}"
                if start or ended == COMPLETED:
                    release, model = device.status()["release"], device.model_path()
                    assert held(device) == server.releases[release], f"step {step}: half a release"
                    assert model is not None, f"step {step}: no model"
                    assert model.stem in (first, second)
                report = device.sync(server, None, no_check)
                assert report.ok, f"step {step}: {report}"
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
