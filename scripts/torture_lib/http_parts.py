"""HTTP/1.1 messages as bytes: whole heads and whole bodies, so that a proxy can drop or cut them where it likes.

Framing is RFC 9112's: Content-Length, chunks, or the end of the connection. Bodies stay as they were on the wire;
`decoded` undoes chunks and Content-Encoding for whoever wants to look inside.
"""

import asyncio
import base64
import binascii
import gzip
import zlib
from dataclasses import dataclass
from typing import Any

import brotli
import orjson
import zstandard

MAX_HEAD = 64 << 10
MAX_BODY = 64 << 20


class Broken(Exception):
    """The message ended early or is not HTTP."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request or response. `start`: its first line; header names are in lower case; `body` as on the wire."""

    start: str
    headers: dict[str, str]
    head: bytes
    body: bytes

    @property
    def method(self) -> str:
        """Of a request."""
        return self.start.partition(" ")[0]

    @property
    def path(self) -> str:
        """Of a request, without the query."""
        return self.start.split(" ")[1].partition("?")[0]

    @property
    def status(self) -> int:
        """Of a response. Raises Broken."""
        try:
            return int(self.start.split(" ")[1])
        except (IndexError, ValueError):
            raise Broken(f"no status in {self.start!r}") from None

    def json(self) -> Any:
        """The body as JSON. Raises Broken."""
        try:
            return orjson.loads(decoded(self))
        except orjson.JSONDecodeError:
            raise Broken("the body is not JSON") from None


async def read(stream: asyncio.StreamReader, *, answer_to: str | None = None) -> Message | None:
    """The next message, None when the other side closed before its first byte.

    `answer_to`: the method of the request that this answers; None for a request. Raises Broken.
    """
    try:
        head = await stream.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Broken("the head broke off") from None
        return None
    except (asyncio.LimitOverrunError, OSError) as error:
        raise Broken(f"no head: {error}") from None
    lines = head[:-4].decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if lines[0].count(" ") < 1:
        raise Broken(f"not HTTP: {lines[0][:80]!r}")
    message = Message(lines[0], headers, head, b"")
    if answer_to is not None and (answer_to == "HEAD" or message.status in (204, 304)):
        return message
    try:
        body = await _body(stream, headers, to_the_end=answer_to is not None)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError) as error:
        raise Broken(f"the body broke off: {error}") from None
    return Message(lines[0], headers, head, body)


async def _body(stream: asyncio.StreamReader, headers: dict[str, str], *, to_the_end: bool) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        raw = bytearray()
        while True:
            line = await stream.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            raw += line + await stream.readexactly(size + 2)
            if len(raw) > MAX_BODY:
                raise ValueError("too long")
            if size == 0:
                return bytes(raw)
    if "content-length" in headers:
        length = int(headers["content-length"])
        if length > MAX_BODY:
            raise ValueError("too long")
        return await stream.readexactly(length)
    return await stream.read(MAX_BODY) if to_the_end else b""


def decoded(message: Message) -> bytes:
    """The body without chunks and content coding. Raises Broken."""
    body = message.body
    if "chunked" in message.headers.get("transfer-encoding", "").lower():
        body = _unchunked(body)
    coding = message.headers.get("content-encoding", "identity").lower()
    try:
        if coding == "gzip":
            return gzip.decompress(body)
        if coding == "br":
            return bytes(brotli.decompress(body))
        if coding == "zstd":
            return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(body))
    except (OSError, EOFError, zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise Broken(f"the body is damaged ({coding})") from error
    return body


def _unchunked(raw: bytes) -> bytes:
    body, at = bytearray(), 0
    while at < len(raw):
        end = raw.index(b"\r\n", at)
        size = int(raw[at:end].partition(b";")[0], 16)
        body += raw[end + 2 : end + 2 + size]
        at = end + size + 4
    return bytes(body)


def bearer(message: Message) -> str:
    """Who asks, as the access token of a request says; nothing is verified. Empty without a token."""
    token = message.headers.get("authorization", "").partition(" ")[2].split(".")
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(token[1] + "=="))
        return str(claims["sub"])
    except (IndexError, KeyError, TypeError, binascii.Error, orjson.JSONDecodeError):
        return ""
