"""A server with the real catalogue published, on a database cloned for each test."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine

from server import create_app
from server.auth import create_token_key, mint
from server.catalog.publish import publish_release
from server.db import OPTIONS
from server.models import releasing
from server.models.releasing import By, Wish
from server.settings import Settings
from sync.canonical import sha256_hex
from sync.device_model import CONTRACT
from sync.objects import ObjectStore, open_store
from sync.releases import Release
from sync.sealing import create_master
from tests.conftest import Published

MODEL = bytes(range(256)) * 40


@dataclass(frozen=True)
class Limber:
    """One server of one test."""

    app: Flask
    client: FlaskClient
    engine: Engine
    store: ObjectStore
    settings: Settings
    key: Ed25519PrivateKey

    def publish_model(
        self,
        body: bytes = b"onnx one",
        *,
        channel: str = "stable",
        contract: int = CONTRACT,
        opset: int = 17,
        **wish: Any,
    ) -> Release:
        """Record a model release as the pipeline would, of files that need not be models."""
        golden = b'{"cases":[]}'
        self.store.put_if_absent(f"models/{sha256_hex(body)}.onnx", body, "application/octet-stream")
        self.store.put_if_absent(f"models/{sha256_hex(golden)}.golden.json", golden, "application/json")
        files = {
            "sha256": sha256_hex(body), "bytes": len(body), "contract": contract, "opset": opset, "ir": 8,
            "operators": ["Add"], "golden": {"sha256": sha256_hex(golden), "bytes": len(golden)},
            "catalog_min": 1, "catalog_max": None,
        }  # fmt: skip
        with self.engine.begin() as conn:
            by, made = By("tests", datetime.now(UTC)), Wish(channel, **{"force": True, **wish})
            done = releasing.publish(conn, self.key, files, {"simulation_only": True}, made, by)
        assert done.release is not None
        return done.release

    def token(self, *roles: str, subject: str = "mia", seconds: int = 600) -> dict[str, str]:
        """The header of a request by somebody with these roles."""
        create_token_key(self.settings.token_key)
        return {"Authorization": f"Bearer {mint(self.settings, subject, roles, seconds)}"}

    def edit(self, collection: str, record_id: str, data: dict[str, Any] | None) -> Release:
        """Change one document (None: retire it) as an editor would, and publish."""
        with self.engine.begin() as conn:
            if data is None:
                conn.exec_driver_sql(
                    "UPDATE catalog_document SET state = 'retired' WHERE collection = %s AND id = %s",
                    (collection, record_id),
                )
            else:
                conn.exec_driver_sql(
                    "UPDATE catalog_document SET data = data || %s::jsonb WHERE collection = %s AND id = %s",
                    (orjson.dumps(data).decode(), collection, record_id),
                )
            release = publish_release(conn, self.store, self.key, datetime(2026, 2, 3, tzinfo=UTC))
        assert release is not None
        return release


def _serve(
    url: str,
    folder: Path,
    source: Published | None = None,
    *,
    changed: dict[str, Any] | None = None,
    **options: Any,
) -> Limber:
    """An app on the database at `url`, with a copy of the published objects in `folder`."""
    objects, key_path = folder / "objects", folder / "none.pem"
    if source is not None:
        shutil.copytree(source.objects, objects)
        key_path = source.key_path
    settings = Settings(
        database_url=url, data=folder, objects=str(objects), signing_key=key_path, **(changed or {})
    )
    if not settings.master_key.exists():
        create_master(settings.master_key)
    engine = create_engine(url, pool_size=8, connect_args={"connect_timeout": 3, "options": OPTIONS})
    store = open_store(str(objects))
    app = create_app(settings, engine=engine, store=store, **{"release_seconds": 0.0, **options})
    key = source.key if source else Ed25519PrivateKey.generate()
    return Limber(app, app.test_client(), engine, store, settings, key)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Limber]]:
    """`start(url, published=None, **options)`: a server on the database at `url`."""
    started: list[Limber] = []

    def make(url: str, source: Published | None = None, **options: Any) -> Limber:
        started.append(_serve(url, tmp_path, source, **options))
        return started[-1]

    yield make
    for each in started:
        each.engine.dispose()


@pytest.fixture(scope="session")
def reader(
    published: Published,
    make_session_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Limber]:
    """A server with the catalogue and one model, shared by the tests that only read."""
    url = make_session_database(published.database)
    served = _serve(url, tmp_path_factory.mktemp("reader"), published, runtime=FAKE_RUNTIME)
    served.publish_model(MODEL)
    yield served
    served.engine.dispose()


@pytest.fixture
def limber(start: Callable[..., Limber], make_database: Callable[[str], str], published: Published) -> Limber:
    """A server with catalogue release 1 published, and no model."""
    return start(make_database(published.database), published, runtime=FAKE_RUNTIME)


@pytest.fixture
def empty(start: Callable[..., Limber], database_url: str) -> Limber:
    """A server on a migrated database in which nothing was ever published."""
    return start(database_url, runtime=FAKE_RUNTIME)


class FakeRequestError(ValueError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class FakeModelError(ValueError):
    pass


class FakeUnsafePlan(RuntimeError):
    pass


def _load_generator(body: bytes) -> SimpleNamespace:
    if not body:
        raise FakeModelError("empty")
    return SimpleNamespace(body=body)


def _from_documents(documents: Any, release: int) -> SimpleNamespace:
    return SimpleNamespace(
        slugs=[d["id"] for d in documents if d["collection"] == "exercise"], release=release
    )


def _generate(generator: Any, catalog: Any, payload: dict[str, Any]) -> dict[str, Any]:
    if payload["request"]["kind"] not in {"warmup", "cooldown"}:
        raise FakeRequestError("request.kind", "is not one of cooldown, warmup")
    if payload["seed"] == 13:
        raise FakeUnsafePlan("S01: unlucky")
    item = {
        "slug": catalog.slugs[0], "phase": "raise", "sets": 1, "work_s_per_side": 60, "sides": 1,
        "reps": None, "rest_s": 0, "transition_s": 6, "reason": "Raises your pulse.", "rules": ["W02"],
        "parts": {"demand": 3},
    }  # fmt: skip
    return {
        "status": "ok", "warnings": [], "total_s": 66, "model": "sha256:" + sha256_hex(generator.body),
        "catalog": catalog.release, "seed": payload["seed"], "items": [item], "left_out": [],
    }  # fmt: skip


# Stands where model_export.runtime does, under the same names.
FAKE_RUNTIME = SimpleNamespace(
    Generator=SimpleNamespace(load=_load_generator),
    Catalog=SimpleNamespace(from_documents=_from_documents),
    generate=_generate,
    RequestError=FakeRequestError,
    ModelError=FakeModelError,
    UnsafePlan=FakeUnsafePlan,
)
