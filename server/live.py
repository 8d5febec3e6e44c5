"""Live wake-up: `GET /v1/sync/events` tells devices whose app is open that something is new. Optional.

    granian --interface asgi --workers 1 --backpressure 21000 --port 8001 server.live:app

A plain ASGI application in one process: a client costs a coroutine, no thread and no process, and one connection to
PostgreSQL listens for all of them. It never sends a record, only that it is time to sync, so whatever it loses costs
time: devices sync by the clock as well. `LIMBER_LIVE_URL` turns it on; `server.replication.wake` is what notifies.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from functools import partial
from http import HTTPStatus
from types import FrameType
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
import psycopg

from server import telemetry
from server.access import check
from server.auth import KeyFile, TokenInvalid, TokenKeyInvalid, Verifier
from server.db import CONNECT_TIMEOUT_S, OPTIONS
from server.problems import CONTENT_TYPE, Fault
from server.replication.wake import CHANNEL
from server.settings import Settings
from server.telemetry import log
from sync.clock import is_device
from sync.store import ACCOUNT

HEARTBEAT_S: Final = 25.0
"""How often a silent stream says something, so that no proxy takes it for dead, and the token is looked at again."""
POLL_S: Final = 2.0
"""How often the catalogue's head and the withdrawn tokens are read. It also proves that the connection lives."""
SPREAD_S: Final = 20.0
"""Everybody is told of a release within this, each at a time of their own, so that they do not all come at once."""
RETRY_MS: Final = 5000
MOST_CLIENTS: Final = 20_000
"""Some 40 kB each. granian holds no more requests at once than its `--backpressure`, 1,024 if that is not given."""
MOST_OF_ACCOUNT: Final = 32
SLOWEST_RETRY_S: Final = 30.0
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization, Cache-Control, Pragma",
    "Access-Control-Max-Age": "86400",
}
"""The app on the web has another origin than this process, and asks first whether it may send its token."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_RXDB = re.compile(r"/v1/adapters/rxdb/[a-z_]{1,64}/pullStream")
_POLL = """
SELECT (SELECT epoch || ' ' || head FROM stream WHERE stream = 'catalog'),
       (SELECT json_object_agg(subject, extract(epoch FROM issued_until))
          FROM token_denial WHERE forget_at > now())::text
"""


class Listener:
    """One open stream. What it is yet to be told are names, so a slow client keeps nothing waiting but those."""

    __slots__ = ("device", "due", "ready")

    def __init__(self, device: str) -> None:
        self.device = device
        self.due: set[str] = set()
        self.ready = asyncio.Event()

    def tell(self, event: str) -> None:
        """Send `event` soon, once."""
        self.due.add(event)
        self.ready.set()


class Live:
    """The application and what it knows: who listens to which account, and where the catalogue stands."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._origins = {settings.address, *settings.web_origins}
        self._denied: Mapping[str, float] = {}
        keys = KeyFile(settings.token_key, 1.0)
        self._verifier = Verifier(settings.issuer, keys, lambda: self._denied, clock)
        self._listeners: dict[str, set[Listener]] = {}
        self.count = 0
        self._catalog: str | None = None
        self._closing = asyncio.Event()
        self.connected = False
        self.spread_s = SPREAD_S

    # --- ASGI --------------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        watching = asyncio.create_task(self._watch())
        with self._streams_end_on_signals():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._closing.set()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        await send({"type": "lifespan.shutdown.complete"})

    @contextlib.contextmanager
    def _streams_end_on_signals(self) -> Iterator[None]:
        """A server tells of its shutdown when the last request is answered, and ours are open until they are told.

        The event loop hears of a signal by a descriptor of its own, so what the server does on it stays as it is.
        """
        loop, before = asyncio.get_running_loop(), dict[int, Any]()

        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._closing.set)
            handler = before[number]
            if callable(handler):
                handler(number, frame)

        if threading.current_thread() is threading.main_thread():
            for sign in (signal.SIGTERM, signal.SIGINT):
                before[sign] = signal.signal(sign, stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = _header(scope, b"origin")
        if origin in self._origins:
            send = _shared_with(origin, send)
        try:
            path = scope["path"]
            rxdb = _RXDB.fullmatch(path) is not None
            if path not in ("/v1/sync/events", "/healthz") and not rxdb:
                raise Fault(404, "There is nothing here: this process only serves /v1/sync/events.")
            if scope["method"] == "OPTIONS" and origin in self._origins:
                await _answer(send, 204, "text/plain", b"", PREFLIGHT)
                return
            if scope["method"] != "GET":
                raise Fault(405, "Only GET is possible here.", headers={"Allow": "GET"})
            if path == "/healthz":
                await self._health(send)
            else:
                await self._events(scope, receive, send, rxdb)
        except Fault as fault:
            await _problem(fault, send)

    async def _health(self, send: Send) -> None:
        if not self.connected:
            raise Fault(503, "PostgreSQL cannot be listened to right now.", headers={"Retry-After": "5"})
        said = orjson.dumps({"status": "ok", "listeners": self.count})
        await _answer(send, 200, "application/json", said)

    # --- one stream --------------------------------------------------------------------------------------

    async def _events(self, scope: Scope, receive: Receive, send: Send, rxdb: bool) -> None:
        """Server-sent events (WHATWG HTML §9.2) until the client goes, its token ends, or this process does."""
        token = _bearer(scope)
        stream = f"{ACCOUNT}{self._account(token)}"
        asked = parse_qs(scope.get("query_string", b"").decode("ascii", "replace")).get("device", [""])[0]
        listener = Listener(asked if is_device(asked) else "")
        self._add(stream, listener)
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            await _start(send, 200, "text/event-stream; charset=utf-8", headers)
            # From here on nothing is missed: a client syncs once when it sees this, and then when it is told.
            await _more(send, b"retry: %d\n: listening\n\n" % RETRY_MS)
            await self._serve(listener, token, gone, send, rxdb)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._drop(stream, listener)

    async def _serve(
        self, listener: Listener, token: str, gone: asyncio.Future[None], send: Send, rxdb: bool
    ) -> None:
        while True:
            ready = asyncio.ensure_future(listener.ready.wait())
            closing = asyncio.ensure_future(self._closing.wait())
            try:
                await asyncio.wait(
                    (ready, gone, closing), timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                ready.cancel()
                closing.cancel()
            if gone.done() or self._closing.is_set():
                return
            try:
                self._verifier.subject(token)
            except (TokenInvalid, TokenKeyInvalid):
                return  # expired or withdrawn: the client comes back with a new one
            due, listener.due = listener.due, set()
            listener.ready.clear()
            if not due:
                await _more(send, b": \n\n")
            for event in sorted(due):
                if not rxdb:
                    await _more(send, b"event: %s\ndata: {}\n\n" % event.encode())
                elif event == "account":
                    await _more(send, b'data: "RESYNC"\n\n')

    def _account(self, token: str) -> uuid.UUID:
        """Whose stream the token opens. Raises Fault."""
        realm = 'Bearer realm="limber"'
        if not token:
            raise Fault(401, "This needs an access token.", headers={"WWW-Authenticate": realm})
        try:
            found = self._verifier.subject(token)
        except TokenKeyInvalid:
            raise Fault(503, "Access tokens cannot be checked.", headers={"Retry-After": "30"}) from None
        except TokenInvalid as error:
            told = f'{realm}, error="invalid_token"'
            raise Fault(401, f"Not admitted: {error}.", headers={"WWW-Authenticate": told}) from None
        check(found.scopes, found.roles, "sync")
        try:
            return uuid.UUID(found.name)
        except ValueError:
            raise Fault(403, "This token speaks for an operator, not for an account.") from None

    def _add(self, stream: str, listener: Listener) -> None:
        if self.count >= MOST_CLIENTS:
            raise Fault(503, "Too many devices are listening.", headers={"Retry-After": "60"})
        held = self._listeners.setdefault(stream, set())
        if len(held) >= MOST_OF_ACCOUNT:
            raise Fault(429, "Too many devices of this account are listening.", headers={"Retry-After": "60"})
        held.add(listener)
        self.count += 1

    def _drop(self, stream: str, listener: Listener) -> None:
        held = self._listeners[stream]
        held.remove(listener)
        self.count -= 1
        if not held:
            del self._listeners[stream]

    # --- what there is to tell ---------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Listen to PostgreSQL for as long as this process lives, through restarts of it."""
        wait = 1.0
        while True:
            try:
                async with await self._connect() as conn:
                    await conn.execute(f"LISTEN {CHANNEL}")
                    await self._poll(conn)
                    # What was notified meanwhile is lost, so everybody looks once; nobody is there at the start.
                    self._tell_all("account")
                    self.connected, wait = True, 1.0
                    while True:
                        async for notified in conn.notifies(timeout=POLL_S):
                            self._notified(notified.payload)
                        await self._poll(conn)
            except (psycopg.Error, OSError) as error:
                log.error("live_disconnected", error=str(error).strip())
            self.connected = False
            await asyncio.sleep(wait)
            wait = min(wait * 2, SLOWEST_RETRY_S)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        url = self._settings.require_database_url().replace("postgresql+psycopg://", "postgresql://", 1)
        return await psycopg.AsyncConnection.connect(
            url,
            autocommit=True,
            options=OPTIONS,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="limber-live",
        )

    async def _poll(self, conn: psycopg.AsyncConnection[Any]) -> None:
        """Look whether a release was published, and which tokens were withdrawn."""
        row = await (await conn.execute(_POLL)).fetchone()
        assert row is not None
        catalog, denied = row
        self._denied = orjson.loads(denied) if denied else {}
        if catalog != self._catalog and self._catalog is not None:
            self._tell_all("catalog")
        self._catalog = catalog

    def _notified(self, payload: str) -> None:
        stream, _, device = payload.partition(" ")
        for listener in self._listeners.get(stream, ()):
            if not device or listener.device != device:
                listener.tell("account")

    def _tell_all(self, event: str) -> None:
        loop = asyncio.get_running_loop()
        for held in self._listeners.values():
            for listener in held:
                # A listener that has gone meanwhile is told to no effect.
                loop.call_later(random.uniform(0, self.spread_s), partial(listener.tell, event))  # noqa: S311


def _header(scope: Scope, wanted: bytes) -> str:
    for name, value in scope["headers"]:
        if name.lower() == wanted:
            return str(value.decode("latin-1"))
    return ""


def _bearer(scope: Scope) -> str:
    scheme, _, token = _header(scope, b"authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _shared_with(origin: str, send: Send) -> Send:
    """Lets a page of `origin` read the answer (CORS)."""
    allowed = [(b"access-control-allow-origin", origin.encode()), (b"vary", b"Origin")]

    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *allowed]}
        await send(message)

    return sending


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Send, status: int, content_type: str, headers: Mapping[str, str]) -> None:
    named = {"Content-Type": content_type, "X-Content-Type-Options": "nosniff", **headers}
    pairs = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def _more(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _answer(
    send: Send, status: int, content_type: str, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    await _start(send, status, content_type, {"Cache-Control": "no-store", **(headers or {})})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _problem(fault: Fault, send: Send) -> None:
    """The fault in the form of `server.problems`, which is made for Flask."""
    body = {
        "type": "about:blank", "title": HTTPStatus(fault.status).phrase, "status": fault.status,
        "detail": fault.detail, **fault.extra, "request_id": uuid.uuid4().hex,
    }  # fmt: skip
    await _answer(send, fault.status, CONTENT_TYPE, orjson.dumps(body), fault.headers)


def application() -> Live:
    """The application with the settings of the environment. Raises SettingsError."""
    settings = Settings.from_env()
    settings.require_database_url()
    telemetry.configure(settings.log_level)
    return Live(settings)


def __getattr__(name: str) -> Any:
    # Made when a server asks for it, not when a test imports the module.
    if name == "app":
        return application()
    raise AttributeError(name)
