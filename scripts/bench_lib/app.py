"""The application that `scripts/bench pull` loads: the real one, and two endpoints beside it.

GET  /bare                 what the real answer to BENCH_TARGET was when this process started: same bytes, same
                           headers, same hooks, no query to parse and no database: the least that an answer costs
POST /bench/cache/MODE     "on" as shipped; "off": nothing is remembered, PostgreSQL builds every answer
"""

import os

from flask import Response

from server import create_app
from server.caching import Bodies
from server.state import State

app = create_app()
shared: State = app.extensions["limber"]
MODES = {
    "on": (shared.bodies.max_bytes, shared.head_seconds),
    "off": (0, 0.0),
}
# What the view itself sets; the rest is added to every answer afterwards.
OWN_HEADERS = ("Content-Type", "Content-Encoding", "Cache-Control", "Vary", "ETag")


@app.get("/bare")
def bare() -> Response:
    """The captured answer."""
    return Response(body, status=status, headers=headers)


@app.post("/bench/cache/<any(on, off):mode>")
def cache(mode: str) -> Response:
    """Set what this process remembers; what it remembered is forgotten."""
    max_bytes, shared.head_seconds = MODES[mode]
    shared.bodies = Bodies(max_bytes)
    return Response(status=204)


# Last: after its first request an application takes no more routes.
answer = app.test_client().get(
    os.environ["BENCH_TARGET"], headers={"Accept-Encoding": os.environ["BENCH_CODING"]}
)
body, status = answer.data, answer.status_code
headers = {name: answer.headers[name] for name in OWN_HEADERS if name in answer.headers}
