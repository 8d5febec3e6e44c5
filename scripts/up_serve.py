"""What `scripts/up` serves with: the HTTP server, the live process and the jobs' worker, each a child of its own."""

from __future__ import annotations

import http.client
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import up_processes
from up_processes import UpError

from server.settings import Settings

if TYPE_CHECKING:
    from up_lib import Run

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60
LIVE_REQUESTS = 21_000  # more than server.live lets in, so that it can say so


def serve(run: Run) -> None:
    """Start the server, the live process and the jobs' worker beside it, and return when the first two are ready."""
    settings = run.settings
    # A request holds one database connection at a time: more threads than connections would only queue.
    threads = ["--workers", str(settings.workers), "--blocking-threads", str(settings.pool_size)]
    _granian(run, "server", "wsgi", settings.port, [*threads, "server.wsgi:app"])
    if settings.live_url is not None:
        # One process for all listening devices: each is a request that stays.
        alone = ["--workers", "1", "--backpressure", str(LIVE_REQUESTS)]
        _granian(run, "live", "asgi", settings.live_port, [*alone, "server.live:app"])
    _start(run, "jobs", [sys.executable, "-m", "server", "jobs"])
    deadline = time.monotonic() + READY_SECONDS
    _wait_ready(run, "server", settings.port, "/readyz", deadline)
    if settings.live_url is not None:
        _wait_ready(run, "live", settings.live_port, "/healthz", deadline)


def _granian(run: Run, name: str, interface: str, port: int, more: list[str]) -> None:
    command = [sys.executable, "-m", "granian", "--interface", interface, "--no-ws"]
    command += ["--respawn-failed-workers", "--host", run.settings.host, "--port", str(port), *more]
    _start(run, name, command)


def _start(run: Run, name: str, command: list[str]) -> None:
    log = run.logs / f"{name}.log"
    up_processes.rotate(log)
    run.processes.start(name, command, log, run.env, ROOT)


def _wait_ready(run: Run, name: str, port: int, path: str, deadline: float) -> None:
    while True:
        run.processes.check()
        status, said = _get(run.settings, path, port)
        if status == 200:
            return
        if time.monotonic() > deadline:
            log = run.logs / f"{name}.log"
            end = up_processes.tail(log)
            raise UpError(
                f"the {name} is not ready after {READY_SECONDS} s: {said}\nthe end of {log}:\n{end}"
            )
        time.sleep(0.05)


def _get(settings: Settings, path: str, port: int) -> tuple[int, str]:
    """Status and body of a GET on our own server, (0, reason) while it does not answer."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
