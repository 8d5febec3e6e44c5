"""What every test may ask for: a real PostgreSQL, and a fresh, migrated database of its own.

The server is TEST_DATABASE_URL's if set (its role must be allowed to create databases), else an embedded one
per test process. A test's database is cloned from a migrated template, so that no test sees another's rows.
"""

import importlib.util
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Engine, create_engine, make_url

from server import database
from server.catalog.publish import load_seed, publish_release
from sync import store
from sync.cursor import decode
from sync.objects import open_store
from sync.signing import create_key

ROOT = Path(__file__).resolve().parent.parent

# Nothing in a test survives the process, so nothing has to reach the disk.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}


class _Compiled(BytecodeCache):
    """Templates compiled once in a process rather than once in an app: hundreds of tests make an app of their own."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.held.get(bucket.key + bucket.checksum)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.held[bucket.key + bucket.checksum] = bucket.code


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Compiled()}


def _driver_url(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a server on which databases can be made."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield _driver_url(given)
        return
    # Not pytest's folder: the server may run as another user, who must be able to enter it.
    place = Path(tempfile.mkdtemp(prefix="limber-"))
    place.chmod(0o755)
    try:
        embedded = database.start(place / "postgres", place / "postgres.log", _FAST)
        try:
            yield _driver_url(embedded.url)
        finally:
            embedded.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """Name of a migrated database to clone."""
    name = f"limber_template_{secrets.token_hex(4)}"
    _run(postgres, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        database.migrate(_database(postgres, name))
        yield name
    finally:
        _run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _databases(postgres: str) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def make(source: str) -> str:
        name = f"limber_test_{secrets.token_hex(6)}"
        # Copying the files is quicker than writing them through the log, as nothing has to reach the disk.
        _run(postgres, f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
        made.append(name)
        return _database(postgres, name)

    yield make
    for name in made:
        _run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def make_database(postgres: str) -> Iterator[Callable[[str], str]]:
    """Make a database from a template ("template0": empty, without our tables) and get its URL."""
    with _databases(postgres) as make:
        yield make


@pytest.fixture(scope="session")
def make_session_database(postgres: str) -> Iterator[Callable[[str], str]]:
    """Like `make_database`, for what many tests share: it lives as long as the process."""
    with _databases(postgres) as make:
        yield make


@dataclass(frozen=True)
class Published:
    """A database and an object folder that hold catalogue release 1, to copy from."""

    database: str
    objects: Path
    key_path: Path
    key: Ed25519PrivateKey


@pytest.fixture(scope="session")
def published(
    make_session_database: Callable[[str], str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    """Catalogue release 1, made once."""
    folder = tmp_path_factory.mktemp("published")
    key = create_key(folder / "signing.pem")
    url = make_session_database(template)
    engine = create_engine(url)
    with engine.begin() as conn:
        load_seed(conn)
        publish_release(
            conn, open_store(str(folder / "objects")), key, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        )
    engine.dispose()
    return Published(make_url(url).database or "", folder / "objects", folder / "signing.pem", key)


@pytest.fixture
def database_url(make_database: Callable[[str], str], template: str) -> str:
    """URL of a fresh, migrated database."""
    return make_database(template)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A SQLAlchemy engine on a fresh, migrated database."""
    made = create_engine(database_url, pool_size=20)
    yield made
    made.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection to a fresh, migrated database; each test commits what it wants others to see."""
    with engine.connect() as connection:
        yield connection


class Reader:
    """A client of one stream in its simplest form: it follows cursors as text and keeps what the bodies say.

    `staged` is the copy being brought up to date, `documents` the last complete checkpoint, at `seq`.
    """

    def __init__(self, stream: str, limit: int = 1000) -> None:
        self.stream, self.limit = stream, limit
        self.staged: dict[tuple[str, str], Any] = {}
        self.documents: dict[tuple[str, str], Any] = {}
        self.cursor: str | None = None
        self.seq = 0
        self.resyncs: list[str] = []

    def page(self, conn: Connection) -> bool:
        """Apply one page; True while there is more before the next complete checkpoint."""
        pulled = store.pull(conn, self.stream, decode(self.cursor) if self.cursor else None, self.limit)
        body = json.loads(pulled.body())
        assert len(body["changes"]) <= self.limit
        if pulled.kind != "page":
            self.staged = {}
            self.resyncs += [body["resync"]] if "resync" in body else []
        for change in body["changes"]:
            key = (change["collection"], change["id"])
            if change["deleted"]:
                assert change["data"] is None
                self.staged.pop(key, None)
            else:
                self.staged[key] = change["data"]
        self.cursor = body["cursor"]
        if not body["more"]:
            self.documents, self.seq = dict(self.staged), pulled.head.seq
        return bool(body["more"])

    def catch_up(self, conn: Connection) -> "Reader":
        """Read to the next complete checkpoint; being sent round in circles is a failure."""
        for _ in range(2000):
            if not self.page(conn):
                return self
        raise AssertionError("the reader never came to a complete checkpoint")


@pytest.fixture
def new_reader() -> type[Reader]:
    """Class of a simple client of a stream: `new_reader(stream, limit).catch_up(conn).documents`."""
    return Reader


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    """Address of an S3 server in memory."""
    from moto.server import ThreadedMotoServer  # takes a second, and few tests want it

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> tuple[str, list[str]]:
    """Path of the browser and what to start it with; skips where there is none."""
    library = _script("browser_lib")
    try:
        return library.find(), library.arguments()
    except library.BrowserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """`tests/node` with its packages installed: clients and providers that nobody here wrote."""
    library = _script("mobile_lib")
    try:
        library.node()
    except library.MobileError as error:
        pytest.skip(str(error))
    return Path(library.outside())


def _script(name: str) -> Any:
    """A module of scripts/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
