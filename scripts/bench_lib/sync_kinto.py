"""Kinto beside our server, on the same PostgreSQL, behind the same HTTP server, with the same records."""

import base64
import os
import subprocess
import uuid
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import psycopg

from bench_lib.report import BenchError, say
from bench_lib.sync_content import Record
from bench_lib.sync_stage import Server, Stage, request

VERSION = "26.5.0"
APP = Path(__file__).with_name("kinto_app.py")
FIRST_MS = 1_767_571_200_000
"""The timestamp of a collection's first record; each further one is a millisecond later."""

# The trigger that numbers rows asks twice for each: here the numbers are known.
_FILL = """
INSERT INTO objects (id, parent_id, resource_name, last_modified, data, deleted)
SELECT id, %(parent)s, 'record', from_epoch(%(first)s::bigint + place), data::jsonb, false
  FROM unnest(%(ids)s::text[], %(data)s::text[]) WITH ORDINALITY AS n (id, data, place)
"""
_LIGHT = """
INSERT INTO objects (id, parent_id, resource_name, last_modified, data, deleted)
SELECT 'light-' || n, %(parent)s, 'record', from_epoch(%(first)s::bigint + n), '{"rating": 1, "excluded": false}', false
  FROM generate_series(1, %(light)s::bigint) AS n
"""


@dataclass(frozen=True)
class Shelf:
    """A person's collection; `total` records, each a millisecond after the one before."""

    user: str
    total: int

    @property
    def path(self) -> str:
        return f"/buckets/{self.user}/collections/records"

    def headers(self) -> dict[str, str]:
        """What every request of this person carries."""
        secret = base64.b64encode(f"{self.user}:secret".encode()).decode()
        return {"Authorization": f"Basic {secret}", "Content-Type": "application/json"}

    def since(self, left: int) -> bytes:
        """All but the newest `left` are known: kinto.js asks so, and says what it has."""
        known = FIRST_MS + self.total - left
        headers = self.headers() | {"If-None-Match": f'"{known}"'}
        return request("GET", f"/v1{self.path}/records?_since=%22{known}%22", headers)

    def everything(self) -> bytes:
        """A first pull."""
        return request("GET", f"/v1{self.path}/records", self.headers())

    def push(self, records: Iterator[Record]) -> bytes:
        """A batch of new records, as kinto.js sends it."""
        body = {
            "defaults": {"method": "PUT", "headers": {"If-None-Match": "*"}},
            "requests": [
                {"path": f"{self.path}/records/{identity}",
                 "body": {"data": {**fields, "id": identity, "collection": collection}}}
                for collection, identity, fields in records
            ],
        }  # fmt: skip
        return request("POST", "/v1/batch", self.headers(), orjson.dumps(body))


class Kinto:
    """A running Kinto."""

    def __init__(self, held: Stage, folder: Path, workers: int, threads: int) -> None:
        """Make its environment (kept in `folder`, so only the first run downloads), its database, and start it."""
        self.python = _environment(folder)
        url = held.postgres.url
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("CREATE DATABASE kinto TEMPLATE template0 ENCODING 'UTF8'")
            conn.execute("ALTER DATABASE kinto SET timezone TO 'UTC'")
        self.url = url.replace("/limber?", "/kinto?")
        place = held.folder / "kinto"
        place.mkdir()
        # As many connections as threads, as ours; it opens one for the permissions, too.
        env = {"KINTO_DATABASE": self.url, "KINTO_POOL": str(2 * threads), "PYTHONPATH": str(APP.parent)}
        _run([str(self.python), str(APP), "migrate"], {**os.environ, **env})
        self.server = held.granian(
            str(self.python), "kinto_app:app", place, env, (workers, threads), "/v1/__heartbeat__"
        )

    def shelves(self, count: int, records: Sequence[Record], total: int) -> list[Shelf]:
        """`count` people with `total` records each, the last of them `records`, the others small."""
        made = [Shelf(f"u{uuid.uuid4().hex[:12]}", total) for _ in range(count)]
        for shelf in made:
            for target in (f"/v1/buckets/{shelf.user}", f"/v1{shelf.path}"):
                status, body = self.server.ask("PUT", target, shelf.headers())
                if status not in (200, 201):
                    raise BenchError(f"Kinto: PUT {target}: {status} {body[:200]!r}")
        ids = [f"{place}-{identity}"[:60] for place, (_, identity, _) in enumerate(records)]
        data = [orjson.dumps({**fields, "collection": name}).decode() for name, _, fields in records]
        light = total - len(records)
        with psycopg.connect(self.url) as conn:
            conn.execute("ALTER TABLE objects DISABLE TRIGGER USER")
            for shelf in made:
                known = {"parent": shelf.path, "first": FIRST_MS, "light": light}
                conn.execute(_LIGHT, known)
                conn.execute(_FILL, {**known, "first": FIRST_MS + light, "ids": ids, "data": data})
            conn.execute("ALTER TABLE objects ENABLE TRIGGER USER")
        return made


def checked(server: Server, shelf: Shelf, left: int) -> None:
    """Prove that a pull answers what it should. Raises BenchError."""
    known = FIRST_MS + shelf.total - left
    target = f"/v1{shelf.path}/records?_since=%22{known}%22"
    status, body = server.ask("GET", target, shelf.headers())
    found: list[Any] = orjson.loads(body)["data"] if status == 200 else []
    if len(found) != left:
        raise BenchError(f"Kinto: expected {left} changes, got {status} and {len(found)}")


def _environment(folder: Path) -> Path:
    """The Python of an environment that has Kinto."""
    python = folder / "bin" / "python"
    marker = folder / f"ready-{VERSION}"
    if not marker.exists():
        say(f"sync: installing Kinto {VERSION} into {folder}")
        venv.create(folder, with_pip=True, clear=True)
        granian = f"granian=={version('granian')}"
        _run(
            [str(python), "-m", "pip", "install", "-q", f"kinto[postgresql]=={VERSION}", granian], os.environ
        )
        marker.touch()
    return python


def _run(command: list[str], env: Any) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command[:4])}: {(done.stderr or done.stdout).strip()[-1500:]}")
