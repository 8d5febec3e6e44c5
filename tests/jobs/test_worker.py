"""The real worker process: it runs what waits, stops when told, and a killed one's job is done by the next."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from server.jobs import Task, cancel, enqueue

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0

# The worker knows this task besides its own.
TASKS = """
import os, time
from pathlib import Path
from server.jobs import task

@task("tests.long", title="Long")
def long(job, place):
    print("begun", flush=True)
    while not Path(place, "go").exists():
        job.check()
        time.sleep(0.02)
    return f"try {job.attempt}"
"""
START = """
import sys
from server.jobs import registry, worker
registry.MODULES += ("worker_tasks",)
worker.STOP_S = 0.5
from server.__main__ import main
sys.exit(main(["jobs", "--heartbeat", "1"]))
"""
LONG = Task("tests.long", "Long", lambda job, place: None)


class Worker:
    """A worker process; what it prints is read line by line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process, self.seen = process, b""

    def until(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        assert self.process.stdout is not None
        while words.encode() not in self.seen:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert more, f"never said {words!r}:\n{self.seen.decode()}"
            self.seen += more
        self.seen = self.seen[self.seen.index(words.encode()) + len(words) :]

    def stop(self, sign: signal.Signals) -> int:
        self.process.send_signal(sign)
        return self.process.wait(PATIENCE)


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    (tmp_path / "worker_tasks.py").write_text(TASKS)
    clean = {name: value for name, value in os.environ.items() if "LIMBER_" not in name}
    env = {
        **clean,
        "DATABASE_URL": database_url,
        "LIMBER_DATA": str(tmp_path),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
    }
    started: list[Worker] = []

    def launch() -> Worker:
        process = subprocess.Popen(
            [sys.executable, "-c", START], env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        started.append(Worker(process))
        return started[-1]

    yield launch
    for worker in started:
        worker.process.kill()
        worker.process.wait()
        if worker.process.stdout is not None:
            worker.process.stdout.close()


def ended(job: int, attempt: int, outcome: str) -> str:
    """What the worker's log says of a try."""
    return f'"task":"tests.long","job":{job},"attempt":{attempt},"outcome":"{outcome}"'


def put(engine: Engine, what: Task, **args: Any) -> int:
    with engine.begin() as conn:
        return enqueue(conn, what, **args)


def state(engine: Engine, job: int) -> tuple[str, list[str | None]]:
    with engine.connect() as conn:
        status = text("SELECT status::text FROM jobs.procrastinate_jobs WHERE id = :job")
        said = text("SELECT said FROM jobs.attempt WHERE job = :job ORDER BY id")
        return conn.execute(status, {"job": job}).scalar_one(), list(conn.scalars(said, {"job": job}))


def test_a_killed_workers_job_is_rescued_and_done_by_the_next(
    engine: Engine, start: Callable[[], Worker], tmp_path: Path
) -> None:
    job, worker = put(engine, LONG, place=str(tmp_path)), start()
    worker.until("begun")
    assert worker.stop(signal.SIGKILL) == -signal.SIGKILL
    assert state(engine, job) == ("doing", [])
    (tmp_path / "go").touch()
    after = start()
    after.until("job rescued")
    after.until(ended(job, 2, "done"))
    assert after.stop(signal.SIGTERM) == 0
    assert state(engine, job) == ("succeeded", ["The worker ended in the middle of it.", "try 2"])


def test_a_worker_that_is_told_to_stop_finishes_what_it_began(
    engine: Engine, start: Callable[[], Worker], tmp_path: Path
) -> None:
    job, worker = put(engine, LONG, place=str(tmp_path)), start()
    worker.until("begun")
    later = put(engine, LONG, place=str(tmp_path))
    worker.until("begun")  # two quick ones at once
    third = put(engine, LONG, place=str(tmp_path))
    worker.process.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    worker.until("jobs: stopped")
    assert worker.process.wait(PATIENCE) == 0
    assert [state(engine, each)[0] for each in (job, later, third)] == ["succeeded", "succeeded", "todo"]
    with engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM jobs.procrastinate_workers")).scalar_one() == 0


def test_long_work_goes_back_into_the_queue_when_its_worker_stops(
    engine: Engine, start: Callable[[], Worker], tmp_path: Path
) -> None:
    job, worker = put(engine, LONG, place=str(tmp_path)), start()
    worker.until("begun")
    assert worker.stop(signal.SIGTERM) == 0
    assert state(engine, job) == ("todo", ["It was asked to stop."])
    (tmp_path / "go").touch()
    again = start()
    again.until(ended(job, 1, "done"))
    assert again.stop(signal.SIGTERM) == 0
    assert state(engine, job) == ("succeeded", ["It was asked to stop.", "try 1"])


def test_a_running_job_is_cancelled_from_outside(
    engine: Engine, start: Callable[[], Worker], tmp_path: Path
) -> None:
    job, worker = put(engine, LONG, place=str(tmp_path)), start()
    worker.until("begun")
    with engine.begin() as conn:
        assert cancel(conn, job) is False
    worker.until(ended(job, 1, "stopped"))
    assert worker.stop(signal.SIGTERM) == 0
    assert state(engine, job) == ("aborted", ["It was asked to stop."])


def test_a_worker_outlives_its_database_connections(
    engine: Engine, start: Callable[[], Worker], tmp_path: Path, database_url: str
) -> None:
    worker = start()
    worker.until("jobs: ready")
    (tmp_path / "go").touch()
    plain = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'limber jobs' AND datname = current_database()"
        )
    job = put(engine, LONG, place=str(tmp_path))
    worker.until(ended(job, 1, "done"))
    assert worker.stop(signal.SIGTERM) == 0
    assert state(engine, job)[0] == "succeeded"


def test_its_log_is_one_json_object_a_line(
    engine: Engine, start: Callable[[], Worker], tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    put(engine, LONG, place=str(tmp_path))
    worker = start()
    worker.until('"event":"job"')
    worker.stop(signal.SIGTERM)
    assert worker.process.stdout is not None
    lines = [line for line in worker.process.stdout.read().decode().splitlines() if line.startswith("{")]
    assert [json.loads(line)["event"] for line in lines][-1] == "jobs: stopped"


def test_the_periodic_tasks_are_put_into_the_queue_by_the_worker(
    engine: Engine, start: Callable[[], Worker]
) -> None:
    worker = start()
    worker.until("house.prune")
    assert worker.stop(signal.SIGTERM) == 0
    with engine.connect() as conn:
        known = text("SELECT task_name FROM jobs.procrastinate_periodic_defers")
        assert {"house.prune", "house.tidy_jobs"} <= set(conn.scalars(known))
