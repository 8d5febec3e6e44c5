"""No reader ever misses a row: real threads, real connections, and the design that would miss one."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Event, Lock
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from sync import store

Documents = dict[tuple[str, str], dict[str, Any]]
IDS = [f"x{n:02}" for n in range(24)]


def some_documents(dice: random.Random) -> Documents:
    return {
        ("exercise", name): {"v": dice.randrange(3)} for name in dice.sample(IDS, dice.randrange(len(IDS)))
    }


def test_no_reader_ever_misses_a_row_while_publishers_race(engine: Engine, new_reader: Any) -> None:
    """Every complete checkpoint of a reader is exactly one published state, and the last one is the truth."""
    published: dict[tuple[str, int], Documents] = {("one", 0): {}, ("two", 0): {}}
    guard, finished = Lock(), Event()
    for stream in ("one", "two"):
        with engine.begin() as conn:
            store.publish(conn, stream, {})

    def publish(stream: str, seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(40):
            documents = some_documents(dice)
            with engine.begin() as conn:
                now = store.publish(conn, stream, documents)
            with guard:
                published[stream, now.seq] = documents

    def read(stream: str, limit: int) -> tuple[Any, list[tuple[int, Documents]]]:
        reader, checkpoints = new_reader(stream, limit), []
        while not finished.is_set():
            with engine.connect() as conn:
                if not reader.page(conn):
                    checkpoints.append((reader.seq, reader.documents))
        with engine.connect() as conn:
            reader.catch_up(conn)
        return reader, [*checkpoints, (reader.seq, reader.documents)]

    with ThreadPoolExecutor(9) as pool:
        readers = [
            pool.submit(read, stream, limit)
            for stream, limit in (("one", 1), ("one", 7), ("one", 50), ("two", 5))
        ]
        writers = [
            pool.submit(publish, stream, n) for n, stream in enumerate(("one", "one", "one", "two", "two"))
        ]
        try:
            for writer in writers:
                writer.result()
        finally:
            finished.set()
        for future in readers:
            reader, checkpoints = future.result()
            assert reader.resyncs == []
            for seq, documents in checkpoints:
                assert documents == published[reader.stream, seq]
            with engine.connect() as conn:
                assert reader.documents == store.state(conn, reader.stream)
                assert reader.seq == max(seq for stream, seq in published if stream == reader.stream)


def test_publishers_of_a_new_stream_agree_on_its_epoch(engine: Engine) -> None:
    def publish(name: str) -> store.Published:
        with engine.begin() as conn:
            return store.publish(conn, "new", {("exercise", name): {}})

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(publish, IDS[:6]))
    assert len({result.epoch for result in results}) == 1
    assert sorted(result.seq for result in results) == [1, 3, 5, 7, 9, 11]  # each tombstones the one before


def with_head_row(engine: Engine) -> Callable[[Connection, str], Callable[[], None]]:
    """The log's own way to number a row: the head is locked from the first write on."""

    def write(conn: Connection, name: str) -> Callable[[], None]:
        documents = {**store.state(conn, "s"), ("exercise", name): {}}
        conn.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
        store.publish(conn, "s", documents)
        return lambda: None

    return write


def with_global_sequence(engine: Engine) -> Callable[[Connection, str], Callable[[], None]]:
    """The usual way: a sequence gives the number, and whoever commits moves the head up to it."""
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE SEQUENCE plain")

    def write(conn: Connection, name: str) -> Callable[[], None]:
        seq = conn.exec_driver_sql("SELECT nextval('plain')").scalar_one()
        conn.exec_driver_sql(
            "INSERT INTO record (stream, collection, id, seq, data)"
            " VALUES ('s', 'exercise', %(id)s, %(seq)s, '{}')",
            {"id": name, "seq": seq},
        )

        def finish() -> None:
            conn.exec_driver_sql(
                "UPDATE stream SET head = greatest(head, %(seq)s) WHERE stream = 's'", {"seq": seq}
            )

        return finish

    return write


@pytest.mark.parametrize(
    ("way", "missed"), [(with_head_row, set()), (with_global_sequence, {("exercise", "slow")})]
)
def test_a_head_row_closes_the_hole_that_a_global_sequence_leaves(
    engine: Engine, new_reader: Any, way: Any, missed: set[tuple[str, str]]
) -> None:
    """`slow` takes its number first and commits last; `fast` and a reader pass in between."""
    with engine.begin() as conn:
        store.publish(conn, "s", {})
    write = way(engine)
    reader = new_reader("s")
    with engine.connect() as slow, engine.connect() as fast, engine.connect() as reading:
        finish_slow = write(slow, "slow")
        waits = way is with_head_row
        with pytest.raises(OperationalError, match="lock timeout") if waits else nullcontext():
            write(fast, "fast")()
            fast.commit()
        fast.rollback()
        reader.catch_up(reading)
        reading.rollback()
        finish_slow()
        slow.commit()
        if waits:
            write(fast, "fast")
            fast.commit()
        reader.catch_up(reading)
        truth = store.state(reading, "s")
    assert truth.keys() == {("exercise", "slow"), ("exercise", "fast")}
    assert truth.keys() - reader.documents.keys() == missed
