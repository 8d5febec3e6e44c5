"""Compressed forms of a response body, by HTTP content coding."""

import gzip
import threading
from collections.abc import Callable, Mapping
from typing import Final

import brotli
import zstandard


class _Compressors(threading.local):
    """This thread's zstd compressors by level: to make one costs more than to use it."""

    def __init__(self) -> None:
        self.made: dict[int, zstandard.ZstdCompressor] = {}

    def compress(self, body: bytes, level: int) -> bytes:
        if level not in self.made:
            self.made[level] = zstandard.ZstdCompressor(level=level)
        return self.made[level].compress(body)


_LARGE: Final = 4 * 2**20
"""Bytes from which patience costs minutes: ten times the time for a tenth of the size."""

# Level for a body that is made once and served for ever, for a large one, and for one made at each request.
_CODECS: Final[Mapping[str, tuple[Callable[[bytes, int], bytes], int, int, int]]] = {
    "zstd": (_Compressors().compress, 19, 12, 3),
    "br": (lambda body, level: brotli.compress(body, quality=level), 11, 9, 4),
    "gzip": (lambda body, level: gzip.compress(body, compresslevel=level, mtime=0), 9, 6, 6),
}

ENCODINGS: Final = tuple(_CODECS)  # best first
SUFFIX: Final = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}


def compress(body: bytes, encoding: str, *, immutable: bool = False) -> bytes:
    """`body` in the content coding "zstd", "br" or "gzip"; equal input gives equal bytes.

    `immutable`: spend the time that a body served for ever is worth. Raises ValueError for another coding.
    """
    if encoding not in _CODECS:
        raise ValueError(f"encoding {encoding!r} is none of {', '.join(_CODECS)}")
    codec, patient, large, quick = _CODECS[encoding]
    return codec(body, (patient if len(body) < _LARGE else large) if immutable else quick)
