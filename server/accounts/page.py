"""What every page about an account shares: its frame and headers, CSRF tokens, and where it may lead on to.

A browser gets a random cookie at its first page. The tokens of forms are derived from it and from the login cookie,
so they end with the session; nothing of them is stored. The cookie is HttpOnly, SameSite=Lax, and with https carries
the `__Host-` prefix, so that no other host of the domain can plant one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Request, Response, g, redirect, render_template, request
from sqlalchemy.exc import SQLAlchemyError

from server.accounts import sessions
from server.accounts.sessions import Login
from server.db import read
from server.problems import Fault, is_outage, problem
from server.state import state
from server.telemetry import log

blp = Blueprint("accounts", __name__, url_prefix="/account", template_folder="../templates")

COOKIE = "limber_page"
HOME = "/account/"
MAX_NEXT = 6000  # characters: an OAuth request may have a long state
MAX_FIELD = 20_000  # characters: a passkey's answer with an attestation is the longest
_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


def now() -> datetime:
    """The time of this request, the same wherever it is asked."""
    moment: datetime = g.setdefault("now", datetime.now(UTC))
    return moment


# --- addresses -------------------------------------------------------------------------------------------


def next_path(given: str | None, otherwise: str = HOME) -> str:
    """`given` when it is a path of ours (and so cannot lead to another site), else `otherwise`."""
    if given and len(given) <= MAX_NEXT and _PATH.fullmatch(given) and not urlsplit(given).netloc:
        return given
    return otherwise


def client_address(asked: Request, proxies: int) -> str:
    """The address to count attempts by: the peer's, or what the last `proxies` proxies of ours say it is.

    An IPv6 client owns its whole /64, so that is what counts.
    """
    hops = [hop.strip() for value in asked.headers.getlist("X-Forwarded-For") for hop in value.split(",")]
    # Each proxy of ours appends whom it heard; what stands further left anybody may have written.
    text = hops[-min(proxies, len(hops))] if proxies and hops else asked.remote_addr or ""
    try:
        address = ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    return str(address)


# --- the browser's cookie and the tokens of forms --------------------------------------------------------


def _cookie_name() -> str:
    return f"__Host-{COOKIE}" if state().settings.https else COOKIE


def browser() -> str:
    """The secret that this browser keeps; a new one, sent with the answer, when it has none."""
    if "browser" not in g:
        found = request.cookies.get(_cookie_name(), "")
        if not _VALUE.fullmatch(found):
            found, g.new_browser = secrets.token_urlsafe(32), True
        g.browser = found
    value: str = g.browser
    return value


def login_cookie() -> str:
    """The cookie of the login in this browser, empty without one."""
    return request.cookies.get(sessions.cookie_name(https=state().settings.https), "")


def browser_hash() -> bytes:
    """What is stored of `browser()` when a step must be finished by the browser that began it."""
    return hashlib.sha256(browser().encode()).digest()


def csrf_token() -> str:
    """The token that forms must send: that of the session, or of the browser while nobody is signed in."""
    login = current_login()
    return login.csrf if login else hmac.new(browser().encode(), b"limber csrf", "sha256").hexdigest()


def check_csrf() -> None:
    """Raises Fault 400 when the form was not one of ours, in this browser and this session."""
    # Chromium, Firefox and Safari say where a request comes from; older ones are held to the token alone.
    foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    # On bytes: compare_digest refuses text that is not ASCII.
    if foreign or not hmac.compare_digest(field("csrf").encode(), csrf_token().encode()):
        raise Fault(400, "This page was open for too long, so nothing was done. Please try again.")


def field(name: str) -> str:
    """A field of the form, empty when it is missing. Raises Fault 400 for text that nothing of ours sends."""
    text = request.form.get(name, "")
    if "\x00" in text or len(text) > MAX_FIELD or any("\ud800" <= char <= "\udfff" for char in text):
        raise Fault(400, f"The field {name} cannot be read.", errors={name: ["Unreadable."]})
    return text


# --- answers ---------------------------------------------------------------------------------------------


def current_login() -> Login | None:
    """Who is signed in in this browser, asked once a request."""
    if "login" not in g:
        g.login = read(state().engine, lambda conn: sessions.current_login(conn, request, now()))
    found: Login | None = g.login
    return found


def policy(form_to: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page with forms; `form_to`: further origins that a form may end at."""
    ends = " ".join(("'self'", *form_to))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        f"form-action {ends}; frame-ancestors 'none'"
    )


def render(
    template: str,
    status: int = 200,
    *,
    login: Login | None = None,
    form_to: Iterable[str] = (),
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response:
    """The page `templates/accounts/<template>` with the headers that all of them carry.

    `login`: who is signed in, shown at the top. `form_to`: origins that a form's answer may redirect to (a browser
    holds form-action against redirects too).
    """
    context.setdefault("errors", {})
    person = (login.name or login.email or "Your account") if login else None
    html = render_template(f"accounts/{template}", form_token=csrf_token(), person=person, **context)
    response = Response(html, status, content_type="text/html; charset=utf-8", headers=headers)
    response.headers["Content-Security-Policy"] = policy(form_to)
    return finish(response)


def to(path: str, **query: str | None) -> Response:
    """A redirect (303) to one of our own paths, with the parts of `query` that are not empty."""
    asked = urlencode({name: value for name, value in query.items() if value})
    if asked:
        path += ("&" if "?" in path else "?") + asked
    response = redirect(path, 303)
    assert isinstance(response, Response)
    return finish(response)


def finish(response: Response) -> Response:
    """The headers and the cookie of an answer about an account."""
    response.headers["Cache-Control"] = "no-store"
    if g.get("new_browser"):
        response.set_cookie(
            _cookie_name(), browser(), httponly=True, secure=state().settings.https, samesite="Lax", path="/"
        )
    return response


def sign_in(response: Response, value: str) -> Response:
    """Put a login on the answer, with a new secret for the browser: nobody can have fixed it before."""
    g.browser, g.new_browser = secrets.token_urlsafe(32), True
    sessions.set_cookie(response, value, state().settings)
    return finish(response)


def sign_out(response: Response) -> Response:
    """Take the login off the browser and forget what tied its forms to it."""
    g.browser, g.new_browser = secrets.token_urlsafe(32), True
    sessions.clear_cookie(response, state().settings)
    return finish(response)


@blp.errorhandler(Fault)
def fault_page(fault: Fault) -> Response:
    """An error as a page, for people; for our own script, which asks for JSON, as a problem."""
    if request.accept_mimetypes.best == "application/json":
        return finish(problem(fault.status, fault.detail, errors=fault.errors, headers=fault.headers))
    return _sorry(fault.status, fault.detail, fault.headers)


@blp.errorhandler(SQLAlchemyError)
def outage_page(error: SQLAlchemyError) -> Response:
    """The database is away: a page that needs nothing of it."""
    if not is_outage(error):
        raise error
    log.error("database_unavailable", error=str(getattr(error, "orig", error)).strip())
    return _sorry(503, "Nobody can be signed in at this moment. Please try again soon.", {"Retry-After": "5"})


def _sorry(status: int, detail: str, headers: Mapping[str, str]) -> Response:
    html = render_template("accounts/error.html", errors={}, heading=_TITLES.get(status), detail=detail)
    response = Response(html, status, content_type="text/html; charset=utf-8", headers=dict(headers))
    response.headers["Content-Security-Policy"] = policy()
    response.headers["Cache-Control"] = "no-store"
    return response


_TITLES = {
    400: "That did not work",
    403: "Not allowed",
    404: "There is no such page",
    429: "Too many tries",
    503: "Not possible right now",
}
