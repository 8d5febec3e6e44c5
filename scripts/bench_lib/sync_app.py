"""The application that `scripts/bench sync` loads: the real one, and `POST /bare` beside it.

`POST /bare` is what the real answer to the request in the file BENCH_BARE was when this process started: the same bytes
and headers through the same hooks, no token, no JSON, no database: the least that an answer to such a request costs.
"""

import os
import pickle
from pathlib import Path

from flask import Response, request

from server import create_app

app = create_app()
# What the view itself sets; the rest is added to every answer afterwards.
OWN_HEADERS = ("Content-Type", "Content-Encoding", "Cache-Control", "Vary")


@app.post("/bare")
def bare() -> Response:
    """The captured answer."""
    request.get_data()
    return Response(body, status=status, headers=headers)


# Last: after its first request an application takes no more routes.
given = pickle.loads(Path(os.environ["BENCH_BARE"]).read_bytes())  # noqa: S301 - written by the bench itself
answer = app.test_client().post("/v1/sync", data=given["body"], headers=given["headers"])
body, status = answer.data, answer.status_code
headers = {name: answer.headers[name] for name in OWN_HEADERS if name in answer.headers}
