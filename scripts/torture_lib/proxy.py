"""The bad network: an HTTP proxy that loses, cuts, delays, doubles and reorders, and keeps the ledger meanwhile.

It runs an asyncio loop in a thread of its own, so that a device's request meets it also while the main thread waits
for PostgreSQL. One exchange at a time per connection, as HTTP/1.1 devices do; upstream a connection for each exchange.
"""

import asyncio
import contextlib
import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from torture_lib import http_parts
from torture_lib.faults import Fault, network_fault
from torture_lib.http_parts import Broken, Message
from torture_lib.ledger import Ledger

SYNC = "/v1/sync"
UPSTREAM_S = 20.0
IDLE_S = 60.0
MOST_LATE = 64  # requests waiting to be sent again
LOGIN_PAGE = b"<!doctype html><title>Welcome to Hotel Bellevue</title><p>Please accept our terms.</p>"


class Proxy:
    """In front of the server at `upstream` (a port on 127.0.0.1). Counters may be read from any thread."""

    def __init__(self, upstream: int, seed: int, ledger: Ledger) -> None:
        self.upstream = upstream
        self.seed = seed
        self.ledger = ledger
        self.faults: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.acknowledged = 0
        self.in_flight = 0  # pushes that the server is working on
        self.troubled = False
        self.armed = True  # False: what was armed waits
        self.port = 0
        self._exchanges = 0
        self._pushes = 0
        self._strikes: list[tuple[float, Callable[[], None]]] = []
        self._late: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._listening = threading.Event()

    def start(self) -> None:
        """Listen on a free port of 127.0.0.1, which is then `port`."""
        self._thread.start()
        if not self._listening.wait(10):
            raise RuntimeError("the proxy does not listen")

    def stop(self) -> None:
        """Close everything; returns when the thread has ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def arm(self, wait_s: float, strike: Callable[[], None]) -> None:
        """Call `strike`, in the proxy's thread, `wait_s` seconds after the next push went to the server."""
        self._loop.call_soon_threadsafe(self._strikes.append, (wait_s, strike))

    def calm(self) -> None:
        """From now on the network is perfect, and nothing that was armed strikes any more."""
        self.troubled = False
        self._loop.call_soon_threadsafe(self._strikes.clear)

    @property
    def quiet(self) -> bool:
        """Whether no request waits to be sent late."""
        return not self._late

    # --- the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=http_parts.MAX_HEAD)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await asyncio.wait_for(http_parts.read(reader), IDLE_S)
                if request is None or not await self._exchange(request, writer):
                    return
        except (Broken, OSError, TimeoutError, asyncio.CancelledError):
            pass  # the device was killed, or gave up; or the proxy stops
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, request: Message, writer: asyncio.StreamWriter) -> bool:
        """Carry one request there and its answer back, or not. True when the connection may serve another."""
        self._exchanges += 1
        fault = network_fault(self.seed, self._exchanges) if self.troubled else None
        kind = fault.kind if fault else ""
        if fault:
            self.faults[kind] += 1
        if kind == "request lost":
            return False
        if kind == "strange answer":
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(
                LOGIN_PAGE
            )
            writer.write(head + LOGIN_PAGE)
            await writer.drain()
            return True
        if fault and kind == "request cut":
            await self._cut(request, fault)
            return False
        if fault and kind == "held back":
            self._later(request, "late", fault.wait_s)
            return False
        if fault and kind == "delayed":
            await asyncio.sleep(fault.wait_s)
        if kind == "doubled":
            self._later(request, "nobody waits", 0.0)
        answer = await self._forward(request, _fate(kind))
        if answer is None or kind == "answer lost":
            return False
        if fault and kind == "replayed":
            self._later(request, "nobody waits", fault.wait_s)
        whole = _hurried(answer.head) + answer.body
        if fault and kind == "answer cut":
            writer.write(whole[: int(len(whole) * fault.share)])
            await writer.drain()
            return False
        writer.write(whole)
        await writer.drain()
        return "close" not in answer.headers.get("connection", "")

    async def _cut(self, request: Message, fault: Fault) -> None:
        """The first part of the request reaches the server, which is then left alone with it."""
        whole = request.head + request.body
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
            writer.write(whole[: int(len(whole) * fault.share)])
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    async def _forward(self, request: Message, fate: str) -> Message | None:
        """The server's answer, in the ledger before anybody else sees it; None when there is none."""
        pushed = self._enter(request)
        self.in_flight += pushed is not None
        try:
            async with asyncio.timeout(UPSTREAM_S):
                answer = await self._ask(request)
        except (Broken, OSError, TimeoutError):
            self.statuses[0] += 1
            return None
        finally:
            self.in_flight -= pushed is not None
        self.statuses[answer.status] += 1
        if pushed is not None:
            self._note(pushed, answer, fate)
        return answer

    async def _ask(self, request: Message) -> Message:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream, limit=http_parts.MAX_HEAD)
        try:
            writer.write(request.head + request.body)
            await writer.drain()
            answer = await http_parts.read(reader, answer_to=request.method)
            if answer is None:
                raise Broken("no answer")
            return answer
        finally:
            writer.close()

    # --- the ledger --------------------------------------------------------------------------------------

    def _enter(self, request: Message) -> int | None:
        """Put a push in the ledger; None for any other request."""
        if request.method != "POST" or request.path != SYNC:
            return None
        try:
            body = request.json()
            patches = body["patches"]
            device = str(body["device"])
        except (Broken, KeyError, TypeError):
            return None
        if not patches:
            return None
        self._pushes += 1
        self.ledger.push(self._pushes, http_parts.bearer(request), device, patches)
        if self.armed:
            for wait_s, strike in self._strikes:
                self._loop.call_later(wait_s, strike)
            self._strikes.clear()
        return self._pushes

    def _note(self, pushed: int, answer: Message, fate: str) -> None:
        results: list[Any] = []
        if answer.status == 200:
            with contextlib.suppress(Broken, KeyError, TypeError):
                results = [
                    [result["status"], (result.get("error") or {}).get("code")]
                    for result in answer.json()["results"]
                ]
        self.acknowledged += sum(status in ("applied", "merged", "stale") for status, _ in results)
        self.ledger.answer(pushed, answer.status, results, fate)

    def _later(self, request: Message, fate: str, wait_s: float) -> None:
        """Forward a request after `wait_s` seconds, while the exchange that it came in goes on or has ended."""
        if len(self._late) >= MOST_LATE:
            return

        async def after() -> None:
            await asyncio.sleep(wait_s)
            await self._forward(request, fate)

        task = self._loop.create_task(after())
        self._late.add(task)
        task.add_done_callback(self._late.discard)


def _hurried(head: bytes) -> bytes:
    """The head, with a wait of a second where the server asks for more: else devices would mostly wait."""
    return re.sub(rb"(?i)(\r\nretry-after: )\d+", rb"\g<1>1", head)


def _fate(kind: str) -> str:
    return {"answer lost": "lost", "answer cut": "cut"}.get(kind, "sent")
