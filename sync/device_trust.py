"""The keys that a device trusts: pinned once, then followed from statement to statement (`sync.trust`)."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sync import answers, replica
from sync.answers import Refused
from sync.signing import SignatureInvalid, parse_trust
from sync.transport import Transport
from sync.trust import Trust, follow

T = TypeVar("T")
Keys = Mapping[str, str]


def hand_over(db: sqlite3.Connection, trusted: Keys) -> None:
    """Trust these keys, as a person said. The same ones again change nothing of what was followed since."""
    known = replica.recall(db, "trust") or {}
    if known.get("root") == dict(trusted):
        return
    with replica.transaction(db):
        replica.remember(db, "pins", dict(trusted))
        replica.remember(db, "trust", {"root": dict(trusted), "until": {}, "sequence": 0})


def held(db: sqlite3.Connection) -> Trust | None:
    """What is trusted; None before any key was pinned."""
    pins, rest = replica.recall(db, "pins"), replica.recall(db, "trust") or {}
    return None if pins is None else Trust(pins, rest.get("until", {}), rest.get("sequence", 0))


def first_keys(transport: Transport) -> dict[str, str]:
    """What the server shows, for a device that trusts nothing yet."""
    status, body, _ = answers.fetch(transport, "/v1/keys")
    if status == 404:
        raise Refused("the server shows no keys at /v1/keys; hand over a trust file")
    return parse_trust(body, "/v1/keys")


def with_fresh_keys(
    db: sqlite3.Connection, transport: Transport, keys: Keys, now: datetime, work: Callable[[Keys], T]
) -> T:
    """`work(keys)`; when a signature does not fit, once more with the keys that newer statements name, if any."""
    try:
        return work(keys)
    except SignatureInvalid:
        renewed = _renewed(db, transport, now)
        if renewed is None:
            raise
    return work(renewed)


def _renewed(db: sqlite3.Connection, transport: Transport, now: datetime) -> Keys | None:
    before = held(db)
    if before is None:
        return None
    status, body, _ = answers.fetch(transport, "/v1/keys")
    after = (
        follow(before, body.get("statements"), now) if status == 200 and isinstance(body, dict) else before
    )
    if after == before:
        return None
    with replica.transaction(db):
        root = (replica.recall(db, "trust") or {}).get("root")
        replica.remember(db, "pins", after.keys)
        replica.remember(db, "trust", {"root": root, "until": after.until, "sequence": after.sequence})
    return after.at(now)
