"""HTTP as a device needs it: GET with time limits, decoding, ranges; the standard library and two decoders.

A transport is any callable `(url, headers) -> Response`, so that a test can play the network. It raises
TransportError when there is no answer; the body's iterator raises it when the answer breaks off.
"""

import http.client
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

import brotli
import zstandard

_CHUNK = 1 << 16
# Decoders get the wire in small bites, so that a hostile body cannot blow up in memory before the size limit
# is looked at.
_BITE = 1 << 10


class TransportError(Exception):
    """The network gave no answer, or a broken one. Trying again later may help."""


@dataclass(frozen=True)
class Response:
    """One answer. Header names are in lower case; `chunks` yields the decoded body once."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    close: Callable[[], None] = lambda: None

    def __enter__(self) -> "Response":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, limit: int) -> bytes:
        """The whole body; raises TransportError when it breaks off or is longer than `limit` bytes."""
        body = bytearray()
        for chunk in self.chunks:
            body += chunk
            if len(body) > limit:
                raise TransportError(f"the answer is longer than {limit} bytes")
        return bytes(body)


Transport = Callable[[str, Mapping[str, str]], Response]

Send = Callable[[str, str, Mapping[str, str], bytes | None], Response]
"""Any request: method, URL, headers, body. Raises TransportError like a transport."""


def http_transport(server: str, timeout_s: float = 15.0, total_s: float = 300.0) -> Transport:
    """A transport to `server`: `http_sender`, for GET only."""
    send = http_sender(server, timeout_s, total_s)
    return lambda url, headers: send("GET", url, headers, None)


def http_sender(server: str, timeout_s: float = 15.0, total_s: float = 300.0) -> Send:
    """What sends requests to `server` (`http://host:port`); relative URLs are resolved against it.

    `timeout_s` bounds each wait for the network, `total_s` one whole answer. Proxies come from the
    environment. Raises ValueError when `server` is not an http address.
    """
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{server!r} is not an http:// or https:// address")
    base = server.rstrip("/") + "/"

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        address = _address(base, url)
        sent = {"Accept-Encoding": "zstd, br, gzip", "User-Agent": "limber-device/1", **headers}
        deadline = time.monotonic() + total_s
        try:
            raw: Any = urllib.request.urlopen(  # noqa: S310  (the scheme is checked above)
                urllib.request.Request(address, body, sent, method=method),  # noqa: S310
                timeout=timeout_s,
            )
        except urllib.error.HTTPError as error:
            raw = error  # an answer like any other: 304, 404, 416
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise TransportError(f"{_origin(address)} cannot be reached: {_reason(error)}") from error
        received = {name.lower(): value for name, value in raw.headers.items()}
        wire = _wire(raw, int(raw.status), received, address, deadline)
        return Response(int(raw.status), received, _decoded(wire, received, address), raw.close)

    return send


def _address(base: str, url: str) -> str:
    try:
        address = urljoin(base, url)
        if urlsplit(address).scheme in ("http", "https"):
            return address
    except ValueError:
        pass
    raise TransportError(f"{url[:200]!r} is not an http address")


def _wire(
    raw: Any, status: int, headers: Mapping[str, str], address: str, deadline: float
) -> Iterator[bytes]:
    """The body as it arrives; http.client alone would take an early end for the end."""
    length = headers.get("content-length", "")
    missing = int(length) if length.isdecimal() and "transfer-encoding" not in headers else None
    if status in (204, 304):
        return
    while missing != 0:
        try:
            chunk: bytes = raw.read1(_CHUNK)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise TransportError(f"the answer of {_origin(address)} broke off: {_reason(error)}") from error
        if not chunk:
            break
        if missing is not None:
            missing -= len(chunk)
        yield chunk
        if time.monotonic() > deadline:
            raise TransportError(f"the answer of {_origin(address)} took too long")
    if missing:
        raise TransportError(f"the answer of {_origin(address)} broke off {missing} bytes early")


def _decoded(wire: Iterator[bytes], headers: Mapping[str, str], address: str) -> Iterator[bytes]:
    """Undo Content-Encoding; raises TransportError for an unknown one, damage, or an early end."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        yield from wire
        return
    decoders = {"gzip": _gunzip, "x-gzip": _gunzip, "br": _unbrotli, "zstd": _unzstd}
    if encoding not in decoders:
        raise TransportError(f"{_origin(address)} answered in an unknown encoding {encoding!r}")
    bites = (chunk[i : i + _BITE] for chunk in wire for i in range(0, len(chunk), _BITE))
    try:
        yield from decoders[encoding](bites)
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as error:
        raise TransportError(f"the answer of {_origin(address)} is damaged ({encoding})") from error


def _gunzip(bites: Iterator[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for bite in bites:
        yield decoder.decompress(bite)
    if not decoder.eof:
        raise EOFError


def _unzstd(bites: Iterator[bytes]) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    for bite in bites:
        if decoder.eof:
            raise EOFError
        yield decoder.decompress(bite)
    if not decoder.eof:
        raise EOFError


def _unbrotli(bites: Iterator[bytes]) -> Iterator[bytes]:
    decoder = brotli.Decompressor()
    for bite in bites:
        # `can_accept_more_data()` turns true while output still waits, so the output is drained first.
        piece = decoder.process(bite, output_buffer_limit=_CHUNK)
        while piece:
            yield piece
            piece = decoder.process(b"", output_buffer_limit=_CHUNK)
    if not decoder.is_finished():
        raise EOFError


def _origin(address: str) -> str:
    """Scheme and host only: a presigned address is a secret and does not belong in a message."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", None) or error
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__)
