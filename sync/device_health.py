"""How a device's models do on it: counted in its database, reported when it syncs. Nothing is lost or counted twice.

Counters are moved into a report in one transaction; the report keeps its id and is sent until the server has answered.
"""

import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from sync import replica
from sync.health import COUNTS, bucket, empty
from sync.transport import Send

URL = "/v1/models/health"
_MOST_MODELS = 8
_MOST = 1_000_000
# What the server will never take, however often it is sent.
_HOPELESS = (400, 413, 422)
_ANSWER = 1 << 16


def note(
    db: sqlite3.Connection, sha256: str, channel: str, took_ms: float | None = None, **counts: int
) -> None:
    """Count for a model: `runs`, `failures`, … of `sync.health.COUNTS`; `took_ms`: the length of one run."""
    unknown = sorted(set(counts) - set(COUNTS))
    if unknown or min(counts.values(), default=0) < 0:
        raise ValueError(f"{unknown[0]!r} is not counted" if unknown else "counters only grow")
    with replica.transaction(db):
        waiting: dict[str, Any] = replica.recall(db, "health") or {}
        held = waiting.setdefault(f"{sha256}/{channel}", empty())
        for name, number in counts.items():
            held[name] = min(held[name] + number, _MOST)
        if took_ms is not None and held["runs"] > sum(held["latency"]):
            held["latency"][bucket(took_ms)] += 1
        replica.remember(db, "health", waiting)


def report(db: sqlite3.Connection, send: Send) -> str:
    """Send what was counted: "none" (there was nothing), "sent", "kept" (for the next time) or "refused".

    Raises TransportError; the report is then kept.
    """
    outcome = "none"
    # First what an earlier sync could not send, then what was counted since.
    for _ in range(2):
        made = pending(db)
        if made is None:
            return outcome
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        with send("POST", URL, headers, orjson.dumps(made)) as response:
            response.read(_ANSWER)
            status = response.status
        if status != 200 and status not in _HOPELESS:
            return "kept"
        replica.remember(db, "health_report", None)
        outcome = "sent" if status == 200 else "refused"
    return outcome


def pending(db: sqlite3.Connection) -> Mapping[str, Any] | None:
    """The report to send: the one that waits, else one made of the counters, which begin at 0 again."""
    with replica.transaction(db):
        made: dict[str, Any] | None = replica.recall(db, "health_report")
        waiting: dict[str, Any] = replica.recall(db, "health") or {}
        if made is not None or not waiting:
            return made
        names = sorted(waiting)[:_MOST_MODELS]
        models = []
        for name in names:
            sha256, _, channel = name.partition("/")
            models.append({"sha256": sha256, "channel": channel, **waiting.pop(name)})
        made = {"id": str(uuid.uuid4()), "models": models}
        replica.remember(db, "health_report", made)
        replica.remember(db, "health", waiting or None)
    return made
