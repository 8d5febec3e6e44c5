"""`/v1/account`: what the account knows of itself, export, import, erasure, consent to training."""

from __future__ import annotations

from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import Any, Final
from uuid import UUID

from flask import Response, request
from sqlalchemy import Connection, select

from server.access import public, requires
from server.accounts import consent_training, entering, erasure, importing, own_data, profile
from server.accounts.acting import doing, me, now, tell_devices
from server.accounts.data_keys import data_key
from server.accounts.data_schemas import (
    AccountEdit,
    AccountProfile,
    Erasure,
    Imported,
    Receipt,
    TrainingAgreement,
    TrainingConsent,
)
from server.accounts.people import find
from server.accounts.tables import token_family
from server.auth import subject
from server.db import read
from server.problems import Fault
from server.replication.schemas import NoQuery
from server.replication.shared import shared as sync_shared
from server.state import state
from server.web import Blueprint, json_response, problems_of

FRESH: Final = timedelta(minutes=5)
"""How long ago somebody may have signed in to erase their account without saying their password."""
_NO_STORE: Final = {"Cache-Control": "no-store"}

blp = Blueprint("account", __name__, description="The own account: profile, export, import, erasure, consent")


@blp.url_value_preprocessor
def _allow_an_archive(endpoint: str | None, _: Any) -> None:
    """An import's body may be larger than others; this runs before the size of a body is looked at."""
    if endpoint == f"{blp.name}.import_account":
        request.max_content_length = state().settings.import_max_bytes


# --- profile ---------------------------------------------------------------------------------------------


@blp.route("/v1/account")
@requires(blp, "account")
@blp.doc(operationId="getAccount", summary="The own account")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, AccountProfile)
@problems_of(blp, 503)
def get_account(_: dict[str, Any]) -> Response:
    """Who one is here, and which devices wrote."""
    return json_response(doing(_told), _NO_STORE)


@blp.route("/v1/account", methods=["PATCH"])
@requires(blp, "account")
@blp.doc(
    operationId="changeAccount",
    summary="Change name or language",
    description="The address is changed on the account's pages, where the new one is confirmed.",
)
@blp.arguments(NoQuery(), location="query")
@blp.arguments(AccountEdit())
@blp.response(200, AccountProfile)
@problems_of(blp, 400, 413, 415, 503)
def change_account(_: dict[str, Any], body: dict[str, Any]) -> Response:
    """Set what is given."""

    def work(conn: Connection) -> dict[str, Any]:
        profile.change_profile(conn, me(), body)
        return _told(conn)

    return json_response(doing(work, write=True), _NO_STORE)


def _told(conn: Connection) -> dict[str, Any]:
    whom = me()
    return {**profile.read_profile(conn, whom), "devices": profile.devices(conn, whom)}


# --- export and import -----------------------------------------------------------------------------------


@blp.route("/v1/account/export")
@requires(blp, "account")
@blp.doc(
    operationId="exportAccount",
    summary="Everything of the account, as a ZIP of JSON and CSV",
    description="docs/export.md describes the format. Sealed fields are in it in plain text.",
)
@blp.arguments(NoQuery(), location="query")
@blp.response(200, {"type": "string", "format": "binary"}, content_type=own_data.ZIP)
@problems_of(blp, 429, 503)
def export_account(_: dict[str, Any]) -> Response:
    """Written to a file first, so that no transaction is open while it is downloaded."""
    return own_data.archive(me(), now())


@blp.route("/v1/account/import", methods=["POST"])
@requires(blp, "account")
@blp.doc(
    operationId="importAccount",
    summary="Take an export in",
    description="Merged as if a device had sent it: per field the newer value stays, and importing twice moves "
    "nothing. All of it or, when anything in it is wrong, nothing.",
    requestBody={
        "required": True,
        "content": {own_data.ZIP: {"schema": {"type": "string", "format": "binary"}}},
    },
)
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Imported)
@problems_of(blp, 400, 413, 415, 429, 503)
def import_account(_: dict[str, Any]) -> Response:
    """Check the archive, then merge it."""
    whom, at = me(), now()
    if request.mimetype != own_data.ZIP:
        raise Fault(415, f"Send the archive as {own_data.ZIP}.")
    entering.hold_back(importing.LIMIT, str(whom))
    settings, limits = state().settings, sync_shared().limits
    with SpooledTemporaryFile(max_size=own_data.IN_MEMORY) as file:
        _receive(file, settings.import_max_bytes)

        def work(conn: Connection) -> importing.Imported:
            key = data_key(conn, settings, whom, hold=True)
            return importing.take_in(conn, archive, whom, key, limits, at)

        try:
            archive = importing.Archive(file, settings.import_max_bytes * importing.UNPACKED_TIMES)
            done = doing(work, write=True)
        except importing.ImportTooLarge as error:
            raise Fault(413, f"The archive is not accepted: {error}.") from None
        except importing.ImportInvalid as error:
            said = f"Nothing was imported: {error.where}: {error.reason.rstrip('.')}."
            raise Fault(422, said, errors={error.where: [error.reason]}) from None
    tell_devices(whom)
    return json_response(done.as_json(), _NO_STORE)


def _receive(file: Any, most: int) -> None:
    """The body into `file`. Raises Fault 413; a chunked body's length is known only when it is here."""
    size = 0
    while part := request.stream.read(own_data.PART):
        size += len(part)
        file.write(part)
    if size >= most and request.content_length is None:
        raise Fault(413, f"The body has more than the {most} bytes that are accepted.")
    if request.content_length is not None and size < request.content_length:
        raise Fault(400, f"The body ended after {size} of {request.content_length} bytes.")
    file.seek(0)


# --- erasure ---------------------------------------------------------------------------------------------


@blp.route("/v1/account/erase", methods=["POST"])
@requires(blp, "account")
@blp.doc(
    operationId="eraseAccount",
    summary="Erase the account and everything of it, for good",
    description="Needs a sign-in of the last five minutes (else 401 with `insufficient_user_authentication`, RFC 9470) "
    "or the password. The signed receipt can be checked with `GET /v1/keys`, and tells of nobody.",
)
@blp.arguments(NoQuery(), location="query")
@blp.arguments(Erasure())
@blp.response(200, Receipt)
@problems_of(blp, 400, 413, 415, 429, 503)
def erase(_: dict[str, Any], body: dict[str, Any]) -> Response:
    """At once, in one transaction; nothing is left to be done later."""
    whom, at = me(), now()
    _prove(whom, body.get("password"))
    return json_response(own_data.erase(whom, at), _NO_STORE)


def _prove(whom: UUID, password: str | None) -> None:
    """Raises Fault 401 unless whoever asks has shown just now that it is them."""
    engine, family = state().engine, subject().family
    if family is not None:
        signed_in = select(token_family.c.auth_time).where(
            token_family.c.id == UUID(family), token_family.c.account == whom
        )
        auth_time = read(engine, lambda conn: conn.execute(signed_in).scalar_one_or_none())
        if auth_time is not None and auth_time >= now() - FRESH:
            return
    told = (
        'Bearer realm="limber", error="insufficient_user_authentication", '
        f'error_description="A more recent sign-in is needed", max_age="{int(FRESH.total_seconds())}"'
    )
    headers = {"WWW-Authenticate": told}
    if password is None:
        raise Fault(401, "Sign in again, or give the password: this cannot be undone.", headers=headers)
    person = read(engine, lambda conn: find(conn, whom))
    known = (
        None if person is None or person.email is None else entering.check_password(person.email, password)
    )
    if known is None or known.id != whom:
        raise Fault(
            401, "That is not the password.", errors={"password": ["is not the account's"]}, headers=headers
        )
    if read(engine, lambda conn: entering.wants_second(conn, whom)):
        raise Fault(401, "This account asks for a passkey too: sign in again.", headers=headers)


_RECEIPT = {"in": "path", "name": "receipt", "required": True, "schema": {"type": "string", "format": "uuid"}}


@blp.route("/v1/erasures/<uuid:receipt>", parameters=[_RECEIPT])
@public(blp)
@blp.doc(operationId="getErasure", summary="A receipt of an erasure")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Receipt)
@problems_of(blp, 404, 503)
def get_erasure(_: dict[str, Any], receipt: UUID) -> Response:
    """For whoever has its id: that something was erased, when, and how much of what."""
    found = read(state().engine, lambda conn: erasure.find_receipt(conn, receipt))
    if found is None:
        raise Fault(404, "There is no such receipt.")
    return json_response(found)


# --- consent to training ---------------------------------------------------------------------------------


@blp.route("/v1/account/training-consent")
@requires(blp, "account")
@blp.doc(operationId="getTrainingConsent", summary="What is asked, and what was given")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, TrainingConsent)
@problems_of(blp, 503)
def get_consent(_: dict[str, Any]) -> Response:
    """The text of today, and what the account said."""
    return json_response(_consent(doing(lambda conn: consent_training.given(conn, me()))), _NO_STORE)


@blp.route("/v1/account/training-consent", methods=["PUT"])
@requires(blp, "account")
@blp.doc(operationId="giveTrainingConsent", summary="Agree to the text of today")
@blp.arguments(NoQuery(), location="query")
@blp.arguments(TrainingAgreement())
@blp.response(200, TrainingConsent)
@problems_of(blp, 400, 409, 413, 415, 503)
def give_consent(_: dict[str, Any], body: dict[str, Any]) -> Response:
    """Written into the account's records, so that every device learns of it."""
    if body["version"] != consent_training.VERSION:
        said = f"The text has changed: version {consent_training.VERSION} is asked for now."
        raise Fault(409, said, errors={"version": [f"must be {consent_training.VERSION}"]})
    return _decided(agrees=True)


@blp.route("/v1/account/training-consent", methods=["DELETE"])
@requires(blp, "account")
@blp.doc(operationId="withdrawTrainingConsent", summary="Withdraw it")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, TrainingConsent)
@problems_of(blp, 503)
def withdraw_consent(_: dict[str, Any]) -> Response:
    """Nothing of the account is in the next dataset."""
    return _decided(agrees=False)


def _decided(*, agrees: bool) -> Response:
    found = own_data.decide_training(me(), agrees=agrees, at=now())
    return json_response(_consent(found), _NO_STORE)


def _consent(given: Any) -> dict[str, Any]:
    asked = {"version": consent_training.VERSION, "text": consent_training.TEXT}
    return {"asked": asked, "given": given, "counts": consent_training.counts(given)}
