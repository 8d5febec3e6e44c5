"""Looking at a file that came: in a process of its own, with little memory and time, so that a bad one hurts nobody.

`inspect` is what a job calls; `python -m server.media.inspect FILE FOLDER` is the process.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from server.media import film, pictures
from server.media.film import ToolMissing
from server.media.formats import DAMAGED, Refused, walk

_MEMORY: Final = 4 << 30
_CPU_S: Final = 600
_FILE: Final = 1 << 30
_TIMEOUT_S: Final = 900
POSTER_TYPE: Final = "image/webp"


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made of what came."""

    path: Path
    sha256: str
    type: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """A good picture or film: `file` is an item of media/<slug> without its words, `made` the files."""

    kind: str
    file: dict[str, Any]
    made: tuple[Made, ...]


def inspect(path: Path, folder: Path) -> Inspected:
    """Look at `path` and write what is to be kept into `folder`. Raises Refused, ToolMissing."""
    command = [sys.executable, "-m", "server.media.inspect", str(path), str(folder)]
    here = Path(__file__).resolve().parents[2]
    environ = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(here), "TMPDIR": str(folder)}
    try:
        ran = subprocess.run(  # noqa: S603
            command, cwd=folder, env=environ, capture_output=True, check=False, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise Refused("The file took too long to look at. Make it shorter or smaller.") from None
    try:
        told = orjson.loads(ran.stdout)
    except orjson.JSONDecodeError:
        # It broke the process or its limits: whatever it is, it is no good picture.
        raise Refused(DAMAGED) from None
    if "refused" in told:
        raise Refused(told["refused"])
    if "missing" in told:
        raise ToolMissing(told["missing"])
    made = tuple(Made(folder / each["name"], each["sha256"], each["type"]) for each in told["made"])
    return Inspected(told["kind"], told["file"], made)


def main(path: Path, folder: Path) -> None:
    """The process: prints what it found as JSON."""
    limits = ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _CPU_S), (resource.RLIMIT_FSIZE, _FILE))
    for what, most in limits:
        _, hard = resource.getrlimit(what)
        most = (
            most if hard == resource.RLIM_INFINITY else min(most, hard)
        )  # more than we have cannot be asked for
        resource.setrlimit(what, (most, most))
    try:
        told = examine(path, folder)
    except Refused as refused:
        told = {"refused": str(refused)}
    except ToolMissing as missing:
        told = {"missing": str(missing)}
    sys.stdout.buffer.write(orjson.dumps(told))


def examine(path: Path, folder: Path) -> dict[str, Any]:
    """{kind, file, made: [{name, sha256, type}]}. Raises Refused, ToolMissing."""
    frame = walk(path)
    return (
        _picture(path, folder, frame.type)
        if frame.type.startswith("image/")
        else _film(path, folder, frame.type)
    )


def _picture(path: Path, folder: Path, media_type: str) -> dict[str, Any]:
    image = pictures.fitted(pictures.opened(path, media_type), pictures.FULL)
    made = []
    for name, shown, kind in (
        ("full", image, media_type),
        ("small", pictures.fitted(image, pictures.SMALL), POSTER_TYPE),
    ):
        if name == "small" and shown is image:
            continue
        out = folder / name
        pictures.save(shown, out, kind)
        made.append(_written(out, kind, shown.width, shown.height))
    return _told("image", made, {})


def _film(path: Path, folder: Path, media_type: str) -> dict[str, Any]:
    found = film.looked_at(path, media_type)
    full, small, png, poster = (folder / name for name in ("full", "small", "still.png", "poster"))
    film.keep(path, media_type, full)
    made = [_written(full, media_type, found.width, found.height)]
    if min(found.width, found.height) > film.SMALL:
        film.smaller(path, media_type, small, found)
        scale = film.SMALL / min(found.width, found.height)
        width, height = (round(side * scale / 2) * 2 for side in (found.width, found.height))
        made.append(_written(small, media_type, width, height))
    # The first moments often are black or out of focus.
    film.still(path, media_type, png, min(1.0, found.seconds * 0.2))
    image = pictures.fitted(pictures.opened(png, "image/png"), pictures.POSTER)
    pictures.save(image, poster, POSTER_TYPE)
    shown = _written(poster, POSTER_TYPE, image.width, image.height)
    told = _told("video", made, {"seconds": found.seconds, "poster": shown["sha256"]})
    told["made"].append({name: shown[name] for name in ("name", "sha256", "type")})
    return told


def _written(path: Path, media_type: str, width: int, height: int) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    return {
        "name": path.name, "sha256": digest, "type": media_type, "bytes": size, "width": width, "height": height,
    }  # fmt: skip


def _told(kind: str, made: list[dict[str, Any]], more: dict[str, Any]) -> dict[str, Any]:
    bare = [{name: value for name, value in each.items() if name != "name"} for each in made]
    files = [{name: each[name] for name in ("name", "sha256", "type")} for each in made]
    return {"kind": kind, "file": {**bare[0], **more, "variants": bare[1:]}, "made": files}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
