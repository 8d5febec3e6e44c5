"""The digest of an account's records, for a device that wants to know that its copy is the server's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Engine

from server.accounts.data_keys import data_key
from server.accounts.profile import AccountGone
from server.caching import Bodies
from server.db import as_account
from server.settings import Settings
from sync import store
from sync.canonical import catalog_digest, document_digest
from sync.cursor import Cursor, encode
from sync.sealing import unseal_body

# One statement, so that the head and the rows are of one snapshot.
_LIVE = """
SELECT s.epoch, s.head,
       (SELECT '[' || coalesce(string_agg(json_build_array(collection, id, data)::text, ','), '') || ']'
          FROM record WHERE stream = s.stream AND NOT deleted)
  FROM stream s WHERE s.stream = %(stream)s::text
"""


def account_digest(engine: Engine, settings: Settings, kept: Bodies, account: UUID) -> dict[str, Any]:
    """{"digest", "documents", "cursor"} of the account's live records.

    An answer is kept in `kept` under the head that it was made at. Raises AccountGone, and what opening the account's
    data key raises.
    """
    name = f"{store.ACCOUNT}{account}"

    def work(conn: Connection) -> bytes | tuple[str, int, str, bytes]:
        head = store.read_head(conn, name)
        if head is None:
            raise AccountGone(name)
        if known := kept.get(_tag(name, head.epoch, head.seq)):
            return known
        epoch, seq, rows = conn.exec_driver_sql(_LIVE, {"stream": name}).one()
        rows = unseal_body(rows.encode(), data_key(conn, settings, account))
        return _tag(name, epoch, seq), seq, epoch, rows

    found = as_account(engine, account, work)
    if isinstance(found, bytes):
        body: dict[str, Any] = orjson.loads(found)
        return body
    # After the transaction: what takes long is here.
    tag, seq, epoch, rows = found
    digests = {(collection, key): document_digest(data) for collection, key, data in orjson.loads(rows)}
    body = {
        "digest": catalog_digest(digests), "documents": len(digests), "cursor": encode(Cursor(name, epoch, seq)),
    }  # fmt: skip
    kept.put(tag, orjson.dumps(body))
    return body


def _tag(stream: str, epoch: str, seq: int) -> str:
    return f"digest {stream} {epoch} {seq}"
