"""The keys that sign tokens: how they follow each other, and what the world is shown of them."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc.jwk import ECKey, Key, KeySet, OKPKey

from server.auth import LEEWAY_S, LONGEST_S, TokenKeyInvalid, algorithm_of, load_keys, until

OVERLAP_S: Final = LONGEST_S + LEEWAY_S
"""How long an old public key is needed: until the last token that it signed has expired."""


def rotate(path: Path, now: float | None = None) -> tuple[str, list[str], list[str]]:
    """Make a new key that signs from now on; of the old ones only the public halves stay, until nothing needs them.

    The file becomes a JWKS, replaced in one step, that only its owner can read; running servers notice within seconds.
    Returns (id of the new key, ids that stay for an hour, ids that are gone). Raises TokenKeyInvalid naming the file.
    """
    moment = time.time() if now is None else now
    try:
        with path.with_name(f".{path.name}.lock").open("w") as lock:
            fcntl.flock(
                lock, fcntl.LOCK_EX
            )  # two who rotate at once: the second starts from what the first made
            old = load_keys(path).keys
            # The same kind: what checks the tokens elsewhere knows it.
            new = _same_kind(old[0]) if old else _new_ec()
            staying = [_outgoing(key, moment) for key in old if until(key) > moment]
            _replace(path, {"keys": [new.as_dict(private=True), *staying]})
    except OSError as error:
        raise TokenKeyInvalid(f"{path}: {error.strerror}") from error
    stay = [str(key["kid"]) for key in staying]
    return str(new.kid), stay, [str(key.kid) for key in old if key.kid not in stay]


def _new_ec() -> Key:
    return ECKey.generate_key("P-256", auto_kid=True)


def _same_kind(key: Key) -> Key:
    return _new_ec() if algorithm_of(key) == "ES256" else OKPKey.generate_key("Ed25519", auto_kid=True)


def _outgoing(key: Key, now: float) -> dict[str, Any]:
    """The public half, with the time (`exp`, seconds since 1970) at which it may be forgotten."""
    public: dict[str, Any] = dict(key.as_dict(private=False))
    public.setdefault("exp", int(now) + OVERLAP_S + 1)
    return public


def _replace(path: Path, document: dict[str, Any]) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def public_keys(keys: KeySet, now: float | None = None) -> dict[str, Any]:
    """The JWKS that the world is shown (RFC 7517): public halves of what may have signed a token that is valid."""
    moment = time.time() if now is None else now
    shown = []
    for key in keys.keys:
        if until(key) > moment:
            entry: dict[str, Any] = dict(key.as_dict(private=False))
            entry.pop("exp", None)
            shown.append(entry | {"use": "sig", "alg": algorithm_of(key)})
    return {"keys": shown}
