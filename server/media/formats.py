"""What a file is by its bytes, never by its name, and where it ends.

Each format's frame is walked before a decoder sees the file, so that a picture too large to unpack, a file that was cut
off and one with something else behind it are told apart and refused without being opened. Sources: JPEG ISO 10918-1
annex B; PNG ISO 15948; WebP RFC 9649; ISO base media ISO 14496-12; Matroska RFC 9559 (EBML RFC 8794).
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
ACCEPTED: Final = "JPEG, PNG or WebP for a picture, MP4 (H.264) or WebM (VP9) for a film"

MAX_SIDE: Final = 12_000
MAX_PIXELS: Final = 40_000_000
"""Unpacked 160 MB: a phone's largest usual picture has 12 to 24 million, some have 50 and are asked to be smaller."""
_HEAD: Final = 1024
_SCANNED: Final = 1 << 20
_FOREIGN: Final = re.compile(
    rb"<script|<!doctype|<html|<svg|<\?php|<iframe|%PDF-|\x7fELF\x02|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07",
    re.IGNORECASE,
)
_LONGEST_FOREIGN: Final = 9
_BOXES: Final = {
    *(
        b"ftyp",
        b"styp",
        b"pdin",
        b"moov",
        b"moof",
        b"mdat",
        b"mfra",
        b"sidx",
        b"ssix",
        b"prft",
        b"emsg",
        b"meta",
        b"uuid",
    ),
    *(b"free", b"skip", b"wide"),
}
"""What may stand at the top of an MP4."""
_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = 0x18538067
_VOID: Final = 0xEC


class Refused(ValueError):
    """The file is not taken; the message tells an editor why, in a sentence or two."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the walk found: the media type, the size in pixels (0 where only a decoder knows) and bytes to the end."""

    type: str
    width: int
    height: int
    end: int


def object_key(sha256: str, media_type: str) -> str:
    """The key under which a picture or film is kept and served. Raises KeyError for another type."""
    return f"media/{sha256}.{EXTENSIONS[media_type]}"


def walk(path: Path) -> Frame:
    """What the file is, by its bytes. Raises Refused for all that is not exactly one picture or film."""
    size = path.stat().st_size
    if not size:
        raise Refused("The file is empty.")
    with path.open("rb") as file:
        head = file.read(_HEAD)
        kind = _recognised(head)
        try:
            frame = _WALKS[kind](file, size)
        except (struct.error, IndexError):
            raise Refused(CUT_OFF) from None
        if frame.end < size and not _is_padding(file, frame):
            raise Refused(
                f"Behind the {_NOUN[kind]} the file carries {size - frame.end:,} bytes of something else. "
                "Save it anew from a program for pictures or films, and send that."
            )
        foreign = _foreign(file)
    if foreign or zipfile.is_zipfile(path):
        raise Refused(
            f"The file is a {_NOUN[kind]} and at the same time {foreign or 'a ZIP archive'}. "
            "Save it anew from a program for pictures or films, and send that."
        )
    if frame.width * frame.height > MAX_PIXELS or max(frame.width, frame.height) > MAX_SIDE:
        raise Refused(
            f"The picture is {frame.width:,} by {frame.height:,} pixels. At most {MAX_PIXELS // 10**6} million pixels "
            f"and {MAX_SIDE:,} on a side are taken: make it smaller first."
        )
    return frame


CUT_OFF: Final = "The file was cut off: its end is missing. Send it again from the original."
DAMAGED: Final = "The file is damaged: not all of it can be read. Send it again from the original."


def _recognised(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _of_brand(head)
    if head.startswith(_EBML):
        if b"webm" in head[:64]:
            return "video/webm"
        raise Refused("This is a Matroska film. Save it as MP4 (H.264) or WebM (VP9) and send that.")
    raise Refused(f"This is {_named(head)}. Send {ACCEPTED}.")


def _of_brand(head: bytes) -> str:
    """ISO base media has one frame for many formats: the brand tells which."""
    brand = head[8:12]
    if brand in (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"):
        raise Refused("This is a HEIC or AVIF picture. Save it as JPEG and send that.")
    if brand == b"qt  ":
        raise Refused("This is a QuickTime film. Save it as MP4 (H.264) and send that.")
    return "video/mp4"


def _named(head: bytes) -> str:
    """What a refused file seems to be, in words."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    signs = (
        (b"pk\x03\x04", "a ZIP archive or an office document"),
        (b"pk\x05\x06", "an empty ZIP archive"),
        (b"%pdf-", "a PDF"),
        (b"gif8", "a GIF"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"rar!", "a RAR archive"),
        (b"bm", "a BMP picture or something unknown"),
        (b"ii*\x00", "a TIFF picture"),
        (b"mm\x00*", "a TIFF picture"),
        (b"id3", "an MP3"),
        (b"oggs", "an Ogg file"),
        (b"mz", "a Windows program"),
        (b"\x7felf", "a program"),
        (b"#!", "a script"),
        (b"#extm3u", "a playlist"),
    )
    for sign, words in signs:
        if text.startswith(sign):
            return words
    if b"<svg" in text:
        return "an SVG drawing, which can carry scripts"
    if b"<html" in text or text.startswith(b"<!doctype"):
        return "a web page"
    if text.startswith(b"<"):
        return "an XML document"
    if head[:4] == b"RIFF":
        return "an AVI film or a WAV sound"
    return "no picture or film that we know"


# --- the frames ------------------------------------------------------------------------------------------


def _walk_jpeg(file: BinaryIO, _: int) -> Frame:
    """Segments up to the end-of-image marker; within a scan the bytes FF 00 and FF D0–D7 are data."""
    at, width, height = 2, 0, 0
    while True:
        file.seek(at)
        marker = file.read(4)
        while marker[:2] == b"\xff\xff":  # fill bytes
            at += 1
            file.seek(at)
            marker = file.read(4)
        code = marker[1]
        if marker[0] != 0xFF:
            raise Refused(DAMAGED)
        if code == 0xD9:
            if not width:
                raise Refused(DAMAGED)
            return Frame("image/jpeg", width, height, at + 2)
        if code == 0x01 or 0xD0 <= code <= 0xD8:
            at += 2
            continue
        (length,) = struct.unpack(">H", marker[2:4])
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", file.read(5)[1:])
        at += 2 + length
        if code == 0xDA:
            at = _end_of_scan(file, at)


def _end_of_scan(file: BinaryIO, at: int) -> int:
    """Where the marker stands that ends the entropy-coded bytes from `at` on."""
    file.seek(at)
    held = b""
    while piece := file.read(1 << 16):
        chunk = held + piece
        start = 0
        while (found := chunk.find(b"\xff", start)) >= 0 and found + 1 < len(chunk):
            code = chunk[found + 1]
            if code != 0 and not 0xD0 <= code <= 0xD7:
                return at + found
            start = found + 2
        keep = chunk[-1:] if chunk.endswith(b"\xff") and start < len(chunk) else b""
        at += len(chunk) - len(keep)
        held = keep
    raise Refused(CUT_OFF)


def _walk_png(file: BinaryIO, size: int) -> Frame:
    at, width, height = 8, 0, 0
    while True:
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if at == 8:
            if name != b"IHDR":
                raise Refused(DAMAGED)
            width, height = struct.unpack(">II", file.read(8))
        if name == b"acTL":
            raise Refused("This picture moves. Send a film as MP4 or WebM instead.")
        at += 12 + length
        if at > size:
            raise Refused(CUT_OFF)
        if name == b"IEND":
            return Frame("image/png", width, height, at)


def _walk_webp(file: BinaryIO, size: int) -> Frame:
    file.seek(4)
    (length,) = struct.unpack("<I", file.read(4))
    end = 8 + length + length % 2
    if end > size + length % 2:
        raise Refused(CUT_OFF)
    file.seek(12)
    name, body = file.read(4), file.read(14)
    if name == b"VP8X":
        if body[4] & 0x02:
            raise Refused("This picture moves. Send a film as MP4 or WebM instead.")
        width = 1 + int.from_bytes(body[8:11], "little")
        height = 1 + int.from_bytes(body[11:14], "little")
    elif name == b"VP8L":
        (bits,) = struct.unpack("<I", body[5:9])
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif name == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", body[10:14]))
    else:
        raise Refused(DAMAGED)
    return Frame("image/webp", width, height, min(end, size))


def _walk_mp4(file: BinaryIO, size: int) -> Frame:
    """Boxes at the top; the last may say 0, which means to the end of the file."""
    at, seen = 0, set[bytes]()
    while at < size:
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        if name not in _BOXES or 1 < length < 8:
            break  # no box: what came before is the film
        seen.add(name)
        at = size if length == 0 else at + length
    if at > size or not {b"moov", b"mdat"} <= seen:
        raise Refused(CUT_OFF)
    return Frame("video/mp4", 0, 0, at)


def _walk_webm(file: BinaryIO, size: int) -> Frame:
    at = 0
    for expected in (int.from_bytes(_EBML, "big"), _SEGMENT):
        while True:
            file.seek(at)
            name, length, body = _element(file)
            if name != _VOID:
                break
            at = body + length
        if name != expected:
            raise Refused(DAMAGED)
        if expected == _SEGMENT and length < 0:
            return Frame("video/webm", 0, 0, size)  # written live: only the decoder finds its end
        at = body + length
    if at > size:
        raise Refused(CUT_OFF)
    return Frame("video/webm", 0, 0, at)


def _element(file: BinaryIO) -> tuple[int, int, int]:
    """(id, length or -1 for unknown, where its content begins) of the EBML element here."""
    first = file.read(1)[0]
    width = 9 - first.bit_length()
    name = int.from_bytes(bytes([first]) + file.read(width - 1), "big")
    first = file.read(1)[0]
    width = 9 - first.bit_length()
    if width > 8:
        raise Refused(DAMAGED)
    value = int.from_bytes(bytes([first & (1 << (8 - width)) - 1]) + file.read(width - 1), "big")
    unknown = value == (1 << 7 * width) - 1
    return name, -1 if unknown else value, file.tell()


_WALKS: Final = {
    "image/jpeg": _walk_jpeg,
    "image/png": _walk_png,
    "image/webp": _walk_webp,
    "video/mp4": _walk_mp4,
    "video/webm": _walk_webm,
}
_NOUN: Final = {kind: "picture" if kind.startswith("image") else "film" for kind in _WALKS}


# --- what does not belong --------------------------------------------------------------------------------


def _is_padding(file: BinaryIO, frame: Frame) -> bool:
    """Zeros, or behind a JPEG further JPEGs: phones keep a small copy there, which re-encoding drops."""
    file.seek(frame.end)
    if frame.type == "image/jpeg":
        sign = file.read(3)
        if sign == b"\xff\xd8\xff":
            return True
        file.seek(frame.end)
    while piece := file.read(_SCANNED):
        if piece.strip(b"\x00"):
            return False
    return True


def _foreign(file: BinaryIO) -> str | None:
    """What else the file would pass for, in words."""
    file.seek(0, os.SEEK_SET)
    held = b""
    while piece := file.read(_SCANNED):
        found = _FOREIGN.search(held + piece)
        if found:
            sign = found.group().lower()
            if sign.startswith(b"<"):
                return "a web page or a script"
            return "a PDF" if sign == b"%pdf-" else "a program or an archive"
        held = piece[-_LONGEST_FOREIGN:]
    return None
