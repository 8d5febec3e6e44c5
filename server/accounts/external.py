"""Signing in with somebody else's OpenID provider, through Authlib's client: discovery, code with PKCE, nonce, `iss`.

What comes back is trusted only when it was asked for by this browser (`state`), answers this very question (nonce),
comes from the issuer that was asked (RFC 9207 and the token's `iss`), and is signed by it for us.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from server.settings import Settings, SettingsError
from server.telemetry import log

TIMEOUT_S: Final = 6
FRESH_S: Final = 3600  # how long a provider's discovery document is believed
LIFETIME: Final = timedelta(minutes=15)
ALGORITHMS: Final = (
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
)
_LEEWAY_S: Final = 60
_KNOWN: Final = {"slug", "name", "issuer", "client_id", "client_secret", "scope", "form_post", "apple"}
_FAILURES = (
    AuthlibBaseError,
    JoseError,
    requests.RequestException,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
)


class ProviderFailed(RuntimeError):
    """The provider could not be asked, or its answer is not accepted. The message may be shown."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of LIMBER_PROVIDERS. `slug` is its name in our addresses; `app` is Authlib's client for it."""

    slug: str
    name: str
    issuer: str
    form_post: bool
    app: Any = field(repr=False, compare=False)
    secret: Any = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Claims:
    """Who the provider says it is. `email` only when it says that the address is verified."""

    issuer: str
    subject: str
    email: str | None
    name: str


class _App(FlaskOAuth2App):  # type: ignore[misc]
    """Authlib's client with a discovery document that is checked and grows old."""

    def load_server_metadata(self) -> dict[str, Any]:
        if self.server_metadata.get("_loaded_at", 0.0) < time.time() - FRESH_S:
            self.server_metadata.pop("_loaded_at", None)
            self.server_metadata.pop("jwks", None)
            metadata: dict[str, Any] = super().load_server_metadata()
            try:
                self._check(metadata)
            except ValueError:
                self.server_metadata.clear()
                raise
        found: dict[str, Any] = self.server_metadata
        return found

    def _check(self, metadata: dict[str, Any]) -> None:
        issuer = self.limber_issuer
        if metadata.get("issuer") != issuer:  # OpenID Connect Discovery §4.3
            raise ValueError("the discovery document is of another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not _web(str(metadata.get(name, "")), issuer):
                raise ValueError(f"{name} is missing or not an https address")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        # Asymmetric ones only: with another, our own secret or nothing at all would sign.
        metadata["id_token_signing_alg_values_supported"] = [each for each in offered if each in ALGORITHMS]


def _web(address: str, issuer: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) and (
        parts.scheme == "https" or parts.scheme == urlsplit(issuer).scheme == "http"
    )


# --- the file --------------------------------------------------------------------------------------------


def load(settings: Settings) -> tuple[Provider, ...]:
    """The providers of the settings' file, none without one. Raises SettingsError naming the file and the entry."""
    path = settings.providers
    if path is None:
        return ()
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"LIMBER_PROVIDERS: {path}: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"LIMBER_PROVIDERS: {path}: not JSON: {error}") from None
    entries = document.get("providers") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise SettingsError(f'LIMBER_PROVIDERS: {path}: must be {{"providers": […]}}')
    try:
        found = tuple(_provider(entry, path) for entry in entries)
        if len({each.slug for each in found}) < len(found) or len({each.issuer for each in found}) < len(
            found
        ):
            raise ValueError("two entries have the same slug or issuer")
    except ValueError as error:
        raise SettingsError(f"LIMBER_PROVIDERS: {path}: {error}") from None
    return found


def _provider(entry: Any, path: Path) -> Provider:
    if not isinstance(entry, dict):
        raise ValueError("an entry is not an object")
    name, issuer, client_id = (_words(entry, key) for key in ("name", "issuer", "client_id"))
    if unknown := sorted(set(entry) - _KNOWN):
        raise ValueError(f"{name}: unknown member {unknown[0]!r}; there are {', '.join(sorted(_KNOWN))}")
    local = urlsplit(issuer).hostname in ("localhost", "127.0.0.1", "::1")
    if not (issuer.startswith("https://") or (local and issuer.startswith("http://"))):
        raise ValueError(f"{name}: issuer must be an https address")
    slug = str(entry.get("slug") or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"))
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", slug):
        raise ValueError(f"{name}: slug must be of a-z, 0-9 and -")
    if ("apple" in entry) == ("client_secret" in entry):
        raise ValueError(f"{name}: give client_secret or apple, one of the two")
    secret = _apple(entry["apple"], client_id, path) if "apple" in entry else _words(entry, "client_secret")
    form_post = bool(entry.get("form_post", "apple" in entry))
    kwargs = {"scope": str(entry.get("scope", "openid email profile")), "code_challenge_method": "S256",
              "default_timeout": TIMEOUT_S}  # fmt: skip
    if "apple" in entry:
        kwargs |= {"scope": "openid email name", "token_endpoint_auth_method": "client_secret_post"}
    app = _App(
        FlaskIntegration(slug),
        slug,
        client_id=client_id,
        client_secret=secret if isinstance(secret, str) else None,
        server_metadata_url=issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs=kwargs,
    )
    app.limber_issuer = issuer
    return Provider(slug, name, issuer, form_post, app, secret)


def _words(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{entry.get('name', 'an entry')}: {key} is missing")
    return value.strip()


def _apple(given: Any, client_id: str, path: Path) -> Any:
    """Apple's client secret is a token that we sign, with a key that Apple gave out."""
    if not isinstance(given, dict):
        raise ValueError('apple must be {"team_id", "key_id", "key_file"}')
    team, key_id, file = (_words(given, name) for name in ("team_id", "key_id", "key_file"))
    try:
        key = ECKey.import_key((path.parent / file).read_bytes())
    except (OSError, ValueError, JoseError):
        raise ValueError(f"apple: {file} is not a key that can be read") from None

    def secret(now: int) -> str:
        claims = {
            "iss": team,
            "sub": client_id,
            "aud": "https://appleid.apple.com",
            "iat": now,
            "exp": now + 300,
        }
        return jwt.encode({"alg": "ES256", "kid": key_id}, claims, key, ["ES256"])

    return secret


def providers() -> tuple[Provider, ...]:
    """The providers of the app that answers the current request."""
    found: tuple[Provider, ...] = current_app.extensions["limber_providers"]
    return found


# --- there and back --------------------------------------------------------------------------------------


def begin(provider: Provider, redirect_uri: str) -> dict[str, Any]:
    """Where to send the person (`url`), and what to keep until they are back: state, nonce, code_verifier.

    Raises ProviderFailed.
    """
    more = {"response_mode": "form_post"} if provider.form_post else {}
    try:
        begun: dict[str, Any] = provider.app.create_authorization_url(redirect_uri, **more)
    except _FAILURES as error:
        _log("unreachable", provider, error)
        raise ProviderFailed(
            f"{provider.name} cannot be reached. Please try again, or use another way."
        ) from None
    return {**begun, "redirect_uri": redirect_uri}


def check_answer(provider: Provider, answer: Mapping[str, str]) -> None:
    """Raises ProviderFailed when `iss` is another issuer's, or missing although it was promised (RFC 9207)."""
    promised = provider.app.server_metadata.get("authorization_response_iss_parameter_supported")
    given = answer.get("iss")
    if (given is not None or promised) and given != provider.issuer:
        log.warning("provider_refused", provider=provider.slug, error="iss")
        raise ProviderFailed("The answer came from another provider than the one that was asked.")


def finish(provider: Provider, code: str, kept: Mapping[str, Any], now: datetime) -> Claims:
    """Redeem the code and read who it is. Raises ProviderFailed."""
    app = provider.app
    if callable(provider.secret):
        app.client_secret = provider.secret(int(now.timestamp()))
    try:
        token = app.fetch_access_token(
            redirect_uri=kept["redirect_uri"], code=code, code_verifier=kept["code_verifier"]
        )
        if "id_token" not in token:
            raise ValueError("no id_token")
        options = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": app.client_id},
        }
        claims = app.parse_id_token(
            token, nonce=kept["nonce"], claims_options=options, claims_cls=CodeIDToken, leeway=_LEEWAY_S
        )
        return _claims(provider, claims, token)
    except _FAILURES as error:
        _log("refused", provider, error)
        raise ProviderFailed(
            f"{provider.name} gave an answer that is not in order. Please try again."
        ) from None


def _claims(provider: Provider, claims: Mapping[str, Any], token: Mapping[str, Any]) -> Claims:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise ValueError("no sub")
    said: Mapping[str, Any] = claims
    if "email" not in claims and provider.app.server_metadata.get("userinfo_endpoint"):
        said = provider.app.userinfo(token=dict(token))
        if said.get("sub") != subject:  # OpenID Connect Core §5.3.2
            raise ValueError("userinfo is of somebody else")
    email = said.get("email")
    verified = said.get("email_verified") in (True, "true")  # Apple's is a string
    name = said.get("name")
    return Claims(
        provider.issuer,
        subject,
        email if verified and isinstance(email, str) else None,
        name[:100] if isinstance(name, str) and "\x00" not in name else "",
    )


def _log(event: str, provider: Provider, error: Exception) -> None:
    # The kind only: an error of the token endpoint may repeat what was sent.
    reason = getattr(error, "error", None)
    log.warning(f"provider_{event}", provider=provider.slug, error=type(error).__name__, reason=reason)
