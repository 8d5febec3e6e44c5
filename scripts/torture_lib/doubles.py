"""Test doubles, each without one protection: the torture must find what that loses.

lock         the head row is read and not locked: two workers merge into the same version. The unique index over
             (stream, seq) is taken out too: by itself it turns most such meetings into a 500 and a repeat
idempotence  what arrives last wins, whatever its clock: a replay or a phone that was away overwrites
epoch        a restored backup goes on as if nothing had happened, also for a cursor that is ahead of its head
durability   PostgreSQL acknowledges before its log is on the disk (synchronous_commit off)

With the last two devices also stop to compare digests, which by itself makes them fetch and offer everything anew.
"""

import random
import time

from sqlalchemy import Connection

from sync import device_account, push, store
from sync.merge import DELETED, Outcome, Patch, Stored


def take_out_of_device(names: frozenset[str]) -> None:
    """The same in the process of a device."""
    if names & {"epoch", "durability"}:
        vars(device_account)["CHECK_EVERY"] = 1 << 40


def take_out(names: frozenset[str]) -> None:
    """Take protections out of this process; what is PostgreSQL's or an operator's matter the stage leaves out."""
    if "lock" in names:
        store.lock_account = _read_account
    if "epoch" in names:
        for name, text in list(vars(store).items()):
            if isinstance(text, str) and "THEN 'ahead'" in text:
                setattr(store, name, text.replace("THEN 'ahead'", "AND false THEN 'ahead'"))
    if "idempotence" in names:
        vars(push)["merge"] = _arrival


def _read_account(conn: Connection, stream: str) -> tuple[store.Head, int, int]:
    """`lock_account` without the lock."""
    asked = "SELECT epoch, head, floor, records, bytes FROM stream WHERE stream = %(stream)s"
    epoch, seq, floor, records, size = conn.exec_driver_sql(asked, {"stream": stream}).one()
    # What a busier machine does by itself: others come in between reading and writing.
    time.sleep(random.uniform(0, 0.03))  # noqa: S311
    return store.Head(epoch, seq, floor), records, size


def _arrival(stored: Stored | None, patch: Patch) -> Outcome:
    """`merge` by order of arrival."""
    held = stored or Stored(True, {}, {})
    if patch.set is None:
        return Outcome("applied", Stored(True, held.data, {**held.clocks, DELETED: patch.hlc}))
    clocks = {**held.clocks, **dict.fromkeys(patch.set, patch.hlc)}
    return Outcome("applied", Stored(False, {**held.data, **patch.set}, clocks), tuple(patch.set))
