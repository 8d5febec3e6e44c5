"""Compressed bodies: the same bytes every time, and the same content in every coding."""

import gzip

import brotli
import pytest
import zstandard

from sync.compress import ENCODINGS, SUFFIX, compress

BODY = b'{"changes":[' + b'{"id":"wall_sit","deleted":false},' * 400 + b"{}]}"
OPEN = {
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompress(packed),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


@pytest.mark.parametrize("immutable", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_coding_gives_the_body_back(encoding: str, immutable: bool) -> None:
    for body in (b"", b"x", BODY):
        assert OPEN[encoding](compress(body, encoding, immutable=immutable)) == body
    assert len(compress(BODY, encoding, immutable=immutable)) < len(BODY) / 20


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_equal_bodies_give_equal_bytes_so_that_objects_and_etags_stay(encoding: str) -> None:
    assert compress(BODY, encoding, immutable=True) == compress(bytes(BODY), encoding, immutable=True)
    assert compress(b"", "gzip")[4:8] == b"\0\0\0\0"  # no time of day in gzip's header


def test_every_coding_has_a_suffix_for_its_object() -> None:
    assert SUFFIX.keys() == set(ENCODINGS)


def test_an_unknown_coding_is_refused() -> None:
    with pytest.raises(ValueError, match="'deflate' is none of zstd, br, gzip"):
        compress(b"", "deflate")
