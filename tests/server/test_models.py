"""`GET /v1/models/current`: the newest model that this device can run."""

import dataclasses
from typing import Any

import pytest

from server.models import opset_of_ort
from sync.canonical import sha256_hex
from sync.signing import trust_document, verify

URL = "/v1/models/current"


def test_the_manifest_is_signed_and_the_files_are_there(limber: Any) -> None:
    release = limber.publish_model(b"the graph")
    answer = limber.client.get(URL).json
    trusted = {k["key_id"]: k["public_key"] for k in limber.client.get("/v1/keys").json["keys"]}
    assert trusted == {k["key_id"]: k["public_key"] for k in trust_document(limber.key)["keys"]}
    manifest = verify(answer["manifest"], trusted)
    assert manifest["sequence"] == release.number
    assert sha256_hex(limber.client.get(answer["url"]).data) == manifest["sha256"]
    assert sha256_hex(limber.client.get(answer["golden_url"]).data) == manifest["golden"]["sha256"]


def test_an_installed_model_that_is_current_is_not_offered_again(limber: Any) -> None:
    release = limber.publish_model(b"the graph")
    answer = limber.client.get(URL, query_string={"installed": release.object_sha256})
    assert answer.json == {"manifest": None, "url": None, "golden_url": None}
    newer = limber.publish_model(b"a better graph")
    answer = limber.client.get(URL, query_string={"installed": release.object_sha256})
    assert answer.json["manifest"]["manifest"]["sha256"] == newer.object_sha256


def test_a_device_gets_only_what_it_can_run(limber: Any) -> None:
    old = limber.publish_model(b"old", contract=1, opset=17)
    limber.publish_model(b"next", contract=1, opset=21)
    limber.publish_model(b"other contract", contract=2, opset=21)

    def offered(**query: Any) -> Any:
        answer = limber.client.get(URL, query_string=query)
        return (
            answer.json["manifest"]["manifest"]["sequence"]
            if answer.status_code == 200
            else answer.status_code
        )

    assert offered() == 3
    assert offered(contract=1) == 2
    assert offered(contract=1, opset=17) == old.number
    assert offered(contract=1, ort="1.17.3") == old.number
    assert offered(contract=1, ort="1.24") == 2
    assert offered(contract=1, ort="1.17", opset=21) == 2
    assert offered(contract=3) == 404
    assert offered(opset=16) == 404


def test_channels_are_apart(limber: Any) -> None:
    limber.publish_model(b"canary", channel="canary")
    assert limber.client.get(URL).status_code == 404
    assert limber.client.get(URL, query_string={"channel": "canary"}).status_code == 200


def test_an_unchanged_answer_is_not_sent_again(limber: Any) -> None:
    limber.publish_model(b"one")
    tag = limber.client.get(URL).headers["ETag"]
    assert limber.client.get(URL, headers={"If-None-Match": tag}).status_code == 304
    limber.publish_model(b"two")
    assert limber.client.get(URL, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"contract": "x"}, "contract"),
        ({"contract": "0"}, "contract"),
        ({"opset": "1.5"}, "opset"),
        ({"ort": "new"}, "ort"),
        ({"ort": "1.24\n"}, "ort"),
        ({"ort": "٣.٣"}, "ort"),
        ({"installed": "abc"}, "installed"),
        ({"installed": "A" * 64}, "installed"),
        ({"channel": "nightly"}, "channel"),
        ({"color": "red"}, "color"),
    ],
)
def test_a_wrong_parameter_is_named(reader: Any, query: dict[str, str], field: str) -> None:
    answer = reader.client.get(URL, query_string=query)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_links_are_absolute_when_the_public_address_is_known(limber: Any) -> None:
    limber.publish_model(b"one")
    shared = limber.app.extensions["limber"]
    shared.settings = dataclasses.replace(limber.settings, public_url="https://limber.example")
    assert limber.client.get(URL).json["url"].startswith("https://limber.example/v1/objects/models/")
    hint = limber.client.get("/v1/catalog/changes").json["snapshot"]
    assert hint["url"].startswith("https://limber.example/v1/objects/snapshots/")


@pytest.mark.parametrize(
    ("version", "opset"),
    [("1.5", 16), ("1.12", 17), ("1.13.1", 17), ("1.17", 20), ("1.18", 21), ("1.32.0", 21), ("2.0", 21)],
)
def test_a_runtime_tells_its_opset(version: str, opset: int) -> None:
    assert opset_of_ort(version) == opset


def test_a_server_without_a_key_has_no_keys(empty: Any) -> None:
    assert empty.client.get("/v1/keys").status_code == 404


def test_a_damaged_key_is_unavailable_and_not_shown(limber: Any, tmp_path: Any) -> None:
    damaged = tmp_path / "damaged.pem"
    damaged.write_text("not a key")
    shared = limber.app.extensions["limber"]
    shared.settings = dataclasses.replace(limber.settings, signing_key=damaged)
    answer = limber.client.get("/v1/keys")
    assert answer.status_code == 503
    assert "damaged.pem" not in answer.text
