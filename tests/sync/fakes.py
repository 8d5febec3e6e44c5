"""A server in memory that plays the HTTP protocol a device speaks, and a network that can be made to fail.

It is written from the protocol's description, not from the server's code, and keeps every past state, so that a
test can ask whether what a device shows was ever a release.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.canonical import catalog_digest, document_digest
from sync.device import Device, Report
from sync.device_model import CONTRACT
from sync.health import added, empty
from sync.signing import sign, trust_document
from sync.transport import Response, TransportError

Documents = dict[tuple[str, str], dict[str, Any]]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def no_check(path: Path, golden: bytes) -> None:
    """A model check that believes everything."""


@contextmanager
def serving(server: Any) -> Iterator[str]:
    """Run a `socketserver` in a thread; the address of its port, until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def key() -> Ed25519PrivateKey:
    """Always the same key, so that a failing example can be replayed."""
    return Ed25519PrivateKey.from_private_bytes(b"k" * 32)


def catalogue(count: int, revision: int = 1) -> Documents:
    """`count` small documents in two collections."""
    return {
        ("activity" if n % 5 == 0 else "exercise", f"item-{n}"): {
            "name": f"Übung {n}",
            "met": n / 4,
            "rev": revision,
        }
        for n in range(count)
    }


@dataclass
class FakeServer:
    """Publish, restore, prune; call it to GET. `requests` lists what was asked, as (url, headers)."""

    signer: Ed25519PrivateKey = field(default_factory=key)
    page: int = 4
    snapshots: bool = True
    epoch: str = "e1"
    head: int = 0
    floor: int = 0
    rows: dict[tuple[str, str], tuple[int, bool, Any]] = field(default_factory=dict)
    release: dict[str, Any] | None = None
    releases: dict[int, Documents] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    hint: dict[str, Any] | None = None
    model: dict[str, Any] | None = None
    ranges: bool = True
    statements: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    # What an operator does

    def publish(self, documents: Documents, /, number: int | None = None, **overrides: Any) -> int:
        """Make `documents` the next release; returns its number. `overrides` replace members of the manifest."""
        for identity in sorted(set(self.rows) | set(documents)):
            data = documents.get(identity)
            old = self.rows.get(identity)
            if (
                (old is None or old[1])
                if data is None
                else (old is not None and not old[1] and old[2] == data)
            ):
                continue
            self.head += 1
            self.rows[identity] = (self.head, data is None, data)
        number = number or max(self.releases, default=0) + 1
        manifest = {
            "kind": "catalog",
            "release": number,
            "digest": catalog_digest({k: document_digest(d) for k, d in documents.items()}),
            "documents": len(documents),
            "epoch": self.epoch,
            "seq": self.head,
            "published_at": (NOW + timedelta(days=number)).isoformat(),
        }
        self.release = sign(manifest | overrides, self.signer)
        self.releases[number] = dict(documents)
        changes = [self._change(i) for i in self.rows if not self.rows[i][1]]
        cursor = self._cursor(self.head)
        body = json.dumps({"release": number, "cursor": cursor, "changes": changes}).encode()
        sha256 = self.put(body, "snapshots", "json")
        self.hint = {"url": f"/v1/objects/snapshots/{sha256}.json", "sha256": sha256, "bytes": len(body)}
        self.hint |= {"cursor": cursor, "release": number}
        return number

    def restore(self, number: int) -> None:
        """Come back from a backup made at release `number`: another epoch, the old state, then a fresh release."""
        documents = self.releases[number]
        self.releases = {n: d for n, d in self.releases.items() if n <= number}
        self.epoch = f"e{int(self.epoch[1:]) + 1}"
        self.rows, self.head, self.floor = {}, 0, 0
        self.publish(documents)

    def prune(self) -> None:
        """Forget every tombstone."""
        gone = [identity for identity, (_, deleted, _) in self.rows.items() if deleted]
        self.floor = max([self.floor, *(self.rows[identity][0] for identity in gone)])
        for identity in gone:
            del self.rows[identity]

    def publish_model(self, body: bytes, sequence: int, golden: bytes = b"[]", **overrides: Any) -> str:
        """Offer a model; returns its hash. `overrides` replace members of the manifest."""
        sha256 = self.put(body, "models", "onnx")
        golden_sha256 = self.put(golden, "models", "golden.json")
        manifest = {
            "kind": "model",
            "sequence": sequence,
            "sha256": sha256,
            "bytes": len(body),
            "contract": CONTRACT,
            "opset": 17,
            "ir": 8,
            "operators": ["Add"],
            "catalog_min": 1,
            "catalog_max": None,
            "golden": {"sha256": golden_sha256, "bytes": len(golden)},
            "channel": "stable",
            "created_at": NOW.isoformat(),
            "expires_at": (NOW + timedelta(days=90)).isoformat(),
        }
        self.model = {
            "manifest": sign(manifest | overrides, self.signer),
            "url": f"/v1/objects/models/{sha256}.onnx",
            "golden_url": f"/v1/objects/models/{golden_sha256}.golden.json",
        }
        return sha256

    def put(self, body: bytes, folder: str, suffix: str) -> str:
        """Store an object under its hash."""
        sha256 = hashlib.sha256(body).hexdigest()
        self.objects[f"{folder}/{sha256}.{suffix}"] = body
        return sha256

    # What a device sees

    def __call__(self, url: str, headers: Mapping[str, str]) -> Response:
        self.requests.append((url, dict(headers)))
        path, query = urlsplit(url).path, {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        if path == "/v1/keys":
            return answer({**trust_document(self.signer), "statements": self.statements}, headers)
        if path == "/v1/catalog/changes":
            try:
                body = self.changes(query.get("since"), int(query.get("limit", self.page)))
            except (ValueError, TypeError, IndexError):
                return raw(422, b"{}")  # not one of our cursors
            return answer(body, headers)
        if path == "/v1/models/current" and self.model:
            installed = query.get("installed") == self.model["manifest"]["manifest"]["sha256"]
            return answer({"manifest": None} if installed else self.model, headers)
        stored = self.objects.get(path.removeprefix("/v1/objects/"))
        return raw(404, b"{}") if stored is None else self._object(stored, headers)

    def _object(self, body: bytes, headers: Mapping[str, str]) -> Response:
        start = int(headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if not self.ranges or "Range" not in headers:
            return raw(200, body)
        if start >= len(body):
            return raw(416, b"")
        return raw(206, body[start:], {"content-range": f"bytes {start}-{len(body) - 1}/{len(body)}"})

    def changes(self, since: str | None, limit: int = 4) -> dict[str, Any]:
        if since is None:
            return (
                self._start() if self.release else {"changes": [], "cursor": self._cursor(0), "more": False}
            )
        epoch, seq, until, begun = json.loads(since)
        if epoch != self.epoch:
            return self._start() | {"resync": "epoch"}
        if seq and max(seq, begun) < self.floor:
            return self._start() | {"resync": "pruned"}
        if seq > self.head:
            return self._start() | {"resync": "ahead"}
        until = self.head if until is None else until
        begun = begun if seq else self.floor
        due = sorted((s, i) for i, (s, _, _) in self.rows.items() if seq < s <= until)
        if len(due) > limit:
            return self._page(due[:limit], self._cursor(due[limit - 1][0], until, begun), more=True)
        return self._page(due, self._cursor(until), more=until < self.head)

    def _page(self, due: list[tuple[int, tuple[str, str]]], cursor: str, *, more: bool) -> dict[str, Any]:
        body = {"changes": [self._change(identity) for _, identity in due], "cursor": cursor, "more": more}
        return body if more else body | {"release": self.release}

    def _start(self) -> dict[str, Any]:
        body = {"changes": [], "cursor": self._cursor(0), "more": True}
        return body | ({"snapshot": self.hint} if self.snapshots else {})

    def _change(self, identity: tuple[str, str]) -> dict[str, Any]:
        seq, deleted, data = self.rows[identity]
        return {"collection": identity[0], "id": identity[1], "seq": seq, "deleted": deleted, "data": data}

    def _cursor(self, seq: int, until: int | None = None, begun: int = 0) -> str:
        """`begun`: the floor when the reader began from nothing; tombstones pruned by then never concerned it."""
        return json.dumps([self.epoch, seq, until, begun])


@dataclass
class HealthLedger:
    """The server's end of health reports; `reports` holds each once, by its id."""

    reports: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        assert (method, url) == ("POST", "/v1/models/health")
        report = json.loads(body or b"")
        assert self.reports.setdefault(report["id"], report) == report, "one id, two reports"
        return raw(200, b'{"counted": 1}')

    def models(self) -> list[dict[str, Any]]:
        """Every entry of every report."""
        return [model for report in self.reports.values() for model in report["models"]]

    def total(self) -> dict[str, Any]:
        """The sums over all of them."""
        found = empty()
        for model in self.models():
            found = added(found, model)
        return found


def raw(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with this body, in small chunks as a network would bring it."""
    return Response(status, dict(headers or {}), (body[i : i + 512] for i in range(0, len(body), 512)))


def answer(body: Any, headers: Mapping[str, str]) -> Response:
    """A JSON answer with a strong ETag, or 304."""
    sent = json.dumps(body).encode()
    etag = f'"{hashlib.sha256(sent).hexdigest()[:16]}"'
    if headers.get("If-None-Match") == etag:
        return raw(304, b"", {"etag": etag})
    return raw(200, sent, {"etag": etag})


def cut(response: Response, after: int) -> Response:
    """The same answer, broken off after so many bytes."""

    def chunks() -> Iterator[bytes]:
        left = after
        for chunk in response.chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                break
        raise TransportError("the answer broke off")

    return Response(response.status, response.headers, chunks())


def flipped(response: Response, bit: int) -> Response:
    """The same answer with one bit of its body turned over."""
    body = bytearray(b"".join(response.chunks))
    if body:
        body[bit // 8 % len(body)] ^= 1 << bit % 8
    return raw(response.status, bytes(body), response.headers)


def network(server: FakeServer, fault: Callable[[int, Response], Response]) -> Callable[..., Response]:
    """A transport to `server` whose n-th answer (from 0) passes through `fault(n, answer)`, which may raise."""
    count = -1

    def get(url: str, headers: Mapping[str, str]) -> Response:
        nonlocal count
        count += 1
        return fault(count, server(url, headers))

    return get


def held(device: Device) -> Documents:
    """What the person sees."""
    return {(d["collection"], d["id"]): d["data"] for d in device.documents()}


def sync(device: Device, server: Callable[..., Response], **options: Any) -> Report:
    """A sync with the pinned keys and a model check that believes everything."""
    return device.sync(server, None, no_check, **options)


def edited(documents: Documents, *gone: int) -> Documents:
    """Every third document changed, some removed, one added."""
    names = [k for n, k in enumerate(documents) if n not in gone]
    changed = {k: documents[k] | ({"rev": 2} if n % 3 == 0 else {}) for n, k in enumerate(names)}
    return changed | {("exercise", "brand-new"): {"name": "new", "met": 2.5}}
