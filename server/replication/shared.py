"""What the sync views of one process share beyond `server.state`; made once by `create_app`."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import Engine

from server.accounts.acting import me
from server.caching import Timed
from server.db import read
from server.models.ladder import Rolled, releases
from server.problems import Fault
from server.replication import catalog_head
from server.replication.pace import Load, Rates
from server.settings import Settings
from sync.push import Limits
from sync.store import Head

KEY = "limber_sync"
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Shared:
    """`catalog` and `models` are as old as `release_seconds` of `create_app` allows."""

    rates: Rates
    load: Load
    limits: Limits
    catalog: Timed[Head | None]
    models: Timed[list[Rolled]]


def prepare(app: Flask, settings: Settings, engine: Engine, release_seconds: float) -> None:
    """Make what the sync views of `app` need."""
    limits = Limits(settings.account_records, settings.account_bytes, settings.tombstone_days * _DAY_MS)
    app.extensions[KEY] = Shared(
        Rates(settings.sync_per_minute),
        # As many requests as there are connections run at once: scripts/up starts as many threads.
        Load(settings.pool_size),
        limits,
        Timed(lambda _: read(engine, catalog_head), release_seconds),
        Timed(lambda _: read(engine, releases), release_seconds),
    )


def shared() -> Shared:
    """Of the app that answers the current request."""
    found: Shared = current_app.extensions[KEY]
    return found


def admitted(cost: float = 1.0) -> UUID:
    """The account that asks, within its rate. Raises Fault 403 for an operator's token, 429 for one request too many.

    `cost` is how many ordinary syncs this request counts for.
    """
    account = me()
    wait = shared().rates.wait(str(account), cost)
    if wait > 0:
        seconds = str(ceil(wait))
        said = f"This account has synced too often. Try again in {seconds} seconds."
        raise Fault(429, said, headers={"Retry-After": seconds})
    return account
