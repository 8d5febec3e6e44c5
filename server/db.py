"""The server's way to PostgreSQL: one pooled engine, and `read` for a query that may be tried again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TypeVar

import orjson
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")

CONNECT_TIMEOUT_S = 3
POOL_TIMEOUT_S = 5

APP_ROLE = "limber_app"
"""Whom the server is to PostgreSQL: not the tables' owner, so that row-level security holds for it (migration 0003)."""
# Every statement here finds rows by their key, whatever the values: planning it once is enough.
OPTIONS = f"-c plan_cache_mode=force_generic_plan -c role={APP_ROLE}"


def open_engine(url: str, pool_size: int) -> Engine:
    """An engine with at most `pool_size` connections, opened when first needed.

    Statements commit by themselves: the HTTP side only reads, every read is one statement and so one
    snapshot, and BEGIN and ROLLBACK would double the round trips. Code that writes uses `write`.
    """
    return create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_use_lifo=True,
        json_deserializer=orjson.loads,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "limber",
            "options": OPTIONS,
        },
    )


def read(engine: Engine, query: Callable[[Connection], T]) -> T:
    """`query(connection)`, tried once more when a pooled connection turns out to be dead.

    A restarted PostgreSQL leaves dead connections in the pool; asking each before use would cost every
    request a round trip. Raises what SQLAlchemy raises; the error handler turns an outage into a 503.
    """
    try:
        with engine.connect() as conn:
            return query(conn)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    with engine.connect() as conn:
        return query(conn)


def write(engine: Engine, work: Callable[[Connection], T]) -> T:
    """`work(connection)` in one transaction: committed when it returns, rolled back when it raises. Never repeated."""
    # On the connection: an engine made with options of its own keeps them over a second set.
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as conn, conn.begin():
        return work(conn)


_transact = write  # the parameter of the same name hides it


def as_account(
    engine: Engine, account: str | uuid.UUID, work: Callable[[Connection], T], *, write: bool = False
) -> T:
    """`work(connection)` in one transaction that may see this account's rows and no other's.

    Row-level security reads `limber.account`, which ends with the transaction. Without `write` nothing can be written.
    """

    def guarded(conn: Connection) -> T:
        conn.exec_driver_sql(
            "SELECT set_config('limber.account', %(account)s, true),"
            " set_config('transaction_read_only', %(read_only)s, true)",
            {"account": str(account), "read_only": "off" if write else "on"},
        )
        return work(conn)

    return _transact(engine, guarded)
