"""`GET /v1/objects/<key>`: immutable, resumable, and nothing but what was published."""

from collections.abc import Callable
from typing import Any

import pytest

BODY = bytes(range(256)) * 40


@pytest.fixture
def model_url(reader: Any) -> str:
    url: str = reader.client.get("/v1/models/current").json["url"]
    return url


def test_an_object_is_served_for_ever(reader: Any, model_url: str) -> None:
    answer = reader.client.get(model_url, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.data) == (200, BODY)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "Content-Encoding" not in answer.headers
    again = reader.client.get(model_url, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=10000-", 10000, 10240),
        ("bytes=-40", 10200, 10240),
        ("bytes=10200-99999", 10200, 10240),
        ("bytes=-99999", 0, 10240),
    ],
)
def test_a_range_is_that_part(reader: Any, model_url: str, wanted: str, first: int, end: int) -> None:
    answer = reader.client.get(model_url, headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (206, BODY[first:end])
    assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/10240"
    assert answer.headers["Content-Length"] == str(end - first)


@pytest.mark.parametrize("wanted", ["bytes=10240-", "bytes=99999-100000"])
def test_a_range_outside_is_refused_with_the_size(reader: Any, model_url: str, wanted: str) -> None:
    answer = reader.client.get(model_url, headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */10240"
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-6", "lines=0-1", "bytes=x-y", "bytes", "bytes=5-2", "bytes=-0"]
)
def test_a_range_that_cannot_be_understood_gets_the_whole(reader: Any, model_url: str, wanted: str) -> None:
    answer = reader.client.get(model_url, headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (200, BODY)


def test_a_download_resumes_only_if_the_object_is_the_same(reader: Any, model_url: str) -> None:
    tag = reader.client.head(model_url).headers["ETag"]
    same = reader.client.get(model_url, headers={"Range": "bytes=5-", "If-Range": tag})
    assert (same.status_code, same.data) == (206, BODY[5:])
    for other in ('"another"', f"W/{tag}", "Wed, 21 Oct 2099 07:28:00 GMT"):
        whole = reader.client.get(model_url, headers={"Range": "bytes=5-", "If-Range": other})
        assert (whole.status_code, whole.data) == (200, BODY)


def test_head_tells_the_size_without_the_body(reader: Any, model_url: str) -> None:
    answer = reader.client.head(model_url)
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", "10240")


def test_a_snapshot_comes_in_the_coding_asked_for_also_in_parts(reader: Any) -> None:
    url = reader.client.get("/v1/catalog/snapshot").headers["Content-Location"]
    plain = reader.client.get(url)
    assert plain.headers["Content-Type"] == "application/json"
    assert plain.headers["Vary"] == "Accept-Encoding"
    packed = reader.client.get(url, headers={"Accept-Encoding": "br"})
    assert packed.headers["Content-Encoding"] == "br"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    part = reader.client.get(
        url, headers={"Accept-Encoding": "br", "Range": "bytes=10-", "If-Range": packed.headers["ETag"]}
    )
    assert (part.status_code, part.data) == (206, packed.data[10:])
    mixed = reader.client.get(url, headers={"Range": "bytes=10-", "If-Range": packed.headers["ETag"]})
    assert (mixed.status_code, mixed.data) == (200, plain.data)


@pytest.mark.parametrize(
    "key",
    [
        f"snapshots/{'0' * 64}.json",
        f"models/{'0' * 64}.onnx",
        "snapshots/x.json",
        "../signing.pem",
        "models/../../signing.pem",
        "%2e%2e/signing.pem",
        "snapshots/",
        f"snapshots/{'0' * 64}.json.zst",
        f"snapshots/{'0' * 64}.json\n",
        f"models/{'0' * 64}.onnx%00",
        "a" * 5000,
    ],
)
def test_anything_else_is_not_found(reader: Any, key: str) -> None:
    answer = reader.client.get(f"/v1/objects/{key}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


class _Remote:
    """A store with addresses of its own, as S3 has."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def url(self, key: str) -> str:
        return f"https://bucket.example/{key}?signature=1"


def test_objects_in_s3_are_redirected_to_it(
    start: Callable[..., Any], make_database: Callable[[str], str], published: Any
) -> None:
    limber = start(make_database(published.database), published)
    url = limber.client.get("/v1/catalog/snapshot").headers["Content-Location"]
    limber.app.extensions["limber"].store = _Remote(limber.store)
    key = url.removeprefix("/v1/objects/")
    plain = limber.client.get(url)
    assert (plain.status_code, plain.headers["Location"]) == (
        302,
        f"https://bucket.example/{key}?signature=1",
    )
    assert plain.headers["Cache-Control"] == "no-store"
    packed = limber.client.get(url, headers={"Accept-Encoding": "zstd"})
    assert packed.headers["Location"] == f"https://bucket.example/{key}.zst?signature=1"
    assert limber.client.get(f"/v1/objects/models/{'0' * 64}.onnx").status_code == 404
