"""The external ledger: every patch that was pushed and every word the server gave on it, outside server and devices.

The proxy writes it. An answer is on the disk (fsync) before the device that waits for it can see its first byte, so
that what a device believes is never more than what the ledger holds. One JSON object a line.

    {"k": "push", "n", "t", "account", "device", "patches": […]}     a push on its way to the server, the n-th
    {"k": "answer", "n", "t", "status", "results": […], "fate"}      what the server said, and what the device got of it
    {"k": "event", "t", "what"}                                       what was done to the system
"""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

Entry = dict[str, Any]


class Ledger:
    """The file, open for appending. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab")
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._file.close()

    def elapsed(self) -> float:
        """Seconds since the ledger was opened, which is what its times count from."""
        return time.monotonic() - self._started

    def push(self, number: int, account: str, device: str, patches: list[Any]) -> None:
        """A push is about to be forwarded."""
        entry = {"k": "push", "n": number, "account": account, "device": device, "patches": patches}
        self._write(entry, durable=False)

    def answer(self, number: int, status: int, results: list[Any], fate: str) -> None:
        """The server answered push `number`; returns when that is on the disk. `fate`: what the device gets."""
        self._write(
            {"k": "answer", "n": number, "status": status, "results": results, "fate": fate}, durable=True
        )

    def event(self, what: str) -> None:
        """Something was done to the system."""
        self._write({"k": "event", "what": what}, durable=False)

    def _write(self, entry: Entry, *, durable: bool) -> None:
        line = orjson.dumps({"t": round(self.elapsed(), 3), **entry}) + b"\n"
        with self._lock:
            if self._file.closed:
                return  # an exchange that outlived the run: its device is not waiting any more
            self._file.write(line)
            self._file.flush()
            if durable:
                os.fsync(self._file.fileno())


def entries(path: Path) -> Iterator[Entry]:
    """The ledger's lines in order; an unfinished last line is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)
