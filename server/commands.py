"""What every command of `python -m server` shares: how it is added, its errors, its way to the database."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.engine import Engine

from server.settings import Settings

Run = Callable[[argparse.Namespace], int]


class CommandError(RuntimeError):
    """Something the caller can put right; the message says how."""


class AddCommand(Protocol):
    """Adds a command: its name of one or two words, what runs it (returns the exit status), one sentence of help."""

    def __call__(self, name: str, run: Run, text: str) -> argparse.ArgumentParser: ...


@contextmanager
def owner_engine(settings: Settings) -> Iterator[Engine]:
    """An engine of whoever DATABASE_URL names: the owner of the tables, for whom row-level security does not hold."""
    engine = create_engine(settings.require_database_url(), poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def transaction(settings: Settings | None = None) -> Iterator[Connection]:
    """A connection in one transaction: committed when the block ends, rolled back when it raises."""
    with owner_engine(settings or Settings.from_env()) as engine, engine.begin() as conn:
        yield conn


def operator() -> str:
    """Who runs the command, for the audit trail."""
    try:
        return f"operator {getpass.getuser()}"
    except (OSError, KeyError):  # a container's user may have no name
        return "operator"
