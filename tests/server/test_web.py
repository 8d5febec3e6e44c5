"""Negotiation of the content coding, and the text field."""

import marshmallow as ma
import pytest

from server.problems import Fault
from server.web import Text, choose_coding


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("GZIP", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip; q=0.5 , br;q=0.6", "br"),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "br"),
        ("zstd;q=0, gzip;q=0", "identity"),
        ("identity", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("compress, deflate", "identity"),
        ("gzip;q=nonsense", "identity"),
        ("gzip;q=nan, br;q=inf", "identity"),
        (",,;;q=1,", "identity"),
    ],
)
def test_the_best_coding_that_the_client_takes_is_chosen(accept: str, coding: str) -> None:
    assert choose_coding(accept) == coding


@pytest.mark.parametrize("accept", ["identity;q=0", "*;q=0", "identity;q=0, deflate", "identity;q=0, *;q=0"])
def test_a_client_that_takes_nothing_is_told(accept: str) -> None:
    with pytest.raises(Fault) as caught:
        choose_coding(accept)
    assert caught.value.status == 406


@pytest.mark.parametrize("text", ["a\x00", "\ud800", "x\udfff", "a" * 201, 5, None])
def test_text_that_cannot_be_stored_is_refused(text: object) -> None:
    schema = ma.Schema.from_dict({"name": Text()})()
    with pytest.raises(ma.ValidationError):
        schema.load({"name": text})


def test_text_keeps_its_other_checks() -> None:
    schema = ma.Schema.from_dict({"name": Text(max_length=3, validate=ma.validate.OneOf(["a", "four"]))})()
    assert schema.load({"name": "a"}) == {"name": "a"}
    for bad in ("b", "four"):
        with pytest.raises(ma.ValidationError):
            schema.load({"name": bad})
