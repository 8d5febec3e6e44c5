"""Ed25519 signatures over canonical JSON: what makes a release or a model believable to a device.

An envelope is `{"manifest": {...}, "key_id": "16 hex digits", "signature": "base64url"}`; the signature
covers the RFC 8785 form of `manifest` alone. A key's id is the start of the SHA-256 of its 32 public bytes,
so an id cannot be claimed by another key.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.canonical import canonical


class SignatureInvalid(ValueError):
    """The envelope is malformed, its key is not trusted, or the signature does not fit the manifest."""


class KeyInvalid(ValueError):
    """A key file or a trust document that cannot be used; the message names it and says why."""


class KeyUnavailable(RuntimeError):
    """The service that keeps the key refused or could not be reached; the message says what it answered."""


class SigningKey(Protocol):
    """What signs: a private key in memory, or one that a key service keeps (`sync.kms`)."""

    def sign(self, data: bytes, /) -> bytes:
        """The 64 bytes of the Ed25519 signature of `data`."""

    def public_key(self) -> Ed25519PublicKey:
        """The public half."""


def create_key(path: Path) -> Ed25519PrivateKey:
    """Make a private key in a new PEM file that only its owner can read.

    An existing file raises FileExistsError.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces a key that another process made meanwhile.
        os.link(draft, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read the private key that `create_key` wrote; raises KeyInvalid naming the file."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyInvalid(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyInvalid(f"{path}: not an unencrypted private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyInvalid(f"{path}: not an Ed25519 key")
    return key


def sign(manifest: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    """Return the envelope of `manifest`."""
    public = _public_bytes(key)
    return {
        "manifest": dict(manifest),
        "key_id": key_id(public),
        "signature": _encode(key.sign(canonical(dict(manifest)))),
    }


def verify(envelope: object, trusted: Mapping[str, str]) -> dict[str, Any]:
    """The manifest of an envelope signed by one of `trusted` ({key id: public key}).

    Raises SignatureInvalid.
    """
    if not isinstance(envelope, dict):
        raise SignatureInvalid("the signed envelope is not an object")
    manifest, signer, signature = (envelope.get(name) for name in ("manifest", "key_id", "signature"))
    if not isinstance(manifest, dict) or not isinstance(signer, str) or not isinstance(signature, str):
        raise SignatureInvalid("the signed envelope lacks manifest, key_id or signature")
    if signer not in trusted:
        raise SignatureInvalid(f"signed by key {signer[:16]!r}, which is not trusted here")
    try:
        public = Ed25519PublicKey.from_public_bytes(_checked_public(signer, trusted[signer]))
        public.verify(_decode(signature), canonical(manifest))
    except (InvalidSignature, ValueError, RecursionError) as error:
        raise SignatureInvalid(f"the signature of key {signer!r} does not fit the manifest") from error
    return manifest


def trust_document(*keys: SigningKey) -> dict[str, list[dict[str, str]]]:
    """What a server shows at `/v1/keys` and an operator hands out as a trust file."""
    return {"keys": [public_entry(key) for key in keys]}


def public_entry(key: SigningKey) -> dict[str, str]:
    """{"key_id", "public_key"}: a key as a trust document names it."""
    public = _public_bytes(key)
    return {"key_id": key_id(public), "public_key": _encode(public)}


def parse_trust(document: object, where: str) -> dict[str, str]:
    """A trust document as {key id: public key}.

    Raises KeyInvalid, its message starting with `where`.
    """
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not keys:
        raise KeyInvalid(f"{where}: keys: expected a non-empty list of keys")
    trusted = {}
    for index, entry in enumerate(keys):
        name = entry.get("key_id") if isinstance(entry, dict) else None
        public = entry.get("public_key") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not isinstance(public, str):
            raise KeyInvalid(f"{where}: keys[{index}]: expected key_id and public_key as text")
        try:
            _checked_public(name, public)
        except ValueError as error:
            raise KeyInvalid(f"{where}: keys[{index}]: {error}") from error
        trusted[name] = public
    return trusted


def load_trust(path: Path) -> dict[str, str]:
    """Read a trust document from a file; raises KeyInvalid naming the file."""
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise KeyInvalid(f"{path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise KeyInvalid(f"{path}: not JSON") from error
    return parse_trust(document, str(path))


def key_id(public: bytes) -> str:
    """The id of a public key given as its 32 bytes: 16 hex digits."""
    return hashlib.sha256(public).hexdigest()[:16]


def _public_bytes(key: SigningKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _checked_public(name: str, public: str) -> bytes:
    raw = _decode(public)
    if len(raw) != 32:
        raise ValueError("public_key: not 32 bytes")
    if key_id(raw) != name:
        raise ValueError("key_id: is not the id of public_key")
    return raw


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Strict base64url without padding: one text for one value."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error
    if _encode(raw) != text:
        raise ValueError("not base64url")
    return raw
