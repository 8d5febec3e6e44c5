"""Who is let in by an access token, and who is not: RFC 9068, RFC 6750 and the attacks on JWT that are known."""

import base64
import hmac
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey

from server.auth import (
    AUDIENCE,
    ROLES,
    SCOPES,
    TokenInvalid,
    TokenKeyInvalid,
    create_token_key,
    load_keys,
    mint,
    verify_token,
)
from server.settings import Settings

NOW = 1_800_000_000.0
URL = "/v1/models/status"
ISSUER = Settings().issuer


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=tmp_path)
    create_token_key(made.token_key)
    return made


@pytest.fixture
def keys(settings: Settings) -> KeySet:
    return load_keys(settings.token_key)


def claims(**changed: Any) -> dict[str, Any]:
    made = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "mia", "client_id": "c", "iat": NOW, "exp": NOW + 60,
        "jti": "1", "roles": ["ml_engineer"],
    }  # fmt: skip
    return {name: value for name, value in (made | changed).items() if value is not None}


def signed(key: Any, body: dict[str, Any], **header: Any) -> str:
    made = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid} | header
    made = {name: value for name, value in made.items() if value is not None}
    return jwt.encode(made, body, key, [made["alg"]], default_type=None)


def parts(header: Any, body: Any, signature: bytes = b"") -> str:
    def encoded(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    return f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(body).encode())}.{encoded(signature)}"


def test_a_minted_token_says_who_and_with_what_roles(settings: Settings, keys: KeySet) -> None:
    text = mint(settings, "mia", ["ml_engineer", "editor"], 60, NOW)
    found = verify_token(text, keys, settings.issuer, NOW)
    assert (found.name, found.roles) == ("mia", {"ml_engineer", "editor"})
    assert (found.scopes, found.client_id, found.family) == (set(SCOPES), "limber-cli", None)
    narrow = mint(settings, "mia", ["editor"], 60, NOW, scope="catalog")
    assert verify_token(narrow, keys, settings.issuer, NOW).scopes == {"catalog"}


def test_a_token_of_an_ed25519_key_is_as_good(tmp_path: Path) -> None:
    key = OKPKey.generate_key("Ed25519")
    file = tmp_path / "keys" / "tokens.pem"
    file.parent.mkdir()
    file.write_bytes(key.as_pem(private=True))
    settings = Settings(data=tmp_path)
    text = mint(settings, "mia", ["member"], 60, NOW)
    assert verify_token(text, load_keys(file), settings.issuer, NOW).roles == {"member"}


def test_a_key_set_holds_old_and_new_keys_and_needs_no_private_half(tmp_path: Path) -> None:
    old, new = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in (new, old)]}))
    keys = load_keys(file)
    for key in (old, new):
        key.ensure_kid()
        assert verify_token(signed(key, claims()), keys, ISSUER, NOW).name == "mia"
    with pytest.raises(TokenKeyInvalid, match="no private key"):
        mint(Settings(token_key=file), "mia", ["member"], 60)


BAD_CLAIMS = {
    "expired": {"exp": NOW - 6},
    "not yet": {"nbf": NOW + 60},
    "issued in the future": {"iat": NOW + 60},
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "urn:other"},
    "no audience": {"aud": None},
    "no expiry": {"exp": None},
    "an expiry in words": {"exp": "never"},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 7},
    "a subject with NUL": {"sub": "a\x00b"},
    "no id": {"jti": None},
    "no client": {"client_id": None},
    "roles as text": {"roles": "ml_engineer"},
    "roles of numbers": {"roles": [1]},
    "a scope that is a list": {"scope": ["models"]},
    "a client that is a number": {"client_id": 7},
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_token_with_wrong_claims_is_refused(keys: KeySet, name: str) -> None:
    with pytest.raises(TokenInvalid):
        verify_token(signed(keys.keys[0], claims(**BAD_CLAIMS[name])), keys, ISSUER, NOW)


def test_a_token_without_roles_has_none(keys: KeySet) -> None:
    assert verify_token(signed(keys.keys[0], claims(roles=None)), keys, ISSUER, NOW).roles == set()


def test_algorithms_are_ours_to_choose(keys: KeySet) -> None:
    """No `none`; no HS256 with our public key as the secret; no key that the token brings along."""
    key = keys.keys[0]
    attacks = [
        parts({"alg": "none", "typ": "at+jwt", "kid": key.kid}, claims()),
        parts({"alg": "None", "typ": "at+jwt", "kid": key.kid}, claims()),
        parts({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims()),
        parts({"typ": "at+jwt", "kid": key.kid}, claims()),
        parts({"alg": ["ES256"], "typ": "at+jwt", "kid": key.kid}, claims(), b"x" * 64),
        parts([], claims()),
        parts({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, [], b"x" * 64),
    ]
    for secret in (key.as_pem(private=False), key.as_der(private=False)):  # type: ignore[attr-defined]
        unsigned = parts({"alg": "HS256", "typ": "at+jwt", "kid": key.kid}, claims()).rpartition(".")[0]
        mac = hmac.digest(secret, unsigned.encode(), "sha256")
        attacks.append(f"{unsigned}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")
    stranger = ECKey.generate_key("P-256")
    stranger.ensure_kid()
    attacks.append(signed(stranger, claims()))
    attacks.append(signed(stranger, claims(), kid=key.kid))
    attacks.append(signed(stranger, claims(), jwk=stranger.as_dict(private=False)))
    ed = OKPKey.generate_key("Ed25519")
    attacks.append(signed(ed, claims(), alg="Ed25519", kid=key.kid))
    for text in attacks:
        with pytest.raises(TokenInvalid):
            verify_token(text, keys, ISSUER, NOW)


@pytest.mark.parametrize("typ", [None, "JWT", "id+jwt", "at"])
def test_another_kind_of_token_is_refused(keys: KeySet, typ: str | None) -> None:
    with pytest.raises(TokenInvalid, match="at\\+jwt"):
        verify_token(signed(keys.keys[0], claims(), typ=typ), keys, ISSUER, NOW)


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "é.é.é", "a" * 9000, "..", "e30.e30.e30", "{}"])
def test_what_is_no_token_is_refused(keys: KeySet, text: str) -> None:
    with pytest.raises(TokenInvalid):
        verify_token(text, keys, ISSUER, NOW)


def test_any_flipped_bit_is_refused(keys: KeySet) -> None:
    text = signed(keys.keys[0], claims())
    for place in range(0, len(text), 7):
        changed = "A" if text[place] != "A" else "Q"
        with pytest.raises(TokenInvalid):
            verify_token(text[:place] + changed + text[place + 1 :], keys, ISSUER, NOW)


def test_the_key_file_is_its_owners_alone_and_never_replaced(settings: Settings) -> None:
    assert stat.S_IMODE(settings.token_key.stat().st_mode) == 0o600
    before = settings.token_key.read_bytes()
    create_token_key(settings.token_key)
    assert settings.token_key.read_bytes() == before


@pytest.mark.parametrize(
    "content", ["", "{", "{}", '{"keys": [{}]}', '{"keys": [{"kty": "oct", "k": "AAAA"}]}']
)
def test_an_unusable_key_file_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "tokens.pem"
    file.write_text(content)
    with pytest.raises(TokenKeyInvalid, match=r"tokens\.pem"):
        load_keys(file)
    with pytest.raises(TokenKeyInvalid, match=r"none\.pem"):
        load_keys(tmp_path / "none.pem")


@pytest.mark.parametrize(
    ("roles", "seconds", "said"), [(["root"], 60, "root"), (["member"], 3601, "3601"), (["member"], 0, "0")]
)
def test_what_must_not_be_minted_is_not(
    settings: Settings, roles: list[str], seconds: int, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        mint(settings, "mia", roles, seconds)


# Over HTTP


def test_the_right_role_is_let_in(reader: Any) -> None:
    assert reader.client.get(URL, headers=reader.token("ml_engineer")).status_code == 200


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("ml_engineer", "admin")])
def test_another_role_is_told_which_one_is_needed(reader: Any, role: str) -> None:
    answer = reader.client.get(URL, headers=reader.token(role))
    assert (answer.status_code, answer.json["roles"]) == (403, ["ml_engineer", "admin"])
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("header", [None, "", "Basic bWlhOng=", "Bearer", "Bearer "])
def test_nobody_is_asked_for_a_token(reader: Any, header: str | None) -> None:
    answer = reader.client.get(URL, headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="limber"')
    assert answer.content_type == "application/problem+json"


def test_a_token_that_is_not_valid_is_told_so_and_nothing_else(reader: Any) -> None:
    reader.token("ml_engineer")
    long_ago = mint(reader.settings, "mia", ["ml_engineer"], 60, NOW - 1e9)
    for text in ("x.y.z", long_ago):
        answer = reader.client.get(URL, headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_the_token_is_looked_at_before_the_body(reader: Any) -> None:
    answer = reader.client.post("/v1/models/halt", data=b"{", content_type="application/json")
    assert answer.status_code == 401


def test_a_damaged_key_is_unavailable_and_not_shown_and_without_one_nobody_is_let_in(empty: Any) -> None:
    header = empty.token("ml_engineer")
    empty.settings.token_key.write_text("not a key")
    answer = empty.client.get(URL, headers=header)
    assert answer.status_code == 503
    assert "tokens.pem" not in answer.text
    empty.settings.token_key.unlink()
    assert empty.client.get(URL, headers=header).status_code == 401


SHIPPING = [
    ("get", "/v1/models/status"),
    ("get", f"/v1/models/files/{'0' * 64}.onnx"),
    ("put", f"/v1/models/files/{'0' * 64}.onnx"),
    *(("post", f"/v1/models/{name}") for name in ("releases", "promote", "halt", "rollback")),
]


@pytest.mark.parametrize(("method", "path"), SHIPPING)
def test_everything_of_shipping_needs_the_role(reader: Any, method: str, path: str) -> None:
    call = getattr(reader.client, method)
    assert call(path).status_code == 401
    assert call(path, headers=reader.token("editor")).status_code == 403
    document = reader.client.get("/openapi.json").json
    operation = document["paths"][path.replace(f"{'0' * 64}.onnx", "{name}")][method]
    assert operation["security"] == [{"bearer": []}]
    assert operation["x-permission"] in ("models.read", "models.release")
