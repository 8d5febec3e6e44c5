"""The log: publishing, pages, resync, pruning, and what a pull costs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from sync import store
from sync.cursor import Cursor, CursorInvalid, decode, encode, origin
from sync.releases import Release, current_release, next_number, record_release, snapshot_hint

S = "catalog"
LATER = datetime(2999, 1, 1, tzinfo=UTC)


def docs(**values: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {("exercise", name): {"v": value} for name, value in values.items()}


def changes(pulled: store.Pulled) -> list[tuple[str, int, bool, Any]]:
    return [(c["id"], c["seq"], c["deleted"], c["data"]) for c in json.loads(pulled.changes)]


def test_publishing_writes_only_what_changed_and_tombstones_what_is_missing(conn: Connection) -> None:
    first = store.publish(conn, S, docs(a=1, b=2, c=3))
    assert (first.seq, first.changed, first.deleted) == (3, 3, 0)
    second = store.publish(conn, S, docs(a=1, b=20, d=4))
    assert (second.seq, second.changed, second.deleted, second.epoch) == (6, 2, 1, first.epoch)
    assert store.state(conn, S) == docs(a=1, b=20, d=4)
    pulled = store.pull(conn, S, Cursor(S, first.epoch, 3), 10)
    assert changes(pulled) == [("b", 4, False, {"v": 20}), ("c", 5, True, None), ("d", 6, False, {"v": 4})]


def test_publishing_the_same_again_writes_nothing(conn: Connection) -> None:
    first = store.publish(conn, S, docs(a=1.0, b={"x": [1, 2], "y": "é"}))
    again = store.publish(conn, S, docs(b={"y": "é", "x": [1, 2]}, a=1))
    assert (again.seq, again.changed, again.deleted) == (first.seq, 0, 0)
    assert store.publish(conn, S, {}).deleted == 2
    assert store.publish(conn, S, {}).deleted == 0


def test_a_publisher_who_knows_what_changed_need_not_send_the_rest(conn: Connection) -> None:
    first = store.publish(conn, S, docs(a=1, b=2, c=3, d=4))
    some = store.publish(conn, S, docs(a=1, b=20, e=5), gone=[("exercise", "c"), ("exercise", "never")])
    assert (some.seq, some.changed, some.deleted) == (first.seq + 3, 2, 1)
    assert store.state(conn, S) == docs(a=1, b=20, d=4, e=5)
    assert store.publish(conn, S, {}, gone=[]).seq == some.seq
    assert store.publish(conn, S, docs(c=3), gone=[]).changed == 1
    assert store.state(conn, S) == docs(a=1, b=20, c=3, d=4, e=5)


def test_a_deleted_document_can_come_back(conn: Connection) -> None:
    store.publish(conn, S, docs(a=1))
    store.publish(conn, S, {})
    back = store.publish(conn, S, docs(a=1))
    assert (back.seq, back.changed) == (3, 1)
    assert store.state(conn, S) == docs(a=1)


def test_a_publish_that_is_rolled_back_leaves_no_trace(engine: Engine) -> None:
    with engine.begin() as conn:
        store.publish(conn, S, docs(a=1))
    with engine.connect() as conn, conn.begin() as transaction:
        assert store.publish(conn, S, docs(b=2)).seq == 3
        transaction.rollback()
    with engine.connect() as conn:
        assert store.state(conn, S) == docs(a=1)
        assert store.pull(conn, S, None, 10).head.seq == 1


def test_streams_do_not_see_each_other(conn: Connection) -> None:
    one, other = store.publish(conn, "one", docs(a=1)), store.publish(conn, "other", docs(a=2, b=3))
    assert (one.seq, other.seq) == (1, 2)
    assert one.epoch != other.epoch
    store.publish(conn, "one", {})
    assert store.state(conn, "other") == docs(a=2, b=3)
    with pytest.raises(CursorInvalid, match="another stream"):
        store.pull(conn, "one", Cursor("other", other.epoch, 1), 10)


@pytest.mark.parametrize("value", ["a\x00b", "lone \ud800", float("nan"), 2**60])
def test_an_unstorable_document_is_refused_by_name_before_anything_is_written(
    conn: Connection, value: Any
) -> None:
    store.publish(conn, S, docs(a=1))
    with pytest.raises(ValueError, match=r"^document exercise/bad: v ") as caught:
        store.publish(conn, S, docs(good=2, bad=value))
    assert not isinstance(caught.value, DBAPIError)
    assert store.state(conn, S) == docs(a=1)  # and the transaction is still usable


def test_a_stream_needs_a_name_that_a_cursor_can_carry(conn: Connection) -> None:
    for name in ("", "two words", "é", "x" * 201):
        with pytest.raises(ValueError, match="is not a name"):
            store.publish(conn, name, docs(a=1))


def test_writing_in_autocommit_is_refused_because_the_lock_would_not_hold(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        with pytest.raises(RuntimeError, match="transaction"):
            store.publish(conn, S, docs(a=1))
        with pytest.raises(store.StreamUnknown):
            store.pull(conn, S, None, 10)


def test_pulling_needs_a_known_stream_and_a_positive_limit(conn: Connection) -> None:
    with pytest.raises(store.StreamUnknown, match="nobody"):
        store.pull(conn, "nobody", None, 10)
    store.publish(conn, S, docs(a=1))
    with pytest.raises(ValueError, match="limit"):
        store.pull(conn, S, None, 0)


def test_without_a_cursor_a_reader_is_sent_to_the_origin(conn: Connection) -> None:
    epoch = store.publish(conn, S, docs(a=1)).epoch
    pulled = store.pull(conn, S, None, 10)
    assert (pulled.kind, pulled.count, pulled.more, pulled.reason) == ("start", 0, True, None)
    assert pulled.cursor == origin(S, epoch)
    assert json.loads(pulled.body(snapshot=b'{"url":"/x"}')) == {
        "changes": [],
        "cursor": encode(origin(S, epoch)),
        "more": True,
        "snapshot": {"url": "/x"},
    }


def test_a_page_frozen_at_its_first_head_leaves_later_versions_to_the_next_window(conn: Connection) -> None:
    epoch = store.publish(conn, S, docs(a=1, b=2, c=3, d=4)).epoch
    first = store.pull(conn, S, origin(S, epoch), 2)
    assert [c[0] for c in changes(first)] == ["a", "b"]
    assert (first.more, first.cursor.until) == (True, 4)
    store.publish(conn, S, docs(a=1, b=2, c=30, d=4, e=5))  # c moves out of the window, e comes after it
    second = store.pull(conn, S, first.cursor, 2)
    assert [c[0] for c in changes(second)] == ["d"]
    assert second.more  # the window is read, but the head has moved on: no checkpoint yet
    assert second.cursor == Cursor(S, epoch, 4)
    third = store.pull(conn, S, second.cursor, 2)
    assert [c[0] for c in changes(third)] == ["c", "e"]
    assert not third.more
    assert third.cursor == Cursor(S, epoch, 6)


def test_a_reader_at_the_head_gets_an_empty_complete_page(conn: Connection) -> None:
    published = store.publish(conn, S, docs(a=1))
    at = Cursor(S, published.epoch, published.seq)
    pulled = store.pull(conn, S, at, 5)
    assert (pulled.kind, pulled.count, pulled.more, pulled.cursor) == ("page", 0, False, at)
    assert json.loads(pulled.body()) == {"changes": [], "cursor": encode(at), "more": False}


@pytest.mark.parametrize("seq", [0, 1, 3])
def test_a_cursor_of_another_epoch_resyncs(conn: Connection, seq: int) -> None:
    old = store.publish(conn, S, docs(a=1, b=2, c=3)).epoch
    fresh = store.new_epoch(conn, S)
    assert fresh.epoch != old
    pulled = store.pull(conn, S, Cursor(S, old, seq), 10)
    assert (pulled.kind, pulled.reason, pulled.changes) == ("resync", "epoch", b"[]")
    assert pulled.cursor == origin(S, fresh.epoch)
    assert json.loads(pulled.body())["resync"] == "epoch"


def test_a_cursor_ahead_of_the_head_resyncs(conn: Connection) -> None:
    epoch = store.publish(conn, S, docs(a=1, b=2)).epoch
    for cursor in (Cursor(S, epoch, 3), Cursor(S, epoch, 1, 3), Cursor(S, epoch, 2**63 - 1)):
        assert store.pull(conn, S, cursor, 10).reason == "ahead"
    assert store.pull(conn, S, Cursor(S, epoch, 2), 10).reason is None


def test_only_a_reader_behind_a_pruned_tombstone_resyncs(conn: Connection) -> None:
    epoch = store.publish(conn, S, docs(a=1, b=2, c=3)).epoch  # 1 2 3
    store.publish(conn, S, docs(a=1, b=2))  # tombstone of c at 4
    store.publish(conn, S, docs(a=1, b=2, d=4))  # 5
    assert store.prune(conn, S, datetime.now(UTC) - timedelta(days=180)) == 0
    assert store.prune(conn, S, LATER) == 1
    assert [store.pull(conn, S, Cursor(S, epoch, seq), 10).reason for seq in range(6)] == [
        None,  # from nothing: it never held c
        "pruned",
        "pruned",
        "pruned",
        None,
        None,
    ]
    assert store.pull(conn, S, None, 10).head.floor == 4


def test_a_first_sync_in_small_pages_ends_although_tombstones_were_pruned(
    conn: Connection, new_reader: Any
) -> None:
    many = docs(**{f"e{n:02}": n for n in range(20)})
    store.publish(conn, S, many)
    store.publish(conn, S, dict(list(many.items())[:10]))
    store.prune(conn, S, LATER)
    reader = new_reader(S, 3).catch_up(conn)
    assert reader.documents == dict(list(many.items())[:10])
    assert reader.resyncs == []


def test_a_first_sync_starts_again_when_a_tombstone_it_needs_is_pruned_on_the_way(
    conn: Connection, new_reader: Any
) -> None:
    store.publish(conn, S, docs(a=1, b=2, c=3, d=4))
    reader = new_reader(S, 2)
    reader.page(conn)  # the origin
    reader.page(conn)  # a and b
    store.publish(conn, S, docs(b=2, c=3, d=4))
    store.prune(conn, S, LATER)  # nobody will ever tell it that a is gone
    assert reader.catch_up(conn).documents == docs(b=2, c=3, d=4)
    assert reader.resyncs == ["pruned"]


def test_a_first_sync_goes_on_when_a_tombstone_it_never_needed_is_pruned_on_the_way(
    conn: Connection, new_reader: Any
) -> None:
    store.publish(conn, S, docs(a=1, b=2, c=3, d=4, e=5))
    store.publish(conn, S, docs(a=1, b=2, c=3, d=4))  # the tombstone of e is in the window, at 6
    reader = new_reader(S, 2)
    reader.page(conn)  # the origin
    reader.page(conn)  # a and b
    store.prune(conn, S, LATER)
    assert reader.catch_up(conn).documents == docs(a=1, b=2, c=3, d=4)
    assert reader.resyncs == []


def test_a_reader_that_held_a_record_resyncs_when_its_tombstone_is_pruned_before_the_page_that_has_it(
    conn: Connection, new_reader: Any
) -> None:
    store.publish(conn, S, docs(a=1, b=2, c=3, d=4))
    reader = new_reader(S, 2).catch_up(conn)
    store.publish(conn, S, docs(a=10, b=20, c=3))  # a, b, and the tombstone of d, at 5, 6, 7
    reader.page(conn)
    store.prune(conn, S, LATER)
    assert reader.catch_up(conn).documents == docs(a=10, b=20, c=3)
    assert reader.resyncs == ["pruned"]


def test_pruning_needs_a_time_zone(conn: Connection) -> None:
    with pytest.raises(ValueError, match="time zone"):
        store.prune(conn, S, datetime(2026, 1, 1))


def test_the_changes_since_a_cursor_are_found_by_index_among_100_000_rows(conn: Connection) -> None:
    conn.exec_driver_sql("INSERT INTO stream (stream, epoch, head) VALUES ('big', 'e', 100000)")
    conn.exec_driver_sql(
        "INSERT INTO record (stream, collection, id, seq, data) "
        """SELECT 'big', 'exercise', 'x' || n, n, '{"name": "a name"}' FROM generate_series(1, 100000) AS n"""
    )
    names = {"stream": "$1", "epoch": "$2", "seq": "$3", "until": "$4", "fresh": "$5", "limit": "$6"}
    conn.exec_driver_sql(
        "PREPARE pull (text, text, bigint, bigint, boolean, bigint) AS " + store.PULL % names
    )
    # With the planner's blind guess, as after a first bulk load, and with its statistics; with the values
    # known, and with the plan that PostgreSQL keeps for a statement it meets often.
    for setting in (
        "",
        "SET plan_cache_mode = force_generic_plan",
        "ANALYZE record",
        "RESET plan_cache_mode",
    ):
        if setting:
            conn.exec_driver_sql(setting)
        for seq, until in ((99990, "NULL"), (50000, 100000), (100000, "NULL")):
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE pull ('big', 'e', {seq}, {until}, false, 10)"
            plan = conn.exec_driver_sql(explain).scalar_one()
            scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "record"]
            assert [node["Node Type"] for node in scans] == ["Index Scan"]
            assert scans[0]["Index Name"] == "record_stream_seq_key"
            assert "seq" in scans[0]["Index Cond"]
            assert scans[0]["Actual Rows"] == min(10, 100000 - seq)
            assert scans[0].get("Rows Removed by Filter", 0) == 0


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def release(number: int, seq: int | None, epoch: str, stream: str = S, channel: str = "stable") -> Release:
    manifest = {"manifest": {"release": number, "epoch": epoch}, "key_id": "k", "signature": "s"}
    return Release(
        stream,
        number,
        channel,
        manifest,
        f"snapshots/{number}.json",
        "ab",
        12,
        datetime(2026, 1, 2, tzinfo=UTC),
        seq,
    )


def test_a_pull_carries_the_release_of_its_checkpoint_and_no_other(conn: Connection) -> None:
    epoch = store.publish(conn, S, docs(a=1)).epoch
    record_release(conn, release(1, 1, epoch))
    store.publish(conn, S, docs(a=1, b=2, c=3))
    record_release(conn, release(2, 3, epoch))
    first = store.pull(conn, S, origin(S, epoch), 2)
    assert (first.more, first.release) == (True, None)
    last = store.pull(conn, S, first.cursor, 2)
    body = json.loads(last.body())
    assert body["release"]["manifest"]["release"] == 2
    assert json.loads(store.pull(conn, S, last.cursor, 2).body())["release"] == body["release"]
    store.publish(conn, S, docs(a=1, b=2, c=4))  # written, not yet released
    assert "release" not in json.loads(store.pull(conn, S, last.cursor, 2).body())


def test_releases_are_numbered_from_one_and_the_newest_of_a_channel_is_current(conn: Connection) -> None:
    assert next_number(conn, "model") == 1
    assert current_release(conn, "model") is None
    for number, channel in ((1, "stable"), (2, "stable"), (3, "beta")):
        assert next_number(conn, "model") == number
        record_release(conn, release(number, None, "", "model", channel))
    assert next_number(conn, "model") == 4
    assert current_release(conn, "model") == release(2, None, "", "model")
    assert current_release(conn, "model", "beta") == release(3, None, "", "model", "beta")
    assert next_number(conn, S) == 1
    with pytest.raises(ValueError, match="time zone"):
        record_release(conn, Release("model", 4, "stable", {}, "k", "h", 1, datetime(2026, 1, 1)))
    with pytest.raises(IntegrityError):
        record_release(conn, release(3, None, "", "model"))


def test_a_snapshot_is_offered_only_where_it_leads_on(conn: Connection) -> None:
    epoch = store.publish(conn, S, docs(a=1, b=2)).epoch
    start = store.pull(conn, S, None, 10)
    hint = snapshot_hint(release(1, 2, epoch), start)
    assert hint == {"sha256": "ab", "bytes": 12, "cursor": encode(Cursor(S, epoch, 2)), "release": 1}
    assert store.pull(conn, S, decode(hint["cursor"]), 10).kind == "page"
    assert snapshot_hint(None, start) is None
    assert snapshot_hint(release(1, None, epoch), start) is None
    assert snapshot_hint(release(1, 3, epoch), start) is None
    store.publish(conn, S, {})
    store.prune(conn, S, LATER)
    assert snapshot_hint(release(1, 2, epoch), store.pull(conn, S, None, 10)) is None
    store.new_epoch(conn, S)
    assert snapshot_hint(release(2, 4, epoch), store.pull(conn, S, None, 10)) is None
