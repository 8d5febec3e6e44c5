"""The app on the web: what is asked for as a file, as a page of the app, and what stays the server's own."""

import gzip
import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask.testing import FlaskClient

from server import create_app
from server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
AWAY = "postgresql+psycopg://nobody@127.0.0.1:1/none"
SCRIPT = "/_expo/static/js/web/entry-0123456789abcdef0123456789abcdef.js"
CONTENT = {
    "/index.html": b"<!doctype html><title>Limber</title>" + b" " * 900,
    SCRIPT: b"limber()" * 200,
    "/ort/ort.wasm": b"\0asm" * 300,
    "/sw.js": b"1",
    "/manifest.webmanifest": b"{}",
    "/sound.wav": bytes(range(250)),
}


def build(folder: Path, content: dict[str, bytes]) -> None:
    listed: dict[str, Any] = {}
    for path, body in content.items():
        file = folder / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        sizes = {"identity": len(body)}
        if len(body) >= 860:
            for coding, suffix, packed in (
                ("br", ".br", brotli.compress(body)),
                ("gzip", ".gz", gzip.compress(body)),
            ):
                Path(f"{file}{suffix}").write_bytes(packed)
                sizes[coding] = len(packed)
        listed[path] = {"sha256": sha256(body).hexdigest(), "immutable": "-0123" in path, "bytes": sizes}
    (folder / "secret.txt").write_text("not listed")
    (folder / "files.json.new").write_text(json.dumps({"build": "b", "routes": [""], "files": listed}))
    (folder / "files.json.new").replace(folder / "files.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "dist"
    build(place, CONTENT)
    return place


@pytest.fixture
def serving(tmp_path: Path) -> Callable[[Path | None], FlaskClient]:
    def make(folder: Path | None) -> FlaskClient:
        return create_app(Settings(database_url=AWAY, data=tmp_path, web=folder)).test_client()

    return make


@pytest.fixture
def client(serving: Callable[[Path | None], FlaskClient], folder: Path) -> FlaskClient:
    return serving(folder)


@pytest.mark.parametrize(
    "path", ["/", "/library", "/library/knee-to-wall", "/you/settings", "/r", "/auth?code=1"]
)
def test_every_page_of_the_app_is_the_one_document(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.data) == (200, CONTENT["/index.html"])
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (SCRIPT, "text/javascript; charset=utf-8"),
        ("/ort/ort.wasm", "application/wasm"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/sound.wav", "audio/wav"),
    ],
)
def test_files_have_their_types(client: FlaskClient, path: str, kind: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.data, answer.content_type) == (200, CONTENT[path], kind)


def test_names_with_a_hash_are_kept_for_ever_and_all_others_are_asked_for_again(client: FlaskClient) -> None:
    assert "immutable" in client.get(SCRIPT).headers["Cache-Control"]
    for path in ("/", "/sw.js", "/ort/ort.wasm", "/manifest.webmanifest"):
        assert client.get(path).headers["Cache-Control"] == "no-cache", path


@pytest.mark.parametrize(
    ("accept", "coding", "unpack"),
    [
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("", None, bytes),
    ],
)
def test_the_compressed_sibling_is_sent_to_whoever_takes_it(
    client: FlaskClient, accept: str, coding: str | None, unpack: Callable[[bytes], bytes]
) -> None:
    answer = client.get(SCRIPT, headers={"Accept-Encoding": accept})
    assert answer.headers.get("Content-Encoding") == coding
    assert unpack(answer.data) == CONTENT[SCRIPT]
    assert answer.headers["Vary"] == "Accept-Encoding"
    held = {"Accept-Encoding": accept, "If-None-Match": answer.headers["ETag"]}
    again = client.get(SCRIPT, headers=held)
    assert (again.status_code, again.data) == (304, b"")


def test_a_part_of_a_sound_can_be_asked_for(client: FlaskClient) -> None:
    answer = client.get("/sound.wav", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.data) == (206, CONTENT["/sound.wav"][10:20])


@pytest.mark.parametrize(
    "path",
    ["/secret.txt", "/files.json", "/entry.js", "/_expo/x.js", "/../settings.py", "/%2e%2e/x.py", "/ort/ort.wasm.br",
     "/.made-from"],
)  # fmt: skip
def test_only_what_the_build_lists_can_be_asked_for(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_what_the_server_owns_stays_the_server_s(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert "API documentation" in client.get("/server").text
    for path in ("/v1/nothing", "/account/nothing", "/static/nothing", "/oauth/nothing", "/docs/nothing"):
        assert client.get(path).status_code == 404, path
    assert client.get("/account").status_code == 308
    assert client.delete("/docs").status_code == 405
    assert client.post("/library").status_code == 404
    assert client.head("/library").status_code == 200


def test_a_new_build_is_served_at_once_and_an_unfinished_one_is_not(
    serving: Callable[[Path | None], FlaskClient], tmp_path: Path
) -> None:
    folder = tmp_path / "later"
    client = serving(folder)
    assert "not built here" in client.get("/").text
    build(folder, CONTENT)
    assert client.get("/").data == CONTENT["/index.html"]
    build(folder, {**CONTENT, "/index.html": b"<!doctype html>new"})
    assert client.get("/").data == b"<!doctype html>new"
    (folder / "files.json").write_text("{")
    assert "not built here" in client.get("/").text


def test_the_app_may_connect_to_us_and_to_the_live_process_only(folder: Path, tmp_path: Path) -> None:
    settings = Settings(database_url=AWAY, data=tmp_path, web=folder, live_url="http://127.0.0.1:8001")
    policy = create_app(settings).test_client().get("/").headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:8001;" in policy


def test_no_page_of_the_app_is_hidden_by_one_of_the_server_s(client: FlaskClient) -> None:
    """The app's routes, which its service worker answers itself, and the server's share no first part."""
    routes = set()
    for path in (ROOT / "mobile" / "src" / "app").rglob("*.tsx"):
        parts = [
            part
            for part in path.relative_to(ROOT / "mobile" / "src" / "app").parts
            if not part.startswith("(")
        ]
        first = parts[0].removesuffix(".tsx")
        if re.fullmatch(r"[a-z0-9-]+", first) and first != "index":
            routes.add(first)
    own = {rule.rule.split("/")[1] for rule in client.application.url_map.iter_rules()}
    assert routes & own == set()
