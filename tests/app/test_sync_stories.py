"""The app's sync engine against a real server process: stories of several phones end well.

The stories are told by mobile/src/sync/stories.test.ts.

LIMBER_TEST_APP_STORIES=N       how many (25)
LIMBER_TEST_APP_STORIES_SEED=N  which (1)
"""

import json
import os
import subprocess
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from server import auth
from server.catalog.publish import load_seed, publish_release
from server.settings import Settings
from sync.objects import open_store
from sync.sealing import create_master
from sync.signing import create_key
from tests.accounts.test_external import free_port
from tests.app.conftest import Server
from tests.mobile.test_identity import load_library
from tests.server.accounts import new_account
from tests.sync.accounts import AccountServer
from tests.sync.fakes import serving

ROOT = Path(__file__).resolve().parents[2]
STORIES = os.environ.get("LIMBER_TEST_APP_STORIES", "25")
SEED = os.environ.get("LIMBER_TEST_APP_STORIES_SEED", "1")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app_accounts")]


class Control(ThreadingHTTPServer):
    """What an operator does to accounts, for a test in another language: POST /account, /<account>/prune and so on."""

    def __init__(self, address: str, engine: Engine, settings: Settings) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address, self.engine, self.settings = address, engine, settings
        self.backups: dict[str, Any] = {}
        self.one_at_a_time = threading.Lock()

    def act(self, account: str, *what: str) -> dict[str, Any]:
        """Do one thing; what it says."""
        if account == "account":
            made = str(new_account(SimpleNamespace(engine=self.engine, settings=self.settings)))
            token = auth.mint(self.settings, made, ["member"], 3600)
            return {"account": made, "server": self.address, "token": token}
        with self.engine.connect() as conn:
            operator = AccountServer(conn, str(uuid.UUID(account)))
            match what:
                case ["prune"]:
                    operator.prune()
                case ["backup"]:
                    self.backups[account] = operator.backup()
                case ["restore", *epoch]:
                    operator.restore(self.backups[account], new_epoch=bool(epoch))
                case _:
                    raise ValueError(what)
        return {}


class Handler(BaseHTTPRequestHandler):
    server: Control

    def do_POST(self) -> None:
        try:
            with self.server.one_at_a_time:
                status, said = 200, self.server.act(*self.path.strip("/").split("/"))
        except Exception as error:
            status, said = 500, {"error": repr(error)}
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def control(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Address of the control of a server process on a fresh database."""
    key = create_key(tmp_path / "keys" / "signing.pem")
    auth.create_token_key(tmp_path / "keys" / "tokens.pem")
    create_master(tmp_path / "keys" / "master.key")
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIMBER_")}
    env = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database_url,
        "LIMBER_DATA": str(tmp_path),
        "LIMBER_PORT": str(port),
        "LIMBER_PUBLIC_URL": f"http://localhost:{port}",
        "LIMBER_SYNC_PER_MINUTE": "0",
    }
    engine = create_engine(database_url)
    with engine.begin() as conn:
        load_seed(conn)
        publish_release(conn, open_store(str(tmp_path / "objects")), key, datetime.now(UTC))
    server = Server(port, tmp_path, env)
    try:
        server.start()
        with serving(Control(server.address, engine, Settings.from_env(env))) as address:
            yield address
    finally:
        server.kill()
        engine.dispose()


def test_phones_and_a_real_server_converge_whatever_happens_between_them(control: str) -> None:
    library = load_library()
    try:
        library.node()
    except library.MobileError as error:
        pytest.skip(str(error))
    library.ready()
    env = {
        **os.environ,
        "LIMBER_STORIES_SERVER": control,
        "LIMBER_STORIES": STORIES,
        "LIMBER_STORIES_SEED": SEED,
    }
    jest = ["node", "--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--ci"]
    done = subprocess.run(
        [*jest, "--selectProjects", "plain", "--testPathPattern", "src/sync/stories"],
        cwd=ROOT / "mobile", env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stderr, done.stderr
