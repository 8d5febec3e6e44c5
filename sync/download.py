"""Download of one content-addressed file, which may be interrupted as often as the network likes."""

import hashlib
import os
import re
from pathlib import Path

from sync.answers import Refused
from sync.transport import Response, Transport, TransportError


def download(transport: Transport, url: str, target: Path, sha256: str, size: int) -> int:
    """Bring `target` to hold exactly the `size` bytes with this SHA-256; returns how many came.

    What an earlier try left in `<target>.part` is continued by Range. A whole file with another hash is
    thrown away and raises Refused; a broken answer raises TransportError and leaves the part for the next
    try. `target` appears at once or not at all.
    """
    part = target.with_name(target.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    if have > size:
        part.unlink()
        have = 0
    came = 0
    # What was left may be worthless, or the server may not continue it: then once more from the first byte.
    for start in (have, 0) if have else (0,):
        if start == 0:
            part.unlink(missing_ok=True)
        came += _fetch(transport, url, part, start, size) if start < size else 0
        if part.exists() and part.stat().st_size < size:
            raise TransportError(f"{target.name} is incomplete; the next sync continues it")
        if part.exists() and hashlib.sha256(part.read_bytes()).hexdigest() == sha256:
            part.replace(target)
            return came
    part.unlink(missing_ok=True)
    raise Refused(f"{target.name} was damaged on the way: its hash is not the signed one")


def _fetch(transport: Transport, url: str, part: Path, start: int, size: int) -> int:
    """Append what the server sends from byte `start` on; returns how much. No part is left when it cannot."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with transport(url, headers) as response:
        if response.status == 416:
            part.unlink(missing_ok=True)
            return 0
        if response.status not in (200, 206):
            raise Refused(f"the server answered {response.status} to the download of {part.stem}")
        if response.status == 206 and not _continues(response, start):
            part.unlink(missing_ok=True)
            raise Refused(f"the server sent another part of {part.stem} than the one asked for")
        came = 0
        with part.open("r+b" if part.exists() else "xb") as file:
            at = start if response.status == 206 else 0
            file.truncate(at)
            file.seek(at)
            for chunk in response.chunks:
                came += len(chunk)
                if at + came > size:
                    file.truncate(0)
                    raise Refused(f"{part.stem} is longer than the signed manifest says")
                file.write(chunk)
                file.flush()
            os.fsync(file.fileno())
    return came


def _continues(response: Response, start: int) -> bool:
    said = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("content-range", ""))
    encoded = response.headers.get("content-encoding", "identity") not in ("", "identity")
    return said is not None and int(said[1]) == start and not encoded
