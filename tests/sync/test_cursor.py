"""Cursors are opaque, exact, and never believed blindly."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.cursor import Cursor, CursorInvalid, decode, encode, origin

names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
seqs = st.integers(0, 2**63 - 1)


@st.composite
def cursors(draw: st.DrawFn) -> Cursor:
    seq = draw(seqs)
    until = draw(st.none() | st.integers(seq, 2**63 - 1))
    return Cursor(draw(names), draw(names), seq, until, until is not None and draw(st.booleans()))


def spelled(*fields: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).rstrip(b"=").decode()


@given(cursors())
def test_a_cursor_comes_back_as_it_was_written(cursor: Cursor) -> None:
    text = encode(cursor)
    assert decode(text) == cursor
    assert text.isascii()
    assert not set(text) & set("+/=&? ")


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_other_text_is_refused_with_a_clear_error(text: str) -> None:
    with pytest.raises(CursorInvalid, match=r"^cursor "):
        decode(text)


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (1, "s", "e", 0, None),
        (2, "s", "e", 0, None, False),
        (1, "s", "e", -1, None, False),
        (1, "s", "e", 2**63, None, False),
        (1, "s", "e", 0.0, None, False),
        (1, "s", "e", True, None, False),
        (1, "s", "e", 0, 2**63, False),
        (1, "s", "e", 5, 4, False),
        (1, "s", "e", 0, "7", False),
        (1, "s", "e", 0, None, True),
        (1, "s", "e", 0, 1, 1),
        (1, "", "e", 0, None, False),
        (1, "s\x00", "e", 0, None, False),
        (1, "s", "é", 0, None, False),
        (1, "s", None, 0, None, False),
        (1, "s" * 201, "e", 0, None, False),
        (1, ["s"], "e", 0, None, False),
    ],
)
def test_fields_out_of_bounds_are_refused(fields: tuple[object, ...]) -> None:
    with pytest.raises(CursorInvalid, match=r"^cursor "):
        decode(spelled(*fields))


@pytest.mark.parametrize("text", ["A" * 5000, "W" * 1024, base64.urlsafe_b64encode(b"[" * 700).decode()])
def test_a_hostile_cursor_costs_little(text: str) -> None:
    with pytest.raises(CursorInvalid):
        decode(text)


def test_a_cursor_has_one_spelling() -> None:
    text = encode(origin("catalog", "e1"))
    spaced = base64.urlsafe_b64encode(b'[1, "catalog", "e1", 0, null, false]').rstrip(b"=").decode()
    for other in (text + "=", spaced, text + "\n", " " + text):
        with pytest.raises(CursorInvalid):
            decode(other)
