"""Telling the live process that something is new, for the devices that are listening right now."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from server.db import read
from server.settings import Settings
from server.telemetry import log

CHANNEL = "limber_live"


def wake(engine: Engine, settings: Settings, stream: str, device: str = "") -> None:
    """Say that an account's stream has moved; `device` did it and knows. Call it after the commit; it never raises.

    In a statement of its own, never in the transaction that wrote: a transaction that notifies holds a lock that is the
    same for the whole cluster from before its commit until after it, the wait for the disk included, and so all writers
    would queue behind each other (PostgreSQL, src/backend/commands/async.c, PreCommit_Notify: "Serialize writers by
    acquiring a special lock that we hold till after commit"). Alone it writes nothing that the disk must have. What is
    lost when the process dies in between is a wake-up, which the next periodic sync makes up for.
    """
    if settings.live_url is None:
        return
    try:
        read(
            engine,
            lambda conn: conn.exec_driver_sql(
                "SELECT pg_notify(%(channel)s, %(what)s)", {"channel": CHANNEL, "what": f"{stream} {device}"}
            ),
        )
    except SQLAlchemyError as error:
        # The records are safe and must be acknowledged; devices also sync by the clock.
        log.warning("wake_failed", error=str(getattr(error, "orig", error)).strip())
