"""What programs ask the authorization server: tokens, their end, who somebody is, keys, and where everything is.

Errors are RFC 6749 §5.2. What a web page may ask from its own origin answers any origin (CORS): no cookie counts here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from server.access import checks, public, requires
from server.accounts import people
from server.accounts.clients import EVERY_SCOPE, GRANTS
from server.accounts.entering import here, hold_back
from server.accounts.issuing import id_token_key, user_info
from server.accounts.keys import public_keys
from server.accounts.provider import CLIENT_AUTH, SECRET_AUTH, Asked, Provider, checked
from server.accounts.throttle import Limit
from server.auth import TokenKeyInvalid, algorithm_of, subject
from server.db import read, write
from server.problems import Fault
from server.settings import Settings
from server.state import state
from server.telemetry import log

KEYS_S: Final = 60
"""How long a client may keep the JWKS: one that meets a key it does not know asks at once."""

DEVICES: Final = Limit("devices", 100, timedelta(seconds=5), timedelta(minutes=15), timedelta(seconds=30))

blp = Blueprint("oauth", __name__)

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Expose-Headers": "WWW-Authenticate, Retry-After",
    "Access-Control-Max-Age": "86400",
}
# Introspection is for servers.
_NOT_FROM_PAGES = {"oauth.introspect"}


@blp.after_request
def _cross_origin(response: Response) -> Response:
    if request.endpoint not in _NOT_FROM_PAGES:
        response.headers.update(_CORS)
        # Those of pages, which only load what is theirs, do not fit what anybody may fetch.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blp.errorhandler(OAuth2Error)
def oauth_error(error: Any) -> Response:
    """An error as RFC 6749 §5.2 wants it."""
    status, body, headers = error()
    told = dict(headers) | {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "Pragma": "no-cache",
    }
    return Response(orjson.dumps(body), status, told)


@blp.errorhandler(TokenKeyInvalid)
def key_error(error: TokenKeyInvalid) -> Response:
    """Nothing can be signed: an operator has to look."""
    log.error("token_key_invalid", error=str(error))
    told = {"error": "temporarily_unavailable", "error_description": "Tokens cannot be signed."}
    return Response(orjson.dumps(told), 503, {"Content-Type": "application/json", "Retry-After": "30"})


def _form() -> Asked:
    """The parameters of the body: in a query they would end up in logs (RFC 6749 §2.3.1)."""
    parameters: MultiDict[str, str] = request.form
    return checked(request.method, parameters, request.headers)


def _endpoint(name: str) -> Response:
    asked, shared, now = _form(), state(), datetime.now(UTC)
    response: Response = write(
        shared.engine, lambda conn: Provider(conn, shared, now).create_endpoint_response(name, asked)
    )
    return response


@blp.post("/oauth/token")
@checks(blp, "client")
def token() -> Response:
    """Redeem a code, a refresh token or a device code."""
    asked, shared, now = _form(), state(), datetime.now(UTC)
    response: Response = write(
        shared.engine, lambda conn: Provider(conn, shared, now).create_token_response(asked)
    )
    return response


@blp.post("/oauth/revoke")
@checks(blp, "client")
def revoke() -> Response:
    """End a token and all that came of the same grant (RFC 7009)."""
    return _endpoint("revocation")


@blp.post("/oauth/introspect")
@checks(blp, "client")
def introspect() -> Response:
    """What a token is, for a resource server (RFC 7662)."""
    return _endpoint("introspection")


@blp.post("/oauth/device_authorization")
@checks(blp, "client")
def device_authorization() -> Response:
    """Codes for a device without a browser (RFC 8628). Whoever asks stays unknown, so it is not without limit."""
    hold_back(DEVICES, here())
    return _endpoint("device_authorization")


@blp.route("/oauth/userinfo", methods=["GET", "POST"])
@requires(blp, "identity")
def userinfo() -> Response:
    """Who the token's person is, as far as its scopes go (OpenID Connect Core §5.3)."""
    who = subject()
    try:
        account = people.as_uuid(who.name)
        person = read(state().engine, lambda conn: people.find(conn, account))
    except people.PersonUnknown:
        person = None
    if person is None or person.disabled_at is not None:
        told = 'Bearer realm="limber", error="invalid_token"'
        raise Fault(401, "Not admitted: there is no such account.", headers={"WWW-Authenticate": told})
    return _json(user_info(person, who.scopes), "no-store")


@blp.get("/oauth/jwks")
@public(blp)
def jwks() -> Response:
    """The keys that tokens can be checked with."""
    return _json(public_keys(state().token_keys.get()), f"public, max-age={KEYS_S}")


@blp.get("/.well-known/openid-configuration")
@public(blp)
def openid_configuration() -> Response:
    """Where everything is (OpenID Connect Discovery 1.0)."""
    return _json(metadata(state().settings), f"public, max-age={KEYS_S}")


@blp.get("/.well-known/oauth-authorization-server")
@public(blp)
def oauth_configuration() -> Response:
    """Where everything is (RFC 8414)."""
    return _json(metadata(state().settings), f"public, max-age={KEYS_S}")


def metadata(settings: Settings) -> dict[str, Any]:
    """The discovery document: both standards share their names."""
    base = f"{settings.address}/oauth"
    keys = state().token_keys.get()
    signing = id_token_key(keys) or next((key for key in keys.keys if key.is_private), None)
    return {
        "issuer": settings.issuer,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "revocation_endpoint": f"{base}/revoke",
        "introspection_endpoint": f"{base}/introspect",
        "device_authorization_endpoint": f"{base}/device_authorization",
        "userinfo_endpoint": f"{base}/userinfo",
        "end_session_endpoint": f"{base}/logout",
        "jwks_uri": f"{base}/jwks",
        "scopes_supported": list(EVERY_SCOPE),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(CLIENT_AUTH),
        "revocation_endpoint_auth_methods_supported": list(CLIENT_AUTH),
        "introspection_endpoint_auth_methods_supported": list(SECRET_AUTH),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm_of(signing) if signing else "ES256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "amr", "at_hash", "name",
                             "locale", "email", "email_verified"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "service_documentation": f"{settings.address}/docs",
    }  # fmt: skip


def _json(value: Any, caching: str) -> Response:
    return Response(orjson.dumps(value), 200, {"Content-Type": "application/json", "Cache-Control": caching})
