"""`/oauth/logout`: a client asks that its person be signed out here (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from joserfc import jwt
from joserfc.errors import JoseError

from server.access import checks
from server.accounts import page
from server.accounts.authorize import as_get, asked_of, form_target, redirect_to
from server.accounts.clients import Client, find_client
from server.accounts.sessions import LOGIN_PATH, end_login
from server.auth import ALGORITHMS, MAX_TOKEN, TYPES
from server.db import read, write
from server.problems import Fault
from server.state import state

blp = Blueprint("end_session", __name__)
blp.register_error_handler(Fault, page.fault_page)


@blp.route("/oauth/logout", methods=["GET", "POST"])
@checks(blp, "session")
def logout() -> Response:
    """RP-initiated logout: at once with an ID token of whoever is signed in, else only after asking."""
    decision = request.form.get("decision")
    if request.method == "POST" and decision is None:
        return as_get()
    data, login = asked_of().payload.data, page.current_login()
    client, whom = _hinted(data.get("id_token_hint", ""), page.now())
    if client is not None and data.get("client_id", client.id) != client.id:
        client, whom = None, None
    back = data.get("post_logout_redirect_uri", "")
    target = f"{LOGIN_PATH.rpartition('/')[0]}/signed-out"
    form_to = []
    # Only with an ID token of the client's: else any link could lead from here to it.
    if client is not None and back in client.post_logout_redirect_uris:
        target = (
            f"{back}{'&' if '?' in back else '?'}{urlencode({'state': data['state']})}"
            if "state" in data
            else back
        )
        form_to = [form_target(back)]
    if login is not None and decision is None and str(login.account) != whom:
        action = f"{request.path}?{request.query_string.decode('ascii', 'replace')}"
        return page.render("end_session.html", login=login, form_to=form_to, action=action, client=client)
    if login is not None:
        if decision is not None:
            page.check_csrf()
        if decision not in (None, "sign_out"):
            return page.to(page.HOME)
        write(state().engine, lambda conn: end_login(conn, request))
    return page.sign_out(redirect_to(target))


def _hinted(token: str, now: datetime) -> tuple[Client | None, str | None]:
    """The client and the subject of an ID token of ours, expired or not; neither for anything else."""
    shared = state()
    keys = {key.kid: key for key in shared.token_keys.get().keys}
    try:
        if len(token) > MAX_TOKEN:
            return None, None
        found = jwt.decode(token, lambda entry: keys[entry.headers()["kid"]], ALGORITHMS)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None, None
    claims = found.claims
    foreign = str(found.header.get("typ", "")).lower() in TYPES or claims.get("iss") != shared.settings.issuer
    if foreign or not isinstance(claims.get("aud"), str) or not isinstance(claims.get("sub"), str):
        return None, None
    issued = claims.get("iat")
    if not isinstance(issued, int) or issued > now.timestamp() + 60:
        return None, None
    client = read(shared.engine, lambda conn: find_client(conn, shared.settings, claims["aud"]))
    return (client, claims["sub"]) if client else (None, None)
