"""Files that editors send: begun, sent in parts straight to object storage, taken up again, finished.

The browser says the SHA-256 of each part before it sends it. With that a file that is picked again after a reload is
known to be the same one, and what arrived is known to be what was sent, wherever it is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from server.media.formats import Refused
from server.media.tables import media_part, media_upload
from sync.objects import ObjectStore
from sync.objects_parts import ADDRESS_S, open_parts

PART: Final = 8 << 20
"""Bytes of a part but the last; S3 asks for 5 MiB at least."""
ABANDONED: Final = timedelta(days=2)
MOST_OPEN: Final = 20
"""Unfinished uploads of one person, so that a script gone wild fills no storage."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way: `problem` when it was refused, `asset` (a SHA-256) when it was found good."""

    id: uuid.UUID
    exercise: str | None
    name: str
    size: int
    part_bytes: int
    handle: str
    secret: bytes
    state: str
    problem: str | None
    asset: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def key(self) -> str:
        """Where it lies in the store while it is not yet an object of anybody's."""
        return f"uploads/{self.id}"

    @property
    def wanted(self) -> dict[int, int]:
        """Bytes of each part by its number, from 1."""
        count = -(-self.size // self.part_bytes)
        return {n: min(self.part_bytes, self.size - (n - 1) * self.part_bytes) for n in range(1, count + 1)}


class UploadMissing(LookupError):
    """There is no such upload."""


class UploadOver(ValueError):
    """The upload is not open for this any more; the message says why."""


def begin(
    conn: Connection,
    store: ObjectStore,
    *,
    name: str,
    size: int,
    exercise: str | None,
    by: str,
    most: int,
    now: datetime,
) -> Upload:
    """Open an upload of `size` bytes, at most `most`. Raises Refused before a byte is sent."""
    if size < 1:
        raise Refused("The file is empty.")
    if size > most:
        raise Refused(f"The file has {_megabytes(size)}; at most {_megabytes(most)} are taken.")
    u = media_upload.c
    mine = select(func.count()).where(u.created_by == by, u.state == "receiving")
    if conn.execute(mine).scalar_one() >= MOST_OPEN:
        raise Refused(f"You have {MOST_OPEN} unfinished uploads. Finish or drop some of them first.")
    made = uuid.uuid4()
    # The type is not told to the store: nobody knows it before the file was looked at, and nobody may read it there.
    handle = open_parts(store).begin(f"uploads/{made}", "application/octet-stream")
    row = conn.execute(
        insert(media_upload)
        .values(
            id=made,
            exercise=exercise,
            name=name,
            size=size,
            part_bytes=PART,
            handle=handle,
            secret=secrets.token_bytes(32),
            state="receiving",
            created_by=by,
            created_at=now,
            updated_at=now,
        )
        .returning(media_upload)
    ).one()
    return _upload(row)


def find(conn: Connection, upload: uuid.UUID, *, lock: bool = False) -> Upload:
    """The upload. Raises UploadMissing."""
    wanted = select(media_upload).where(media_upload.c.id == upload)
    row = conn.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise UploadMissing(str(upload))
    return _upload(row)


def listed(conn: Connection, limit: int = 30) -> list[Upload]:
    """The last uploads, whatever became of them."""
    u = media_upload.c
    rows = conn.execute(select(media_upload).order_by(u.updated_at.desc(), u.id).limit(limit))
    return [_upload(row) for row in rows]


def hashes(conn: Connection, upload: Upload) -> dict[int, str]:
    """What the browser said of each part."""
    p = media_part.c
    return {
        row.number: row.sha256
        for row in conn.execute(select(p.number, p.sha256).where(p.upload == upload.id))
    }


def arrived(conn: Connection, store: ObjectStore, upload: Upload) -> dict[int, str]:
    """SHA-256 by number of the parts that are there in full, as the browser announced them."""
    if upload.state != "receiving":
        return {}
    sizes, said = open_parts(store).sizes(upload.key, upload.handle), hashes(conn, upload)
    return {
        number: said[number]
        for number, size in upload.wanted.items()
        if sizes.get(number) == size and number in said
    }


def addresses(
    conn: Connection, store: ObjectStore, upload: Upload, parts: Mapping[int, str], now: datetime, own: str
) -> dict[int, str]:
    """Where to PUT each of `parts` (SHA-256 by number); `own`: below which path the server itself takes parts.

    Raises UploadOver, Refused for a number or hash that cannot be.
    """
    _must_be_open(upload)
    wanted, way = upload.wanted, open_parts(store)
    for number, digest in parts.items():
        if number not in wanted or not _SHA256.fullmatch(digest):
            raise Refused(f"There is no part {number} of this file, or its hash is none.")
    rows = [{"upload": upload.id, "number": n, "sha256": digest} for n, digest in parts.items()]
    if rows:
        upsert = insert(media_part)
        conn.execute(
            upsert.on_conflict_do_update(
                index_elements=["upload", "number"], set_={"sha256": upsert.excluded.sha256}
            ),
            rows,
        )
        conn.execute(update(media_upload).where(media_upload.c.id == upload.id).values(updated_at=now))
    until = int(now.timestamp()) + ADDRESS_S
    return {
        number: way.address(upload.key, upload.handle, number, wanted[number])
        or f"{own}/{upload.id}/{number}?until={until}&signature={_signature(upload, number, until)}"
        for number in parts
    }


def may_send(upload: Upload, number: int, until: str, signature: str, now: datetime) -> bool:
    """Whether an address of ours was given out for this part and still holds."""
    if not until.isascii() or not until.isdigit() or len(until) > 12 or int(until) < now.timestamp():
        return False
    return hmac.compare_digest(_signature(upload, number, int(until)).encode(), signature.encode())


def _signature(upload: Upload, number: int, until: int) -> str:
    return hmac.new(upload.secret, f"{number} {until}".encode(), hashlib.sha256).hexdigest()


def finish(conn: Connection, store: ObjectStore, upload: Upload, now: datetime) -> Upload:
    """All parts are there: the file waits to be looked at. Raises UploadOver, PartsMissing."""
    _must_be_open(upload)
    open_parts(store).complete(upload.key, upload.handle, upload.wanted)
    return _moved(conn, upload, now, state="inspecting")


def refuse(conn: Connection, upload: Upload, problem: str, now: datetime) -> Upload:
    """The file is not taken."""
    return _moved(conn, upload, now, state="refused", problem=problem)


def ready(conn: Connection, upload: Upload, asset: str, now: datetime) -> Upload:
    """The file was found good and became `asset`."""
    return _moved(conn, upload, now, state="ready", asset=asset)


def drop(conn: Connection, upload: Upload, now: datetime) -> Upload:
    """The editor does not want it any more. Raises UploadOver."""
    _must_be_open(upload)
    return _moved(conn, upload, now, state="abandoned")


def abandoned(conn: Connection, now: datetime) -> list[Upload]:
    """Unfinished uploads that nothing was heard of for two days, now given up; their parts are still there."""
    u = media_upload.c
    gone = update(media_upload).where(u.state == "receiving", u.updated_at < now - ABANDONED)
    return [
        _upload(row)
        for row in conn.execute(gone.values(state="abandoned", updated_at=now).returning(media_upload))
    ]


def _must_be_open(upload: Upload) -> None:
    if upload.state != "receiving":
        said = {
            "inspecting": "All of the file is here already.",
            "ready": "The file is here and was found good.",
            "refused": "The file was refused.",
            "abandoned": "This upload was dropped. Begin a new one.",
        }
        raise UploadOver(said[upload.state])


def _moved(conn: Connection, upload: Upload, now: datetime, **values: Any) -> Upload:
    this = update(media_upload).where(media_upload.c.id == upload.id)
    return _upload(conn.execute(this.values(updated_at=now, **values).returning(media_upload)).one())


def _upload(row: Row[Any]) -> Upload:
    return Upload(**row._mapping)


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB" if size >= 2**20 else f"{size:,} bytes"
