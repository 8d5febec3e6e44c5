"""`/oauth/authorize`: a program sends a person here; they sign in, are asked when they must be, and are sent back.

The answer goes to an address that the client registered, with `iss` (RFC 9207) and by 303; what is wrong with a request
is told there too, unless it is the client or the address itself. Programs that anybody could pretend to be, those on
loopback and of an own scheme, are never let in without a click (RFC 8252 §8.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.errors import AccessDeniedError, InvalidRequestError  # type: ignore[import-untyped]
from flask import Blueprint, Response, redirect, request
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from server.access import checks
from server.accounts import codes, page, people
from server.accounts.clients import Client, find_client
from server.accounts.issuing import useful_scope
from server.accounts.people import Person
from server.accounts.provider import Asked, Provider, checked
from server.accounts.sessions import LOGIN_PATH, Login
from server.db import read, write
from server.problems import Fault
from server.state import state

SCOPE_WORDS: Final = {
    "openid": "know which account is yours",
    "profile": "see your name",
    "email": "see your e-mail address",
    "offline_access": "stay signed in until you take it back",
    "sync": "read and change your training data: profile, routines, sessions, feedback",
    "account": "export or erase your account",
    "physio": "set constraints for members who invited you, and see how they keep to their routines",
    "models": "see and release models",
    "catalog": "change exercises",
    "support": "find accounts and unlock them",
    "admin": "grant roles, close and open accounts",
}
_MAX_QUERY = page.MAX_FIELD - 100  # it must fit into the sign-in page's `next`
_TOO_LONG = "The program that sent you here asked with too many words."
_AFTER = "signed_in_after"  # our own parameter: seconds since 1970, for `prompt=login` and `max_age`
_PROMPTS = {"none", "login", "consent", "select_account"}

blp = Blueprint("authorize", __name__)
blp.register_error_handler(Fault, page.fault_page)


class LoginRequiredError(OAuth2Error):  # type: ignore[misc]
    """OpenID Connect Core §3.1.2.6."""

    error = "login_required"


class ConsentRequiredError(OAuth2Error):  # type: ignore[misc]
    """OpenID Connect Core §3.1.2.6."""

    error = "consent_required"


class RequestNotSupportedError(OAuth2Error):  # type: ignore[misc]
    """OpenID Connect Core §6."""

    error = "request_not_supported"


class RequestUriNotSupportedError(OAuth2Error):  # type: ignore[misc]
    """OpenID Connect Core §6."""

    error = "request_uri_not_supported"


class ResponseTypeError(OAuth2Error):  # type: ignore[misc]
    """RFC 6749 §4.1.2.1. Authlib's repeats what was asked for, which then may hold what no message may."""

    error = "unsupported_response_type"
    description = "Only the response_type code is supported."


@dataclass(frozen=True, slots=True)
class Wish:
    """A request that is in order: who asks, where the answer goes, and for what."""

    client: Client
    redirect_uri: str
    state: str | None
    scope: str
    nonce: str | None
    code_challenge: str
    prompts: frozenset[str]
    after: int


# --- /oauth/authorize ------------------------------------------------------------------------------------


@blp.route("/oauth/authorize", methods=["GET", "POST"])
@checks(blp, "session")
def authorize() -> Response:
    """A client asks for a code. A POST is the answer to our own page, or a request (OpenID Connect Core §3.1.2.1)."""
    decision = request.form.get("decision")
    if request.method == "POST" and decision is None:
        return as_get()
    client, redirect_uri = _whom()
    answer_state = request.args.get("state") or None
    try:
        wish = _wish(client, redirect_uri)
        login = page.current_login()
        if (
            login is None
            or int(login.auth_time.timestamp()) < wish.after
            or wish.prompts & {"login", "select_account"}
        ):
            if "none" in wish.prompts:
                raise LoginRequiredError()
            return _to_login(wish, login)
        return _decide(wish, login, decision)
    except OAuth2Error as error:
        return _answer(redirect_uri, answer_state, dict(error.get_body()))


def asked_of() -> Asked:
    try:
        return checked("GET", request.args, request.headers)
    except OAuth2Error as error:
        raise Fault(
            400, f"The program that sent you here asked in a wrong way. {error.description}"
        ) from None


def _whom() -> tuple[Client, str]:
    """Who asks, and where the answer goes. Raises Fault 400: nothing of such a request leads anywhere."""
    if len(request.query_string) > _MAX_QUERY:
        raise Fault(400, _TOO_LONG)
    data, shared = asked_of().payload.data, state()
    name, uri = data.get("client_id", ""), data.get("redirect_uri", "")
    client = read(shared.engine, lambda conn: find_client(conn, shared.settings, name))
    if client is None:
        raise Fault(400, "The program that sent you here is not registered.")
    if not client.check_redirect_uri(uri):
        raise Fault(
            400,
            "The program that sent you here wants the answer at an address that is not registered for it.",
        )
    return client, uri


def _wish(client: Client, redirect_uri: str) -> Wish:
    """The rest of the request. Raises OAuth2Error, which the client may be told."""
    asked, shared = asked_of(), state()
    data = asked.payload.data
    if "request" in data:
        raise RequestNotSupportedError()
    if "request_uri" in data:
        raise RequestUriNotSupportedError()
    if not data.get("response_type"):
        raise InvalidRequestError("Missing 'response_type' in request.")
    if data["response_type"] != "code":
        raise ResponseTypeError()
    if data.get("response_mode", "query") != "query":
        raise InvalidRequestError("Only the response_mode query is supported.")
    prompts = frozenset(data.get("prompt", "").split())
    if not prompts <= _PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise InvalidRequestError("The prompt is not one of none, login, consent, select_account.")
    after = max(_seconds(data, _AFTER) or 0, _since(data))
    grant = read(shared.engine, lambda conn: Provider(conn, shared, page.now()).get_consent_grant(asked))
    return Wish(
        client, redirect_uri, data.get("state"), grant.request.scope, data.get("nonce"), data["code_challenge"],
        prompts, after,
    )  # fmt: skip


def _seconds(data: MultiDict[str, str], name: str) -> int | None:
    given = data.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 12:
        raise InvalidRequestError(f"The parameter {name} is not a number of seconds.")
    return int(given)


def _since(data: MultiDict[str, str]) -> int:
    """The earliest time at which somebody may have signed in, for `max_age`."""
    age = _seconds(data, "max_age")
    return 0 if age is None else int(page.now().timestamp()) - age


def _to_login(wish: Wish, login: Login | None) -> Response:
    """To the sign-in page and back here, with what then is done already taken out of the request."""
    query = {name: value for name, value in request.args.items() if name not in ("max_age", "prompt", _AFTER)}
    if left := wish.prompts - {"login", "select_account"}:
        query["prompt"] = " ".join(sorted(left))
    if wish.after or "login" in wish.prompts:
        query[_AFTER] = str(int(page.now().timestamp()))
    back = f"{request.path}?{urlencode(query)}"
    if len(back) > page.MAX_FIELD:  # written out it may be longer than it came
        raise Fault(400, _TOO_LONG)
    return page.to(LOGIN_PATH, next=back, again="1" if login is not None else None)


def _decide(wish: Wish, login: Login, decision: str | None) -> Response:
    """Ask, or give what was agreed to before or is now."""
    shared, client = state(), wish.client

    def look(conn: Connection) -> tuple[Person | None, frozenset[str]]:
        return people.find(conn, login.account), codes.consented(conn, login.account, client.id)

    person, agreed = read(shared.engine, look)
    scope = useful_scope(wish.scope, client, person.roles) if person else ""
    # Others get what was shown. Ours keep what they asked for, so that a role that is given later is of use at once.
    granted = wish.scope if client.first_party else scope
    if not scope:
        raise AccessDeniedError("The account may do nothing of this.")
    if decision is not None:
        page.check_csrf()
        if decision != "allow":
            raise AccessDeniedError()
    elif "consent" in wish.prompts or not _assured(wish, scope, agreed):
        if "none" in wish.prompts:
            raise ConsentRequiredError()
        return _consent_page(wish, login, scope)

    def give(conn: Connection) -> str:
        if decision is not None and not client.first_party:
            codes.add_consent(conn, login.account, client.id, scope.split(), page.now())
        return codes.new_code(
            conn, login, client_id=client.id, redirect_uri=wish.redirect_uri, scope=granted, nonce=wish.nonce,
            code_challenge=wish.code_challenge, now=page.now(),
        )  # fmt: skip

    return _answer(wish.redirect_uri, wish.state, {"code": write(shared.engine, give)})


def _assured(wish: Wish, scope: str, agreed: frozenset[str]) -> bool:
    """Whether nobody has to be asked: it is surely this client, and ours, or it was agreed to before."""
    settings, origin = state().settings, _origin(wish.redirect_uri)
    if wish.client.first_party:
        return origin in (settings.address, *settings.web_origins)
    return origin.startswith("https:") and set(scope.split()) <= agreed


def _consent_page(wish: Wish, login: Login, scope: str) -> Response:
    return page.render(
        "consent.html",
        login=login,
        form_to=[form_target(wish.redirect_uri)],
        client=wish.client,
        action=f"{request.path}?{request.query_string.decode('ascii', 'replace')}",
        where=urlsplit(wish.redirect_uri).netloc if wish.redirect_uri.startswith("https:") else None,
        words=[SCOPE_WORDS[each] for each in scope.split()],
        again=f"{LOGIN_PATH}?{urlencode({'again': '1', 'next': request.full_path})}",
    )


def as_get() -> Response:
    """The same request as a GET, which brings the cookie along even from another site."""
    if request.query_string:
        raise Fault(400, "The program that sent you here asked in two ways at once.")
    query = urlencode([(name, value) for name, values in request.form.lists() for value in values])
    if len(query) > _MAX_QUERY:
        raise Fault(400, _TOO_LONG)
    return redirect_to(f"{request.path}?{query}")


def _answer(uri: str, answer_state: str | None, told: dict[str, Any]) -> Response:
    """To the client, who can tell by `iss` that it was us (RFC 9207)."""
    more = {**told, **({"state": answer_state} if answer_state else {}), "iss": state().settings.issuer}
    # No registered address has a fragment; nothing else of it may change on the way.
    target = f"{uri}{'&' if '?' in uri else '?'}{urlencode(more)}"
    # A browser holds the form-action of our sign-in page against every redirect that its form leads to, and only a
    # page in between ends that. Whoever is no browser does not say where it comes from.
    ours = _origin(uri) == state().settings.address
    if request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "same-origin" and not ours:
        response = page.render("onward.html", target=target, error="error" in told)
        response.headers["Refresh"] = f"0; url={target}"
        return response
    return redirect_to(target)


def redirect_to(target: str) -> Response:
    # 303: the browser must not send a form with a password on to the client (RFC 9700 §4.12).
    response = redirect(target, 303)
    assert isinstance(response, Response)
    return page.finish(response)


def _origin(uri: str) -> str:
    """The origin of an address; of an app's own scheme, the scheme."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def form_target(uri: str) -> str:
    """`_origin`, in words that a Content-Security-Policy knows: it has none for IPv6 addresses."""
    return "http:" if uri.startswith("http://[") else _origin(uri)
