"""A member's physios (`/v1/account/physios`), and what a physio does for members (`/v1/physio`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar
from uuid import UUID

from flask import Response
from sqlalchemy import Connection

from server.access import requires
from server.accounts import adherence, own_data, physio, physio_constraints, profile
from server.accounts.acting import doing, me, now, tell_devices
from server.accounts.data_keys import act_for, data_key
from server.accounts.data_schemas import (
    Adherence,
    AdherenceQuery,
    Constraint,
    ConstraintChange,
    Constraints,
    Ended,
    Invitation,
    InvitationCode,
    MemberLinks,
    PhysioLink,
    PhysioLinks,
)
from server.accounts.physio import Link
from server.problems import Fault
from server.replication.schemas import NoQuery
from server.state import state
from server.web import Blueprint, json_response, problems_of
from sync.fields import FieldInvalid

T = TypeVar("T")

_NO_STORE: Final = {"Cache-Control": "no-store"}
_UUID: Final = {"type": "string", "format": "uuid"}
_LINK: Final = {"in": "path", "name": "link", "required": True, "schema": _UUID}
_CONSTRAINT: Final = {"in": "path", "name": "constraint", "required": True, "schema": _UUID}

blp = Blueprint(
    "physio", __name__, description="A member's physio: constraints and adherence, and nothing else"
)


# --- the member ------------------------------------------------------------------------------------------


@blp.route("/v1/account/physios")
@requires(blp, "account")
@blp.doc(operationId="getPhysios", summary="Whom one invited or let in, and what they did")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, MemberLinks)
@problems_of(blp, 503)
def get_physios(_: dict[str, Any]) -> Response:
    """The newest first."""
    found = doing(lambda conn: physio.links_of_member(conn, me(), now()))
    return json_response({"links": found}, _NO_STORE)


@blp.route("/v1/account/physios", methods=["POST"])
@requires(blp, "account")
@blp.doc(operationId="invitePhysio", summary="Invite a physio: a code, for one use, for a week")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Invitation)
@problems_of(blp, 409, 503)
def invite(_: dict[str, Any]) -> Response:
    """The code is told this once."""
    made, code, lapses = own_data.invite(me(), now())
    return json_response({"id": made, "code": code, "lapses_at": lapses}, _NO_STORE)


@blp.route("/v1/account/physios/<uuid:link>", methods=["DELETE"], parameters=[_LINK])
@requires(blp, "account")
@blp.doc(
    operationId="endPhysio", summary="Withdraw an invitation, or end a link with all that was set under it"
)
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Ended)
@problems_of(blp, 404, 503)
def end_as_member(_: dict[str, Any], link: UUID) -> Response:
    """At once."""
    return _end(link)


def _end(link_id: UUID) -> Response:
    lifted = own_data.end_link(me(), link_id, now())
    return json_response({"id": link_id, "constraints": lifted}, _NO_STORE)


# --- the physio ------------------------------------------------------------------------------------------


@blp.route("/v1/physio/links")
@requires(blp, "physio")
@blp.doc(operationId="getMembers", summary="The members who let one in")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, PhysioLinks)
@problems_of(blp, 503)
def get_members(_: dict[str, Any]) -> Response:
    """Those whose link is in force."""
    return json_response({"links": doing(lambda conn: physio.links_of_physio(conn, me()))}, _NO_STORE)


@blp.route("/v1/physio/links", methods=["POST"])
@requires(blp, "physio")
@blp.doc(operationId="acceptInvitation", summary="Accept a member's invitation")
@blp.arguments(NoQuery(), location="query")
@blp.arguments(InvitationCode())
@blp.response(200, PhysioLink)
@problems_of(blp, 400, 404, 413, 415, 503)
def accept(_: dict[str, Any], body: dict[str, Any]) -> Response:
    """A code works once."""

    def work(conn: Connection) -> dict[str, Any]:
        profile.read_profile(conn, me())
        link = physio.accept(conn, me(), body["code"], now())
        return next(each for each in physio.links_of_physio(conn, me()) if each["id"] == str(link.id))

    try:
        return json_response(doing(work, write=True), _NO_STORE)
    except physio.InvitationInvalid as error:
        raise Fault(404, f"Not accepted: {error}.", errors={"code": [str(error)]}) from None
    except physio.OwnInvitation as error:
        raise Fault(422, f"Not accepted: {error}.", errors={"code": [str(error)]}) from None


@blp.route("/v1/physio/links/<uuid:link>", methods=["DELETE"], parameters=[_LINK])
@requires(blp, "physio")
@blp.doc(operationId="endMember", summary="End a link, with all that was set under it")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Ended)
@problems_of(blp, 404, 503)
def end_as_physio(_: dict[str, Any], link: UUID) -> Response:
    """At once."""
    return _end(link)


@blp.route("/v1/physio/links/<uuid:link>/adherence", parameters=[_LINK])
@requires(blp, "physio")
@blp.doc(operationId="getAdherence", summary="How often, how long, how much of it: by week")
@blp.arguments(AdherenceQuery(), location="query")
@blp.response(200, Adherence)
@problems_of(blp, 404, 503)
def get_adherence(query: dict[str, Any], link: UUID) -> Response:
    """Days, sessions, minutes, share of the items that were completed; no exercises, pain, ratings or conditions."""
    at = now()

    def work(conn: Connection) -> list[dict[str, Any]]:
        found = physio.in_force(conn, me(), link)
        physio.note_daily(conn, link, "physio", "adherence_read", at)
        act_for(conn, found.member)
        key = data_key(conn, state().settings, found.member)
        return adherence.by_week(conn, key, found.member, query["weeks"], at)

    return json_response({"weeks": _linked(work, write=True)}, _NO_STORE)


@blp.route("/v1/physio/links/<uuid:link>/constraints", parameters=[_LINK])
@requires(blp, "physio")
@blp.doc(operationId="getConstraints", summary="What one has set for a member")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Constraints)
@problems_of(blp, 404, 503)
def get_constraints(_: dict[str, Any], link: UUID) -> Response:
    """Under this link; what others set is theirs."""
    found = _under(link, lambda conn, held: physio_constraints.listed(conn, state().settings, held))[1]
    return json_response({"constraints": found}, _NO_STORE)


@blp.route("/v1/physio/links/<uuid:link>/constraints", methods=["POST"], parameters=[_LINK])
@requires(blp, "physio")
@blp.doc(operationId="setConstraint", summary="Set a constraint for a member")
@blp.arguments(NoQuery(), location="query")
@blp.arguments(ConstraintChange())
@blp.response(200, Constraint)
@problems_of(blp, 400, 404, 409, 413, 415, 503)
def set_constraint(_: dict[str, Any], body: dict[str, Any], link: UUID) -> Response:
    """The member's devices get it with their next sync."""

    def work(conn: Connection, held: Link) -> dict[str, Any]:
        name = profile.read_profile(conn, held.physio)["name"][:120]
        return physio_constraints.create(conn, state().settings, held, body, name, now())

    return _changed(link, work)


@blp.route(
    "/v1/physio/links/<uuid:link>/constraints/<uuid:constraint>",
    methods=["PATCH"],
    parameters=[_LINK, _CONSTRAINT],
)
@requires(blp, "physio")
@blp.doc(operationId="changeConstraint", summary="Change fields of a constraint")
@blp.arguments(NoQuery(), location="query")
@blp.arguments(ConstraintChange())
@blp.response(200, Constraint)
@problems_of(blp, 400, 404, 409, 413, 415, 503)
def change_constraint(_: dict[str, Any], body: dict[str, Any], link: UUID, constraint: UUID) -> Response:
    """Fields that are not given stay."""

    def work(conn: Connection, held: Link) -> dict[str, Any]:
        return physio_constraints.change(conn, state().settings, held, str(constraint), body, now())

    return _changed(link, work)


@blp.route(
    "/v1/physio/links/<uuid:link>/constraints/<uuid:constraint>",
    methods=["DELETE"],
    parameters=[_LINK, _CONSTRAINT],
)
@requires(blp, "physio")
@blp.doc(operationId="liftConstraint", summary="Lift a constraint")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Ended)
@problems_of(blp, 404, 503)
def lift_constraint(_: dict[str, Any], link: UUID, constraint: UUID) -> Response:
    """The member's devices drop it with their next sync."""

    def work(conn: Connection, held: Link) -> dict[str, Any]:
        physio_constraints.remove(conn, state().settings, held, str(constraint), now())
        return {"id": str(link), "constraints": 1}

    return _changed(link, work)


def _changed(link: UUID, work: Callable[[Connection, Link], dict[str, Any]]) -> Response:
    try:
        member, answer = _under(link, work)
    except FieldInvalid as error:
        said = f"{error.field}: {error.reason}"
        raise Fault(422, f"Not set: {said}.", errors={error.field: [error.reason]}) from None
    except physio_constraints.TooManyConstraints as error:
        raise Fault(409, f"Not set: {error}.") from None
    except physio_constraints.ConstraintUnknown:
        raise Fault(404, "There is no such constraint under this link.") from None
    tell_devices(member)
    return json_response(answer, _NO_STORE)


def _under(link: UUID, work: Callable[[Connection, Link], T]) -> tuple[UUID, T]:
    """(the member, what `work` gives) under a link in force, which cannot be ended meanwhile. Raises Fault 404."""

    def guarded(conn: Connection) -> tuple[UUID, T]:
        held = physio.in_force(conn, me(), link)
        return held.member, work(conn, held)

    return _linked(guarded, write=True)


def _linked(work: Callable[[Connection], T], *, write: bool) -> T:
    try:
        return doing(work, write=write)
    except physio.LinkUnknown:
        raise Fault(404, own_data.NO_LINK) from None
