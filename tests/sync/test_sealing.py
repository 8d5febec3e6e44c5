"""Sealed fields: only their own account's key opens them, and a body is the same as if nothing had been sealed."""

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.records import RULES
from sync.sealing import (
    MARK,
    DataKey,
    FileMaster,
    SealBroken,
    create_master,
    is_sealed,
    load_master,
    new_data_key,
    open_master,
    unseal_body,
)
from sync.signing import KeyInvalid
from tests.sync.record_values import TEXT, json_values

STREAM = "account:019ba403-eeff-75a4-a051-f21f6eb7e9c2"
OTHER = "account:019ba403-eeff-75a4-a051-f21f6eb7e9c3"
KEY = DataKey(b"k" * 32, STREAM)


def body(value: Any) -> bytes:
    """JSON as PostgreSQL writes it: control characters escaped, nothing else."""
    return json.dumps(value, ensure_ascii=False).encode()


@given(json_values(20))
def test_what_was_sealed_opens_to_the_same(value: Any) -> None:
    sealed = KEY.seal(value)
    assert is_sealed(sealed)
    assert json.dumps(KEY.unseal(sealed), sort_keys=True) == json.dumps(value, sort_keys=True)


# Among them all that could be taken for a sealed value, were it not for the backslashes.
_LOOKALIKE = st.sampled_from(
    ['"', "\\", "u001a", "sealed:", "AAAA", "\\u001asealed:AAAA", '"\\u001asealed:AAAA"', "\\\\u001a"]
)
_TEXTS = st.lists(_LOOKALIKE | st.text(TEXT, max_size=3), max_size=5).map("".join)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), _TEXTS | st.dictionaries(_TEXTS, _TEXTS, max_size=2)), max_size=6))
def test_a_body_is_what_it_would_be_had_nothing_been_sealed(values: list[tuple[bool, Any]]) -> None:
    stored = [{"data": KEY.seal(value) if sealed else value} for sealed, value in values]
    opened = unseal_body(body(stored), KEY)
    assert json.loads(opened) == [{"data": value} for _, value in values]


def test_a_long_value_is_packed_and_a_short_one_padded() -> None:
    history = {f"exercise-{n}": {"done": n, "skipped": 0, "swapped": 0} for n in range(200)}
    assert len(KEY.seal(history)) < len(json.dumps(history)) / 2
    assert KEY.unseal(KEY.seal(history)) == history
    assert len({len(KEY.seal(codes)) for codes in ([], ["cardiac"], ["cardiac", "hypertension"])}) == 1


def test_the_same_value_never_looks_the_same() -> None:
    assert len({KEY.seal(["cardiac"]) for _ in range(100)}) == 100


def test_a_sealed_value_opens_in_no_other_account() -> None:
    """Neither with the other's key, nor moved there together with the key."""
    sealed = KEY.seal(["cardiac"])
    for key in (DataKey(b"o" * 32, STREAM), DataKey(b"k" * 32, OTHER)):
        with pytest.raises(SealBroken, match="does not open"):
            key.unseal(sealed)
        with pytest.raises(SealBroken):
            unseal_body(body([sealed]), key)


@pytest.mark.parametrize("place", [0, 12, 40, -1])
def test_a_value_that_was_changed_is_refused(place: int) -> None:
    raw = bytearray(base64.b64decode(KEY.seal(["cardiac"]).removeprefix(MARK)))
    raw[place] ^= 1
    with pytest.raises(SealBroken):
        KEY.unseal(MARK + base64.b64encode(raw).decode())


@pytest.mark.parametrize("text", ["", "A", "AAAA", "AAAA" * 8, "!", "ä"])
def test_what_is_no_sealed_value_is_refused(text: str) -> None:
    with pytest.raises(SealBroken):
        KEY.unseal(MARK + text)


def test_a_record_is_sealed_by_its_rule_and_opened_whole() -> None:
    fields = {"name": "Ada", "conditions": ["cardiac"], "blood_pressure": None, "newer": 1}
    stored = KEY.seal_fields(RULES["profile"], fields)
    assert {name for name, value in stored.items() if is_sealed(value)} == {
        "conditions", "blood_pressure", "newer"
    }  # fmt: skip
    assert KEY.unseal_data(stored) == fields


def test_a_master_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    made = create_master(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        create_master(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]
    read = open_master(path)
    assert read.name == made.name == load_master(path).name
    key = new_data_key()
    assert read.unwrap(made.wrap(key, STREAM), STREAM) == key
    assert key.hex() not in made.name


def test_a_data_key_opens_with_its_own_master_and_for_its_own_stream() -> None:
    master, key = FileMaster(b"m" * 32), new_data_key()
    wrapped = master.wrap(key, STREAM)
    assert key not in wrapped
    assert wrapped != master.wrap(key, STREAM)
    for other, stream in ((FileMaster(b"n" * 32), STREAM), (master, OTHER)):
        with pytest.raises(SealBroken, match=f"data key of {stream}"):
            other.unwrap(wrapped, stream)
    for cut in (b"", wrapped[:11], wrapped[:-1]):
        with pytest.raises(SealBroken):
            master.unwrap(cut, STREAM)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe", b"A" * 64, bytes(range(128, 160))])
def test_a_file_that_is_no_master_key_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)
    with pytest.raises(KeyInvalid, match=r"master\.key: not a master key"):
        load_master(path)
    with pytest.raises(KeyInvalid, match="No such file"):
        load_master(tmp_path / "none")
