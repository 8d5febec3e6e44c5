"""What a token response is made of: access tokens (RFC 9068) and ID tokens (OpenID Connect Core §2)."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import datetime
from typing import Any, Final

from joserfc.jwk import Key, KeySet

from server.access import scopes_for
from server.accounts.clients import EVERY_SCOPE, IDENTITY, Client
from server.accounts.people import Person
from server.accounts.tokens import ACCESS_S, Family
from server.auth import AUDIENCE, algorithm_of, sign_token, signing_key
from server.settings import Settings

ID_TOKEN_S: Final = 600


def useful_scope(scope: str, client: Client, roles: frozenset[str]) -> str:
    """The scopes of `scope` that the client may have and that somebody with these roles has a use for."""
    of_use = scopes_for(roles) | set(IDENTITY)
    wanted = set(scope.split())
    return " ".join(
        each for each in EVERY_SCOPE if each in wanted and each in client.scopes and each in of_use
    )


def token_response(
    settings: Settings,
    keys: KeySet,
    *,
    client: Client,
    person: Person,
    family: Family,
    scope: str,
    refresh_token: str | None,
    nonce: str | None,
    now: datetime,
) -> dict[str, Any]:
    """The body of a successful answer of the token endpoint. Raises TokenKeyInvalid without a key to sign with."""
    issued, given = int(now.timestamp()), useful_scope(scope, client, person.roles)
    claims: dict[str, Any] = {
        "iss": settings.issuer, "aud": AUDIENCE, "sub": person.get_user_id(), "client_id": client.id, "iat": issued,
        "exp": issued + ACCESS_S, "jti": uuid.uuid4().hex, "scope": given, "roles": sorted(person.roles),
        "auth_time": int(family.auth_time.timestamp()), "amr": list(family.amr), "family": str(family.id),
    }  # fmt: skip
    access_token = sign_token(signing_key(keys, settings.token_key), claims)
    answer: dict[str, Any] = {
        "access_token": access_token, "token_type": "Bearer", "expires_in": ACCESS_S, "scope": given,
    }  # fmt: skip
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token
    if "openid" in given.split():
        key = id_token_key(keys) or signing_key(keys, settings.token_key)
        about = {
            "iss": settings.issuer, "aud": client.id, "sub": person.get_user_id(), "iat": issued,
            "exp": issued + ID_TOKEN_S, "auth_time": claims["auth_time"], "amr": claims["amr"],
            "at_hash": half_hash(access_token, key),
        }  # fmt: skip
        answer["id_token"] = sign_token(key, about if nonce is None else about | {"nonce": nonce}, "JWT")
    return answer


def id_token_key(keys: KeySet) -> Key | None:
    """ID tokens are signed with ES256, which every client can check, unless the file has only an Ed25519 key."""
    return next((key for key in keys.keys if key.is_private and algorithm_of(key) == "ES256"), None)


def half_hash(token: str, key: Key) -> str:
    """`at_hash`, OpenID Connect Core §3.1.3.6: with the hash that the signature's algorithm uses."""
    digest = hashlib.sha256 if algorithm_of(key) == "ES256" else hashlib.sha512
    half = digest(token.encode()).digest()
    return base64.urlsafe_b64encode(half[: len(half) // 2]).rstrip(b"=").decode()


def user_info(person: Person, scopes: frozenset[str]) -> dict[str, Any]:
    """The claims that the scopes allow (OpenID Connect Core §5.4)."""
    about: dict[str, Any] = {"sub": person.get_user_id()}
    if "profile" in scopes:
        about |= {"name": person.name} if person.name else {}
        about |= {"locale": person.locale} if person.locale else {}
    if "email" in scopes and person.email is not None:
        about |= {"email": person.email, "email_verified": person.email_verified_at is not None}
    return about
