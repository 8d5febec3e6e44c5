"""The web app's sign-in: its refresh token is in a cookie that no script can read.

A page cannot keep a secret from its own scripts, so what lasts stays out of their reach: `/oauth/web/token` is the
token endpoint of the app on our own origin. It takes and gives the refresh token as an HttpOnly cookie and answers with
the access token, which the app keeps in memory (the token-mediating backend of "OAuth 2.0 for Browser-Based Apps").
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import orjson
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    InvalidGrantError,
    InvalidRequestError,
    UnauthorizedClientError,
)
from flask import Blueprint, Response, request
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from server.access import checks
from server.accounts import tokens
from server.accounts.clients import CODE, REFRESH
from server.accounts.oauth import key_error, oauth_error
from server.accounts.provider import Provider, checked
from server.auth import TokenKeyInvalid
from server.db import write
from server.settings import Settings
from server.state import state

APP: Final = "limber-app"
PATH: Final = "/oauth/web"
_COOKIE: Final = "limber_app"

blp = Blueprint("oauth_web", __name__)
blp.register_error_handler(OAuth2Error, oauth_error)
blp.register_error_handler(TokenKeyInvalid, key_error)


@blp.post(f"{PATH}/token")
@checks(blp, "client")
def token() -> Response:
    """Redeem a code, or renew the access token with the cookie. The form is that of `/oauth/token`, without tokens."""
    _same_origin()
    shared, now, form = state(), datetime.now(UTC), MultiDict(request.form)
    kind = form.get("grant_type")
    if kind not in (CODE, REFRESH) or "refresh_token" in form or "client_id" in form:
        raise InvalidRequestError(
            "This takes a grant_type of authorization_code or refresh_token, and no token."
        )
    form["client_id"] = APP
    if kind == REFRESH:
        if not (held := _held(shared.settings)):
            raise InvalidGrantError("Nobody is signed in in this browser.")
        form["refresh_token"] = held
    asked = checked("POST", form, request.headers)
    answer: Response = write(
        shared.engine, lambda conn: Provider(conn, shared, now).create_token_response(asked)
    )
    if answer.status_code != 200:
        # What cannot be used again need not be sent again; a server that is away says nothing of the cookie.
        return _forget(answer, shared.settings) if kind == REFRESH and answer.status_code == 400 else answer
    told = orjson.loads(answer.data)
    lasting = told.pop("refresh_token", None)
    answer.data = orjson.dumps(told)
    if lasting is not None:
        answer.set_cookie(
            _name(shared.settings), lasting, max_age=int(tokens.REFRESH.total_seconds()), path=PATH,
            secure=shared.settings.https, httponly=True, samesite="Strict",
        )  # fmt: skip
    return answer


@blp.post(f"{PATH}/end")
@checks(blp, "client")
def end() -> Response:
    """Sign this browser's app out: every token of its sign-in ends, and the cookie goes."""
    _same_origin()
    shared, now = state(), datetime.now(UTC)
    if held := _held(shared.settings):
        write(shared.engine, lambda conn: _end(conn, held, now))
    return _forget(Response(b"{}", 200, {"Content-Type": "application/json"}), shared.settings)


def _end(conn: Connection, held: str, now: datetime) -> None:
    found = tokens.family_of(conn, held)
    if found is not None and found[0].client_id == APP:
        tokens.revoke_family(conn, found[0].id, "revoked", now)


def _same_origin() -> None:
    """The cookie speaks for the app on our own origin only. Every browser sends `Origin` with such a request."""
    if request.headers.get("Origin") != state().settings.address:
        raise UnauthorizedClientError(f"This is for the app at {state().settings.address} only.")


def _name(settings: Settings) -> str:
    # Not __Host-: that would have it sent with every request.
    return f"__Secure-{_COOKIE}" if settings.https else _COOKIE


def _held(settings: Settings) -> str:
    return request.cookies.get(_name(settings), "")


def _forget(answer: Response, settings: Settings) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    answer.delete_cookie(_name(settings), path=PATH, secure=settings.https, httponly=True, samesite="Strict")
    return answer
