"""What scripts/figures does: read the seed's clips, let Node check and draw them, photograph the pages."""

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mobile_lib import MOBILE, ROOT, MobileError, node

SEED = ROOT / "server" / "catalog" / "seed"
TOOL = MOBILE / "tools" / "figures.cjs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class FiguresError(RuntimeError):
    """A seed file cannot be read, or a program is missing; the message says which."""


def main(argv: Sequence[str] | None = None) -> int:
    """0 when all is well, 1 for problems found, 2 where it could not run."""
    parser = argparse.ArgumentParser(
        prog="scripts/figures", description="Check motion clips and draw contact sheets."
    )
    parser.add_argument("command", choices=("check", "sheet", "poses"))
    parser.add_argument("words", nargs="*", help="slugs, beginnings of slugs, or types")
    parser.add_argument("--out", type=Path, help="folder for the pages")
    parser.add_argument("--seed", type=Path, default=SEED)
    parser.add_argument("--dark", action="store_true", help="the dark theme's colours")
    asked = parser.parse_intermixed_args(argv)
    if asked.command != "check" and asked.out is None:
        parser.error("--out DIR is wanted")
    try:
        if asked.command == "poses":
            return _photographed(_tool("poses", str(asked.out)))
        found = clips(asked.seed, asked.words)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "clips.json"
            file.write_text(json.dumps(found))
            if asked.command == "check":
                ran = _tool("check", str(file))
                print(ran.stdout, end="")
                print(f"{len(found)} clips, {len(ran.stdout.splitlines())} problems")
                return ran.returncode
            return _photographed(_tool("sheet", str(file), str(asked.out), *(["dark"] if asked.dark else [])))
    except (FiguresError, MobileError) as error:
        print(error)
        return 2


def clips(seed: Path, words: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The asked-for clips in the files' order, each with how strongly it works each muscle and its positions."""
    exercises = {
        one["slug"]: one for file in sorted((seed / "exercises").glob("*.json")) for one in _load(file)
    }
    made = []
    for file in sorted((seed / "motion").glob("*.json")):
        for clip in _load(file):
            slug = clip.get("slug", "")
            exercise = exercises.get(slug)
            if exercise is None:
                raise FiguresError(f"{file.name}: there is no exercise {slug!r}")
            if words and not any(slug.startswith(word) or word == exercise["type"] for word in words):
                continue
            strength = dict.fromkeys(exercise["secondary_muscles"], 1) | dict.fromkeys(
                exercise["primary_muscles"], 3
            )
            made.append({"clip": clip, "strength": strength, "positions": exercise["positions"]})
    return made


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FiguresError(f"{path.name}: {error}") from error


def _tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    if not (MOBILE / "node_modules").is_dir():
        raise FiguresError("mobile/node_modules is missing: run scripts/up or npm ci there")
    ran = subprocess.run(
        [node(), str(TOOL), *arguments], cwd=MOBILE, capture_output=True, text=True, check=False
    )
    if ran.returncode and not ran.stdout:
        raise FiguresError(ran.stderr.strip() or f"figures.cjs {arguments[0]} failed")
    return ran


def _photographed(ran: subprocess.CompletedProcess[str]) -> int:
    """A PNG beside each SVG page."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise FiguresError(
            f"none of {', '.join(BROWSERS)} is installed: the SVG pages are there, without PNG"
        )
    for row in ran.stdout.splitlines():
        name, wide, high = row.rsplit(" ", 2)
        page = Path(name).resolve()
        picture = page.with_suffix(".png")
        with tempfile.TemporaryDirectory() as profile:
            subprocess.run(
                [
                    browser,
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--hide-scrollbars",
                    f"--user-data-dir={profile}",
                    f"--window-size={wide},{high}",
                    f"--screenshot={picture}",
                    page.as_uri(),
                ],
                capture_output=True,
                check=False,
                timeout=60,
            )
        print(picture)
    return 0
