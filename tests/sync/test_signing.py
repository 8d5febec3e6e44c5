"""What a signature promises, and what it refuses."""

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync.signing import (
    KeyInvalid,
    SignatureInvalid,
    create_key,
    load_key,
    load_trust,
    parse_trust,
    sign,
    trust_document,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
TRUSTED = parse_trust(trust_document(KEY), "here")
MANIFEST = {"kind": "catalog", "release": 3, "digest": "ab" * 32, "snapshot": {"bytes": 12}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).filter(lambda v: "inf" not in repr(v))


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_every_manifest_comes_through_json_and_verifies(manifest: dict[str, Any]) -> None:
    envelope = sign(manifest, KEY)
    again = json.loads(json.dumps(envelope, sort_keys=True))
    assert verify(again, TRUSTED) == manifest


def test_the_signature_is_the_standard_one_over_canonical_json() -> None:
    """Any Ed25519 library can check it: key and signature of 32 and 64 bytes, message in RFC 8785 form."""
    envelope = sign({"b": 1.0, "a": "é"}, KEY)
    raw = base64.urlsafe_b64decode(envelope["signature"] + "==")
    assert len(raw) == 64
    KEY.public_key().verify(raw, '{"a":"é","b":1}'.encode())


@pytest.mark.parametrize(
    "change",
    [
        {"manifest": MANIFEST | {"release": 4}},
        {"manifest": MANIFEST | {"extra": None}},
        {"manifest": {k: v for k, v in MANIFEST.items() if k != "digest"}},
        {"manifest": {}},
        {"manifest": MANIFEST | {"release": 2**60}},
        {"manifest": None},
        {"manifest": []},
        {"key_id": "0" * 16},
        {"key_id": None},
        {"key_id": []},
        {"signature": ""},
        {"signature": "A" * 86},
        {"signature": "!" * 86},
        {"signature": "é" * 86},
        {"signature": None},
    ],
    ids=str,
)
def test_any_change_to_an_envelope_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid):
        verify(sign(MANIFEST, KEY) | change, TRUSTED)


@pytest.mark.parametrize("envelope", [None, [], "text", 3, {}])
def test_what_is_no_envelope_is_refused(envelope: object) -> None:
    with pytest.raises(SignatureInvalid):
        verify(envelope, TRUSTED)


@given(st.integers(0, 64 * 8 - 1))
def test_a_flipped_bit_in_the_signature_is_refused(bit: int) -> None:
    envelope = sign(MANIFEST, KEY)
    raw = bytearray(base64.urlsafe_b64decode(envelope["signature"] + "=="))
    raw[bit // 8] ^= 1 << bit % 8
    envelope["signature"] = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    with pytest.raises(SignatureInvalid):
        verify(envelope, TRUSTED)


def test_one_signature_has_one_spelling() -> None:
    envelope = sign(MANIFEST, KEY)
    for other in (envelope["signature"] + "==", envelope["signature"] + "\n", envelope["signature"][:-1]):
        with pytest.raises(SignatureInvalid):
            verify(envelope | {"signature": other}, TRUSTED)


def test_another_key_is_refused_even_under_a_trusted_id() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"2" * 32)
    envelope = sign(MANIFEST, stranger)
    with pytest.raises(SignatureInvalid, match="not trusted"):
        verify(envelope, TRUSTED)
    with pytest.raises(SignatureInvalid):
        verify(envelope | {"key_id": next(iter(TRUSTED))}, TRUSTED)


def test_an_id_cannot_be_claimed_for_another_key() -> None:
    (mine,) = trust_document(KEY)["keys"]
    (other,) = trust_document(Ed25519PrivateKey.generate())["keys"]
    with pytest.raises(KeyInvalid, match=r"here: keys\[0\]: key_id"):
        parse_trust({"keys": [mine | {"public_key": other["public_key"]}]}, "here")
    with pytest.raises(SignatureInvalid):
        verify(sign(MANIFEST, KEY), {mine["key_id"]: other["public_key"]})


def test_a_key_file_is_its_owners_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    made = create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert trust_document(load_key(path)) == trust_document(made)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_key(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["signing.pem"]


@pytest.mark.parametrize("content", [None, b"", b"not a key", "ed448", "password"])
def test_an_unusable_key_file_is_named(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "signing.pem"
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    if content == "ed448":
        content = Ed448PrivateKey.generate().private_bytes(pem, pkcs8, serialization.NoEncryption())
    if content == "password":
        content = KEY.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"secret"))
    if isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(KeyInvalid, match=r"signing\.pem"):
        load_key(path)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": [4]}',
        '{"keys": [{"key_id": "x"}]}',
        '{"keys": [{"key_id": "x", "public_key": "AAAA"}]}',
        '{"keys": [{"key_id": "x", "public_key": "*"}]}',
    ],
)
def test_an_unusable_trust_file_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "trust.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KeyInvalid, match=r"trust\.json"):
        load_trust(path)


def test_a_trust_file_may_hold_several_keys(tmp_path: Path) -> None:
    second = Ed25519PrivateKey.from_private_bytes(b"2" * 32)
    document = {"keys": trust_document(KEY)["keys"] + trust_document(second)["keys"]}
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(document))
    trusted = load_trust(path)
    assert verify(sign(MANIFEST, KEY), trusted) == verify(sign(MANIFEST, second), trusted) == MANIFEST
