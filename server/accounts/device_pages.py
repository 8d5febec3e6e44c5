"""`/device`: somebody types the code that a device shows, sees what it wants, and says yes or no (RFC 8628 §3.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from server.access import signed_in
from server.accounts import codes, page, people
from server.accounts.authorize import SCOPE_WORDS
from server.accounts.clients import Client, find_client
from server.accounts.entering import hold_back
from server.accounts.issuing import useful_scope
from server.accounts.sessions import Login
from server.accounts.throttle import Limit, give_back
from server.db import write
from server.problems import Fault
from server.state import state

# 26 billion codes, and a handful wait at a time: guessing one is hopeless long before this.
DEVICE_TRIES: Final = Limit("device", 10, timedelta(seconds=30), timedelta(minutes=15), timedelta(minutes=3))

blp = Blueprint("device", __name__)
blp.register_error_handler(Fault, page.fault_page)


@blp.get("/device")
@signed_in(blp)
def device() -> Response:
    """Type the code that a device shows, then see what it wants (RFC 8628 §3.3)."""
    login = _login()
    shown = request.args.get("user_code", "")
    if not shown:
        return page.render("device.html", login=login, waiting=None)
    found = _waiting(shown)
    if found is None:
        wrong = {
            "user_code": "No device is waiting with this code. Compare it, or have the device make a new one."
        }
        return page.render("device.html", 422, login=login, waiting=None, errors=wrong, typed=shown[:20])
    waiting, client, scope = found
    return page.render(
        "device.html", login=login, waiting=waiting, client=client, typed=shown,
        words=[SCOPE_WORDS[each] for each in scope.split()],
    )  # fmt: skip


@blp.post("/device")
@signed_in(blp)
def device_form() -> Response:
    """Yes or no to a device."""
    login, found = _login(), _waiting(page.field("user_code"))
    if found is None:
        raise Fault(400, "No device is waiting with this code any more. Have it make a new one.")
    waiting, client, scope = found
    yes = page.field("decision") == "allow" and bool(scope)
    granted = waiting.scope if client.first_party else scope  # as in `_decide`
    done = write(
        state().engine,
        lambda conn: codes.decide_device(conn, waiting, login, approved=yes, scope=granted, now=page.now()),
    )
    if not done:
        raise Fault(
            400, "The code has just expired, or was decided elsewhere. Have the device make a new one."
        )
    return page.render("device_done.html", login=login, yes=yes)


def _login() -> Login:
    login = page.current_login()
    assert login is not None
    return login


def _waiting(shown: str) -> tuple[codes.Device, Client, str] | None:
    """The device with this code, its client, and what somebody with these roles can give. Raises Fault 429."""
    shared, login = state(), _login()
    hold_back(DEVICE_TRIES, str(login.account))

    def look(conn: Connection) -> tuple[codes.Device, Client, str] | None:
        waiting, person = codes.find_device(conn, shown, page.now()), people.find(conn, login.account)
        client = find_client(conn, shared.settings, waiting.client_id) if waiting else None
        if waiting is None or client is None or person is None:
            return None
        give_back(conn, DEVICE_TRIES, str(login.account))
        return waiting, client, useful_scope(waiting.scope, client, person.roles)

    return write(shared.engine, look)
