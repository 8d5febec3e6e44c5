"""What both adapters stand on: the caller's account, its records as plain values, and patches stamped on its behalf."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson
from flask import Response
from sqlalchemy import Connection

from server.accounts import acting
from server.accounts.data_keys import data_key
from server.db import as_account
from server.replication.shared import admitted, shared
from server.replication.wake import wake
from server.state import state
from server.web import COMPRESS_FROM_BYTES, coding
from sync import clock
from sync.canonical import Key
from sync.compress import compress
from sync.push import Result, push, stored
from sync.records import RULES, Rule
from sync.sealing import DataKey, unseal_body
from sync.store import ACCOUNT, Pulled

T = TypeVar("T")
# JavaScript gives `__proto__` a meaning of its own, and WatermelonDB refuses a whole pull because of it.
UNFIT: Final = frozenset({"__proto__"})


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
    return _in_account(admitted(), work, write=False)


def pushed_by(device: str, work: Callable[[Connection, DataKey], tuple[T, bool]]) -> T:
    """The same for a push of `device`, which may write; others are told when `work` says that something moved."""
    account, here = admitted(), state()
    answer, moved = _in_account(account, work, write=True)
    if moved:
        wake(here.engine, here.settings, f"{ACCOUNT}{account}", device)
    return answer


def _in_account(account: uuid.UUID, work: Callable[[Connection, DataKey], T], *, write: bool) -> T:
    here = state()

    def with_key(conn: Connection) -> T:
        return work(conn, data_key(conn, here.settings, account, hold=write))

    return acting.opened(lambda: as_account(here.engine, account, with_key, write=write))


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
    return {
        name: Held(seq, found.deleted, key.unseal_data(found.data), found.hlc)
        for name, (found, seq) in stored(conn, key.stream, keys).items()
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
