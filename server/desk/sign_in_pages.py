"""`/desk/sign-in`, `/desk/signed-in`, `/desk/sign-out`: the desk as a client of our own OpenID provider."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from flask import Response, g, request
from joserfc import jwt
from joserfc.errors import JoseError
from sqlalchemy import Connection
from werkzeug.datastructures import Headers, MultiDict

from server.access import PERMISSIONS, checks
from server.accounts import page as account_page
from server.accounts.clients import CODE, DESK, first_party
from server.accounts.issuing import half_hash
from server.accounts.people import as_uuid
from server.accounts.provider import Provider, checked
from server.accounts.sessions import end_login
from server.auth import ALGORITHMS, ROLES, Subject, TokenInvalid, TokenKeyInvalid, verify_token
from server.db import write
from server.desk import page, session
from server.desk.page import blp
from server.problems import Fault
from server.state import state

SCOPE: Final = "openid catalog"
_FLOW: Final = "limber_desk_flow"
_FLOW_LIFE: Final = timedelta(hours=1)
_MAX_FLOW: Final = 3000


class IdTokenWrong(ValueError):
    """The ID token is not the answer to what this browser asked."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in that was begun in this browser."""

    state: str
    nonce: str
    verifier: str
    next: str


@blp.get("/sign-in")
@checks(blp, "session")
def sign_in() -> Response:
    """To the provider; what must match its answer stays in a cookie of this browser."""
    shared = state()
    following = page.back_to(request.args.get("next", ""))
    flow = Flow(
        secrets.token_urlsafe(16), secrets.token_urlsafe(16), secrets.token_urlsafe(48),
        following if len(following) < 1000 else page.HOME,
    )  # fmt: skip
    challenge = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest()).rstrip(b"=")
    response = page.to(
        "/oauth/authorize", response_type="code", client_id=DESK, redirect_uri=_redirect_uri(), scope=SCOPE,
        state=flow.state, nonce=flow.nonce, code_challenge=challenge.decode(), code_challenge_method="S256",
    )  # fmt: skip
    response.set_cookie(
        session.cookie_name(shared.settings, _FLOW), base64.urlsafe_b64encode(orjson.dumps(asdict(flow))).decode(),
        max_age=_FLOW_LIFE, httponly=True, samesite="Lax", path="/", secure=shared.settings.https,
    )  # fmt: skip
    return response


def _redirect_uri() -> str:
    return first_party(state().settings)[DESK].redirect_uris[0]


@blp.get("/signed-in")
@checks(blp, "session")
def signed_in() -> Response:
    """The provider's answer: redeemed here, checked, and exchanged for a session of the desk."""
    shared, now, flow, told = state(), page.now(), _flow(), request.args
    if flow is None or not hmac.compare_digest(told.get("state", "").encode(), flow.state.encode()):
        raise Fault(
            400, "This sign-in was not begun in this browser, or was begun anew. Open the desk again."
        )
    if told.get("iss") != shared.settings.issuer:
        raise Fault(400, "The answer did not come from this server's sign-in. Open the desk again.")
    if "code" not in told:
        raise Fault(403, "You were not signed in. Open the desk again to try once more.")
    form = MultiDict({
        "grant_type": CODE, "client_id": DESK, "code": told["code"], "redirect_uri": _redirect_uri(),
        "code_verifier": flow.verifier,
    })  # fmt: skip

    def work(conn: Connection) -> tuple[Subject, str] | None:
        # Without headers: what the browser sends says nothing of how this client shows who it is.
        answer: Response = Provider(conn, shared, now).create_token_response(checked("POST", form, Headers()))
        if answer.status_code != 200:
            return None
        given = orjson.loads(answer.data)
        who = verify_token(
            given["access_token"], shared.token_keys.get(), shared.settings.issuer, now.timestamp()
        )
        _check_id_token(given, who, flow.nonce, now)
        assert who.family is not None
        return who, session.begin(conn, as_uuid(who.name), as_uuid(who.family), now)

    try:
        found = write(shared.engine, work)
    except TokenKeyInvalid:
        raise Fault(503, "Nobody can be signed in at this moment. Please try again soon.") from None
    except (OAuth2Error, TokenInvalid, IdTokenWrong):
        found = None
    if found is None:
        raise Fault(400, "This sign-in is used up or too old. Open the desk again.")
    who, cookie = found
    if not who.roles & PERMISSIONS["catalog.edit"].roles:
        named = [role for role in ROLES if role in PERMISSIONS["catalog.edit"].roles]
        # The session is kept: a role that is given now counts at the next request.
        response = page.sorry(
            403,
            f"The desk needs the role {' or '.join(named)}. Ask an admin for it, then reload.",
            again=True,
        )
    else:
        response = page.to(flow.next)
    session.set_cookie(response, cookie)
    response.delete_cookie(session.cookie_name(shared.settings, _FLOW), path="/")
    return response


def _flow() -> Flow | None:
    given = request.cookies.get(session.cookie_name(state().settings, _FLOW), "")
    try:
        if len(given) > _MAX_FLOW:
            return None
        flow = Flow(**orjson.loads(base64.urlsafe_b64decode(given)))
    except (ValueError, TypeError):
        return None
    if not all(isinstance(each, str) for each in asdict(flow).values()):
        return None
    return flow if page.back_to(flow.next, "") else None


def _check_id_token(given: dict[str, Any], who: Subject, nonce: str, now: datetime) -> None:
    """OpenID Connect Core §3.1.3.7 and §3.1.3.8. Raises IdTokenWrong."""
    shared = state()
    keys = {key.kid: key for key in shared.token_keys.get().keys}
    try:
        token = jwt.decode(given["id_token"], lambda entry: keys[entry.headers()["kid"]], ALGORITHMS)
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": shared.settings.issuer},
            "aud": {"essential": True, "value": DESK},
            "sub": {"essential": True, "value": who.name},
            "nonce": {"essential": True, "value": nonce},
            "exp": {"essential": True},
        }
        jwt.JWTClaimsRegistry(int(now.timestamp()), 5, **wanted).validate(token.claims)
        hashed = half_hash(given["access_token"], keys[token.header["kid"]])
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise IdTokenWrong(str(error)) from error
    if token.claims.get("at_hash") != hashed:
        raise IdTokenWrong("at_hash")


@blp.post("/sign-out")
@checks(blp, "session")
def sign_out() -> Response:
    """Ends the session here and the browser's sign-in: or the next click would open the desk again."""
    if session.current() is None:
        return page.to("/account/signed-out")
    page.check_csrf()

    def work(conn: Connection) -> None:
        session.end(conn, page.now())
        end_login(conn, request)

    write(state().engine, work)
    g.desk = None
    response = account_page.sign_out(page.to("/account/signed-out"))
    session.clear_cookie(response)
    return response
