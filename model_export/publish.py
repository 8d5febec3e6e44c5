"""Ship a model: upload by content, sign, record the release. Nothing is announced before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import onnx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from model_export.contract import CONTRACT, IR, OPSET
from model_export.encode import Catalog
from model_export.export import operators
from sync.canonical import sha256_hex
from sync.objects import ObjectStore
from sync.releases import Release, current_release, next_number, record_release
from sync.signing import sign
from sync.store import state

STREAM = "model"
LIFETIME = timedelta(days=365)


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
    key: Ed25519PrivateKey,
    model: bytes,
    golden: bytes,
    *,
    catalog_min: int,
    channel: str,
    now: datetime,
) -> Release | None:
    """Release `model` in `channel`; None when it is what the channel serves already. The caller commits.

    Uploads are content-addressed and come first, so a failure leaves at most an unreferenced object.
    """
    digest, golden_digest = sha256_hex(model), sha256_hex(golden)
    held = current_release(conn, STREAM, channel)
    if held is not None and held.object_sha256 == digest:
        return None
    object_key = f"models/{digest}.onnx"
    store.put_if_absent(object_key, model, "application/octet-stream")
    store.put_if_absent(f"models/{golden_digest}.golden.json", golden, "application/json")
    number = next_number(conn, STREAM)
    manifest: Mapping[str, Any] = {
        "kind": "model",
        "sequence": number,
        "sha256": digest,
        "bytes": len(model),
        "contract": CONTRACT,
        "opset": OPSET,
        "ir": IR,
        "operators": sorted(operators(onnx.load_from_string(model).graph)),
        "catalog_min": catalog_min,
        "catalog_max": None,
        "golden": {"sha256": golden_digest, "bytes": len(golden)},
        "channel": channel,
        "created_at": _rfc3339(now),
        "expires_at": _rfc3339(now + LIFETIME),
    }
    release = Release(
        stream=STREAM, number=number, channel=channel, manifest=sign(manifest, key), object_key=object_key,
        object_sha256=digest, object_bytes=len(model), published_at=now,
    )  # fmt: skip
    record_release(conn, release)
    return release


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
