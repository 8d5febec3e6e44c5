"""Compressed bodies become plain again, and never more than was allowed."""

import gzip
from contextlib import suppress

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from server.inflate import Malformed, TooLarge, inflate
from sync.compress import ENCODINGS, compress


@given(st.binary(max_size=3000), st.sampled_from(ENCODINGS), st.integers(0, 3000))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_inflating_is_the_reverse_of_compressing_up_to_the_bound(body: bytes, coding: str, most: int) -> None:
    if len(body) > most:
        with pytest.raises(TooLarge):
            inflate(compress(body, coding), coding, most)
    else:
        assert inflate(compress(body, coding), coding, most) == body


@given(st.binary(max_size=300), st.sampled_from(ENCODINGS))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_else_comes_is_malformed_at_worst(body: bytes, coding: str) -> None:
    with suppress(Malformed, TooLarge):
        assert len(inflate(body, coding, 10_000)) <= 10_000


def test_a_zstd_frame_cannot_claim_memory() -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=27)
    writer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    body = writer.compress(b"x" * 1000) + writer.flush()
    with pytest.raises(Malformed, match="memory"):
        inflate(body, "zstd", 10_000)


def test_what_follows_the_end_is_malformed() -> None:
    for coding, body in (
        ("gzip", gzip.compress(b"a") + b"b"), ("br", brotli.compress(b"a") + b"b"),
        ("zstd", zstandard.ZstdCompressor().compress(b"a") + b"b"),
    ):  # fmt: skip
        with pytest.raises(Malformed):
            inflate(body, coding, 100)
