"""What scripts/render-clips does: Node draws each picture as the app would, ffmpeg makes films of them.

ffmpeg reads the SVG pictures itself (librsvg), so no picture passes through a browser. A film is made again when the
clip, the code that draws it or the way it is packed has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures_lib import SEED, FiguresError, clips
from mobile_lib import MOBILE, ROOT, MobileError, node

TOOL = MOBILE / "tools" / "frames.cjs"
FIGURE = MOBILE / "src" / "figure"
DRAWN_BY = ("film", "draw")  # what frames.cjs loads
PIXELS, RATE = 480, 25
INDEX = "index.json"
TYPES = {"mp4": "video/mp4", "webm": "video/webm", "webp": "image/webp"}
# A still background and flat colours pack well: these look like the drawing at some ten kilobytes a second.
MP4 = (
    *(
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-tune",
        "animation",
        "-crf",
        "27",
        "-movflags",
        "+faststart",
    ),
    *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-threads", "1"),
)
WEBM = (
    *(
        "-c:v",
        "libvpx-vp9",
        "-crf",
        "42",
        "-b:v",
        "0",
        "-deadline",
        "realtime",
        "-cpu-used",
        "6",
        "-g",
        "250",
    ),
    *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-threads", "1"),
)
POSTER = ("-c:v", "libwebp", "-quality", "85", "-compression_level", "6")
FLAT = f"scale={PIXELS}:{PIXELS}:out_color_matrix=bt709:out_range=tv,format=yuv420p"


class RenderError(RuntimeError):
    """A program is missing or failed; the message says which and what to do."""


@dataclass(frozen=True)
class Rendered:
    """One clip as files `<slug>.<extension>` in the folder; `fresh` when they were made just now."""

    slug: str
    digest: str
    seconds: float
    fresh: bool


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every clip is there, 1 when some could not be made, 2 where it could not run."""
    parser = argparse.ArgumentParser(
        prog="scripts/render-clips", description="Render motion clips to short films."
    )
    parser.add_argument("words", nargs="*", help="slugs, beginnings of slugs, or types")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "clips", help="folder for the films")
    parser.add_argument("--seed", type=Path, default=SEED)
    parser.add_argument("--store", action="store_true", help="put them into object storage and the catalogue")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="how many at once (default: each core)"
    )
    asked = parser.parse_intermixed_args(argv)
    began = time.monotonic()
    try:
        found = clips(asked.seed, asked.words)
        if not found:
            raise RenderError(f"no clip is called {' or '.join(asked.words)}")
        made, failed = render(found, asked.out, max(1, asked.jobs))
        if asked.store:
            from render_store import (
                StoreFailed,
                store_clips,
            )  # the server's code, which rendering does without

            try:
                print(store_clips(made, asked.out))
            except StoreFailed as error:
                raise RenderError(str(error)) from None
    except (FiguresError, MobileError, RenderError) as error:
        print(error, file=sys.stderr)
        return 2
    size = sum((asked.out / f"{each.slug}.{kind}").stat().st_size for each in made for kind in TYPES)
    fresh = sum(each.fresh for each in made)
    print(
        f"{len(made)} clips in {asked.out}: {fresh} rendered, {len(made) - fresh} unchanged, {size / 1e6:.1f} MB, "
        f"{sum(each.seconds for each in made):.0f} s of film, {time.monotonic() - began:.0f} s"
    )
    for slug, why in sorted(failed.items()):
        print(f"{slug}: {why}", file=sys.stderr)
    return 1 if failed else 0


def render(found: list[dict[str, Any]], out: Path, jobs: int) -> tuple[list[Rendered], dict[str, str]]:
    """Make the films of `found` (figures_lib.clips) in `out`; also what could not be made and why, by slug."""
    ffmpeg = _ffmpeg()
    out.mkdir(parents=True, exist_ok=True)
    before, code = _index(out), _code_digest()
    made: dict[str, Rendered] = {}
    wanted: dict[str, tuple[int, str]] = {}
    for number, each in enumerate(found):
        slug, digest = each["clip"]["slug"], _digest(each, code)
        held = before.get(slug, {})
        if held.get("digest") == digest and all((out / f"{slug}.{kind}").is_file() for kind in TYPES):
            made[slug] = Rendered(slug, digest, held["seconds"], fresh=False)
        else:
            wanted[slug] = (number, digest)
    failed: dict[str, str] = {}
    try:
        for slug, answer in _rendered(ffmpeg, found, wanted, out, jobs):
            if isinstance(answer, str):
                failed[slug] = answer
            else:
                made[slug] = Rendered(slug, wanted[slug][1], answer, fresh=True)
    finally:
        # Also when somebody stops it in the middle: what is there need not be made again.
        kept = {each.slug: {"digest": each.digest, "seconds": each.seconds} for each in made.values()}
        (out / INDEX).write_text(json.dumps(before | kept, indent=1, sort_keys=True), encoding="utf-8")
    return [made[slug] for slug in sorted(made)], failed


def _rendered(
    ffmpeg: str, found: list[dict[str, Any]], wanted: dict[str, tuple[int, str]], out: Path, jobs: int
) -> Iterator[tuple[str, float | str]]:
    """Each wanted clip as it gets ready: its seconds, or why there is none."""
    if not wanted:
        return
    with (
        tempfile.TemporaryDirectory(prefix="limber-clips-") as place,
        _drawers(found, Path(place), jobs) as drawers,
        ThreadPoolExecutor(jobs) as pool,
    ):
        tasks = {
            pool.submit(_one, ffmpeg, drawers, Path(place), number, out / slug): slug
            for slug, (number, _) in wanted.items()
        }
        try:
            for done, task in enumerate(as_completed(tasks), 1):
                if sys.stderr.isatty():
                    print(f"\r{done}/{len(tasks)} {tasks[task]:<48}", end="", file=sys.stderr, flush=True)
                try:
                    yield tasks[task], task.result()
                except RenderError as error:
                    yield tasks[task], str(error)
        finally:
            pool.shutdown(cancel_futures=True)
            if sys.stderr.isatty():
                print(file=sys.stderr)


def _ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        raise RenderError(
            "ffmpeg is not installed: on Debian and Ubuntu `apt install ffmpeg`, then run this again"
        )
    can = subprocess.run(
        [found, "-hide_banner", "-codecs"], capture_output=True, text=True, check=False
    ).stdout
    for words, purpose in (("librsvg", "read SVG"), ("libx264", "write H.264"), ("libvpx-vp9", "write VP9")):
        if words not in can:
            raise RenderError(f"this ffmpeg cannot {purpose}: it was built without {words}; Debian's has it")
    return found


def _code_digest() -> str:
    """Of everything besides the clip that decides how a film looks."""
    digest = hashlib.sha256(repr((PIXELS, RATE, MP4, WEBM, POSTER, FLAT)).encode())
    for file in (TOOL, *drawing()):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def drawing() -> list[Path]:
    """The app's files that a picture comes from: those that the tool loads, and what they import, in order."""
    found: dict[str, Path] = {}
    wanted = list(DRAWN_BY)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = FIGURE / f"{name}.ts"
            wanted += re.findall(r"from '\./(\w+)'", found[name].read_text(encoding="utf-8"))
    return [found[name] for name in sorted(found)]


def _digest(each: dict[str, Any], code: str) -> str:
    drawn = {name: value for name, value in each["clip"].items() if name != "note"}
    return hashlib.sha256(json.dumps([code, drawn, each["strength"]], sort_keys=True).encode()).hexdigest()


def _index(out: Path) -> dict[str, Any]:
    try:
        held: dict[str, Any] = json.loads((out / INDEX).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return held


class _Drawer:
    """A Node process that draws one clip after another."""

    def __init__(self, file: Path) -> None:
        self.process = subprocess.Popen(
            [node(), str(TOOL), str(file)],
            cwd=MOBILE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def draw(self, number: int, folder: Path) -> tuple[int, int]:
        """Its pictures into the folder; returns how many, and how often to show them. Raises RenderError."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(f"{number} {folder} {RATE} {PIXELS}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise RenderError("the program that draws ended") from None
        answer = self.process.stdout.readline().split(maxsplit=2)
        if len(answer) < 3 or answer[1] == "!":
            raise RenderError(answer[2].strip() if len(answer) == 3 else "the program that draws ended")
        return int(answer[1]), int(answer[2])

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@contextmanager
def _drawers(found: list[dict[str, Any]], place: Path, count: int) -> Iterator[queue.Queue[_Drawer]]:
    if not (MOBILE / "node_modules").is_dir():
        raise RenderError("mobile/node_modules is missing: run scripts/up or npm ci there")
    file = place / "clips.json"
    file.write_text(json.dumps(found), encoding="utf-8")
    free: queue.Queue[_Drawer] = queue.Queue()
    drawers = [_Drawer(file) for _ in range(count)]
    for each in drawers:
        free.put(each)
    try:
        yield free
    finally:
        for each in drawers:
            each.close()


def _one(ffmpeg: str, drawers: queue.Queue[_Drawer], place: Path, number: int, target: Path) -> float:
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        drawer = drawers.get()
        try:
            count, times = drawer.draw(number, folder)
        finally:
            drawers.put(drawer)
        _pack(ffmpeg, folder, count, times)
        for kind in TYPES:
            # Whole or not there, also when somebody stops us in the middle.
            shutil.move(folder / f"out.{kind}", target.with_name(f".{target.name}.{kind}"))
            target.with_name(f".{target.name}.{kind}").replace(target.with_name(f"{target.name}.{kind}"))
    return count * times / RATE


def _pack(ffmpeg: str, folder: Path, count: int, times: int) -> None:
    again = f",loop={times - 1}:{count}:0" if times > 1 else ""
    bare = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
    quiet = (ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-y")
    for command in (
        (
            *quiet, "-f", "image2", "-framerate", str(RATE), "-c:v", "librsvg", "-i", str(folder / "%05d.svg"),
            "-filter_complex", f"{FLAT}{again},split=2[a][b]",
            "-map", "[a]", *MP4, *bare, str(folder / "out.mp4"), "-map", "[b]", *WEBM, *bare, str(folder / "out.webm"),
        ),
        (*quiet, "-f", "image2", "-c:v", "librsvg", "-i", str(folder / "still.svg"), "-frames:v", "1", *POSTER, *bare,
         str(folder / "out.webp")),
    ):  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RenderError(
                f"ffmpeg: {ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else ran.returncode}"
            )
