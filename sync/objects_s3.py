"""Object storage behind an S3 API: Amazon's, Ceph's, MinIO's, R2's."""

import base64
import hashlib
import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sync.objects import (
    ObjectKeyInvalid,
    ObjectMissing,
    StoreInvalid,
    StoreUnavailable,
    checked_key,
    checked_range,
)

_FOREVER = "public, max-age=31536000, immutable"
_PRESIGNED_S = 3600
_CONFLICT_TRIES = 5


def open_s3(url: str, public_base: str | None = None) -> "S3Store":
    """Open `s3://bucket/prefix?endpoint=&region=&path_style=`.

    Raises StoreInvalid naming the part that is wrong.
    """
    parts = urlsplit(url)
    if not parts.netloc or "@" in parts.netloc:
        raise StoreInvalid("object store: expected s3://bucket/prefix, without credentials")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - {"endpoint", "region", "path_style"}):
        raise StoreInvalid(
            f"object store: unknown option {unknown[0]!r}; known: endpoint, region, path_style"
        )
    endpoint = options.get("endpoint")
    if endpoint is not None and urlsplit(endpoint).scheme not in ("http", "https"):
        raise StoreInvalid(f"object store: endpoint {endpoint!r} is not an http address")
    if options.get("path_style", "0") not in ("0", "1"):
        raise StoreInvalid("object store: path_style is 0 or 1")
    prefix = parts.path.strip("/")
    try:
        if prefix:
            checked_key(prefix)
        client = _client(endpoint, options.get("region"), options.get("path_style") == "1")
    except (ObjectKeyInvalid, BotoCoreError, ValueError) as error:
        raise StoreInvalid(f"object store {url!r}: {error}") from error
    return S3Store(client, parts.netloc, f"{prefix}/" if prefix else "", public_base)


def _client(endpoint: str | None, region: str | None, path_style: bool) -> Any:
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if path_style else "auto"},
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 3},
        # boto3's default trailing checksums are refused by several S3 servers; all understand Content-MD5.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", endpoint_url=endpoint, region_name=region or "us-east-1", config=config)


class S3Store:
    """Objects in one bucket below a prefix. Safe to use from several threads."""

    def __init__(self, client: Any, bucket: str, prefix: str, public_base: str | None) -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = prefix
        self.public_base = public_base.rstrip("/") if public_base else None

    def put_if_absent(
        self, key: str, body: bytes, content_type: str, content_encoding: str | None = None
    ) -> bool:
        """See ObjectStore. After a lost answer the client repeats; False can then be its own first write."""
        headers = {"ContentEncoding": content_encoding} if content_encoding else {}
        return self._place(key, io.BytesIO(body), ContentType=content_type, **headers)

    def put_file_if_absent(self, key: str, path: Path, content_type: str) -> bool:
        """See ObjectStore; of at most the 5 GB that S3 takes in one request."""
        with path.open("rb") as body:
            return self._place(key, body, ContentType=content_type)

    def _place(self, key: str, body: io.BytesIO | io.BufferedReader, **headers: str) -> bool:
        md5 = base64.b64encode(hashlib.file_digest(body, _md5).digest()).decode()
        for tries_left in reversed(range(_CONFLICT_TRIES)):
            body.seek(0)
            try:
                self.client.put_object(
                    **self._where(key),
                    Body=body,
                    ContentMD5=md5,
                    CacheControl=_FOREVER,
                    IfNoneMatch="*",
                    **headers,
                )
            except ClientError as error:
                if _status(error) == 412:
                    return False
                # 409: two conditional writes met; S3 asks the loser to try again and then answers 412.
                if _status(error) == 409 and tries_left:
                    continue
                raise self._failed(error) from error
            except BotoCoreError as error:
                raise self._failed(error) from error
            return True
        raise AssertionError("unreachable: the last try returns or raises")

    def get(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """See ObjectStore."""
        checked_range(start, end)
        if end == start:
            self.size(key)
            return b""
        part = (
            {} if (start, end) == (0, None) else {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        )
        try:
            body: bytes = self.client.get_object(**self._where(key), **part)["Body"].read()
        except ClientError as error:
            if _status(error) == 416:
                return b""
            raise self._failed(error, key) from error
        except BotoCoreError as error:
            raise self._failed(error) from error
        return body

    def size(self, key: str) -> int:
        """See ObjectStore."""
        try:
            return int(self.client.head_object(**self._where(key))["ContentLength"])
        except (ClientError, BotoCoreError) as error:
            raise self._failed(error, key) from error

    def exists(self, key: str) -> bool:
        """See ObjectStore."""
        try:
            self.size(key)
        except ObjectMissing:
            return False
        return True

    def url(self, key: str) -> str | None:
        """The public address below `public_base`, else an address presigned for an hour."""
        where = self._where(key)
        if self.public_base:
            return f"{self.public_base}/{quote(key)}"
        return str(self.client.generate_presigned_url("get_object", Params=where, ExpiresIn=_PRESIGNED_S))

    def _where(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + checked_key(key)}

    def _failed(self, error: Exception, key: str | None = None) -> Exception:
        """The exception to raise: ObjectMissing when a wanted key is not there, else StoreUnavailable."""
        if isinstance(error, ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            if key is not None and _status(error) == 404 and code != "NoSuchBucket":
                return ObjectMissing(key)
        return StoreUnavailable(f"object store s3://{self.bucket}/{self.prefix}: {error}")


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
