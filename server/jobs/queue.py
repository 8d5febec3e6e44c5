"""What is put into the queue and taken out of it, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from server.jobs.registry import Task, find

QUICK, HEAVY = "quick", "heavy"

# procrastinate's own function. The lock makes the answer to "is one waiting?" hold until the commit.
_ENQUEUE = text("""
SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[
    ROW(:queue, :task, :priority, :lock, NULL, CAST(:args AS jsonb), CAST(:at AS timestamptz))
]::jobs.procrastinate_job_to_defer_v1[])
""")
_ALONE = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('job:' || CAST(:task AS text) || CAST(:args AS text), 0))"
)
_RETRY = text("SELECT jobs.procrastinate_retry_job_v2(:job, CAST(:at AS timestamptz), NULL, NULL, NULL)")
_WAITING = text("""
SELECT id FROM jobs.procrastinate_jobs
 WHERE status = 'todo' AND task_name = :task AND args = CAST(:args AS jsonb) ORDER BY id LIMIT 1
""")


class NotPossible(ValueError):
    """The job is not in a state in which this can be done; the message says so to a person."""


def enqueue(
    conn: Connection,
    task: Task | str,
    *,
    at: datetime | None = None,
    lock: str | None = None,
    once: bool = False,
    **args: Any,
) -> int:
    """Put a job into the queue; returns its number. It exists if and only if the caller's transaction commits.

    `args` are the task's own arguments, anything that JSON holds. `at`: not before. `lock`: of jobs with the same
    lock one runs at a time, in their order (default: the task's). `once`: when the same job is waiting already, that
    one's number is returned and none is added. Raises LookupError for an unknown task, TypeError for wrong arguments.
    """
    known = find(task) if isinstance(task, str) else task
    if known is None:
        raise LookupError(f"no module declares a task {task!r}; see server.jobs.registry.MODULES")
    known.bind(args)
    if at is not None and at.tzinfo is None:
        raise ValueError("at: needs a time zone")
    words = {"task": known.name, "args": orjson.dumps(args, option=orjson.OPT_SORT_KEYS).decode()}
    if once:
        conn.execute(_ALONE, words)
        waiting: int | None = conn.execute(_WAITING, words).scalar()
        if waiting is not None:
            return waiting
    more = {
        "queue": HEAVY if known.heavy else QUICK,
        "priority": known.priority,
        "lock": lock or known.lock,
        "at": at,
    }
    made: list[int] = conn.execute(_ENQUEUE, {**words, **more}).scalar_one()
    return made[0]


def retry(conn: Connection, job: int) -> None:
    """Try a failed job again now. Raises LookupError, or NotPossible when it did not fail or a twin waits already."""
    status = _status(conn, job)
    if status != "failed":
        raise NotPossible(f"Job {job} did not fail: it is {status}.")
    try:
        with conn.begin_nested():
            conn.execute(_RETRY, {"job": job, "at": None})
    except IntegrityError:
        raise NotPossible(f"The next run of job {job} is waiting already.") from None


def cancel(conn: Connection, job: int) -> bool:
    """Take a waiting job out of the queue (True), or ask a running one to stop at its next step (False).

    Raises LookupError, or NotPossible when it is over.
    """
    status = _status(conn, job)
    if status not in ("todo", "doing"):
        raise NotPossible(f"Job {job} is over: it is {status}.")
    conn.execute(text("SELECT jobs.procrastinate_cancel_job_v1(:job, true, false)"), {"job": job})
    return status == "todo"


def _status(conn: Connection, job: int) -> str:
    found: str | None = conn.execute(
        text("SELECT status::text FROM jobs.procrastinate_jobs WHERE id = :job FOR UPDATE"), {"job": job}
    ).scalar()
    if found is None:
        raise LookupError(f"There is no job {job}.")
    return found
