"""Which passwords are accepted, and what keeping them costs."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from argon2 import extract_parameters

from server.accounts import passwords
from server.accounts.passwords import PasswordWeak, check, make_hash, matches, normal
from server.problems import Fault


@pytest.mark.parametrize(
    "good",
    ["correct horse battery", "Tr0ub4dor&3x", "zwölf Käse im Wald", "kq7f m2xz", "パスワードは長いほど良い",
     "x" * 3 + "qmvb" * 31, "purple-monkey-dishwasher", "8 to 128!", "🦩🦩 walks at dawn"],
)  # fmt: skip
def test_length_is_enough(good: str) -> None:
    assert check(good) == normal(good)


@pytest.mark.parametrize(
    "weak",
    ["password", "Password1", "P@ssw0rd!", "passwordpassword", "12345678", "123456789012", "87654321", "qwertyui",
     "qwertzuiop", "1q2w3e4r5t", "asdfghjkl", "aaaaaaaa", "abcabcabcabc", "12121212", "iloveyou", "ILoveYou2024",
     "letmein123", "sunshine!", "football99", "abcdefgh", "abcd1234", "1234abcd", "monkeydragon", "limber2026",
     "$unshine1", "qwerty123"],
)  # fmt: skip
def test_what_is_tried_first_is_refused(weak: str) -> None:
    with pytest.raises(PasswordWeak, match="tried first"):
        check(weak)


@pytest.mark.parametrize(
    ("short", "said"), [("", "at least 8"), ("7 chars", "at least 8"), ("ab" * 65, "at most 128")]
)
def test_the_length_has_two_ends(short: str, said: str) -> None:
    with pytest.raises(PasswordWeak, match=said):
        check(short)


@pytest.mark.parametrize(
    "close", ["mia.berger", "MIA.Berger1", "miaberger!", "mia.berger@example.org", "Berger99"]
)
def test_a_password_is_not_the_persons_own_address_or_name(close: str) -> None:
    with pytest.raises(PasswordWeak, match="name or address"):
        check(close, "mia.berger@example.org", "Mia Berger")


def test_a_password_may_hold_a_name_among_other_things() -> None:
    assert check("Berger climbs nine hills", "mia.berger@example.org")


def test_every_keyboard_types_the_same_password() -> None:
    composed, decomposed = "Käse im Wald", "Ka\u0308se im Wald"
    stored = make_hash(check(decomposed))
    assert matches(stored, composed)
    assert matches(make_hash(check("ｗｉｄｅ letters here")), "wide letters here")


def test_control_characters_are_refused() -> None:
    with pytest.raises(PasswordWeak, match="control"):
        check("abcdef\x07ghijk")


def test_hashes_are_argon2id_after_rfc_9106() -> None:
    parameters = extract_parameters(make_hash("correct horse battery"))
    assert parameters.type.name == "ID"
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (65536, 3, 4)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


def test_only_the_password_matches_and_nothing_matches_without_one() -> None:
    stored = make_hash("correct horse battery")
    assert matches(stored, "correct horse battery")
    assert not matches(stored, "correct horse batterx")
    assert not matches(None, "correct horse battery")
    assert not matches("not a hash", "correct horse battery")


def test_many_at_once_hash_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight parallel sign-ins take the memory of two: 128 MiB."""
    inside, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(passwords.AT_ONCE)

    class Watched:
        def verify(self, stored: str, password: str) -> bool:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            both.wait(5)  # so that as many as may be are in here together
            with lock:
                inside -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Watched())
    monkeypatch.setattr(passwords, "_nobody", ["x"])
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: matches("x", "y"), range(8)))
    assert most == passwords.AT_ONCE == 2


def test_who_waits_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT_S", 0)
    for _ in range(passwords.AT_ONCE):
        assert passwords._turns.acquire(timeout=1)
    try:
        with pytest.raises(Fault) as told:
            matches(None, "x")
    finally:
        for _ in range(passwords.AT_ONCE):
            passwords._turns.release()
    assert told.value.status == 503
    assert told.value.headers["Retry-After"]


def test_judging_the_longest_password_takes_no_time() -> None:
    began = time.process_time()
    for text in ("a" * 128, "ab12" * 32, "qwertzuiop" * 12, "x" * 20_000):
        with suppress(PasswordWeak):
            check(text, "a" * 60 + "@example.org")
    assert time.process_time() - began < 1
