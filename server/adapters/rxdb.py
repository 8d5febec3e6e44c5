"""RxDB's `replicateRxCollection`: `GET …/pull` and `POST …/push` under `/v1/adapters/rxdb/<collection>`.

A document is a record's fields, its `id` and `_deleted`. A field that is null here is absent there, and back again,
since RxDB's schemas rarely allow null. `GET …/pullStream`, which wakes a client up, is `server.live`'s.

RxDB judges a push by documents: it sends the state that it wants and the one that it took for the master's. We judge by
fields: what the client changed meets what has changed here since, and only where both changed the same field is it a
conflict, which the client then solves. All else merges, and comes back with its next pull.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

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
from server.adapters.schemas import MOST_ROWS, RX_PUSHED, Row, RxPull, RxPulled, RxPushQuery
from server.problems import Fault
from server.web import Blueprint, problems_of
from sync import store
from sync.cursor import Cursor, CursorInvalid, encode
from sync.records import RULES, Rule
from sync.sealing import DataKey

PAGE_MOST: Final = 1000
OWN: Final = frozenset({"id", "_deleted", "_rev", "_meta", "_attachments"})
"""Members of a document that are RxDB's own."""

blp = Blueprint("rxdb", __name__, description="For apps that replicate with RxDB's replicateRxCollection")


# --- pull ------------------------------------------------------------------------------------------------


def pull(conn: Connection, key: DataKey, collection: str, since: Cursor | None, limit: int) -> dict[str, Any]:
    """Up to `limit` documents after a checkpoint; fewer only when there are no more.

    The stream holds all collections, so pages of it are read until enough is found. The checkpoint carries the whole
    cursor: only it tells a first pull in many pages from one that has missed a deletion.
    """
    documents: list[dict[str, Any]] = []
    answer: dict[str, Any] = {"documents": documents, "checkpoint": _checkpoint(since)}
    at, more, page, place = since, True, limit, 0
    while more and len(documents) < limit:
        pulled = store.pull(conn, key.stream, at, min(page, PAGE_MOST))
        if pulled.kind == "resync":
            if at is not since:
                raise Fault(
                    503, "The stream is being rewritten. Please try again.", headers={"Retry-After": "5"}
                )
            at, answer["resync"] = None, pulled.reason
            continue
        following, more, page = pulled.cursor, pulled.more, page * 2
        for change in opened(pulled, key):
            if change["collection"] != collection:
                continue
            if len(documents) == limit:  # what did not fit is read again: the place is the last one that did
                following, more = _within(pulled, at, place), True
                break
            documents.append(document(change["id"], change["data"], deleted=change["deleted"]))
            place = change["seq"]
        at = following
    if documents or "resync" in answer:
        answer["checkpoint"] = _checkpoint(at)
    return answer


def _within(pulled: store.Pulled, since: Cursor | None, seq: int) -> Cursor:
    """The cursor in the middle of a page, in the window that the page belongs to."""
    until = pulled.head.seq if since is None or since.until is None else since.until
    fresh = since is None or since.fresh or since.seq == 0
    return Cursor(pulled.cursor.stream, pulled.head.epoch, seq, until, fresh)


def _checkpoint(cursor: Cursor | None) -> dict[str, Any] | None:
    return None if cursor is None else {"id": encode(cursor), "rev": cursor.seq}


def document(record_id: str, data: Mapping[str, Any] | None, *, deleted: bool) -> dict[str, Any]:
    """A record as RxDB's document."""
    fields = {name: value for name, value in (data or {}).items() if value is not None and name not in UNFIT}
    return {**fields, "id": record_id, "_deleted": deleted}


# --- push ------------------------------------------------------------------------------------------------


class Conflict(Exception):
    """The client has not seen what it would overwrite."""


def push(
    conn: Connection,
    key: DataKey,
    collection: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    now_ms: int,
    device: str,
) -> tuple[dict[str, list[dict[str, Any]]], bool]:
    """The master's documents of those of a client's rows that are in conflict, and whether something moved.

    A row that is refused is answered the same way, since RxDB has no other, and named in `rejected`: the client goes
    back to what the master has.
    """
    store.lock_head(conn, key.stream)
    found = held(conn, key, ((collection, row["new"]["id"]) for row in rows))
    changes: list[Change] = []
    conflicts: list[dict[str, Any]] = []
    for row in rows:
        new, assumed = row["new"], row["assumed"]
        before = found.get((collection, new["id"]))
        try:
            fields = wanted(RULES[collection], new, assumed, before)
        except Conflict:
            conflicts.append(_master(new["id"], before))
            continue
        if fields is None or fields:
            changes.append(Change(collection, new["id"], fields))
    results = submit(conn, key, changes, found, now_ms=now_ms, device=device)
    rejected: list[dict[str, Any]] = []
    for change, result in zip(changes, results, strict=True):
        if result.error is not None:
            rejected.append(refusal(change, result))
            conflicts.append(_master(change.id, found.get((collection, change.id))))
    moved = any(result.seq is not None for result in results)
    return {"conflicts": conflicts, "rejected": rejected}, moved


def _master(record_id: str, before: Held | None) -> dict[str, Any]:
    """What the master has: nothing is as good as deleted."""
    if before is None:
        return document(record_id, None, deleted=True)
    return document(record_id, before.data, deleted=before.deleted)


def wanted(
    rule: Rule, new: Mapping[str, Any], assumed: Mapping[str, Any] | None, before: Held | None
) -> dict[str, Any] | None:
    """The fields that a row sets, an empty dict for none, None to delete. Raises Conflict.

    Only what the client mentions counts: a field that is in neither of its documents it may not know at all.
    """
    lives = before is not None and not before.deleted
    took = _fields(assumed) if assumed is not None and not assumed["_deleted"] else None
    master = before.data if before is not None and lives else {}
    if new["_deleted"]:
        if lives and (took is None or any(not same(value, master.get(name)) for name, value in took.items())):
            raise Conflict
        return None if lives else {}
    fields = _fields(new)
    if not lives:
        # The client took it for there, or never saw that it was deleted.
        if took is not None or (before is not None and assumed is None):
            raise Conflict
        return completed(rule, new["id"], fields)
    base = took or {}
    names = dict.fromkeys(name for name in (*new, *(assumed or {})) if name not in OWN)
    own = [name for name in names if not same(fields.get(name), base.get(name))]
    changed = {name: fields.get(name) for name in own if not same(fields.get(name), master.get(name))}
    if any(not same(master.get(name), base.get(name)) for name in changed):
        raise Conflict
    return changed or _again(rule, fields, own, master, names)


def _again(
    rule: Rule, fields: Mapping[str, Any], own: Sequence[str], master: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """What to set when the master says already what the client wants to say.

    Nothing, as a rule. But RxDB passes over what it pulls of a document that it has yet to push, and takes a push
    without a conflict for the master's word: if there is more to the master, it would never know. So its fields are set
    again, and the document comes with the next pull.
    """
    mine = {name: fields[name] for name in own if name in fields}
    if not mine and any(not same(master.get(name), fields.get(name)) for name in names):
        raise Conflict
    more = any(not same(master.get(name), fields.get(name)) for name in {*master, *names})
    return mine if more and not rule.append_only else {}


def _fields(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name not in OWN and value is not None}


# --- views -----------------------------------------------------------------------------------------------


@blp.route("/v1/adapters/rxdb/<collection>/pull", methods=["GET"])
@requires(blp, "sync")
@blp.doc(
    operationId="pullRx",
    summary="What changed in one collection, for RxDB's pull handler",
    description="Up to `limit` documents after the checkpoint, deleted ones among them. docs/adapters.md has the "
    "client's side to copy.",
)
@blp.arguments(RxPull(), location="query")
@blp.response(200, RxPulled)
@problems_of(blp, 403, 404, 406, 429, 503)
def get_documents(query: dict[str, Any], collection: str) -> Response:
    """One page of a collection."""
    known(collection)

    def work(conn: Connection, key: DataKey) -> dict[str, Any]:
        try:
            return pull(conn, key, collection, query["id"], query["limit"])
        except CursorInvalid as error:
            said = f"Not a checkpoint of this account: {error}."
            raise Fault(422, "The request is not valid: see id.", errors={"id": [said]}) from None

    return answered(pulled_by(work))


@blp.route("/v1/adapters/rxdb/<collection>/push", methods=["POST"])
@requires(blp, "sync")
@blp.doc(
    operationId="pushRx",
    summary="What the client changed in one collection, for RxDB's push handler",
    description="Answers the master's documents of the rows that are in conflict, or that were refused. All others "
    "are taken, in one transaction. An equal document is never a conflict.",
)
@blp.arguments(RxPushQuery(), location="query")
@blp.arguments(Row(many=True))
@blp.response(200, RX_PUSHED)
@problems_of(blp, 400, 403, 404, 413, 415, 429, 503)
def post_documents(query: dict[str, Any], rows: list[dict[str, Any]], collection: str) -> Response:
    """Take the client's rows in."""
    known(collection)
    if len(rows) > MOST_ROWS:
        said = f"At most {MOST_ROWS} rows go into one request, not {len(rows)}."
        raise Fault(422, "The request is not valid: see body.", errors={"body": [said]})
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if row["new"]["id"] in seen:
            field = f"{number}.newDocumentState.id"
            raise Fault(
                422, f"The request is not valid: see {field}.", errors={field: ["This id occurs twice."]}
            )
        seen.add(row["new"]["id"])

    def work(conn: Connection, key: DataKey) -> tuple[dict[str, list[dict[str, Any]]], bool]:
        now_ms = time.time_ns() // 1_000_000
        return push(conn, key, collection, rows, now_ms=now_ms, device=query["device"])

    done = pushed_by(query["device"], work)
    return answered(done if query["rejected"] else done["conflicts"])


def known(collection: str) -> None:
    """Raises Fault 404 for a collection that accounts do not have."""
    if collection not in RULES:
        raise Fault(404, f"There is no collection {collection[:64]!r}; there are {', '.join(RULES)}.")
