"""The page of one's own account: how one signs in, and where one is signed in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Response, g, request
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from webauthn.helpers import bytes_to_base64url

from server.access import signed_in
from server.accounts import entering, letters, links, page, passwords, throttle
from server.accounts.clients import find_client
from server.accounts.external import providers
from server.accounts.notices import deliver, notify
from server.accounts.page import blp, field, render
from server.accounts.passkeys import LastWay, lock_ways, need_a_way
from server.accounts.people import EmailInvalid, Person, find, find_by_email, normal_email
from server.accounts.sessions import secret_hash
from server.accounts.tables import account, login_session, token_family
from server.accounts.tables_sign_in import identity, login_place, passkey, second_factor
from server.accounts.tokens import revoke_account, revoke_family
from server.db import read, write
from server.problems import Fault
from server.state import state

DONE: Final = {
    "name": "Your name is saved.",
    "password": "Your password is changed. Everywhere else you are signed out.",
    "no-password": "Your password is removed.",
    "address": "We have sent a letter to the new address. It is yours once you open the link in it.",
    "passkey": "Your passkey is added.",
    "renamed": "The passkey has its new name.",
    "removed": "The passkey is removed.",
    "linked": "The other way to sign in is added.",
    "unlinked": "The other way to sign in is removed.",
    "second": "From now on your password alone is not enough: a passkey is asked for too.",
    "no-second": "From now on your password alone is enough.",
    "ended": "It is signed out there.",
}
WORDS: Final = {
    "pwd": "password",
    "hwk": "passkey",
    "swk": "passkey",
    "fed": "another provider",
    "email": "e-mail link",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is signed in: a browser, or an app. `ref` names it in the form that signs it out."""

    ref: str
    title: str
    how: str
    since: datetime
    used: datetime | None
    here: bool


@blp.get("/")
@signed_in(blp)
def home() -> Response:
    """The page of one's own account."""
    return _page(notice=DONE.get(request.args.get("done", "")))


def _page(status: int = 200, **context: Any) -> Response:
    whom = g.login.account
    shown = read(state().engine, lambda conn: _shown(conn, whom))
    if shown["person"] is None:
        raise Fault(404, "This account is no more.")
    linked = {each.issuer for each in shown["identities"]}
    others = [each for each in providers() if each.issuer not in linked]
    names = {each.issuer: each.name for each in providers()}
    recent = entering.recent(g.login)
    return render("account.html", status, login=g.login, me=shown.pop("person"), others=others, names=names,
                  recent=recent, **shown, **context)  # fmt: skip


def _shown(conn: Connection, whom: uuid.UUID) -> dict[str, Any]:
    keys = conn.execute(select(passkey).where(passkey.c.account == whom).order_by(passkey.c.created_at)).all()
    second = select(second_factor.c.since).where(second_factor.c.account == whom)
    linked = select(identity).where(identity.c.account == whom).order_by(identity.c.linked_at)
    return {
        "person": find(conn, whom),
        "passkeys": [{"ref": bytes_to_base64url(each.id), **each._mapping} for each in keys],
        "identities": conn.execute(linked).all(),
        "second": conn.execute(second).first() is not None,
        "places": places(conn, whom),
    }


def places(conn: Connection, whom: uuid.UUID) -> list[Place]:
    """Where `whom` is signed in, this browser first, then by the last use."""
    s, f = login_session.c, token_family.c
    here = secret_hash(page.login_cookie())
    rows = conn.execute(
        select(s.token_hash, s.auth_time, s.amr, login_place.c.agent)
        .outerjoin(login_place, login_place.c.token_hash == s.token_hash)
        .where(s.account == whom, s.expires_at > page.now())
        .order_by(s.auth_time.desc())
    )
    browsers = [
        Place(f"browser:{each.token_hash.hex()}", each.agent or "A browser", _how(each.amr), each.auth_time, None,
              each.token_hash == here)
        for each in rows
    ]  # fmt: skip
    families = conn.execute(
        select(token_family)
        .where(f.account == whom, f.revoked_at.is_(None), f.expires_at > page.now())
        .order_by(f.used_at.desc())
    ).all()
    apps = []
    for each in families:
        client = find_client(conn, state().settings, each.client_id)
        title = client.name if client else each.client_id
        apps.append(Place(f"app:{each.id}", title, _how(each.amr), each.created_at, each.used_at, False))
    return sorted(browsers, key=lambda place: not place.here) + apps


def _how(amr: list[str]) -> str:
    return " and ".join(dict.fromkeys(WORDS[each] for each in amr if each in WORDS)) or "password"


# --- changing it -----------------------------------------------------------------------------------------


@blp.post("/name")
@signed_in(blp)
def name_form() -> Response:
    """What we call the person."""
    name = field("name").strip()
    if len(name) > 100:
        return _page(422, errors={"name": "Use at most 100 characters."})
    whom = g.login.account
    write(
        state().engine,
        lambda conn: conn.execute(update(account).where(account.c.id == whom).values(name=name)),
    )
    return page.to(page.HOME, done="name")


@blp.post("/password")
@signed_in(blp)
def password_form() -> Response:
    """Sets, changes or removes the password; the present one is asked for."""
    whom = g.login.account
    person = read(state().engine, lambda conn: find(conn, whom))
    if person is None:
        raise Fault(404, "This account is no more.")
    if person.password_hash is None:
        if back := entering.need_recent(g.login, page.HOME):
            return back
    elif wrong := _present_password(person):
        return wrong
    if field("do") == "remove":
        return _remove_password(person)
    try:
        hashed = passwords.make_hash(passwords.check(field("password"), person.email or "", person.name))
    except passwords.PasswordWeak as weak:
        return _page(422, errors={"password": str(weak)})

    def work(conn: Connection) -> None:
        conn.execute(update(account).where(account.c.id == whom).values(password_hash=hashed))
        _end_all_but_here(conn, whom)

    write(state().engine, work)
    notify(person.email, "The password of your Limber account was changed.")
    return page.to(page.HOME, done="password")


def _end_all_but_here(conn: Connection, whom: uuid.UUID) -> None:
    s = login_session.c
    here = secret_hash(page.login_cookie())
    conn.execute(delete(login_session).where(s.account == whom, s.token_hash != here))
    revoke_account(conn, whom, page.now())


def _present_password(person: Person) -> Response | None:
    """The page again when the present password is not right, None when it is."""
    try:
        entering.hold_back(throttle.PASSWORD, person.email or str(person.id))
    except Fault as fault:
        return _page(fault.status, errors={"present": fault.detail})
    if not passwords.matches(person.password_hash, field("present")):
        return _page(422, errors={"present": "This is not your present password."})
    whom = person.email or str(person.id)
    write(state().engine, lambda conn: throttle.forgive(conn, throttle.PASSWORD, whom))
    return None


def _remove_password(person: Person) -> Response:
    def work(conn: Connection) -> None:
        lock_ways(conn, person.id)
        conn.execute(update(account).where(account.c.id == person.id).values(password_hash=None))
        conn.execute(delete(second_factor).where(second_factor.c.account == person.id))
        need_a_way(conn, person.id)

    try:
        write(state().engine, work)
    except LastWay as last:
        return _page(409, errors={"present": str(last)})
    notify(person.email, "The password of your Limber account was removed.")
    return page.to(page.HOME, done="no-password")


@blp.post("/address")
@signed_in(blp)
def address_form() -> Response:
    """Sends a letter to the new address, which becomes the account's only when its link is used."""
    if back := entering.need_recent(g.login, page.HOME):
        return back
    given, whom = field("email").strip(), g.login.account
    try:
        email = normal_email(given)
    except EmailInvalid:
        return _page(
            422, errors={"email": "Enter an e-mail address such as name@example.org."}, new_email=given
        )

    def issue(conn: Connection) -> Any:
        taken = find_by_email(conn, email)
        if taken is not None and taken.id != whom:
            return letters.address_taken()
        token = links.issue(conn, "address", email, page.now(), account=whom)
        return letters.address(f"{state().settings.address}/account/confirm?token={token}")

    try:
        entering.hold_back(throttle.LETTERS, entering.here())
        entering.hold_back(throttle.LETTER, email)
        deliver(email, write(state().engine, issue))
    except Fault as fault:
        return _page(fault.status, errors={"email": fault.detail}, new_email=given)
    return page.to(page.HOME, done="address")


@blp.post("/second")
@signed_in(blp)
def second_factor_form() -> Response:
    """Asks for a passkey after the password from now on, or no longer."""
    if back := entering.need_recent(g.login, page.HOME):
        return back
    whom, wanted = g.login.account, field("do") == "on"

    def work(conn: Connection) -> bool:
        lock_ways(conn, whom)
        if not wanted:
            conn.execute(delete(second_factor).where(second_factor.c.account == whom))
            return True
        if conn.execute(select(passkey.c.id).where(passkey.c.account == whom)).first() is None:
            return False
        conn.execute(insert(second_factor).values(account=whom, since=page.now()).on_conflict_do_nothing())
        return True

    if not write(state().engine, work):
        return _page(409, errors={"": "Add a passkey first: it is what would be asked for."})
    notify(
        g.login.email,
        f"Your Limber account asks for a passkey after the password {'from now on' if wanted else 'no longer'}.",
    )
    return page.to(page.HOME, done="second" if wanted else "no-second")


@blp.post("/places")
@signed_in(blp)
def places_form() -> Response:
    """Signs out somewhere, or everywhere but here."""
    kind, _, which = field("place").partition(":")
    whom = g.login.account

    def work(conn: Connection) -> None:
        s = login_session.c
        if kind == "all":
            _end_all_but_here(conn, whom)
        elif kind == "browser":
            conn.execute(delete(login_session).where(s.account == whom, s.token_hash == _hex(which)))
        elif kind == "app" and (family := _own_family(conn, whom, which)):
            revoke_family(conn, family, "withdrawn", page.now())

    write(state().engine, work)
    return page.to(page.HOME, done="ended")


def _own_family(conn: Connection, whom: uuid.UUID, which: str) -> uuid.UUID | None:
    try:
        wanted = uuid.UUID(which)
    except ValueError:
        return None
    f = token_family.c
    found: uuid.UUID | None = conn.execute(
        select(f.id).where(f.id == wanted, f.account == whom)
    ).scalar_one_or_none()
    return found


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
