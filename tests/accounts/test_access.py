"""One table says who may do what: every endpoint names its line, and the documentation shows the same."""

from pathlib import Path
from typing import Any

import flask
import pytest

from server.access import (
    PERMISSIONS,
    checks,
    name_view,
    permission_of,
    public,
    requires,
    scopes_for,
    signed_in,
)
from server.auth import ROLES, SCOPES
from tests.accounts.oauth_ground import Ground, new_session

DOCS = Path(__file__).parents[2] / "docs" / "access.md"


def test_every_endpoint_names_what_it_needs(oauth: Ground) -> None:
    for rule in oauth.app.url_map.iter_rules():
        assert permission_of(oauth.app.view_functions[rule.endpoint]) in PERMISSIONS, (
            f"{rule.rule} ({rule.endpoint}) names no permission: see server/access.py"
        )


def test_an_endpoint_that_names_nothing_would_be_found() -> None:
    app = flask.Flask("test")
    app.add_url_rule("/open", "open", lambda: "")
    assert permission_of(app.view_functions["open"]) is None


def test_the_names_are_kept_by_the_door_and_not_only_said(oauth: Ground) -> None:
    """Without a token nothing but what is public answers; an endpoint that is called without its door would."""
    tried = 0
    for rule in oauth.app.url_map.iter_rules():
        permission = permission_of(oauth.app.view_functions[rule.endpoint])
        at_desk = getattr(oauth.app.view_functions[rule.endpoint], "limber_door", None) == "desk"
        values = {
            name: 1 if f"<int:{name}>" in rule.rule or name == "x" else "00000000-0000-0000-0000-000000000000"
            for name in rule.arguments
        }
        with oauth.app.test_request_context():
            path = flask.url_for(rule.endpoint, **values)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = new_session().request(method, oauth.url + path, allow_redirects=False)
            if at_desk and method == "GET":
                # A page is for a browser: it leads to the sign-in. tests/desk/test_doors.py walks the roles.
                assert answer.status_code == 303, rule.rule
                assert answer.headers["Location"].startswith("/desk/sign-in"), rule.rule
            elif PERMISSIONS[permission or ""].scope:
                assert answer.status_code == 401, rule.rule
            elif permission == "session":
                # A stranger is sent to sign in, refused, or is told that nobody is signed in.
                assert answer.status_code in (303, 400, 401, 403), rule.rule
            elif permission == "client":
                assert answer.status_code in (400, 401), rule.rule
            tried += 1
    assert tried > 40


def test_the_document_says_what_each_operation_needs(oauth: Ground) -> None:
    document = new_session().get(f"{oauth.url}/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                needed = PERMISSIONS[operation["x-permission"]]
                assert operation["security"] == ([{"bearer": []}] if needed.scope else []), (path, method)


def test_the_documentation_shows_the_table() -> None:
    shown = [
        [cell.strip() for cell in line.strip("|\n ").split(" | ")]
        for line in DOCS.read_text().splitlines()
        if line.startswith("| `")
    ]
    table = []
    for name, needed in PERMISSIONS.items():
        roles = [role for role in ROLES if role in needed.roles]
        said = "every role" if len(roles) == len(ROLES) else ", ".join(roles) or "–"
        table.append([f"`{name}`", f"`{needed.scope}`" if needed.scope else "–", said, needed.meaning])
    assert shown == table


def test_every_scope_is_of_use_to_somebody_and_members_have_few() -> None:
    assert scopes_for(frozenset(ROLES)) == set(SCOPES)
    assert scopes_for(frozenset({"member"})) == {"openid", "sync", "account"}
    assert scopes_for(frozenset({"support"})) == {"openid", "sync", "account", "support"}
    assert scopes_for(frozenset()) == set()


def test_a_view_names_one_thing() -> None:
    blp = flask.Blueprint("two", __name__)

    def view() -> str:
        return ""

    named = public(blp)(view)
    with pytest.raises(AssertionError):
        name_view(named, "session")
    for wrong in ("public", "session"):
        with pytest.raises(AssertionError):
            requires(blp, wrong)
    with pytest.raises(AssertionError):
        checks(blp, "admin")
    with pytest.raises(KeyError):
        requires(blp, "root")


def test_a_page_for_somebody_signed_in_checks_its_forms(oauth: Ground) -> None:
    """Another site can send a form, but not its token."""
    browser: Any = oauth.browser(oauth.person())
    assert browser.post(f"{oauth.url}/device", data={"user_code": "x"}).status_code == 400
    assert signed_in is not None
