"""The authorization server: Authlib's grants and endpoints over our tables, one for each request and its transaction.

Authlib checks requests, clients and PKCE and words the errors (RFC 6749, 7636, 7009, 7662, 8628). Ours is what it
leaves open: S256 demanded at /oauth/authorize, single use, families, replay, and what a token says.
"""
# ruff: noqa: ARG002  (what Authlib calls has the parameters that Authlib gives)

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import OAuth2Payload, grants  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.errors import (  # type: ignore[import-untyped]
    AccessDeniedError,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc8628.errors import AuthorizationPendingError, ExpiredTokenError, SlowDownError  # type: ignore[import-untyped]
from flask import Response
from sqlalchemy import Connection
from werkzeug.datastructures import Headers, MultiDict

from server.accounts import codes, people, tokens
from server.accounts.clients import DEVICE, EVERY_SCOPE, Client, find_client
from server.accounts.issuing import token_response
from server.accounts.people import Person
from server.accounts.tokens import Family
from server.auth import AUDIENCE, Subject, TokenInvalid
from server.state import State

CLIENT_AUTH: Final = ("client_secret_basic", "client_secret_post", "none")
SECRET_AUTH: Final = CLIENT_AUTH[:2]
MAX_PARAMETER: Final = 1500  # characters; nothing that a client has to send comes near
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # of S256: 32 bytes as base64url
_NO_STORE = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")]


class Asked(OAuth2Request):  # type: ignore[misc]
    """The parameters of a request, from one place only: the query for pages, the body for programs."""

    def __init__(self, method: str, parameters: MultiDict[str, str], headers: Headers) -> None:
        # TLS ends at a proxy, so the address that we are called by says nothing of it; LIMBER_PUBLIC_URL does.
        super().__init__(method, "https://localhost/", headers=headers)
        self.payload = _Payload(parameters)

    @property
    def args(self) -> MultiDict[str, str]:
        return self.payload.data

    form = args


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, parameters: MultiDict[str, str]) -> None:
        self._data = parameters

    @property
    def data(self) -> MultiDict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, dict(self._data.lists()))


def checked(method: str, parameters: MultiDict[str, str], headers: Headers) -> Asked:
    """The request, once each parameter is there once and readable. Raises InvalidRequestError.

    RFC 6749 §3.1 and §3.2: parameters must not come more than once. Two that read a list differently could be played
    against each other.
    """
    for name, values in parameters.lists():
        if len(values) > 1:
            raise InvalidRequestError("A parameter comes more than once.")
        text = name + values[0]
        if len(text) > MAX_PARAMETER:
            raise InvalidRequestError("A parameter is too long.")
        if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
            raise InvalidRequestError("A parameter cannot be read.")
    # RFC 6749 §2.3: one way of authentication in each request.
    if "Authorization" in headers and "client_secret" in parameters:
        raise InvalidRequestError("The client authenticates in two ways.")
    # RFC 6749 §3.1: what comes without a value is treated as if it had been left out.
    given = MultiDict((name, value) for name, value in parameters.items() if value)
    return Asked(method, given, headers)


class Provider(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server for one request, in the caller's transaction."""

    def __init__(self, conn: Connection, shared: State, now: datetime) -> None:
        super().__init__(scopes_supported=EVERY_SCOPE)
        self.conn, self.shared, self.now = conn, shared, now
        self.register_grant(CodeGrant, [S256()])
        self.register_grant(RefreshGrant)
        self.register_grant(DeviceGrant)
        for endpoint in (Devices, Revocation, Introspection):
            self.register_endpoint(endpoint)

    def query_client(self, client_id: str) -> Client | None:
        return find_client(self.conn, self.shared.settings, client_id)

    def create_oauth2_request(self, request: Asked) -> Asked:
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def validate_requested_scope(self, scope: str | None) -> None:
        if not scope:
            raise InvalidScopeError("Say which scope is asked for.")
        super().validate_requested_scope(scope)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        return Response(orjson.dumps(body), status, dict(headers) | dict(_NO_STORE))

    def give(
        self,
        client: Client,
        family: Family,
        person: Person,
        scope: str,
        refresh: str | None,
        nonce: str | None = None,
    ) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """A successful answer of the token endpoint, as Authlib's grants return it."""
        body = token_response(
            self.shared.settings, self.shared.token_keys.get(), client=client, person=person, family=family,
            scope=scope, refresh_token=refresh, nonce=nonce, now=self.now,
        )  # fmt: skip
        return 200, body, _NO_STORE


def _person(server: Provider, whom: Any) -> Person:
    """Who a grant is for. Raises InvalidGrantError when the account is disabled or gone."""
    person = people.hold(server.conn, whom) if whom is not None else None
    if person is None:
        raise InvalidGrantError("The account cannot be used.")
    return person


def _scope_of(client: Client, scope: str | None) -> str:
    """What is asked for, all of which the client may have. Raises InvalidScopeError."""
    asked = set((scope or "").split())
    if not asked or not asked <= client.scopes:
        raise InvalidScopeError("The client may not ask for this scope.")
    return client.allowed_scope(scope or "")


class S256(CodeChallenge):  # type: ignore[misc]
    """PKCE: needed from every client, and S256 only (RFC 9700 §2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD: Final = ["S256"]
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("A code_challenge is needed (PKCE, RFC 7636).")
        if data.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(data["code_challenge"]):
            raise InvalidRequestError("The code_challenge must be one of the method S256.")


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """Authorization code: the request of a page, and the code that is redeemed."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH

    @staticmethod
    def validate_authorization_redirect_uri(request: Asked, client: Client) -> str:
        # Authlib's puts the address into the message, which then may hold what no message may.
        uri = request.payload.redirect_uri
        if not uri or not client.check_redirect_uri(uri):
            raise InvalidRequestError("The redirect_uri is not one of this client's.")
        return str(uri)

    def validate_requested_scope(self) -> None:
        super().validate_requested_scope()
        client = self.server.query_client(self.request.payload.client_id)
        self.request.scope = _scope_of(client, self.request.payload.scope)

    def query_authorization_code(self, code: str, client: Client) -> codes.Code | None:
        return codes.take_code(self.server.conn, code, client.id, self.server.now)

    def create_token_response(self) -> Any:
        server, client, code = self.server, self.request.client, self.request.authorization_code
        person = _person(server, code.account)
        refresh = "offline_access" in code.scope.split() and client.check_grant_type("refresh_token")
        family, token = tokens.new_family(
            server.conn, whom=person.id, client_id=client.id, scope=code.scope, auth_time=code.auth_time,
            amr=code.amr, now=server.now, refresh=refresh,
        )  # fmt: skip
        codes.code_used(server.conn, code, family.id, server.now)
        return server.give(client, family, person, code.scope, token, code.nonce)


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """A refresh token for the next one."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH

    def validate_token_request(self) -> None:
        self.request.client = self._validate_request_client()
        if not self.request.form.get("refresh_token"):
            raise InvalidRequestError("Missing 'refresh_token' in request.")

    def create_token_response(self) -> Any:
        server, client, given = self.server, self.request.client, self.request.form["refresh_token"]
        found = tokens.family_of(server.conn, given)
        if found is None or found[0].client_id != client.id:
            raise InvalidGrantError("The refresh token is not good.")
        # Before it is used up: who asked for too much may ask again.
        scope = self.request.payload.scope or found[0].scope
        if not set(scope.split()) <= set(found[0].scope.split()):
            raise InvalidScopeError("The scope is more than was given.")
        person = _person(server, found[0].account)
        used = tokens.use_refresh_token(server.conn, given, client.id, server.now)
        if used is None:
            raise InvalidGrantError("The refresh token is not good.")
        return server.give(client, used[0], person, scope, used[1])


class DeviceGrant(DeviceCodeGrant):  # type: ignore[misc]
    """A device asks whether somebody has said yes (RFC 8628 §3.4)."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        code = self.request.form.get("device_code")
        if not client.check_grant_type(DEVICE):
            raise UnauthorizedClientError("The client may not use device codes.")
        if not code:
            raise InvalidRequestError("Missing 'device_code' in request.")
        device, now = codes.take_device(self.server.conn, code), self.server.now
        if device is None or device.client_id != client.id or device.used_at is not None:
            raise InvalidGrantError("The device code is not good.")
        if device.expires_at <= now:
            raise ExpiredTokenError("The code has expired; begin again.")
        if device.approved is None:
            raise (
                AuthorizationPendingError()
                if codes.device_polled(self.server.conn, device, now)
                else SlowDownError()
            )
        if not device.approved:
            raise AccessDeniedError()
        self.request.client, self.request.credential = client, device

    def create_token_response(self) -> Any:
        server, client, device = self.server, self.request.client, self.request.credential
        person = _person(server, device.account)
        refresh = "offline_access" in device.scope.split() and client.check_grant_type("refresh_token")
        family, token = tokens.new_family(
            server.conn, whom=person.id, client_id=client.id, scope=device.scope, auth_time=device.auth_time,
            amr=device.amr, now=server.now, refresh=refresh,
        )  # fmt: skip
        codes.device_used(server.conn, device, server.now)
        return server.give(client, family, person, device.scope, token)


class Devices(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    """Gives a device its codes (RFC 8628 §3.1)."""

    CLIENT_AUTH_METHODS = CLIENT_AUTH

    def create_endpoint_response(self, request: Asked) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        client = self.authenticate_client(request)
        if not client.check_grant_type(DEVICE):
            raise UnauthorizedClientError("The client may not use device codes.")
        self.server.validate_requested_scope(request.payload.scope)
        scope = _scope_of(client, request.payload.scope)
        code, shown = codes.new_device(self.server.conn, client.id, scope, self.server.now)
        page = f"{self.server.shared.settings.address}/device"
        answer = {
            "device_code": code, "user_code": shown, "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={shown}",
            "expires_in": int(codes.DEVICE.total_seconds()), "interval": codes.INTERVAL_S,
        }  # fmt: skip
        return 200, answer, _NO_STORE


@dataclass(frozen=True, slots=True)
class Found:
    """A token that somebody asks about: an access token, or a refresh token and whether it is good."""

    family: Family | None
    access: Subject | None
    good: bool

    def check_client(self, client: Client) -> bool:
        """Whether it was given to this client."""
        of = self.access.client_id if self.access else self.family.client_id if self.family else None
        return of == client.id

    def is_expired(self) -> bool:
        """Access tokens that are not valid are not found in the first place."""
        return not self.good

    def is_revoked(self) -> bool:
        """Part of `good`."""
        return not self.good


def _find_token(server: Provider, text: str) -> Found | None:
    if (found := tokens.family_of(server.conn, text)) is not None:
        family, newest = found
        live = family.revoked_at is None and family.expires_at > server.now
        return Found(family, None, newest and live and people.hold(server.conn, family.account) is not None)
    try:
        subject = server.shared.verifier.subject(text)
    except TokenInvalid:
        return None
    return Found(None, subject, good=True)


class TokenTypeError(OAuth2Error):  # type: ignore[misc]
    """RFC 7009 §2.2.1."""

    error = "unsupported_token_type"
    description = "The token of an operator ends when it expires."


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """RFC 7009. Either kind of token ends its family, and with it every token that came of the same grant."""

    CLIENT_AUTH_METHODS = CLIENT_AUTH

    def check_params(self, request: Asked, client: Client) -> None:
        if not request.form.get("token"):
            raise InvalidRequestError("Missing 'token' in request.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> Found | None:
        return _find_token(self.server, token_string)

    def revoke_token(self, token: Found, request: Asked) -> None:
        family = str(token.family.id) if token.family else token.access.family if token.access else None
        if family is None:
            raise TokenTypeError()
        tokens.revoke_family(self.server.conn, people.as_uuid(family), "revoked", self.server.now)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """RFC 7662, for resource servers that are registered for it."""

    CLIENT_AUTH_METHODS = SECRET_AUTH

    def check_params(self, request: Asked, client: Client) -> None:
        if not client.introspects:
            raise InvalidClientError(status_code=401, description="The client may not introspect.")
        if not request.form.get("token"):
            raise InvalidRequestError("Missing 'token' in request.")

    def check_permission(self, token: Found, client: Client, request: Asked) -> bool:
        return True

    def query_token(self, token_string: str, token_type_hint: str | None) -> Found | None:
        return _find_token(self.server, token_string)

    def introspect_token(self, token: Found) -> dict[str, Any]:
        common = {"iss": self.server.shared.settings.issuer}
        if token.access is not None:
            who = token.access
            return common | {
                "token_type": "Bearer", "sub": who.name, "client_id": who.client_id, "aud": AUDIENCE,
                "scope": " ".join(scope for scope in EVERY_SCOPE if scope in who.scopes), "roles": sorted(who.roles),
                "iat": who.issued, "exp": who.expires,
            }  # fmt: skip
        assert token.family is not None
        family = token.family
        return common | {
            "token_type": "refresh_token", "sub": str(family.account), "client_id": family.client_id,
            "scope": family.scope, "iat": int(family.used_at.timestamp()), "exp": int(family.expires_at.timestamp()),
        }  # fmt: skip
