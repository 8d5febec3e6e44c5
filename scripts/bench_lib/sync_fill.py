"""Accounts for `scripts/bench sync`, put into a database as pushes would have left them, without pushing them."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from bench_lib.sync_content import EPOCH, START, Record, hlc
from sync.cursor import Cursor, encode
from sync.records import RULES
from sync.sealing import DataKey, MasterKey, new_data_key

START_MS = int(START.timestamp() * 1000)

# What only has to be there: small records below the ones that are read.
_LIGHT = """
INSERT INTO record (stream, collection, id, seq, deleted, data, clocks, hlc)
SELECT s.stream, 'exercise_pref', 'light-' || n, n, false, '{"rating": 1, "excluded": false}',
       jsonb_build_object('rating', %(hlc)s::text, 'excluded', %(hlc)s::text), %(hlc)s
  FROM unnest(%(streams)s::text[]) AS s (stream), generate_series(1, %(light)s::bigint) AS n
"""
_MANY = """
WITH made AS (
    INSERT INTO account (id, name, created_at)
    SELECT gen_random_uuid(), '', %(at)s FROM generate_series(1, %(count)s::int) RETURNING id
), keyed AS (
    INSERT INTO account_key (account, wrapped, master, created_at)
    SELECT id, decode(repeat('00', 60), 'hex'), 'none', %(at)s FROM made
), streamed AS (
    INSERT INTO stream (stream, epoch, head, records, bytes)
    SELECT 'account:' || id, %(epoch)s, %(light)s::bigint, %(light)s::bigint, 0 FROM made RETURNING stream
)
SELECT array_agg(stream) FROM streamed
"""


@dataclass(frozen=True)
class Account:
    """An account with its key; `head` is the seq of its newest record."""

    name: str
    key: DataKey
    head: int

    @property
    def stream(self) -> str:
        return f"account:{self.name}"

    def cursor(self, seq: int) -> str:
        """The cursor of a device that holds everything up to `seq`."""
        return encode(Cursor(self.stream, EPOCH, seq))


def fill(conn: psycopg.Connection[Any], master: MasterKey, records: Sequence[Record], total: int) -> Account:
    """A new account with `total` records, the last of them `records`, the others small."""
    name = str(uuid.uuid4())
    plain, stream = new_data_key(), f"account:{name}"
    made = Account(name, DataKey(plain, stream), total)
    light = total - len(records)
    conn.execute("INSERT INTO account (id, name, created_at) VALUES (%s, '', %s)", (name, START))
    conn.execute(
        "INSERT INTO account_key (account, wrapped, master, created_at) VALUES (%s, %s, %s, %s)",
        (name, master.wrap(plain, stream), master.name, START),
    )
    conn.execute(
        "INSERT INTO stream (stream, epoch, head, records, bytes) VALUES (%s, %s, %s, %s, 0)",
        (stream, EPOCH, total, total),
    )
    conn.execute(_LIGHT, {"streams": [stream], "light": light, "hlc": hlc(START_MS)})
    _copy(conn, made, records, light)
    return made


def many(conn: psycopg.Connection[Any], count: int, each: int) -> None:
    """`count` further accounts with `each` small records: they only have to be there."""
    while count > 0:
        now = min(count, 10_000)
        row = conn.execute(_MANY, {"count": now, "light": each, "at": START, "epoch": EPOCH}).fetchone()
        assert row is not None
        conn.execute(_LIGHT, {"streams": row[0], "light": each, "hlc": hlc(START_MS)})
        count -= now


def _copy(conn: psycopg.Connection[Any], account: Account, records: Iterable[Record], light: int) -> None:
    columns = "(stream, collection, id, seq, deleted, data, clocks, hlc)"
    with conn.cursor() as cursor, cursor.copy(f"COPY record {columns} FROM STDIN") as copy:
        for seq, (collection, identity, fields) in enumerate(records, light + 1):
            at = hlc(START_MS + seq)
            # An append-only row has one clock for all of it.
            clocks = {"*": at} if RULES[collection].append_only else dict.fromkeys(fields, at)
            data = account.key.seal_fields(RULES[collection], fields)
            copy.write_row(
                (account.stream, collection, identity, seq, False, orjson.dumps(data).decode(),
                 orjson.dumps(clocks).decode(), at)
            )  # fmt: skip


def connect(url: str, *, autocommit: bool = False) -> "psycopg.Connection[Any]":
    """A connection of the driver's own to a database."""
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=autocommit)


def settle(url: str) -> None:
    """Vacuum, analyse and write it all down now, rather than in the middle of a measurement."""
    with connect(url, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE")
        conn.execute("CHECKPOINT")
