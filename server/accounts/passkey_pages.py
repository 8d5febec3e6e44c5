"""Signing in with a passkey, and the second step after a password. The browser's part is static/passkeys.js."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, g, request
from sqlalchemy import Connection

from server.access import public, signed_in
from server.accounts import ceremonies, entering, page, passkeys, throttle
from server.accounts.external import providers
from server.accounts.notices import notify
from server.accounts.page import blp, field, render
from server.accounts.passkeys import LastWay, PasskeyCopied, PasskeyRefused, Purpose, Shown
from server.accounts.people import find
from server.db import read, write
from server.problems import Fault
from server.state import state
from server.web import json_response

T = TypeVar("T")

_OVER = "Please enter your password again: the second step took too long."


@blp.post("/passkeys/options/login")
@public(blp)
def login_options() -> Response:
    """What the browser needs to sign in with any passkey of this site."""
    page.check_csrf()
    entering.hold_back(throttle.PASSKEY, entering.here())
    return _options(lambda conn: passkeys.request_options(
        conn, state().settings, "login", page.browser_hash(), page.now()))  # fmt: skip


@blp.post("/passkeys/options/second")
@public(blp)
def second_options() -> Response:
    """What the browser needs for the second step."""
    page.check_csrf()
    entering.hold_back(throttle.PASSKEY, entering.here())
    step = read(state().engine, entering.pending)
    if step is None:
        raise Fault(403, _OVER)
    return _options(lambda conn: passkeys.request_options(
        conn, state().settings, "second", page.browser_hash(), page.now(), step.account))  # fmt: skip


@blp.post("/passkeys/options/new")
@signed_in(blp)
def new_options() -> Response:
    """What the browser needs to make a passkey."""
    if not entering.recent(g.login):
        raise Fault(403, "Please sign in again first: your sign-in was some time ago.")
    return _options(lambda conn: passkeys.creation_options(
        conn, state().settings, g.login, page.browser_hash(), page.now()))  # fmt: skip


def _options(work: Callable[[Connection], dict[str, Any]]) -> Response:
    try:
        return page.finish(json_response(write(state().engine, work)))
    except PasskeyRefused as refused:
        raise Fault(409, str(refused)) from None


@blp.post("/login/passkey")
@public(blp)
def login_passkey() -> Response:
    """Signs in with a passkey alone."""
    page.check_csrf()
    onward = page.next_path(field("next"))
    try:
        shown = _shown("login")
    except PasskeyRefused as refused:
        return render("login.html", 422, next=onward, errors={"": str(refused)}, providers=providers())
    throttle_back()
    return entering.enter(shown.account, shown.amr, onward)


@blp.get("/login/second")
@public(blp)
def second() -> Response:
    """The second step after a password."""
    if read(state().engine, entering.pending) is None:
        return page.to("/account/login")
    return render("second.html")


@blp.post("/login/second")
@public(blp)
def second_form() -> Response:
    """Signs in with a passkey after the password."""
    page.check_csrf()
    try:
        shown = _shown("second")
    except PasskeyRefused as refused:
        return render("second.html", 422, errors={"": str(refused)})
    browser = page.browser_hash()
    step = write(
        state().engine, lambda conn: ceremonies.finish(conn, "pending", browser, browser, page.now())
    )
    if step is None or step.account != shown.account:
        return render("login.html", 403, next=page.HOME, errors={"": _OVER}, providers=providers())
    throttle_back()
    # Two different factors, whether or not the authenticator verified its user.
    amr = [*step.data["amr"], *(each for each in shown.amr if each != "mfa"), "mfa"]
    return entering.enter(shown.account, amr, page.next_path(step.data["next"]))


def throttle_back() -> None:
    """An attempt that turned out to be in order does not count."""
    write(state().engine, lambda conn: throttle.give_back(conn, throttle.PASSKEY, entering.here()))


def _settled(work: Callable[[Connection], T]) -> T:
    """`work` in a transaction that is committed also when it refuses: a challenge is used up either way."""

    def settled(conn: Connection) -> T | PasskeyRefused:
        try:
            return work(conn)
        except PasskeyRefused as refused:
            return refused

    found = write(state().engine, settled)
    if isinstance(found, PasskeyRefused):
        raise found
    return found


def _shown(purpose: Purpose) -> Shown:
    """Who showed a passkey and may come in. Raises PasskeyRefused."""
    answer, browser, now = field("credential"), page.browser_hash(), page.now()
    try:
        shown = _settled(lambda conn: passkeys.check(conn, state().settings, purpose, answer, browser, now))
    except PasskeyCopied as copied:
        whose = copied.account
        owner = read(state().engine, lambda conn: find(conn, whose))
        notify(
            owner.email if owner else None,
            f"The passkey “{copied.name}” of your Limber account was refused: its counter says that a copy of it may "
            "be in use elsewhere. Remove it unless you know why.",
        )
        raise
    person = read(state().engine, lambda conn: find(conn, shown.account))
    if person is None or person.disabled_at is not None:
        raise PasskeyRefused("This account is closed.")
    return shown


# --- the person's own ------------------------------------------------------------------------------------


@blp.get("/passkeys/new")
@signed_in(blp)
def new() -> Response:
    """Where to add a passkey."""
    here = request.full_path.rstrip("?")
    if back := entering.need_recent(g.login, here):
        return back
    agent = entering.agent_words(request.headers.get("User-Agent", ""))
    return render(
        "passkey_new.html", login=g.login, name=agent, next=page.next_path(request.args.get("next"))
    )


@blp.post("/passkeys/new")
@signed_in(blp)
def new_form() -> Response:
    """Keeps the passkey that the browser made."""
    onward, name = page.next_path(field("next")), field("name")
    if back := entering.need_recent(g.login, page.HOME):
        return back
    try:
        answer, browser = field("credential"), page.browser_hash()
        _settled(
            lambda conn: passkeys.add(conn, state().settings, g.login, answer, name, browser, page.now())
        )
    except PasskeyRefused as refused:
        return render(
            "passkey_new.html", 422, login=g.login, name=name, next=onward, errors={"": str(refused)}
        )
    notify(g.login.email, "A passkey was added to your Limber account.")
    return page.to(onward, done="passkey" if onward == page.HOME else None)


@blp.post("/passkeys/change")
@signed_in(blp)
def change() -> Response:
    """Renames a passkey or removes it."""
    whom, which = g.login.account, field("id")
    if field("do") == "rename":
        found = write(state().engine, lambda conn: passkeys.rename(conn, whom, which, field("name")))
        return page.to(page.HOME, done="renamed" if found else None)
    if back := entering.need_recent(g.login, page.HOME):
        return back
    try:
        found = write(state().engine, lambda conn: passkeys.remove(conn, whom, which))
    except LastWay as last:
        raise Fault(409, str(last)) from None
    if found:
        notify(g.login.email, "A passkey was removed from your Limber account.")
    return page.to(page.HOME, done="removed" if found else None)
