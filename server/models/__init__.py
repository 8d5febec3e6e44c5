"""Which model release a device should have: plain functions on a connection."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from sync.releases import Release

# Greatest opset by ONNX Runtime 1.x minor version, from its compatibility table; newer ones run the last too.
_OPSET_OF_ORT = ((12, 17), (14, 18), (15, 19), (17, 20), (18, 21))
_OPSET_BEFORE = 16

_NEWEST = """
SELECT stream, number, seq, channel, manifest, object_key, object_sha256, object_bytes, published_at
  FROM release
 WHERE stream = 'model' AND channel = %(channel)s
   AND (%(contract)s::int IS NULL OR (manifest #>> '{manifest,contract}')::int = %(contract)s::int)
   AND (%(opset)s::int IS NULL OR (manifest #>> '{manifest,opset}')::int <= %(opset)s::int)
 ORDER BY number DESC LIMIT 1
"""


def newest_model(
    conn: Connection, channel: str, contract: int | None = None, opset: int | None = None
) -> Release | None:
    """The newest release of `channel` that a device can run: of its contract, at most its opset."""
    asked = {"channel": channel, "contract": contract, "opset": opset}
    row = conn.exec_driver_sql(_NEWEST, asked).one_or_none()
    return None if row is None else Release(**row._mapping)


def opset_of_ort(version: str) -> int:
    """The greatest opset that ONNX Runtime `version` ("1.24", "1.24.1") surely runs."""
    major, minor = (int(part) for part in version.split(".")[:2])
    if major > 1:
        return _OPSET_OF_ORT[-1][1]
    runs = [opset for since, opset in _OPSET_OF_ORT if minor >= since and major == 1]
    return runs[-1] if runs else _OPSET_BEFORE


def answer(release: Release, installed: str | None, base_url: str) -> dict[str, Any]:
    """{"manifest","url","golden_url"} for a device; all null when `installed` is this release's file."""
    if installed == release.object_sha256:
        return {"manifest": None, "url": None, "golden_url": None}
    golden = release.manifest["manifest"]["golden"]["sha256"]
    return {
        "manifest": release.manifest,
        "url": f"{base_url}/v1/objects/{release.object_key}",
        "golden_url": f"{base_url}/v1/objects/models/{golden}.golden.json",
    }
