"""`python -m server prune`: deletions that are old enough are forgotten, in the catalogue and in every account.

`scripts/up` does it at each start; an installation that seldom restarts runs the command once a day. docs/operations.md
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from server.catalog.comparing import STREAM
from server.commands import AddCommand, owner_engine
from server.settings import Settings
from sync import store


def prune(engine: Engine, days: int, now: datetime) -> int:
    """Forget deletions older than `days`, each stream in its own transaction; returns how many.

    For the owner of the tables. A device that was away for longer starts anew.
    """
    older_than = now - timedelta(days=days)
    with engine.begin() as conn:
        forgotten = 0 if store.read_head(conn, STREAM) is None else store.prune(conn, STREAM, older_than)
    with engine.connect() as conn:
        return forgotten + store.prune_accounts(conn, older_than)


def register(add: AddCommand) -> None:
    """Add the command."""
    command = add("prune", run_prune, "Forget deletions that every device has long had the time to see.")
    command.add_argument("--days", type=int, help="older than this (default: LIMBER_TOMBSTONE_DAYS)")


def run_prune(args: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    settings = Settings.from_env()
    days = settings.tombstone_days if args.days is None else args.days
    if days < 1:
        raise ValueError("--days: must be at least 1")
    with owner_engine(settings) as engine:
        forgotten = prune(engine, days, datetime.now(UTC))
    print(f"{forgotten} deletions older than {days} days forgotten")
    return 0
