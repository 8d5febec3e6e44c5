"""What changed between two releases, and what the next one would change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Connection, select

from server.catalog.checking import WITH_EXERCISE
from server.catalog.merging import FieldChange, changes
from server.catalog.refusals import Unknown
from server.catalog.shapes import Document
from sync.canonical import Key, sha256_hex
from sync.objects import ObjectMissing, ObjectStore
from sync.releases import Release
from sync.tables import release as release_table

STREAM: Final = "catalog"
_CHANGES: Final = b'"changes":['

# What publish_release would write, without writing it. Nearly all rows are the same byte for byte, and to see that
# (*<>) is cheaper than to compare what they mean.
_PENDING: Final = """
WITH away AS (
    SELECT id FROM catalog_document WHERE collection = 'exercise' AND state <> 'approved'
), approved AS (
    SELECT collection, id, data FROM catalog_document
     WHERE state = 'approved' AND NOT (collection = ANY (%(with_exercise)s) AND id IN (SELECT id FROM away))
), released AS (
    SELECT collection, id, data FROM record WHERE stream = %(stream)s AND NOT deleted
), differing AS MATERIALIZED (
    SELECT collection, id, r.data AS before, a.data AS after
      FROM approved a FULL JOIN released r USING (collection, id)
     WHERE ROW(a.data)::record *<> ROW(r.data)::record AND a.data IS DISTINCT FROM r.data
)
SELECT collection, id, before, after, d.updated_by, d.updated_at
  FROM differing LEFT JOIN catalog_document d USING (collection, id)
 ORDER BY collection COLLATE "C", id COLLATE "C"
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One document's change; `by` and `at`: who approved it and when, where that is known."""

    key: Key
    before: Document | None
    after: Document | None
    by: str | None = None
    at: datetime | None = None

    @property
    def kind(self) -> Literal["added", "changed", "removed"]:
        """What happened to the document."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def fields(self) -> list[FieldChange]:
        """The fields that differ."""
        return changes(self.before, self.after)


def release_of(conn: Connection, number: int) -> Release:
    """The catalogue's release with this number. Raises Unknown."""
    r = release_table.c
    found = conn.execute(select(release_table).where(r.stream == STREAM, r.number == number)).one_or_none()
    if found is None:
        raise Unknown(f"There is no release {number}.")
    return Release(**found._mapping)


def documents_of(store: ObjectStore, release: Release) -> dict[Key, Document]:
    """All documents of a release, from its snapshot. Raises Unknown when that is gone or damaged."""
    return _read(_rows(store, release))


def _rows(store: ObjectStore, release: Release) -> list[bytes]:
    """The changes of a release's snapshot, as JSON: one a line, as PostgreSQL wrote them. Raises Unknown."""
    try:
        body = store.get(release.object_key)
    except ObjectMissing:
        raise Unknown(f"The documents of release {release.number} are no longer stored.") from None
    if sha256_hex(body) != release.object_sha256:
        raise Unknown(f"The stored documents of release {release.number} are damaged.")
    changes = body[body.index(_CHANGES) + len(_CHANGES) : -len(b"]}")]
    # Within a document PostgreSQL puts a space after each colon, and in a text no quote stands alone.
    return changes.replace(b'},{"collection":"', b'}\n{"collection":"').split(b"\n")


def _read(rows: Collection[bytes]) -> dict[Key, Document]:
    changes: list[dict[str, Any]] = orjson.loads(b"[%s]" % b",".join(rows))
    return {(each["collection"], each["id"]): each["data"] for each in changes if not each["deleted"]}


def diff(conn: Connection, store: ObjectStore, older: int, newer: int) -> list[Change]:
    """What release `newer` has otherwise than `older`, by collection and id. Raises Unknown."""
    before, after = (set(_rows(store, release_of(conn, each))) for each in (older, newer))
    # Of thousands nearly all are the same to the byte, and need not be read.
    return compare(_read(before - after), _read(after - before))


def compare(before: Mapping[Key, Document], after: Mapping[Key, Document]) -> list[Change]:
    """The documents that differ, by collection and id."""
    found = (Change(key, before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys()))
    return [each for each in found if each.before != each.after]


def pending(conn: Connection) -> list[Change]:
    """What is approved, or taken back, and not yet released."""
    asked = {"with_exercise": list(WITH_EXERCISE), "stream": STREAM}
    return [
        Change((each.collection, each.id), each.before, each.after, each.updated_by, each.updated_at)
        for each in conn.exec_driver_sql(_PENDING, asked)
    ]
