"""Support finds and unlocks accounts and sees nothing of what is in them; admins give roles and close accounts."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from server.accounts import people, throttle
from server.db import read, write
from tests.accounts.oauth_ground import Ground, new_session


def call(
    oauth: Ground, method: str, path: str, whom: uuid.UUID, scope: str = "support admin", **options: Any
) -> Any:
    """As somebody on the command line, whose token carries what their roles allow of `scope`."""
    code = oauth.code(
        oauth.browser(whom), client_id="limber-cli", redirect_uri="http://127.0.0.1:9/callback", scope=scope
    )
    token = oauth.redeem(code, client_id="limber-cli", redirect_uri="http://127.0.0.1:9/callback").json()[
        "access_token"
    ]
    return new_session().request(
        method, f"{oauth.url}/v1/{path}", headers={"Authorization": f"Bearer {token}"}, **options
    )


def email(oauth: Ground, whom: uuid.UUID) -> str:
    person = read(oauth.engine, lambda conn: people.find(conn, whom))
    assert person is not None
    assert person.email is not None
    return person.email


@pytest.fixture
def sue(oauth: Ground) -> uuid.UUID:
    return oauth.person("support", name="Sue")


@pytest.fixture
def ada(oauth: Ground) -> uuid.UUID:
    return oauth.person("admin", name="Ada")


def trail(oauth: Ground, whom: uuid.UUID) -> list[tuple[str, str]]:
    with oauth.engine.connect() as conn:
        rows = conn.execute(
            text("SELECT actor, action FROM audit WHERE subject = :s ORDER BY id"), {"s": f"account:{whom}"}
        )
        return [(row.actor, row.action) for row in rows]


def test_support_finds_an_account_and_sees_its_state_only(oauth: Ground, sue: uuid.UUID) -> None:
    mia = oauth.person("physio")
    oauth.tokens(mia)
    address = email(oauth, mia)
    answer = call(oauth, "GET", "support/accounts", sue, params={"email": address.upper()})
    told = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert (told["id"], told["email"], told["roles"]) == (str(mia), address, ["member", "physio"])
    assert (told["apps"], told["password"], told["disabled_at"]) == (1, False, None)
    assert set(told) == {
        "id", "email", "email_verified", "roles", "created_at", "disabled_at", "password", "apps", "last_used_at"
    }  # fmt: skip
    assert trail(oauth, mia) == [(str(sue), "look at account")]


def test_an_address_without_an_account_is_told_so(oauth: Ground, sue: uuid.UUID) -> None:
    for given in ("nobody@example.org", "no address"):
        assert call(oauth, "GET", "support/accounts", sue, params={"email": given}).status_code == 404
    assert call(oauth, "GET", "support/accounts", sue).status_code == 422


def test_support_unlocks_who_mistyped_too_often(oauth: Ground, sue: uuid.UUID) -> None:
    mia = oauth.person()
    address = email(oauth, mia)

    def tries() -> int:
        """What the sign-in page does before it looks at a password: seconds to wait."""
        return write(
            oauth.engine, lambda conn: throttle.take(conn, throttle.PASSWORD, address, datetime.now(UTC))
        )

    waits = [tries() for _ in range(throttle.PASSWORD.free + 1)]
    assert waits[0] == 0
    assert waits[-1] > 0
    assert call(oauth, "POST", f"support/accounts/{mia}/unlock", sue).status_code == 200
    assert tries() == 0
    assert trail(oauth, mia) == [(str(sue), "unlock account")]


def test_an_admin_gives_and_takes_roles(oauth: Ground, ada: uuid.UUID) -> None:
    mia = oauth.person()
    path = f"admin/accounts/{mia}/roles/editor"
    assert call(oauth, "PUT", path, ada).json()["roles"] == ["member", "editor"]
    assert call(oauth, "PUT", path, ada).json()["roles"] == ["member", "editor"]
    assert call(oauth, "DELETE", path, ada).json()["roles"] == ["member"]
    assert call(oauth, "PUT", f"admin/accounts/{mia}/roles/root", ada).status_code == 404
    assert {actor for actor, _ in trail(oauth, mia)} == {str(ada)}


def test_an_admin_closes_and_opens_an_account(oauth: Ground, ada: uuid.UUID) -> None:
    mia = oauth.person()
    given = oauth.tokens(mia)
    assert call(oauth, "POST", f"admin/accounts/{mia}/disable", ada).json()["disabled_at"]
    assert oauth.userinfo(given["access_token"]).status_code == 401
    assert oauth.refresh(given["refresh_token"]).status_code == 400
    assert call(oauth, "POST", f"admin/accounts/{mia}/enable", ada).json()["disabled_at"] is None
    assert oauth.refresh(given["refresh_token"]).status_code == 400, "the person signs in anew"


def test_an_account_that_is_not_there(oauth: Ground, ada: uuid.UUID) -> None:
    nobody = uuid.uuid4()
    for method, path in (
        ("POST", f"support/accounts/{nobody}/unlock"), ("POST", f"admin/accounts/{nobody}/disable"),
        ("PUT", f"admin/accounts/{nobody}/roles/editor"), ("POST", "admin/accounts/mia/disable"),
    ):  # fmt: skip
        assert call(oauth, method, path, ada).status_code == 404


def test_each_needs_the_role_and_the_scope(oauth: Ground, sue: uuid.UUID, ada: uuid.UUID) -> None:
    mia = oauth.person()
    assert call(oauth, "POST", f"support/accounts/{mia}/unlock", mia, "sync").status_code == 403
    assert call(oauth, "POST", f"admin/accounts/{mia}/disable", sue).status_code == 403
    assert call(oauth, "POST", f"admin/accounts/{mia}/disable", ada, "support").status_code == 403
    assert write(oauth.engine, lambda conn: people.find(conn, mia)).disabled_at is None  # type: ignore[union-attr]
