"""The live process: a real one on a free port, PostgreSQL behind it, devices that listen."""

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import server.live
from server import create_app, process
from server.auth import mint
from server.replication.wake import wake
from tests.server.accounts import Phone, as_owner, new_account, phone

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0
EVENTS = "/v1/sync/events"
APP = "https://app.limber.example"


@dataclass
class Live:
    """A running live process."""

    port: int
    child: "subprocess.Popen[bytes]"
    log: Path

    def get(self, path: str, method: str = "GET", **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class Stream:
    """A device that listens: what comes, line by line."""

    def __init__(self, live: Live, bearer: dict[str, str], path: str = EVENTS) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=PATIENCE_S)
        self.connection.request("GET", path, headers={**bearer, "Accept": "text/event-stream"})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        if self.status == 200:
            assert self.answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
            assert self.answer.getheader("Cache-Control") == "no-store"
            assert self.block() == ["retry: 5000", ": listening"]

    def block(self) -> list[str]:
        """The lines up to the next empty one; none when the stream has ended."""
        lines: list[str] = []
        while line := self.answer.readline():
            if line == b"\n":
                return lines
            lines.append(line.decode().rstrip("\n"))
        return lines

    def event(self) -> list[str]:
        """The next block that is no heartbeat."""
        while (block := self.block()) == [": "]:
            pass
        return block

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def start_live(limber: Any, folder: Path, **env: str) -> Live:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    limber.token()  # makes the key
    log = folder / "live.log"
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--workers", "1"]
    command += ["--backpressure", "21000", "--host", "127.0.0.1", "--port", str(port), "server.live:app"]
    settings = {
        "DATABASE_URL": limber.settings.database_url, "LIMBER_DATA": str(limber.settings.data),
        "LIMBER_NO_BOOTSTRAP": "1", "PYTHONPATH": str(ROOT), **env,
    }  # fmt: skip
    child = process.start(command, log=log, cwd=ROOT, env={**os.environ, **settings})
    live, deadline = Live(port, child, log), time.monotonic() + PATIENCE_S
    while not healthy(live):
        assert process.ended(child) is None, process.tail(log)
        assert time.monotonic() < deadline, process.tail(log)
    return live


def healthy(live: Live) -> bool:
    try:
        return bool(live.get("/healthz")[0] == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def live(reader: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    started = start_live(reader, tmp_path_factory.mktemp("live"), LIMBER_WEB_ORIGINS=APP)
    yield started
    process.stop(started.child, (signal.SIGTERM, 10.0))


@pytest.fixture
def mia(reader: Any) -> Phone:
    return phone(reader, new_account(reader))


@pytest.fixture
def listen(live: Live) -> Iterator[Callable[..., Stream]]:
    opened: list[Stream] = []

    def make(one: Phone, path: str = EVENTS) -> Stream:
        opened.append(Stream(live, one.bearer, path))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def told(limber: Any, one: Phone, device: str = "") -> None:
    """What the server does after it has written into an account, where there is a live process."""
    engine = limber.engine.execution_options(isolation_level="AUTOCOMMIT")  # as create_app has it
    wake(engine, replace(limber.settings, live_url="http://127.0.0.1"), f"account:{one.account}", device)


# A real process


def test_who_listens_is_told_when_the_account_moves_and_nobody_else(
    reader: Any, mia: Phone, listen: Callable[..., Stream]
) -> None:
    ben = phone(reader, new_account(reader))
    hers, his = listen(mia), listen(ben, "/v1/adapters/rxdb/session/pullStream")
    told(reader, mia)
    assert hers.event() == ["event: account", "data: {}"]
    told(reader, ben)
    assert his.event() == ['data: "RESYNC"']
    told(reader, mia)
    assert hers.event() == ["event: account", "data: {}"]


def test_a_push_wakes_the_other_devices_and_not_the_one_that_pushed(
    reader: Any, mia: Phone, listen: Callable[..., Stream]
) -> None:
    settings = replace(reader.settings, live_url="http://127.0.0.1")
    app = create_app(settings, engine=reader.engine, store=reader.store, release_seconds=0.0)
    pushing = Phone(app.test_client(), mia.bearer, mia.account)
    own, others = listen(mia, f"{EVENTS}?device={mia.device}"), listen(mia, f"{EVENTS}?device={'a' * 16}")
    first = pushing.patch("profile", "me", {"level": "trained"})
    pushing.sync(first)
    assert others.event() == ["event: account", "data: {}"]
    told(reader, mia, "b" * 16)
    # The device that pushed hears of this one first.
    assert own.event() == ["event: account", "data: {}"]
    assert others.event() == ["event: account", "data: {}"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/v1/sync", "GET", 404),
        ("/v1/adapters/rxdb/a/b/pullStream", "GET", 404),
        (EVENTS, "POST", 405),
    ],
)
def test_what_is_not_there_is_a_problem(live: Live, path: str, method: str, status: int) -> None:
    found, headers, body = live.get(path, method)
    problem = orjson.loads(body)
    assert (found, problem["status"], headers["content-type"]) == (status, status, "application/problem+json")
    assert problem["detail"]
    assert ("allow" in headers) is (status == 405)


def test_nobody_listens_without_a_token_that_may(reader: Any, live: Live) -> None:
    account = str(uuid.uuid4())
    expired = mint(reader.settings, account, ["member"], 60, now=time.time() - 3600)
    narrow = mint(reader.settings, account, ["member"], 60, scope="account")
    operators = mint(reader.settings, "mia", ["admin"], 60)
    for token, status in ((None, 401), ("nonsense", 401), (expired, 401), (narrow, 403), (operators, 403)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        found, sent, body = live.get(EVENTS, **headers)
        assert (found, orjson.loads(body)["status"]) == (status, status)
        assert ("www-authenticate" in sent) is (token != operators)


def test_a_page_of_the_app_may_listen_and_no_other_page(live: Live) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    status, headers, _ = live.get(EVENTS, "OPTIONS", Origin=APP, **asked)
    assert status == 204
    assert headers["access-control-allow-origin"] == APP
    assert "Authorization" in headers["access-control-allow-headers"]
    status, headers, _ = live.get(EVENTS, Origin=APP)
    assert (status, headers["access-control-allow-origin"]) == (401, APP), "it may read why, too"
    for origin in ("https://evil.example", "null", f"{APP}.evil.example"):
        status, headers, _ = live.get(EVENTS, "OPTIONS", Origin=origin, **asked)
        assert status == 405
        assert "access-control-allow-origin" not in headers


def test_a_client_costs_no_thread_and_no_process(
    reader: Any, live: Live, mia: Phone, listen: Callable[..., Stream]
) -> None:
    family = [psutil.Process(live.child.pid), *psutil.Process(live.child.pid).children(recursive=True)]
    before = sum(each.num_threads() for each in family), len(family)
    people = [phone(reader, uuid.uuid4()) for _ in range(100)]
    streams = [listen(one) for one in people]
    now = [psutil.Process(live.child.pid), *psutil.Process(live.child.pid).children(recursive=True)]
    assert (sum(each.num_threads() for each in now), len(now)) == before
    assert orjson.loads(live.get("/healthz")[2])["listeners"] >= 100
    told(reader, people[57])
    assert streams[57].event() == ["event: account", "data: {}"]


def test_one_account_cannot_take_all_the_room(live: Live, mia: Phone, listen: Callable[..., Stream]) -> None:
    streams = [listen(mia) for _ in range(33)]
    assert [stream.status for stream in streams] == [200] * 32 + [429]
    assert streams[-1].answer.getheader("Retry-After") == "60"
    streams[0].close()
    deadline = time.monotonic() + PATIENCE_S
    while (again := listen(mia)).status != 200:
        assert time.monotonic() < deadline
    assert again.status == 200


def test_a_stop_ends_the_streams_at_once(reader: Any, mia: Phone, tmp_path: Path) -> None:
    live = start_live(reader, tmp_path)
    stream = Stream(live, mia.bearer)
    began = time.monotonic()
    code = process.stop(live.child, (signal.SIGTERM, 15.0))
    assert code in (0, -signal.SIGTERM)
    assert time.monotonic() - began < 8
    assert stream.block() == []
    stream.close()


# In this process, where time is ours


class Heard:
    """One client of an application in this process; `chunks` is what it was sent."""

    def __init__(self, live: Any, bearer: dict[str, str]) -> None:
        self.chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self.left = asyncio.Event()
        scope = {
            "type": "http", "method": "GET", "path": EVENTS, "query_string": b"",
            "headers": [(b"authorization", bearer["Authorization"].encode())],
        }  # fmt: skip
        self.task = asyncio.ensure_future(live(scope, self.receive, self.send))

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await self.chunks.put(message["body"])

    async def next(self) -> bytes:
        return await asyncio.wait_for(self.chunks.get(), PATIENCE_S)


def played(limber: Any, story: Callable[[Any], Any], clock: Callable[[], float] = time.time) -> None:
    """`story(live)` with an application that was started, and that is stopped afterwards."""

    async def run() -> None:
        live = server.live.Live(limber.settings, clock)
        live.spread_s = 0.0
        said: asyncio.Queue[Any] = asyncio.Queue()
        orders: asyncio.Queue[Any] = asyncio.Queue()
        whole = asyncio.ensure_future(live({"type": "lifespan"}, orders.get, said.put))
        await orders.put({"type": "lifespan.startup"})
        assert (await said.get())["type"] == "lifespan.startup.complete"
        await until(lambda: live.connected)
        try:
            await story(live)
        finally:
            await orders.put({"type": "lifespan.shutdown"})
            await whole
        assert (await said.get())["type"] == "lifespan.shutdown.complete"

    limber.token()
    asyncio.run(run())


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_everybody_hears_of_a_release(limber: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.live, "POLL_S", 0.05)
    people = [phone(limber, new_account(limber)) for _ in range(3)]

    async def story(live: Any) -> None:
        heard = [Heard(live, one.bearer) for one in people]
        for each in heard:
            assert b"listening" in await each.next()
        await asyncio.to_thread(limber.edit, "exercise", "glute-bridge", {"difficulty": 3})
        for each in heard:
            assert await each.next() == b"event: catalog\ndata: {}\n\n"

    played(limber, story)


def test_after_an_outage_of_the_database_everybody_looks_once(limber: Any) -> None:
    mia = phone(limber, new_account(limber))

    def kill() -> None:
        with as_owner(limber) as conn:
            conn.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'limber-live'"
                )
            )

    async def story(live: Any) -> None:
        heard = Heard(live, mia.bearer)
        assert b"listening" in await heard.next()
        await asyncio.to_thread(kill)
        await until(lambda: not live.connected)
        await until(lambda: live.connected)
        assert await heard.next() == b"event: account\ndata: {}\n\n"
        await asyncio.to_thread(told, limber, mia)
        assert await heard.next() == b"event: account\ndata: {}\n\n"

    played(limber, story)


def test_a_silent_stream_keeps_itself_alive_and_ends_with_its_token(
    limber: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.live, "HEARTBEAT_S", 0.02)
    now = [time.time()]
    mia = phone(limber, new_account(limber))

    async def story(live: Any) -> None:
        heard = Heard(live, mia.bearer)
        assert b"listening" in await heard.next()
        assert await heard.next() == b": \n\n"
        now[0] += 601 + 5
        while await heard.next():
            pass  # heartbeats that were on their way; the empty piece is the end
        await asyncio.wait_for(heard.task, PATIENCE_S)

    played(limber, story, lambda: now[0])


def test_a_token_that_is_withdrawn_ends_its_stream(limber: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.live, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(server.live, "POLL_S", 0.05)
    mia = phone(limber, new_account(limber))

    def disable() -> None:
        with as_owner(limber) as conn:
            conn.execute(text("UPDATE account SET disabled_at = now()"))

    async def story(live: Any) -> None:
        heard = Heard(live, mia.bearer)
        assert b"listening" in await heard.next()
        await asyncio.to_thread(disable)
        await asyncio.wait_for(heard.task, PATIENCE_S)

    played(limber, story)


def test_who_leaves_is_forgotten(limber: Any) -> None:
    mia = phone(limber, new_account(limber))

    async def story(live: Any) -> None:
        heard = [Heard(live, mia.bearer) for _ in range(3)]
        for each in heard:
            await each.next()
        assert live.count == 3
        for each in heard:
            each.left.set()
            await asyncio.wait_for(each.task, PATIENCE_S)
        assert live.count == 0

    played(limber, story)


# The server's side


def test_without_a_live_process_nothing_is_notified(
    limber: Any, mia: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr("server.replication.wake.read", never)
    wake(limber.engine, limber.settings, "account:x")


def test_a_wake_up_that_fails_does_not_fail_the_push(limber: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("SELECT pg_notify", {}, Exception("away"))

    monkeypatch.setattr("server.replication.wake.read", away)
    told(limber, phone(limber, uuid.uuid4()))
