"""What the desk shows of the jobs: how many of each kind, a list, one job with its tries, and who is at work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from server.jobs.commands import HEARTBEAT_S, STALLED_AFTER
from server.jobs.registry import find

STATES: Final = {
    "waiting": ("todo",),
    "running": ("doing",),
    "failed": ("failed",),
    "done": ("succeeded",),
    "cancelled": ("cancelled", "aborted"),
}
"""States as people see them, and procrastinate's names for each."""
_NAMES: Final = {status: state for state, several in STATES.items() for status in several}

_COLUMNS = """
SELECT job.id, job.task_name AS task, job.args, job.status::text AS status, job.scheduled_at, job.attempts,
       job.abort_requested, added.at AS added_at, begun.at AS begun_at, last.ended_at, last.outcome, last.said
  FROM jobs.procrastinate_jobs job
  LEFT JOIN LATERAL (SELECT at FROM jobs.procrastinate_events e WHERE e.job_id = job.id AND e.type = 'deferred'
                      ORDER BY id LIMIT 1) added ON true
  LEFT JOIN LATERAL (SELECT at FROM jobs.procrastinate_events e WHERE e.job_id = job.id AND e.type = 'started'
                      ORDER BY id DESC LIMIT 1) begun ON true
  LEFT JOIN LATERAL (SELECT ended_at, outcome, said FROM jobs.attempt a WHERE a.job = job.id
                      ORDER BY id DESC LIMIT 1) last ON true
"""
_LIST = text(f"""{_COLUMNS}
 WHERE job.status = ANY(CAST(:statuses AS jobs.procrastinate_job_status[]))
   AND (CAST(:task AS text) IS NULL OR job.task_name = :task)
 ORDER BY job.id DESC LIMIT :limit OFFSET :offset
""")
_ONE = text(f"{_COLUMNS} WHERE job.id = :job")
_TRIES = text(
    "SELECT began_at, ended_at, outcome, said, detail FROM jobs.attempt WHERE job = :job ORDER BY id DESC"
)
_COUNTS = text("""
SELECT status::text AS status, count(*) AS number FROM jobs.procrastinate_jobs
 WHERE CAST(:task AS text) IS NULL OR task_name = :task GROUP BY status
""")
_WORKERS = text("""
SELECT count(*) FILTER (WHERE last_heartbeat > now() - make_interval(secs => :seconds)), max(last_heartbeat)
  FROM jobs.procrastinate_workers
""")
_PERIODIC = text("""
SELECT DISTINCT ON (job.task_name) job.task_name AS task, last.ended_at, last.outcome, last.said
  FROM jobs.procrastinate_jobs job
  JOIN LATERAL (SELECT ended_at, outcome, said FROM jobs.attempt a WHERE a.job = job.id
                 ORDER BY id DESC LIMIT 1) last ON true
 WHERE job.task_name = ANY(:tasks)
 ORDER BY job.task_name, job.id DESC
""")


@dataclass(frozen=True)
class Entry:
    """A job as the desk shows it. `state` is one of `STATES`; `said` is what its last try said."""

    id: int
    task: str
    title: str
    args: dict[str, Any]
    state: str
    stopping: bool
    tries: int
    added_at: datetime | None
    begun_at: datetime | None
    next_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    said: str | None


def _entry(row: Any) -> Entry:
    task = find(row.task)
    return Entry(
        id=row.id, task=row.task, title=task.title if task else row.task, args=row.args, state=_NAMES[row.status],
        stopping=row.abort_requested, tries=row.attempts, added_at=row.added_at, begun_at=row.begun_at,
        next_at=row.scheduled_at if row.status == "todo" else None, ended_at=row.ended_at, outcome=row.outcome,
        said=row.said,
    )  # fmt: skip


def counts(conn: Connection, task: str | None = None) -> dict[str, int]:
    """How many jobs are in each of `STATES`."""
    found = dict.fromkeys(STATES, 0)
    for row in conn.execute(_COUNTS, {"task": task}):
        found[_NAMES[row.status]] += row.number
    return found


def listed(
    conn: Connection, states: list[str], task: str | None = None, limit: int = 50, offset: int = 0
) -> list[Entry]:
    """Jobs in any of these states, the newest first."""
    statuses = [status for state in states for status in STATES[state]]
    words = {"statuses": statuses, "task": task, "limit": limit, "offset": offset}
    return [_entry(row) for row in conn.execute(_LIST, words)]


def one(conn: Connection, job: int) -> tuple[Entry, list[Any]] | None:
    """A job, and its tries with the last one first (began_at, ended_at, outcome, said, detail)."""
    row = conn.execute(_ONE, {"job": job}).one_or_none()
    return None if row is None else (_entry(row), list(conn.execute(_TRIES, {"job": job})))


def workers(conn: Connection) -> tuple[int, datetime | None]:
    """How many queues have a living worker, and when one was last heard of."""
    row = conn.execute(_WORKERS, {"seconds": HEARTBEAT_S * STALLED_AFTER}).one()
    return row[0], row[1]


def last_runs(conn: Connection, tasks: list[str]) -> dict[str, Any]:
    """Of each task the newest job that ended a try: ended_at, outcome, said."""
    return {row.task: row for row in conn.execute(_PERIODIC, {"tasks": tasks})}
