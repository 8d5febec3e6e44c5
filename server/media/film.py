"""A film: what is in it, whether all of it plays, and the forms in which it is kept. ffmpeg does the work.

ffmpeg is told which format to expect and may open nothing but this one file, so that a list of other addresses that
pretends to be a film leads nowhere.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from server.media.formats import CUT_OFF, DAMAGED, Refused

MAX_SECONDS: Final = 180
MAX_SIDE: Final = 1920
SMALL: Final = 480
_TIMEOUT_S: Final = 600
_DEMUXERS: Final = {"video/mp4": "mov", "video/webm": "matroska"}
_CODECS: Final = {"video/mp4": ({"h264"}, {"aac"}), "video/webm": ({"vp9"}, {"opus"})}
_ASKED: Final = {
    "video/mp4": "MP4 with H.264 pictures and AAC sound",
    "video/webm": "WebM with VP9 pictures and Opus sound",
}
_KEPT: Final = {"video/mp4": ["-movflags", "+faststart", "-f", "mp4"], "video/webm": ["-f", "webm"]}
_SMALLER: Final = {
    "video/mp4": [
        *("-c:v", "libx264", "-preset", "fast", "-crf", "26", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart", "-f", "mp4"),
    ],
    "video/webm": [
        *(
            "-c:v",
            "libvpx-vp9",
            "-crf",
            "36",
            "-b:v",
            "0",
            "-deadline",
            "good",
            "-cpu-used",
            "5",
            "-row-mt",
            "1",
        ),
        *("-pix_fmt", "yuv420p", "-c:a", "libopus", "-b:a", "64k", "-f", "webm"),
    ],
}


class ToolMissing(RuntimeError):
    """ffmpeg or ffprobe is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Film:
    """Size in pixels as it is shown, and length in seconds."""

    width: int
    height: int
    seconds: float


def tool(name: str) -> str:
    """The path of ffmpeg or ffprobe. Raises ToolMissing."""
    found = shutil.which(name)
    if found is None:
        raise ToolMissing(
            f"{name} is not installed here (Debian: apt install ffmpeg), so no film can be looked at"
        )
    return found


def looked_at(path: Path, media_type: str) -> Film:
    """What the film is, after every picture and sound of it was decoded. Raises Refused, ToolMissing."""
    told = _probe(path, media_type)
    streams = [
        each for each in told.get("streams", ()) if not each.get("disposition", {}).get("attached_pic")
    ]
    pictures = [each for each in streams if each.get("codec_type") == "video"]
    sounds = [each for each in streams if each.get("codec_type") == "audio"]
    if not pictures:
        raise Refused("The file has no moving picture in it.")
    if len(pictures) > 1 or len(sounds) > 1:
        raise Refused("The film has several pictures or sounds. Send one with a single track of each.")
    videos, audios = _CODECS[media_type]
    for each, known in ((pictures[0], videos), *((sound, audios) for sound in sounds)):
        if each.get("codec_name") not in known:
            raise Refused(
                f"The film uses {str(each.get('codec_name', 'something unknown'))[:20].upper()}. "
                f"Save it as {_ASKED[media_type]}."
            )
    width, height = int(pictures[0].get("width") or 0), int(pictures[0].get("height") or 0)
    if not width or not height:
        raise Refused(DAMAGED)
    if max(width, height) > MAX_SIDE:
        raise Refused(f"The film is {width} by {height} pixels; at most {MAX_SIDE} on a side are taken.")
    if _turned(pictures[0]):
        width, height = height, width
    declared = _number(told.get("format", {}).get("duration"))
    if declared is not None and declared > MAX_SECONDS + 0.5:
        raise Refused(f"The film is {_length(declared)} long; at most {_length(MAX_SECONDS)} are taken.")
    played = _played(path, media_type)
    if declared is not None and played < declared - max(1.0, declared * 0.02):
        raise Refused(CUT_OFF)
    if played < 0.2:
        raise Refused("The film is over before it begins: it is shorter than a fifth of a second.")
    return Film(width, height, round(min(played, MAX_SECONDS), 2))


def keep(path: Path, media_type: str, out: Path) -> None:
    """The same pictures and sound in a fresh file, without what else the file carried. Raises Refused."""
    _convert(path, media_type, out, ["-c", "copy", *_KEPT[media_type]])


def smaller(path: Path, media_type: str, out: Path, film: Film) -> None:
    """The film with its shorter side at 480 pixels. Raises Refused."""
    scale = f"scale=-2:{SMALL}" if film.width >= film.height else f"scale={SMALL}:-2"
    _convert(path, media_type, out, ["-vf", scale, *_SMALLER[media_type]])


def still(path: Path, media_type: str, out: Path, second: float) -> None:
    """One moment of the film as PNG. Raises Refused."""
    read = ["-ss", f"{second:.2f}", *_reading(path, media_type)]
    _run(
        [
            *_quiet(),
            *read,
            "-map",
            "0:v:0",
            "-frames:v",
            "1",
            "-c:v",
            "png",
            "-f",
            "image2",
            "-update",
            "1",
            str(out),
        ]
    )
    if not out.exists():
        raise Refused(DAMAGED)


def _convert(path: Path, media_type: str, out: Path, how: list[str]) -> None:
    bare = [
        "-map",
        "0:v:0",
        "-map",
        "0:a:0?",
        "-map_metadata",
        "-1",
        "-map_chapters",
        "-1",
        "-fflags",
        "+bitexact",
    ]
    _run([*_quiet(), *_reading(path, media_type), *bare, *how, str(out)])


def _probe(path: Path, media_type: str) -> dict[str, Any]:
    asked = ["-v", "error", "-print_format", "json", "-show_format", "-show_streams"]
    ran = _ran([tool("ffprobe"), *asked, *_reading(path, media_type)])
    if ran.returncode:
        raise Refused(DAMAGED)
    told: dict[str, Any] = orjson.loads(ran.stdout)
    return told


def _played(path: Path, media_type: str) -> float:
    """Seconds of picture that really decode. Raises Refused at the first that does not."""
    asked = [
        "-xerror",
        "-err_detect",
        "explode",
        *_reading(path, media_type),
        "-map",
        "0:v:0",
        "-map",
        "0:a:0?",
    ]
    # A little beyond the limit, so that a film which lies about its length costs no more than an honest one.
    ran = _ran([*_quiet(), *asked, "-t", str(MAX_SECONDS + 5), "-progress", "pipe:1", "-f", "null", "-"])
    if ran.returncode or ran.stderr.strip():
        raise Refused(DAMAGED)
    times = [line[12:] for line in ran.stdout.decode().splitlines() if line.startswith("out_time_us=")]
    seconds = (_number(times[-1]) or 0.0) / 1e6 if times else 0.0
    if seconds > MAX_SECONDS + 0.5:
        raise Refused(f"The film is longer than {_length(MAX_SECONDS)}.")
    return seconds


def _quiet() -> list[str]:
    return [tool("ffmpeg"), "-nostdin", "-hide_banner", "-y", "-v", "error"]


def _reading(path: Path, media_type: str) -> list[str]:
    return ["-protocol_whitelist", "file", "-f", _DEMUXERS[media_type], "-i", f"file:{path}"]


def _run(command: list[str]) -> None:
    if _ran(command).returncode:
        raise Refused(DAMAGED)


def _ran(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_S)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise Refused("The film took too long to look at. Make it shorter or smaller.") from None


def _turned(stream: dict[str, Any]) -> bool:
    turns = [each.get("rotation", 0) for each in stream.get("side_data_list", ())]
    return any(int(turn) % 180 for turn in turns if isinstance(turn, int | float))


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _length(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} minutes"
