"""What a person keeps on a device: records to read and change, with an account or before there is one."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sync import account_copy, device_clock, outbox, replica
from sync.canonical import check_document
from sync.device_clock import Entropy
from sync.replica import DeviceError, NoReplica


def uuid7(wall_ms: int, random: bytes) -> str:
    """A UUID of version 7 (RFC 9562, section 5.7) of a Unix time in milliseconds and 10 random bytes."""
    number = (wall_ms & (1 << 48) - 1) << 80 | int.from_bytes(random[:10])
    number = number & ~(0xF << 76) | 7 << 76  # version
    number = number & ~(0x3 << 62) | 2 << 62  # variant
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Records:
    """The person's side of a device: what it shows is the server's copy with what was written here laid over it.

    Each change is kept in the outbox the moment it is made, in one transaction with its stamp. `clock` is the wall
    clock, `entropy` gives random bytes.
    """

    def __init__(
        self,
        directory: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        entropy: Entropy = secrets.token_bytes,
    ) -> None:
        self.directory = directory
        self.clock = clock
        self.entropy = entropy

    def create(self, collection: str, fields: Mapping[str, Any], record_id: str | None = None) -> str:
        """Make a record; returns its id, a new UUIDv7 unless given. Raises DeviceError when there is one already."""
        record_id = record_id or uuid7(self._wall_ms(), self.entropy(10))
        with self._writing() as db:
            if account_copy.read(db, collection, record_id) is not None:
                raise DeviceError(f"{collection}/{record_id} exists already; edit it")
            self._write(db, collection, record_id, fields)
        return record_id

    def edit(self, collection: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """Set fields of a record, and leave its others alone. Raises DeviceError when there is none."""
        with self._writing() as db:
            self._known(db, collection, record_id)
            self._write(db, collection, record_id, fields)

    def delete(self, collection: str, record_id: str) -> None:
        """Delete a record. Raises DeviceError when there is none."""
        with self._writing() as db:
            self._known(db, collection, record_id)
            self._write(db, collection, record_id, None)

    def read(self, collection: str, record_id: str) -> dict[str, Any] | None:
        """A record as the person sees it; None when there is none."""
        with self._reading() as db:
            return None if db is None else account_copy.read(db, collection, record_id)

    def records(self, collection: str | None = None) -> list[dict[str, Any]]:
        """What the person sees, each {"collection", "id", "data"}, by collection and id."""
        with self._reading() as db:
            return [] if db is None else account_copy.records(db, collection)

    def outbox(self, *states: str) -> list[outbox.Entry]:
        """The changes made here that are in one of `states` (pending and refused if none is named), oldest first."""
        wanted = states or ("pending", "refused")
        with self._reading() as db:
            return [] if db is None else [entry for entry in outbox.entries(db) if entry.state in wanted]

    def retry(self, number: int) -> None:
        """Put a refused change back into the queue, as one made now. Raises DeviceError for any other number."""
        with self._writing() as db:
            outbox.retry(db, number, self._stamp(db))

    def drop(self, number: int) -> None:
        """Give up a refused change. Raises DeviceError for any other number."""
        with self._writing() as db:
            outbox.drop(db, number)

    def account(self) -> str | None:
        """The account that this folder belongs to; None before anybody signed in."""
        with self._reading() as db:
            return None if db is None else replica.recall(db, "account")

    def attach(self, account: str, *, discard: bool = False) -> None:
        """Somebody signed in: what was written here is theirs, and goes into their account at the next sync.

        A folder that belongs to another account is refused with DeviceError, unless its records may be discarded.
        """
        with self._alone(), self._writing() as db:
            owner = replica.recall(db, "account")
            if owner not in (None, account):
                if not discard:
                    raise DeviceError(
                        f"{self.directory} holds the records of another account ({owner}); "
                        "use another folder, or discard them"
                    )
                account_copy.forget(db)
            replica.remember(db, "account", account)

    def sign_out(self, *, remove: bool, discard: bool = False) -> None:
        """End the sign-in; with `remove` the account's records leave this device, else they stay readable here.

        Changes that were never sent would be lost by `remove`: DeviceError then, unless they may be discarded.
        """
        if not remove:
            return
        with self._alone(), self._writing() as db:
            counts = outbox.counts(db)
            unsent = counts["pending"] + counts["refused"]
            if unsent and not discard:
                raise DeviceError(
                    f"{unsent} changes on this device were never sent; sync first, or discard them"
                )
            account_copy.forget(db)

    def _write(
        self, db: sqlite3.Connection, collection: str, record_id: str, fields: Mapping[str, Any] | None
    ) -> None:
        if fields is not None and not fields:
            raise DeviceError(f"{collection}/{record_id}: nothing to set")
        try:
            check_document((collection, record_id), {} if fields is None else dict(fields))
        except ValueError as error:
            raise DeviceError(str(error)) from error
        outbox.add(db, collection, record_id, fields, self._stamp(db))

    def _known(self, db: sqlite3.Connection, collection: str, record_id: str) -> None:
        if account_copy.read(db, collection, record_id) is None:
            raise DeviceError(f"there is no {collection}/{record_id} on this device")

    def _stamp(self, db: sqlite3.Connection) -> str:
        return device_clock.stamp(db, self._wall_ms(), device_clock.device_id(db, self.entropy))

    def _wall_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no sync is under way, which would write down what it gets for the account before."""
        self._make_folder()
        with replica.lock(self.directory):
            yield

    def _make_folder(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeviceError(f"{self.directory}: {error.strerror}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._make_folder()
        with replica.opened(self.directory, create=True) as db, replica.transaction(db):
            yield db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """The replica, as it is at one moment; None while there is none."""
        try:
            with replica.opened(self.directory) as db, replica.snapshot(db):
                yield db
        except NoReplica:
            yield None
