"""Who is asking: access tokens as RFC 9068 shapes them, and the role that an operation needs.

A token is a JWT signed with ES256 or Ed25519 (RFC 9864), `typ` at+jwt, for our issuer and audience, short-lived, with
the person's roles in `roles`. Whoever holds the private key may mint; this server needs only the public half.
"""

from __future__ import annotations

import functools
import os
import secrets
import time
import uuid
from collections.abc import Callable, Collection
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
from server.web import Blueprint, View, problems_of

AUDIENCE: Final = "urn:limber:api"
ROLES: Final = ("member", "physio", "editor", "ml_engineer", "support", "admin")
# Asymmetric only, so that neither `none` nor HS256 with our public key as its secret can pass.
ALGORITHMS: Final = ("ES256", "Ed25519")
TYPES: Final = ("at+jwt", "application/at+jwt")
LONGEST_S: Final = 3600
LEEWAY_S: Final = 5
MAX_TOKEN: Final = 8192
_REALM: Final = 'Bearer realm="limber"'

_CLAIMS = ("iss", "aud", "sub", "client_id", "exp", "iat", "jti")


class TokenInvalid(ValueError):
    """The token is not one of ours, or not valid now; the message may be shown to whoever sent it."""


class TokenKeyInvalid(ValueError):
    """The key file of access tokens cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asked: the account's or operator's name, and the roles that the token carries."""

    name: str
    roles: frozenset[str]


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


def mint(
    settings: Settings, subject: str, roles: Collection[str], seconds: int, now: float | None = None
) -> str:
    """A token for `subject`, valid for `seconds`, signed with the first private key of the file.

    Raises ValueError for an unknown role or more than an hour, TokenKeyInvalid without a private key.
    """
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        raise ValueError(f"role {unknown[0]!r} does not exist; there are {', '.join(ROLES)}")
    if not 0 < seconds <= LONGEST_S:
        raise ValueError(f"a token is valid for 1 to {LONGEST_S} seconds, not {seconds}")
    private = [key for key in load_keys(settings.token_key).keys if key.is_private]
    if not private:
        raise TokenKeyInvalid(f"{settings.token_key}: holds no private key to sign with")
    issued = int(time.time() if now is None else now)
    claims = {
        "iss": settings.issuer, "aud": AUDIENCE, "sub": subject, "client_id": "limber-cli",
        "iat": issued, "exp": issued + seconds, "jti": uuid.uuid4().hex, "roles": sorted(roles),
    }  # fmt: skip
    algorithm = cast(str, _algorithm(private[0]))
    return jwt.encode(
        {"alg": algorithm, "typ": "at+jwt", "kid": private[0].kid}, claims, private[0], [algorithm]
    )


def verify_token(text: str, keys: KeySet, issuer: str, now: float | None = None) -> Subject:
    """Who the token speaks for. Raises TokenInvalid."""
    if len(text) > MAX_TOKEN:
        raise TokenInvalid("the token is too long")
    try:
        token = jwt.decode(text, lambda entry: _named(keys, entry.headers()), ALGORITHMS)
        required = cast(dict[str, Any], {name: {"essential": True} for name in _CLAIMS})
        required["iss"]["value"], required["aud"]["value"] = issuer, AUDIENCE
        moment = int(time.time() if now is None else now)
        jwt.JWTClaimsRegistry(moment, LEEWAY_S, **required).validate(token.claims)
    except TokenInvalid:
        raise
    except JoseError as error:
        raise TokenInvalid(f"the token is not valid: {error.description or error.error}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenInvalid("the token is not a signed JWT") from error
    if str(token.header.get("typ", "")).lower() not in TYPES:
        raise TokenInvalid("the token is not an access token (typ at+jwt)")
    subject, roles = token.claims["sub"], token.claims.get("roles", [])
    if not isinstance(subject, str) or not subject or len(subject) > 200 or "\x00" in subject:
        raise TokenInvalid("the token names no subject")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise TokenInvalid("the token's roles are not a list of names")
    return Subject(subject, frozenset(roles))


def _named(keys: KeySet, header: dict[str, Any]) -> Key:
    """The key that the header names, which must be for the header's algorithm."""
    for key in keys.keys:
        if key.kid == header.get("kid") and _algorithm(key) == header.get("alg"):
            return key
    raise TokenInvalid("the token is signed by a key that is not known here")


# --- the door of an operation ----------------------------------------------------------------------------


def requires(blp: Blueprint, role: str) -> Callable[[View], View]:
    """Lets in whoever brings a token with `role`, before anything of the request is read; says so in the document.

    401 without a valid token, 403 without the role. Inside, `subject()` tells who it is.
    """
    assert role in ROLES

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*arguments: Any, **options: Any) -> Any:
            g.subject = _admitted(role)
            return view(*arguments, **options)

        documented = blp.doc(security=[{"bearer": []}], **{"x-role": role})(cast(View, guarded))
        return problems_of(blp, 401, 403)(documented)

    return decorate


def subject() -> Subject:
    """Who is asking. Only inside a view that `requires` a role."""
    found: Subject = g.subject
    return found


def _admitted(role: str) -> Subject:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Fault(401, "This needs an access token.", headers={"WWW-Authenticate": _REALM})
    settings = state().settings
    try:
        # Without a key nobody can be told from anybody else.
        keys = load_keys(settings.token_key) if settings.token_key.exists() else KeySet([])
    except TokenKeyInvalid as error:
        log.error("token_key_invalid", error=str(error))
        raise Fault(503, "Access tokens cannot be checked.", headers={"Retry-After": "30"}) from None
    try:
        found = verify_token(text.strip(), keys, settings.issuer)
    except TokenInvalid as error:
        told = f'{_REALM}, error="invalid_token"'
        raise Fault(401, f"Not admitted: {error}.", headers={"WWW-Authenticate": told}) from None
    if role not in found.roles:
        told = f'{_REALM}, error="insufficient_scope"'
        raise Fault(403, f"This needs the role {role}.", headers={"WWW-Authenticate": told}, role=role)
    return found
