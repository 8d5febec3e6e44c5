"""WatermelonDB's `synchronize()`: `GET` and `POST /v1/adapters/watermelondb`.

Tables are collections, columns are fields. A column holds text, a number or a boolean, so a field that is a list or an
object travels as JSON text in a column named `<field>_json`. The client merges per column when it pulls; what it pushes
is taken column by column too, as `_changed` says.

`timestamp` is the only thing that the client keeps between two calls, and must be a number above 0. Ours is no time:
its low 33 bits are the place in the account's stream plus one, the 20 bits above them tell one epoch from another.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from flask import Response
from sqlalchemy import Connection

from server.access import requires
from server.adapters.records import (
    UNFIT,
    Change,
    Held,
    answered,
    completed,
    held,
    opened,
    pulled_by,
    pushed_by,
    refusal,
    same,
    submit,
)
from server.adapters.schemas import (
    WatermelonChanges,
    WatermelonPull,
    WatermelonPulled,
    WatermelonPushed,
    WatermelonPushQuery,
)
from server.problems import Fault
from server.web import Blueprint, problems_of
from sync import store
from sync.cursor import Cursor
from sync.records import RULES
from sync.sealing import DataKey

JSON: Final = "_json"
OWN: Final = frozenset({"id", "_status", "_changed"})
"""Columns of a raw record that are WatermelonDB's own."""
EVERYTHING: Final = 2**31 - 1
_PLACE_BITS: Final = 33
_EPOCH_BITS: Final = 20

blp = Blueprint(
    "watermelondb", __name__, description="For apps that replicate with WatermelonDB's synchronize()"
)


# --- the timestamp ---------------------------------------------------------------------------------------


def timestamp(head: store.Head) -> int:
    """A checkpoint as the number that WatermelonDB keeps: above 0, and exact in JavaScript."""
    return _epoch_tag(head.epoch) << _PLACE_BITS | (head.seq + 1)


def _epoch_tag(epoch: str) -> int:
    return int.from_bytes(hashlib.sha256(epoch.encode()).digest()[:4]) >> (32 - _EPOCH_BITS)


def place(number: int, head: store.Head) -> int | store.Resync:
    """The `seq` that a timestamp stands for; or why this stream cannot be continued from it."""
    seq = (number & (1 << _PLACE_BITS) - 1) - 1
    if number >> _PLACE_BITS != _epoch_tag(head.epoch) or seq < 0:
        return "epoch"
    if seq > head.seq:
        return "ahead"
    return "pruned" if 0 < seq < head.floor else seq


# --- pull ------------------------------------------------------------------------------------------------


def pull(
    conn: Connection, key: DataKey, last: int | None, migrated: frozenset[str], tables: frozenset[str] | None
) -> dict[str, Any]:
    """The answer to a client at timestamp `last`, None for one that holds nothing.

    `migrated` are tables of which all records are wanted, `tables` those that the client has (None: all).
    """
    head = store.read_head(conn, key.stream)
    at = 0 if last is None or head is None else place(last, head)
    seq = at if isinstance(at, int) and last is not None else None
    cursor = None if head is None or seq is None or migrated else Cursor(key.stream, head.epoch, seq)
    pulled = store.pull(conn, key.stream, cursor, EVERYTHING)
    if pulled.kind == "resync" or head is None or pulled.head.epoch != head.epoch:
        # Pruned, or begun anew, since the head was read.
        at, seq = pulled.reason or "epoch", None
        pulled = store.pull(conn, key.stream, None, EVERYTHING)
    names = tables if tables is not None else frozenset(RULES)
    replacing = seq is None and last is not None
    # Replacing clears only the tables that are in the answer.
    changes = {name: _empty() for name in sorted(names)} if replacing else {}
    for change in opened(pulled, key):
        table = change["collection"]
        if table not in names or (seq is not None and change["seq"] <= seq and table not in migrated):
            continue
        if not change["deleted"]:
            changes.setdefault(table, _empty())["updated"].append(raw(change["id"], change["data"]))
        elif seq is not None:
            changes.setdefault(table, _empty())["deleted"].append(change["id"])
    answer: dict[str, Any] = {"changes": changes, "timestamp": timestamp(pulled.head)}
    return {**answer, "experimentalStrategy": "replacement", "resync": at} if replacing else answer


def _empty() -> dict[str, list[Any]]:
    return {"created": [], "updated": [], "deleted": []}


def raw(record_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """A record as WatermelonDB's raw record."""
    columns: dict[str, Any] = {}
    for name, value in data.items():
        if name in OWN | UNFIT:
            continue
        if value is None:  # of whichever kind the field is, else the client would keep what it has
            columns[name + JSON] = None
        elif isinstance(value, list | dict) or name.endswith(JSON):
            columns[name + JSON] = orjson.dumps(value).decode()
        if not name.endswith(JSON) and not isinstance(value, list | dict):
            columns[name] = value
    return {"id": record_id, **columns}


# --- push ------------------------------------------------------------------------------------------------


def push(
    conn: Connection,
    key: DataKey,
    last: int,
    tables: Mapping[str, Mapping[str, list[Any]]],
    *,
    now_ms: int,
    device: str,
) -> tuple[dict[str, Any], bool]:
    """The answer to a client's changes, and whether something moved. Raises Fault 409, with nothing done: pull first.

    WatermelonDB asks for that when a record has changed since the client's last pull. Only where the push would change
    it again: a push that comes twice finds its own doing, and moves nothing.
    """
    head = store.lock_head(conn, key.stream)
    seq = place(last, head)
    if not isinstance(seq, int):
        raise Fault(409, "Too much has changed since the last pull: pull, then push again.", resync=seq)
    found = held(conn, key, ((table, record_id) for table, _, record_id, _ in _entries(tables)))
    changes: list[Change] = []
    behind: dict[str, list[str]] = {}
    refused: list[dict[str, Any]] = []
    for table, kind, record_id, given in _entries(tables):
        before = found.get((table, record_id))
        try:
            change = _change(table, kind, record_id, given, before)
        except ColumnInvalid as error:
            refused.append({"table": table, "id": record_id, "code": "invalid", **error.told})
            continue
        if change is None:
            continue
        changes.append(change)
        if before is not None and before.seq > seq:
            behind.setdefault(table, []).append(record_id)
    if behind:
        raise Fault(409, "Records have changed since the last pull: pull, then push again.", changed=behind)
    results = submit(conn, key, changes, found, now_ms=now_ms, device=device)
    for change, result in zip(changes, results, strict=True):
        if result.error is not None:
            refused.append({"table": change.collection, **refusal(change, result)})
    moved = any(result.seq is not None for result in results)
    if not refused:
        return {}, moved
    rejected: dict[str, list[str]] = {}
    for each in refused:
        rejected.setdefault(each["table"], []).append(each["id"])
    return {"experimentalRejectedIds": rejected, "errors": refused}, moved


class ColumnInvalid(ValueError):
    """A column's text is not the JSON that its name says it is."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.told = {"field": field, "detail": reason}


def _entries(
    tables: Mapping[str, Mapping[str, list[Any]]],
) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Every (table, kind, id, raw record) of a push, in the order in which it is taken."""
    for table, sets in tables.items():
        for kind in ("created", "updated"):
            for given in sets[kind]:
                yield table, kind, given["id"], given
        for record_id in sets["deleted"]:
            yield table, "deleted", record_id, {}


def _change(
    table: str, kind: str, record_id: str, given: Mapping[str, Any], before: Held | None
) -> Change | None:
    """What an entry changes of what is stored; None when nothing. Raises ColumnInvalid."""
    rule = RULES.get(table)
    lives = before is not None and not before.deleted
    if kind == "deleted":
        return Change(table, record_id, None) if lives else None
    tracked = given.get("_changed")
    changed = frozenset(tracked.split(",")) if isinstance(tracked, str) and tracked else frozenset()
    told = kind == "updated" and lives and bool(changed)
    columns = [name for name in given if name not in OWN and (name in changed or not told)]
    wanted = dict(field(name, given[name]) for name in columns)
    said = {field(name, None)[0] for name in changed}
    if rule is None:
        return Change(table, record_id, wanted)
    if before is None or not lives:
        return Change(table, record_id, completed(rule, record_id, wanted))
    fields = {
        name: value
        for name, value in wanted.items()
        if not same(value, before.data.get(name))
        and (name in said or not _unsaid(kind, value, before.data.get(name)))
    }
    return Change(table, record_id, fields) if fields else None


def _unsaid(kind: str, value: Any, stored: Any) -> bool:
    """Whether a column is only as WatermelonDB fills in what nobody ever said."""
    if kind == "created":
        return value is None
    return stored is None and value in ("", 0, False)


def field(column: str, value: Any) -> tuple[str, Any]:
    """The field that a column stands for, and its value. Raises ColumnInvalid."""
    if not column.endswith(JSON) or len(column) == len(JSON):
        return column, value
    name = column.removesuffix(JSON)
    if value is None or value == "":
        return name, None
    try:
        return name, orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        raise ColumnInvalid(name, f"The column {column} must hold JSON text.") from None


# --- views -----------------------------------------------------------------------------------------------


@blp.route("/v1/adapters/watermelondb", methods=["GET"])
@requires(blp, "sync")
@blp.doc(
    operationId="pullWatermelon",
    summary="What changed, for WatermelonDB's pullChanges",
    description="Everything since `last_pulled_at` in one answer, as `synchronize()` wants it. docs/adapters.md has "
    "the client's side to copy.",
)
@blp.arguments(WatermelonPull(), location="query")
@blp.response(200, WatermelonPulled)
@problems_of(blp, 403, 406, 429, 503)
def get_changes(query: dict[str, Any]) -> Response:
    """The account's changes since the client's last pull."""

    def work(conn: Connection, key: DataKey) -> dict[str, Any]:
        return pull(conn, key, query["last_pulled_at"] or None, query["migration"], query["tables"])

    return answered(pulled_by(work))


@blp.route("/v1/adapters/watermelondb", methods=["POST"])
@requires(blp, "sync")
@blp.doc(
    operationId="pushWatermelon",
    summary="What the client changed, for WatermelonDB's pushChanges",
    description="The tables, as the body or as its `changes`. One transaction over all of them. What is not accepted "
    "is named, and stops nothing else. 409: pull first, then push again.",
)
@blp.arguments(WatermelonPushQuery(), location="query")
@blp.arguments(WatermelonChanges())
@blp.response(200, WatermelonPushed)
@problems_of(blp, 400, 403, 409, 413, 415, 429, 503)
def post_changes(query: dict[str, Any], body: dict[str, Any]) -> Response:
    """Take the client's changes in."""

    def work(conn: Connection, key: DataKey) -> tuple[dict[str, Any], bool]:
        return push(
            conn, key, query["last_pulled_at"], body["changes"],
            now_ms=time.time_ns() // 1_000_000, device=query["device"],
        )  # fmt: skip

    return answered(pushed_by(query["device"], work))
