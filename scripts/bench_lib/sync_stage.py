"""What `scripts/bench sync` measures on: PostgreSQL, filled databases, a server for each, and the client."""

import contextlib
import http.client
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench_lib import stage
from bench_lib.pull import cpu_seconds
from bench_lib.report import BenchError, say
from server import auth, database, process
from server.settings import Settings
from sync.sealing import FileMaster, create_master

ROOT = stage.ROOT
LIGHT_EACH = 10
"""Records of an account that only has to be there."""


@dataclass(frozen=True)
class Server:
    """A server process with its workers."""

    port: int
    family: tuple[int, ...]

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, bytes]:
        """Status and body of one request. Raises BenchError when there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, target, body=body, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise BenchError(f"{method} {target}: {error}") from None
        finally:
            connection.close()


@dataclass(frozen=True)
class House:
    """A database of ours, and what is needed to speak to a server of it."""

    url: str
    folder: Path
    settings: Settings
    master: FileMaster

    def token(self, account: str) -> str:
        """An access token of an account's device."""
        return auth.mint(self.settings, account, ["member"], 3600)


@dataclass(frozen=True)
class Sample:
    """One measurement. Times in seconds, latencies in ms, CPU of all processes of the server and of PostgreSQL."""

    units: int
    seconds: float
    server_cpu: float
    postgres_cpu: float
    client_cpu: float
    latencies: list[float]
    received: int
    sent: int
    used: list[int]

    @property
    def rate(self) -> float:
        return self.units / self.seconds

    @property
    def cpu(self) -> float:
        """Of one unit."""
        return (self.server_cpu + self.postgres_cpu) / self.units


@dataclass
class Stage:
    """All that runs, in one temporary folder."""

    folder: Path
    postgres: database.Embedded
    client: "subprocess.Popen[str]"
    stack: ExitStack
    backends: tuple[int, ...] = field(default=())

    def house(self, name: str) -> House:
        """A migrated database with a catalogue, keys, and settings for servers of it."""
        url = stage._database(self.postgres.url, name)
        folder = self.folder / name
        folder.mkdir()
        settings = Settings.from_env({"DATABASE_URL": url, "LIMBER_DATA": str(folder)})
        auth.create_token_key(settings.token_key)
        return House(url, folder, settings, create_master(settings.master_key))

    def server(self, house: House, workers: int, threads: int, bare: Mapping[str, Any]) -> Server:
        """Our server as scripts/up starts it, with the bench's own module; `bare`: see sync_app."""
        captured = house.folder / "bare.pickle"
        captured.write_bytes(pickle.dumps(bare))
        env = {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "scripts")]), "DATABASE_URL": house.url,
            "LIMBER_DATA": str(house.folder), "LIMBER_SYNC_PER_MINUTE": "0", "LIMBER_POOL_SIZE": str(threads),
            "LIMBER_ACCOUNT_RECORDS": "100000000", "LIMBER_ACCOUNT_BYTES": str(10**12), "BENCH_BARE": str(captured),
        }  # fmt: skip
        return self.granian(
            sys.executable, "bench_lib.sync_app:app", house.folder, env, (workers, threads), "/healthz"
        )

    def granian(
        self, python: str, app: str, folder: Path, env: Mapping[str, str], size: tuple[int, int], alive: str
    ) -> Server:
        """Start granian with `size` (workers, threads) and wait until GET `alive` answers."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LIMBER_", "PG", "PYTHON"))
        }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [python, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--workers", str(size[0]), "--blocking-threads", str(size[1]), app]
        log = folder / "server.log"
        child = process.start(command, log=log, env={**clean, **env}, cwd=ROOT)
        self.stack.callback(process.stop, child, (signal.SIGTERM, 10.0))
        deadline = time.monotonic() + stage.READY_SECONDS
        while True:
            with contextlib.suppress(BenchError):
                if Server(port, ()).ask("GET", alive, {})[0] == 200:
                    break
            if process.ended(child) is not None or time.monotonic() > deadline:
                raise BenchError(f"the server did not start; the end of its log:\n{process.tail(log)}")
            time.sleep(0.1)
        family = (child.pid, *(each.pid for each in psutil.Process(child.pid).children(recursive=True)))
        return Server(port, family)

    def find_backends(self) -> None:
        """After the warm-up, when the pools are full: PostgreSQL's processes from now on."""
        children = psutil.Process(self.postgres.pid).children(recursive=True)
        self.backends = (self.postgres.pid, *(child.pid for child in children))

    def measure(
        self, server: Server, connections: Sequence[Sequence[Sequence[bytes]]], seconds: float, *,
        loops: bool = True, count: tuple[bytes, int] | None = None,
    ) -> Sample:  # fmt: skip
        """One measurement. Raises BenchError for any answer that is not right."""
        order = self.folder / "order.pickle"
        task = {
            "port": server.port,
            "seconds": seconds,
            "loops": loops,
            "count": count,
            "connections": connections,
        }
        order.write_bytes(pickle.dumps(task))
        # Only those: a backend that has ended has no clock any more.
        used, backends = cpu_seconds(server.family), cpu_seconds(self.backends)
        said = self._tell(str(order))
        used, backends = cpu_seconds(server.family) - used, cpu_seconds(self.backends) - backends
        if "error" in said:
            raise BenchError(said["error"])
        return Sample(
            said["units"], said["seconds"], used, backends, said["cpu"], said["latencies"], said["received"],
            said["sent"], said["used"],
        )  # fmt: skip

    def _tell(self, line: str) -> dict[str, Any]:
        into, out = self.client.stdin, self.client.stdout
        assert into is not None
        assert out is not None
        into.write(line + "\n")
        into.flush()
        answer = out.readline()
        if not answer:
            raise BenchError("the client process ended")
        return dict(json.loads(answer))


@contextlib.contextmanager
def build(bench: str = "sync") -> Iterator[Stage]:
    """PostgreSQL and the client; stops every process and removes the folder afterwards, in every case."""
    # Under /tmp rather than a private folder: PostgreSQL may have to run as another user than root.
    folder = Path(tempfile.mkdtemp(prefix="limber-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        say(f"{bench}: starting PostgreSQL")
        try:
            embedded = database.start(folder / "postgres", folder / "postgres.log")
        except database.DatabaseError as error:
            raise BenchError(str(error)) from None
        stack.callback(embedded.stop)
        client = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("sync_client.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack.callback(client.wait)
        stack.callback(client.kill)
        # Servers are started on a stack of their own: they are stopped first.
        with ExitStack() as servers:
            try:
                yield Stage(folder, embedded, client, servers)
            finally:
                stage._undisturbed()
        client.communicate()


def request(method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire, on a connection that stays open."""
    fields = {"Host": "127.0.0.1", **headers, "Content-Length": str(len(body))}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
