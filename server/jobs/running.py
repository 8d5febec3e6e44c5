"""One try of one job, from its call to what is remembered of it; and the jobs of workers that died."""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from server.jobs.registry import GiveUp, Job, Later, Stopping, Task, find
from server.settings import Settings
from server.telemetry import log

LONGEST_SAID: Final = 500
LONGEST_DETAIL: Final = 20_000
LOST: Final = "The worker ended in the middle of it."

_REMEMBER = text("""
INSERT INTO jobs.attempt (job, began_at, ended_at, outcome, said, detail)
VALUES (:job, :began, :ended, :outcome, :said, :detail)
""")
_SUPERSEDED = text("""
DELETE FROM jobs.procrastinate_jobs WHERE task_name = :task AND status = 'failed' AND id < :job
""")
_FAILURES = text("SELECT count(*) FROM jobs.attempt WHERE job = :job AND outcome IN ('failed', 'lost')")
# As procrastinate_fetch_job_v2 chooses, but by the caller's clock, which may be any.
_FETCH = text("""
UPDATE jobs.procrastinate_jobs SET status = 'doing' WHERE id = (
    SELECT id FROM jobs.procrastinate_jobs job
     WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= :until)
       AND NOT EXISTS (
           SELECT 1 FROM jobs.procrastinate_jobs other
            WHERE other.lock = job.lock AND (other.status = 'doing'
                  OR other.status = 'todo' AND (-other.priority, other.id) < (-job.priority, job.id)))
     ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, task_name, args
""")
_FINISH = text(
    "SELECT jobs.procrastinate_finish_job_v1(:job, CAST(:status AS jobs.procrastinate_job_status), false)"
)
_RETRY = text("SELECT jobs.procrastinate_retry_job_v2(:job, :at, NULL, NULL, NULL)")
_STALLED = text("""
SELECT job.id, job.task_name, job.abort_requested,
       (SELECT max(at) FROM jobs.procrastinate_events e WHERE e.job_id = job.id AND e.type = 'started') AS began
  FROM jobs.procrastinate_jobs job LEFT JOIN jobs.procrastinate_workers worker ON worker.id = job.worker_id
 WHERE job.status = 'doing'
   AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => :seconds))
   AND coalesce(worker.id <> ALL(CAST(:living AS bigint[])), true)
   FOR UPDATE OF job SKIP LOCKED
""")
STATUS: Final = {"done": "succeeded", "failed": "failed", "stopped": "aborted"}


@dataclass(frozen=True)
class Ended:
    """How a try ended: done, failed, later or stopped; `again` when it is to be tried again, and from when on."""

    outcome: str
    said: str | None = None
    again: datetime | None = None
    detail: str | None = None


def attempt(job: Job, name: str, args: Mapping[str, Any]) -> Ended:
    """Run the task once and remember how it went. Raises only what the database raises."""
    task, began, clock = find(name), datetime.now(UTC), time.monotonic()
    with job.engine.begin() as conn:
        failures = conn.execute(_FAILURES, {"job": job.id}).scalar_one()
    job = replace(job, attempt=failures + 1)
    ended = Ended("failed", f"No module declares the task {name} any more.")
    if task is not None:
        ended = _run(job, task, args)
    with job.engine.begin() as conn:
        words = {"job": job.id, "began": began, "ended": datetime.now(UTC)}
        told = {"outcome": ended.outcome, "said": ended.said, "detail": ended.detail}
        conn.execute(_REMEMBER, {**words, **told})
        if task is not None and task.next_run_is_next_try:
            conn.execute(_SUPERSEDED, {"task": name, "job": job.id})
    more = {} if ended.again is None else {"again": ended.again.isoformat()}
    (log.info if ended.outcome != "failed" else log.warning)(
        "job", task=name, job=job.id, attempt=job.attempt, outcome=ended.outcome, said=ended.said,
        seconds=round(time.monotonic() - clock, 3), **more,
    )  # fmt: skip
    return ended


def _run(job: Job, task: Task, args: Mapping[str, Any]) -> Ended:
    try:
        task.bind(args)
        said = task.run(job, **args)
        return Ended("done", None if said is None else _short(said))
    except Stopping:
        return Ended("stopped", "It was asked to stop.")
    except Later as error:
        return Ended("later", _short(str(error)), max(error.at, job.now))
    except GiveUp as error:
        return Ended("failed", _short(str(error)))
    except Exception as error:  # whatever it is, it is this job's failure and not the worker's
        wait = task.wait(job.attempt)
        again = None if wait is None else job.now + wait
        return Ended(
            "failed", _short(_named(error)), again, _storable(traceback.format_exc())[-LONGEST_DETAIL:]
        )


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _storable(said: str) -> str:
    """Without what PostgreSQL cannot hold: NUL and lone surrogates."""
    return said.replace("\x00", "").encode(errors="replace").decode()


def _short(said: str) -> str:
    line = " ".join(_storable(said).split())
    return line if len(line) <= LONGEST_SAID else line[: LONGEST_SAID - 1] + "…"


def run_pending(
    engine: Engine, settings: Settings, *, now: datetime | None = None, most: int = 100
) -> list[tuple[str, Ended]]:
    """Run what waits, in this thread, as if it were `now`; returns (task, how it ended) in order.

    Jobs that these jobs add are run as well; at most `most`. For tests and tools: the worker is `server.jobs.worker`.
    """
    moment, ran = now or datetime.now(UTC), list[tuple[str, Ended]]()
    while len(ran) < most:
        with engine.begin() as conn:
            found = conn.execute(_FETCH, {"until": moment}).one_or_none()
        if found is None:
            break
        ended = attempt(Job(engine, settings, moment, found.id), found.task_name, found.args)
        with engine.begin() as conn:
            _settle(conn, found.id, ended.outcome, ended.again)
        ran.append((found.task_name, ended))
    return ran


def _settle(conn: Connection, job: int, outcome: str, again: datetime | None) -> None:
    if again is not None:
        conn.execute(_RETRY, {"job": job, "at": again})
    else:
        conn.execute(_FINISH, {"job": job, "status": STATUS[outcome]})


def rescue(engine: Engine, seconds: float, now: datetime, living: Collection[int] = ()) -> int:
    """Put the jobs of workers that have not been heard of for `seconds` back into the queue; returns how many.

    `living` are workers known to live whatever their heartbeat says, as after a machine's sleep.
    A job that ended its worker each time fails when its tries are used up, and so does one that was to be stopped.
    """
    with engine.begin() as conn:
        stalled = conn.execute(_STALLED, {"seconds": seconds, "living": list(living)}).all()
        for each in stalled:
            words = {
                "job": each.id,
                "began": each.began or now,
                "ended": now,
                "outcome": "lost",
                "said": LOST,
            }
            conn.execute(_REMEMBER, {**words, "detail": None})
            failures = conn.execute(_FAILURES, {"job": each.id}).scalar_one()
            task = find(each.task_name)
            wait = None if task is None or each.abort_requested else task.wait(failures)
            # The tries are what protects from a job that kills its worker; those before it were innocent.
            again = None if wait is None else now + (timedelta(0) if failures == 1 else wait)
            _settle(conn, each.id, "failed", again)
            log.warning(
                "job rescued", task=each.task_name, job=each.id, lost=failures, again=again is not None
            )
    return len(stalled)
