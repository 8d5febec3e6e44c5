"""Motion clips become films: what changed is rendered, what did not is left, and all of it can be stored."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from server.catalog import documents
from server.catalog.media_form import check_form
from server.catalog.publish import load_seed
from sync.objects import open_store
from tests.media import files

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 4, tzinfo=UTC)
CLIP = {"slug": "a-march", "view": "side", "base": "stand", "seconds": 0.4, "keys": [{}, {"lift": 3}]}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The modules of scripts/, which is no package."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    kept = {name: module for name, module in sys.modules.items() if name.startswith("render_")}
    yield lambda name: importlib.import_module(name)
    for name in [each for each in sys.modules if each.startswith("render_") and each not in kept]:
        del sys.modules[name]


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    """Content files of one exercise with a short clip."""
    exercise = {
        "slug": "a-march",
        "type": "activation",
        "positions": ["standing"],
        "primary_muscles": [],
        "secondary_muscles": [],
    }
    for folder, data in (("exercises", exercise), ("motion", CLIP)):
        (tmp_path / "seed" / folder).mkdir(parents=True)
        (tmp_path / "seed" / folder / "activation.json").write_text(json.dumps([data]))
    return tmp_path / "seed"


needs_tools = pytest.mark.skipif(
    shutil.which("ffmpeg") is None
    or shutil.which("node") is None
    or not (ROOT / "mobile" / "node_modules").is_dir(),
    reason="ffmpeg, node or the app's packages are missing",
)


def test_a_change_of_any_code_that_draws_makes_the_films_anew(
    script: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    render = script("render_lib")
    names = {file.stem for file in render.drawing()}
    assert {"film", "draw", "skeleton", "clip", "vec"} <= names
    assert "check" not in names  # it judges clips and draws nothing
    figure = shutil.copytree(render.FIGURE, tmp_path / "figure")
    monkeypatch.setattr(render, "FIGURE", figure)
    before = render._code_digest()
    for file in render.drawing():
        file.write_text(file.read_text() + "\n// another picture\n")
        changed = render._code_digest()
        assert changed != before, file.name
        before = changed
    (figure / "check.ts").write_text("")
    assert render._code_digest() == before


@needs_tools
@pytest.mark.slow
def test_a_clip_is_rendered_once_and_again_when_it_changes(
    script: Any, seed: Path, tmp_path: Path, capsys: Any
) -> None:
    out, run = tmp_path / "out", script("render_lib").main
    ask = ["--out", str(out), "--seed", str(seed), "--jobs", "1"]
    assert run(ask) == 0
    assert "1 rendered, 0 unchanged" in capsys.readouterr().out
    before = (out / "a-march.mp4").read_bytes()
    assert run(ask) == 0
    assert "0 rendered, 1 unchanged" in capsys.readouterr().out
    for kind, codec in (("mp4", "h264"), ("webm", "vp9"), ("webp", "webp")):
        asked = [
            "ffprobe",
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name,width,height",
            "-of",
            "csv=p=0",
        ]
        told = subprocess.run(
            [*asked, str(out / f"a-march.{kind}")], capture_output=True, text=True, check=True
        )
        assert told.stdout.strip() == f"{codec},480,480"

    changed = {**CLIP, "keys": [{}, {"lift": 20}]}
    (seed / "motion" / "activation.json").write_text(json.dumps([changed]))
    assert run(ask) == 0
    assert "1 rendered, 0 unchanged" in capsys.readouterr().out
    assert (out / "a-march.mp4").read_bytes() != before


@needs_tools
@pytest.mark.slow
def test_a_clip_that_cannot_be_drawn_is_named_and_the_others_are_made(
    script: Any, seed: Path, tmp_path: Path, capsys: Any
) -> None:
    (seed / "motion" / "activation.json").write_text(json.dumps([{**CLIP, "base": "upside_out"}]))
    assert (
        script("render_lib").main(["--out", str(tmp_path / "out"), "--seed", str(seed), "--jobs", "1"]) == 1
    )
    assert "a-march: " in capsys.readouterr().err


def test_without_ffmpeg_it_says_how_to_get_it(
    script: Any, seed: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert script("render_lib").main(["--out", str(tmp_path / "out"), "--seed", str(seed)]) == 2
    assert "apt install ffmpeg" in capsys.readouterr().err


def test_a_word_that_names_nothing_is_said(script: Any, seed: Path, tmp_path: Path, capsys: Any) -> None:
    assert script("render_lib").main(["--out", str(tmp_path), "--seed", str(seed), "cat"]) == 2
    assert "no clip is called cat" in capsys.readouterr().err


def test_stored_clips_are_media_of_their_exercises_once(
    script: Any, conn: Connection, tmp_path: Path
) -> None:
    load_seed(conn)
    out, store = tmp_path / "clips", open_store(str(tmp_path / "objects"))
    out.mkdir()
    (out / "a-march.mp4").write_bytes(b"a film")
    (out / "a-march.webm").write_bytes(b"the same film")
    (out / "a-march.webp").write_bytes(files.picture("WEBP", (480, 480)))
    rendered = script("render_lib").Rendered("a-march", "d", 4.8, True)
    written = script("render_store").written
    assert written(conn, store, [rendered], out, NOW) == "1 media documents written, 0 unchanged"
    assert written(conn, store, [rendered], out, NOW) == "0 media documents written, 1 unchanged"
    found = documents.stored(conn, ("media", "a-march"))
    assert found is not None
    assert found.state == "approved"
    assert list(check_form("a-march", found.data)) == []
    (item,) = found.data["items"]
    assert (item["kind"], item["seconds"]) == ("clip", 4.8)
    assert store.get(f"media/{item['sha256']}.mp4") == b"a film"
    assert store.exists(f"media/{item['poster']}.webp")

    (out / "a-march.mp4").write_bytes(b"a better film")
    assert "1 media documents written" in written(conn, store, [rendered], out, NOW)
    found = documents.stored(conn, ("media", "a-march"))
    assert found is not None
    assert len(found.data["items"]) == 1, "a new rendering takes the place of the old one"
