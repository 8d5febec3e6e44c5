"""Every setting of the server, once: one field, one environment variable.

`docs/settings.md` explains the same fields to people; a test keeps the two equal.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from email.utils import formataddr, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

# What scripts/_bootstrap.py reads before there is an environment to run us in.
BOOTSTRAP = {"LIMBER_VENV", "LIMBER_NO_BOOTSTRAP"}
# What only `python -m model_export` reads: an engineer's access token.
CLIENT = {"LIMBER_TOKEN"}


class SettingsError(ValueError):
    """A setting is unknown, missing or malformed. The message starts with the variable's name."""


def _text(value: str) -> str:
    return value


def _host(value: str) -> str:
    if len(value.split()) != 1:
        raise ValueError("must be an address or a host name")
    return value


def _database_url(value: str) -> str:
    """Any `postgres://` or `postgresql://` URL, rewritten to name the driver (psycopg 3)."""
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError("is not a database URL such as postgresql://user@host/name") from None
    if url.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ValueError(f"must be a PostgreSQL URL, not {url.drivername!r}")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"must be a whole number, not {value!r}") from None
        if not least <= number <= most:
            raise ValueError(f"must be between {least} and {most}, not {number}")
        return number

    return parse


def _share(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError(f"must be a share between 0 and 1, not {value!r}")
    return number


def _public_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an http or https address such as https://limber.example")
    return value.rstrip("/")


def _smtp(value: str) -> str:
    parts = urlsplit(value)
    try:
        fine = parts.scheme in {"smtp", "smtps"} and parts.hostname and (parts.port or 25) > 0
    except ValueError:
        fine = False
    # The address may hold a password: it is not repeated in the message.
    if not fine or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be smtp://user:password@host:587 or smtps://user:password@host:465")
    return value


def _api_key(value: str) -> str:
    # It is sent as a header. It is a secret: not repeated in the message.
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", value):
        raise ValueError("must be one word of printable ASCII characters")
    return value


def _origins(value: str) -> tuple[str, ...]:
    """Origins (RFC 6454) separated by spaces."""
    for each in value.split():
        parts = urlsplit(each)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.netloc
            or f"{parts.scheme}://{parts.netloc}" != each
        ):
            raise ValueError("must be origins such as https://app.limber.example, separated by spaces")
    return tuple(value.split())


def _mail_from(value: str) -> str:
    name, address = parseaddr(value)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address) or any(ord(char) < 32 for char in value):
        raise ValueError("must be an e-mail address such as Limber <no-reply@limber.example>")
    return formataddr((name, address))


def _log_level(value: str) -> str:
    level = value.lower()
    if level not in {"debug", "info", "warning", "error", "critical"}:
        raise ValueError(f"must be debug, info, warning, error or critical, not {value!r}")
    return level


def _env(name: str, parse: Callable[[str], Any], help_text: str) -> dict[str, Any]:
    return {"env": name, "parse": parse, "help": help_text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the server was told by its environment. Make one with `Settings.from_env()`."""

    database_url: str | None = field(
        default=None,
        metadata=_env("DATABASE_URL", _database_url, "PostgreSQL 15 or newer; `scripts/up` sets it itself"),
    )
    data: Path = field(
        default=Path("var"), metadata=_env("LIMBER_DATA", Path, "Folder for everything the server keeps")
    )
    objects: str = field(
        default="",
        metadata=_env(
            "LIMBER_OBJECTS", _text, "Object storage: a folder, `file://…` or `s3://bucket/prefix?…`"
        ),
    )
    signing_key: Path = field(
        default=Path(), metadata=_env("LIMBER_SIGNING_KEY", Path, "Ed25519 key that signs releases (PEM)")
    )
    signing_kms: str | None = field(
        default=None,
        metadata=_env(
            "LIMBER_SIGNING_KMS", _text, "AWS KMS key (Ed25519) that signs releases instead of the file"
        ),
    )
    token_key: Path = field(
        default=Path(), metadata=_env("LIMBER_TOKEN_KEY", Path, "Key of access tokens: ES256, PEM or JWKS")
    )
    master_key: Path = field(
        default=Path(),
        metadata=_env("LIMBER_MASTER_KEY", Path, "Key that wraps the accounts' data keys (64 hex digits)"),
    )
    master_kms: str | None = field(
        default=None,
        metadata=_env("LIMBER_MASTER_KMS", _text, "AWS KMS key that wraps data keys instead of the file"),
    )
    issuer: str = field(
        default="",
        metadata=_env("LIMBER_ISSUER", _public_url, "Issuer of tokens, an address (OpenID Connect)"),
    )
    host: str = field(default="127.0.0.1", metadata=_env("LIMBER_HOST", _host, "Address to listen on"))
    port: int = field(default=8000, metadata=_env("LIMBER_PORT", _whole(1, 65535), "Port to listen on"))
    workers: int = field(default=1, metadata=_env("LIMBER_WORKERS", _whole(1, 256), "Server processes"))
    public_url: str | None = field(
        default=None,
        metadata=_env("LIMBER_PUBLIC_URL", _public_url, "Address that clients use; makes links absolute"),
    )
    web_origins: tuple[str, ...] = field(
        default=(),
        metadata=_env(
            "LIMBER_WEB_ORIGINS", _origins, "Further origins that the app on the web is served from"
        ),
    )
    max_body_bytes: int = field(
        default=1_048_576,
        metadata=_env("LIMBER_MAX_BODY_BYTES", _whole(1024, 2**30), "Largest request body, bytes"),
    )
    import_max_bytes: int = field(
        default=67_108_864,
        metadata=_env("LIMBER_IMPORT_MAX_BYTES", _whole(1024, 2**30), "Largest archive of an import, bytes"),
    )
    page_limit: int = field(
        default=1000,
        metadata=_env("LIMBER_PAGE_LIMIT", _whole(1, 10_000), "Most changes in one page of a pull"),
    )
    tombstone_days: int = field(
        default=180,
        metadata=_env("LIMBER_TOMBSTONE_DAYS", _whole(1, 36_500), "Days before a deletion is forgotten"),
    )
    pool_size: int = field(
        default=4, metadata=_env("LIMBER_POOL_SIZE", _whole(1, 1000), "Database connections per process")
    )
    log_level: str = field(
        default="info", metadata=_env("LIMBER_LOG_LEVEL", _log_level, "Least level that is logged")
    )
    model: Path | None = field(
        default=None,
        metadata=_env(
            "LIMBER_MODEL", Path, "ONNX file for `POST /v1/routines` instead of the current release"
        ),
    )
    web: Path | None = field(
        default=None,
        metadata=_env("LIMBER_WEB", Path, "Folder of the built web app, served at `/`; `scripts/up` sets it"),
    )
    health_min_runs: int = field(
        default=200,
        metadata=_env("LIMBER_HEALTH_MIN_RUNS", _whole(0, 10**9), "Runs on devices before a promotion"),
    )
    health_max_failures: float = field(
        default=0.005,
        metadata=_env("LIMBER_HEALTH_MAX_FAILURES", _share, "Most failed runs of a promoted model, share"),
    )
    health_max_rejections: float = field(
        default=0.001,
        metadata=_env("LIMBER_HEALTH_MAX_REJECTIONS", _share, "Most plans refused by the checker, share"),
    )
    health_max_p99_ms: int = field(
        default=120,
        metadata=_env("LIMBER_HEALTH_MAX_SLOW_MS", _whole(1, 60_000), "Slowest 99th percentile, ms"),
    )
    health_max_drop: float = field(
        default=0.02,
        metadata=_env(
            "LIMBER_HEALTH_MAX_DROP", _share, "Most loss of completed items against the one before"
        ),
    )
    sync_seconds: int = field(
        default=900,
        metadata=_env("LIMBER_SYNC_SECONDS", _whole(1, 86_400), "Seconds between a device's syncs"),
    )
    sync_per_minute: int = field(
        default=300,
        metadata=_env("LIMBER_SYNC_PER_MINUTE", _whole(0, 10**6), "Syncs a minute of one account, 0 for any"),
    )
    account_records: int = field(
        default=100_000,
        metadata=_env("LIMBER_ACCOUNT_RECORDS", _whole(1, 10**9), "Most records of one account"),
    )
    account_bytes: int = field(
        default=268_435_456,
        metadata=_env("LIMBER_ACCOUNT_BYTES", _whole(1024, 10**12), "Most bytes of one account's records"),
    )
    live_url: str | None = field(
        default=None,
        metadata=_env("LIMBER_LIVE_URL", _public_url, "Address of the live process, if there is one"),
    )
    live_port: int = field(
        default=8001, metadata=_env("LIMBER_LIVE_PORT", _whole(1, 65535), "Port of the live process")
    )
    smtp: str | None = field(
        default=None, metadata=_env("LIMBER_SMTP", _smtp, "Mail server; without one letters go into a folder")
    )
    mail_from: str = field(
        default="", metadata=_env("LIMBER_MAIL_FROM", _mail_from, "Sender of letters, an e-mail address")
    )
    providers: Path | None = field(
        default=None,
        metadata=_env("LIMBER_PROVIDERS", Path, "JSON file of OpenID providers that people may sign in with"),
    )
    youtube_key: str | None = field(
        default=None,
        repr=False,
        metadata=_env(
            "LIMBER_YOUTUBE_KEY", _api_key, "Key of the YouTube Data API; videos work by id without"
        ),
    )
    youtube_url: str = field(
        default="https://www.googleapis.com/youtube/v3",
        metadata=_env("LIMBER_YOUTUBE_URL", _public_url, "Base address of the YouTube Data API"),
    )
    youtube_quota: int = field(
        default=10_000,
        metadata=_env("LIMBER_YOUTUBE_QUOTA", _whole(1, 10**9), "Units of the YouTube Data API a day"),
    )
    media_max_bytes: int = field(
        default=209_715_200,
        metadata=_env("LIMBER_MEDIA_MAX_BYTES", _whole(1024, 2**30), "Largest picture or film, bytes"),
    )
    proxies: int = field(
        default=0,
        metadata=_env("LIMBER_PROXIES", _whole(0, 10), "Proxies of ours whose X-Forwarded-For is believed"),
    )

    def __post_init__(self) -> None:
        # These defaults follow other settings, so they are known only now.
        if not self.objects:
            object.__setattr__(self, "objects", str(self.data / "objects"))
        if self.signing_key == Path():
            object.__setattr__(self, "signing_key", self.data / "keys" / "signing.pem")
        if self.master_key == Path():
            object.__setattr__(self, "master_key", self.data / "keys" / "master.key")
        if self.token_key == Path():
            object.__setattr__(self, "token_key", self.data / "keys" / "tokens.pem")
        if not self.issuer:
            object.__setattr__(self, "issuer", self.address)
        if not self.mail_from:
            object.__setattr__(self, "mail_from", f"Limber <no-reply@{urlsplit(self.address).hostname}>")

    @property
    def address(self) -> str:
        """Where clients reach us. Never taken from a request: its Host header is whatever the sender likes."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else "[::1]" if self.host == "::" else self.host  # noqa: S104
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def https(self) -> bool:
        """Whether browsers reach us over TLS, so that cookies can be held to it."""
        return self.address.startswith("https:")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from `environ` (default `os.environ`); an empty variable counts as unset.

        Raises SettingsError naming the variable that is malformed, or any unknown `LIMBER_…` one.
        """
        environ = os.environ if environ is None else environ
        known = {spec.metadata["env"] for spec in fields(cls)}
        for name in environ:
            if name.startswith("LIMBER_") and name not in known | BOOTSTRAP | CLIENT:
                close = difflib.get_close_matches(name, known, n=1)
                raise SettingsError(
                    f"{name}: unknown setting" + (f"; did you mean {close[0]}?" if close else "")
                )
        values: dict[str, Any] = {}
        for spec in fields(cls):
            text = environ.get(spec.metadata["env"], "").strip()
            if not text:
                continue
            if "\x00" in text:
                raise SettingsError(f"{spec.metadata['env']}: must not contain a NUL character")
            try:
                values[spec.name] = spec.metadata["parse"](text)
            except ValueError as error:
                raise SettingsError(f"{spec.metadata['env']}: {error}") from None
        return cls(**values)

    def require_database_url(self) -> str:
        """The database URL, or SettingsError when none was given."""
        if self.database_url is None:
            raise SettingsError("DATABASE_URL: not set; give a PostgreSQL URL or start with scripts/up")
        return self.database_url


def described() -> list[tuple[str, str, str]]:
    """(variable, default as text, meaning) of every setting, in order; what docs/settings.md must list."""
    rows = []
    for spec in fields(Settings):
        assert spec.default is not MISSING
        rows.append(
            (spec.metadata["env"], DERIVED.get(spec.name) or _shown(spec.default), spec.metadata["help"])
        )
    return rows


DERIVED = {
    "objects": "<LIMBER_DATA>/objects",
    "signing_key": "<LIMBER_DATA>/keys/signing.pem",
    "token_key": "<LIMBER_DATA>/keys/tokens.pem",
    "master_key": "<LIMBER_DATA>/keys/master.key",
    "issuer": "<LIMBER_PUBLIC_URL>",
    "mail_from": "no-reply@<LIMBER_PUBLIC_URL>",
}


def _shown(default: object) -> str:
    return "" if default is None or default == () else str(default)
