"""The current model and catalogue, loaded once per process, for a client that cannot run the model itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from server.models import Ask, newest_model
from sync.canonical import sha256_hex
from sync.objects import ObjectStore
from sync.releases import Release, current_release


class NotReady(RuntimeError):
    """There is no model, no catalogue, or the two don't fit; the message says which."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The releases that a routine should be made from now; `model` is None when a file is given instead."""

    catalog: Release
    model: Release | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A generator and a catalogue in memory, and which ones they are."""

    generator: Any
    catalog: Any
    model_sha256: str
    catalog_number: int


def wanted(conn: Connection, model_file: Path | None) -> Wanted:
    """The current catalogue and model releases. Raises NotReady when one is missing."""
    catalog = current_release(conn, "catalog")
    if catalog is None:
        raise NotReady("No catalogue release is published yet.")
    if model_file is not None:
        return Wanted(catalog, None)
    model = newest_model(conn, Ask())
    if model is None:
        raise NotReady("No model release is published yet.")
    manifest = model.manifest["manifest"]
    least, most = manifest["catalog_min"], manifest["catalog_max"]
    if catalog.number < least or (most is not None and catalog.number > most):
        raise NotReady(f"Model {model.number} is not made for catalogue release {catalog.number}.")
    return Wanted(catalog, model)


def load(
    want: Wanted, held: Ready | None, store: ObjectStore, model_file: Path | None, runtime: Any
) -> Ready:
    """What `want` names, taking over from `held` what is still right.

    Raises NotReady, ObjectMissing, and runtime.ModelError for a file that is no model.
    """
    if want.model is None:
        assert model_file is not None
        model = model_file.read_bytes()
        digest = sha256_hex(model)
    else:
        model, digest = b"", want.model.object_sha256
    if held is not None and held.model_sha256 == digest:
        generator = held.generator
    else:
        generator = runtime.Generator.load(model or _fetch(store, want.model))
    if held is not None and held.catalog_number == want.catalog.number:
        catalog = held.catalog
    else:
        snapshot = orjson.loads(_fetch(store, want.catalog))
        live = [change for change in snapshot["changes"] if not change["deleted"]]
        catalog = runtime.Catalog.from_documents(live, release=want.catalog.number)
    return Ready(generator, catalog, digest, want.catalog.number)


def _fetch(store: ObjectStore, release: Release | None) -> bytes:
    assert release is not None
    body = store.get(release.object_key)
    if sha256_hex(body) != release.object_sha256:
        raise NotReady(f"The stored object {release.object_key} is damaged.")
    return body
