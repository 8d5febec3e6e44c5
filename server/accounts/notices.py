"""Sending letters from within a request: one that somebody waits for, and the news that something was changed."""

from __future__ import annotations

import contextlib

from server.accounts import letters, mail, page
from server.problems import Fault
from server.state import state


def deliver(email: str, letter: mail.Letter) -> None:
    """Send a letter that somebody waits for. Raises Fault 503 when it cannot be sent."""
    try:
        mail.send(state().settings, email, letter, page.now())
    except mail.MailFailed:
        said = "The e-mail could not be sent, so nothing was done. Please try again in a few minutes."
        raise Fault(503, said, headers={"Retry-After": "120"}) from None


def notify(email: str | None, what: str) -> None:
    """Tell the owner of an account what was changed; a letter that fails is logged and undoes nothing."""
    if email is not None:
        settings = state().settings
        with contextlib.suppress(mail.MailFailed):
            mail.send(settings, email, letters.changed(what, f"{settings.address}/account/"), page.now())
