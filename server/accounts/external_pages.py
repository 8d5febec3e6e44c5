"""Signing in with another provider, and linking one to an account.

An account that exists is linked without asking only when the provider says that the address is verified and we have
verified the same one. In every other case the person signs in first, and links from there.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from flask import Response, g, request
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from server.access import public, signed_in
from server.accounts import ceremonies, entering, external, page, throttle
from server.accounts.external import Claims, Provider, ProviderFailed, providers
from server.accounts.notices import notify
from server.accounts.page import blp, field, render
from server.accounts.passkeys import LastWay, lock_ways, need_a_way
from server.accounts.people import EmailInvalid, EmailTaken, create_account, find, find_by_email
from server.accounts.tables_sign_in import identity
from server.db import read, write
from server.problems import Fault
from server.state import state

ANSWER_S: Final = timedelta(minutes=15)
AMR: Final = ("fed",)  # no value of RFC 8176 says it; this one is what others use for a federated sign-in


@dataclass(frozen=True, slots=True)
class Known:
    """An account that the answer of a provider leads to."""

    account: uuid.UUID
    linked: bool  # by this very answer
    email: str | None


def _provider(slug: str) -> Provider:
    found = next((each for each in providers() if each.slug == slug), None)
    if found is None:
        raise Fault(404, "There is no such provider.")
    return found


@blp.get("/with/<slug>")
@public(blp)
def external_begin(slug: str) -> Response:
    """Sends the person to a provider; with `link`, to add it to the account that is signed in."""
    provider = _provider(slug)
    onward = page.next_path(request.args.get("next"))
    login = page.current_login() if request.args.get("link") else None
    if request.args.get("link") and login is None:
        return page.to("/account/login", next=page.HOME)
    if login and (back := entering.need_recent(login, page.HOME)):
        return back
    entering.hold_back(throttle.ADDRESS, entering.here())
    try:
        begun = external.begin(provider, _redirect_uri(provider))
    except ProviderFailed as failed:
        return _failed(str(failed), onward, 503)
    kept = {name: begun[name] for name in ("nonce", "code_verifier", "redirect_uri")} | {"next": onward}
    purpose, browser, now = f"external:{slug}", page.browser_hash(), page.now()
    whom = login.account if login else None
    write(
        state().engine,
        lambda conn: ceremonies.begin(
            conn, purpose, begun["state"].encode(), browser, now, external.LIFETIME, account=whom, data=kept
        ),
    )
    response = page.to(page.HOME)
    response.headers["Location"] = begun["url"]
    return response


def _redirect_uri(provider: Provider) -> str:
    return f"{state().settings.address}/account/with/{provider.slug}/callback"


@blp.post("/with/<slug>/callback")
@public(blp)
def external_posted(slug: str) -> Response:
    """Some providers send a form. It comes from another site, so without our cookies: ask again as a page."""
    provider = _provider(slug)
    given = {name: field(name) or None for name in ("state", "code", "iss", "error")}
    return page.to(f"/account/with/{provider.slug}/callback", **given)


@blp.get("/with/<slug>/callback")
@public(blp)
def external_callback(slug: str) -> Response:
    """The person is back."""
    provider = _provider(slug)
    answer = {name: request.args.get(name, "") for name in ("state", "code", "error")}
    browser, now = page.browser_hash(), page.now()
    step = write(
        state().engine,
        lambda conn: ceremonies.finish(conn, f"external:{slug}", answer["state"].encode(), browser, now),
    )
    if step is None:
        return _failed(
            "This sign-in was not begun in this browser, took too long, or was done already.", page.HOME, 400
        )
    onward = page.next_path(step.data["next"])
    try:
        external.check_answer(provider, request.args)
        if answer["error"] or not answer["code"]:
            said = "was cancelled" if answer["error"] == "access_denied" else "did not work"
            return _failed(f"Signing in with {provider.name} {said}.", onward, 400)
        claims = external.finish(provider, answer["code"], step.data, now)
    except ProviderFailed as failed:
        return _failed(str(failed), onward, 502)
    write(state().engine, lambda conn: throttle.give_back(conn, throttle.ADDRESS, entering.here()))
    if step.account is not None:
        return _linking(provider, claims, step.account)
    return _arrived(provider, claims, onward)


def _failed(said: str, onward: str, status: int) -> Response:
    return render("login.html", status, next=onward, errors={"": said}, providers=providers())


# --- signing in ------------------------------------------------------------------------------------------


def _arrived(provider: Provider, claims: Claims, onward: str) -> Response:
    known = write(state().engine, lambda conn: _known(conn, claims))
    if known is not None:
        person = read(state().engine, lambda conn: find(conn, known.account))
        if person is None or person.disabled_at is not None:
            return _failed("This account is closed.", onward, 403)
        if known.linked:
            notify(known.email, f"Signing in with {provider.name} was added to your Limber account.")
        return entering.enter(known.account, AMR, onward)
    if claims.email is None:
        # Said whether or not there is such an account: the provider does not vouch for the address.
        return render("external_unverified.html", 409, provider=provider, next=onward)
    taken = read(state().engine, lambda conn: find_by_email(conn, claims.email or ""))
    if taken is not None:
        return render("external_taken.html", 409, provider=provider, email=claims.email, next=onward)
    _ask(provider, claims, onward, None)
    return render("external_new.html", provider=provider, email=claims.email, name=claims.name)


def _known(conn: Connection, claims: Claims) -> Known | None:
    """The account of this identity; one whose address both sides have verified becomes it now."""
    i = identity.c
    same = (i.issuer == claims.issuer, i.subject == claims.subject)
    noted = update(identity).where(*same).values(used_at=page.now()).returning(i.account)
    row = conn.execute(noted).one_or_none()
    if row is not None:
        return Known(row.account, False, None)
    person = find_by_email(conn, claims.email) if claims.email else None
    if person is None or person.email_verified_at is None:
        return None
    if person.disabled_at is not None:
        return Known(person.id, False, None)
    _link(conn, claims, person.id)
    return Known(person.id, True, person.email)


def _link(conn: Connection, claims: Claims, whom: uuid.UUID) -> bool:
    """Add the identity to the account; False when it is another account's."""
    row = {
        "issuer": claims.issuer, "subject": claims.subject, "account": whom, "email": claims.email,
        "linked_at": page.now(), "used_at": page.now(),
    }  # fmt: skip
    conn.execute(insert(identity).values(row).on_conflict_do_nothing())
    i = identity.c
    owner = select(i.account).where(i.issuer == claims.issuer, i.subject == claims.subject)
    return bool(conn.execute(owner).scalar_one() == whom)


# --- what the person has to agree to ---------------------------------------------------------------------


def _ask(provider: Provider, claims: Claims, onward: str, whom: uuid.UUID | None) -> None:
    """Keep the answer until the person has said yes on a page of ours."""
    data: dict[str, Any] = {"claims": asdict(claims), "next": onward, "provider": provider.name}
    browser, now = page.browser_hash(), page.now()
    write(
        state().engine,
        lambda conn: ceremonies.begin(
            conn, "external_answer", browser, browser, now, ANSWER_S, account=whom, data=data
        ),
    )


def _linking(provider: Provider, claims: Claims, whom: uuid.UUID) -> Response:
    login = page.current_login()
    if login is None or login.account != whom:
        return _failed("You are not signed in any more. Sign in, then link again.", page.HOME, 403)
    _ask(provider, claims, page.HOME, whom)
    return render("external_link.html", login=login, provider=provider, email=claims.email or claims.name)


@blp.post("/with/agree")
@public(blp)
def external_agree() -> Response:
    """Makes the account, or the link, that the page before asked about."""
    page.check_csrf()
    browser, now = page.browser_hash(), page.now()
    step = write(
        state().engine, lambda conn: ceremonies.finish(conn, "external_answer", browser, browser, now)
    )
    if step is None:
        return _failed("This took too long, or was done already. Please try again.", page.HOME, 410)
    claims, name = Claims(**step.data["claims"]), step.data["provider"]
    if step.account is None:
        return _new_account(claims, page.next_path(step.data["next"]))
    login, whom = page.current_login(), step.account
    if login is None or login.account != whom:
        return _failed("You are not signed in any more. Sign in, then link again.", page.HOME, 403)
    if not write(state().engine, lambda conn: _link(conn, claims, whom)):
        raise Fault(409, f"This sign-in of {name} belongs to another Limber account.")
    notify(login.email, f"Signing in with {name} was added to your Limber account.")
    return page.to(page.HOME, done="linked")


def _new_account(claims: Claims, onward: str) -> Response:
    def work(conn: Connection) -> uuid.UUID:
        made = create_account(
            conn,
            email=claims.email,
            password_hash=None,
            name=claims.name,
            verified_at=page.now(),
            now=page.now(),
        )
        if not _link(conn, claims, made):
            raise EmailTaken
        return made

    try:
        made = write(state().engine, work)
    except (EmailTaken, EmailInvalid):
        return _failed("The account could not be made. If you have one already, sign in to it.", onward, 409)
    return entering.enter(made, AMR, onward)


@blp.post("/with/unlink")
@signed_in(blp)
def external_unlink() -> Response:
    """Takes a provider off the account."""
    if back := entering.need_recent(g.login, page.HOME):
        return back
    whom, issuer, subject = g.login.account, field("issuer"), field("subject")

    def work(conn: Connection) -> bool:
        lock_ways(conn, whom)
        i = identity.c
        mine = (i.account == whom, i.issuer == issuer, i.subject == subject)
        found = conn.execute(delete(identity).where(*mine)).rowcount > 0
        need_a_way(conn, whom)
        return found

    try:
        found = write(state().engine, work)
    except LastWay as last:
        raise Fault(409, str(last)) from None
    if found:
        notify(g.login.email, "Another way to sign in was removed from your Limber account.")
    return page.to(page.HOME, done="unlinked" if found else None)
