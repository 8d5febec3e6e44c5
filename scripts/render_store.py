"""Rendered clips into object storage and the catalogue: what scripts/render-clips --store does at its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from sqlalchemy import Connection, select

from server.catalog import documents
from server.catalog.history import SYSTEM
from server.catalog.media_form import check_form
from server.catalog.tables import catalog_document
from server.commands import transaction
from server.media import assets
from server.media.inspect import Inspected, Made
from server.settings import Settings, SettingsError
from sync.canonical import sha256_hex
from sync.objects import ObjectStore, StoreInvalid, StoreUnavailable, open_store

if TYPE_CHECKING:
    from render_lib import Rendered

ALT = {"en": "A drawn person shows the exercise: {}.", "de": "Eine gezeichnete Person zeigt die Übung: {}."}


class StoreFailed(RuntimeError):
    """The clips could not be stored; the message says why."""


def store_clips(made: Sequence[Rendered], out: Path) -> str:
    """Put the clips as objects and approve `media/<slug>` for each approved exercise; returns a sentence.

    A rendering changes nothing that a person decided: it shows the approved clip, so nobody reviews it again. It comes
    to devices with the next release, which a person makes. Raises StoreFailed.
    """
    try:
        settings = Settings.from_env()
        store = open_store(settings.objects)
        with transaction(settings) as conn:
            return written(conn, store, made, out, datetime.now(UTC))
    except (SettingsError, StoreInvalid, StoreUnavailable) as error:
        raise StoreFailed(str(error)) from None


def written(conn: Connection, store: ObjectStore, made: Sequence[Rendered], out: Path, now: datetime) -> str:
    """As `store_clips`, with a connection and a store."""
    c = catalog_document.c
    rows = select(c.id, c.data["name"].astext).where(c.collection == "exercise", c.state == "approved")
    names = {row[0]: row[1] for row in conn.execute(rows)}
    words = select(c.id, c.data["text"]["de"]["name"].astext).where(
        c.collection == "guide", c.state == "approved"
    )
    german = {row[0]: row[1] for row in conn.execute(words)}
    changed = same = 0
    for each in made:
        if each.slug not in names:
            continue
        spoken = {"en": names[each.slug], "de": german.get(each.slug) or names[each.slug]}
        item = _kept(
            conn, store, out, each, {code: ALT[code].format(name) for code, name in spoken.items()}, now
        )
        found = documents.stored(conn, ("media", each.slug))
        items = list(found.approved["items"]) if found and found.approved else []
        data = {"slug": each.slug, "items": [*(one for one in items if one["kind"] != "clip"), item]}
        if item in items:
            same += 1
            continue
        if wrong := list(check_form(each.slug, data)):
            raise StoreFailed(f"media/{each.slug}.{wrong[0][0]} {wrong[0][1]}")
        documents.put(conn, SYSTEM, ("media", each.slug), data, now=now, action="media.rendered")
        changed += 1
    away = len(made) - changed - same
    return f"{changed} media documents written, {same} unchanged" + (
        f", {away} without an approved exercise" if away else ""
    )


def _kept(
    conn: Connection, store: ObjectStore, out: Path, each: Rendered, alt: dict[str, str], now: datetime
) -> dict[str, Any]:
    """The item of a clip, its files stored."""
    files = {kind: out / f"{each.slug}.{kind}" for kind in ("mp4", "webm", "webp")}
    types = {"mp4": "video/mp4", "webm": "video/webm", "webp": "image/webp"}
    made = {kind: Made(path, sha256_hex(path.read_bytes()), types[kind]) for kind, path in files.items()}
    with Image.open(files["webp"]) as poster:
        width, height = poster.size
    film, other = (
        {"sha256": made[kind].sha256, "type": types[kind], "bytes": files[kind].stat().st_size,
         "width": width, "height": height}
        for kind in ("mp4", "webm")
    )  # fmt: skip
    file = {**film, "seconds": round(each.seconds, 2), "poster": made["webp"].sha256, "variants": [other]}
    found = Inspected("clip", file, tuple(made.values()))
    assets.keep(conn, store, found, source=made["mp4"].sha256, by=SYSTEM.id, now=now, alt=alt)
    return {"kind": "clip", **file, "alt": alt}
