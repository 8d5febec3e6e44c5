"""Consent to training: explicit, for one version of what is asked, and withdrawn as easily as given.

It is a record of the account's own stream, `preferences` / `training`, so every device has it and may change it too;
the newest word counts, and `python -m model_export dataset` asks this record (docs/data.md).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select

from sync import clock
from sync.push import Limits, push
from sync.records import RULES
from sync.store import ACCOUNT
from sync.tables import record

COLLECTION: Final = "preferences"
RECORD: Final = "training"
FIELD: Final = "training_consent"

VERSION: Final = 1
"""Of the text below. Whoever agreed to an earlier one is not in a dataset until they agree to this one."""
TEXT: Final = (
    "My sessions may be used, without my name, to train and judge the model that makes routines: what was asked "
    "for, what was shown, what I did, skipped or swapped, how hard it was and whether it hurt. Which conditions I "
    "have is not kept. I can withdraw this at any time; from the next dataset on, none of my sessions is in it. "
    "Models that were trained before stay as they are."
)


# Withdrawing must never fail because the account is full.
_LIMITS: Final = Limits(records=2**62, bytes=2**62)


def given(conn: Connection, whom: UUID) -> dict[str, Any] | None:
    """{"version", "at"} of the consent that stands now, None without one."""
    found = _stored(conn, whom)
    value = None if found is None or found.deleted else found.data.get(FIELD)
    return value if isinstance(value, dict) else None


def counts(consent: dict[str, Any] | None) -> bool:
    """Whether it is consent to what is asked today: only then may the account's sessions be in a dataset."""
    return consent is not None and consent.get("version") == VERSION


def decide(conn: Connection, whom: UUID, *, agrees: bool, now: datetime) -> dict[str, Any] | None:
    """Give consent to what is asked today, or withdraw it; returns what now stands.

    Written with the server's own clock, later than anything that a device said of it. In a transaction of the account.
    """
    found = _stored(conn, whom)
    now_ms = int(now.timestamp() * 1000)
    value = {"version": VERSION, "at": _instant(now)} if agrees else None
    patch = {
        "collection": COLLECTION, "id": RECORD, "set": {FIELD: value},
        "hlc": clock.tick(None if found is None else found.hlc, now_ms, clock.SERVER),
    }  # fmt: skip
    pushed = push(
        conn, f"{ACCOUNT}{whom}", [patch], now_ms=now_ms, rules=RULES, limits=_LIMITS, by_server=True
    )
    done = pushed.results[0]
    if done.status != "applied":
        raise RuntimeError(f"the consent was not written: {done}")
    return value


def _stored(conn: Connection, whom: UUID) -> Any:
    r = record.c
    this = (r.stream == f"{ACCOUNT}{whom}") & (r.collection == COLLECTION) & (r.id == RECORD)
    return conn.execute(select(r.deleted, r.data, r.hlc).where(this)).one_or_none()


def _instant(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
