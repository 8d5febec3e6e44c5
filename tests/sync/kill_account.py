"""Run by test_device_kills.py: kills a device of an account at each of its steps, while it writes and while it syncs.

The server is the real push and pull on the database whose URL is given; each child has a connection of its own, so that
what it had not committed is gone with it. Prints the number of steps.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sync.device import Device
from tests.sync.accounts import AccountServer, Wall, held, phone, sync
from tests.sync.kill_device import COMPLETED, KILLED, die_at

ACCOUNT = "0b5a7c0e-0000-7000-8000-00000000000f"
CALLS = ("AccountServer.__call__",)
NOTES = [("note", f"n{number}") for number in range(5)]
Story = Callable[[AccountServer, Wall, Device], Any]


def anonymous(server: AccountServer, wall: Wall, device: Device) -> None:
    """Written before signing in, and the account has something already."""


def steady(server: AccountServer, wall: Wall, device: Device) -> None:
    """A device that was in step, and another that has written meanwhile."""
    other = phone(device.directory.parent, f"{device.directory.name}-other", server)
    sync(device, server)
    sync(other, server)
    wall.on(seconds=1)
    other.edit(*NOTES[0], {"x": 10, "z": 10})
    other.edit(*NOTES[1], {"x": 11})
    other.delete(*NOTES[2])
    sync(other, server)
    wall.on(seconds=1)


def restored(server: AccountServer, wall: Wall, device: Device) -> None:
    """The server came back from a backup that lacks what was acknowledged."""
    backup = server.backup()
    steady(server, wall, device)
    server.restore(backup)
    sync(phone(device.directory.parent, f"{device.directory.name}-other", server), server)


def pruned(server: AccountServer, wall: Wall, device: Device) -> None:
    """A device that was away until a deletion was forgotten, of a record that it has changed."""
    steady(server, wall, device)
    wall.on(days=181)
    server.prune()


def fast(server: AccountServer, wall: Wall, device: Device) -> None:
    """A clock that is a day fast."""
    steady(server, wall, device)
    device.clock = Wall(wall.now.replace(day=wall.now.day + 1))


def write(device: Device) -> dict[tuple[str, str], Any]:
    """What the person does before the sync; returns what they then see of it."""
    device.edit(*NOTES[0], {"y": 1})
    device.edit(*NOTES[2], {"y": 2})
    device.delete(*NOTES[3])
    device.create("note", {"x": 5}, "new")
    device.edit("note", "new", {"y": 6})
    return {NOTES[0]: {"y": 1}, NOTES[2]: {"y": 2}, NOTES[3]: None, ("note", "new"): {"x": 5, "y": 6}}


def shows(device: Device, wrote: dict[tuple[str, str], Any]) -> bool:
    seen = held(device)
    return all(
        key not in seen if fields is None else key in seen and fields.items() <= seen[key].items()
        for key, fields in wrote.items()
    )


def tell(story: Story, folder: Path, url: str, conn: Connection) -> int:
    """Kill a device at every step of its sync in this story; returns how many there were."""
    wall, start = Wall(), folder / story.__name__
    server = AccountServer(conn, ACCOUNT, wall, page=2)
    device = phone(folder, story.__name__, wall=wall)
    for number, note in enumerate(NOTES):
        device.create(note[0], {"x": number}, note[1])
    device.attach(ACCOUNT)
    story(server, wall, device)
    wrote = write(device)
    before = server.backup()
    step, outcomes = 0, []
    while True:
        place = folder / f"{story.__name__}-{step}"
        shutil.copytree(start, place)
        server.restore(before, new_epoch=False)
        conn.close()  # a child must not share it

        def work(place: Path = place) -> bool:
            with create_engine(url).connect() as own:
                child = Device(place, device.clock)
                return sync(child, AccountServer(own, ACCOUNT, wall, page=2)).ok

        ended = die_at(step, work, CALLS)
        assert ended in (KILLED, COMPLETED), f"{story.__name__}, step {step}: ended with {ended}"
        conn = server.conn = conn.engine.connect()
        killed = Device(place, device.clock)
        assert ended == COMPLETED or shows(killed, wrote), f"{story.__name__}, step {step}: {held(killed)}"
        report = sync(killed, server).account
        assert report is not None
        assert (report.outcome, report.pending, report.refused) == ("synced", 0, 0), f"step {step}: {report}"
        assert held(killed) == server.state(), (
            f"{story.__name__}, step {step}: {held(killed)}, {server.state()}"
        )
        assert shows(killed, wrote), f"{story.__name__}, step {step}: {held(killed)}"
        outcomes.append(server.state())
        assert outcomes[-1] == outcomes[0], f"{story.__name__}, step {step}: another outcome"
        shutil.rmtree(place)
        if ended == COMPLETED:
            server.restore([[], []], new_epoch=False)
            return step
        step += 1


def write_killed(folder: Path) -> int:
    """Kill a device at every step of an edit: it is there whole, stamped as no other, or not at all."""
    start = phone(folder, "writer")
    start.create("note", {"x": 0}, "n")
    step = 0
    while True:
        place = folder / f"writer-{step}"
        shutil.copytree(start.directory, place)
        device = Device(place)
        ended = die_at(step, lambda device=device: device.edit("note", "n", {"x": 1}) is None, ())
        assert ended in (KILLED, COMPLETED)
        made = device.read("note", "n")
        assert made == {"x": 1} if ended == COMPLETED else made in ({"x": 0}, {"x": 1})
        device.edit("note", "n", {"y": 2})
        assert device.read("note", "n") == {**made, "y": 2}
        assert len({entry.hlc for entry in device.outbox()}) == len(device.outbox())
        shutil.rmtree(place)
        if ended == COMPLETED:
            return step
        step += 1


def main(folder: Path, url: str) -> int:
    total = write_killed(folder)
    for story in (anonymous, steady, restored, pruned, fast):
        with create_engine(url).connect() as conn:
            total += tell(story, folder, url, conn)
    return total


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    print(main(Path(sys.argv[1]), sys.argv[2]))
