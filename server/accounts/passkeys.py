"""Passkeys (WebAuthn Level 2), checked by the library `webauthn`: as the only factor, or after a password.

Credentials are discoverable and verify their user, so one of them is two factors in itself. A challenge is used once,
by the browser that asked for it. A counter that goes back means that a copy of the key may exist (§6.1.1): the sign-in
is refused, the passkey is marked, and the person is told.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import Connection, delete, func, insert, select, update
from webauthn.helpers import (
    base64url_to_bytes,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from server.accounts import ceremonies
from server.accounts.sessions import Login
from server.accounts.tables import account as accounts
from server.accounts.tables_sign_in import identity, passkey, second_factor
from server.settings import Settings

LIFETIME: Final = timedelta(minutes=5)
MOST: Final = 20  # of one account
MAX_NAME: Final = 60

Purpose = Literal["login", "second"]
_UNREADABLE = (WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError)


class PasskeyRefused(ValueError):
    """The browser's answer is not accepted; the message may be shown."""


class PasskeyCopied(PasskeyRefused):
    """The counter went back. The passkey has been marked: the caller must commit."""

    def __init__(self, whom: uuid.UUID, name: str) -> None:
        super().__init__(
            "This passkey was refused: its counter says that a copy of it may be in use elsewhere."
        )
        self.account, self.name = whom, name


class LastWay(ValueError):
    """Without it nobody could sign in to the account; the message may be shown."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who we are to authenticators: the domain that keys belong to, and the origin whose pages may use them."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Who showed a passkey, and what it proves (RFC 8176)."""

    account: uuid.UUID
    amr: tuple[str, ...]


def party(settings: Settings) -> Party | None:
    """Who we are; None where passkeys cannot be, at an IP address that is not this very machine's."""
    parts = urlsplit(settings.address)
    host = parts.hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return Party(host, f"{parts.scheme}://{parts.netloc}")
    if not address.is_loopback:
        return None
    # Keys belong to domains. Our own machine has one, and browsers let it do without https.
    return Party("localhost", f"http://localhost:{parts.port or 80}")


def _party(settings: Settings) -> Party:
    found = party(settings)
    if found is None:
        raise PasskeyRefused("Passkeys need a domain name; this server has only a number.")
    return found


# --- a new one -------------------------------------------------------------------------------------------


def creation_options(
    conn: Connection, settings: Settings, login: Login, browser: bytes, now: datetime
) -> dict[str, Any]:
    """What a browser needs to make a passkey for who is signed in. Raises PasskeyRefused."""
    us = _party(settings)
    held = _descriptors(conn, login.account)
    if len(held) >= MOST:
        raise PasskeyRefused(f"An account has at most {MOST} passkeys. Remove one that you do not use.")
    name = login.email or login.name or "Limber"
    options = webauthn.generate_registration_options(
        rp_id=us.id,
        rp_name="Limber",
        user_id=login.account.bytes,
        user_name=name,
        user_display_name=login.name or name,
        exclude_credentials=held,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    ceremonies.begin(conn, "new", options.challenge, browser, now, LIFETIME, account=login.account)
    return {**_plain(webauthn.options_to_json(options)), "origin": us.origin}


def add(
    conn: Connection, settings: Settings, login: Login, answer: str, name: str, browser: bytes, now: datetime
) -> None:
    """Keep the passkey that the browser made. Raises PasskeyRefused."""
    us = _party(settings)
    try:
        credential = parse_registration_credential_json(answer)
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
    except _UNREADABLE:
        raise PasskeyRefused("The browser's answer cannot be read.") from None
    begun = ceremonies.finish(conn, "new", challenge, browser, now)
    if begun is None or begun.account != login.account:
        raise PasskeyRefused("This took too long, or was done already. Please try again.")
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=us.id,
            expected_origin=us.origin,
            require_user_verification=True,
        )
    except _UNREADABLE:
        raise PasskeyRefused(
            "The passkey was not accepted: it is not for this site, or verified nobody."
        ) from None
    row = {
        "id": made.credential_id, "account": login.account, "public_key": made.credential_public_key,
        "sign_count": made.sign_count, "name": name.strip()[:MAX_NAME] or "Passkey", "created_at": now,
        "transports": [each.value for each in credential.response.transports or []],
        "synced": made.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
    }  # fmt: skip
    known = conn.execute(select(passkey.c.id).where(passkey.c.id == made.credential_id)).first()
    if known is not None:
        raise PasskeyRefused("This passkey is known already.")
    conn.execute(insert(passkey).values(row))


# --- showing one -----------------------------------------------------------------------------------------


def request_options(
    conn: Connection,
    settings: Settings,
    purpose: Purpose,
    browser: bytes,
    now: datetime,
    whom: uuid.UUID | None = None,
) -> dict[str, Any]:
    """What a browser needs to show a passkey: any of this site, or one of `whom`. Raises PasskeyRefused."""
    us = _party(settings)
    alone = purpose == "login"
    options = webauthn.generate_authentication_options(
        rp_id=us.id,
        allow_credentials=None if whom is None else _descriptors(conn, whom),
        user_verification=UserVerificationRequirement.REQUIRED
        if alone
        else UserVerificationRequirement.PREFERRED,
    )
    ceremonies.begin(conn, purpose, options.challenge, browser, now, LIFETIME, account=whom)
    return {**_plain(webauthn.options_to_json(options)), "origin": us.origin}


def check(
    conn: Connection, settings: Settings, purpose: Purpose, answer: str, browser: bytes, now: datetime
) -> Shown:
    """Who showed a passkey. Raises PasskeyRefused, or PasskeyCopied after marking it."""
    us = _party(settings)
    try:
        credential = parse_authentication_credential_json(answer)
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
    except _UNREADABLE:
        raise PasskeyRefused("The browser's answer cannot be read.") from None
    begun = ceremonies.finish(conn, purpose, challenge, browser, now)
    if begun is None:
        raise PasskeyRefused("This took too long, or was done already. Please try again.")
    held = conn.execute(
        select(passkey).where(passkey.c.id == credential.raw_id).with_for_update()
    ).one_or_none()
    if held is None or begun.account not in (None, held.account):
        raise PasskeyRefused("This passkey is not known here. It may have been removed from the account.")
    handle = credential.response.user_handle
    if handle is not None and handle != held.account.bytes:
        raise PasskeyRefused("This passkey belongs to another account.")
    try:
        shown = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=us.id,
            expected_origin=us.origin,
            credential_public_key=held.public_key,
            credential_current_sign_count=0,  # judged below, once the signature is known to be right
            require_user_verification=purpose == "login",
        )
    except _UNREADABLE:
        raise PasskeyRefused("The passkey was not accepted.") from None
    mine = passkey.c.id == held.id
    if (shown.new_sign_count or held.sign_count) and shown.new_sign_count <= held.sign_count:
        conn.execute(update(passkey).where(mine).values(doubted_at=now))
        raise PasskeyCopied(held.account, held.name)
    conn.execute(update(passkey).where(mine).values(sign_count=shown.new_sign_count, used_at=now))
    kept = "swk" if held.synced else "hwk"
    return Shown(held.account, (kept, "user", "mfa") if shown.user_verified else (kept, "user"))


def _descriptors(conn: Connection, whom: uuid.UUID) -> list[PublicKeyCredentialDescriptor]:
    rows = conn.execute(select(passkey.c.id, passkey.c.transports).where(passkey.c.account == whom))
    known = {each.value for each in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=row.id, transports=[AuthenticatorTransport(name) for name in row.transports if name in known]
        )
        for row in rows
    ]


def _plain(options: str) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(options)
    return plain


# --- the person's own ------------------------------------------------------------------------------------


def rename(conn: Connection, whom: uuid.UUID, credential_id: str, name: str) -> bool:
    """Call a passkey of `whom` something else; False when there is none with this id."""
    mine = (passkey.c.account == whom, passkey.c.id == _id(credential_id))
    return (
        conn.execute(update(passkey).where(*mine).values(name=name.strip()[:MAX_NAME] or "Passkey")).rowcount
        > 0
    )


def remove(conn: Connection, whom: uuid.UUID, credential_id: str) -> bool:
    """Forget a passkey of `whom`; False when there is none with this id. Raises LastWay."""
    mine = (passkey.c.account == whom, passkey.c.id == _id(credential_id))
    lock_ways(conn, whom)
    if conn.execute(delete(passkey).where(*mine)).rowcount == 0:
        return False
    need_a_way(conn, whom)
    if not _count(conn, passkey, whom):
        conn.execute(delete(second_factor).where(second_factor.c.account == whom))
    return True


def _id(text: str) -> bytes:
    try:
        return base64url_to_bytes(text)
    except ValueError:
        return b""


def lock_ways(conn: Connection, whom: uuid.UUID) -> None:
    """One change of an account's ways in at a time: two at once could each leave the other's as the last."""
    conn.execute(select(accounts.c.id).where(accounts.c.id == whom).with_for_update())


def need_a_way(conn: Connection, whom: uuid.UUID) -> None:
    """Raises LastWay when neither a password, a passkey nor a provider is left."""
    password = select(accounts.c.password_hash).where(accounts.c.id == whom)
    if conn.execute(password).scalar_one_or_none() is None and not (
        _count(conn, passkey, whom) or _count(conn, identity, whom)
    ):
        raise LastWay("This is the only way into your account. Add another one first.")


def _count(conn: Connection, table: Any, whom: uuid.UUID) -> int:
    found: int = conn.execute(
        select(func.count()).select_from(table).where(table.c.account == whom)
    ).scalar_one()
    return found
