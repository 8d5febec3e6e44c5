"""Every address of the desk for everybody who may come: let in, led to the sign-in, or told which role it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flask
import pytest

from server.access import PERMISSIONS, permission_of
from server.accounts.people import grant_role, revoke_role
from server.auth import ROLES
from tests.desk.conftest import Editor, sit_down
from tests.server.conftest import Limber

NOBODY_IS_THERE = "00000000-0000-0000-0000-000000000000"
# Pages for a browser, at the door of which stands a session; the rest of the desk asks for a role.
WITHOUT_A_ROLE = {"session", "upload"}
CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass(frozen=True)
class Address:
    """One method of one route, at an address that leads to nothing in particular."""

    rule: str
    method: str
    path: str
    permission: str | None

    @property
    def roles(self) -> frozenset[str]:
        """Who is let in."""
        return PERMISSIONS[self.permission or ""].roles


def addresses(app: flask.Flask) -> Iterator[Address]:
    """Every method of every route below /desk."""
    for rule in app.url_map.iter_rules():
        if rule.rule != "/desk" and not rule.rule.startswith("/desk/"):
            continue
        values: dict[str, Any] = {}
        for name in rule.arguments:
            number = type(rule._converters[name]).__name__ == "IntegerConverter"
            values[name] = 1 if number else "exercise" if name == "collection" else NOBODY_IS_THERE
        with app.test_request_context():
            path = flask.url_for(rule.endpoint, **values)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Address(rule.rule, method, path, permission_of(app.view_functions[rule.endpoint]))


def asked(editor: Editor, address: Address, **form: str) -> Any:
    """The answer as it comes, with no redirect followed."""
    data = form if address.method != "GET" else None
    return editor.client.open(address.path, method=address.method, data=data)


def guarded(app: flask.Flask) -> list[Address]:
    """The addresses that ask for a role."""
    return [each for each in addresses(app) if each.permission not in WITHOUT_A_ROLE]


def test_every_route_of_the_desk_names_a_permission_that_asks_for_a_role(limber: Limber) -> None:
    found = list(addresses(limber.app))
    assert len(found) > 60
    for each in found:
        assert each.permission in PERMISSIONS, f"{each.rule} names no permission"
        assert each.permission in WITHOUT_A_ROLE or each.roles, f"{each.rule} lets everybody in"
    doors = {each.rule for each in found if each.permission == "session"}
    assert doors == {"/desk/sign-in", "/desk/signed-in", "/desk/sign-out"}


def test_a_route_that_names_nothing_would_be_found(limber: Limber) -> None:
    limber.app.add_url_rule("/desk/back-door", "back_door", lambda: "")
    (open_,) = (each for each in addresses(limber.app) if each.rule == "/desk/back-door")
    assert open_.permission is None


def test_nobody_is_led_to_the_sign_in_and_does_nothing(limber: Limber) -> None:
    stranger = sit_down(limber, signed_in=False)
    stranger.client.delete_cookie("limber_login")
    for each in guarded(limber.app):
        answer = asked(stranger, each, csrf="0" * 64)
        if each.method == "GET":
            assert answer.status_code == 303, each
            assert answer.location.startswith("/desk/sign-in?next="), each
        else:
            assert answer.status_code == 401, each


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_its_permissions_say_and_nothing_else(limber: Limber, role: str) -> None:
    person = sit_down(limber, role)
    token = csrf(limber, person, role)
    opened = 0
    for each in guarded(limber.app):
        answer = asked(person, each, csrf=token)
        if role in each.roles:
            # Let in: what is not there is not found, and an empty form is told what it lacks.
            assert answer.status_code in (200, 303, 400, 404, 409, 422), (
                each,
                answer.status_code,
                answer.text[-500:],
            )
            assert not (answer.location or "").startswith("/desk/sign-in"), each
            opened += 1
        else:
            assert answer.status_code == 403, (each, answer.status_code)
            named = [one for one in ROLES if one in each.roles]
            assert f"needs the role {' or '.join(named)}" in answer.text, each
    assert (opened > 0) is (role in PERMISSIONS["catalog.edit"].roles)


def test_a_role_just_taken_away_opens_nothing_more(limber: Limber) -> None:
    person = sit_down(limber, "editor", "admin")
    token = csrf(limber, person, "editor")
    with limber.engine.begin() as conn:
        for role in ("editor", "admin"):
            revoke_role(conn, person.email, role)
    for each in guarded(limber.app):
        assert asked(person, each, csrf=token).status_code == 403, each


def test_no_form_is_taken_without_its_token_or_from_another_site(limber: Limber) -> None:
    person = sit_down(limber, *ROLES)
    token = csrf(limber, person, "editor")
    tried = []
    for each in guarded(limber.app):
        if each.method == "GET":
            continue
        tried.append(each)
        for told in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": f"{token}0"}):
            answer = asked(person, each, **told)
            if each.rule == "/desk/drafts/<draft_id>/check":  # changes nothing
                continue
            assert answer.status_code == 400, (each, answer.status_code)
            assert "nothing was done" in answer.text, each
        if each.rule != "/desk/drafts/<draft_id>/check":
            foreign = person.client.open(
                each.path, method=each.method, data={"csrf": token}, headers={"Sec-Fetch-Site": "cross-site"}
            )
            assert foreign.status_code == 400, each
    assert len(tried) > 20
    assert person.client.post("/desk/sign-out").status_code == 400


def csrf(limber: Limber, person: Editor, role: str) -> str:
    """What forms of this session carry; of somebody who sees no page, what they would."""
    found = CSRF.search(person.get("/desk/drafts").html)
    if found is None:
        assert role not in PERMISSIONS["catalog.edit"].roles
        with limber.engine.begin() as conn:
            grant_role(conn, person.email, "editor")
        found = CSRF.search(person.get("/desk/drafts").html)
        with limber.engine.begin() as conn:
            revoke_role(conn, person.email, "editor")
    assert found is not None
    return found[1]
