"""Large files on their way into object storage, in parts that may come in any order and more than once.

What comes here is nobody's object yet: it lies under a key of its own until somebody has looked at it, and is then
removed. S3 has an upload in parts with presigned addresses; a folder keeps each part as a file, and the server itself
takes the bytes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from sync.objects import FolderStore, ObjectMissing, ObjectStore, StoreUnavailable, checked_key

if TYPE_CHECKING:
    from sync.objects_s3 import S3Store

PIECE: Final = 1 << 20
MAX_PARTS: Final = 10_000
ADDRESS_S: Final = 3600
"""How long a part's address is good for; whoever is slower asks for another."""


class PartCut(ValueError):
    """A part did not have the bytes that were announced; nothing of it was kept."""


class PartsMissing(ValueError):
    """Not every part is there in its size; `numbers` are those that are wanted."""

    def __init__(self, numbers: list[int]) -> None:
        super().__init__(f"{len(numbers)} parts are missing")
        self.numbers = numbers


class Parts(Protocol):
    """What a folder and S3 both do. Numbers of parts begin at 1. All raise StoreUnavailable."""

    def begin(self, key: str, content_type: str) -> str:
        """Open an upload below `key`; returns the handle that the other methods want."""

    def address(self, key: str, handle: str, number: int, size: int) -> str | None:
        """Where to PUT part `number`, of exactly `size` bytes; None when the server must take it (`receive`)."""

    def receive(self, key: str, handle: str, number: int, size: int, body: IO[bytes]) -> None:
        """Keep `size` bytes of `body` as the part. Raises PartCut when there are fewer."""

    def sizes(self, key: str, handle: str) -> dict[int, int]:
        """Bytes of each part that is there; nothing for an upload that has ended."""

    def complete(self, key: str, handle: str, wanted: dict[int, int]) -> None:
        """Join the parts, once they are there in the sizes of `wanted`; again does no harm. Raises PartsMissing."""

    def fetch(self, key: str, handle: str, path: Path, most: int) -> int:
        """Copy the whole into the new file `path`, at most `most` bytes; returns its size. Raises ObjectMissing."""

    def discard(self, key: str, handle: str) -> None:
        """Forget everything of the upload; again does no harm."""


def open_parts(store: ObjectStore) -> Parts:
    """The uploads of a store."""
    if isinstance(store, FolderStore):
        return FolderParts(store)
    from sync.objects_s3 import S3Store  # boto3 takes a third of a second to import

    if isinstance(store, S3Store):
        return S3Parts(store)
    raise TypeError(f"{type(store).__name__} takes no uploads in parts")


def _missing(found: dict[int, int], wanted: dict[int, int]) -> list[int]:
    return sorted(number for number, size in wanted.items() if found.get(number) != size)


class FolderParts:
    """Each part is a file `<key>/<number>`, whole or not there."""

    def __init__(self, store: FolderStore) -> None:
        self.store = store

    def begin(self, key: str, content_type: str) -> str:  # noqa: ARG002
        """See Parts."""
        with self._reaching():
            self._folder(key).mkdir(parents=True, exist_ok=True)
        return "folder"

    def address(self, key: str, handle: str, number: int, size: int) -> None:
        """See Parts: always None."""

    def receive(self, key: str, handle: str, number: int, size: int, body: IO[bytes]) -> None:  # noqa: ARG002
        """See Parts."""
        folder = self._folder(key)
        draft = folder / f".draft-{secrets.token_hex(8)}"
        left = size
        try:
            with self._reaching(), draft.open("xb") as file:
                while left and (piece := body.read(min(PIECE, left))):
                    file.write(piece)
                    left -= len(piece)
                file.flush()
                os.fsync(file.fileno())
            if left:
                raise PartCut(f"{size - left} of {size} bytes came")
            with self._reaching():
                draft.replace(folder / str(number))
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()

    def sizes(self, key: str, handle: str) -> dict[int, int]:  # noqa: ARG002
        """See Parts."""
        folder = self._folder(key)
        with self._reaching():
            if not folder.is_dir():
                return {}
            return {int(path.name): path.stat().st_size for path in folder.iterdir() if path.name.isdigit()}

    def complete(self, key: str, handle: str, wanted: dict[int, int]) -> None:
        """See Parts. Nothing is copied: `fetch` reads the parts in their order."""
        if missing := _missing(self.sizes(key, handle), wanted):
            raise PartsMissing(missing)

    def fetch(self, key: str, handle: str, path: Path, most: int) -> int:
        """See Parts."""
        numbers = sorted(self.sizes(key, handle))
        if not numbers:
            raise ObjectMissing(key)
        left = most
        with self._reaching(), path.open("xb") as file:
            for number in numbers:
                with (self._folder(key) / str(number)).open("rb") as part:
                    while left and (piece := part.read(min(PIECE, left))):
                        file.write(piece)
                        left -= len(piece)
        return most - left

    def discard(self, key: str, handle: str) -> None:  # noqa: ARG002
        """See Parts."""
        with self._reaching(), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder(key))

    def _folder(self, key: str) -> Path:
        return self.store.root.joinpath(*checked_key(key).split("/"))

    @contextlib.contextmanager
    def _reaching(self) -> Any:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(f"{error.filename or self.store.root}: {error.strerror}") from error


class S3Parts:
    """S3's multipart upload: the browser sends each part to a presigned address, so no byte passes through us."""

    def __init__(self, store: S3Store) -> None:
        self.store = store
        self.client = store.client

    def begin(self, key: str, content_type: str) -> str:
        """See Parts."""
        with self._reaching():
            made = self.client.create_multipart_upload(**self._where(key), ContentType=content_type)
        return str(made["UploadId"])

    def address(self, key: str, handle: str, number: int, size: int) -> str:
        """See Parts. The size is signed, so more cannot be sent than was announced."""
        asked = {**self._where(key), "UploadId": handle, "PartNumber": number, "ContentLength": size}
        with self._reaching():
            return str(
                self.client.generate_presigned_url(
                    "upload_part", Params=asked, ExpiresIn=ADDRESS_S, HttpMethod="PUT"
                )
            )

    def receive(self, key: str, handle: str, number: int, size: int, body: IO[bytes]) -> None:
        """See Parts. For programs: a browser is given addresses."""
        part = body.read(size)
        if len(part) < size:
            raise PartCut(f"{len(part)} of {size} bytes came")
        with self._reaching():
            self.client.upload_part(**self._where(key), UploadId=handle, PartNumber=number, Body=part)

    def sizes(self, key: str, handle: str) -> dict[int, int]:
        """See Parts."""
        return {number: size for number, (size, _) in self._listed(key, handle).items()}

    def complete(self, key: str, handle: str, wanted: dict[int, int]) -> None:
        """See Parts."""
        listed = self._listed(key, handle)
        if not listed and self.store.exists(key):
            return  # the answer to an earlier try was lost
        if missing := _missing({number: size for number, (size, _) in listed.items()}, wanted):
            raise PartsMissing(missing)
        joined = [{"PartNumber": number, "ETag": listed[number][1]} for number in sorted(wanted)]
        with self._reaching():
            self.client.complete_multipart_upload(
                **self._where(key), UploadId=handle, MultipartUpload={"Parts": joined}
            )

    def fetch(self, key: str, handle: str, path: Path, most: int) -> int:  # noqa: ARG002
        """See Parts."""
        size = min(self.store.size(key), most)
        with path.open("xb") as file:
            for start in range(0, size, 8 * PIECE):
                file.write(self.store.get(key, start, min(start + 8 * PIECE, size)))
        return size

    def discard(self, key: str, handle: str) -> None:
        """See Parts."""
        from botocore.exceptions import ClientError

        with self._reaching():
            try:
                self.client.abort_multipart_upload(**self._where(key), UploadId=handle)
            except ClientError as error:
                if not _is_over(error):
                    raise
            self.client.delete_object(**self._where(key))

    def _listed(self, key: str, handle: str) -> dict[int, tuple[int, str]]:
        """(bytes, ETag) of each part; nothing for an upload that has ended."""
        from botocore.exceptions import ClientError

        found: dict[int, tuple[int, str]] = {}
        after = 0
        with self._reaching():
            while True:
                try:
                    page = self.client.list_parts(
                        **self._where(key), UploadId=handle, PartNumberMarker=after, MaxParts=1000
                    )
                except ClientError as error:
                    if _is_over(error):
                        return {}
                    raise
                for part in page.get("Parts", ()):
                    found[int(part["PartNumber"])] = (int(part["Size"]), str(part["ETag"]))
                if not page.get("IsTruncated"):
                    return found
                after = int(page["NextPartNumberMarker"])

    def _where(self, key: str) -> dict[str, str]:
        return {"Bucket": self.store.bucket, "Key": self.store.prefix + checked_key(key)}

    @contextlib.contextmanager
    def _reaching(self) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(
                f"object store s3://{self.store.bucket}/{self.store.prefix}: {error}"
            ) from error


def _is_over(error: Any) -> bool:
    return bool(error.response.get("Error", {}).get("Code") == "NoSuchUpload")
