"""Compressed request bodies, made plain again under a bound: what a bomb would become is never made."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Final

import brotli
import zstandard

# What every decoder of the coding must be able to hold (RFC 9659 §3); a larger window would let 20 bytes claim memory.
_ZSTD_WINDOW: Final = 8 * 2**20


class Malformed(ValueError):
    """The body is not what its Content-Encoding says, or was cut."""


class TooLarge(ValueError):
    """The plain body would be larger than the bound."""


def inflate(body: bytes, coding: str, most: int) -> bytes:
    """The plain form of `body`, which is in the content coding "zstd", "br" or "gzip", of at most `most` bytes.

    Raises Malformed, TooLarge, and KeyError for another coding.
    """
    try:
        plain = DECODERS[coding](body, most)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise Malformed(f"not {coding}: {error}") from None
    if len(plain) > most:
        raise TooLarge(f"more than {most} bytes")
    return plain


def _zstd(body: bytes, most: int) -> bytes:
    decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    # A cut frame ends the stream without a word; what then lacks its end is no JSON either.
    with decoder.stream_reader(body, read_across_frames=True) as reader:
        return reader.read(most + 1)


def _brotli(body: bytes, most: int) -> bytes:
    decoder = brotli.Decompressor()
    plain: bytes = decoder.process(body, output_buffer_limit=most + 1)
    if len(plain) <= most and not decoder.is_finished():
        raise Malformed("not br: the body was cut")
    return plain


def _gzip(body: bytes, most: int) -> bytes:
    decoder = zlib.decompressobj(wbits=31)
    plain = decoder.decompress(body, most + 1)
    # One member, as every client sends it: a megabyte of empty ones would cost a second to walk through.
    if len(plain) <= most and (not decoder.eof or decoder.unused_data):
        raise Malformed("not gzip: the body was cut, or something follows it")
    return plain


DECODERS: Final[Mapping[str, Callable[[bytes, int], bytes]]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}
