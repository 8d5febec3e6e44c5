"""Keys that AWS KMS keeps: one that signs releases, and one that wraps the data keys of accounts. Neither leaves it.

The signing key is of KeySpec ECC_NIST_EDWARDS25519 and usage SIGN_VERIFY; its signatures (ED25519_SHA_512 over the RAW
message) are the ordinary ones of RFC 8032, so devices cannot tell where a key lives. The master key is symmetric
(SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT); KMS's encryption context binds what it wraps to the stream, and its log shows it.
"""

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sync.sealing import SealBroken
from sync.signing import KeyInvalid, KeyUnavailable

LONGEST_MESSAGE = 4096  # what KMS takes as RAW


@lru_cache(maxsize=8)
def open_kms(address: str) -> "KmsKey":
    """The signing key at `key-id-or-alias?region=eu-central-1&endpoint=https://…`; credentials by boto3's usual chain.

    Raises KeyInvalid for an address or a key that cannot be used, KeyUnavailable.
    """
    return KmsKey(*_client(address))


@lru_cache(maxsize=8)
def open_kms_master(address: str) -> "KmsMaster":
    """The master key at an address as `open_kms` takes. Raises KeyInvalid for an address that makes no sense."""
    return KmsMaster(*_client(address))


def _client(address: str) -> tuple[Any, str]:
    """(boto3's client, id or alias of the key)."""
    name, _, query = address.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if not name or (unknown := sorted(set(options) - {"region", "endpoint"})):
        raise KeyInvalid(
            f"KMS key {address!r}: {f'unknown option {unknown[0]!r}' if name else 'no key is named'}"
        )
    endpoint = options.get("endpoint")
    if endpoint is not None and urlsplit(endpoint).scheme not in ("http", "https"):
        raise KeyInvalid(f"KMS key {address!r}: endpoint is not an http address")
    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    try:
        client = boto3.client(
            "kms", region_name=options.get("region") or None, endpoint_url=endpoint, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise KeyInvalid(f"KMS key {address!r}: {error}") from error
    return client, name


def _ask(client: Any, key_id: str, operation: str, **options: Any) -> Any:
    try:
        return getattr(client, operation)(KeyId=key_id, **options)
    except (ClientError, BotoCoreError) as error:
        raise KeyUnavailable(f"KMS key {key_id}: {error}") from error


class KmsMaster:
    """Wraps data keys in KMS; see `sync.sealing.MasterKey`."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client, self._key_id = client, key_id
        self.name = f"kms:{key_id}"

    def wrap(self, key: bytes, stream: str) -> bytes:
        """See MasterKey. Raises KeyUnavailable."""
        answer = _ask(
            self._client, self._key_id, "encrypt", Plaintext=key, EncryptionContext={"stream": stream}
        )
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, stream: str) -> bytes:
        """See MasterKey. Raises SealBroken, KeyUnavailable."""
        try:
            answer = _ask(
                self._client,
                self._key_id,
                "decrypt",
                CiphertextBlob=wrapped,
                EncryptionContext={"stream": stream},
            )
        except KeyUnavailable as error:
            reason = getattr(error.__cause__, "response", {}).get("Error", {}).get("Code")
            if reason in ("InvalidCiphertextException", "IncorrectKeyException"):
                raise SealBroken(
                    f"the data key of {stream} does not open with master key {self.name}"
                ) from error
            raise
        return bytes(answer["Plaintext"])


class KmsKey:
    """Signs through KMS, and checks every signature before it is used."""

    def __init__(self, client: Any, key_id: str) -> None:
        self.client = client
        self.key_id = key_id
        self._public = _public(_ask(client, key_id, "get_public_key"), key_id)

    def public_key(self) -> Ed25519PublicKey:
        """See SigningKey."""
        return self._public

    def sign(self, data: bytes, /) -> bytes:
        """See SigningKey. Raises ValueError for what is longer than KMS signs, KeyUnavailable."""
        if len(data) > LONGEST_MESSAGE:
            raise ValueError(f"KMS signs at most {LONGEST_MESSAGE} bytes, the manifest has {len(data)}")
        answer = _ask(
            self.client,
            self.key_id,
            "sign",
            Message=data,
            MessageType="RAW",
            SigningAlgorithm="ED25519_SHA_512",
        )
        signature = bytes(answer["Signature"])
        try:
            self._public.verify(signature, data)
        except InvalidSignature as error:
            raise KeyUnavailable(
                f"KMS key {self.key_id}: its signature does not fit its public key"
            ) from error
        return signature


def _public(answer: Any, key_id: str) -> Ed25519PublicKey:
    try:
        public = load_der_public_key(answer["PublicKey"])
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyInvalid(f"KMS key {key_id}: its public key cannot be read") from error
    if not isinstance(public, Ed25519PublicKey):
        spec = answer.get("KeySpec", "unknown")
        raise KeyInvalid(f"KMS key {key_id}: its KeySpec is {spec}, not ECC_NIST_EDWARDS25519")
    return public
