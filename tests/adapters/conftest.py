"""A real server process, and clients that nobody here wrote: each in a Node process that tells all its stories."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, create_engine

from server.auth import create_token_key, mint
from server.db import OPTIONS
from server.settings import Settings
from sync import store
from tests.adapters.stories import is_long
from tests.server.accounts import new_account

ROOT = Path(__file__).resolve().parents[2]
MARK = b"@limber "
LONGEST_S = 120


@dataclass(frozen=True)
class Running:
    """A server process, and the database behind it as its owner sees it."""

    url: str
    owner: Engine
    settings: Settings
    app: Any  # what tests.server.accounts wants: engine and settings
    start_live: Callable[[], str]

    def live(self) -> dict[str, str]:
        """The live process, started when it is first asked for."""
        return {"url": self.start_live()}

    def account(self) -> dict[str, str]:
        """A new account with a token."""
        account = new_account(self.app)
        return {
            "id": str(account),
            "token": mint(self.settings, str(account), ["member"], 3600, scope="sync"),
        }

    def prune(self, account: str) -> None:
        """Forget every deletion of an account, as its horizon does."""
        with self.owner.begin() as conn:
            store.prune(conn, f"account:{account}", datetime.now(UTC) + timedelta(minutes=1))

    def head(self, account: str) -> int:
        """The greatest seq of an account's stream."""
        with self.owner.connect() as conn:
            found = store.read_head(conn, f"account:{account}")
        assert found is not None
        return found.seq

    def restore(
        self, account: str, collection: str, forgotten: list[str], titles: dict[str, str] | None = None
    ) -> None:
        """What restoring a backup does: some records are gone, some have an older title; and a new epoch begins."""
        stream = f"account:{account}"
        with self.owner.begin() as conn:
            conn.exec_driver_sql(
                "DELETE FROM record WHERE stream = %s AND collection = %s AND id = ANY(%s)",
                (stream, collection, forgotten),
            )
            for record_id, title in (titles or {}).items():
                conn.exec_driver_sql(
                    "UPDATE record SET data = data || jsonb_build_object('title', %s::text)"
                    " WHERE stream = %s AND collection = %s AND id = %s",
                    (title, stream, collection, record_id),
                )
            store.new_epoch(conn, stream)


@pytest.fixture(scope="session")
def running(
    make_session_database: Callable[[str], str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Granian with our application, on a database of its own."""
    url, folder = make_session_database(template), tmp_path_factory.mktemp("adapters")
    port, live_port = _free_port(), _free_port()
    live_url = f"http://127.0.0.1:{live_port}"
    settings = Settings(database_url=url, data=folder, port=port)
    create_token_key(settings.token_key)
    engine = create_engine(url, pool_size=4, connect_args={"options": OPTIONS})
    app = SimpleNamespace(engine=engine, settings=settings)
    new_account(app)  # makes the master key that the server reads
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LIMBER_")},
        "PYTHONPATH": str(ROOT), "DATABASE_URL": url, "LIMBER_DATA": str(folder), "LIMBER_PORT": str(port),
        "LIMBER_SYNC_PER_MINUTE": "0", "LIMBER_LOG_LEVEL": "warning", "LIMBER_LIVE_URL": live_url,
    }  # fmt: skip
    owner = create_engine(url)
    processes: list[subprocess.Popen[bytes]] = []

    def serve(address: str, log: Path, *options: str) -> None:
        with log.open("wb") as output:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "granian", "--no-ws", "--port", address.rpartition(":")[2], *options],
                    env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT,
                )
            )  # fmt: skip
        _await(address, processes[-1], log)

    def start_live() -> str:
        if len(processes) == 1:
            serve(live_url, folder / "live.log", "--interface", "asgi", "--workers", "1", "server.live:app")
        return live_url

    address = f"http://127.0.0.1:{port}"
    serve(address, folder / "server.log", "--interface", "wsgi", "--blocking-threads", "4", "server.wsgi:app")
    try:
        yield Running(address, owner, settings, app, start_live)
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=20)
        owner.dispose()
        engine.dispose()
    for log in folder.glob("*.log"):
        said = log.read_text()
        assert "Traceback" not in said
        assert "unhandled_error" not in said


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(log.read_text())
            time.sleep(0.05)


@pytest.fixture(scope="session")
def play(
    running: Running, node_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], str | None]:
    """`play("rxdb.mjs", story)`: what became of a story, None or the error that ended it.

    The first one asked for has Node tell all the stories of its script; the long ones in a process of their own.
    """
    known: dict[tuple[str, bool], dict[str, str | None]] = {}
    node = shutil.which("node")
    log = tmp_path_factory.mktemp("node") / "stderr.log"

    def run(script: str, story: str) -> str | None:
        assert node is not None, "Node 20 or newer is not installed"
        which = (script, is_long(script, story))
        if which not in known:
            known[which] = _told(running, [node, str(node_folder / script), running.url], which[1], log)
        return known[which].get(story, f"was never told: {log.read_text()[-4000:]}")

    return run


def _told(running: Running, command: list[str], long: bool, log: Path) -> dict[str, str | None]:
    told: dict[str, str | None] = {}
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*command, "long" if long else "story"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=Path(command[1]).parent,
            env={**os.environ, "NODE_ENV": "production"},
        ) as process,
    ):  # fmt: skip
        late = threading.Timer(LONGEST_S, process.kill)
        late.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            for line in process.stdout:
                assert line.startswith(MARK), line
                said = orjson.loads(line.removeprefix(MARK))
                if "story" in said:
                    told[said["story"]] = said["error"]
                    continue
                process.stdin.write(orjson.dumps(_done(running, said)) + b"\n")
                process.stdin.flush()
        finally:
            late.cancel()
            process.kill()
    return told


def _done(running: Running, said: dict[str, Any]) -> dict[str, Any]:
    what = said.pop("ask")
    done = getattr(running, what)(**said)
    return {"seq": done} if what == "head" else done or {}
