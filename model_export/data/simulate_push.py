"""Simulated people as accounts of a server: their records merged and sealed by the very code that takes a phone's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import URL, Connection, Engine, make_url

from model_export.data.people import is_simulated
from model_export.data.simulate import CONSENT, Progress, Summary, Told
from sync import clock
from sync.push import push
from sync.records import RULES
from sync.sealing import DataKey, MasterKey, new_data_key


class RealPeople(RuntimeError):
    """The database has real accounts: simulated sessions must not come beside theirs."""


def driver_url(url: str) -> URL:
    """The database's address with the driver we use. Raises sqlalchemy's ArgumentError."""
    return make_url(url).set(drivername="postgresql+psycopg")


def push_everyone(
    engine: Engine, people: Iterator[Told], master: MasterKey, progress: Progress = int
) -> Summary:
    """Push each person's records into an account of theirs, a transaction each; a second time changes nothing.

    Raises RealPeople when the database has accounts that are not simulated; SealBroken when the accounts that it has
    were made with another master key.
    """
    with engine.connect() as conn:
        _refuse_real_people(conn)
    summary = Summary()
    for told in people:
        with engine.begin() as conn:
            _push(conn, told, master)
        summary.add(told)
        progress(1)
    return summary


def _push(conn: Connection, told: Told, master: MasterKey) -> None:
    stream = told.rows[0]["stream"]
    key = _account(conn, stream, told.start, master)
    device = hashlib.sha256(stream.encode()).hexdigest()[:16]
    patches = [_patch(row, _moment(row, told.start), device) for row in told.rows]
    latest = max(clock.parse(patch["hlc"]).ms for patch in patches)
    # As if each had been pushed when it happened, however long ago the simulation is set.
    done = push(conn, stream, patches, now_ms=latest, rules=RULES, seal=key.seal)
    for result in done.results:
        if result.error is not None:
            raise RuntimeError(f"a simulated record was refused: {result.error.field}: {result.error.detail}")


def _account(conn: Connection, stream: str, start: datetime, master: MasterKey) -> DataKey:
    """The data key of a simulated account, which is made if it is not there."""
    account = {"account": stream.partition(":")[2], "at": start}
    conn.exec_driver_sql(
        "INSERT INTO account (id, name, created_at) VALUES (%(account)s, 'Simulated', %(at)s) ON CONFLICT DO NOTHING",
        account,
    )
    wrapped = conn.exec_driver_sql(
        "SELECT wrapped FROM account_key WHERE account = %(account)s", account
    ).scalar_one_or_none()
    if wrapped is not None:
        return DataKey(master.unwrap(bytes(wrapped), stream), stream)
    plain = new_data_key()
    conn.exec_driver_sql(
        "INSERT INTO account_key (account, wrapped, master, created_at)"
        " VALUES (%(account)s, %(wrapped)s, %(master)s, %(at)s)",
        account | {"wrapped": master.wrap(plain, stream), "master": master.name},
    )
    return DataKey(plain, stream)


def _moment(row: dict[str, Any], start: datetime) -> datetime:
    """When the phone wrote a record."""
    return start if (row["collection"], row["id"]) == CONSENT else datetime.fromisoformat(row["data"]["at"])


def _patch(row: dict[str, Any], at: datetime, device: str) -> dict[str, Any]:
    stamp = clock.Stamp(int(at.timestamp() * 1000), 0, device)
    return {
        "collection": row["collection"],
        "id": row["id"],
        "set": row["data"],
        "hlc": clock.text(stamp),
    }


def _refuse_real_people(conn: Connection) -> None:
    streams = conn.exec_driver_sql("SELECT stream FROM stream WHERE stream LIKE 'account:%%'").scalars()
    if any(not is_simulated(stream) for stream in streams):
        raise RealPeople("the database has real accounts: simulate into a database of its own")
