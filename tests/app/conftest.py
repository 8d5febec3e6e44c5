"""The app in a real browser against the real server: server processes, browsers, and what a person does in them.

TEST_WEB_DIST=DIR    test that build instead of making one of the sources
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine, make_url

from server import auth
from server.catalog.publish import load_seed, publish_release
from sync.objects import open_store
from sync.sealing import create_master
from sync.signing import create_key
from tests.accounts.signing_in import new_account
from tests.accounts.test_external import free_port
from tests.app.person import Person

ROOT = Path(__file__).resolve().parents[2]
PUBLISH = ["publish", "--local", "--without-evaluation", "--channel", "stable", "--requests", "20"]


class Server:
    """One server process on a port of its own, which a test may kill and start again."""

    def __init__(self, port: int, folder: Path, env: dict[str, str]) -> None:
        self.port, self.folder, self.env = port, folder, env
        self.address = f"http://localhost:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, dist: Path | None = None) -> Server:
        """Start it, with another build of the app if one is given, and return when it answers."""
        assert self.process is None
        env = {**self.env, **({"LIMBER_WEB": str(dist)} if dist else {})}
        command = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--no-ws",
            "--port",
            str(self.port),
        ]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--blocking-threads", "4", "server.wsgi:app"],
                env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError), closing(HTTPConnection("localhost", self.port, timeout=5)) as connection:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError((self.folder / "server.log").read_text()[-4000:])

    def kill(self) -> None:
        """As a power cut would: nothing is finished, nothing is said."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def new_account(self) -> str:
        """Somebody registers; returns their address. The password is tests.accounts.signing_in.PASSWORD."""
        address = f"mia.{secrets.token_hex(4)}@example.org"
        engine = create_engine(self.env["DATABASE_URL"])
        new_account(engine, address)
        engine.dispose()
        return address

    def run(self, *command: str) -> str:
        """One of the server's own command lines, to its end."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env=self.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def dist() -> Path:
    """A build of the app."""
    if given := os.environ.get("TEST_WEB_DIST"):
        return Path(given)
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import mobile_lib
        import web_lib
    finally:
        sys.path.pop(0)
    try:
        mobile_lib.node()
    except mobile_lib.MobileError as error:
        pytest.skip(str(error))
    return Path(web_lib.ready_web())


SETTLED = pytest.StashKey[Server]()


@pytest.fixture(scope="session")
def settled(
    request: pytest.FixtureRequest,
    make_session_database: Callable[[str], str],
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Server:
    """What every server begins with, made once and never started: keys, and catalogue and model published."""
    # A module that imports these fixtures has them anew; this is the dear part of them.
    if (made := request.session.stash.get(SETTLED, None)) is not None:
        return made
    folder = tmp_path_factory.mktemp("settled")
    key = create_key(folder / "keys" / "signing.pem")
    auth.create_token_key(folder / "keys" / "tokens.pem")
    create_master(folder / "keys" / "master.key")
    url = make_session_database(template)
    engine = create_engine(url)
    with engine.begin() as conn:
        load_seed(conn)
        publish_release(conn, open_store(str(folder / "objects")), key, datetime.now(UTC))
    engine.dispose()
    server = Server(0, folder, _environment(url, folder))
    server.run("model_export", *PUBLISH, "--max-ms", "10000")
    request.session.stash[SETTLED] = server
    return server


def _environment(url: str, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIMBER_")}
    return {**kept, "PYTHONPATH": str(ROOT), "DATABASE_URL": url, "LIMBER_DATA": str(folder)}


@pytest.fixture(scope="session")
def make_server(
    make_session_database: Callable[[str], str],
    settled: Server,
    dist: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], Server]]:
    """Servers with a database of their own, everything published, not started."""
    made: list[Server] = []

    def make() -> Server:
        folder, port = tmp_path_factory.mktemp("server"), free_port()
        shutil.copytree(settled.folder, folder, dirs_exist_ok=True)
        url = make_session_database(make_url(settled.env["DATABASE_URL"]).database or "")
        env = {
            **_environment(url, folder),
            "LIMBER_PORT": str(port),
            "LIMBER_PUBLIC_URL": f"http://localhost:{port}",
            "LIMBER_WEB": str(dist),
            "LIMBER_LOG_LEVEL": "info",
        }
        made.append(Server(port, folder, env))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture(scope="session")
def shared_server(make_server: Callable[[], Server]) -> Server:
    """The server of all tests that neither kill it nor change what it publishes."""
    return make_server().start()


@pytest.fixture
def server(shared_server: Server) -> Server:
    """That server, running."""
    if shared_server.process is None:
        shared_server.start()
    return shared_server


# Of a module, as the browsers of the other tests are: a process can have one Playwright at a time.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Any, chromium: tuple[str, list[str]]) -> Iterator[Any]:
    path, arguments = chromium
    started = playwright.chromium.launch(executable_path=path, args=arguments)
    yield started
    started.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def new_person(
    browser: Any, server: Server, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Person]]:
    """Somebody with a device that was never here before; options go to Playwright's context, `address` is the server's.

    What went wrong in a page of theirs fails the test, unless the test took it out of `person.wrong`.
    """
    people: list[Person] = []

    def come(**options: Any) -> Person:
        where = {"viewport": {"width": 412, "height": 915}, "locale": "en-GB", "timezone_id": "UTC"}
        address = options.pop("address", server.address)
        person = Person(browser.new_context(**{**where, **options}), address)
        people.append(person)
        return person

    yield come
    wrong = [each for person in people for each in person.wrong]
    for person in people:
        if request.node.stash.get(FAILED, False):
            print(f"--- {person.page.url}\n{person.page.inner_text('body')}\n{person.wrong}")
        person.context.close()
    assert wrong == []


@pytest.fixture
def person(new_person: Callable[..., Person]) -> Person:
    """One of them."""
    return new_person()


class Phone:
    """A browser with a profile on disk, which can be killed and started again."""

    def __init__(self, playwright: Any, chromium: tuple[str, list[str]], address: str) -> None:
        self._playwright, self._chromium, self._address = playwright, chromium, address
        self._folder = tempfile.TemporaryDirectory(prefix="limber-profile-", ignore_cleanup_errors=True)
        self.wrong: list[str] = []
        self.person = self.start()

    def start(self) -> Person:
        """Open the browser; what an earlier one kept is there."""
        path, arguments = self._chromium
        for left in Path(self._folder.name).glob("Singleton*"):
            left.unlink(missing_ok=True)
        context = self._playwright.chromium.launch_persistent_context(
            self._folder.name, executable_path=path, args=arguments, locale="en-GB", timezone_id="UTC",
            viewport={"width": 412, "height": 915},
        )  # fmt: skip
        self.person = Person(context, self._address, wrong=self.wrong)
        return self.person

    def kill(self) -> None:
        """End every process of this browser at once, as a phone does with an app in the background."""
        for process in psutil.process_iter(["cmdline"]):
            if self._folder.name in " ".join(process.info["cmdline"] or []):
                with suppress(psutil.Error):
                    process.kill()
                    process.wait(10)
        with suppress(Exception):
            self.person.context.close()

    def close(self) -> None:
        with suppress(Exception):
            self.person.context.close()
        self._folder.cleanup()


@pytest.fixture
def new_phone(
    playwright: Any, chromium: tuple[str, list[str]], server: Server
) -> Iterator[Callable[[], Phone]]:
    phones: list[Phone] = []

    def make() -> Phone:
        phones.append(Phone(playwright, chromium, server.address))
        return phones[-1]

    yield make
    for phone in phones:
        phone.close()
    assert [each for phone in phones for each in phone.wrong] == []


def build_of(dist: Path) -> str:
    """The id of a build, as its service worker has it."""
    found = re.search(r"const BUILD = '([0-9a-f]+)'", (dist / "sw.js").read_text())
    assert found is not None
    return found[1]
