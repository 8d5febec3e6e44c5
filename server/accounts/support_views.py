"""Helping people with their account (`/v1/support`) and giving roles (`/v1/admin`). Nothing here shows what they train.

Each look and each change is written to the audit trail, under the account's id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import marshmallow as ma
from flask import Response
from sqlalchemy import Connection

from server.access import requires
from server.accounts import people, throttle, tokens
from server.accounts.people import Person
from server.auth import ROLES, subject
from server.db import write
from server.models.audit import audited
from server.problems import Fault
from server.replication.schemas import NoQuery
from server.state import state
from server.web import Blueprint, Text, json_response, problems_of

_ID: Final = {
    "in": "path",
    "name": "account",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
_ROLE: Final = {
    "in": "path",
    "name": "role",
    "required": True,
    "schema": {"type": "string", "enum": list(ROLES)},
}
_NOBODY: Final = "There is no such account."

blp = Blueprint("support", __name__, description="Helping people with their account; never what they train")


class AccountQuery(ma.Schema):
    email = Text(required=True, max_length=people.MAX_EMAIL, metadata={"description": "In any case"})


class AccountState(ma.Schema):
    id = ma.fields.UUID(required=True)
    email = ma.fields.String(required=True, allow_none=True)
    email_verified = ma.fields.Boolean(required=True)
    roles = ma.fields.List(ma.fields.String(), required=True)
    created_at = ma.fields.AwareDateTime(required=True, format="iso")
    disabled_at = ma.fields.AwareDateTime(required=True, allow_none=True, format="iso")
    password = ma.fields.Boolean(required=True, metadata={"description": "Whether there is one"})
    apps = ma.fields.Integer(required=True, metadata={"description": "Apps and programs that are signed in"})
    last_used_at = ma.fields.AwareDateTime(
        required=True, allow_none=True, format="iso", metadata={"description": "By one of them"}
    )


def _state(conn: Connection, person: Person, now: datetime) -> dict[str, Any]:
    apps = tokens.families(conn, person.id, now)
    return {
        "id": person.id,
        "email": person.email,
        "email_verified": person.email_verified_at is not None,
        "roles": [role for role in ROLES if role in person.roles],
        "created_at": person.created_at,
        "disabled_at": person.disabled_at,
        "password": person.password_hash is not None,
        "apps": len(apps),
        "last_used_at": apps[0].used_at if apps else None,
    }


def _note(conn: Connection, action: str, whom: UUID, now: datetime, **more: Any) -> None:
    audited(conn, subject().name, action, None, now, {"subject": f"account:{whom}", **more})


def _found(conn: Connection, account: UUID) -> Person:
    person = people.find(conn, account)
    if person is None:
        raise Fault(404, _NOBODY)
    return person


@blp.route("/v1/support/accounts")
@requires(blp, "support")
@blp.doc(operationId="findAccount", summary="Find an account by its address")
@blp.arguments(AccountQuery(), location="query")
@blp.response(200, AccountState)
@problems_of(blp, 404, 503)
def find_account(query: dict[str, Any]) -> Response:
    """Its state, and nothing of what is in it. That somebody looked is written down."""
    now = datetime.now(UTC)

    def look(conn: Connection) -> dict[str, Any]:
        person = people.find_by_email(conn, query["email"])
        if person is None:
            raise Fault(404, _NOBODY)
        _note(conn, "look at account", person.id, now)
        return _state(conn, person, now)

    return _answer(write(state().engine, look))


@blp.route("/v1/support/accounts/<uuid:account>/unlock", methods=["POST"], parameters=[_ID])
@requires(blp, "support")
@blp.doc(operationId="unlockAccount", summary="Let somebody try again who mistyped too often")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, AccountState)
@problems_of(blp, 404, 503)
def unlock(_: dict[str, Any], account: UUID) -> Response:
    """Forgets the tries that were counted against the account's address; lets nobody in."""
    now = datetime.now(UTC)

    def work(conn: Connection) -> dict[str, Any]:
        person = _found(conn, account)
        for limit in (throttle.PASSWORD, throttle.LETTER):
            throttle.forgive(conn, limit, person.email or str(person.id))
        _note(conn, "unlock account", account, now)
        return _state(conn, person, now)

    return _answer(write(state().engine, work))


@blp.route("/v1/admin/accounts/<uuid:account>/disable", methods=["POST"], parameters=[_ID])
@requires(blp, "admin")
@blp.doc(
    operationId="disableAccount", summary="Keep everybody out of an account, at once and until it is enabled"
)
@blp.arguments(NoQuery(), location="query")
@blp.response(200, AccountState)
@problems_of(blp, 404, 503)
def disable(_: dict[str, Any], account: UUID) -> Response:
    """Browsers are signed out, tokens are refused within seconds; nothing is deleted."""
    return _change(account, "disable account", lambda conn, now: people.disable(conn, account, now))


@blp.route("/v1/admin/accounts/<uuid:account>/enable", methods=["POST"], parameters=[_ID])
@requires(blp, "admin")
@blp.doc(operationId="enableAccount", summary="Undo disabling; the person signs in anew")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, AccountState)
@problems_of(blp, 404, 503)
def enable(_: dict[str, Any], account: UUID) -> Response:
    """What was issued before stays refused."""
    return _change(account, "enable account", lambda conn, _: people.enable(conn, account))


@blp.route("/v1/admin/accounts/<uuid:account>/roles/<role>", methods=["PUT"], parameters=[_ID, _ROLE])
@requires(blp, "admin")
@blp.doc(operationId="grantRole", summary="Give a role")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, AccountState)
@problems_of(blp, 404, 503)
def grant(_: dict[str, Any], account: UUID, role: str) -> Response:
    """It is in the next access token."""
    return _role(account, role, present=True)


@blp.route("/v1/admin/accounts/<uuid:account>/roles/<role>", methods=["DELETE"], parameters=[_ID, _ROLE])
@requires(blp, "admin")
@blp.doc(operationId="revokeRole", summary="Take a role away")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, AccountState)
@problems_of(blp, 404, 503)
def revoke(_: dict[str, Any], account: UUID, role: str) -> Response:
    """Access tokens that say it are refused within seconds."""
    return _role(account, role, present=False)


def _role(account: UUID, role: str, *, present: bool) -> Response:
    if role not in ROLES:
        raise Fault(
            404, f"There is no such role; there are {', '.join(ROLES)}.", errors={"role": ["Unknown."]}
        )
    action = "grant role" if present else "revoke role"
    return _change(
        account, action, lambda conn, _: people.set_role(conn, account, role, present=present), role=role
    )


def _change(account: UUID, action: str, work: Any, **more: Any) -> Response:
    now = datetime.now(UTC)

    def change(conn: Connection) -> dict[str, Any]:
        _found(conn, account)
        work(conn, now)
        _note(conn, action, account, now, **more)
        return _state(conn, _found(conn, account), now)

    return _answer(write(state().engine, change))


def _answer(told: dict[str, Any]) -> Response:
    return json_response(told, {"Cache-Control": "no-store"})
