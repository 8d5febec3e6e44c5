"""The key of each account's sealed fields: one an account, wrapped by the master key, gone with the account.

A key is read from its row each time it is used, in the transaction that uses it: where the row is gone no process opens
anything any more. What is kept in memory, for minutes, is only what the master key made of the very same bytes.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from server.accounts.tables_data import account_key
from server.settings import Settings
from sync.sealing import DataKey, MasterKey, new_data_key, open_master
from sync.store import ACCOUNT

KEPT_S: Final = 300.0
KEPT_MOST: Final = 4096


class KeyGone(LookupError):
    """The account has no data key: it was erased, or never was."""


class _Opened:
    """Data keys that the master key opened lately: the least used goes first, and none stays longer than KEPT_S."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: OrderedDict[str, tuple[float, bytes, DataKey]] = OrderedDict()

    def latest(self, stream: str, now: float) -> DataKey | None:
        """The stream's key, whatever its row says now: for who has just read rows that it sealed."""
        with self._lock:
            found = self._keys.get(stream)
            if found is None or found[0] < now:
                self._keys.pop(stream, None)
                return None
            self._keys.move_to_end(stream)
            return found[2]

    def get(self, stream: str, wrapped: bytes, now: float) -> DataKey | None:
        """The key that these very bytes are."""
        found = self._keys.get(stream)
        return None if found is None or found[1] != wrapped else self.latest(stream, now)

    def put(self, stream: str, wrapped: bytes, key: DataKey, now: float) -> None:
        with self._lock:
            self._keys[stream] = (now + KEPT_S, wrapped, key)
            while len(self._keys) > KEPT_MOST:
                self._keys.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._keys.clear()

    def __len__(self) -> int:
        return len(self._keys)


opened = _Opened()


def master_key(settings: Settings) -> MasterKey:
    """The key that wraps data keys: KMS's if one is set, else the file's. Raises KeyInvalid, KeyUnavailable."""
    return open_master(settings.master_key, settings.master_kms)


def _new_row(settings: Settings, account: UUID, now: datetime) -> dict[str, Any]:
    master = master_key(settings)
    wrapped = master.wrap(new_data_key(), f"{ACCOUNT}{account}")
    return {"account": account, "wrapped": wrapped, "master": master.name, "created_at": now}


# FOR KEY SHARE: erasing an account waits for those who write under its key, and they find the row gone after it.
_READ: Final = "SELECT wrapped FROM account_key WHERE account = %(account)s"
_HOLD: Final = _READ + " FOR KEY SHARE"
_UNWRITTEN: Final = """
SELECT FROM account a WHERE a.id = %(account)s
   AND NOT EXISTS (SELECT FROM stream WHERE stream = %(stream)s AND head > 0)
"""


def data_key(conn: Connection, settings: Settings, account: UUID, *, hold: bool = False) -> DataKey:
    """The account's key, in a transaction that is set to it (row-level security).

    `hold`, for who writes: the account cannot be erased before this transaction ends. An account in which nothing was
    ever written is given its key by the first who writes; a key that was destroyed is never made again. Raises KeyGone;
    KeyInvalid, KeyUnavailable and SealBroken when the master key does not serve.
    """
    found = _wrapped(conn, account, hold)
    if found is None:
        found = _first(conn, settings, account, hold)
    return unwrap(settings, account, found)


def _wrapped(conn: Connection, account: UUID, hold: bool) -> bytes | None:
    row = conn.exec_driver_sql(_HOLD if hold else _READ, {"account": account}).one_or_none()
    return None if row is None else bytes(row.wrapped)


def _first(conn: Connection, settings: Settings, account: UUID, hold: bool) -> bytes:
    """The wrapped key of an account that has none yet. Raises KeyGone for one that was erased, or whose key was."""
    asked = {"account": account, "stream": f"{ACCOUNT}{account}"}
    # Of two who come first at once, one waits for the other at the insert and then reads what that one made.
    fresh = conn.exec_driver_sql(_UNWRITTEN + (" FOR KEY SHARE OF a" if hold else ""), asked).one_or_none()
    if fresh is None:
        again = _wrapped(conn, account, hold)
        if again is None:
            raise KeyGone(f"account {account} has no data key")
        return again
    row = _new_row(settings, account, datetime.now(UTC))
    if not hold:
        return bytes(row["wrapped"])  # for who reads: there is nothing yet to open with it
    conn.execute(insert(account_key).values(row).on_conflict_do_nothing())
    made = _wrapped(conn, account, hold)
    if made is None:
        raise KeyGone(f"account {account} has no data key")
    return made


def rewrap(conn: Connection, old: MasterKey, new: MasterKey, most: int) -> int:
    """Wrap up to `most` data keys that `old` wrapped with `new` instead; returns how many. For the tables' owner.

    What the data keys sealed stays as it is. Raises SealBroken, KeyUnavailable.
    """
    k = account_key.c
    chosen = select(k.account, k.wrapped).where(k.master == old.name).order_by(k.account).limit(most)
    rows = conn.execute(chosen.with_for_update()).all()
    for row in rows:
        stream = f"{ACCOUNT}{row.account}"
        wrapped = new.wrap(old.unwrap(bytes(row.wrapped), stream), stream)
        changed = update(account_key).where(k.account == row.account)
        conn.execute(changed.values(wrapped=wrapped, master=new.name))
    return len(rows)


def act_for(conn: Connection, whom: UUID) -> None:
    """Turn the rest of the transaction to the rows of this account (row-level security)."""
    conn.exec_driver_sql("SELECT set_config('limber.account', %(account)s, true)", {"account": str(whom)})


def unwrap(settings: Settings, account: UUID, wrapped: bytes, now: float | None = None) -> DataKey:
    """The key in a row of account_key, from memory when it was opened lately. `now`: monotonic seconds."""
    stream, moment = f"{ACCOUNT}{account}", time.monotonic() if now is None else now
    key = opened.get(stream, wrapped, moment)
    if key is None:
        key = DataKey(master_key(settings).unwrap(wrapped, stream), stream)
        opened.put(stream, wrapped, key, moment)
    return key
