"""Good and bad files to send, made here: none is a copy of somebody's."""

import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

NEEDS_FFMPEG = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def picture(
    kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object
) -> bytes:
    """A picture with a slope of colours, so that it does not pack to nothing."""
    slope = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (slope, slope.rotate(90).resize(size), slope.rotate(180))).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@cache
def film(
    kind: str = "mp4", seconds: float = 1.0, size: str = "320x240", sound: bool = False, *how: str
) -> bytes:
    """ffmpeg's test picture as a film; `how`: further options."""
    codec = {
        "mp4": ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"],
        "webm": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
    }[kind]
    heard = ["-f", "lavfi", "-i", f"sine=f=440:d={seconds}"] if sound else []
    made = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc=s={size}:r=15:d={seconds}", *heard, *codec, *how,
         *(["-movflags", "frag_keyframe+empty_moov"] if kind == "mp4" and "-movflags" not in how else []),
         "-f", kind, "-"],
        capture_output=True, check=True,
    )  # fmt: skip
    return made.stdout


def plain_mp4(tmp_path: Path, seconds: float = 1.0, *how: str, size: str = "320x240") -> bytes:
    """An MP4 as phones write it, its index at the end."""
    out = tmp_path / "plain.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc=s={size}:r=15:d={seconds}", "-c:v", "libx264",
         "-preset", "ultrafast", "-pix_fmt", "yuv420p", *how, str(out)],
        check=True,
    )  # fmt: skip
    return out.read_bytes()


def zip_of(name: str = "hello.txt", body: bytes = b"hello") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, body: bytes, *more: bytes) -> bytes:
    """A PNG that says what size it has, whatever is in it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def commented_png(text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", text)
    return picture("PNG", pnginfo=info)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
