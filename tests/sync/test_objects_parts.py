"""A large file comes into a store in parts: in any order, again, gone on with later, never half."""

import io
import os
import secrets
from pathlib import Path

import pytest
import requests
from botocore.exceptions import ClientError

from sync.objects import FolderStore, ObjectMissing, ObjectStore, StoreUnavailable, open_store
from sync.objects_parts import PartCut, Parts, PartsMissing, open_parts
from sync.objects_s3 import S3Store

PART = 5 << 20  # the least that S3 joins
WHOLE = os.urandom(PART) + b"the rest"
WANTED = {1: PART, 2: 8}


@pytest.fixture(params=["folder", "moto", *(["real"] if "TEST_S3" in os.environ else [])])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    if request.param == "moto":
        endpoint = request.getfixturevalue("moto_endpoint")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        address = f"s3://limber?endpoint={endpoint}&region=us-east-1&path_style=1"
    else:
        address = os.environ["TEST_S3"]
    bucket, _, options = address.partition("?")
    made = open_store(f"{bucket}/test-{secrets.token_hex(6)}?{options}")
    assert isinstance(made, S3Store)
    try:
        made.client.create_bucket(Bucket=made.bucket)
    except ClientError as error:
        assert "BucketAlready" in str(error)  # noqa: PT017  (both of S3's codes for "exists")
    return made


@pytest.fixture
def parts(store: ObjectStore) -> Parts:
    return open_parts(store)


def send(parts: Parts, handle: str, number: int, body: bytes) -> None:
    """As a browser does: to the address, or through the server where there is none."""
    address = parts.address("uploads/a", handle, number, len(body))
    if address is None:
        parts.receive("uploads/a", handle, number, len(body), io.BytesIO(body))
    else:
        assert requests.put(address, data=body, timeout=20).status_code == 200


def test_parts_in_any_order_and_twice_become_the_whole(parts: Parts, tmp_path: Path) -> None:
    handle = parts.begin("uploads/a", "video/mp4")
    send(parts, handle, 2, WHOLE[PART:])
    send(parts, handle, 1, WHOLE[:PART])
    send(parts, handle, 2, WHOLE[PART:])
    assert parts.sizes("uploads/a", handle) == WANTED
    parts.complete("uploads/a", handle, WANTED)
    assert parts.fetch("uploads/a", handle, tmp_path / "whole", 10**8) == len(WHOLE)
    assert (tmp_path / "whole").read_bytes() == WHOLE


def test_completing_again_after_a_lost_answer_does_no_harm(parts: Parts) -> None:
    handle = parts.begin("uploads/a", "video/mp4")
    send(parts, handle, 1, b"all of it")
    for _ in range(2):
        parts.complete("uploads/a", handle, {1: 9})


def test_what_is_missing_or_of_another_size_is_named(parts: Parts) -> None:
    handle = parts.begin("uploads/a", "video/mp4")
    send(parts, handle, 2, b"seven b")
    with pytest.raises(PartsMissing) as told:
        parts.complete("uploads/a", handle, WANTED)
    assert told.value.numbers == [1, 2]


def test_another_process_goes_on_where_one_stopped(store: ObjectStore) -> None:
    handle = open_parts(store).begin("uploads/a", "video/mp4")
    send(open_parts(store), handle, 1, WHOLE[:PART])
    assert open_parts(store).sizes("uploads/a", handle) == {1: PART}
    send(open_parts(store), handle, 2, WHOLE[PART:])
    open_parts(store).complete("uploads/a", handle, WANTED)


def test_no_more_is_fetched_than_asked_for(parts: Parts, tmp_path: Path) -> None:
    handle = parts.begin("uploads/a", "video/mp4")
    send(parts, handle, 1, b"0123456789")
    parts.complete("uploads/a", handle, {1: 10})
    assert parts.fetch("uploads/a", handle, tmp_path / "some", 4) == 4


def test_a_part_that_breaks_off_leaves_nothing(parts: Parts) -> None:
    handle = parts.begin("uploads/a", "video/mp4")
    with pytest.raises(PartCut):
        parts.receive("uploads/a", handle, 1, 100, io.BytesIO(b"short"))
    assert parts.sizes("uploads/a", handle) == {}


@pytest.mark.parametrize("completed", [False, True])
def test_what_is_discarded_is_gone(parts: Parts, store: ObjectStore, tmp_path: Path, completed: bool) -> None:
    handle = parts.begin("uploads/a", "video/mp4")
    send(parts, handle, 1, b"all of it")
    if completed:
        parts.complete("uploads/a", handle, {1: 9})
    for _ in range(2):
        parts.discard("uploads/a", handle)
    assert parts.sizes("uploads/a", handle) == {}
    with pytest.raises(ObjectMissing):
        parts.fetch("uploads/a", handle, tmp_path / "none", 10)
    if isinstance(store, FolderStore):
        assert not (store.root / "uploads" / "a").exists()


def test_an_s3_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    away = open_parts(open_store("s3://limber?endpoint=http://127.0.0.1:9&path_style=1"))
    with pytest.raises(StoreUnavailable):
        away.begin("uploads/a", "video/mp4")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file stands in the way")
    with pytest.raises(StoreUnavailable, match="uploads"):
        open_parts(FolderStore(tmp_path)).begin("uploads/a", "video/mp4")


def test_another_kind_of_store_takes_none() -> None:
    with pytest.raises(TypeError, match="takes no uploads"):
        open_parts(object())  # type: ignore[arg-type]


def test_a_file_becomes_an_object_once(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(WHOLE)
    (tmp_path / "two").write_bytes(b"another")
    assert store.put_file_if_absent("media/a.mp4", tmp_path / "one", "video/mp4") is True
    assert store.put_file_if_absent("media/a.mp4", tmp_path / "two", "video/mp4") is False
    assert store.get("media/a.mp4") == WHOLE
