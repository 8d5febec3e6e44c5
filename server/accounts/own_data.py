"""What people do with their own data, the same for the API (`/v1/account`) and for the page `/account/data`.

Each function opens its own transaction of the account `whom`; `at` is the moment of the request. All raise Fault 401
for an account that is no more, and 503 when what is sealed cannot be opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, Final
from uuid import UUID

from flask import Response
from sqlalchemy import Connection

from server.accounts import consent_training, entering, erasure, export, physio, physio_constraints, profile
from server.accounts.acting import doing_for, tell_devices
from server.accounts.data_keys import data_key
from server.accounts.physio import Link
from server.keys import signing_key
from server.problems import Fault
from server.state import state
from server.telemetry import log
from sync.sealing import unseal_body
from sync.signing import KeyInvalid, KeyUnavailable

ZIP: Final = "application/zip"
NO_LINK: Final = "There is no such link, or it was ended."
IN_MEMORY: Final = 2**20
PART: Final = 2**16


def archive(whom: UUID, at: datetime) -> Response:
    """Everything of the account as a download, written to a file first so that no transaction is open meanwhile.

    Raises Fault 429 for who asks again and again.
    """
    entering.hold_back(export.LIMIT, str(whom))
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (closed when the response is)

    def work(conn: Connection) -> None:
        key = data_key(conn, state().settings, whom)
        export.write_export(conn, whom, lambda body: unseal_body(body, key), file, at)

    try:
        doing_for(whom, work)
        length = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    response = Response(_sent(file), mimetype=ZIP, headers={"Cache-Control": "no-store"})
    response.headers["Content-Disposition"] = f"attachment; filename=limber-{at:%Y-%m-%d}.zip"
    response.content_length = length
    response.call_on_close(file.close)
    return response


def _sent(file: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(PART):
            yield part


def decide_training(whom: UUID, *, agrees: bool, at: datetime) -> dict[str, Any] | None:
    """Give consent to training, to the text of today, or withdraw it; returns what now stands."""

    def work(conn: Connection) -> dict[str, Any] | None:
        # Held: an account that is being erased gets no new records.
        data_key(conn, state().settings, whom, hold=True)
        return consent_training.decide(conn, whom, agrees=agrees, now=at)

    found = doing_for(whom, work, write=True)
    tell_devices(whom)
    return found


def invite(whom: UUID, at: datetime) -> tuple[UUID, str, datetime]:
    """(id, code, when it lapses) of a new invitation for a physio. Raises Fault 409 when there are too many."""

    def work(conn: Connection) -> tuple[UUID, str, datetime]:
        profile.read_profile(conn, whom)
        return physio.invite(conn, whom, at)

    try:
        return doing_for(whom, work, write=True)
    except physio.TooManyLinks as error:
        raise Fault(409, f"Not done: {error}.") from None


def end_link(whom: UUID, link_id: UUID, at: datetime) -> int:
    """End an invitation or a link, as either side of it; returns how many constraints were lifted with it.

    Raises Fault 404.
    """

    def work(conn: Connection) -> tuple[Link | None, int]:
        link = physio.close(conn, whom, link_id, at)
        return link, 0 if link is None else physio_constraints.lift_all(conn, state().settings, link, at)

    try:
        link, lifted = doing_for(whom, work, write=True)
    except physio.LinkUnknown:
        raise Fault(404, NO_LINK) from None
    if link is not None and lifted:
        tell_devices(link.member)
    return lifted


def erase(whom: UUID, at: datetime) -> dict[str, Any]:
    """Erase the account at once, in one transaction, and return the signed receipt. Whoever calls has seen to who asks.

    Raises Fault 503 without a key to sign the receipt; StoreUnavailable. Then nothing was erased but objects, and it
    can be asked for again.
    """
    shared = state()
    try:
        key = signing_key(shared.settings)
    except (KeyInvalid, KeyUnavailable) as error:
        log.error("signing_key_invalid", error=str(error))
        raise Fault(503, "A receipt cannot be signed right now.", headers={"Retry-After": "30"}) from None
    objects = erasure.erase_objects(shared.store, whom)

    def work(conn: Connection) -> dict[str, Any]:
        return erasure.erase_account(conn, shared.settings, key, whom, objects, at)

    receipt = doing_for(whom, work, write=True)
    log.info("account_erased", receipt=receipt["manifest"]["id"])
    return receipt
