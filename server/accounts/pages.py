"""The pages on which people sign in, sign out, register, confirm an address, and choose a new password.

No answer tells whether an address has an account: registering and forgetting a password each send exactly one letter,
whatever is known of the address, and a password is compared with something in any case.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from server.access import public
from server.accounts import entering, letters, links, mail, page, passwords, throttle
from server.accounts.external import providers
from server.accounts.notices import deliver, notify
from server.accounts.page import blp, field, render
from server.accounts.people import EmailInvalid, EmailTaken, create_account, find, find_by_email, normal_email
from server.accounts.sessions import end_all_logins, end_login
from server.accounts.tables import account
from server.accounts.tokens import revoke_account
from server.db import read, write
from server.problems import Fault
from server.state import state

_RESET = "Your new password is set, and every other sign-in was ended. Sign in with it now."
_WRONG = "This address and password do not belong together."


# --- signing in and out ----------------------------------------------------------------------------------


@blp.get("/login")
@public(blp)
def login() -> Response:
    """Where to sign in; `next` is where to go then, `again` asks even if somebody is signed in."""
    current = page.current_login()
    onward = page.next_path(request.args.get("next"))
    if current and not request.args.get("again"):
        return render("already.html", login=current, next=onward)
    notice = _RESET if request.args.get("done") == "reset" else None
    return _login_page(onward, email=(current.email or "") if current else "", login=current, notice=notice)


@blp.post("/login")
@public(blp)
def login_form() -> Response:
    """Address and password."""
    page.check_csrf()
    onward, email, password = page.next_path(field("next")), field("email").strip(), field("password")
    errors = {}
    if not email:
        errors["email"] = "Enter your e-mail address."
    if not password:
        errors["password"] = "Enter your password."  # noqa: S105 - a sentence
    if errors:
        return _login_page(onward, 422, email=email, errors=errors)
    try:
        person = entering.check_password(email.lower(), password)
    except Fault as fault:
        return _login_page(
            onward, fault.status, email=email, errors={"": fault.detail}, headers=fault.headers
        )
    if person is None:
        return _login_page(onward, 422, email=email, errors={"password": _WRONG})
    if person.disabled_at is not None:
        return _login_page(onward, 403, email=email, errors={"": "This account is closed."})
    return entering.enter(person.id, ["pwd"], onward)


def _login_page(onward: str, status: int = 200, **context: Any) -> Response:
    return render("login.html", status, next=onward, providers=providers(), **context)


@blp.get("/logout")
@public(blp)
def logout() -> Response:
    """Asks first: another site could send somebody here."""
    current = page.current_login()
    return render("logout.html", login=current) if current else page.to("/account/login")


@blp.post("/logout")
@public(blp)
def logout_form() -> Response:
    """Signs out of this browser."""
    page.check_csrf()
    write(state().engine, lambda conn: end_login(conn, request))
    return page.sign_out(page.to("/account/signed-out"))


@blp.get("/signed-out")
@public(blp)
def signed_out() -> Response:
    """What it says after signing out."""
    return render("signed_out.html")


# --- registering -----------------------------------------------------------------------------------------


@blp.get("/register")
@public(blp)
def register() -> Response:
    """Asks for an address; everything else after it is confirmed, so nobody prepares an account for somebody else."""
    onward = page.next_path(request.args.get("next"))
    return render("register.html", next=onward, providers=providers())


@blp.post("/register")
@public(blp)
def register_form() -> Response:
    """Sends one letter: with a link to go on, or with the news that there is an account."""
    return _by_letter("register", "register.html")


@blp.get("/forgot")
@public(blp)
def forgot() -> Response:
    """Asks for the address of a forgotten password."""
    return render("forgot.html", next=page.next_path(request.args.get("next")))


@blp.post("/forgot")
@public(blp)
def forgot_form() -> Response:
    """Sends one letter: with a link to a new password, or with the news that there is no account."""
    return _by_letter("reset", "forgot.html")


def _by_letter(purpose: links.Purpose, template: str) -> Response:
    page.check_csrf()
    onward, given = page.next_path(field("next")), field("email").strip()
    again: dict[str, Any] = {"next": onward, "email": given, "providers": providers()}
    try:
        email = normal_email(given)
    except EmailInvalid:
        wrong = "Enter an e-mail address such as name@example.org." if given else "Enter your e-mail address."
        return render(template, 422, errors={"email": wrong}, **again)
    try:
        entering.hold_back(throttle.LETTERS, entering.here())
        entering.hold_back(throttle.LETTER, email)
        send_letter(purpose, email, onward)
    except Fault as fault:
        return render(template, fault.status, errors={"": fault.detail}, headers=dict(fault.headers), **again)
    return render("sent.html", email=email, purpose=purpose, next=onward)


def send_letter(purpose: links.Purpose, email: str, onward: str) -> None:
    """The one letter that an address gets, with an account or without. Raises Fault 503 when it cannot be sent."""
    settings = state().settings

    def issue(conn: Connection) -> mail.Letter:
        person = find_by_email(conn, email)
        # A link for nobody is noted too: the same work for every address.
        token = links.issue(
            conn, purpose, email, page.now(), account=person.id if person else None, onward=onward
        )
        link = f"{settings.address}/account/confirm?token={token}"
        if purpose == "register":
            return (
                letters.register(link)
                if person is None
                else letters.register_known(f"{settings.address}/account/login")
            )
        return (
            letters.reset(link) if person else letters.reset_unknown(f"{settings.address}/account/register")
        )

    deliver(email, write(state().engine, issue))


# --- links in letters ------------------------------------------------------------------------------------


@blp.get("/confirm")
@public(blp)
def confirm() -> Response:
    """What a link leads to. Looking does not use it up: mail programs look at links before people do."""
    token = request.args.get("token", "")
    link = read(state().engine, lambda conn: links.look(conn, token, page.now()))
    if link is None or (link.purpose == "reset" and link.account is None):
        return render("link_over.html", 410)
    return _confirm_page(token, link)


@blp.post("/confirm")
@public(blp)
def confirm_form() -> Response:
    """Uses the link up and does what it is for."""
    page.check_csrf()
    token = field("token")
    link = read(state().engine, lambda conn: links.look(conn, token, page.now()))
    if link is None:
        return render("link_over.html", 410)
    if link.purpose == "address":
        return _new_address(token)
    password, name = field("password"), field("name").strip()
    hashed = None
    if not (link.purpose == "register" and field("how") == "passkey"):
        try:
            hashed = passwords.make_hash(passwords.check(password, link.email, name))
        except passwords.PasswordWeak as weak:
            wrong = str(weak) if password else "Choose a password."
            return _confirm_page(token, link, 422, errors={"password": wrong}, name=name)
    if link.purpose == "register":
        return _registered(token, name[:100], hashed)
    return _reset(token, hashed or "")


def _confirm_page(token: str, link: links.Link, status: int = 200, **context: Any) -> Response:
    template = {"register": "welcome.html", "address": "confirm_address.html", "reset": "reset.html"}[
        link.purpose
    ]
    return render(template, status, token=token, email=link.email, **context)


def _registered(token: str, name: str, hashed: str | None) -> Response:
    """The account is made only now, by who has shown that the address is theirs."""

    def work(conn: Connection) -> tuple[Any, str | None] | None:
        link = links.use(conn, token, page.now())
        if link is None or link.purpose != "register":
            return None
        made = create_account(
            conn,
            email=link.email,
            password_hash=hashed,
            name=name,
            verified_at=page.now(),
            now=page.now(),
        )
        return made, link.next

    try:
        done = write(state().engine, work)
    except EmailTaken:
        return render("link_over.html", 409)
    if done is None:
        return render("link_over.html", 410)
    made, onward = done
    if hashed is None:
        return entering.enter(
            made, ["email"], f"/account/passkeys/new?{urlencode({'next': page.next_path(onward)})}"
        )
    return entering.enter(made, ["pwd"], page.next_path(onward))


def _reset(token: str, hashed: str) -> Response:
    """A new password signs everybody out: whoever had the old one is to be gone."""

    def work(conn: Connection) -> links.Link | None:
        link = links.use(conn, token, page.now())
        if link is None or link.purpose != "reset" or link.account is None:
            return None
        values = {"password_hash": hashed, "email_verified_at": page.now()}
        # The letter went to this address; if the account has another by now, the link is worth nothing.
        same = (account.c.id == link.account, account.c.email == link.email)
        if conn.execute(update(account).where(*same).values(values)).rowcount == 0:
            return None
        links.withdraw(conn, link.account, page.now())
        end_all_logins(conn, link.account)
        revoke_account(conn, link.account, page.now())
        throttle.forgive(conn, throttle.PASSWORD, link.email)
        return link

    link = write(state().engine, work)
    if link is None:
        return render("link_over.html", 410)
    notify(link.email, "The password of your Limber account was changed.")
    return page.sign_out(page.to("/account/login", next=page.next_path(link.next), done="reset"))


def _new_address(token: str) -> Response:
    """The address becomes the account's now; the one before it is told."""

    def work(conn: Connection) -> tuple[links.Link, str | None] | None:
        link = links.use(conn, token, page.now())
        if link is None or link.account is None:
            return None
        before, taken = find(conn, link.account), find_by_email(conn, link.email)
        if before is None or (taken is not None and taken.id != link.account):
            return None
        values = {"email": link.email, "email_verified_at": page.now()}
        conn.execute(update(account).where(account.c.id == link.account).values(values))
        return link, before.email

    try:
        done = write(state().engine, work)
    except IntegrityError:  # another account took it at this very moment
        done = None
    if done is None:
        return render("link_over.html", 410)
    link, before = done
    if before != link.email:
        notify(before, "Your Limber account has another address now, and letters go there.")
    return render("address_done.html", login=page.current_login(), email=link.email)
