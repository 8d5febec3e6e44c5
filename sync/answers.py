"""What a device reads out of a server's answers.

Nothing is believed: every member's type and range is looked at.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sync.canonical import document_digest
from sync.clock import ClockInvalid, parse
from sync.replica import Row
from sync.transport import Transport

MAX_BODY = 64 << 20
_MAX_SEQ = (1 << 63) - 1


class Refused(Exception):
    """Something that this device does not let in; the message says why."""


@dataclass(frozen=True)
class Page:
    """One answer of `/v1/catalog/changes`, checked."""

    rows: list[Row]
    cursor: str
    more: bool
    resync: str | None
    snapshot: dict[str, Any] | None
    release: Any


# collection, id, seq, deleted, data as JSON text, digest of data, the greatest clock in it
AccountRow = tuple[str, str, int, bool, str | None, str | None, str | None]


@dataclass(frozen=True)
class Result:
    """What became of one patch; `error`, of one that was rejected, is {"code", "field", "detail"}."""

    status: str
    seq: int | None
    error: dict[str, Any] | None


@dataclass(frozen=True)
class AccountPage:
    """The account's part of an answer of `/v1/sync`."""

    rows: list[AccountRow]
    cursor: str
    more: bool
    resync: str | None


@dataclass(frozen=True)
class Synced:
    """One answer of `/v1/sync`, checked. A part that was not asked for, or has nothing to say, is None."""

    server_ms: int
    results: list[Result]
    account: AccountPage | None
    catalog: Page | None
    model: dict[str, Any] | None
    counted: bool
    next_after_s: int | None
    live: str | None


@dataclass(frozen=True)
class CatalogManifest:
    """The signed statement about one catalogue release."""

    release: int
    epoch: str
    digest: str
    documents: int
    published_at: str


@dataclass(frozen=True)
class ModelManifest:
    """The signed statement about one model."""

    sequence: int
    sha256: str
    bytes: int
    contract: int
    channel: str
    catalog_min: int
    catalog_max: int | None
    golden_sha256: str
    golden_bytes: int
    expires_at: datetime
    operators: frozenset[str]
    withdrawn: frozenset[str]


def fetch(
    transport: Transport, url: str, etag: str | None = None, bear: Collection[int] = (404,)
) -> tuple[int, Any, str | None]:
    """GET JSON: (status, body, ETag); the body is None for 304 and for the statuses that the caller can `bear`.

    Raises Refused for any other status and for what is not JSON.
    """
    headers = {"Accept": "application/json"} | ({"If-None-Match": etag} if etag else {})
    with transport(url, headers) as response:
        if response.status in bear or (response.status == 304 and etag):
            return response.status, None, None
        if response.status != 200:
            raise Refused(f"the server answered {response.status} to {url.partition('?')[0]}")
        return 200, parse_json(response.read(MAX_BODY)), response.headers.get("etag")


def parse_json(body: bytes) -> Any:
    """Strict JSON; raises Refused."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused("the server's answer is not JSON") from error


def member(body: Any, name: str, *kinds: type) -> Any:
    """`body[name]`, of one of the types `kinds`; missing counts as None. Raises Refused naming it."""
    value = body.get(name) if isinstance(body, Mapping) else None
    if type(value) not in kinds or (isinstance(value, int) and not 0 <= value <= _MAX_SEQ):
        raise Refused(f"the server's answer has no usable {name!r}")
    return value


def page(body: Any) -> Page:
    """Read a body of `/v1/catalog/changes`; raises Refused."""
    none = type(None)
    return Page(
        rows(body),
        member(body, "cursor", str),
        member(body, "more", bool),
        member(body, "resync", str, none),
        member(body, "snapshot", dict, none),
        body.get("release"),
    )


def rows(body: Any) -> list[Row]:
    """The rows of `changes`, each with the digest of its data. Raises Refused."""
    result: list[Row] = []
    for change in member(body, "changes", list):
        deleted = member(change, "deleted", bool)
        data = None if deleted else member(change, "data", dict)
        try:
            digest = None if data is None else document_digest(data)
        except (ValueError, RecursionError) as error:
            raise Refused("a document has no canonical form") from error
        text = None if data is None else orjson.dumps(data).decode()
        result.append(
            (
                member(change, "collection", str),
                member(change, "id", str),
                member(change, "seq", int),
                deleted,
                text,
                digest,
            )
        )
    return result


def synced(body: Any, sent: Sequence[str]) -> Synced:
    """Read a body of `/v1/sync`, the answer to patches of the records `sent`. Raises Refused."""
    none = type(None)
    results = member(body, "results", list, none) or []
    if [result.get("id") if isinstance(result, Mapping) else None for result in results] != list(sent):
        raise Refused("the server's results are not those of what was sent")
    account, catalog = member(body, "account", dict, none), member(body, "catalog", dict, none)
    return Synced(
        member(body, "server_time", int),
        [_result(result) for result in results],
        None if account is None else _account_page(account),
        None if catalog is None else page(catalog),
        member(body, "model", dict, none),
        member(body, "health", dict, none) is not None,
        member(body, "next_sync_after_s", int, none),
        member(body, "live", str, none),
    )


def _result(body: Any) -> Result:
    status, error = member(body, "status", str), member(body, "error", dict, type(None))
    if status not in ("applied", "merged", "stale", "rejected", "deferred"):
        raise Refused(f"the server's answer has no usable 'status': {status[:40]!r}")
    if status == "rejected":
        error = {name: member(error, name, str, type(None)) or "" for name in ("code", "field", "detail")}
    return Result(status, member(body, "seq", int, type(None)), error)


def _account_page(body: Any) -> AccountPage:
    clocks = [member(change, "hlc", str, type(None)) for change in member(body, "changes", list)]
    try:
        for hlc in clocks:
            if hlc is not None:
                parse(hlc)
    except ClockInvalid as error:
        raise Refused("the server's answer has no usable 'hlc'") from error
    return AccountPage(
        [(*row, hlc) for row, hlc in zip(rows(body), clocks, strict=True)],
        member(body, "cursor", str),
        member(body, "more", bool),
        member(body, "resync", str, type(None)),
    )


def catalog_manifest(manifest: dict[str, Any]) -> CatalogManifest:
    """Read a verified manifest; raises Refused when it speaks of something else or lacks a member."""
    if manifest.get("kind") != "catalog":
        raise Refused("the signed manifest is not one of a catalogue")
    return CatalogManifest(
        member(manifest, "release", int),
        member(manifest, "epoch", str),
        member(manifest, "digest", str),
        member(manifest, "documents", int),
        member(manifest, "published_at", str),
    )


def model_manifest(manifest: dict[str, Any]) -> ModelManifest:
    """Read a verified manifest; raises Refused when it speaks of something else or lacks a member."""
    if manifest.get("kind") != "model":
        raise Refused("the signed manifest is not one of a model")
    golden = member(manifest, "golden", dict)
    return ModelManifest(
        member(manifest, "sequence", int),
        _sha256(manifest),
        member(manifest, "bytes", int),
        member(manifest, "contract", int),
        member(manifest, "channel", str),
        member(manifest, "catalog_min", int),
        member(manifest, "catalog_max", int, type(None)),
        _sha256(golden),
        member(golden, "bytes", int),
        _instant(manifest, "expires_at"),
        _names(manifest.get("operators"), "operators"),
        _names(manifest.get("withdrawn") or [], "withdrawn"),
    )


def _names(value: Any, name: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise Refused(f"the signed manifest has no usable {name!r}")
    return frozenset(value)


def _sha256(body: Any) -> str:
    """A content hash. It becomes a file name, so its form matters."""
    text: str = member(body, "sha256", str)
    if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise Refused("the signed manifest has no usable 'sha256'")
    return text


def _instant(body: Any, name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(member(body, name, str))
    except ValueError as error:
        raise Refused(f"the signed manifest has no usable {name!r}") from error
    if instant.tzinfo is None:
        raise Refused(f"the signed manifest has no time zone in {name!r}")
    return instant
