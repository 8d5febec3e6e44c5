"""What the app weighs and how it is put together: the web's build, and the Hermes bundles of both phones."""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import ROOT

pytestmark = [pytest.mark.bundles, pytest.mark.xdist_group("app")]

KB = 1000
HERMES = bytes.fromhex("c61fbc03c103191f")
# Scripts that the browser loads before the first screen stands, gzipped. The runtime comes after it, and stays cached.
FIRST_LOAD = 450 * KB
ONE_SCREEN = 60 * KB
EVERYTHING_ONCE = 6_000 * KB
# Of the first load: React, the database and the frame of the app. A screen is a chunk of its own.
ALWAYS = re.compile(r'<script src="([^"]+)"')
WORKER = re.compile(r"/_expo/static/js/web/worker-[0-9a-f]{32}\.js")
LAYOUT = re.compile(r"/_expo/static/js/web/_layout-[0-9a-f]{32}\.js")


class Weights:
    """The sizes of a build's files as they go over the wire."""

    def __init__(self, dist: Path) -> None:
        self.dist = dist
        self.files: dict[str, Any] = json.loads((dist / "files.json").read_text())["files"]

    def gzip(self, path: str) -> int:
        sizes: dict[str, int] = self.files[path]["bytes"]
        return sizes.get("gzip", sizes["identity"])

    def scripts(self) -> list[str]:
        return [
            path for path in self.files if path.startswith("/_expo/static/js/web/") and path.endswith(".js")
        ]

    def first(self) -> list[str]:
        """What every screen needs: the document's own scripts, the root layout, the database's worker."""
        own = ALWAYS.findall((self.dist / "index.html").read_text())
        return own + [path for path in self.scripts() if WORKER.fullmatch(path) or LAYOUT.fullmatch(path)]

    def screens(self) -> list[str]:
        return [path for path in self.scripts() if path not in self.first()]


@pytest.fixture
def weights(dist: Path) -> Weights:
    return Weights(dist)


def test_the_first_load_is_within_its_budget(weights: Weights) -> None:
    frame = {path: weights.gzip(path) for path in weights.first()}
    assert len(frame) >= 4, frame
    screen = max((weights.gzip(path) for path in weights.screens() if "/index-" in path), default=0)
    total = sum(frame.values()) + screen
    assert total <= FIRST_LOAD, f"{total} bytes: {frame}, largest front screen {screen}"


def test_every_screen_is_a_chunk_of_its_own(weights: Weights) -> None:
    sizes = {path: weights.gzip(path) for path in weights.screens()}
    assert len(sizes) >= 12
    assert {path: size for path, size in sizes.items() if size > ONE_SCREEN} == {}


def test_what_belongs_into_no_script_of_the_web_is_in_none(weights: Weights) -> None:
    """Catalogue and models are files; the native figure, the runtimes and the store of secrets are the phones'."""
    for path in weights.scripts():
        text = (weights.dist / path[1:]).read_text()
        for never in (
            "react-native-reanimated",
            "OnnxruntimeModule",
            "ReanimatedModule",
            "knee_to_wall_rocks",
        ):
            assert never not in text, f"{never} in {path}"


def test_keeping_everything_for_offline_use_is_affordable(weights: Weights) -> None:
    total = sum(weights.gzip(path) for path in weights.files)
    assert total <= EVERYTHING_ONCE, total


def test_what_the_service_worker_keeps_is_all_there_is(weights: Weights) -> None:
    kept = re.search(r"const FILES = new Map\((\[.*\])\);", (weights.dist / "sw.js").read_text())
    assert kept is not None
    assert {path: sha for path, (sha, _) in json.loads(kept[1])} == {
        path: told["sha256"] for path, told in weights.files.items() if path != "/sw.js"
    }
    for path in ("/index.html", "/models/catalog.json", "/ort/ort-wasm-simd-threaded.wasm"):
        assert path in weights.files
    assert [path for path in weights.files if path.endswith(".onnx")]


@cache
def web_lib() -> Any:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import web_lib
    finally:
        sys.path.pop(0)
    return web_lib


@pytest.mark.parametrize("platform", ["android", "ios"])
def test_the_bundle_for_a_phone_is_hermes_bytecode_with_model_and_catalogue(
    dist: Path, tmp_path: Path, platform: str
) -> None:
    web_lib().export(platform, tmp_path)
    (bundle,) = tmp_path.glob(f"_expo/static/js/{platform}/*.hbc")
    with bundle.open("rb") as file:
        assert file.read(8) == HERMES
    told = json.loads((tmp_path / "metadata.json").read_text())["fileMetadata"][platform]
    assert told["bundle"] == bundle.relative_to(tmp_path).as_posix()
    kinds = [asset["ext"] for asset in told["assets"]]
    assert kinds.count("onnx") == 2
    assert "ttf" in kinds


def test_a_second_build_of_the_same_sources_is_none(dist: Path) -> None:
    if dist != web_lib().DIST:
        pytest.skip("a build that was given")
    before = (dist / "files.json").stat()
    assert web_lib().is_current()
    assert web_lib().ready_web() == dist
    assert (dist / "files.json").stat() == before
