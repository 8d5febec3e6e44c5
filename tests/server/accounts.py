"""People of the tests: an account, and a device of it that speaks `POST /v1/sync` as plainly as can be."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from server.accounts.data_keys import data_key
from server.accounts.people import create_account
from server.db import as_account, write
from sync.clock import tick
from sync.sealing import create_master

NOW = datetime.now(UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def new_account(limber: Any) -> uuid.UUID:
    """An account with its stream and its data key."""
    settings = limber.settings
    if not settings.master_key.exists():
        create_master(settings.master_key)
    email = f"{uuid.uuid4().hex}@example.org"
    account = write(
        limber.engine,
        lambda conn: create_account(
            conn, email=email, password_hash=None, name="Mia", verified_at=None, now=NOW
        ),
    )

    as_account(limber.engine, account, lambda conn: data_key(conn, settings, account, hold=True), write=True)
    return account


@dataclass
class Phone:
    """One device. `copy` is what it was told of the account, `cursors` where it stands."""

    client: FlaskClient
    bearer: dict[str, str]
    account: uuid.UUID
    device: str = "1f2e3d4c5b6a7988"
    cursors: dict[str, Any] = field(default_factory=lambda: {"account": None})
    copy: dict[tuple[str, str], Any] = field(default_factory=dict)
    clock: str | None = None

    def patch(self, collection: str, record_id: str, fields: dict[str, Any] | None, ms: int = NOW_MS) -> Any:
        """A patch at the device's next clock; None deletes."""
        self.clock = tick(self.clock, ms, self.device)
        what = {"delete": True} if fields is None else {"set": fields}
        return {"collection": collection, "id": record_id, "hlc": self.clock, **what}

    def post(self, **envelope: Any) -> Any:
        """The raw response to an envelope; what is not given is as this device has it."""
        body = {"device": self.device, "protocol": 1, "cursors": self.cursors, **envelope}
        return self.client.post("/v1/sync", json=body, headers=self.bearer)

    def sync(self, *patches: Any, **envelope: Any) -> Any:
        """Push, and pull until there is no more; the first answer."""
        first = answer = self.take(self.post(patches=list(patches), **envelope), patches)
        while answer["account"]["more"]:
            answer = self.take(self.post(**envelope))
        return first

    def take(self, response: Any, patches: Sequence[Any] = ()) -> Any:
        """Believe an answer: lay what was applied over the copy, then what the server says."""
        assert response.status_code == 200, response.json
        part = response.json["account"]
        for patch, result in zip(patches, response.json["results"], strict=True):
            if result["status"] == "applied":
                self._lay(patch)
        if "resync" in part:
            self.copy = {}
        for change in part["changes"]:
            key = (change["collection"], change["id"])
            if change["deleted"]:
                self.copy.pop(key, None)
            else:
                self.copy[key] = change["data"]
        self.cursors = {**self.cursors, "account": part["cursor"]}
        return response.json

    def _lay(self, patch: Any) -> None:
        key = (patch["collection"], patch["id"])
        if "delete" in patch:
            self.copy.pop(key, None)
        else:
            self.copy[key] = {**self.copy.get(key, {}), **patch["set"]}


@contextmanager
def as_owner(limber: Any) -> Iterator[Connection]:
    """A transaction as the tables' owner, for whom row-level security does not hold."""
    with limber.engine.begin() as conn:
        conn.execute(text("SET LOCAL ROLE NONE"))
        yield conn


def phone(limber: Any, account: uuid.UUID, device: str = "1f2e3d4c5b6a7988") -> Phone:
    """A device of an account, with a token of its own."""
    return Phone(limber.client, limber.token("member", subject=str(account)), account, device)
