"""How a device brings its catalogue up to date.

Pages or a snapshot are staged, checked against the signed digest, let in whole.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sync import answers, replica
from sync.answers import CatalogManifest, Refused
from sync.canonical import catalog_digest
from sync.signing import SignatureInvalid, verify
from sync.transport import Transport, TransportError

_MAX_PAGES = 10_000
_BAD_CURSOR = frozenset({400, 410, 422})


@dataclass
class CatalogReport:
    """What a sync did to the catalogue. `outcome`: applied, unchanged, none (nothing was published), failed.

    `release` and `documents` describe what the device holds afterwards; `source` is snapshot, pages or
    changes; `resync` is why it started over: the server's reason, or "cursor" when the server could not read
    ours; `problem` is set when failed: the old release then stays.
    """

    outcome: str = "unchanged"
    release: int | None = None
    previous: int | None = None
    changed: int = 0
    deleted: int = 0
    documents: int = 0
    key_id: str | None = None
    source: str | None = None
    resync: str | None = None
    problem: str | None = None


class _DigestDiffers(Refused):
    pass


class Pull:
    """One way from the release that the device holds to the server's newest, a page at a time.

    Ask with `cursor`, give what came to `take`, until that returns a report. `take` raises Refused, SignatureInvalid or
    TransportError, and then what the person sees is untouched; pages staged before a broken answer are kept for the
    next try. `on_accept` runs inside the transaction that lets a release in.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        transport: Transport,
        keys: Mapping[str, str],
        now: datetime,
        on_accept: Callable[[], None] = lambda: None,
    ) -> None:
        self._db, self._transport, self._keys, self._now, self._on_accept = (
            db,
            transport,
            keys,
            now,
            on_accept,
        )
        self.held: dict[str, Any] | None = replica.recall(db, "catalog")
        self._staging = replica.recall(db, "staging") or _begin(self.held)
        self._resumed = self.cursor != (self.held or {}).get("cursor")
        self._healed, self._resyncs = False, 0

    @property
    def cursor(self) -> str | None:
        """Where to go on from; None: from nothing."""
        cursor: str | None = self._staging["cursor"]
        return cursor

    def unchanged(self) -> CatalogReport:
        """The server says that the release held is the newest."""
        assert self.held is not None
        replica.remember(self._db, "catalog", self.held | {"confirmed_at": self._now.isoformat()})
        return held_report(self._db, "unchanged")

    def bad_cursor(self) -> bool:
        """The server cannot read the cursor: begin from nothing, once. False when that was done before."""
        if self.cursor is None or self._healed:
            return False
        # Nobody signs a cursor: this one was damaged on its way to us, so it is worth nothing.
        self._healed, self._resumed = True, False
        self._staging = _start_over(self._db, self._staging["resync"] or "cursor")
        return True

    def take(self, page: answers.Page) -> CatalogReport | None:
        """Let one answer in. None: ask again."""
        db, staging = self._db, self._staging
        if page.resync is not None:
            self._resyncs += 1
            if self._resyncs > 2:
                raise Refused("the server asks to start over again and again")
            staging = _start_over(db, page.resync)
        if staging["cursor"] is None:
            # A snapshot that led to a resync is too old to continue from.
            if (
                page.snapshot
                and self._resyncs < 2
                and _stage_snapshot(db, self._transport, page.snapshot, staging)
            ):
                self._staging = staging
                return None
            staging["source"] = "pages"
        elif page.more and page.cursor == staging["cursor"]:
            raise Refused("the server's answer leads nowhere: it says there is more, but not where")
        self._staging = staging = staging | {"cursor": page.cursor}
        if page.more:
            replica.stage(db, page.rows, staging)
            return None
        try:
            return _finish(db, page, staging, self._keys, self._now, self._on_accept)
        except _DigestDiffers:
            # A damaged copy or a half-remembered staging: once more, from nothing.
            if self._healed or (staging["full"] and not self._resumed):
                replica.discard_staging(db)
                raise
            self._healed = True
            self._staging = _start_over(db, staging["resync"])
            return None
        except (Refused, SignatureInvalid):
            replica.discard_staging(db)
            raise


def pull(
    db: sqlite3.Connection,
    transport: Transport,
    keys: Mapping[str, str],
    now: datetime,
    page_limit: int | None = None,
    on_accept: Callable[[], None] = lambda: None,
) -> CatalogReport:
    """Bring the replica to the server's newest complete release, by GET. See `Pull`."""
    way = Pull(db, transport, keys, now, on_accept)
    held = way.held
    for _ in range(_MAX_PAGES):
        etag = replica.recall(db, "changes_etag") or {}
        url = _changes_url(way.cursor, page_limit)
        sent = etag["etag"] if etag.get("url") == url and held else None
        status, body, tag = answers.fetch(transport, url, sent, {404} | _BAD_CURSOR)
        if status == 304:
            return way.unchanged()
        if status == 404 and held is None:
            return CatalogReport("none")
        if status == 404:
            raise Refused("the server has no catalogue any more")
        if status in _BAD_CURSOR:
            if way.bad_cursor():
                continue
            raise Refused(f"the server answered {status} to {url.partition('?')[0]}")
        page = answers.page(body)
        report = way.take(page)
        if report is None:
            continue
        if report.outcome == "unchanged" and tag and page.cursor == (held or {}).get("cursor"):
            replica.remember(db, "changes_etag", {"url": url, "etag": tag})
        return report
    raise Refused("the server's answer never ends")


def _begin(held: dict[str, Any] | None) -> dict[str, Any]:
    cursor = held["cursor"] if held else None
    return {"full": held is None, "resync": None, "cursor": cursor, "source": "changes" if held else None}


def _start_over(db: sqlite3.Connection, resync: str | None) -> dict[str, Any]:
    replica.discard_staging(db)
    return {"full": True, "resync": resync, "cursor": None, "source": None}


def _changes_url(cursor: str | None, page_limit: int | None) -> str:
    query = {"since": cursor} if cursor else {}
    if page_limit:
        query["limit"] = str(page_limit)
    return "/v1/catalog/changes" + (f"?{urlencode(query)}" if query else "")


def _stage_snapshot(
    db: sqlite3.Connection, transport: Transport, hint: dict[str, Any], staging: dict[str, Any]
) -> bool:
    """Stage the snapshot that the server offers.

    False when it cannot be had whole: the pages then do instead.
    """
    try:
        url, sha256 = answers.member(hint, "url", str), answers.member(hint, "sha256", str)
        cursor = answers.member(hint, "cursor", str)
        with transport(url, {"Accept": "application/json"}) as response:
            if response.status != 200:
                return False
            raw = response.read(answers.MAX_BODY)
        if hashlib.sha256(raw).hexdigest() != sha256:
            return False
        body = answers.parse_json(raw)
        rows = answers.rows(body)
    except (TransportError, Refused):
        return False
    staging |= {"cursor": cursor, "source": "snapshot"}
    replica.stage(db, rows, staging)
    return True


def _finish(
    db: sqlite3.Connection,
    page: answers.Page,
    staging: dict[str, Any],
    keys: Mapping[str, str],
    now: datetime,
    on_accept: Callable[[], None],
) -> CatalogReport:
    """Check the complete checkpoint against its signed manifest and let it in, in one transaction."""
    held = replica.recall(db, "catalog")
    if page.release is None:
        if held is None and not page.rows:
            replica.discard_staging(db)
            return CatalogReport("none")
        raise Refused("the server sent a catalogue without a signed release")
    manifest = answers.catalog_manifest(verify(page.release, keys))
    _refuse_rollback(manifest, held, staging["resync"])
    replica.stage(db, page.rows, staging)
    with replica.transaction(db):
        before = replica.digests(db)
        after = replica.staged_digests(db, full=staging["full"])
        if catalog_digest(after) != manifest.digest or len(after) != manifest.documents:
            raise _DigestDiffers(
                f"the documents of release {manifest.release} are not the ones that were signed"
            )
        replica.apply(db, full=staging["full"])
        left = set(held["epochs_left"]) | {held["epoch"]} if held else set()
        new = {
            "cursor": page.cursor,
            "envelope": page.release,
            "epoch": manifest.epoch,
            "epochs_left": sorted(left - {manifest.epoch}),
            "release": manifest.release,
            "digest": manifest.digest,
            "published_at": manifest.published_at,
            "confirmed_at": now.isoformat(),
        }
        replica.remember(db, "catalog", new)
        on_accept()
    report = held_report(db, "unchanged")
    report.source, report.resync = staging["source"], staging["resync"]
    if held is None or held["release"] != manifest.release or before != after:
        report.outcome = "applied"
        report.previous = held["release"] if held else None
        report.changed = sum(before.get(key) != digest for key, digest in after.items())
        report.deleted = len(before.keys() - after.keys())
    return report


def _refuse_rollback(manifest: CatalogManifest, held: dict[str, Any] | None, resync: str | None) -> None:
    """Signatures do not age: an old release, truly signed, must not replace a newer one."""
    if held is None:
        return
    number, same_epoch = held["release"], manifest.epoch == held["epoch"]
    if manifest.epoch in held["epochs_left"]:
        raise Refused(f"release {manifest.release} is of an epoch that this device has left for good")
    if manifest.release < number and (same_epoch or resync is None):
        raise Refused(f"release {manifest.release} is older than release {number}, which this device holds")
    if manifest.release == number and same_epoch and manifest.digest != held["digest"]:
        raise Refused(
            f"release {number} comes with other documents than the ones this device holds under that number"
        )


def held_report(db: sqlite3.Connection, outcome: str, problem: str | None = None) -> CatalogReport:
    """A report of what the device holds as it is."""
    report, held = CatalogReport(outcome, problem=problem), replica.recall(db, "catalog")
    if held is not None:
        report.release, report.key_id = held["release"], held["envelope"]["key_id"]
        report.documents = db.execute("SELECT count(*) FROM document").fetchone()[0]
    return report
