"""What is done with a file after it came: looked at, kept or refused; and uploads that nobody finishes."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from pathlib import Path
from typing import Final

from server.jobs.registry import GiveUp, Job, task
from server.media import assets, uploads
from server.media.film import ToolMissing
from server.media.formats import CUT_OFF, Refused
from server.media.inspect import inspect
from server.media.uploads import Upload
from sync.objects import ObjectMissing
from sync.objects_parts import open_parts

TASK: Final = "media.inspect"
_CHANGED: Final = "What arrived is not what was sent: part {number} differs. Send the file again."


@task(TASK, title="Look at an uploaded file", heavy=True)
def inspect_upload(job: Job, upload: str) -> str:
    """Look at the file, and keep it or say on its row why not. A second run finds its work done."""
    with job.engine.connect() as conn:
        found = uploads.find(conn, uuid.UUID(upload))
    if found.state != "inspecting":
        return f"{found.name}: nothing to do, it is {found.state}."
    try:
        asset = _taken(job, found)
    except Refused as refused:
        with job.engine.begin() as conn:
            uploads.refuse(conn, found, str(refused), job.now)
        said = f"{found.name}: refused. {refused}"
    except ToolMissing as missing:
        raise GiveUp(str(missing)) from None
    else:
        with job.engine.begin() as conn:
            uploads.ready(conn, found, asset, job.now)
        said = f"{found.name}: found good."
    open_parts(job.store).discard(found.key, found.handle)
    return said


def _taken(job: Job, upload: Upload) -> str:
    """The asset that the file became. Raises Refused, ToolMissing."""
    # PostgreSQL and ffmpeg run as other users here and there; nothing of them needs this folder.
    with tempfile.TemporaryDirectory(prefix="limber-media-") as place:
        folder = Path(place)
        came = folder / "came"
        try:
            # One byte more than was announced is enough to see that there are more.
            size = open_parts(job.store).fetch(upload.key, upload.handle, came, upload.size + 1)
        except ObjectMissing:
            raise Refused(CUT_OFF) from None
        if size != upload.size:
            raise Refused(f"The file was announced with {upload.size:,} bytes, but not that many came.")
        with job.engine.connect() as conn:
            said = uploads.hashes(conn, upload)
        source = _checked(came, upload, said)
        with job.engine.connect() as conn:
            known = assets.of_source(conn, source)
        if known is not None:
            return known
        job.check()
        (folder / "made").mkdir()
        found = inspect(came, folder / "made")
        with job.engine.begin() as conn:
            return assets.keep(conn, job.store, found, source=source, by=upload.created_by, now=job.now)


def _checked(path: Path, upload: Upload, said: dict[int, str]) -> str:
    """The SHA-256 of the file. Raises Refused when a part is not what the browser announced."""
    whole = hashlib.sha256()
    with path.open("rb") as file:
        for number, size in upload.wanted.items():
            part = file.read(size)
            if hashlib.sha256(part).hexdigest() != said.get(number):
                raise Refused(_CHANGED.format(number=number))
            whole.update(part)
    return whole.hexdigest()


@task("media.abandon", title="Drop uploads that nobody finished", every="40 3 * * *")
def abandon_uploads(job: Job) -> str:
    """Forget uploads that nothing was heard of for two days, and their parts."""
    with job.engine.begin() as conn:
        gone = uploads.abandoned(conn, job.now)
    for each in gone:
        open_parts(job.store).discard(each.key, each.handle)
    return f"{len(gone)} dropped."
