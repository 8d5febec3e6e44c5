"""What `scripts/bench pull` measures on: PostgreSQL, filled databases, and a real server for each of them."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine, make_url

from bench_lib.report import BenchError, say
from server import database, process
from server.catalog.content import read_seed
from server.settings import Settings
from sync.cursor import Cursor, encode
from sync.releases import Release, record_release
from sync.signing import sign

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 30
STREAM, EPOCH = "catalog", "benchmark"

# The real exercises over and over, each copy under a slug of its own.
FILL = """
INSERT INTO record (stream, collection, id, seq, deleted, data)
SELECT %(stream)s::text, 'exercise', slug, n, false, data || jsonb_build_object('slug', slug)
  FROM (SELECT n, data, (data->>'slug') || '-' || n AS slug
          FROM generate_series(1, %(documents)s::int) AS n
          JOIN unnest(%(examples)s::text[]::jsonb[]) WITH ORDINALITY AS example (data, place)
            ON place = 1 + n %% cardinality(%(examples)s::text[])) AS copies
 ORDER BY n
"""
# Changed afterwards and far apart, as an editor's changes are.
CHANGE = """
UPDATE record SET seq = %(documents)s::int + step, data = data || '{"difficulty": 3}'
  FROM generate_series(1, %(changes)s::int) AS step
 WHERE stream = %(stream)s::text AND seq = step * (%(documents)s::int / %(changes)s::int)
"""


@dataclass(frozen=True)
class Server:
    """A server process on its own database. `delta` and `head`: targets for the ten changes, and for none."""

    documents: int
    port: int
    family: tuple[int, ...]
    delta: str
    head: str

    def ask(self, method: str, target: str, coding: str = "identity") -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and body as sent. Raises BenchError when there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, target, headers={"Accept-Encoding": coding})
            answer = connection.getresponse()
            return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise BenchError(f"{method} {target}: {error}") from None
        finally:
            connection.close()


@dataclass(frozen=True)
class Stage:
    """All that runs, and a folder with its logs."""

    postgres: int
    version: int
    servers: tuple[Server, ...]
    client: "subprocess.Popen[str]"


@contextlib.contextmanager
def stage(sizes: list[int], changes: int, threads: int, coding: str) -> Iterator[Stage]:
    """Build everything in a temporary folder; stop every process and remove it afterwards, in every case."""
    # Under /tmp rather than a private folder: PostgreSQL may have to run as another user than root.
    folder = Path(tempfile.mkdtemp(prefix="limber-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        say("pull: starting PostgreSQL")
        try:
            embedded = database.start(folder / "postgres", folder / "postgres.log")
        except database.DatabaseError as error:
            raise BenchError(str(error)) from None
        stack.callback(embedded.stop)
        servers = []
        for documents in sizes:
            say(f"pull: {documents:,} documents and their server")
            name = f"bench_{documents}"
            url = _database(embedded.url, name)
            _fill(url, documents, changes)
            servers.append(_server(stack, folder / name, url, (documents, changes), threads, coding))
        client = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("client.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack.callback(client.wait)
        stack.callback(client.kill)
        stack.callback(_undisturbed)
        yield Stage(embedded.pid, embedded.version, tuple(servers), client)
        client.communicate()


def _undisturbed() -> None:
    """Runs first when the stage is torn down: a second Ctrl-C must not leave half of it running."""
    for sign_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign_, signal.SIG_IGN)


def _database(url: str, name: str) -> str:
    """Make and migrate a database; returns its URL."""
    settings = Settings.from_env({"DATABASE_URL": url})
    engine = create_engine(settings.require_database_url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    made = make_url(settings.require_database_url()).set(database=name)
    made_url = made.render_as_string(hide_password=False)
    database.migrate(made_url)
    return made_url


def _fill(url: str, documents: int, changes: int) -> None:
    """A stream of `documents`, of which `changes` came after the rest, and the release at its head."""
    seed = [data for (collection, _), data in sorted(read_seed().items()) if collection == "exercise"]
    head = documents + changes
    engine = create_engine(url)
    with engine.begin() as conn:
        known = {"stream": STREAM, "documents": documents, "changes": changes}
        examples = [orjson.dumps(data).decode() for data in seed]
        conn.exec_driver_sql(FILL, {**known, "examples": examples})
        conn.exec_driver_sql(CHANGE, known)
        conn.exec_driver_sql(
            "INSERT INTO stream (stream, epoch, head) VALUES (%s, %s, %s)", (STREAM, EPOCH, head)
        )
        now = datetime.now(UTC)
        manifest = {
            "kind": "catalog", "release": 1, "digest": "0" * 64, "documents": documents, "epoch": EPOCH,
            "seq": head, "published_at": now.isoformat(), "snapshot": {"sha256": "0" * 64, "bytes": 1},
        }  # fmt: skip
        record_release(
            conn,
            Release(
                stream=STREAM, number=1, channel="stable", seq=head, published_at=now, object_bytes=1,
                manifest=sign(manifest, Ed25519PrivateKey.generate()), object_sha256="0" * 64,
                object_key="snapshots/none.json",
            ),
        )  # fmt: skip
    # Now rather than in the middle of a measurement.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
        conn.exec_driver_sql("CHECKPOINT")
    engine.dispose()


def _server(
    stack: ExitStack, folder: Path, url: str, stream: tuple[int, int], threads: int, coding: str
) -> Server:
    """Start the server as scripts/up does, with the bench's own module, and wait until it answers."""
    documents, changes = stream
    folder.mkdir()
    targets = [
        f"/v1/catalog/changes?since={encode(Cursor(STREAM, EPOCH, seq))}"
        for seq in (documents, documents + changes)
    ]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LIMBER_", "PG"))}
    env = {
        **clean, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "scripts")]), "DATABASE_URL": url,
        "LIMBER_DATA": str(folder), "BENCH_TARGET": targets[0], "BENCH_CODING": coding,
    }  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1"]
    command += [
        "--port",
        str(port),
        "--workers",
        "1",
        "--blocking-threads",
        str(threads),
        "bench_lib.app:app",
    ]
    log = folder / "server.log"
    child = process.start(command, log=log, env=env, cwd=ROOT)
    stack.callback(process.stop, child, (signal.SIGTERM, 10.0))
    deadline = time.monotonic() + READY_SECONDS
    while True:
        with contextlib.suppress(BenchError):
            server = Server(documents, port, (), *targets)
            if server.ask("GET", "/bare")[0] == 200:
                break
        if process.ended(child) is not None or time.monotonic() > deadline:
            raise BenchError(f"the server did not start; the end of its log:\n{process.tail(log)}")
        time.sleep(0.05)
    family = (child.pid, *(each.pid for each in psutil.Process(child.pid).children(recursive=True)))
    return Server(documents, port, family, *targets)
