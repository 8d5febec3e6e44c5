"""Letters: plain text and HTML that say the same, sent through SMTP or, without a mail server, put into a folder.

A letter is sent within the request that asked for it, so the person is told when it could not be. Nothing of a letter
is logged but its kind: its link lets whoever has it into the account.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from flask import render_template

from server.settings import Settings
from server.telemetry import log

TIMEOUT_S: Final = 10
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


class MailFailed(RuntimeError):
    """The letter did not go out."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says. `link` is for its one button; `kind` names it in logs."""

    kind: str
    subject: str
    paragraphs: tuple[str, ...]
    link: str | None = None
    label: str = ""
    after: tuple[str, ...] = ()


def folder(settings: Settings) -> Path:
    """Where letters go while there is no mail server."""
    return settings.data / "mail"


def send(settings: Settings, to: str, letter: Letter, now: datetime) -> None:
    """Send `letter` to the address `to`. Raises MailFailed, which has been logged."""
    message = compose(settings.mail_from, to, letter, now)
    try:
        if settings.smtp is None:
            _keep(folder(settings), message, now)
        else:
            _deliver(settings.smtp, message)
    except (OSError, smtplib.SMTPException) as error:
        # Never the message of the error: a server may repeat the address or what it was sent.
        code = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
        log.error("mail_failed", kind=letter.kind, error=type(error).__name__, code=code)
        raise MailFailed("the letter could not be sent") from None
    log.info("mail_sent", kind=letter.kind)


def compose(sender: str, to: str, letter: Letter, now: datetime) -> EmailMessage:
    """The message with both its forms; raises nothing for any `letter` of ours."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    domain = parseaddr(sender)[1].partition("@")[2] or "limber.invalid"
    message["Message-ID"] = make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices, please
    text = render_template("accounts/mail/letter.txt", letter=letter)
    # As it is where possible: a link broken over two quoted-printable lines cannot be read from the file.
    message.set_content(text, cte="7bit" if text.isascii() else "quoted-printable")
    message.add_alternative(render_template("accounts/mail/letter.html", letter=letter), subtype="html")
    return message


def _deliver(url: str, message: EmailMessage) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    context = ssl.create_default_context()
    client: smtplib.SMTP
    if parts.scheme == "smtps":
        client = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        client = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_S)
    with client:
        client.ehlo()
        if parts.scheme == "smtp" and client.has_extn("starttls"):
            client.starttls(context=context)
            client.ehlo()
        elif parts.scheme == "smtp" and parts.password and host not in _LOCAL:
            raise smtplib.SMTPNotSupportedError("no STARTTLS, so the password is not sent")
        if parts.username:
            client.login(unquote(parts.username), unquote(parts.password or ""))
        client.send_message(message)


def _keep(place: Path, message: EmailMessage, now: datetime) -> None:
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    to = re.sub(r"[^a-z0-9.@-]", "_", str(message["To"]).lower())[:80]
    name = f"{now:%Y%m%dT%H%M%S}-{to}-{message['Message-ID'][1:].partition('@')[0][-20:]}.eml"
    draft = place / f".{name}"
    draft.write_bytes(bytes(message))
    draft.replace(place / name)
