"""An authenticator in software: what a phone or a security key does, with nothing of the server's in it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """As much of CBOR (RFC 8949) as WebAuthn needs: integers, bytes, text, maps."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    assert isinstance(value, dict)
    return _head(5, len(value)) + b"".join(cbor(key) + cbor(inner) for key, inner in value.items())


def _head(major: int, length: int) -> bytes:
    if length < 24:
        return bytes([major << 5 | length])
    if length < 256:
        return bytes([major << 5 | 24, length])
    return bytes([major << 5 | 25]) + struct.pack(">H", length)


@dataclass
class Authenticator:
    """One key of one account. `counts` False is how synced passkeys behave: the counter stays 0."""

    origin: str
    counts: bool = True
    synced: bool = False
    verifies: bool = True
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0
    user: bytes = b""

    def create(self, options: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.create`; `wrong` replaces parts of it."""
        self.user = unb64(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor(cose)
        data = self._data(wrong.get("rp", options["rp"]["id"]), AT) + attested
        client = self._client("webauthn.create", options, wrong)
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": b64(client),
            "attestationObject": b64(cbor(made)),
            "transports": ["internal"],
        }
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}

    def get(self, options: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.get`; `wrong` replaces parts of it."""
        if self.counts:
            self.count += 1
        data = self._data(wrong.get("rp", options["rpId"]), 0)
        client = self._client("webauthn.get", options, wrong)
        signer = wrong.get("signer", self.key)
        signature = signer.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature),
            "userHandle": b64(wrong.get("user", self.user)),
        }  # fmt: skip
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}

    def _data(self, rp: str, flags: int) -> bytes:
        flags |= UP | (UV if self.verifies else 0) | (BE | BS if self.synced else 0)
        return hashlib.sha256(rp.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _client(self, kind: str, options: dict[str, Any], wrong: dict[str, Any]) -> bytes:
        told = {
            "type": wrong.get("kind", kind), "challenge": wrong.get("challenge", options["challenge"]),
            "origin": wrong.get("origin", self.origin), "crossOrigin": False,
        }  # fmt: skip
        return json.dumps(told).encode()
