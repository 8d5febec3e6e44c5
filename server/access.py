"""Who may do what: the one table of permissions, and the door that every endpoint has.

Each view says what it needs with `requires(blp, "…")`, `signed_in(blp)` or `public(blp)`; a test walks all endpoints
and fails on one that says nothing. docs/access.md shows the same table.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import flask
from flask import g, request

from server.accounts import page
from server.accounts.sessions import LOGIN_PATH
from server.auth import ROLES, SCOPES, admitted
from server.problems import Fault
from server.web import Blueprint, View, problems_of


@dataclass(frozen=True, slots=True)
class Permission:
    """What it takes: a token's scope and one of the roles (empty: none is needed), and what it is for."""

    scope: str | None
    roles: frozenset[str]
    meaning: str


def _needs(scope: str, roles: str, meaning: str) -> Permission:
    return Permission(scope, frozenset(ROLES if roles == "*" else roles.split()), meaning)


PERMISSIONS: Final[dict[str, Permission]] = {
    "public": Permission(None, frozenset(), "anybody: what is published, signing in, the pages"),
    "client": Permission(None, frozenset(), "an OAuth client that authenticates itself: the token endpoints"),
    "session": Permission(
        None, frozenset(), "a person signed in in this browser: cookie, and a token in each form"
    ),
    "identity": _needs("openid", "*", "who the person is: `/oauth/userinfo`"),
    "sync": _needs("sync", "*", "replicate the account's own records"),
    "account": _needs("account", "*", "export, import, erase the own account; consents; invite a physio"),
    "physio": _needs("physio", "physio", "set constraints and read adherence of members who invited"),
    "models.read": _needs("models", "ml_engineer admin", "see releases, their health and uploads"),
    "models.release": _needs("models", "ml_engineer admin", "upload, publish, promote, halt, roll back"),
    "upload": Permission(
        None, frozenset(), "whoever holds a signed address: one part of a file on its way in"
    ),
    "catalog.edit": _needs("catalog", "editor physio admin", "the desk: see everything, write drafts"),
    "catalog.review": _needs("catalog", "editor physio admin", "approve or send back another person's draft"),
    "catalog.review_safety": _needs(
        "catalog", "physio", "approve what touches hazards, doses, conditions or vocabularies"
    ),
    "catalog.release": _needs("catalog", "editor admin", "publish, now or at a time; roll back"),
    "catalog.media": _needs(
        "catalog", "editor physio admin", "upload pictures and films, attach them; videos"
    ),
    "catalog.import": _needs("catalog", "editor admin", "bring files of exercises in as drafts; export"),
    "jobs.retry": _needs("catalog", "admin", "try background jobs again, or cancel them"),
    "support": _needs(
        "support", "support admin", "find an account by address, see its state, unlock; never health"
    ),
    "admin": _needs("admin", "admin", "grant roles, close and open accounts"),
}

assert {p.scope for p in PERMISSIONS.values() if p.scope} == set(SCOPES)


def scopes_for(roles: frozenset[str]) -> frozenset[str]:
    """The scopes that can be of use to somebody with these roles."""
    return frozenset(p.scope for p in PERMISSIONS.values() if p.scope and p.roles & roles)


def requires(blp: flask.Blueprint, permission: str) -> Callable[[View], View]:
    """Lets in whoever brings a token with the permission, before anything of the request is read.

    401 without a valid token, 403 without the scope or the role. Inside, `server.auth.subject()` tells who it is.
    """
    needed = PERMISSIONS[permission]
    assert needed.scope

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*arguments: Any, **options: Any) -> Any:
            found = admitted()
            check(found.scopes, found.roles, permission)
            g.subject = found
            return view(*arguments, **options)

        words: dict[str, Any] = {
            "security": [{"bearer": []}],
            "x-permission": permission,
            "x-scope": needed.scope,
        }
        documented = _documented(blp, cast(View, guarded), words)
        if isinstance(blp, Blueprint):
            documented = problems_of(blp, 401, 403)(documented)
        return _named(documented, permission)

    return decorate


def check(scopes: frozenset[str], roles: frozenset[str], permission: str) -> None:
    """Raises Fault 403, naming the scope or the roles that are missing."""
    needed = PERMISSIONS[permission]
    if needed.scope in scopes and needed.roles & roles:
        return
    told = f'Bearer realm="limber", error="insufficient_scope", scope="{needed.scope}"'
    named = [role for role in ROLES if role in needed.roles]
    if needed.scope not in scopes:
        said = f"This needs a token with the scope {needed.scope}."
    else:
        said = f"This needs the role {' or '.join(named)}."
    raise Fault(
        403, said, headers={"WWW-Authenticate": told}, permission=permission, scope=needed.scope, roles=named
    )


def public(blp: flask.Blueprint) -> Callable[[View], View]:
    """Says that anybody may."""
    return lambda view: _named(_documented(blp, view, {"security": [], "x-permission": "public"}), "public")


def checks(blp: flask.Blueprint, permission: str) -> Callable[[View], View]:
    """Says that the view itself sees to a permission that needs no token: "client" or "session"."""
    assert PERMISSIONS[permission].scope is None
    return lambda view: _named(_documented(blp, view, {"x-permission": permission}), permission)


def signed_in(blp: flask.Blueprint) -> Callable[[View], View]:
    """A page for somebody signed in in this browser; `page.current_login()` tells who. Others sign in first.

    A form must carry the session's CSRF token in the field `csrf`, else 400.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*arguments: Any, **options: Any) -> Any:
            asks = request.method in ("GET", "HEAD")
            if page.current_login() is None:
                return page.to(LOGIN_PATH, next=request.full_path.rstrip("?") if asks else request.path)
            if not asks:
                page.check_csrf()
            return view(*arguments, **options)

        return _named(_documented(blp, cast(View, guarded), {"x-permission": "session"}), "session")

    return decorate


def permission_of(view: Any) -> str | None:
    """The permission that a view function names; None when it names nothing."""
    found: str | None = getattr(view, "limber_permission", None)
    return found


def name_view(view: View, permission: str) -> View:
    """For a view that is registered without a blueprint."""
    return _named(view, permission)


def _named(view: View, permission: str) -> View:
    assert permission_of(view) is None or permission_of(view) == permission
    view.limber_permission = permission  # type: ignore[attr-defined]  # functools.wraps carries it outwards
    return view


def _documented(blp: flask.Blueprint, view: View, words: dict[str, Any]) -> View:
    # Flask's own blueprints, of pages, have no document.
    return blp.doc(**words)(view) if isinstance(blp, Blueprint) else view
