"""Object storage: immutable blobs under content-addressed keys, in a folder or behind an S3 API.

Both stores keep one contract: an object is written once and never changes, `put_if_absent` answers whether
this call wrote it, a reader sees a whole object or none.
"""

import contextlib
import io
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
MAX_KEY = 512


class ObjectMissing(LookupError):
    """No object under this key."""


class ObjectKeyInvalid(ValueError):
    """Not a key: parts of letters, digits, `.`, `_` and `-` joined by `/`, none starting with a dot."""


class StoreInvalid(ValueError):
    """The address of a store cannot be understood; the message says which part."""


class StoreUnavailable(RuntimeError):
    """The store refused or could not be reached; the message says what it answered."""


class ObjectStore(Protocol):
    """What the folder and S3 both do. Every method raises ObjectKeyInvalid for a malformed key."""

    def put_if_absent(
        self, key: str, body: bytes, content_type: str, content_encoding: str | None = None
    ) -> bool:
        """Write `body`; False when the key exists already, which is then left as it is."""

    def put_file_if_absent(self, key: str, path: Path, content_type: str) -> bool:
        """As put_if_absent, for a file that need not fit into memory."""

    def get(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes `[start:end)`, cut at the object's end.

        Raises ObjectMissing; ValueError unless 0 <= start <= end.
        """

    def size(self, key: str) -> int:
        """Bytes stored under the key. Raises ObjectMissing."""

    def exists(self, key: str) -> bool:
        """Whether the key has an object."""

    def url(self, key: str) -> str | None:
        """An address from which anyone may GET the object, or None when only our own server can serve it."""


def open_store(url: str, public_base: str | None = None) -> ObjectStore:
    """Open the store at `url`.

    `url` is a folder, `file:///absolute/folder`, or
    `s3://bucket/prefix?endpoint=http://host:port&region=name&path_style=1` (credentials by boto3's usual
    chain). `public_base` is the address under which an S3 store's prefix is public; without it `url()`
    presigns. A folder has no addresses of its own and ignores it. Raises StoreInvalid.
    """
    if not url:
        raise StoreInvalid("object store: expected a folder, file:// or s3:// address")
    parts = urlsplit(url)
    if parts.scheme == "s3":
        # boto3 takes a third of a second to import; a folder does not need it.
        from sync.objects_s3 import open_s3

        return open_s3(url, public_base)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise StoreInvalid(f"object store {url!r}: expected file:///absolute/folder")
        return FolderStore(Path(unquote(parts.path)))
    if "://" in url:
        raise StoreInvalid(f"object store {url!r}: unknown scheme {parts.scheme!r}, expected file or s3")
    return FolderStore(Path(url))


def checked_key(key: str) -> str:
    """Return `key`, or raise ObjectKeyInvalid."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise ObjectKeyInvalid(f"object key {key[:80]!r}: not a key")
    return key


def checked_range(start: int, end: int | None) -> None:
    """Raise ValueError unless 0 <= start <= end."""
    if start < 0 or (end is not None and end < start):
        raise ValueError(f"range {start}..{end}: expected 0 <= start <= end")


class FolderStore:
    """Objects as files below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def put_if_absent(
        self,
        key: str,
        body: bytes,
        content_type: str,  # noqa: ARG002
        content_encoding: str | None = None,  # noqa: ARG002
    ) -> bool:
        """See ObjectStore. The types are not kept: whoever serves a folder knows them from the key."""
        return self._place(key, io.BytesIO(body))

    def put_file_if_absent(self, key: str, path: Path, content_type: str) -> bool:  # noqa: ARG002
        """See ObjectStore."""
        with path.open("rb") as body:
            return self._place(key, body)

    def _place(self, key: str, body: BinaryIO) -> bool:
        path = self._path(key)
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        # Keys never start with a dot, so a draft left by a crash is never taken for an object.
        draft = path.with_name(f".draft-{secrets.token_hex(8)}")
        try:
            with draft.open("xb") as file:
                shutil.copyfileobj(body, file)
                file.flush()
                os.fsync(file.fileno())
            # A link appears whole and fails when the name is taken: exactly one of two racing writers wins.
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
        _sync_folder(path.parent)
        return True

    def get(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """See ObjectStore."""
        checked_range(start, end)
        try:
            with self._path(key).open("rb") as file:
                file.seek(start)
                return file.read(-1 if end is None else end - start)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMissing(key) from error

    def size(self, key: str) -> int:
        """See ObjectStore."""
        path = self._path(key)
        if not path.is_file():
            raise ObjectMissing(key)
        return path.stat().st_size

    def exists(self, key: str) -> bool:
        """See ObjectStore."""
        return self._path(key).is_file()

    def url(self, key: str) -> str | None:
        """Always None: our own server serves a folder at `/v1/objects/<key>`."""
        checked_key(key)
        return None

    def _path(self, key: str) -> Path:
        return self.root.joinpath(*checked_key(key).split("/"))


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
