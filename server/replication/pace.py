"""How often one may come: a token bucket for each account, and when a device should come next."""

from __future__ import annotations

import math
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

REMEMBERED: Final = 100_000
"""Accounts whose buckets a process keeps; the one that came longest ago is forgotten first, and so full again."""
WINDOW_S: Final = 10.0
"""How far back the load is looked at: the share of the threads' time, weighted by e^(-age / WINDOW_S)."""
SPREAD: Final = 0.2
CALM: Final = 0.5
"""Up to this load devices come at their usual interval; above it less often, at full load SLOWEST times as seldom."""
SLOWEST: Final = 4.0


class Rates:
    """Token buckets: `per_minute` requests a minute for each account, as many at once; 0 is no limit. One process."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._most, self._clock = per_minute / 60, float(per_minute), clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, account: str, cost: float = 1.0) -> float:
        """Seconds until the account may come again; 0.0 counts this request, which costs `cost` ordinary ones."""
        if not self._most:
            return 0.0
        now, cost = self._clock(), min(cost, self._most)
        with self._lock:
            tokens, at = self._held.get(account, (self._most, now))
            tokens = min(self._most, tokens + (now - at) * self._per_s)
            if tokens < cost:
                return (cost - tokens) / self._per_s
            self._held[account] = (tokens - cost, now)
            self._held.move_to_end(account)
            if len(self._held) > REMEMBERED:
                self._held.popitem(last=False)
        return 0.0


class Load:
    """How much of its threads' time a process has spent on requests lately: 0.0 idle, 1.0 all of it."""

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads, self._clock = threads, clock
        self._busy, self._at = 0.0, clock()

    def add(self, seconds: float) -> None:
        """Count a request that took so long. Two threads at once may lose one of many: it is an estimate."""
        now = self._clock()
        self._busy, self._at = self._busy * math.exp((self._at - now) / WINDOW_S) + seconds, now

    def share(self) -> float:
        """The load now."""
        busy = self._busy * math.exp(min(0.0, self._at - self._clock()) / WINDOW_S)
        return min(1.0, busy / (WINDOW_S * self._threads))


def next_after(device: str, seconds: int, load: float) -> int:
    """In how many seconds the device should sync again.

    Its own share of SPREAD earlier or later than `seconds`, always the same, so that devices that an outage has put in
    step fall out of it again; later under load.
    """
    place = zlib.crc32(device.encode()) / 0xFFFFFFFF
    slow = 1 + (SLOWEST - 1) * max(0.0, load - CALM) / (1 - CALM)
    return max(1, round(seconds * (1 - SPREAD + 2 * SPREAD * place) * slow))
