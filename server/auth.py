"""Who is asking: access tokens as RFC 9068 shapes them, checked once and then remembered until they expire.

A token is a JWT signed with ES256 or Ed25519 (RFC 9864), `typ` at+jwt, for our issuer and audience, short-lived, with
its scope in `scope` and the person's roles in `roles`. `server.access` says what both must allow.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import orjson
from flask import g, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, import_key

from server.problems import Fault
from server.settings import Settings
from server.state import state
from server.telemetry import log

AUDIENCE: Final = "urn:limber:api"
ROLES: Final = ("member", "physio", "editor", "ml_engineer", "support", "admin")
SCOPES: Final = ("openid", "sync", "account", "physio", "models", "catalog", "support", "admin")
# Asymmetric only, so that neither `none` nor HS256 with our public key as its secret can pass.
ALGORITHMS: Final = ("ES256", "Ed25519")
TYPES: Final = ("at+jwt", "application/at+jwt")
LONGEST_S: Final = 3600
LEEWAY_S: Final = 5
MAX_TOKEN: Final = 8192
REMEMBERED: Final = 10_000
"""How many verified tokens a process remembers: about 10 MB at most."""
_REALM: Final = 'Bearer realm="limber"'

_CLAIMS = ("iss", "aud", "sub", "client_id", "exp", "iat", "jti")


class TokenInvalid(ValueError):
    """The token is not one of ours, or not valid now; the message may be shown to whoever sent it."""


class KeyUnknown(TokenInvalid):
    """The token names a key that is not in the file."""


class TokenKeyInvalid(ValueError):
    """The key file of access tokens cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asked: the account's id or the operator's name, and what the token carries.

    `family` is the grant that the token descends from; `issued` and `expires` are seconds since 1970.
    """

    name: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()
    client_id: str = ""
    family: str | None = None
    issued: int = 0
    expires: int = 0


# --- keys and tokens -------------------------------------------------------------------------------------


def create_token_key(path: Path) -> None:
    """Make an ES256 key in a new PEM file that only its owner can read; an existing one stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(ECKey.generate_key("P-256").as_pem(private=True))
        os.link(draft, path)  # unlike a rename, never replaces a key that another process made meanwhile
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)


def load_keys(path: Path) -> KeySet:
    """The keys of a PEM or JWKS file, each with its algorithm and id. Raises TokenKeyInvalid naming the file."""
    try:
        content = path.read_bytes()
        if content.lstrip().startswith(b"{"):
            document = orjson.loads(content)
            found = [_asymmetric(entry) for entry in document["keys"]]
        else:
            found = [_from_pem(content)]
    except OSError as error:
        raise TokenKeyInvalid(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, JoseError) as error:
        raise TokenKeyInvalid(f"{path}: neither a PEM key nor a JWKS document") from error
    for key in found:
        if _algorithm(key) is None:
            raise TokenKeyInvalid(f"{path}: keys must be of curve P-256 (ES256) or Ed25519")
        key.ensure_kid()
    return KeySet(found)


def _asymmetric(entry: dict[str, Any]) -> Key:
    if entry.get("kty") not in ("EC", "OKP"):
        raise ValueError("kty: not EC or OKP")
    return import_key(entry)


def _from_pem(pem: bytes) -> Key:
    """A PEM does not say what it is before it is read."""
    try:
        return OKPKey.import_key(pem)
    except (ValueError, JoseError):
        return ECKey.import_key(pem)


def _algorithm(key: Key) -> str | None:
    """The one algorithm that the key is for."""
    curve = key.curve_name if isinstance(key, ECKey | OKPKey) else None
    return {"P-256": "ES256", "Ed25519": "Ed25519"}.get(curve or "")


def algorithm_of(key: Key) -> str:
    """The one algorithm that a key of `load_keys` is for."""
    found = _algorithm(key)
    assert found is not None
    return found


def until(key: Key) -> float:
    """When a key that signs no more may be forgotten, seconds since 1970; infinity for one that is in use."""
    found: Any = key.get("exp")
    return float(found) if isinstance(found, int | float) else float("inf")


def mint(
    settings: Settings,
    subject: str,
    roles: Collection[str],
    seconds: int,
    now: float | None = None,
    scope: str = " ".join(SCOPES),
) -> str:
    """A token for `subject`, valid for `seconds`, signed with the first private key of the file.

    For operators and tests; what people use comes from `/oauth/token`. Raises ValueError for an unknown role or more
    than an hour, TokenKeyInvalid without a private key.
    """
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        raise ValueError(f"role {unknown[0]!r} does not exist; there are {', '.join(ROLES)}")
    if not 0 < seconds <= LONGEST_S:
        raise ValueError(f"a token is valid for 1 to {LONGEST_S} seconds, not {seconds}")
    issued = int(time.time() if now is None else now)
    claims = {
        "iss": settings.issuer, "aud": AUDIENCE, "sub": subject, "client_id": "limber-cli",
        "iat": issued, "exp": issued + seconds, "jti": uuid.uuid4().hex, "scope": scope, "roles": sorted(roles),
    }  # fmt: skip
    return sign_token(signing_key(load_keys(settings.token_key), settings.token_key), claims)


def signing_key(keys: KeySet, path: Path) -> Key:
    """The key that signs: the first private one. Raises TokenKeyInvalid without one."""
    private = [key for key in keys.keys if key.is_private]
    if not private:
        raise TokenKeyInvalid(f"{path}: holds no private key to sign with")
    return private[0]


def sign_token(key: Key, claims: Mapping[str, Any], typ: str = "at+jwt") -> str:
    """`claims` as a JWT signed with `key`."""
    algorithm = algorithm_of(key)
    return jwt.encode({"alg": algorithm, "typ": typ, "kid": key.kid}, dict(claims), key, [algorithm])


def verify_token(text: str, keys: KeySet, issuer: str, now: float | None = None) -> Subject:
    """Who the token speaks for. Raises TokenInvalid."""
    if len(text) > MAX_TOKEN:
        raise TokenInvalid("the token is too long")
    moment = time.time() if now is None else now
    try:
        token = jwt.decode(text, lambda entry: _named(keys, entry.headers(), moment), ALGORITHMS)
        required = cast(dict[str, Any], {name: {"essential": True} for name in _CLAIMS})
        required["iss"]["value"], required["aud"]["value"] = issuer, AUDIENCE
        jwt.JWTClaimsRegistry(int(moment), LEEWAY_S, **required).validate(token.claims)
    except TokenInvalid:
        raise
    except JoseError as error:
        raise TokenInvalid(f"the token is not valid: {error.description or error.error}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenInvalid("the token is not a signed JWT") from error
    if str(token.header.get("typ", "")).lower() not in TYPES:
        raise TokenInvalid("the token is not an access token (typ at+jwt)")
    claims = token.claims
    subject, roles, scope = claims["sub"], claims.get("roles", []), claims.get("scope", "")
    if not isinstance(subject, str) or not subject or len(subject) > 200 or "\x00" in subject:
        raise TokenInvalid("the token names no subject")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise TokenInvalid("the token's roles are not a list of names")
    if not isinstance(scope, str) or not isinstance(claims["client_id"], str):
        raise TokenInvalid("the token's scope and client are not text")
    family = claims.get("family")
    return Subject(
        subject, frozenset(roles), frozenset(scope.split()), claims["client_id"],
        family if isinstance(family, str) else None, int(claims["iat"]), int(claims["exp"]),
    )  # fmt: skip


def _named(keys: KeySet, header: dict[str, Any], now: float) -> Key:
    """The key that the header names, which must be for the header's algorithm, and not outlived."""
    for key in keys.keys:
        if key.kid == header.get("kid") and _algorithm(key) == header.get("alg") and until(key) > now:
            return key
    raise KeyUnknown("the token is signed by a key that is not known here")


# --- what a process remembers ----------------------------------------------------------------------------


class KeyFile:
    """The keys of a file, read again when it changes; asked for at most every `seconds`."""

    def __init__(self, path: Path, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.version = 0
        self._seconds, self._clock, self._due = seconds, clock, -float("inf")
        self._seen: tuple[int, ...] | None = None
        self._keys = KeySet([])
        self._lock = threading.Lock()

    def get(self, *, fresh: bool = False) -> KeySet:
        """The keys, none without a file. `fresh`: look at the file now. Raises TokenKeyInvalid while it is damaged."""
        if not fresh and self._clock() < self._due:
            return self._keys
        with self._lock:
            try:
                stat = self.path.stat()
                seen: tuple[int, ...] | None = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            except OSError:
                seen = None
            if seen != self._seen or self.version == 0:
                # Without a key nobody can be told from anybody else.
                self._keys = load_keys(self.path) if seen is not None else KeySet([])
                self._seen = seen
                self.version += 1
            self._due = self._clock() + self._seconds
            return self._keys


class Verifier:
    """Tells who a token speaks for, in microseconds when it was seen before.

    `denials` gives what is refused before it expires: "account:<id>" or "family:<id>" -> seconds since 1970 until which
    tokens are refused by when they were issued; `server.accounts.tokens` writes it.
    """

    def __init__(
        self,
        issuer: str,
        keys: KeyFile,
        denials: Callable[[], Mapping[str, float]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer, self._keys, self._denials, self._clock = issuer, keys, denials, clock
        self._known: dict[bytes, Subject] = {}
        self._version = 0

    def subject(self, text: str) -> Subject:
        """Who the token speaks for. Raises TokenInvalid, TokenKeyInvalid."""
        keys, now = self._keys.get(), self._clock()
        if self._version != self._keys.version:  # another file: what an old key signed is looked at again
            self._known, self._version = {}, self._keys.version
        # By hash: what is in memory is of no use to whoever reads it.
        digest = hashlib.sha256(text.encode(errors="replace")).digest()
        found = self._known.get(digest)
        if found is None or found.expires + LEEWAY_S <= now:
            try:
                found = verify_token(text, keys, self._issuer, now)
            except KeyUnknown:
                # Perhaps a colleague signed with a key that came this very second.
                found = verify_token(text, self._keys.get(fresh=True), self._issuer, now)
            self._remember(digest, found, now)
        denied = self._denials()
        if denied and found.issued <= max(
            denied.get(f"account:{found.name}", 0), denied.get(f"family:{found.family}", 0)
        ):
            raise TokenInvalid("the token was withdrawn")
        return found

    def _remember(self, digest: bytes, found: Subject, now: float) -> None:
        if len(self._known) >= REMEMBERED:
            live = {key: each for key, each in list(self._known.items()) if each.expires > now}
            # A new dictionary, since other threads may be looking at the old one.
            self._known = live if len(live) < REMEMBERED // 2 else {}
        self._known[digest] = found


# --- the request -----------------------------------------------------------------------------------------


def subject() -> Subject:
    """Who is asking. Only inside a view that `server.access.requires` a permission."""
    found: Subject = g.subject
    return found


def admitted() -> Subject:
    """Who the request's token speaks for. Raises Fault 401, or 503 while the keys cannot be read."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Fault(401, "This needs an access token.", headers={"WWW-Authenticate": _REALM})
    try:
        return state().verifier.subject(text.strip())
    except TokenKeyInvalid as error:
        log.error("token_key_invalid", error=str(error))
        raise Fault(503, "Access tokens cannot be checked.", headers={"Retry-After": "30"}) from None
    except TokenInvalid as error:
        told = f'{_REALM}, error="invalid_token"'
        raise Fault(401, f"Not admitted: {error}.", headers={"WWW-Authenticate": told}) from None
