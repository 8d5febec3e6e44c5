"""The programs that may ask for tokens: ours, which are built in, and those of others, which an operator registers."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from server.accounts import tokens
from server.accounts.sessions import secret_hash
from server.accounts.tables import consent, oauth_client
from server.auth import SCOPES
from server.settings import Settings

CODE: Final = "authorization_code"
REFRESH: Final = "refresh_token"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS: Final = (CODE, REFRESH, DEVICE)

# OpenID Connect Core §5.4 and §11; the API's own are in server.access.
IDENTITY: Final = ("openid", "profile", "email", "offline_access")
EVERY_SCOPE: Final = (*IDENTITY, *(scope for scope in SCOPES if scope not in IDENTITY))

DESK: Final = "limber-desk"
"""The editors' desk, pages of this server: server/desk."""
_APP: Final = (*IDENTITY, "sync", "account", "physio", "catalog")
# An app's server on the person's own machine: any port, RFC 8252 §7.3.
_LOOPBACK: Final = ("http://127.0.0.1/callback", "http://[::1]/callback")
_ON_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::\d{1,5})?(/[!-\"$-\[\]-~]*)?", re.ASCII)
_HTTPS = re.compile(r"https://[a-z0-9.-]+(:\d{1,5})?(/[!-\"$-\[\]-~]*)?", re.ASCII)
# RFC 8252 §7.1: an app's own scheme is a domain of its maker's, turned round. Not `:///`, which not everything keeps.
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/(?!//)[!-\"$-\[\]-~]*", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}", re.ASCII)
MAX_URI: Final = 1000


class ClientInvalid(ValueError):
    """What was to be registered is not possible; the message names the field."""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask. `secret_hash` None: it runs where a secret would not stay one (RFC 6749 §2.1)."""

    id: str
    name: str
    secret_hash: bytes | None
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    grants: frozenset[str]
    introspects: bool = False
    first_party: bool = False

    def allowed_scope(self, asked: str) -> str:
        """The scopes of `asked` that this client may have, each once, in our order."""
        wanted = set(asked.split())
        return " ".join(scope for scope in EVERY_SCOPE if scope in wanted and scope in self.scopes)

    # What Authlib asks of a client (authlib.oauth2.rfc6749.ClientMixin).

    @property
    def client_id(self) -> str:
        return self.id

    @property
    def client_metadata(self) -> dict[str, Any]:
        return {"post_logout_redirect_uris": self.post_logout_redirect_uris}

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> None:
        """None: a request says where its answer goes (RFC 9700 §4.1.3 compares it exactly)."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        return self.allowed_scope(scope or "")

    def check_redirect_uri(self, uri: str) -> bool:
        return redirect_matches(self.redirect_uris, uri)

    def check_client_secret(self, secret: str) -> bool:
        return self.secret_hash is not None and hmac.compare_digest(self.secret_hash, secret_hash(secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 (Authlib gives it)
        return (method == "none") is (self.secret_hash is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and CODE in self.grants

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


@lru_cache(maxsize=4)
def first_party(settings: Settings) -> dict[str, Client]:
    """Our own clients: the app, on phones and on the web, the editors' desk, and the command line."""
    origins = (settings.address, *settings.web_origins)
    app = Client(
        id="limber-app",
        name="Limber",
        secret_hash=None,
        redirect_uris=("limber://auth", *(f"{origin}/auth" for origin in origins), *_LOOPBACK),
        post_logout_redirect_uris=("limber://signed-out", *(f"{origin}/" for origin in origins)),
        scopes=frozenset(_APP),
        grants=frozenset((CODE, REFRESH)),
        first_party=True,
    )
    command_line = Client(
        id="limber-cli",
        name="Limber on the command line",
        secret_hash=None,
        redirect_uris=_LOOPBACK,
        post_logout_redirect_uris=(),
        scopes=frozenset(EVERY_SCOPE),
        grants=frozenset(GRANTS),
        first_party=True,
    )
    desk = Client(
        id=DESK,
        name="Limber's desk",
        secret_hash=None,
        redirect_uris=(f"{settings.address}/desk/signed-in",),
        post_logout_redirect_uris=(),
        scopes=frozenset(("openid", "catalog")),
        grants=frozenset((CODE,)),
        first_party=True,
    )
    return {each.id: each for each in (app, desk, command_line)}


def find_client(conn: Connection, settings: Settings, client_id: str) -> Client | None:
    """The client with this id, ours or registered."""
    if (ours := first_party(settings).get(client_id)) is not None:
        return ours
    row = conn.execute(select(oauth_client).where(oauth_client.c.id == client_id)).one_or_none()
    return None if row is None else _client(row)


def redirect_matches(registered: Iterable[str], given: str) -> bool:
    """Whether an answer may go to `given`: exactly a registered address, on loopback with any port (RFC 8252 §7.3)."""
    if given in registered:
        return True
    found = _ON_LOOPBACK.fullmatch(given)
    if found is None:
        return False
    return any(
        other.groups() == found.groups()
        for uri in registered
        if (other := _ON_LOOPBACK.fullmatch(uri)) is not None
    )


def check_redirect_uri(uri: str, name: str = "redirect-uri") -> str:
    """`uri` when it may be registered. Raises ClientInvalid."""
    if len(uri) > MAX_URI or not any(form.fullmatch(uri) for form in (_HTTPS, _ON_LOOPBACK, _OWN_SCHEME)):
        raise ClientInvalid(
            f"{name}: {uri!r} must be https://…, http://127.0.0.1/… or http://[::1]/… for an app's own server, or an "
            "app's own scheme such as com.example.app:/auth; without a fragment"
        )
    return uri


def add_client(
    conn: Connection,
    settings: Settings,
    *,
    client_id: str | None,
    name: str,
    confidential: bool,
    redirect_uris: Collection[str],
    post_logout_redirect_uris: Collection[str] = (),
    scopes: Collection[str] = (),
    grants: Collection[str] = (CODE, REFRESH),
    introspects: bool = False,
    now: datetime,
) -> tuple[Client, str | None]:
    """Register a client; returns it and, if it is confidential, its secret, which is kept nowhere.

    Raises ClientInvalid.
    """
    made = client_id or secrets.token_hex(8)
    if not _ID.fullmatch(made):
        raise ClientInvalid(f"id: {made!r} must be 3 to 64 of a-z 0-9 . _ - and begin with a letter or digit")
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise ClientInvalid("name: must be 1 to 100 printable characters; people see it when they are asked")
    if unknown := sorted(set(scopes) - set(EVERY_SCOPE)):
        raise ClientInvalid(f"scope: {unknown[0]!r} does not exist; there are {', '.join(EVERY_SCOPE)}")
    if unknown := sorted(set(grants) - set(GRANTS)):
        raise ClientInvalid(f"grant: {unknown[0]!r} does not exist; there are {', '.join(GRANTS)}")
    if introspects and not confidential:
        raise ClientInvalid("introspects: only a confidential client may (RFC 7662 §2.1)")
    if CODE in grants and not redirect_uris and not introspects:
        raise ClientInvalid("redirect-uri: at least one is needed for the authorization code grant")
    uris = [check_redirect_uri(uri) for uri in redirect_uris]
    after = [check_redirect_uri(uri, "post-logout-redirect-uri") for uri in post_logout_redirect_uris]
    if find_client(conn, settings, made) is not None:
        raise ClientInvalid(f"id: there is a client {made} already")
    secret = secrets.token_urlsafe(32) if confidential else None
    row = {
        "id": made, "name": name.strip(), "secret_hash": secret_hash(secret) if secret else None, "redirect_uris": uris,
        "post_logout_redirect_uris": after, "scopes": [each for each in EVERY_SCOPE if each in scopes],
        "grants": [each for each in GRANTS if each in grants], "introspects": introspects,
    }  # fmt: skip
    added = conn.execute(insert(oauth_client).values(**row, created_at=now).returning(oauth_client)).one()
    return _client(added), secret


def list_clients(conn: Connection, settings: Settings) -> list[Client]:
    """Every client, ours first."""
    rows = conn.execute(select(oauth_client).order_by(oauth_client.c.id))
    return [*first_party(settings).values(), *(_client(row) for row in rows)]


def remove_client(conn: Connection, client_id: str, now: datetime) -> int:
    """Remove a registered client and end all that it was given; returns how many grants. Raises ClientInvalid."""
    if conn.execute(delete(oauth_client).where(oauth_client.c.id == client_id)).rowcount == 0:
        raise ClientInvalid(f"id: there is no registered client {client_id}; those that are built in stay")
    conn.execute(delete(consent).where(consent.c.client_id == client_id))
    return tokens.revoke_client(conn, client_id, now)


def _client(row: Any) -> Client:
    return Client(
        id=row.id,
        name=row.name,
        secret_hash=row.secret_hash,
        redirect_uris=tuple(row.redirect_uris),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
        scopes=frozenset(row.scopes),
        grants=frozenset(row.grants),
        introspects=row.introspects,
    )
