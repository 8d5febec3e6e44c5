"""Removing objects: only for an account's erasure. What is published is never removed, so no store has it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from sync.objects import FolderStore, ObjectStore, StoreUnavailable, checked_key

if TYPE_CHECKING:
    from sync.objects_s3 import S3Store

_PAGE: Final = 1000


def remove_below(store: ObjectStore, prefix: str) -> int:
    """Remove every object whose key begins with `prefix` and a slash; returns how many.

    Raises ObjectKeyInvalid for a prefix that is no key, StoreUnavailable; what was removed by then stays removed, and
    asking again removes the rest.
    """
    checked_key(prefix)
    if isinstance(store, FolderStore):
        return _from_folder(store, prefix)
    from sync.objects_s3 import S3Store  # boto3 takes a third of a second to import

    if isinstance(store, S3Store):
        return _from_s3(store, prefix)
    raise TypeError(f"{type(store).__name__} cannot remove objects")


def _from_folder(store: FolderStore, prefix: str) -> int:
    folder = store.root.joinpath(*prefix.split("/"))
    if not folder.is_dir():
        return 0
    found = sum(1 for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StoreUnavailable(f"{folder}: {error.strerror}") from error
    return found


def _from_s3(store: S3Store, prefix: str) -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    removed, whole = 0, f"{store.prefix}{prefix}/"
    try:
        # What was removed is not listed again, so the first page is always the next one.
        while keys := _keys(store, whole):
            for key in keys:
                # One by one: the request that deletes many needs a checksum that several S3 servers refuse.
                store.client.delete_object(Bucket=store.bucket, Key=key)
            removed += len(keys)
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(f"object store s3://{store.bucket}/{whole}: {error}") from error
    return removed


def _keys(store: S3Store, whole: str) -> list[str]:
    page = store.client.list_objects_v2(Bucket=store.bucket, Prefix=whole, MaxKeys=_PAGE)
    return [str(entry["Key"]) for entry in page.get("Contents", ())]
