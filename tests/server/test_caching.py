"""The two in-process caches: bounded, and kind to what they read from."""

import threading

import pytest

from server.caching import Bodies, Timed


def test_bodies_stay_within_their_bound_and_the_oldest_goes_first() -> None:
    bodies = Bodies(100)
    for key in "abcd":
        bodies.put(key, key.encode() * 25)
    assert bodies.get("a") == b"a" * 25  # used again, so "b" is now the oldest
    bodies.put("e", b"e" * 25)
    assert [bodies.get(key) is not None for key in "abcde"] == [True, False, True, True, True]
    assert bodies.used == 100


def test_a_body_put_twice_counts_once() -> None:
    bodies = Bodies(100)
    bodies.put("a", b"x" * 20)
    bodies.put("a", b"y" * 10)
    assert (bodies.used, bodies.get("a")) == (10, b"y" * 10)


def test_a_body_too_large_for_the_bound_is_not_kept() -> None:
    bodies = Bodies(100)
    bodies.put("a", b"x" * 26)
    assert (bodies.used, bodies.get("a")) == (0, None)


def test_a_timed_value_is_read_again_only_when_due() -> None:
    now, reads = [0.0], []

    def read(old: int | None) -> int:
        reads.append(old)
        return len(reads)

    timed = Timed(read, 2.0, clock=lambda: now[0])
    assert [timed.get(), timed.get()] == [1, 1]
    now[0] = 1.9
    assert timed.get() == 1
    now[0] = 2.0
    assert timed.get() == 2
    assert reads == [None, 1]


def test_a_failing_read_keeps_the_old_value_and_waits_its_turn() -> None:
    now, reads = [0.0], []

    def read(_: str | None) -> str:
        reads.append(now[0])
        if len(reads) > 1:
            raise OSError("away")
        return "held"

    timed = Timed(read, 2.0, clock=lambda: now[0])
    for now[0] in (0.0, 2.0, 3.0, 4.0):
        assert timed.get() == "held"
    assert reads == [0.0, 2.0, 4.0]


def test_a_first_read_that_fails_is_told_and_tried_again() -> None:
    answers = [OSError("away"), None]

    def read(_: str | None) -> str:
        error = answers.pop(0)
        if error:
            raise error
        return "now"

    timed = Timed(read, 2.0)
    with pytest.raises(OSError, match="away"):
        timed.get()
    assert timed.get() == "now"


def test_while_one_thread_reads_the_others_get_the_old_value() -> None:
    now, begun, go_on = [0.0], threading.Event(), threading.Event()

    def read(old: str | None) -> str:
        if old is None:
            return "old"
        begun.set()
        assert go_on.wait(10)
        return "new"

    timed = Timed(read, 2.0, clock=lambda: now[0])
    timed.get()
    now[0] = 5.0
    slow = threading.Thread(target=timed.get)
    slow.start()
    assert begun.wait(10)
    assert timed.get() == "old"
    go_on.set()
    slow.join(10)
    assert timed.get() == "new"
