"""Signing in from a device without a browser (RFC 8628), and the tokens that come of it, kept in the device's folder.

Network, clock and waiting are handed in. The refresh token is a secret: `account.json` is readable by its owner only.
"""

import base64
import binascii
import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from sync.answers import Refused, member, parse_json
from sync.device_account import SignInNeeded
from sync.transport import Send

CLIENT_ID = "limber-cli"
SCOPE = "openid offline_access sync"
FILE = "account.json"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_ANSWER = 1 << 20
_INTERVAL_S = 5
_SPARE = timedelta(seconds=30)
"""A token that ends this soon is not used any more."""


class LoginFailed(Refused):
    """The sign-in came to nothing; the message says why."""


@dataclass(frozen=True)
class Invitation:
    """What the person does: open `uri` (or `complete_uri`, which knows the code already) and type `code`."""

    code: str
    uri: str
    complete_uri: str | None
    device_code: str
    interval_s: int
    expires_at: datetime


def invite(send: Send, now: datetime) -> Invitation:
    """Ask the server for a code. Raises LoginFailed, Refused, TransportError."""
    status, body = _post(send, "/oauth/device_authorization", {"client_id": CLIENT_ID, "scope": SCOPE})
    if status != 200:
        raise LoginFailed(_reason(status, body))
    interval = member(body, "interval", int, type(None))
    return Invitation(
        member(body, "user_code", str),
        member(body, "verification_uri", str),
        member(body, "verification_uri_complete", str, type(None)),
        member(body, "device_code", str),
        _INTERVAL_S if interval is None else interval,
        now + timedelta(seconds=member(body, "expires_in", int)),
    )


def wait(
    send: Send, invitation: Invitation, clock: Callable[[], datetime], sleep: Callable[[float], object]
) -> dict[str, Any]:
    """Ask until the person has decided; returns what the server gave. Raises LoginFailed, Refused, TransportError."""
    interval = invitation.interval_s
    while clock() < invitation.expires_at:
        sleep(interval)
        form = {"grant_type": GRANT, "device_code": invitation.device_code, "client_id": CLIENT_ID}
        status, body = _post(send, "/oauth/token", form)
        error = body.get("error") if isinstance(body, Mapping) else None
        if status == 200:
            member(body, "access_token", str)
            return dict(body)
        if error == "slow_down":
            interval += 5  # RFC 8628, section 3.5
        elif error == "access_denied":
            raise LoginFailed("the request was refused in the browser")
        elif error == "expired_token":
            break
        elif error != "authorization_pending":
            raise LoginFailed(_reason(status, body))
    raise LoginFailed("nobody confirmed the code in time; try again")


def account_of(answer: Mapping[str, Any]) -> str:
    """Whose tokens these are: the subject of the ID token, which came from the server itself over its own address."""
    try:
        part = member(answer, "id_token", str).split(".")[1]
        claims = parse_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return str(member(claims, "sub", str))
    except (IndexError, binascii.Error) as error:
        raise Refused("the server's answer has no usable 'id_token'") from error


class Tokens:
    """The tokens in a device's folder. Calling it gives an access token, as `sync.device_account.Token` wants it."""

    def __init__(self, directory: Path, send: Callable[[str], Send], clock: Callable[[], datetime]) -> None:
        self._path, self._send, self._clock = directory / FILE, send, clock

    @property
    def server(self) -> str | None:
        """The server that gave them; None when nobody is signed in."""
        kept = self._read()
        return None if kept is None else str(kept["server"])

    def keep(self, server: str, answer: Mapping[str, Any]) -> None:
        """Write down what a sign-in gave."""
        self._write(
            {"server": server, "refresh_token": member(answer, "refresh_token", str)} | self._access(answer)
        )

    def __call__(self, renew: bool) -> str:
        """An access token: the one at hand, or a new one when it is over or `renew` says that it was not accepted.

        Raises SignInNeeded, Refused, TransportError.
        """
        kept = self._read()
        if kept is None:
            raise SignInNeeded("nobody is signed in on this device")
        if not renew and self._clock() + _SPARE < datetime.fromisoformat(kept["expires_at"]):
            return str(kept["access_token"])
        form = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"], "client_id": CLIENT_ID}
        status, body = _post(self._send(kept["server"]), "/oauth/token", form)
        if status in (400, 401):
            raise SignInNeeded("the sign-in has ended; sign in again")
        if status != 200:
            raise Refused(_reason(status, body))
        # Each refresh token works once: the next one must be on the disk before anything else is done.
        self._write(
            kept | {"refresh_token": body.get("refresh_token", kept["refresh_token"])} | self._access(body)
        )
        return str(body["access_token"])

    def end(self) -> None:
        """Tell the server that the sign-in is over, if it can be reached, and forget the tokens."""
        kept = self._read()
        if kept is not None:
            try:
                form = {
                    "token": kept["refresh_token"],
                    "token_type_hint": "refresh_token",
                    "client_id": CLIENT_ID,
                }
                _post(self._send(kept["server"]), "/oauth/revoke", form)
            finally:
                self._path.unlink(missing_ok=True)

    def _access(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        seconds = member(answer, "expires_in", int, type(None)) or 0
        until = self._clock() + timedelta(seconds=seconds)
        return {"access_token": member(answer, "access_token", str), "expires_at": until.isoformat()}

    def _read(self) -> dict[str, Any] | None:
        try:
            kept = orjson.loads(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except orjson.JSONDecodeError:
            return None
        return (
            kept
            if isinstance(kept, dict) and {"server", "refresh_token", "expires_at"} <= set(kept)
            else None
        )

    def _write(self, kept: Mapping[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(orjson.dumps(kept))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


def _post(send: Send, url: str, form: Mapping[str, str]) -> tuple[int, Any]:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    with send("POST", url, headers, urlencode(form).encode()) as response:
        said = response.read(_ANSWER)
        if response.status == 404:
            raise LoginFailed("this server has no accounts")
        return response.status, parse_json(said) if said else {}


def _reason(status: int, body: Any) -> str:
    told = body if isinstance(body, Mapping) else {}
    return str(told.get("error_description") or told.get("detail") or f"the server answered {status}")
