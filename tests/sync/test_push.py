"""Pushing: what an account's stream takes, what it refuses and why, and that a repeat moves nothing."""

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from sync import store
from sync.cursor import Cursor
from sync.fields import FieldInvalid
from sync.push import Limits, Pushed, Refusal, push

ACCOUNT = "account:0195f3a0-0000-7000-8000-000000000001"
NOW = 1_795_000_000_000
MINE, OTHER = "1f2e3d4c5b6a7988", "a0b1c2d3e4f50617"


@dataclass(frozen=True)
class Rule:
    append_only: bool = False
    read_only: bool = False
    max_bytes: int = 2000
    id_pattern: re.Pattern[str] = re.compile("[a-z0-9-]{1,36}")
    sealed: frozenset[str] = frozenset()

    def seals(self, name: str) -> bool:
        return name in self.sealed

    def check(self, fields: Mapping[str, Any], whole: bool) -> None:
        if not isinstance(fields.get("minutes", 0), int):
            raise FieldInvalid("minutes", "must be a whole number")
        if whole and "at" not in fields:
            raise FieldInvalid("at", "is missing")


RULES = {
    "note": Rule(),
    "session": Rule(append_only=True),
    "secret": Rule(sealed=frozenset({"pain"})),
    "constraint": Rule(read_only=True),
}


def at(ms: int, device: str = MINE, counter: int = 0) -> str:
    return f"{NOW + ms:012x}-{counter:04x}-{device}"


def put(record: str, ms: int, device: str = MINE, collection: str = "note", **fields: Any) -> dict[str, Any]:
    return {"collection": collection, "id": record, "set": fields, "hlc": at(ms, device)}


def drop(record: str, ms: int, collection: str = "note") -> dict[str, Any]:
    return {"collection": collection, "id": record, "delete": True, "hlc": at(ms)}


Send = Callable[..., Pushed]


@pytest.fixture
def send(engine: Engine) -> Send:
    def made(*patches: Any, **options: Any) -> Pushed:
        with engine.begin() as conn:
            return push(conn, ACCOUNT, list(patches), **{"now_ms": NOW, "rules": RULES, **options})

    return made


def rows(conn: Connection) -> dict[str, Any]:
    found = conn.exec_driver_sql(
        "SELECT id, seq, deleted, data, clocks, hlc FROM record WHERE stream = %(s)s ORDER BY seq",
        {"s": ACCOUNT},
    )
    return {row.id: row for row in found}


def totals(conn: Connection) -> tuple[int, int, int]:
    row = conn.exec_driver_sql(
        "SELECT head, records, bytes FROM stream WHERE stream = %(s)s", {"s": ACCOUNT}
    ).one()
    return tuple(row)


def changes(conn: Connection, cursor: Cursor | None = None, **options: Any) -> list[dict[str, Any]]:
    return list(json.loads(store.pull(conn, ACCOUNT, cursor, 100, **options).body())["changes"])


def statuses(pushed: Pushed) -> list[str]:
    return [result.status for result in pushed.results]


def error(pushed: Pushed) -> Refusal:
    (result,) = pushed.results
    assert result.status == "rejected"
    assert result.error is not None
    return result.error


def test_a_patch_becomes_a_record_with_its_clocks(send: Send, conn: Connection) -> None:
    pushed = send(put("a", 0, title="Mon", minutes=3))
    assert [(r.id, r.status, r.seq) for r in pushed.results] == [("a", "applied", 1)]
    (row,) = rows(conn).values()
    assert (row.data, row.clocks, row.hlc) == (
        {"title": "Mon", "minutes": 3},
        {"title": at(0), "minutes": at(0)},
        at(0),
    )
    assert pushed.head.seq == 1
    assert changes(conn) == [
        {
            "collection": "note", "id": "a", "seq": 1, "deleted": False,
            "data": {"title": "Mon", "minutes": 3}, "hlc": at(0),
        }
    ]  # fmt: skip


def test_a_repeated_push_moves_nothing_and_says_where_the_record_stands(send: Send, conn: Connection) -> None:
    patches = [put("a", 0, title="Mon"), put("s", 1, collection="session", at="x"), drop("b", 2)]
    first, before = send(*patches), rows(conn)
    conn.rollback()
    again = send(*patches)
    assert again.results == first.results
    assert again.own == []
    assert rows(conn) == before


def test_all_patches_of_one_record_move_it_once(send: Send, conn: Connection) -> None:
    pushed = send(put("a", 0, title="x"), put("b", 1, title="y"), put("a", 2, minutes=4))
    assert [r.seq for r in pushed.results] == [1, 2, 1]
    assert rows(conn)["a"].data == {"title": "x", "minutes": 4}
    assert totals(conn)[:2] == (2, 2)


def test_one_bad_patch_never_fails_the_others(send: Send, conn: Connection) -> None:
    pushed = send(put("a", 0, title="x"), put("b", 1, minutes="many"), None, put("c", 2, title="y"))
    assert statuses(pushed) == ["applied", "rejected", "rejected", "applied"]
    assert list(rows(conn)) == ["a", "c"]
    assert pushed.results[1].error == Refusal("invalid", "set.minutes", "This must be a whole number.")


DEEP: Any = "x"
for _ in range(40):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("patch", "code", "field"),
    [
        ([], "invalid", ""),
        ({}, "unknown_collection", "collection"),
        ({**put("a", 0, t=1), "collection": ["note"]}, "unknown_collection", "collection"),
        ({**put("a", 0, t=1), "id": 7}, "invalid", "id"),
        (put("A b", 0, t=1), "invalid", "id"),
        ({**put("a", 0, t=1), "hlc": "yesterday"}, "invalid", "hlc"),
        ({"collection": "note", "id": "a", "set": {"t": 1}}, "invalid", "hlc"),
        ({**put("a", 0, t=1), "delete": True}, "invalid", "delete"),
        ({**drop("a", 0), "delete": 1}, "invalid", "delete"),
        ({"collection": "note", "id": "a", "hlc": at(0)}, "invalid", "set"),
        (put("a", 0), "invalid", "set"),
        ({**put("a", 0), "set": [1]}, "invalid", "set"),
        (put("a", 0, **{f"f{n}": n for n in range(65)}), "invalid", "set"),
        ({**put("a", 0), "set": {"": 1}}, "invalid", "set"),
        ({**put("a", 0), "set": {"*": 1}}, "invalid", "set"),
        (put("a", 0, t="a\x00b"), "invalid", "set.t"),
        (put("a", 0, t=["fine", {"x": "\ud800"}]), "invalid", "set.t[1].x"),
        (put("a", 0, t=2**60), "invalid", "set.t"),
        (put("a", 0, t=DEEP), "invalid", None),
        (put("a", 0, t="\x1asealed:AAAA"), "invalid", "set"),
        (put("a", 0, t="\\\x1asealed:AAAA"), "invalid", "set"),
        (put("a", 0, t="x" * 3000), "too_large", "set"),
        (put("a", 300_001, t=1), "clock_ahead", "hlc"),
        (put("a", -181 * 86_400_000, t=1), "gone", "id"),
        (put("a", 0, collection="session", t=1), "invalid", "set.at"),
        (drop("a", 0, "session"), "append_only", "delete"),
        (put("a", 0, collection="constraint", t=1), "read_only", "collection"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_and_the_reason(
    send: Send, conn: Connection, patch: Any, code: str, field: str | None
) -> None:
    refused = error(send(patch))
    assert refused.code == code
    assert field is None or refused.field == field
    assert refused.detail.endswith(".")
    assert rows(conn) == {}


def test_text_that_only_looks_sealed_is_kept(send: Send, conn: Connection) -> None:
    assert statuses(send(put("a", 0, t="\\u001asealed:AAAA"))) == ["applied"]
    assert rows(conn)["a"].data == {"t": "\\u001asealed:AAAA"}


def test_a_clock_five_minutes_ahead_is_taken(send: Send) -> None:
    assert statuses(send(put("a", 300_000, t=1))) == ["applied"]


def test_an_old_patch_for_a_known_record_is_merged(send: Send, conn: Connection) -> None:
    send(put("a", 0, title="now"))
    assert statuses(send(put("a", -200 * 86_400_000, OTHER, title="old", minutes=1))) == ["merged"]
    assert rows(conn)["a"].data == {"title": "now", "minutes": 1}


def test_a_written_session_is_never_changed(send: Send, conn: Connection) -> None:
    send(put("s", 0, collection="session", at="x"))
    assert error(send(put("s", 1, collection="session", at="y"))).code == "append_only"
    assert rows(conn)["s"].data == {"at": "x"}


def test_the_server_itself_writes_what_devices_only_read(send: Send, conn: Connection) -> None:
    assert statuses(send(put("c", 0, collection="constraint", t=1), by_server=True)) == ["applied"]


# --- what the device holds already -----------------------------------------------------------------------


def cursor(conn: Connection, seq: int) -> Cursor:
    head = store.read_head(conn, ACCOUNT)
    assert head is not None
    return Cursor(ACCOUNT, head.epoch, seq)


def test_a_device_does_not_download_its_own_writes(send: Send, conn: Connection) -> None:
    send(put("a", 0, title="x"))
    mine = cursor(conn, 1)
    pushed = send(put("a", 1, minutes=2), put("b", 2, title="new"), cursor=mine)
    assert pushed.own == [2, 3]
    assert changes(conn, mine, own=pushed.own) == []
    assert [change["seq"] for change in changes(conn, mine)] == [2, 3]


def test_a_record_that_the_device_had_not_seen_comes_down_with_its_own_edit(
    send: Send, conn: Connection
) -> None:
    send(put("a", 0, title="x"))
    mine = cursor(conn, 1)
    send(put("a", 1, OTHER, title="of the other device"))
    assert send(put("a", 2, minutes=2), cursor=mine).own == []


def test_an_edit_that_lost_a_field_comes_down(send: Send, conn: Connection) -> None:
    send(put("a", 5, OTHER, title="newer"))
    pushed = send(put("a", 1, title="older", minutes=2), cursor=cursor(conn, 1))
    assert statuses(pushed) == ["merged"]
    assert pushed.own == []


def test_a_revived_record_comes_down_whole(send: Send, conn: Connection) -> None:
    send(put("a", 0, title="x", minutes=1))
    send(drop("a", 1))
    pushed = send(put("a", 2, minutes=2), cursor=cursor(conn, 2))
    assert pushed.own == []
    assert changes(conn)[-1]["data"] == {"title": "x", "minutes": 2}


def test_without_a_cursor_everything_comes_down(send: Send, conn: Connection) -> None:
    assert send(put("a", 0, title="x")).own == []
    elsewhere = Cursor(ACCOUNT, "another-epoch", 1)
    assert send(put("b", 0, title="x"), cursor=elsewhere).own == []
    ahead = cursor(conn, 99)
    assert send(put("c", 0, title="x"), cursor=ahead).own == []


# --- deletions that are forgotten ------------------------------------------------------------------------


def test_a_device_behind_a_forgotten_deletion_writes_nothing_before_it_has_looked(
    send: Send, engine: Engine, conn: Connection
) -> None:
    send(put("a", 0, title="x"), put("b", 0, title="y"))
    old = cursor(conn, 1)
    conn.rollback()
    send(drop("a", 1))
    with engine.begin() as writing:
        assert store.prune_accounts(writing, datetime.now(UTC) + timedelta(hours=1)) == 1
    pushed = send(put("a", 9, minutes=1), cursor=old)
    assert statuses(pushed) == ["deferred"]
    assert list(rows(conn)) == ["b"]
    assert totals(conn)[1] == 1
    assert store.pull(conn, ACCOUNT, old, 10).reason == "pruned"


# --- quotas ----------------------------------------------------------------------------------------------


def test_a_full_account_takes_no_new_record_but_still_changes_and_deletes(
    send: Send, conn: Connection
) -> None:
    limits = Limits(records=2)
    pushed = send(put("a", 0, t=1), put("b", 0, t=1), put("c", 0, t=1), put("a", 1, t=2), limits=limits)
    assert statuses(pushed) == ["applied", "applied", "rejected", "applied"]
    assert pushed.results[2].error is not None
    assert pushed.results[2].error.code == "quota_records"
    assert statuses(send(drop("b", 2), limits=limits)) == ["applied"]


def test_bytes_are_counted_and_deleting_frees_them(send: Send, conn: Connection) -> None:
    limits = Limits(bytes=100)
    assert statuses(send(put("a", 0, t="x" * 80), limits=limits)) == ["applied"]
    assert totals(conn)[2] == len('{"t":""}') + 80
    assert error(send(put("b", 1, t="x" * 80), limits=limits)).code == "quota_bytes"
    conn.rollback()
    send(drop("a", 2), limits=limits)
    assert totals(conn)[2] == 0
    assert statuses(send(put("b", 3, t="x" * 80), limits=limits)) == ["applied"]


# --- sealing ---------------------------------------------------------------------------------------------


def test_only_what_a_rule_seals_is_sealed_and_only_when_it_is_written(send: Send, conn: Connection) -> None:
    sealed: list[Any] = []

    def seal(value: Any) -> str:
        sealed.append(value)
        return f"\x1asealed:{len(sealed)}"

    send(put("a", 0, collection="secret", pain=7, title="x"), seal=seal)
    send(put("a", 1, collection="secret", title="y"), seal=seal)
    send(put("a", 0, collection="secret", pain=7, title="x"), seal=seal)
    assert sealed == [7]
    assert rows(conn)["a"].data == {"pain": "\x1asealed:1", "title": "y"}


# --- row-level security ----------------------------------------------------------------------------------


def test_the_apps_role_sees_and_writes_its_account_only(send: Send, engine: Engine) -> None:
    send(put("a", 0, title="x"))
    account = ACCOUNT.removeprefix(store.ACCOUNT)
    with engine.connect() as conn:
        conn.exec_driver_sql("SET ROLE limber_app")
        conn.commit()
        assert store.read_head(conn, ACCOUNT, account="someone else") is None
        head = store.read_head(conn, ACCOUNT, account=account)
        assert head is not None
        assert head.seq == 1
        conn.rollback()
        assert [c["id"] for c in changes(conn, account=account)] == ["a"]
        conn.rollback()
        with pytest.raises(store.StreamUnknown):
            store.pull(conn, ACCOUNT, None, 10)
        conn.rollback()
        assert conn.exec_driver_sql("SELECT count(*) FROM record").scalar_one() == 0
        with pytest.raises(Exception, match="row-level security"):
            push(conn, ACCOUNT, [put("a", 5, title="stolen")], now_ms=NOW, rules=RULES)
        conn.rollback()


def test_the_setting_ends_with_the_statement(send: Send, engine: Engine) -> None:
    send(put("a", 0, title="x"))
    account = ACCOUNT.removeprefix(store.ACCOUNT)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("SET ROLE limber_app")
        assert store.pull(conn, ACCOUNT, None, 10, account=account).count == 1
        assert conn.exec_driver_sql("SELECT count(*) FROM record").scalar_one() == 0
        with pytest.raises(store.StreamUnknown):
            store.pull(conn, ACCOUNT, None, 10)
        conn.exec_driver_sql("RESET ROLE")


def test_a_new_epoch_for_all_sends_every_reader_back(send: Send, engine: Engine, conn: Connection) -> None:
    send(put("a", 0, title="x"))
    before = cursor(conn, 1)
    conn.rollback()
    with engine.begin() as writing:
        assert store.new_epochs(writing) == 1
    assert store.pull(conn, ACCOUNT, before, 10).reason == "epoch"


def test_a_page_ends_before_large_records_fill_it(send: Send, conn: Connection, new_reader: Any) -> None:
    noise = random.Random(7).randbytes(1_500_000).hex()  # PostgreSQL cannot make it much smaller
    large = {"note": Rule(max_bytes=4_000_000)}
    for name in "abcdef":
        send(put(name, 0, t=noise + name), rules=large)
    first = store.pull(conn, ACCOUNT, None, 100)
    assert 2 <= first.count <= 4
    assert first.cursor.until == 6
    assert sorted(key[1] for key in new_reader(ACCOUNT, 100).catch_up(conn).documents) == list("abcdef")
