"""The direct path, for who holds database, store and key: `scripts/up` on a fresh machine, and tests.

It is the server's own code underneath; what goes over HTTP is in `client.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from model_export.admission import admit
from model_export.encode import Catalog
from server.models import FULL, releasing
from server.models.releasing import By, Wish
from sync.objects import ObjectStore
from sync.releases import Release, current_release
from sync.signing import SigningKey
from sync.store import state

OPERATOR = "operator"
"""Who does it in the audit trail: whoever has the database and the key needs no token."""


def released_catalog(conn: Connection) -> tuple[Catalog, list[dict[str, Any]]]:
    """The catalogue as it is released now, and its documents. Raises LookupError when there is no release."""
    release = current_release(conn, "catalog")
    if release is None:
        raise LookupError("there is no catalogue release yet: publish the catalogue first")
    documents = [
        {"collection": collection, "id": key, "data": data}
        for (collection, key), data in state(conn, "catalog").items()
    ]
    return Catalog.from_documents(documents, release=release.number), documents


def publish(
    conn: Connection,
    store: ObjectStore,
    key: SigningKey,
    model: bytes,
    golden: bytes,
    *,
    catalog_min: int,
    channel: str,
    now: datetime,
    evaluation: dict[str, Any] | None = None,
    share: int = FULL,
) -> Release | None:
    """Release `model` in `channel`; None when it is what the channel serves already. The caller commits.

    Uploads are content-addressed and come first, so a failure leaves at most an unreferenced object. Raises
    admission.Rejected, releasing.Refused.
    """
    files = admit(model, golden) | {"catalog_min": catalog_min, "catalog_max": None}
    store.put_if_absent(f"models/{files['sha256']}.onnx", model, "application/octet-stream")
    store.put_if_absent(f"models/{files['golden']['sha256']}.golden.json", golden, "application/json")
    done = releasing.publish(conn, key, files, evaluation, Wish(channel, share), By(OPERATOR, now))
    return done.release if done.changed else None
