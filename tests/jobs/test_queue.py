"""Jobs: in with the caller's transaction, tried again, given up, rescued; every try is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from server import jobs
from server.db import OPTIONS, write
from server.jobs import GiveUp, Job, Later, NotPossible, Task, enqueue, registry, run_pending, task
from server.settings import Settings

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data=tmp_path)


@pytest.fixture
def as_server(database_url: str) -> Iterator[Engine]:
    """An engine of the server's own role, which is not the tables' owner."""
    made = create_engine(database_url, connect_args={"options": OPTIONS})
    yield made
    made.dispose()


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`declare(run, **options)`: a task of this test alone."""
    monkeypatch.setattr(registry, "_tasks", dict(registry._tasks))

    def make(run: Any, name: str = "tests.work", **options: Any) -> Task:
        return task(name, title="Work", **options)(run)

    return make


def status(engine: Engine, job: int) -> str:
    with engine.connect() as conn:
        found: str = conn.execute(
            text("SELECT status::text FROM jobs.procrastinate_jobs WHERE id = :job"), {"job": job}
        ).scalar_one()
    return found


def tries(engine: Engine, job: int) -> list[tuple[str, str]]:
    with engine.connect() as conn:
        rows = conn.execute(
            text("SELECT outcome, said FROM jobs.attempt WHERE job = :job ORDER BY id"), {"job": job}
        )
        return [(row.outcome, row.said) for row in rows]


def put(engine: Engine, what: Task, **more: Any) -> int:
    with engine.begin() as conn:
        return enqueue(conn, what, **more)


def test_the_servers_role_enqueues_and_the_task_gets_its_arguments(
    as_server: Engine, settings: Settings, declare: Any
) -> None:
    seen: list[tuple[Any, ...]] = []

    def work(job: Job, upload: str, size: int = 0) -> str:
        seen.append((upload, size, job.now, job.attempt, job.settings))
        return f"{upload} is fine."

    work_task = declare(work)
    job = write(as_server, lambda conn: enqueue(conn, work_task, upload="a", size=3))
    ran = run_pending(as_server, settings, now=NOW)
    assert [(name, ended.outcome, ended.said) for name, ended in ran] == [
        ("tests.work", "done", "a is fine.")
    ]
    assert seen == [("a", 3, NOW, 1, settings)]
    assert status(as_server, job) == "succeeded"
    assert run_pending(as_server, settings, now=NOW) == []


def test_a_transaction_that_rolls_back_leaves_no_job(
    engine: Engine, settings: Settings, declare: Any
) -> None:
    work = declare(lambda job: None)
    with engine.connect() as conn, conn.begin() as transaction:
        assert enqueue(conn, work) == 1
        transaction.rollback()
    assert run_pending(engine, settings, now=NOW) == []


def test_a_failed_try_is_repeated_later_and_later_until_its_tries_are_used_up(
    engine: Engine, settings: Settings, declare: Any
) -> None:
    def work(job: Job) -> None:
        raise ConnectionError(f"try {job.attempt}\x00 went\nwrong")

    job, moment, waits = put(engine, declare(work, attempts=4)), NOW, []
    for number in range(1, 5):
        ((_, ended),) = run_pending(engine, settings, now=moment)
        assert ended.outcome == "failed"
        assert ended.said == f"ConnectionError: try {number} went wrong"
        assert "Traceback" in (ended.detail or "")
        if ended.again is not None:
            assert run_pending(engine, settings, now=ended.again - timedelta(seconds=1)) == []
            waits.append((ended.again - moment).total_seconds())
            moment = ended.again
    assert waits == [10, 40, 160]
    assert status(engine, job) == "failed"
    assert [outcome for outcome, _ in tries(engine, job)] == ["failed"] * 4


def test_a_task_that_gives_up_is_not_repeated(engine: Engine, settings: Settings, declare: Any) -> None:
    def work(job: Job) -> None:
        raise GiveUp("The file is cut off.")

    job = put(engine, declare(work))
    run_pending(engine, settings, now=NOW)
    assert status(engine, job) == "failed"
    assert tries(engine, job) == [("failed", "The file is cut off.")]


def test_a_task_that_asks_for_later_loses_no_try(engine: Engine, settings: Settings, declare: Any) -> None:
    def work(job: Job) -> str:
        if job.now < NOW + timedelta(hours=3):
            raise Later(NOW + timedelta(hours=3), "The day's quota is used up.")
        return f"try {job.attempt}"

    job = put(engine, declare(work, attempts=1))
    run_pending(engine, settings, now=NOW)
    assert status(engine, job) == "todo"
    assert run_pending(engine, settings, now=NOW + timedelta(hours=2)) == []
    run_pending(engine, settings, now=NOW + timedelta(hours=3))
    assert tries(engine, job) == [("later", "The day's quota is used up."), ("done", "try 1")]


def test_a_job_for_later_waits_for_its_time(engine: Engine, settings: Settings, declare: Any) -> None:
    work = declare(lambda job: None)
    job = put(engine, work, at=datetime.now(UTC) + timedelta(days=1))
    assert run_pending(engine, settings) == []
    assert len(run_pending(engine, settings, now=datetime.now(UTC) + timedelta(days=1))) == 1
    assert status(engine, job) == "succeeded"
    with pytest.raises(ValueError, match="at: needs a time zone"):
        put(engine, work, at=datetime(2026, 1, 1))


def test_the_same_job_waits_once_when_once_is_enough(
    engine: Engine, settings: Settings, declare: Any
) -> None:
    work = declare(lambda job, upload: upload)
    first = put(engine, work, upload="a", once=True)
    assert put(engine, work, upload="a", once=True) == first
    assert put(engine, work, upload="b", once=True) != first
    assert len(run_pending(engine, settings, now=NOW)) == 2
    assert put(engine, work, upload="a", once=True) != first


def test_wrong_arguments_and_unknown_tasks_are_refused_at_the_door(engine: Engine, declare: Any) -> None:
    work = declare(lambda job, upload: None)
    with pytest.raises(TypeError, match=r"task tests\.work: missing a required argument: 'upload'"):
        put(engine, work)
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        put(engine, work, upload="a", size=1)
    with pytest.raises(LookupError, match=r"tests\.nothing"), engine.begin() as conn:
        enqueue(conn, "tests.nothing")


def test_a_task_that_is_gone_fails_by_name(engine: Engine, settings: Settings, declare: Any) -> None:
    job = put(engine, Task("tests.gone", "Gone", lambda job: None))
    run_pending(engine, settings, now=NOW)
    assert tries(engine, job) == [("failed", "No module declares the task tests.gone any more.")]


def test_a_failed_job_is_tried_once_more_by_hand(engine: Engine, settings: Settings, declare: Any) -> None:
    broken = [True]

    def work(job: Job) -> None:
        if broken:
            raise ValueError("not yet")

    job = put(engine, declare(work, attempts=1))
    run_pending(engine, settings, now=NOW)
    broken.clear()
    with engine.begin() as conn:
        jobs.retry(conn, job)
    run_pending(engine, settings)
    assert status(engine, job) == "succeeded"
    with engine.begin() as conn, pytest.raises(NotPossible, match="did not fail: it is succeeded"):
        jobs.retry(conn, job)
    with engine.begin() as conn, pytest.raises(LookupError, match="no job 999"):
        jobs.retry(conn, 999)


def test_a_waiting_job_is_cancelled_and_a_finished_one_cannot_be(
    engine: Engine, settings: Settings, declare: Any
) -> None:
    work = declare(lambda job: None)
    job, done = put(engine, work), put(engine, work)
    with engine.begin() as conn:
        assert jobs.cancel(conn, job) is True
    assert len(run_pending(engine, settings, now=NOW)) == 1
    assert status(engine, job) == "cancelled"
    with engine.begin() as conn, pytest.raises(NotPossible, match="is over: it is succeeded"):
        jobs.cancel(conn, done)


def test_a_running_job_that_is_cancelled_stops_at_its_next_step(
    engine: Engine, settings: Settings, declare: Any
) -> None:
    reached: list[int] = []

    def work(job: Job) -> None:
        with engine.begin() as conn:
            assert jobs.cancel(conn, job.id) is False
        job = Job(job.engine, job.settings, job.now, job.id, stop_asked=lambda: True)
        job.check()
        reached.append(1)

    job = put(engine, declare(work))
    run_pending(engine, settings, now=NOW)
    assert (reached, status(engine, job)) == ([], "aborted")
    assert tries(engine, job) == [("stopped", "It was asked to stop.")]


def lose(engine: Engine, seconds: float = 100) -> None:
    """A worker takes the next job and is not heard of for so long."""
    with engine.begin() as conn:
        conn.exec_driver_sql(
            "WITH worker AS (INSERT INTO jobs.procrastinate_workers (last_heartbeat)"
            " VALUES (now() - make_interval(secs => %s)) RETURNING id)"
            " SELECT jobs.procrastinate_fetch_job_v2(NULL, worker.id) FROM worker",
            (seconds,),
        )


def test_a_dead_workers_job_is_rescued_and_a_live_ones_left_alone(
    engine: Engine, settings: Settings, declare: Any
) -> None:
    job = put(engine, declare(lambda job: f"try {job.attempt}"))
    lose(engine, seconds=5)
    assert jobs.rescue(engine, 30, NOW) == 0
    assert jobs.rescue(engine, 3, datetime.now(UTC)) == 1
    assert len(run_pending(engine, settings)) == 1
    assert tries(engine, job) == [("lost", "The worker ended in the middle of it."), ("done", "try 2")]


def test_a_job_that_ends_its_worker_each_time_fails_in_the_end(engine: Engine, declare: Any) -> None:
    job = put(engine, declare(lambda job: None, attempts=3))
    for _ in range(3):
        with engine.begin() as conn:
            conn.exec_driver_sql("UPDATE jobs.procrastinate_jobs SET scheduled_at = NULL")
        lose(engine)
        assert jobs.rescue(engine, 30, datetime.now(UTC)) == 1
    assert status(engine, job) == "failed"
    assert len(tries(engine, job)) == 3


def test_a_worker_that_knows_itself_alive_keeps_its_jobs_after_a_machines_sleep(
    engine: Engine, declare: Any
) -> None:
    put(engine, declare(lambda job: None))
    lose(engine)
    with engine.connect() as conn:
        worker = conn.execute(text("SELECT id FROM jobs.procrastinate_workers")).scalar_one()
    assert jobs.rescue(engine, 30, NOW, [worker]) == 0
    assert jobs.rescue(engine, 30, NOW, [worker + 1]) == 1


def test_of_a_frequent_task_that_fails_only_the_last_failure_stays(
    engine: Engine, settings: Settings, declare: Any
) -> None:
    broken = [True]

    def work(job: Job) -> None:
        if broken:
            raise ValueError("no key")

    minute = declare(work, attempts=1, every="* * * * *")

    def failed() -> int:
        with engine.connect() as conn:
            count = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status = 'failed'"
            return int(conn.execute(text(count)).scalar_one())

    for _ in range(3):
        put(engine, minute)
        run_pending(engine, settings, now=NOW)
        assert failed() == 1
    broken.clear()
    put(engine, minute)
    run_pending(engine, settings, now=NOW)
    assert failed() == 0


def test_two_tasks_of_one_name_are_refused(declare: Any) -> None:
    declare(lambda job: None)

    def other(job: Job) -> None:
        return None

    with pytest.raises(ValueError, match=r"tests\.work is declared twice"):
        declare(other)
    with pytest.raises(ValueError, match="'every day' is not a cron expression"):
        declare(other, "tests.daily", every="every day")
