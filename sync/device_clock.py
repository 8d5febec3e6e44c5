"""The device's hybrid logical clock, kept in its database, so that no stamp is ever given twice.

All of it inside the caller's transaction. Wall clocks are milliseconds of the Unix epoch, UTC.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from sync import replica
from sync.clock import greatest, tick

Entropy = Callable[[int], bytes]
"""So many random bytes."""

_MINUTE_MS = 60_000
FILL_AGE_MS = 150 * 86_400_000
"""How old a fill-in claims to be: it must lose to what anybody wrote, yet be within the server's horizon."""


def device_id(db: sqlite3.Connection, entropy: Entropy) -> str:
    """The name that this install's stamps bear: 16 hex digits, made once."""
    known: str | None = replica.recall(db, "device")
    if known is None:
        known = entropy(8).hex()
        replica.remember(db, "device", known)
    return known


def stamp(db: sqlite3.Connection, wall_ms: int, device: str) -> str:
    """The next stamp: greater than all that this device has given or seen."""
    state = _state(db)
    made = tick(greatest(state["last"], state["seen"]), wall_ms + state["offset_ms"], device)
    # A clock that stepped back comes by its abandoned stamps again. Other devices may know them from a late request.
    while db.execute("SELECT 1 FROM burnt WHERE hlc = ?", (made,)).fetchone():
        made = tick(made, 0, device)
    replica.remember(db, "clock", state | {"last": made})
    return made


def fill_stamp(db: sqlite3.Connection, wall_ms: int, device: str) -> str:
    """A stamp of `FILL_AGE_MS` ago, among counters that no edit of that time has reached."""
    state = _state(db)
    past = max(0, wall_ms + state["offset_ms"] - FILL_AGE_MS)
    made = tick(greatest(state["filled"], f"{past:012x}-7fff-{device}"), past, device)
    replica.remember(db, "clock", state | {"filled": made})
    return made


def witness(db: sqlite3.Connection, clocks: Iterable[str | None]) -> None:
    """Whatever is stamped from now on is greater than these, which the server has let in."""
    state = _state(db)
    seen = greatest(state["seen"], *clocks)
    if seen != state["seen"]:
        replica.remember(db, "clock", state | {"seen": seen})


def learn(db: sqlite3.Connection, server_ms: int, wall_ms: int) -> int:
    """Remember how far the wall clock is off the server's, and return it; less than a minute is the network's doing."""
    state = _state(db)
    offset = server_ms - wall_ms if abs(server_ms - wall_ms) > _MINUTE_MS else 0
    if offset != state["offset_ms"]:
        replica.remember(db, "clock", state | {"offset_ms": offset})
    return offset


def step_back(db: sqlite3.Connection, abandoned: Iterable[str], kept: str | None) -> None:
    """Leave stamps that ran ahead of the server's time; `kept` is the greatest one that is still in use."""
    db.executemany("INSERT OR IGNORE INTO burnt VALUES (?)", ((hlc,) for hlc in abandoned))
    state = _state(db)
    replica.remember(db, "clock", state | {"last": greatest(state["seen"], kept)})


def forget_burnt(db: sqlite3.Connection) -> None:
    """Abandoned stamps cannot come again once the server has let in greater ones: no step back goes behind those."""
    db.execute("DELETE FROM burnt WHERE hlc < ?", (_state(db)["seen"] or "",))


def _state(db: sqlite3.Connection) -> dict[str, Any]:
    empty = {"last": None, "seen": None, "filled": None, "offset_ms": 0}
    return empty | (replica.recall(db, "clock") or {})
