"""The real HTTP server: what only shows with sockets between."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port(limber: Any) -> Iterator[int]:
    """Port of a server process on the published database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        chosen: int = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LIMBER_")},
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": limber.settings.database_url,
        "LIMBER_DATA": str(limber.settings.data),
        "LIMBER_OBJECTS": limber.settings.objects,
        "LIMBER_SIGNING_KEY": str(limber.settings.signing_key),
        "LIMBER_MAX_BODY_BYTES": "2048",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--port", str(chosen)]
    process = subprocess.Popen(
        [*command, "server.wsgi:app"],
        env=environment,
        cwd=limber.settings.data,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Started worker-1" in line:
            break
    else:
        pytest.fail("".join(said))
    yield chosen
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=20)[0]
    assert process.returncode == 0, rest
    assert "Traceback" not in rest


def test_the_server_serves_over_http(limber: Any, port: int) -> None:
    release = limber.publish_model(b"0123456789" * 1000)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(method: str, path: str, **options: Any) -> tuple[http.client.HTTPResponse, bytes]:
        # The server may refuse and close before it has taken a body that is too long.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, **options)
        answer = connection.getresponse()
        return answer, answer.read()

    answer, body = ask("GET", "/readyz")
    assert (answer.status, orjson.loads(body)["status"]) == (200, "ok")

    path = f"/v1/objects/{release.object_key}"
    answer, body = ask("HEAD", path)
    assert (answer.status, answer.headers["Content-Length"], body) == (200, "10000", b"")
    answer, body = ask("GET", path, headers={"Range": "bytes=9995-"})
    assert (answer.status, body) == (206, b"56789")
    answer, body = ask("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (answer.status, body) == (304, b"")

    answer, body = ask("GET", "/v1/catalog/changes")
    url = orjson.loads(body)["snapshot"]["url"]
    answer, body = ask("GET", url, headers={"Accept-Encoding": "br"})
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "br")
    assert body == limber.store.get(url.removeprefix("/v1/objects/") + ".br")

    answer, body = ask("POST", "/v1/routines", body=b"x" * 4096, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")

    # Without a length nothing but reading can tell that there is too much.
    parts = iter([b'{"request": "', *[b"x" * 1024] * 8, b'"}'])
    answer, body = ask("POST", "/v1/routines", body=parts, headers={"Content-Type": "application/json"})
    assert (answer.status, orjson.loads(body)["status"]) == (413, 413)

    connection.close()  # what is left of that body is nobody's: the server closes too
    answer, body = ask("GET", "/healthz", headers={"X-Request-ID": "after-all-that"})
    assert answer.headers["X-Request-ID"] == "after-all-that"
    connection.close()
