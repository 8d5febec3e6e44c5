"""Pictures and films that were found good: kept once by content, described, attached to exercises by a draft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert

from server.catalog import drafts
from server.catalog.drafts import Actor, Draft
from server.catalog.media_form import ITEMS
from server.catalog.tables import catalog_document
from server.media.formats import Refused, object_key
from server.media.inspect import POSTER_TYPE, Inspected
from server.media.tables import media_asset
from sync.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Asset:
    """`file`: what an item of media/<slug> says of it, without the words."""

    sha256: str
    kind: str
    file: dict[str, Any]
    source: str
    alt: dict[str, str]
    credit: str | None
    licence: str | None
    created_by: str
    created_at: datetime

    @property
    def item(self) -> dict[str, Any]:
        """As it stands in media/<slug>."""
        said = {"credit": self.credit, "licence": self.licence}
        return {
            "kind": self.kind,
            **self.file,
            "alt": self.alt,
            **{n: text for n, text in said.items() if text},
        }

    @property
    def object(self) -> str:
        """The object's key."""
        return object_key(self.sha256, self.file["type"])

    @property
    def poster(self) -> str | None:
        """The key of the object that stands for a film, or of a picture's smallest variant."""
        if "poster" in self.file:
            return object_key(self.file["poster"], POSTER_TYPE)
        shown = [*self.file["variants"], self.file][0]
        return object_key(shown["sha256"], shown["type"])


class AssetMissing(LookupError):
    """There is no such picture or film."""


def keep(
    conn: Connection,
    store: ObjectStore,
    found: Inspected,
    *,
    source: str,
    by: str,
    now: datetime,
    alt: dict[str, str] | None = None,
) -> str:
    """Put the files of `found` as objects, and the asset beside them; returns its SHA-256.

    Objects come first: what a rollback leaves is harmless, because a key is the hash of its content.
    """
    for made in found.made:
        store.put_file_if_absent(object_key(made.sha256, made.type), made.path, made.type)
    sha256: str = found.file["sha256"]
    conn.execute(
        insert(media_asset)
        .values(
            sha256=sha256,
            kind=found.kind,
            file=found.file,
            source=source,
            alt=alt or {},
            created_by=by,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )
    return sha256


def find(conn: Connection, sha256: str) -> Asset:
    """The asset. Raises AssetMissing."""
    row = conn.execute(select(media_asset).where(media_asset.c.sha256 == sha256)).one_or_none()
    if row is None:
        raise AssetMissing(sha256)
    return _asset(row)


def of_source(conn: Connection, source: str) -> str | None:
    """The asset that a file with this SHA-256 became before."""
    a = media_asset.c
    return conn.execute(select(a.sha256).where(a.source == source).limit(1)).scalar_one_or_none()


def listed(
    conn: Connection, limit: int, offset: int = 0, kinds: tuple[str, ...] = ("image", "video")
) -> list[Asset]:
    """The newest first."""
    a = media_asset.c
    rows = select(media_asset).where(a.kind.in_(kinds)).order_by(a.created_at.desc(), a.sha256)
    return [_asset(row) for row in conn.execute(rows.limit(limit).offset(offset))]


def describe(
    conn: Connection, sha256: str, alt: dict[str, str], credit: str | None, licence: str | None
) -> None:
    """Keep what the asset shows, in words, and whose it is."""
    this = update(media_asset).where(media_asset.c.sha256 == sha256)
    conn.execute(this.values(alt=alt, credit=credit, licence=licence))


def attach(
    conn: Connection, actor: Actor, slug: str, item: dict[str, Any], now: datetime, *, origin: str = "media"
) -> Draft:
    """A draft of media/<slug> with the item at its end, or in the place of the same one.

    Goes on with the draft that is open. Raises Refused when the exercise is not there or has enough media, and what
    `server.catalog.drafts` raises.
    """
    c = catalog_document.c
    exercise = select(c.id).where(c.collection == "exercise", c.id == slug, c.state != "retired")
    if conn.execute(exercise).one_or_none() is None:
        raise Refused(f"There is no exercise {slug}.")
    key = ("media", slug)
    draft = drafts.open_for(conn, key)
    kept = draft.data if draft else _document(conn, slug)
    items = list(kept["items"]) if kept else []
    same = [n for n, each in enumerate(items) if _name(each) == _name(item)]
    if same:
        items[same[0]] = item
    else:
        items.append(item)
    if len(items) > ITEMS[-1]:
        raise Refused(
            f"{slug} has {ITEMS[-1]} pictures and films, which is as many as there can be. Remove one first."
        )
    data = {"slug": slug, "items": items}
    if draft is None:
        return drafts.start(conn, actor, key, data=data, origin=origin, now=now)
    return drafts.save(conn, actor, draft.id, draft.version, data, now=now)


def detach(
    conn: Connection, actor: Actor, slug: str, name: str, now: datetime, *, origin: str = "media"
) -> Draft | None:
    """A draft of media/<slug> without the item of this SHA-256 or video id; None when it is not there."""
    key = ("media", slug)
    draft = drafts.open_for(conn, key)
    kept = draft.data if draft else _document(conn, slug)
    items = list(kept["items"]) if kept else []
    left = [each for each in items if _name(each) != name]
    if len(left) == len(items):
        return None
    if not left:
        if draft is not None and draft.base is None:
            return drafts.discard(conn, actor, draft.id, now=now)
        if draft is None:
            return drafts.take_back(conn, actor, key, origin=origin, now=now)
        return drafts.save(conn, actor, draft.id, draft.version, None, now=now)
    data = {"slug": slug, "items": left}
    if draft is None:
        return drafts.start(conn, actor, key, data=data, origin=origin, now=now)
    return drafts.save(conn, actor, draft.id, draft.version, data, now=now)


def used_by(conn: Connection, sha256: str) -> list[str]:
    """The exercises whose media hold the asset, also those that the next release will."""
    c = catalog_document.c
    holds = c.data["items"].contains([{"sha256": sha256}])
    rows = select(c.id).where(c.collection == "media", c.state != "retired", holds).order_by(c.id)
    return list(conn.scalars(rows))


def _document(conn: Connection, slug: str) -> dict[str, Any] | None:
    c = catalog_document.c
    found: dict[str, Any] | None = conn.execute(
        select(c.data).where(c.collection == "media", c.id == slug, c.state != "retired")
    ).scalar_one_or_none()
    return found


def _name(item: dict[str, Any]) -> str:
    return str(item.get("sha256") or item.get("id"))


def _asset(row: Row[Any]) -> Asset:
    return Asset(**row._mapping)
