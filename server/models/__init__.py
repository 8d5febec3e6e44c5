"""Which model release a device should have: plain functions on a connection."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from sync.releases import Release

STREAM = "model"
FULL = 10_000
"""A share of all devices, in ten-thousandths."""
Version = tuple[int, int, int]
FIRST_APP: Version = (0, 0, 0)

# Greatest opset by ONNX Runtime 1.x minor version, from its compatibility table; newer ones run the last too.
_OPSET_OF_ORT = ((12, 17), (14, 18), (15, 19), (17, 20), (18, 21))
_OPSET_BEFORE = 16

# The bucket of a device is 60 bits of a hash, so that every share is met to a ten-thousandth; `bucket` is its twin.
_NEWEST = """
SELECT r.stream, r.number, r.seq, r.channel, r.manifest, r.object_key, r.object_sha256, r.object_bytes, r.published_at
  FROM release r JOIN model_rollout m ON m.number = r.number
 WHERE r.stream = 'model' AND r.channel = %(channel)s AND m.halted_at IS NULL
   AND (%(contract)s::int IS NULL OR (r.manifest #>> '{manifest,contract}')::int = %(contract)s::int)
   AND (%(opset)s::int IS NULL OR (r.manifest #>> '{manifest,opset}')::int <= %(opset)s::int)
   AND m.min_app <= %(app)s::int[]
   AND m.share > CASE WHEN %(device)s::text IS NULL THEN 9999 ELSE
       ('x' || substr(encode(sha256(convert_to(m.salt || %(device)s::text, 'UTF8')), 'hex'), 1, 15))::bit(60)::bigint
       %% 10000 END
 ORDER BY r.number DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a device says of itself. `device` is its anonymous install id: without one it gets full releases only."""

    channel: str = "stable"
    contract: int | None = None
    opset: int | None = None
    app: Version = FIRST_APP
    device: str | None = None


def newest_model(conn: Connection, ask: Ask) -> Release | None:
    """The newest release of the channel that is for this device: not halted, it can run it, and it is in its share."""
    asked = {
        "channel": ask.channel, "contract": ask.contract, "opset": ask.opset,
        "app": list(ask.app), "device": ask.device,
    }  # fmt: skip
    row = conn.exec_driver_sql(_NEWEST, asked).one_or_none()
    return None if row is None else Release(**row._mapping)


def bucket(salt: str, device: str) -> int:
    """The place 0 to 9999 of a device in a release's order: it gets the release when its share is greater."""
    return int(hashlib.sha256((salt + device).encode()).hexdigest()[:15], 16) % FULL


def version(text: str) -> Version:
    """ "1.2" as (1, 2, 0). Raises ValueError for what is not one to three numbers below a million, with dots."""
    parts = text.split(".")
    if not 1 <= len(parts) <= 3 or not all(
        part.isascii() and part.isdigit() and len(part) < 7 for part in parts
    ):
        raise ValueError("must be a version such as 1.2.0")
    major, minor, patch = [*map(int, parts), 0, 0][:3]
    return major, minor, patch


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
