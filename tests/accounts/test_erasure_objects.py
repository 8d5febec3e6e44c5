"""Objects of an account go with it, in a folder and behind an S3 API, and nobody else's do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from sync import objects_remove
from sync.objects import ObjectKeyInvalid, ObjectStore, StoreUnavailable, open_store
from sync.objects_remove import remove_below
from sync.objects_s3 import S3Store
from tests.accounts.data import new_person


@pytest.fixture(params=["folder", "s3", "s3 with a prefix"])
def store(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    if request.param == "folder":
        yield open_store(str(tmp_path / "objects"))
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        made = open_store("s3://limber/a/prefix" if "prefix" in request.param else "s3://limber")
        assert isinstance(made, S3Store)
        made.client.create_bucket(Bucket="limber")
        yield made


def test_all_below_a_prefix_are_removed_and_no_others(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects_remove, "_PAGE", 2)
    mine = [f"accounts/a/{number}" for number in range(5)] + ["accounts/a/deeper/still/6"]
    others = ["accounts/ab/1", "accounts/a1", "models/a/1"]
    for key in (*mine, *others):
        store.put_if_absent(key, b"x", "text/plain")
    assert remove_below(store, "accounts/a") == 6
    assert not [key for key in mine if store.exists(key)]
    assert all(store.exists(key) for key in others)
    assert remove_below(store, "accounts/a") == 0


def test_what_is_no_prefix_removes_nothing(store: ObjectStore) -> None:
    store.put_if_absent("accounts/a/1", b"x", "text/plain")
    for prefix in ("", "/", "..", "accounts/..", "accounts//a", "accounts/a/", "/etc"):
        with pytest.raises(ObjectKeyInvalid):
            remove_below(store, prefix)
    assert store.exists("accounts/a/1")


def test_a_bucket_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws(), pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        remove_below(open_store("s3://not-there"), "accounts/a")


def test_when_object_storage_is_away_nothing_of_the_account_is_erased(
    empty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mia = new_person(empty).signed_in()

    def away(*_: Any) -> int:
        raise StoreUnavailable("away")

    monkeypatch.setattr("server.accounts.erasure.remove_below", away)
    refused = mia.call("POST", "/v1/account/erase", json={})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert mia.ok("GET", "/v1/account")["name"] == "Mia"
