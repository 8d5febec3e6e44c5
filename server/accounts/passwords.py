"""Passwords: which ones are accepted (NIST SP 800-63B-4 §3.1.1.2), and how they are kept (Argon2id, RFC 9106).

Length is what counts: no rule about kinds of characters, no expiry. Refused is what an attacker tries first: the words
of `COMMON` and their usual disguises, keyboard runs, repetitions, and the person's own address. The check is a rule,
not a list of leaked passwords, so nothing has to be shipped or asked of anybody.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from server.problems import Fault

SHORTEST: Final = 8
LONGEST: Final = 128

# RFC 9106 §4, second recommended option; above the least that OWASP's cheat sheet on password storage names.
MEMORY_KIB: Final = 64 * 1024
PASSES: Final = 3
LANES: Final = 4
AT_ONCE: Final = 2  # hashes a process computes at the same time: 128 MiB, however many people sign in
WAIT_S: Final = 10

_hasher = PasswordHasher(
    time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=32, salt_len=16, type=Type.ID
)
_turns = threading.BoundedSemaphore(AT_ONCE)
_nobody: list[str] = []

# Written for this purpose: what people choose when they are asked for a password, and what is on our pages.
_WORDS = """
password passwort passw0rd motdepasse contrasena senha passphrase secret geheim letmein letmeinnow welcome
willkommen bienvenue hello hallo login logon signin admin administrator root user guest test tester testing demo
sample default changeme change temp temporary access master superman batman spiderman pokemon starwars matrix
princess prinzessin sunshine sonnenschein shadow dragon monkey tiger lion eagle falcon football fussball soccer
baseball basketball hockey liverpool arsenal chelsea barcelona realmadrid juventus michael jordan jennifer jessica
ashley daniel thomas charlie andrew nicole maria george summer winter spring autumn sommer january february march
april june july august september october november december monday tuesday wednesday thursday friday saturday sunday
iloveyou ilove loveyou lovely love liebe schatz baby babygirl honey sweetheart angel flower cookie cheese chocolate
banana orange coffee pepper computer internet google facebook youtube amazon apple samsung microsoft windows linux
android whatever nothing freedom trustno trustnoone killer hunter ranger soldier warrior ninja phoenix thunder
mustang ferrari porsche mercedes yamaha harley qwerty qwertz azerty asdf zxcvbn abc abcd money million lucky happy
family mother father friend forever blessed jesus limber limberapp warmup stretching stretch workout fitness
training mobility yoga running
"""
COMMON: Final = frozenset(_WORDS.split())
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
)  # fmt: skip
_PLAIN: Final = str.maketrans("@4310$5!7+|", "aaeiossittl")


class PasswordWeak(ValueError):
    """The password is not accepted; the message says why, to the person."""


def normal(password: str) -> str:
    """The form that is checked and hashed: NFKC, so that every keyboard types the same password."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *about: str) -> str:
    """`password` in its normal form when it is accepted. Raises PasswordWeak with a sentence.

    `about`: texts that anybody knows of the person (address, name) and that must not be most of it.
    """
    text = normal(password)
    if len(text) < SHORTEST:
        raise PasswordWeak(
            f"Use at least {SHORTEST} characters. Three or four words in a row are easy to remember."
        )
    if len(text) > LONGEST:
        raise PasswordWeak(f"Use at most {LONGEST} characters.")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise PasswordWeak("Use characters that can be typed: this has a control character in it.")
    words = {word for each in about for word in _words(each) if len(word) >= 4}
    if any(word in core and len(core) <= len(word) + 2 for core in _cores(text) for word in words):
        raise PasswordWeak("This is too close to your name or address. Choose something else.")
    if _guessable(text):
        raise PasswordWeak("This is one of the passwords that are tried first. Choose something else.")
    return text


def _words(text: str) -> list[str]:
    folded = text.casefold()
    parts = "".join(char if char.isalnum() else " " for char in folded).split()
    return [folded, folded.partition("@")[0], "".join(parts), *parts]


def _cores(text: str) -> set[str]:
    """Without the disguise: lower case, no digits or signs at the ends, letters for look-alike signs, or some of it."""
    folded = text.casefold()
    ends = "0123456789!?.,;:-_*#+$%&/()= "
    bare = {each for each in (folded, folded.rstrip(ends), folded.strip(ends)) if each}
    return bare | {each.translate(_PLAIN) for each in bare}


def _guessable(text: str) -> bool:
    cores = _cores(text)
    if any(each in COMMON or _repeats(each) or _runs(each) for each in cores):
        return True
    # Two common words, or one twice, are hardly better than one.
    return any(
        core[:cut] in COMMON and core[cut:] in COMMON for core in cores for cut in range(3, len(core) - 2)
    )


def _repeats(text: str) -> bool:
    """One unit of at most four characters, over and over: aaaaaaaa, abcabcabc, 12341234."""
    return any(
        len(text) >= 2 * size and text == (text[:size] * (len(text) // size + 1))[: len(text)]
        for size in (1, 2, 3, 4)
    )


def _runs(text: str) -> bool:
    """A way along the keyboard or the alphabet, forwards or back, in few pieces: abcdefgh, 87654321, qwertyui."""
    rest, pieces = text, 0
    while rest and pieces < 3:
        longest = next(
            (
                size
                for size in range(len(rest), 2, -1)
                for row in _ROWS
                if rest[:size] in row or rest[:size] in row[::-1]
            ),
            0,
        )
        if not longest:
            return False
        rest, pieces = rest[longest:], pieces + 1
    return not rest


# --- hashes ----------------------------------------------------------------------------------------------


@contextmanager
def _turn() -> Iterator[None]:
    """At most `AT_ONCE` hashes a process: the memory of Argon2 is what an attacker would exhaust."""
    if not _turns.acquire(timeout=WAIT_S):
        raise Fault(503, "Too many people are signing in at this moment.", headers={"Retry-After": "5"})
    try:
        yield
    finally:
        _turns.release()


def make_hash(password: str) -> str:
    """The Argon2id hash of a password that `check` accepted. Raises Fault 503 when too many wait."""
    with _turn():
        return _hasher.hash(normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one; without a stored hash False, after the same work. Raises Fault 503."""
    text = normal(password[: 4 * LONGEST])
    with _turn():
        if not _nobody:
            _nobody.append(_hasher.hash("of nobody"))
        try:
            return _hasher.verify(stored or _nobody[0], text) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's, and is to be made anew at the next sign-in."""
    return _hasher.check_needs_rehash(stored)
