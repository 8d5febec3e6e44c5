"""The desk's server, a store of each kind to send to, and an editor's script that sends files as upload.js does."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import requests

from server.jobs import Ended, run_pending
from sync.objects import ObjectStore, open_store
from sync.objects_s3 import S3Store
from tests.desk.conftest import Editor, Page, at_desk, limber, start
from tests.server.conftest import Limber

__all__ = ["at_desk", "limber", "start"]


@pytest.fixture
def bucket(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a fresh place in an S3 that runs here."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    address = (
        f"s3://limber/test-{secrets.token_hex(6)}?endpoint={moto_endpoint}&region=us-east-1&path_style=1"
    )
    store = open_store(address)
    assert isinstance(store, S3Store)
    store.client.create_bucket(Bucket=store.bucket)
    return address


@pytest.fixture(params=["folder", "moto", *(["real"] if "TEST_S3" in os.environ else [])])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """A fresh store of each kind."""
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    if request.param == "moto":
        return open_store(request.getfixturevalue("bucket"))
    address, _, options = os.environ["TEST_S3"].partition("?")
    return open_store(f"{address}/test-{secrets.token_hex(6)}?{options}")


@dataclass
class Sender:
    """An editor whose browser sends files."""

    limber: Limber
    editor: Editor

    @property
    def csrf(self) -> str:
        return dict(self.editor.get("/desk/media").form("/desk/media/uploads"))["csrf"]

    def post(self, path: str, **fields: Any) -> Any:
        return self.editor.client.post(
            path, data={"csrf": self.csrf, **fields}, headers={"Accept": "application/json"}
        )

    def begin(self, name: str, size: int, exercise: str = "") -> Any:
        return self.post("/desk/media/uploads", name=name, size=size, exercise=exercise)

    def addresses(self, upload: str, parts: dict[int, bytes]) -> dict[str, str]:
        hashes = {str(number): hashlib.sha256(body).hexdigest() for number, body in parts.items()}
        answer = self.post(f"/desk/media/uploads/{upload}/addresses", parts=orjson.dumps(hashes).decode())
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def put(self, address: str, body: bytes) -> int:
        """Send a part as a browser would: without a cookie to another origin."""
        if urlsplit(address).netloc:
            return requests.put(address, data=body, timeout=20).status_code
        return int(self.limber.app.test_client().put(address, data=body).status_code)

    def send_parts(self, told: dict[str, Any], body: bytes, numbers: list[int] | None = None) -> None:
        size = told["part_size"]
        count = -(-len(body) // size)
        for number in numbers or range(1, count + 1):
            part = body[(number - 1) * size : number * size]
            (address,) = self.addresses(told["id"], {number: part}).values()
            assert self.put(address, part) in (200, 204)

    def finish(self, upload: str) -> Any:
        return self.post(f"/desk/media/uploads/{upload}/finish")

    def send(self, body: bytes, name: str = "cat.png", exercise: str = "") -> Page:
        """Send all of a file, have it looked at, and see what became of it."""
        begun = self.begin(name, len(body), exercise)
        assert begun.status_code == 201, begun.text
        self.send_parts(begun.json, body)
        done = self.finish(begun.json["id"])
        assert done.status_code == 200, done.text
        self.work()
        return self.editor.get(done.json["page"])

    def work(self) -> list[tuple[str, Ended]]:
        """Let the background jobs run that wait."""
        return run_pending(self.limber.engine, self.limber.settings)


@pytest.fixture
def sender(limber: Limber, at_desk: Callable[..., Editor]) -> Sender:
    """An editor at a server whose store is a folder."""
    return Sender(limber, at_desk("editor"))


@pytest.fixture(params=["folder", "moto"])
def each_sender(
    request: pytest.FixtureRequest,
    start: Callable[..., Limber],
    limber: Limber,
    at_desk: Callable[..., Editor],
) -> Sender:
    """As `sender`, and once more with S3."""
    if request.param == "moto":
        address = request.getfixturevalue("bucket")
        served = limber.app.extensions["limber"]
        served.store = open_store(address)
        served.settings = replace(served.settings, objects=address)
        limber = replace(limber, store=served.store, settings=served.settings)
    return Sender(limber, at_desk("editor"))
