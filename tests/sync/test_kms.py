"""Keys in AWS KMS, to sign and to wrap: the API as it is documented, spoken by a small server on loopback."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.kms import LONGEST_MESSAGE, open_kms, open_kms_master
from sync.sealing import SealBroken, new_data_key, open_master
from sync.signing import KeyInvalid, KeyUnavailable, parse_trust, sign, trust_document, verify
from tests.sync.fakes import serving

MANIFEST = {"kind": "model", "sequence": 3}


class Kms:
    """What KMS does with one key. `calls` lists the operations; `fault` names what goes wrong."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        self.public: Any = self.key.public_key()
        self.calls: list[str] = []
        self.fault = ""

    def answer(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(operation)
        if self.fault == "denied":
            return 400, {"__type": "AccessDeniedException", "message": "not for you"}
        if body["KeyId"] != "alias/limber":
            return 400, {"__type": "NotFoundException", "message": f"Alias {body['KeyId']} is not found."}
        if operation == "TrentService.GetPublicKey":
            der = self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            if self.fault == "rubbish":
                der = b"rubbish"
            return 200, {
                "PublicKey": base64.b64encode(der).decode(),
                "KeySpec": "ECC_NIST_EDWARDS25519",
                "KeyUsage": "SIGN_VERIFY",
            }
        if operation in ("TrentService.Encrypt", "TrentService.Decrypt"):
            return self.wrapping(operation, body)
        assert operation == "TrentService.Sign"
        assert (body["MessageType"], body["SigningAlgorithm"]) == ("RAW", "ED25519_SHA_512")
        message = base64.b64decode(body["Message"])
        assert len(message) <= 4096
        signature = self.key.sign(message if self.fault != "wrong" else b"something else")
        return 200, {"Signature": base64.b64encode(signature).decode(), "KeyId": body["KeyId"]}

    def wrapping(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A symmetric key: the encryption context is authenticated, and needed again to decrypt."""
        context = json.dumps(body["EncryptionContext"], sort_keys=True).encode()
        cipher = AESGCM(b"m" * 32)
        if operation == "TrentService.Encrypt":
            blob = b"n" * 12 + cipher.encrypt(b"n" * 12, base64.b64decode(body["Plaintext"]), context)
            return 200, {"CiphertextBlob": base64.b64encode(blob).decode(), "KeyId": body["KeyId"]}
        blob = base64.b64decode(body["CiphertextBlob"])
        try:
            plain = cipher.decrypt(blob[:12], blob[12:], context)
        except InvalidTag:
            return 400, {"__type": "InvalidCiphertextException"}
        return 200, {"Plaintext": base64.b64encode(plain).decode(), "KeyId": body["KeyId"]}


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Kms, str]]:
    """(the fake, the address of its key)."""
    fake = Kms()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert "AWS4-HMAC-SHA256" in self.headers["Authorization"]
            status, answer = fake.answer(self.headers["X-Amz-Target"], body)
            sent = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        open_kms.cache_clear()
        open_kms_master.cache_clear()
        yield fake, f"alias/limber?region=eu-central-1&endpoint={address}"
    open_kms.cache_clear()
    open_kms_master.cache_clear()


def test_what_kms_signs_verifies_like_any_other_signature(kms: tuple[Kms, str]) -> None:
    fake, address = kms
    key = open_kms(address)
    trusted = parse_trust(trust_document(key), "here")
    assert trusted == parse_trust(trust_document(fake.key), "here")
    assert verify(sign(MANIFEST, key), trusted) == MANIFEST
    assert sign(MANIFEST, key) == sign(MANIFEST, fake.key)


def test_the_public_half_is_asked_for_once(kms: tuple[Kms, str]) -> None:
    fake, address = kms
    for _ in range(3):
        sign(MANIFEST, open_kms(address))
    assert fake.calls.count("TrentService.GetPublicKey") == 1


def test_a_signature_that_does_not_fit_is_never_used(kms: tuple[Kms, str]) -> None:
    fake, address = kms
    key = open_kms(address)
    fake.fault = "wrong"
    with pytest.raises(KeyUnavailable, match="does not fit"):
        key.sign(b"a manifest")


def test_what_is_too_long_for_kms_is_refused_before_it_is_sent(kms: tuple[Kms, str]) -> None:
    _, address = kms
    with pytest.raises(ValueError, match="4096"):
        open_kms(address).sign(b"x" * (LONGEST_MESSAGE + 1))


def test_a_key_of_another_kind_or_that_cannot_be_read_is_named(kms: tuple[Kms, str]) -> None:
    fake, address = kms
    fake.public = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(KeyInvalid, match=r"alias/limber.*ECC_NIST_EDWARDS25519"):
        open_kms(address)
    fake.fault = "rubbish"
    with pytest.raises(KeyInvalid, match="cannot be read"):
        open_kms(address)


def test_what_kms_refuses_is_told(kms: tuple[Kms, str]) -> None:
    fake, address = kms
    with pytest.raises(KeyUnavailable, match="Alias alias/other is not found"):
        open_kms(address.replace("alias/limber", "alias/other"))
    fake.fault = "denied"
    with pytest.raises(KeyUnavailable, match="not for you"):
        open_kms(address)


@pytest.mark.parametrize(
    "address", ["", "?region=x", "alias/a?colour=red", "alias/a?region=x&endpoint=ftp://x"]
)
def test_an_address_that_makes_no_sense_is_refused(address: str) -> None:
    for door in (open_kms, open_kms_master):
        with pytest.raises(KeyInvalid, match="KMS key"):
            door(address)


STREAM = "account:019ba403-eeff-75a4-a051-f21f6eb7e9c2"


def test_a_data_key_is_wrapped_for_one_stream(kms: tuple[Kms, str], tmp_path: Path) -> None:
    fake, address = kms
    master, key = open_master(tmp_path / "none", address), new_data_key()
    assert master.name == "kms:alias/limber"
    wrapped = master.wrap(key, STREAM)
    assert key not in wrapped
    assert master.unwrap(wrapped, STREAM) == key
    assert fake.calls == ["TrentService.Encrypt", "TrentService.Decrypt"]
    for changed, stream in ((wrapped, STREAM + "0"), (wrapped[:-1] + b"?", STREAM)):
        with pytest.raises(SealBroken, match="does not open with master key kms:alias/limber"):
            master.unwrap(changed, stream)


def test_a_master_key_out_of_reach_is_no_broken_seal(kms: tuple[Kms, str]) -> None:
    fake, address = kms
    master = open_kms_master(address)
    wrapped = master.wrap(new_data_key(), STREAM)
    fake.fault = "denied"
    with pytest.raises(KeyUnavailable, match="not for you"):
        master.unwrap(wrapped, STREAM)
    with pytest.raises(KeyUnavailable, match="not for you"):
        master.wrap(b"k" * 32, STREAM)
