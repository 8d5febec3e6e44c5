"""Two small in-process caches: bytes bounded by size, and a value that is read again after a while."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Bodies:
    """Response bodies by ETag, at most `max_bytes` together; the one unused for longest goes first."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.used = 0
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The body kept under `key`, or None."""
        with self._lock:
            body = self._bodies.get(key)
            if body is not None:
                self._bodies.move_to_end(key)
            return body

    def put(self, key: str, body: bytes) -> None:
        """Keep `body` under `key`; a body above a quarter of the bound is not kept."""
        if len(body) > self.max_bytes // 4:
            return
        with self._lock:
            self.used += len(body) - len(self._bodies.pop(key, b""))
            self._bodies[key] = body
            while self.used > self.max_bytes:
                self.used -= len(self._bodies.popitem(last=False)[1])


class Timed(Generic[T]):
    """A value that `read(old value or None)` gives, asked for again at most every `seconds`.

    While one thread reads, the others get the old value. If reading fails and there is an old value, that
    stays in use for another `seconds`: an outage of the database does not take down what is in memory.
    """

    def __init__(
        self, read: Callable[[T | None], T], seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._held: tuple[T] | None = None
        self._due = 0.0

    def get(self) -> T:
        """The value, at most `seconds` old while `read` works. Raises what the first `read` raises."""
        held = self._held
        if held is not None and (self._clock() < self._due or not self._lock.acquire(blocking=False)):
            return held[0]
        if held is None:
            self._lock.acquire()
        try:
            if self._held is None or self._clock() >= self._due:
                try:
                    self._held = (self._read(self._held[0] if self._held else None),)
                except Exception:
                    if self._held is None:
                        raise
                self._due = self._clock() + self._seconds
            return self._held[0]
        finally:
            self._lock.release()
