"""One contract for every object store: a folder, S3 as moto plays it, and any real S3 endpoint.

Set TEST_S3 to a store's address (`s3://bucket?endpoint=http://…&path_style=1`, credentials in boto3's usual
variables) to run it against a server that checks signatures; the bucket is made when it is missing.
"""

import os
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sync.objects import (
    FolderStore,
    ObjectKeyInvalid,
    ObjectMissing,
    ObjectStore,
    StoreInvalid,
    StoreUnavailable,
    open_store,
)
from sync.objects_s3 import S3Store

BODY = bytes(range(256)) * 40
KEY = "models/0a1b.onnx"
Opener = Callable[..., ObjectStore]


@pytest.fixture(params=["folder", "moto", *(["real"] if "TEST_S3" in os.environ else [])])
def opener(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Opens one and the same fresh store, as often as asked."""
    if request.param == "folder":
        return lambda **options: open_store((tmp_path / "objects").as_uri(), **options)
    if request.param == "moto":
        endpoint = request.getfixturevalue("moto_endpoint")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        address = f"s3://limber?endpoint={endpoint}&region=us-east-1&path_style=1"
    else:
        address = os.environ["TEST_S3"]
    bucket, _, options_text = address.partition("?")
    store = open_store(address)
    assert isinstance(store, S3Store)
    try:
        store.client.create_bucket(Bucket=store.bucket)
    except ClientError as error:
        assert "BucketAlready" in str(error)  # noqa: PT017  (both of S3's codes for "exists")
    fresh = f"{bucket}/test-{secrets.token_hex(6)}?{options_text}"
    return lambda **options: open_store(fresh, **options)


@pytest.fixture
def store(opener: Opener) -> ObjectStore:
    return opener()


def test_an_object_is_written_once_and_never_changes(store: ObjectStore) -> None:
    assert store.put_if_absent(KEY, BODY, "application/octet-stream") is True
    assert store.put_if_absent(KEY, b"other", "application/octet-stream") is False
    assert store.get(KEY) == BODY
    assert store.size(KEY) == len(BODY)
    assert store.exists(KEY)


def test_it_is_there_for_whoever_opens_the_store_next(opener: Opener) -> None:
    opener().put_if_absent(KEY, BODY, "application/octet-stream")
    assert opener().get(KEY) == BODY


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    assert store.put_if_absent(KEY, b"", "application/json", "gzip")
    assert (store.get(KEY), store.size(KEY), store.exists(KEY)) == (b"", 0, True)


@pytest.mark.parametrize("start", [0, 1, 5000, len(BODY) - 1, len(BODY), len(BODY) + 7])
@pytest.mark.parametrize("length", [None, 0, 1, 300, len(BODY) * 2])
def test_a_range_is_a_slice(store: ObjectStore, start: int, length: int | None) -> None:
    store.put_if_absent(KEY, BODY, "application/octet-stream")
    end = None if length is None else start + length
    assert store.get(KEY, start, end) == BODY[start:end]


def test_an_impossible_range_is_refused(store: ObjectStore) -> None:
    store.put_if_absent(KEY, BODY, "application/octet-stream")
    for start, end in ((-1, None), (5, 4), (0, -1)):
        with pytest.raises(ValueError, match="range"):
            store.get(KEY, start, end)


def test_what_is_missing_is_told_so(store: ObjectStore) -> None:
    store.put_if_absent(KEY, BODY, "application/octet-stream")
    for key in ("models/none.onnx", "models", "models/0a1b.onnx/more"):
        for ask in (store.get, store.size, lambda k: store.get(k, 3), lambda k: store.get(k, 2, 2)):
            with pytest.raises(ObjectMissing, match=key):
                ask(key)
        assert not store.exists(key)


NOT_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    "..",
    "../a",
    "a/../b",
    "a/..",
    "./a",
    "a/.hidden",
    "a b",
    "ä",
]
NOT_KEYS += ["a\\b", "a\n", "a\0b", "a?b", "a%2e", "x" * 513]


@pytest.mark.parametrize("key", NOT_KEYS)
def test_a_key_that_could_lead_elsewhere_is_refused(store: ObjectStore, key: str) -> None:
    for ask in (
        store.get,
        store.size,
        store.exists,
        store.url,
        lambda k: store.put_if_absent(k, b"", "text/plain"),
    ):
        with pytest.raises(ObjectKeyInvalid):
            ask(key)


def test_of_two_racing_writers_exactly_one_wins_and_the_content_is_whole(opener: Opener) -> None:
    bodies = [bytes([n]) * 200_000 for n in range(6)]
    for round_number in range(3):
        key, start, won = f"snapshots/{round_number}.json", threading.Barrier(len(bodies)), []

        def write(
            body: bytes, key: str = key, start: threading.Barrier = start, won: list[bytes] = won
        ) -> None:
            mine = opener()
            start.wait()
            if mine.put_if_absent(key, body, "application/json"):
                won.append(body)

        threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert opener().get(key) == won[0]


def test_an_address_serves_the_object_as_it_was_stored(store: ObjectStore) -> None:
    store.put_if_absent(KEY, BODY, "application/x-test", "zstd")
    url = store.url(KEY)
    if isinstance(store, FolderStore):
        assert url is None
        return
    assert url is not None
    with urllib.request.urlopen(url) as response:
        assert response.read() == BODY
        assert response.headers["Content-Type"] == "application/x-test"
        assert response.headers["Content-Encoding"] == "zstd"
        assert "immutable" in response.headers["Cache-Control"]
    ranged = urllib.request.Request(url, headers={"Range": "bytes=100-199"})
    with urllib.request.urlopen(ranged) as response:
        assert (response.status, response.read()) == (206, BODY[100:200])


def test_a_public_base_replaces_presigned_addresses(opener: Opener) -> None:
    url = opener(public_base="https://cdn.example/limber/").url(KEY)
    assert url in (None, f"https://cdn.example/limber/{KEY}")
    assert (url is None) == isinstance(opener(), FolderStore)


@pytest.mark.skipif("TEST_S3" not in os.environ, reason="TEST_S3 names no S3 endpoint")
def test_a_tampered_address_is_refused() -> None:
    store = open_store(os.environ["TEST_S3"])
    store.put_if_absent(KEY, BODY, "application/octet-stream")
    url = store.url(KEY)
    assert url is not None
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"))


def test_a_bucket_that_is_not_there_is_told_so(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = open_store(f"s3://nobody?endpoint={moto_endpoint}&path_style=1")
    for ask in (lambda: store.get(KEY), lambda: store.put_if_absent(KEY, b"", "text/plain")):
        with pytest.raises(StoreUnavailable, match="s3://nobody"):
            ask()


def test_an_endpoint_that_does_not_answer_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = open_store("s3://bucket?endpoint=http://127.0.0.1:9&path_style=1")
    for ask in (store.get, store.size, store.exists, lambda k: store.put_if_absent(k, b"", "text/plain")):
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:9"):
            ask(KEY)


def test_a_draft_left_by_a_crash_is_no_object(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / ".draft-1").write_bytes(b"half")
    assert store.put_if_absent(KEY, BODY, "application/octet-stream")
    assert store.get(KEY) == BODY
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == [".draft-1", "0a1b.onnx"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "expected a folder"),
        ("ftp://host/x", "unknown scheme 'ftp'"),
        ("file://host/x", "file:///absolute"),
        ("s3://", "s3://bucket"),
        ("s3://user:secret@bucket", "without credentials"),
        ("s3://bucket?colour=red", "unknown option 'colour'"),
        ("s3://bucket?endpoint=somewhere", "endpoint 'somewhere'"),
        ("s3://bucket?path_style=yes", "path_style"),
        ("s3://bucket/a/../b", "not a key"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_in_words(address: str, words: str) -> None:
    with pytest.raises(StoreInvalid, match=words) as caught:
        open_store(address)
    assert "secret" not in str(caught.value)
