"""A file is what its bytes are: good ones are written anew, all others are refused in words that help."""

import contextlib
import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from server.media import inspect as looking
from server.media.formats import Refused, object_key, walk
from server.media.inspect import Inspected, inspect
from sync.canonical import sha256_hex
from tests.media import files
from tests.media.files import NEEDS_FFMPEG

Look = Callable[[bytes], Inspected]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Looks at some bytes, in this process: starting another for each file would take a minute together."""

    def at(body: bytes) -> Inspected:
        came, made = tmp_path / "came", tmp_path / "made"
        came.write_bytes(body)
        made.mkdir(exist_ok=True)
        told = looking.examine(came, made)
        kept = (looking.Made(made / each["name"], each["sha256"], each["type"]) for each in told["made"])
        return Inspected(told["kind"], told["file"], tuple(kept))

    return at


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_written_anew_under_the_hash_of_what_was_written(look: Look, kind: str) -> None:
    found = look(files.picture(kind, (900, 600)))
    assert (found.kind, found.file["type"]) == ("image", f"image/{kind.lower()}")
    assert (found.file["width"], found.file["height"]) == (900, 600)
    assert [each["width"] for each in found.file["variants"]] == [480]
    for made in found.made:
        body = made.path.read_bytes()
        assert sha256_hex(body) == made.sha256
        assert object_key(made.sha256, made.type).startswith(f"media/{made.sha256}.")
        with Image.open(io.BytesIO(body)) as image:
            image.load()


def test_a_large_picture_is_made_smaller_and_a_small_one_left_in_its_size(look: Look) -> None:
    found = look(files.picture("JPEG", (3000, 1500)))
    assert (found.file["width"], found.file["height"]) == (1920, 960)
    assert look(files.picture("PNG", (40, 30))).file["variants"] == []


def test_nothing_but_the_pixels_is_kept(look: Look) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "The camera of Mia"  # turned by a quarter
    found = look(files.picture("JPEG", (80, 40), exif=exif, comment=b"at home"))
    assert (found.file["width"], found.file["height"]) == (40, 80)
    body = found.made[0].path.read_bytes()
    assert b"Mia" not in body
    assert b"at home" not in body
    with Image.open(io.BytesIO(body)) as image:
        assert not image.getexif()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixel_is_understood(look: Look, mode: str) -> None:
    if mode == "CMYK":
        found = look(files.picture("JPEG", mode="CMYK"))
    elif mode == "I;16":
        out = io.BytesIO()
        Image.new("I;16", (64, 48), 40_000).save(out, "PNG")
        found = look(out.getvalue())
        with Image.open(found.made[0].path) as image:
            assert image.convert("L").getpixel((5, 5)) == 156
    else:
        found = look(files.picture("PNG", mode=mode))
    assert found.file["width"] == 64


@NEEDS_FFMPEG
@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_film_gets_a_poster_and_a_small_form_and_loses_what_else_it_carried(look: Look, kind: str) -> None:
    found = look(files.film(kind, 1.5, "1280x720", True, "-metadata", "title=Mia at home"))
    assert (found.kind, found.file["type"]) == ("video", f"video/{kind}")
    assert (found.file["width"], found.file["height"]) == (1280, 720)
    assert found.file["seconds"] == pytest.approx(1.5, abs=0.15)
    (small,) = found.file["variants"]
    assert (small["width"], small["height"]) == (854, 480)
    poster = next(each for each in found.made if each.sha256 == found.file["poster"])
    assert poster.type == "image/webp"
    with Image.open(poster.path) as image:
        assert image.size == (960, 540)
    for made in found.made:
        assert sha256_hex(made.path.read_bytes()) == made.sha256
        assert b"Mia" not in made.path.read_bytes()
        assert walk(made.path).type == made.type


@NEEDS_FFMPEG
def test_a_film_as_phones_write_it_is_taken_and_can_be_played_from_its_beginning(
    look: Look, tmp_path: Path
) -> None:
    body = files.plain_mp4(tmp_path)
    assert body.index(b"moov") > body.index(b"mdat")
    made = look(body).made[0].path.read_bytes()
    assert made.index(b"moov") < made.index(b"mdat")


def _of_text(text: bytes) -> bytes:
    return text.ljust(600)


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "words": (lambda: _of_text(b"Hello, this is no picture."), "no picture or film that we know"),
    "SVG with a script": (lambda: files.SVG, "an SVG drawing, which can carry scripts"),
    "SVG behind a comment": (lambda: b"<!-- x -->" + files.SVG, "an SVG drawing"),
    "a web page": (lambda: _of_text(b"<!DOCTYPE html><p>hi"), "a web page"),
    "a ZIP": (lambda: files.zip_of(), "a ZIP archive"),
    "a PDF": (lambda: _of_text(b"%PDF-1.7\n"), "a PDF"),
    "a GIF": (lambda: files.picture("GIF"), "a GIF"),
    "a TIFF": (lambda: files.picture("TIFF"), "a TIFF"),
    "a program": (lambda: _of_text(b"\x7fELF\x02\x01"), "a program"),
    "a playlist": (lambda: _of_text(b"#EXTM3U\nhttp://127.0.0.1/secret\n"), "a script|a playlist"),
    "HEIC": (lambda: struct.pack(">I4s4s", 24, b"ftyp", b"heic") + bytes(600), "HEIC"),
    "QuickTime": (lambda: struct.pack(">I4s4s", 20, b"ftyp", b"qt  ") + bytes(600), "QuickTime"),
    "a JPEG with a ZIP behind": (lambda: files.picture("JPEG") + files.zip_of(), "something else"),
    "a PNG with a ZIP behind": (lambda: files.picture("PNG") + files.zip_of(), "something else"),
    "a WebP with a page behind": (lambda: files.picture("WEBP") + b"<html><script>", "something else"),
    "a PNG with a script inside": (lambda: files.commented_png("<script>alert(1)</script>"), "web page or a script"),
    "a JPEG that is a PDF too": (lambda: files.picture("JPEG", comment=b"%PDF-1.4 1 0 obj"), "at the same time a PDF"),
    "a moving PNG": (
        lambda: files.png(8, 8, zlib.compress(bytes(200)), files.chunk(b"acTL", struct.pack(">II", 2, 0))),
        "moves",
    ),
    "a pixel bomb": (lambda: files.png(60_000, 60_000, zlib.compress(bytes(10**6))), "60,000 by 60,000"),
    "a WebP that claims much": (
        lambda: b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4)
        + b"\xff\x3f\x00" * 2,
        "16,384 by 16,384",
    ),
    "a text bomb": (
        lambda: files.png(8, 8, b"", files.chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(200 << 20)))),
        "damaged",
    ),
    "a PNG cut off": (lambda: files.picture("PNG")[:-40], "cut off"),
    "a JPEG cut off": (lambda: files.picture("JPEG", (400, 400))[:-400], "cut off"),
    "a WebP cut off": (lambda: files.picture("WEBP", (400, 400))[:-30], "cut off"),
    "a PNG with a byte changed": (lambda: _changed(files.picture("PNG", (200, 200)), 90), "damaged"),
    "only the head of a PNG": (lambda: files.picture("PNG")[:20], "cut off"),
    "only the sign of a JPEG": (lambda: b"\xff\xd8\xff", "cut off|damaged"),
}  # fmt: skip


def _changed(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_words(look: Look, name: str) -> None:
    make, said = BAD[name]
    with pytest.raises(Refused, match=said):
        look(make())


BAD_FILMS: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "its end is missing": (lambda at: files.plain_mp4(at)[:-900], "cut off"),
    "its index comes first and its pictures end early": (
        lambda at: files.plain_mp4(at, 2.0, "-movflags", "+faststart")[:-4000], "cut off"),
    "a WebM whose end is missing": (lambda _: files.film("webm")[:-3000], "cut off|damaged"),
    "a ZIP behind it": (lambda at: files.plain_mp4(at) + files.zip_of(), "something else|at the same time"),
    "a page behind it": (lambda at: files.plain_mp4(at) + b"<html><script>alert(1)</script>", "something else"),
    "a page inside it": (
        lambda at: files.plain_mp4(at) + struct.pack(">I4s", 40, b"free") + b"<script>alert(1)</script>".ljust(32),
        "a web page or a script"),
    "another way to pack": (lambda _: files.film("mp4", 0.5, "320x240", False, "-c:v", "mpeg4"), "MPEG4"),
    "too many pixels": (lambda _: files.film("mp4", 0.4, "2048x64"), "2048 by 64"),
    "too long": (lambda _: files.film("mp4", 200, "16x16", False, "-r", "1"), "3:20|3:00"),
    "two pictures": (lambda _: files.film("mp4", 0.5, "64x64", False, "-map", "0:v", "-map", "0:v"), "several"),
    "damaged in the middle": (lambda at: _holed(files.plain_mp4(at, 2.0)), "damaged"),
}  # fmt: skip


def _holed(body: bytes) -> bytes:
    start = body.index(b"mdat") + 2000
    return body[:start] + os.urandom(3000) + body[start + 3000 :]


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", BAD_FILMS)
def test_a_bad_film_is_refused_in_words(look: Look, tmp_path: Path, name: str) -> None:
    make, said = BAD_FILMS[name]
    with pytest.raises(Refused, match=said):
        look(make(tmp_path))


@NEEDS_FFMPEG
def test_a_film_without_pictures_is_none(look: Look) -> None:
    with pytest.raises(Refused, match="no moving picture"):
        look(files.film("mp4", 0.5, "64x64", True, "-map", "1:a"))


def test_a_file_is_looked_at_in_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "good").write_bytes(files.picture("PNG", (600, 600)))
    (tmp_path / "bad").write_bytes(files.SVG)
    found = inspect(tmp_path / "good", tmp_path / "made")
    assert [made.path.name for made in found.made] == ["full", "small"]
    assert all(made.path.is_file() for made in found.made)
    with pytest.raises(Refused, match="an SVG drawing"):
        inspect(tmp_path / "bad", tmp_path / "made")


def test_a_file_that_breaks_the_process_is_refused_and_nothing_else_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "came").write_bytes(files.picture())
    monkeypatch.setattr(looking.sys, "executable", "/bin/false")
    with pytest.raises(Refused, match="damaged"):
        inspect(tmp_path / "came", tmp_path)


def test_a_missing_ffmpeg_is_said_and_no_fault_of_the_file(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    boxes = ((b"ftyp", b"isomisom"), (b"moov", b""), (b"mdat", b""))
    with pytest.raises(looking.ToolMissing, match="ffmpeg"):
        look(b"".join(struct.pack(">I4s", 8 + len(body), name) + body for name, body in boxes))


@pytest.mark.parametrize(
    "kind",
    [
        "JPEG",
        "PNG",
        "WEBP",
        pytest.param("mp4", marks=NEEDS_FFMPEG),
        pytest.param("webm", marks=NEEDS_FFMPEG),
    ],
)
def test_whatever_is_changed_in_a_file_its_frame_is_found_or_it_is_refused(tmp_path: Path, kind: str) -> None:
    good = files.film(kind, 0.4, "64x64") if kind.islower() else files.picture(kind)
    chance = random.Random(kind)
    path = tmp_path / "came"
    for _ in range(300):
        body = bytearray(good[: chance.randrange(1, len(good) + 1)] if chance.random() < 0.3 else good)
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(min(len(body), 200))] = chance.choice(
                (0, 1, 0x7F, 0xFF, chance.randrange(256))
            )
        path.write_bytes(bytes(body))
        with contextlib.suppress(Refused):
            assert 0 < walk(path).end <= len(body)
