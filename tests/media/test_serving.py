"""What was found good is served for good: by ranges, unchanging, as what it is and nothing else."""

import os
from pathlib import Path
from typing import Any

import pytest

from server import objects
from sync.canonical import sha256_hex
from tests.server.conftest import Limber

BODY = os.urandom(objects.PIECE * 3 + 77)
PATH = f"/v1/objects/media/{sha256_hex(BODY)}.mp4"


@pytest.fixture
def client(limber: Limber, tmp_path: Path) -> Any:
    (tmp_path / "film").write_bytes(BODY)
    limber.store.put_file_if_absent(PATH.removeprefix("/v1/objects/"), tmp_path / "film", "video/mp4")
    return limber.client


def test_the_whole_film_is_sent_as_what_it_is(client: Any) -> None:
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert answer.data == BODY
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Length"] == str(len(BODY))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(PATH, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-", 0, len(BODY)),
        ("bytes=0-1", 0, 2),
        ("bytes=100000-900000", 100_000, len(BODY)),
        (f"bytes={objects.PIECE - 5}-{objects.PIECE * 2 + 5}", objects.PIECE - 5, objects.PIECE * 2 + 6),
        ("bytes=-500", len(BODY) - 500, len(BODY)),
    ],
)
def test_a_player_gets_the_part_it_jumps_to(client: Any, asked: str, first: int, end: int) -> None:
    answer = client.get(PATH, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.data == BODY[first:end]
    assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(BODY)}"
    assert answer.headers["Content-Length"] == str(end - first)


def test_a_part_beyond_the_end_is_refused(client: Any) -> None:
    assert client.get(PATH, headers={"Range": f"bytes={len(BODY)}-"}).status_code == 416


def test_asking_for_the_head_sends_no_film(client: Any) -> None:
    answer = client.head(PATH)
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", str(len(BODY)))


@pytest.mark.parametrize(
    "name", ["0" * 64 + ".mp4", "0" * 64 + ".svg", "0" * 64 + ".html", "../media/x", "0" * 63 + ".png"]
)
def test_nothing_else_is_there(client: Any, name: str) -> None:
    assert client.get(f"/v1/objects/media/{name}").status_code == 404


def test_what_is_still_coming_in_is_served_to_nobody(client: Any, limber: Limber) -> None:
    limber.store.put_if_absent("uploads/a", b"<script>", "text/html")
    assert client.get("/v1/objects/uploads/a").status_code == 404
