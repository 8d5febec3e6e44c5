"""The parts of an answer to `POST /v1/sync`, each as JSON bytes: account, catalogue, model.

The catalogue and the model come from memory as long as nothing is new for the device that asks. The account's part is
one indexed read then, and a single statement otherwise, its JSON made by PostgreSQL.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Engine

from server.accounts.data_keys import data_key, opened, unwrap
from server.accounts.profile import AccountGone
from server.db import as_account, read
from server.models import Ask, answer, bucket
from server.models.ladder import Rolled
from server.replication import changes, changes_etag
from server.replication.shared import Shared
from server.settings import Settings
from server.state import State
from sync import store
from sync.cursor import Cursor, encode
from sync.push import Limits, Pushed, Result, push
from sync.records import RULES
from sync.sealing import MARK, unseal_body
from sync.store import Head

_NOTHING_NEW = b'{"changes":[],"cursor":"%s","more":false}'
_SEALED = orjson.dumps(MARK)[1:-1]

# `known` comes first, as in sync.store: row-level security asks whose account it is.
_KEY = """
SELECT it.wrapped
  FROM set_config('limber.account', %(account)s::text, true) AS known,
       LATERAL (SELECT wrapped FROM account_key WHERE account = %(account)s::uuid AND known IS NOT NULL) AS it
"""


@dataclass(frozen=True, slots=True)
class AccountPart:
    """`body` is None when the account's changes were not asked for; `moved`: the push may have written something."""

    body: bytes | None
    more: bool
    results: list[Result]
    moved: bool = False


# --- the account -----------------------------------------------------------------------------------------


def exchange(
    engine: Engine,
    settings: Settings,
    limits: Limits,
    account: UUID,
    patches: Sequence[Any],
    asked: Cursor | None,
    *,
    pull: bool,
    limit: int,
    now_ms: int,
) -> AccountPart:
    """Push `patches` of a device that stands at `asked`, then read what is new for it: one transaction, one commit.

    Raises KeyGone for an account that was erased, and what else opening its data key raises.
    """
    name = f"{store.ACCOUNT}{account}"

    def work(conn: Connection) -> AccountPart:
        # Held until the commit, so that an erasure either waits for this push or has come before it.
        key = data_key(conn, settings, account, hold=True)
        pushed = push(
            conn, name, patches, now_ms=now_ms, rules=RULES, cursor=asked, seal=key.seal, limits=limits
        )
        moved = any(result.seq is not None for result in pushed.results)
        if not pull:
            return AccountPart(None, False, pushed.results, moved)
        if asked is not None and _holds_all(asked, pushed):
            here = Cursor(name, pushed.head.epoch, pushed.head.seq)
            return AccountPart(_NOTHING_NEW % encode(here).encode(), False, pushed.results, moved)
        pulled = store.pull(conn, name, asked, limit, own=pushed.own)
        return AccountPart(unseal_body(pulled.body(), key), pulled.more, pushed.results, moved)

    return as_account(engine, account, work, write=True)


def look(engine: Engine, settings: Settings, account: UUID, asked: Cursor | None, limit: int) -> AccountPart:
    """What is new in the account for a reader at `asked`. Raises AccountGone, and what opening its key raises."""
    name, who = f"{store.ACCOUNT}{account}", str(account)

    def work(conn: Connection) -> AccountPart:
        if asked is not None and asked.until is None:
            head = store.read_head(conn, name, account=who)
            if head is None:
                raise AccountGone(name)
            if _at(asked, head):
                return AccountPart(_NOTHING_NEW % encode(asked).encode(), False, [])
        try:
            pulled = store.pull(conn, name, asked, limit, account=who)
        except store.StreamUnknown:
            raise AccountGone(name) from None
        body = pulled.body()
        if _SEALED in body:
            # From memory, if it was opened lately: an erased account has no row left that it could open.
            key = opened.latest(name, time.monotonic())
            if key is None:
                row = conn.exec_driver_sql(_KEY, {"account": who}).one_or_none()
                if row is None:
                    raise AccountGone(name)
                key = unwrap(settings, account, bytes(row.wrapped))
            body = unseal_body(body, key)
        return AccountPart(body, pulled.more, [])

    return read(engine, work)


def _at(cursor: Cursor, head: Head) -> bool:
    """Whether a reader holds all that there is."""
    return cursor.until is None and (cursor.epoch, cursor.seq) == (head.epoch, head.seq)


def _holds_all(cursor: Cursor, pushed: Pushed) -> bool:
    """Whether all that was written since `cursor` is this push, and the reader has it: nothing is left to pull."""
    before = Head(pushed.head.epoch, pushed.head.seq - len(pushed.own), pushed.head.floor)
    return _at(cursor, before)


def results_json(results: Sequence[Result]) -> bytes:
    """The members `results` of the answer."""
    said = []
    for each in results:
        entry: dict[str, Any] = {"id": each.id, "status": each.status}
        if each.seq is not None:
            entry["seq"] = each.seq
        if each.error is not None:
            entry["error"] = {
                "code": each.error.code, "field": each.error.field, "detail": each.error.detail,
            }  # fmt: skip
        said.append(entry)
    return orjson.dumps(said)


# --- catalogue and model ---------------------------------------------------------------------------------


def catalog_part(state: State, shared: Shared, asked: Cursor | None, limit: int) -> tuple[bytes, bool] | None:
    """What `GET /v1/catalog/changes` would say, and whether there is more; None while nothing was ever published.

    A device that holds the newest release gets neither a change nor its manifest once more.
    """
    head = shared.catalog.get()
    if head is not None and asked is not None and _at(asked, head):
        return _NOTHING_NEW % encode(asked).encode(), False
    base_url = state.settings.public_url or ""
    body = state.bodies.get(changes_etag(head, asked, limit, base_url)) if head is not None else None
    if body is None:
        # What is in memory may be older than the cursor; this statement tells the head that it saw.
        try:
            head, body = read(state.engine, lambda conn: changes(conn, asked, limit, base_url))
        except store.StreamUnknown:
            return None
        state.bodies.put(changes_etag(head, asked, limit, base_url), body)
    return body, _more(body)


def _more(body: bytes) -> bool:
    """Whether a body of `Pulled.body` says that there is more: only then nothing follows, or nothing has changed."""
    return body.endswith(b'"more":true}') or (body.startswith(b'{"changes":[],') and b'","more":true' in body)


def model_part(rolled: Sequence[Rolled], ask: Ask, installed: str | None, base_url: str) -> bytes | None:
    """The release that the device should have instead of the one `installed`; None when there is none for it."""
    for each in rolled:
        if _offered(each, ask):
            if each.sha256 == installed:
                return None
            return orjson.dumps(answer(each.release, None, base_url))
    return None


def _offered(each: Rolled, ask: Ask) -> bool:
    """The twin of `server.models.newest_model`'s statement, over what is in memory."""
    manifest = each.manifest
    return (
        each.release.channel == ask.channel
        and each.halted_at is None
        and (ask.contract is None or manifest["contract"] == ask.contract)
        and (ask.opset is None or manifest["opset"] <= ask.opset)
        and each.min_app <= ask.app
        and each.share > (9999 if ask.device is None else bucket(each.salt, ask.device))
    )
