"""What a request to `POST /v1/sync` must look like, and what is said to one that does not."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.problems import Fault
from server.replication.envelope import MOST_PATCHES, PROTOCOL, read_envelope
from server.replication.sync_schemas import SyncRequest
from sync.cursor import Cursor, encode
from tests.server.accounts import Phone, new_account, phone

STREAM = "account:6f1c7a52-3c7e-4d5b-9f0a-000000000001"
FINE = {"device": "1f2e3d4c5b6a7988", "protocol": 1, "cursors": {}, "patches": []}
SHA = "0" * 64
LATENCY = [1] + [0] * 14
COUNTS = dict.fromkeys(("runs", "failures", "rejections", "completed", "skipped", "swapped", "pain"), 1)
REPORT = {
    "id": "6f1c7a52-3c7e-4d5b-9f0a-000000000001",
    "models": [{"sha256": SHA, "channel": "stable", **COUNTS, "failures": 0, "latency": LATENCY}],
}

BAD: list[tuple[dict[str, Any], str]] = [
    ({"device": None}, "device"),
    ({"device": 5}, "device"),
    ({"device": "1F2E3D4C5B6A7988"}, "device"),
    ({"device": "1f2e3d4c5b6a7988\n"}, "device"),
    ({"device": "0" * 16}, "device"),
    ({"protocol": None}, "protocol"),
    ({"protocol": "1"}, "protocol"),
    ({"protocol": True}, "protocol"),
    ({"protocol": -1}, "protocol"),
    ({"protocol": 1.0}, "protocol"),
    ({"protocol": 10**9}, "protocol"),
    ({"cursors": None}, "cursors"),
    ({"cursors": []}, "cursors"),
    ({"cursors": {"model": None}}, "cursors.model"),
    ({"cursors": {"account": 5}}, "cursors.account"),
    ({"cursors": {"account": ""}}, "cursors.account"),
    ({"cursors": {"account": "x" * 5000}}, "cursors.account"),
    ({"cursors": {"account": encode(Cursor("account:somebody-else", "e", 1))}}, "cursors.account"),
    ({"cursors": {"account": encode(Cursor("catalog", "e", 1))}}, "cursors.account"),
    ({"cursors": {"catalog": encode(Cursor(STREAM, "e", 1))}}, "cursors.catalog"),
    ({"cursors": {"catalog": True}}, "cursors.catalog"),
    ({"patches": None}, "patches"),
    ({"patches": {}}, "patches"),
    ({"patches": "all"}, "patches"),
    ({"patches": [None] * (MOST_PATCHES + 1)}, "patches"),
    ({"limit": 0}, "limit"),
    ({"limit": None}, "limit"),
    ({"limit": 10_001}, "limit"),
    ({"limit": "10"}, "limit"),
    ({"model": []}, "model"),
    ({"model": {"installed": "abc"}}, "model.installed"),
    ({"model": {"installed": SHA + "\n"}}, "model.installed"),
    ({"model": {"channel": "nightly"}}, "model.channel"),
    ({"model": {"channel": ["stable"]}}, "model.channel"),
    ({"model": {"contract": 0}}, "model.contract"),
    ({"model": {"app": "1.2.3.4"}}, "model.app"),
    ({"model": {"runtime": "ort"}}, "model.runtime"),
    ({"model": {"runtime": {"ort": "new"}}}, "model.runtime.ort"),
    ({"model": {"runtime": {"opset": 21.5}}}, "model.runtime.opset"),
    ({"model": {"runtime": {"wasm": 1}}}, "model.runtime.wasm"),
    ({"model": {"device": "abcdefgh"}}, "model.device"),
    ({"health": []}, "health"),
    ({"health": {**REPORT, "id": "1"}}, "health.id"),
    ({"health": {**REPORT, "models": [{**REPORT["models"][0], "runs": -1}]}}, "health.models.0.runs"),  # type: ignore[dict-item]
    ({"healt": REPORT}, "healt"),
    ({"x" * 5000: 1}, "x" * 80),
]


@pytest.fixture(scope="module")
def mia(reader: Any) -> Phone:
    """A phone whose requests are all refused, so that nothing of it is kept."""
    return phone(reader, new_account(reader))


def send(mia: Phone, body: Any) -> Any:
    """Whatever JSON can say, null and huge numbers too."""
    return mia.client.post(
        "/v1/sync", data=json.dumps(body), content_type="application/json", headers=mia.bearer
    )


@pytest.mark.parametrize(("change", "field"), BAD, ids=lambda value: str(value)[:60])
def test_a_malformed_envelope_is_refused_by_field(mia: Phone, change: dict[str, Any], field: str) -> None:
    answer = mia.client.post("/v1/sync", json={**FINE, **change}, headers=mia.bearer)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert field in answer.json["detail"]
    assert answer.json["errors"][field][0].endswith(".")


@pytest.mark.parametrize("name", ["device", "protocol"])
def test_what_must_be_there_is_named(mia: Phone, name: str) -> None:
    body = {key: value for key, value in FINE.items() if key != name}
    assert list(mia.client.post("/v1/sync", json=body, headers=mia.bearer).json["errors"]) == [name]


@pytest.mark.parametrize("body", [[], "text", 5, None, [FINE]])
def test_a_body_that_is_no_object_is_refused(mia: Phone, body: Any) -> None:
    answer = send(mia, body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["body"])


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b"[" * 5000, b'{"a":1e999}', b"{}x"]
)
def test_malformed_json_is_a_bad_request(mia: Phone, body: bytes) -> None:
    answer = mia.client.post("/v1/sync", data=body, content_type="application/json", headers=mia.bearer)
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["body"])


def test_an_app_that_is_too_old_is_told_what_to_do(mia: Phone) -> None:
    # Whatever else it says, which once may have been right.
    for body in ({"protocol": 0}, {**FINE, "protocol": 0, "since": 5}):
        answer = mia.client.post("/v1/sync", json=body, headers=mia.bearer)
        assert answer.status_code == 426
        assert answer.headers["Upgrade"] == f"limber-sync/{PROTOCOL}"
        assert answer.json["action"] == "update"
        assert answer.json["protocol"] == {"oldest": 1, "newest": PROTOCOL}
        assert "Update it" in answer.json["detail"]


def test_a_newer_app_is_served_in_the_form_that_is_spoken_here(mia: Phone) -> None:
    later = {"wishes": 1, "cursors": {"media": None}, "model": {"runtime": {"gpu": 1}, "wants": 2}}
    answer = mia.client.post("/v1/sync", json={**FINE, "protocol": 7, **later}, headers=mia.bearer)
    assert (answer.status_code, answer.json["protocol"]) == (200, PROTOCOL)


# The document and the checks by hand

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
SOME = st.one_of(JSON, st.sampled_from([1, "1.2", "0" * 16, "a" * 16, SHA, "stable", {}, [], 21]))


def member(name: str, *fine: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.just({}), st.builds(lambda value: {name: value}, st.one_of(st.sampled_from(fine), SOME))
    )


def joined(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(
        lambda found: {name: value for part in found for name, value in part.items()}
    )


RUNTIME = joined(member("ort", "1.24", "1.24.1"), member("opset", 21, None))
MODEL = joined(
    member("installed", SHA, None), member("contract", 1, None), member("channel", "stable", "canary"),
    member("app", "1.2.0", None), st.builds(lambda value: {"runtime": value}, RUNTIME),
)  # fmt: skip
ENVELOPE = joined(
    st.just(FINE), member("device", "a" * 16), member("protocol", 1), member("limit", 1, 10_000), member("patches", []),
    st.builds(lambda value: {"model": value}, MODEL | SOME), member("health", REPORT, None),
    st.builds(lambda value: {"cursors": value}, joined(member("account", None), member("catalog", None)) | SOME),
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(ENVELOPE | JSON)
def test_the_document_and_the_checks_by_hand_agree(body: Any) -> None:
    documented = not (SyncRequest().validate(body) if isinstance(body, dict) else True)
    accepted, fault = _read(body)
    if fault is None:
        assert documented or accepted.protocol > PROTOCOL
    elif fault.status != 426:
        (field,) = fault.errors or {}
        # What a schema cannot say: a cursor's inside, and an id that is the server's own.
        assert fault.status == 422
        assert not documented or field.startswith("cursors.") or body["device"] == "0" * 16


def _read(body: Any) -> tuple[Any, Fault | None]:
    try:
        return read_envelope(body, STREAM), None
    except Fault as fault:
        return None, fault


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(JSON | st.fixed_dictionaries({}, optional={
    "collection": SOME | st.sampled_from(["profile", "session", "exercise_pref", "constraint"]),
    "id": SOME | st.sampled_from(["me", "squat"]), "hlc": SOME, "set": SOME | st.dictionaries(st.text(), JSON),
    "delete": SOME,
}), max_size=5))  # fmt: skip
def test_no_patch_however_odd_breaks_the_request(mia: Phone, patches: list[Any]) -> None:
    answer = send(mia, {**FINE, "patches": patches})
    if answer.status_code == 400:  # text that JSON cannot carry
        return
    assert answer.status_code == 200
    assert [result["status"] for result in answer.json["results"]] == ["rejected"] * len(patches)
    for patch, result in zip(patches, answer.json["results"], strict=True):
        said = patch.get("id") if isinstance(patch, dict) else None
        assert result["id"] == (said if isinstance(said, str) else None)
        assert result["error"]["detail"]
