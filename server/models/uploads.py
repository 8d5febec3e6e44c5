"""Files of a model on their way in: by content, in parts, resumable. What has come waits in PostgreSQL.

A file becomes an object when its last byte is there and its hash is its name; until then nobody can read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from server.models.releasing import Refused
from server.models.tables import model_upload
from sync.canonical import sha256_hex
from sync.objects import ObjectStore

LIMITS = {"onnx": 1 << 20, "golden.json": 8 << 20}
"""Most bytes of a file by the end of its name; a model that is to be released has a lower limit of its own."""
ABANDONED = timedelta(days=7)
_TYPES = {"onnx": "application/octet-stream", "golden.json": "application/json"}


@dataclass(frozen=True, slots=True)
class Arrived:
    """How much of a file has come. `bytes` is None while nothing of it has."""

    name: str
    received: int
    bytes: int | None
    complete: bool


class Misplaced(RuntimeError):
    """A part that does not continue what is there; `arrived` says where to go on."""

    def __init__(self, arrived: Arrived) -> None:
        super().__init__(f"{arrived.received} bytes of {arrived.name} are here: continue there")
        self.arrived = arrived


def arrived(conn: Connection, store: ObjectStore, name: str) -> Arrived:
    """What has come of the file `<sha256>.<kind>`."""
    key = f"models/{name}"
    if store.exists(key):
        size = store.size(key)
        return Arrived(name, size, size, complete=True)
    u = model_upload.c
    found = select(func.octet_length(u.body), u.bytes).where(u.sha256 == _split(name)[0])
    row = conn.execute(found).one_or_none()
    return Arrived(name, row[0], row[1], complete=False) if row else Arrived(name, 0, None, complete=False)


def receive(
    conn: Connection, store: ObjectStore, name: str, start: int, total: int, part: bytes, now: datetime
) -> Arrived:
    """Take bytes `start` and following of a file that is `total` bytes long. The caller commits.

    Raises Misplaced for a part that does not continue what is there, Refused for a file that is too large or, when its
    last byte has come, not the one that its name says: `forget` it then.
    """
    sha256, kind = _split(name)
    if total > LIMITS[kind]:
        raise Refused("Content-Range", f"a {kind} file has at most {LIMITS[kind]:,} bytes, not {total:,}")
    if start + len(part) > total or not part:
        raise Refused("Content-Range", "the part does not lie within the file")
    if store.exists(f"models/{name}"):
        return Arrived(name, total, total, complete=True)
    u = model_upload.c
    conn.execute(delete(model_upload).where(u.started_at < now - ABANDONED))
    if start == 0 and len(part) == total:
        # It came whole: nothing of it needs to be kept on the way.
        conn.execute(delete(model_upload).where(u.sha256 == sha256))
        return _store(store, name, sha256, kind, part)
    row = conn.execute(select(u.body, u.bytes).where(u.sha256 == sha256).with_for_update()).one_or_none()
    held = bytes(row.body) if row else b""
    if (row is not None and row.bytes != total) or start != len(held):
        raise Misplaced(arrived(conn, store, name))
    if start + len(part) == total:
        conn.execute(delete(model_upload).where(u.sha256 == sha256))
        return _store(store, name, sha256, kind, held + part)
    if row is not None:
        conn.execute(update(model_upload).where(u.sha256 == sha256).values(body=held + part))
    else:
        first = {"sha256": sha256, "kind": kind, "bytes": total, "body": part, "started_at": now}
        made = insert(model_upload).values(first).on_conflict_do_nothing().returning(u.sha256)
        if conn.execute(made).one_or_none() is None:  # another upload of the same file was quicker
            raise Misplaced(arrived(conn, store, name))
    return Arrived(name, start + len(part), total, complete=False)


def forget(conn: Connection, name: str) -> None:
    """Drop what has come of a file."""
    conn.execute(delete(model_upload).where(model_upload.c.sha256 == _split(name)[0]))


def _split(name: str) -> tuple[str, str]:
    sha256, _, kind = name.partition(".")
    return sha256, kind


def _store(store: ObjectStore, name: str, sha256: str, kind: str, body: bytes) -> Arrived:
    found = sha256_hex(body)
    if found != sha256:
        raise Refused(
            "name", f"the {len(body):,} bytes that came have the hash {found[:12]}…, not {sha256[:12]}…"
        )
    store.put_if_absent(f"models/{name}", body, _TYPES[kind])
    return Arrived(name, len(body), len(body), complete=True)
