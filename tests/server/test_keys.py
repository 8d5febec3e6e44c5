"""The signing key is changed while devices are out there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.keys import rotate, signing_key, successors
from server.models.releasing import By, Wish, halt
from server.settings import Settings
from sync.signing import KeyInvalid, parse_trust, public_entry, trust_document, verify
from sync.trust import Trust, follow
from tests.server.shipping import facts, released

NEW = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
NOW = datetime.now(UTC)


def test_after_a_rotation_what_is_offered_is_signed_anew_and_devices_can_follow(limber: Any) -> None:
    one, two = released(limber, b"one"), released(limber, b"two")
    with limber.engine.begin() as conn:
        halt(conn, limber.key, two.number, By("mia", NOW, "it limps"))
        rotate(conn, limber.key, NEW, "root", NOW)
        assert successors(conn) == {public_entry(key)["key_id"] for key in (limber.key, NEW)}
    offer = limber.client.get("/v1/models/current").json["manifest"]
    assert offer["key_id"] == public_entry(NEW)["key_id"]
    assert verify(offer, parse_trust(trust_document(NEW), "new"))["sha256"] == one.object_sha256
    changes = limber.client.get("/v1/catalog/changes").json
    first = changes["snapshot"]["cursor"]
    release = limber.client.get("/v1/catalog/changes", query_string={"since": first}).json["release"]
    assert verify(release, parse_trust(trust_document(NEW), "new"))["kind"] == "catalog"
    statements = limber.client.get("/v1/keys").json["statements"]
    followed = follow(Trust(parse_trust(trust_document(limber.key), "old")), statements, NOW)
    assert followed.at(NOW) == parse_trust(trust_document(NEW, limber.key), "both")


def test_the_server_shows_the_old_key_until_it_ends(limber: Any) -> None:
    with limber.engine.begin() as conn:
        rotate(conn, limber.key, NEW, "root", NOW - timedelta(days=10), timedelta(days=11))
    shown = limber.client.get("/v1/keys").json["keys"]
    assert {k["key_id"] for k in shown} == {public_entry(key)["key_id"] for key in (limber.key, NEW)}
    with limber.engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM key_statement")
        rotate(conn, NEW, limber.key, "root", NOW - timedelta(days=10), timedelta(days=9))
    assert limber.client.get("/v1/keys").json["keys"] == [public_entry(limber.key)]


def test_a_rotation_is_done_once_and_written_down(limber: Any) -> None:
    with limber.engine.begin() as conn:
        assert rotate(conn, limber.key, NEW, "root", NOW) is not None
        assert rotate(conn, limber.key, NEW, "root", NOW) is None
        with pytest.raises(ValueError, match="is the old one"):
            rotate(conn, NEW, NEW, "root", NOW)
    (entry,) = limber.client.get("/v1/models/status", headers=limber.token("ml_engineer")).json["audit"]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("root", "rotate", "signing key")


def test_a_model_published_after_a_rotation_is_signed_by_the_new_key(limber: Any) -> None:
    from server.models.releasing import publish

    with limber.engine.begin() as conn:
        rotate(conn, limber.key, NEW, "root", NOW)
        done = publish(conn, NEW, facts(limber, b"new"), None, Wish("canary"), By("mia", NOW))
    assert done.release is not None
    assert done.release.manifest["key_id"] == public_entry(NEW)["key_id"]


def test_a_server_with_a_key_in_kms_asks_kms(limber: Any) -> None:
    with pytest.raises(KeyInvalid, match="unknown option 'colour'"):
        signing_key(Settings(signing_kms="alias/limber?colour=red"))
