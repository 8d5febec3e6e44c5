"""What `scripts/up` starts: one run a data folder, no child that outlives it, none left of a killed run."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO, Any

import psutil

from server import process
from server.process import ended, tail

__all__ = [
    "Processes",
    "Stopped",
    "UpError",
    "catch_signals",
    "ended",
    "rotate",
    "stop_if_asked",
    "tail",
    "take",
]

LOG_BYTES = 10 * 2**20
TICK_SECONDS = 5
_SHUTDOWN = ((signal.SIGTERM, 15.0),)
_asked: list[int] = []


class UpError(Exception):
    """The run cannot go on; the message is for a person."""


class Stopped(BaseException):
    """A signal asked to stop. Not an Exception, so that no handler on the way swallows it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def catch_signals() -> None:
    """From now on the first SIGINT, SIGTERM or SIGHUP raises Stopped; later ones change nothing."""

    def asked(signum: int, _: FrameType | None) -> None:
        _asked.append(signum)
        if len(_asked) == 1:
            raise Stopped(signum)

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if sign != signal.SIGHUP or signal.getsignal(sign) is not signal.SIG_IGN:  # nohup is respected
            signal.signal(sign, asked)


def stop_if_asked() -> None:
    """Raise Stopped if the exception of a signal got lost, as in a finalizer it does."""
    if _asked:
        raise Stopped(_asked[0])


def rotate(log: Path) -> None:
    """Move a log that has grown large out of the way, keeping one older."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))


@dataclass
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop: Callable[[], object]
    # Empty for PostgreSQL, which knows better than we how to end what is left of a killed run.
    command: list[str]


@dataclass
class Processes:
    """The children of this run and the lock file that tells other runs about them."""

    lock: IO[str]
    address: str = ""
    children: list[_Child] = field(default_factory=list)

    def record(self, address: str | None = None) -> None:
        """Write who we are and what we started: what a second run reports, and what a later one cleans up."""
        self.address = address or self.address
        known = [
            {"pid": child.process.pid, "command": child.command} for child in self.children if child.command
        ]
        _write(self.lock, {"pid": os.getpid(), "address": self.address, "children": known})

    def add(self, name: str, started: subprocess.Popen[bytes], log: Path, stop: Callable[[], object]) -> None:
        """Watch over PostgreSQL, which `stop` ends."""
        self.children.append(_Child(name, started, log, stop, []))

    def start(
        self, name: str, command: list[str], log: Path, env: Mapping[str, str], cwd: Path
    ) -> subprocess.Popen[bytes]:
        """Start a child that is meant to stay."""
        child = process.start(command, log=log, env=env, cwd=cwd)
        stop = partial(process.stop, child, *_SHUTDOWN)
        self.children.append(_Child(name, child, log, stop, command))
        self.record()
        return child

    def run(
        self, command: list[str], log: Path, env: Mapping[str, str], cwd: Path, *, aloud: bool = False
    ) -> int:
        """Run a command to its end, showing that time passes; returns its exit code.

        `aloud`: show what it is doing as well, by the last line of its log.
        """
        child = process.start(command, log=log, env=env, cwd=cwd)
        started = time.monotonic()
        ticks = 1
        said = ""
        try:
            while ended(child) is None:
                self.check()
                stop_if_asked()
                if time.monotonic() - started >= ticks * TICK_SECONDS:
                    line = tail(log, 1) if aloud else ""
                    doing = f"\n      {line}" if line != said else ""
                    print(f"{doing} {ticks * TICK_SECONDS} s …", end="", flush=True)
                    said = line
                    ticks += 1
                time.sleep(0.02)
        finally:
            code = process.stop(child, (signal.SIGTERM, 5.0))
        return code

    def check(self) -> None:
        """Raise UpError, with the end of its log, when a child that is meant to stay has ended."""
        for child in self.children:
            code = ended(child.process)
            if code is not None:
                how = f"exit code {code}" if code >= 0 else f"by signal {signal.Signals(-code).name}"
                raise UpError(
                    f"{child.name} ended unexpectedly ({how}); the end of {child.log}:\n{tail(child.log)}"
                )

    def stop(self) -> None:
        """Stop the children, the last one first. Calling it again does nothing."""
        while self.children:
            self.children[-1].stop()
            self.children.pop()


def take(data: Path, stack: ExitStack) -> Processes:
    """Become the one run that uses this data folder, and end what a killed one left; `stack` gives it back.

    Raises UpError, naming the other run, while there is one.
    """
    lock = stack.enter_context((data / "up.lock").open("a+"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = _read(lock)
        where = f" and serves {other['address']}" if other.get("address") else ""
        raise UpError(
            f"scripts/up is already running on {data}: process {other.get('pid', 'unknown')}{where}; "
            "stop it first, or choose another --data"
        ) from None
    for left in _read(lock).get("children", []):
        _end(left["pid"], left["command"])
    processes = Processes(lock)
    stack.callback(_write, lock, {})
    stack.callback(processes.stop)
    return processes


def _end(session: int, command: list[str]) -> None:
    """End what is left of a killed run's child: the processes of its session that still run its command."""
    family = []
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(pid) == session and psutil.Process(pid).cmdline()[-len(command) :] == command:
                family.append(psutil.Process(pid))
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.send_signal(sign)
        _, family = psutil.wait_procs(family, timeout=10)


def _read(lock: IO[str]) -> dict[str, Any]:
    lock.seek(0)
    try:
        content = json.loads(lock.read() or "{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _write(lock: IO[str], content: dict[str, Any]) -> None:
    lock.seek(0)
    lock.truncate()
    json.dump(content, lock)
    lock.flush()
