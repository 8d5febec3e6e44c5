"""The page of one's own data: download it, say yes or no to training, see who is let in, delete the account.

For the person who is signed in in this browser; the API does the same with a token, by the same functions (`own_data`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, g, request
from sqlalchemy import Connection

from server.access import public, signed_in
from server.accounts import consent_training, entering, erasure, own_data, page, physio
from server.accounts.acting import doing_for
from server.accounts.page import blp, field, render
from server.accounts.people import EmailInvalid, normal_email
from server.accounts.sessions import Login
from server.db import read
from server.problems import Fault
from server.state import state
from server.telemetry import log
from sync.objects import StoreUnavailable

HERE: Final = "/account/data"
DELETE: Final = f"{HERE}#delete"
WORD: Final = "delete"
"""What somebody without an address types instead of it."""

DONE: Final = {
    "agreed": "Thank you. Your sessions may be used for training from now on.",
    "withdrawn": "Your agreement is withdrawn.",
    "ended": "It is ended, and with it everything that was set for you.",
    "taken-back": "The invitation is taken back. Its code opens nothing any more.",
}
ACTS: Final = {
    "invited": "invitation made",
    "accepted": "invitation accepted",
    "ended": "ended",
    "adherence_read": "looked at how often you exercised",
    "constraint_set": "set a limit for you",
    "constraint_changed": "changed a limit",
    "constraint_removed": "lifted a limit",
}
COUNTED: Final = {
    "account": "Account: name, address, password",
    "account_key": "Key of what was encrypted",
    "audit entries without a name": "Entries of the log that named you",
    "catalogue entries without a name": "Entries of the catalogue's history that named you",
    "ceremony": "Sign-ins that were not finished",
    "consent": "Permissions for apps",
    "constraints for others": "Limits that you had set for others",
    "desk_session": "Browsers that were signed in to the desk",
    "device_code": "Codes of devices",
    "email_token": "Links in letters",
    "identity": "Other ways to sign in",
    "letters to the address": "Links in letters from before there was an account",
    "login_session": "Browsers that were signed in",
    "oauth_code": "Codes of apps",
    "objects": "Files",
    "passkey": "Passkeys",
    "physio_link": "Links with physios, and invitations",
    "record": "Records: profile, sessions and more",
    "second_factor": "Settings of the second step",
    "stream": "List that the records were in",
    "token_family": "Apps that were signed in",
}
"""What a receipt counts, in words for whoever reads it."""


@blp.get("/data")
@signed_in(blp)
def data() -> Response:
    """What can be done with one's own data."""
    return _page(notice=DONE.get(request.args.get("done", "")))


def _page(status: int = 200, **context: Any) -> Response:
    login: Login = g.login
    whom = login.account

    def work(conn: Connection) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        return consent_training.given(conn, whom), physio.links_of_member(conn, whom, page.now())

    given, links = doing_for(whom, work)
    return render(
        "data.html", status, login=login, given=given, given_at=_moment(given), counts=consent_training.counts(given),
        asked=consent_training, open=[each for each in links if each["state"] in ("invited", "linked")],
        earlier=[each for each in links if each["state"] in ("lapsed", "ended")], acts=ACTS,
        recent=entering.recent(login), address=login.email, word=WORD, again=DELETE, **context,
    )  # fmt: skip


def _moment(given: dict[str, Any] | None) -> datetime | None:
    return datetime.fromisoformat(given["at"]) if given else None


def _refused(fault: Fault) -> Response:
    """The page again, with what it says. Raises the fault when it is not for the person to put right."""
    if fault.status not in (404, 409, 429):
        raise fault
    return _page(fault.status, errors={"": fault.detail}, headers=dict(fault.headers))


# --- download, training, physios -------------------------------------------------------------------------


@blp.post("/data/download")
@signed_in(blp)
def download_form() -> Response:
    """The archive, the same as `GET /v1/account/export`."""
    try:
        return page.finish(own_data.archive(g.login.account, page.now()))
    except Fault as fault:
        return _refused(fault)


@blp.post("/data/training")
@signed_in(blp)
def training_form() -> Response:
    """Agrees to the text that was shown, or withdraws."""
    agrees = field("do") == "agree"
    if agrees and field("version") != str(consent_training.VERSION):
        return _page(409, errors={"agree": "The text has changed. Please read it again."})
    own_data.decide_training(g.login.account, agrees=agrees, at=page.now())
    return page.to(HERE, done="agreed" if agrees else "withdrawn")


@blp.post("/data/physios/invite")
@signed_in(blp)
def invite_form() -> Response:
    """A code for a physio, shown this once: it is kept as a hash, so no other page could show it."""
    try:
        _, code, lapses = own_data.invite(g.login.account, page.now())
    except Fault as fault:
        return _refused(fault)
    return render("data_code.html", login=g.login, code=code, lapses=lapses)


@blp.post("/data/physios/end")
@signed_in(blp)
def end_form() -> Response:
    """Ends a link or takes an invitation back."""
    try:
        own_data.end_link(g.login.account, _uuid(field("link")), page.now())
    except Fault as fault:
        return _refused(fault)
    return page.to(HERE, done="taken-back" if field("was") == "invited" else "ended")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Fault(404, own_data.NO_LINK) from None


# --- deleting the account --------------------------------------------------------------------------------


@blp.post("/data/delete")
@signed_in(blp)
def delete_form() -> Response:
    """Deletes the account, for who signed in a short while ago and typed its address."""
    login: Login = g.login
    if back := entering.need_recent(login, DELETE):
        return back
    typed = field("address")
    if not _meant(typed, login.email):
        wanted = "the address of this account" if login.email else f"the word {WORD}"
        said = f"Type {wanted}, as it stands above the field." if typed.strip() else f"Type {wanted}."
        return _page(422, errors={"address": said}, typed=typed)
    try:
        receipt = own_data.erase(login.account, page.now())
    except StoreUnavailable as error:
        log.error("store_unavailable", error=str(error))
        said = "The account could not be deleted at this moment. Please try again soon."
        raise Fault(503, said, headers={"Retry-After": "30"}) from None
    return page.sign_out(page.to(f"/account/deleted/{receipt['manifest']['id']}"))


def _meant(typed: str, email: str | None) -> bool:
    if email is None:
        return typed.strip().lower() == WORD
    try:
        return normal_email(typed) == email
    except EmailInvalid:
        return False


@blp.get("/deleted/<uuid:receipt>")
@public(blp)
def deleted(receipt: UUID) -> Response:
    """A receipt to keep. It tells of nobody, so whoever has its address may see it, as `/v1/erasures/<id>` does."""
    found = read(state().engine, lambda conn: erasure.find_receipt(conn, receipt))
    if found is None:
        raise Fault(404, "There is no such receipt.")
    manifest = found["manifest"]
    erased = [(COUNTED.get(name, name), count) for name, count in manifest["erased"].items() if count]
    return render(
        "deleted.html",
        login=page.current_login(),
        receipt=str(receipt),
        at=datetime.fromisoformat(manifest["erased_at"]),
        erased=erased,
    )
