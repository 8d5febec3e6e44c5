"""Every page and every action of the desk needs its role, and says which."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import flask
import pytest

from server.access import PERMISSIONS, permission_of
from server.auth import ROLES
from tests.desk.conftest import Editor, sit_down
from tests.server.conftest import Limber

VALUES = {"collection": "exercise", "record_id": "calf-stretch-wall"}
HELD = ("member", "editor", "physio", "admin", "support", "ml_engineer")


def doors(served: Limber) -> Iterator[tuple[str, str, str]]:
    """(method, path, permission) of everything at the desk but the sign-in."""
    for rule in served.app.url_map.iter_rules():
        view = served.app.view_functions[rule.endpoint]
        if getattr(view, "limber_door", None) != "desk":
            continue
        values = {
            name: 1 if f"<int:{name}>" in rule.rule else VALUES.get(name, str(uuid.UUID(int=0)))
            for name in rule.arguments
        }
        with served.app.test_request_context():
            path = flask.url_for(rule.endpoint, **values)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            permission = permission_of(view)
            assert permission is not None
            yield method, path, permission


@pytest.fixture(scope="module")
def people(shared: Limber) -> dict[str, Editor]:
    """One person of each role, each signed in at the desk as far as it lets them."""
    return {role: sit_down(shared, *({role} - {"member"}), name=role.capitalize()) for role in HELD}


def test_everything_under_desk_has_a_door(shared: Limber) -> None:
    for rule in shared.app.url_map.iter_rules():
        if rule.rule.startswith("/desk"):
            view = shared.app.view_functions[rule.endpoint]
            # What is no page of the desk sees to its own admission: the sign-in, and uploads to a signed address.
            permission = PERMISSIONS[permission_of(view) or ""]
            assert getattr(view, "limber_door", None) == "desk" or permission.scope is None, rule.rule
    assert len(list(doors(shared))) > 35


def test_a_stranger_is_sent_to_sign_in_and_does_nothing(shared: Limber) -> None:
    stranger = shared.app.test_client()
    for method, path, _ in doors(shared):
        answer = stranger.open(path, method=method)
        if method == "GET":
            assert (answer.status_code, answer.location.split("?")[0]) == (303, "/desk/sign-in"), path
        else:
            assert answer.status_code == 401, (method, path)


def test_every_action_needs_its_role(shared: Limber, people: dict[str, Editor]) -> None:
    """Who has none of the permission's roles is refused before anything of the request is read."""
    refused = 0
    for method, path, permission in doors(shared):
        needed = PERMISSIONS[permission].roles
        for role, person in people.items():
            if role in needed:
                continue
            answer = person.client.open(path, method=method)
            assert answer.status_code == 403, (method, path, role)
            for each in ROLES:
                assert (each in answer.text.split("You have")[0].split("needs the role")[1]) == (
                    each in needed
                )
            refused += 1
    assert refused > 100


def test_every_form_needs_its_token(shared: Limber, people: dict[str, Editor]) -> None:
    for method, path, permission in doors(shared):
        if method != "GET" and not path.endswith("/check"):
            role = next(each for each in HELD if each in PERMISSIONS[permission].roles)
            answer = people[role].client.open(path, method=method, data={"csrf": "wrong"})
            assert answer.status_code == 400, (method, path)
            assert "so nothing was done" in answer.text, (method, path)


def test_no_page_breaks_for_who_may_see_it(shared: Limber, people: dict[str, Editor]) -> None:
    for method, path, permission in doors(shared):
        if method == "GET":
            role = next(each for each in HELD if each in PERMISSIONS[permission].roles)
            assert people[role].client.get(path).status_code < 500, path
            assert people[role].client.get(f"{path}?page=x&state=%00&before=x&q=%27").status_code < 500, path
