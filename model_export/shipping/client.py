"""The server's shipping endpoints, from an engineer's machine: retried, and resumed where an upload broke off."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from model_export.cli import CommandError
from sync.canonical import sha256_hex
from sync.transport import Send, TransportError

TRIES = 6
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 20.0
PART = 256 * 1024
_AGAIN = (429, 502, 503, 504)
_MAX_BODY = 64 << 20


class ServerRefused(CommandError):
    """The server said no; `problem` is its problem+json, the message its sentence with what to do."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        hint = {
            401: " Get a token: python -m model_export token --role ml_engineer, and hand it over in LIMBER_TOKEN.",
            403: " Ask an admin for that role.",
        }.get(status, "")
        super().__init__(f"{problem.get('detail') or f'the server answered {status}'}{hint}")


@dataclass(frozen=True)
class Client:
    """A server and who asks it. `wait` sleeps so many seconds."""

    send: Send
    token: str
    wait: Callable[[float], None] = time.sleep

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON that the server answers. An outage is tried again, with growing waits; every call may be repeated.

        Raises ServerRefused for a 4xx, TransportError when the server stays away.
        """
        sent = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **(headers or {})}
        for number in range(TRIES):
            last, pause = number == TRIES - 1, _pause(number)
            try:
                with self.send(method, path, sent, body) as response:
                    answer, status = response.read(_MAX_BODY), response.status
                    asked = response.headers.get("retry-after", "")
            except TransportError:
                if last:
                    raise
            else:
                if status == 200:
                    return _json(answer)
                if status not in _AGAIN or last:
                    raise ServerRefused(status, _json(answer))
                pause = max(pause, float(asked)) if asked.isdecimal() else pause
            self.wait(min(pause, LONGEST_WAIT_S))
        raise AssertionError("unreachable: the last try returns or raises")

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST JSON, without the members that are None."""
        given = {name: value for name, value in body.items() if value is not None}
        return self.call("POST", path, orjson.dumps(given), {"Content-Type": "application/json"})


def _pause(number: int) -> float:
    """Seconds before the next try: doubled each time, spread so that clients do not come back together."""
    return float(FIRST_WAIT_S * 2**number * random.uniform(0.75, 1.25))  # noqa: S311  (no secret)


def _json(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        return {"detail": f"the server answered {answer[:200].decode(errors='replace')!r}"}


def upload(
    client: Client, content: bytes, ending: str, progress: Callable[[int], object] = int, part: int = PART
) -> str:
    """Have `content` on the server as `<sha256>.<ending>`; returns the hash. Goes on where an earlier try broke off."""
    sha256 = sha256_hex(content)
    path = f"/v1/models/files/{sha256}.{ending}"
    state = client.call("GET", path)
    at = int(state["received"])
    progress(at)
    while not state["complete"]:
        piece = content[at : at + part]
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"bytes {at}-{at + len(piece) - 1}/{len(content)}",
        }
        try:
            state = client.call("PUT", path, piece, headers)
        except ServerRefused as error:
            # A part whose answer was lost is there already: the server says where to go on.
            if error.status != 409 or error.problem.get("received") == at:
                raise
            state = dict(error.problem)
        progress(max(int(state["received"]) - at, 0))
        at = int(state["received"])
    return sha256
