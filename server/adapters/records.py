"""What both adapters stand on: the caller's account, its records as plain values, and patches stamped on its behalf."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, TypeVar

import orjson
from flask import Response
from sqlalchemy import Connection

from server.accounts.data_keys import KeyGone, data_key
from server.auth import subject
from server.db import as_account
from server.problems import Fault
from server.replication.shared import shared
from server.replication.wake import wake
from server.state import state
from server.telemetry import log
from server.web import COMPRESS_FROM_BYTES, coding
from sync import clock
from sync.canonical import Key
from sync.compress import compress
from sync.merge import Stored
from sync.push import Result, push
from sync.records import RULES, Rule
from sync.sealing import DataKey, SealBroken, unseal_body
from sync.signing import KeyInvalid, KeyUnavailable
from sync.store import ACCOUNT, Pulled, StreamUnknown

T = TypeVar("T")
# JavaScript gives `__proto__` a meaning of its own, and WatermelonDB refuses a whole pull because of it.
UNFIT: Final = frozenset({"__proto__"})

_HELD = """
SELECT r.collection, r.id, r.seq, r.deleted, r.data::text, r.clocks::text
  FROM unnest(%(collections)s::text[], %(ids)s::text[]) AS k (collection, id)
  JOIN record r ON r.stream = %(stream)s::text AND r.collection = k.collection AND r.id = k.id
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A stored record, nothing of it sealed, and the place of its version in the stream."""

    seq: int
    deleted: bool
    data: dict[str, Any]
    hlc: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change that a client wants: `set` some fields, or delete the record (None)."""

    collection: str
    id: str
    set: Mapping[str, Any] | None


def pulled_by(work: Callable[[Connection, DataKey], T]) -> T:
    """`work` in one reading transaction of the account that asks, with the key of its sealed fields.

    Raises what `POST /v1/sync` raises: Fault 403 for an operator's token, 429 for one request too many, 401 for an
    account that is erased, 503 when what is sealed cannot be opened.
    """
    return _in_account(_account(), work, write=False)


def pushed_by(device: str, work: Callable[[Connection, DataKey], tuple[T, bool]]) -> T:
    """The same for a push of `device`, which may write; others are told when `work` says that something moved."""
    account, here = _account(), state()
    answer, moved = _in_account(account, work, write=True)
    if moved:
        wake(here.engine, here.settings, f"{ACCOUNT}{account}", device)
    return answer


def _in_account(account: uuid.UUID, work: Callable[[Connection, DataKey], T], *, write: bool) -> T:
    here = state()
    try:
        return as_account(
            here.engine,
            account,
            lambda conn: work(conn, data_key(conn, here.settings, account, hold=write)),
            write=write,
        )
    except (KeyGone, StreamUnknown):
        told = 'Bearer realm="limber", error="invalid_token"'
        raise Fault(
            401, "This account does not exist any more.", headers={"WWW-Authenticate": told}
        ) from None
    except (KeyInvalid, KeyUnavailable, SealBroken) as error:
        log.error("data_key_unusable", error=str(error))
        said = "What is encrypted in this account cannot be opened right now. Please try again."
        raise Fault(503, said, headers={"Retry-After": "30"}) from None


def _account() -> uuid.UUID:
    name = subject().name
    try:
        account = uuid.UUID(name)
    except ValueError:
        raise Fault(403, "This token speaks for an operator, not for an account.") from None
    wait = shared().rates.wait(name)
    if wait > 0:
        seconds = str(ceil(wait))
        said = f"This account has synced too often. Try again in {seconds} seconds."
        raise Fault(429, said, headers={"Retry-After": seconds})
    return account


def answered(value: Any) -> Response:
    """A 200 with `value` as JSON, compressed if the client can read that, kept by nobody on the way."""
    body, how = orjson.dumps(value), coding()
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if how != "identity" and len(body) >= COMPRESS_FROM_BYTES:
        body = compress(body, how)
        headers["Content-Encoding"] = how
    return Response(body, mimetype="application/json", headers=headers)


def opened(pulled: Pulled, key: DataKey) -> list[dict[str, Any]]:
    """The changes of a page as Python objects, nothing of them sealed."""
    found: list[dict[str, Any]] = orjson.loads(unseal_body(pulled.changes, key))
    return found


def held(conn: Connection, key: DataKey, keys: Iterable[Key]) -> dict[Key, Held]:
    """What is stored of the named records, deleted ones with the fields they had. The caller holds the head's lock."""
    wanted = list(keys)
    asked = {"stream": key.stream, "collections": [c for c, _ in wanted], "ids": [i for _, i in wanted]}
    rows = conn.exec_driver_sql(_HELD, asked) if wanted else ()
    return {
        (collection, record_id): Held(
            seq, deleted, key.unseal_data(orjson.loads(data)), Stored(deleted, {}, orjson.loads(clocks)).hlc
        )
        for collection, record_id, seq, deleted, data, clocks in rows
    }


def submit(
    conn: Connection,
    key: DataKey,
    changes: Sequence[Change],
    found: Mapping[Key, Held],
    *,
    now_ms: int,
    device: str,
) -> list[Result]:
    """Push the changes and answer what became of each, in order.

    These clients keep no clocks. Their edits were made on top of what `found` holds, which the caller has checked, so
    each is stamped after it: on the server's clock, for the client's device.
    """
    patches = [
        _patch(change, found.get((change.collection, change.id)), now_ms, device) for change in changes
    ]
    limits = shared().limits
    return push(conn, key.stream, patches, now_ms=now_ms, rules=RULES, seal=key.seal, limits=limits).results


def _patch(change: Change, before: Held | None, now_ms: int, device: str) -> dict[str, Any]:
    stamp = clock.tick(before.hlc if before else None, now_ms, device)
    fields = dict(change.set or {})
    rule = RULES.get(change.collection)
    if rule is not None and rule.append_only and before is not None:
        fields = {**before.data, **fields}  # such a record comes whole, or it is wrong before it is too late
    what: dict[str, Any] = {"delete": True} if change.set is None else {"set": fields}
    return {"collection": change.collection, "id": change.id, "hlc": stamp, **what}


def completed(rule: Rule, record_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a new record, with those that must be there although these clients leave empty ones out."""
    given = {name: value for name, value in fields.items() if value is not None}
    for name in rule.required:
        if name == "id":
            given[name] = record_id
        elif rule.fields[name].none:
            given.setdefault(name, None)
    return given


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 is 1.0, but true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


def refusal(change: Change, result: Result) -> dict[str, Any]:
    """A rejected change as it is told to the client, who knows fields and no patches."""
    assert result.error is not None
    error = result.error
    field = error.field.removeprefix("set.")
    return {"id": change.id, "code": error.code, "field": field, "detail": error.detail}
