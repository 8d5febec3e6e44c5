"""Encryption at rest of single fields: a data key for each account, wrapped by a master key.

    key = DataKey(master.unwrap(wrapped, stream), stream)
    stored = key.seal(["hypertension"])            # "\\x1asealed:…", a string in the record's JSON
    sent = unseal_body(body_of_a_pull, key)        # the values again, where they were

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce and the stream's name as associated data: a sealed value that
is copied into another account opens nowhere. Destroying a data key destroys what it sealed, in every backup too.
"""

from __future__ import annotations

import binascii
import contextlib
import hashlib
import os
import re
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import orjson
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync.records import Rule
from sync.signing import KeyInvalid

MARK: Final = "\x1asealed:"
"""How a sealed value begins. A push refuses U+001A in any text, so no value of a person can look like one."""
KEY_BYTES: Final = 32

_NONCE = 12
_BLOCK = 64  # short values are padded, so that a length does not tell an empty list from a diagnosis
_PLAIN, _PACKED = b"\x00", b"\x01"
_PACK_FROM = 512
_NEEDLE = b'"\\u001asealed:'
_SEALED = re.compile(rb'"\\u001asealed:([A-Za-z0-9+/]+={0,2})"')


class _Codec(threading.local):
    """A compressor and a decompressor for each thread: to make them costs more than to use them."""

    def __init__(self) -> None:
        self.pack = zstandard.ZstdCompressor(level=3).compress
        self.unpack = zstandard.ZstdDecompressor().decompress


_codec = _Codec()


class SealBroken(ValueError):
    """A sealed value that this key does not open: another account's key, or the value was changed."""


def is_sealed(value: object) -> bool:
    """Whether a stored value is sealed."""
    return isinstance(value, str) and value.startswith(MARK)


def new_data_key() -> bytes:
    """A new data key, to be wrapped and stored."""
    return secrets.token_bytes(KEY_BYTES)


class DataKey:
    """Seals and opens the values of one stream. Safe to share between threads."""

    __slots__ = ("_aad", "_cipher", "stream")

    def __init__(self, key: bytes, stream: str) -> None:
        self._cipher = AESGCM(key)
        self._aad = stream.encode()
        self.stream = stream

    def seal(self, value: Any) -> str:
        """A JSON value as the text that is stored instead of it."""
        plain = orjson.dumps(value)
        if len(plain) >= _PACK_FROM:
            plain = _PACKED + _codec.pack(plain)
        else:
            plain = _PLAIN + plain
            plain += b" " * (-len(plain) % _BLOCK)
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, plain, self._aad)
        return MARK + binascii.b2a_base64(sealed, newline=False).decode()

    def seal_fields(self, rule: Rule, fields: Mapping[str, Any]) -> dict[str, Any]:
        """`fields` as they are stored: what the collection's rule seals is sealed."""
        return {name: self.seal(value) if rule.seals(name) else value for name, value in fields.items()}

    def unseal(self, text: str) -> Any:
        """The value of what `seal` returned. Raises SealBroken."""
        return orjson.loads(self._open(text.removeprefix(MARK).encode()))

    def unseal_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """A record's data with every sealed field opened. Raises SealBroken."""
        return {name: self.unseal(value) if is_sealed(value) else value for name, value in data.items()}

    def _open(self, text: bytes) -> bytes:
        """JSON bytes of a sealed value, from the base64 after the mark."""
        try:
            sealed = binascii.a2b_base64(text, strict_mode=True)
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._aad)
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise SealBroken(f"a sealed value of {self.stream} does not open with its key") from error
        return _codec.unpack(plain[1:]) if plain[:1] == _PACKED else plain[1:].rstrip(b" ")


def unseal_body(body: bytes, key: DataKey) -> bytes:
    """JSON in which every sealed string is replaced by its value; a body without one is returned as it is.

    A lone backslash before u001a begins that character, and pushes refuse it: so the pattern finds sealed values only.
    Raises SealBroken.
    """
    if _NEEDLE not in body:
        return body
    opened = key._open
    return _SEALED.sub(lambda found: opened(found[1]), body)


class MasterKey(Protocol):
    """What wraps data keys; `name` goes with each wrapped key, to tell which master opens it."""

    name: str

    def wrap(self, key: bytes, stream: str) -> bytes:
        """`key` encrypted, bound to `stream`. Raises KeyUnavailable."""

    def unwrap(self, wrapped: bytes, stream: str) -> bytes:
        """What `wrap` was given. Raises SealBroken, KeyUnavailable."""


class FileMaster:
    """A master key in memory, from a file."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.name = "file:" + hashlib.sha256(b"limber master key\x00" + key).hexdigest()[:16]

    def wrap(self, key: bytes, stream: str) -> bytes:
        """See MasterKey."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, key, b"data key\x00" + stream.encode())

    def unwrap(self, wrapped: bytes, stream: str) -> bytes:
        """See MasterKey."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], b"data key\x00" + stream.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"the data key of {stream} does not open with master key {self.name}") from error


def create_master(path: Path) -> FileMaster:
    """Make a master key in a new file that only its owner can read. An existing file raises FileExistsError."""
    key = secrets.token_bytes(KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(key.hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces a key that another process made meanwhile.
        os.link(draft, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    return FileMaster(key)


def load_master(path: Path) -> FileMaster:
    """Read the key that `create_master` wrote. Raises KeyInvalid naming the file."""
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyInvalid(f"{path}: {getattr(error, 'strerror', None) or 'not a master key'}") from error
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise KeyInvalid(f"{path}: not a master key (64 hex digits)")
    return FileMaster(bytes.fromhex(text))


def open_master(path: Path, kms: str | None = None) -> MasterKey:
    """The master key: KMS's at address `kms` if given, else the file's. Raises KeyInvalid, KeyUnavailable."""
    if kms is not None:
        from sync.kms import open_kms_master  # boto3 takes a third of a second to import

        return open_kms_master(kms)
    return load_master(path)
