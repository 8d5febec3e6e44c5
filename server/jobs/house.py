"""The house's own periodic tasks: due releases are published, old deletions and old jobs are forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import orjson
from sqlalchemy import text

from server import upkeep
from server.catalog.publishing import publish_due
from server.commands import owner_engine
from server.jobs.registry import Job, task, tasks
from server.keys import signing_key

KEEP_FAILED_DAYS: Final = 90
KEEP_UNKNOWN_DAYS: Final = 30

_TIDY = text("""
WITH old AS (
    SELECT job.id FROM jobs.procrastinate_jobs job JOIN jobs.procrastinate_events event ON event.job_id = job.id
     WHERE job.status NOT IN ('todo', 'doing')
     GROUP BY job.id
    HAVING max(event.at) < :now - make_interval(days => CASE job.status WHEN 'failed' THEN :failed
        ELSE coalesce(CAST(CAST(:keep AS jsonb) ->> job.task_name AS int), :unknown) END)
)
DELETE FROM jobs.procrastinate_jobs WHERE id IN (SELECT id FROM old)
""")
_WORKERS = text("DELETE FROM jobs.procrastinate_workers WHERE last_heartbeat < :before")


@task(
    "catalog.publish_due", title="Publish releases that are due", every="* * * * *", attempts=1, priority=10,
    keep_days=1,
)  # fmt: skip
def publish(job: Job) -> str | None:
    """Each minute: what editors scheduled for now or earlier. One that cannot be published says so on its page."""
    with job.engine.begin() as conn:
        done = publish_due(conn, job.store, signing_key(job.settings), job.now)
    told = [
        f"release {each.release}" if each.state == "published" else f"{each.state}: {each.problem}"
        for each in done
    ]
    return f"{'; '.join(told)}." if told else None


@task("house.prune", title="Forget old deletions", every="40 3 * * *")
def prune(job: Job) -> str:
    """What `python -m server prune` does, once a day. As the tables' owner: it reaches every account's stream."""
    with owner_engine(job.settings) as engine:
        forgotten = upkeep.prune(engine, job.settings.tombstone_days, job.now)
    return f"{forgotten} deletions older than {job.settings.tombstone_days} days forgotten."


@task("house.tidy_jobs", title="Forget old jobs", every="50 3 * * *")
def tidy(job: Job) -> str:
    """Successful and cancelled jobs after their task's `keep_days`, failed ones after `KEEP_FAILED_DAYS`."""
    keep = orjson.dumps({each.name: each.keep_days for each in tasks().values()}).decode()
    words = {"now": job.now, "keep": keep, "failed": KEEP_FAILED_DAYS, "unknown": KEEP_UNKNOWN_DAYS}
    with job.engine.begin() as conn:
        gone = conn.execute(_TIDY, words).rowcount
        conn.execute(_WORKERS, {"before": job.now - timedelta(days=1)})
    return f"{gone} old jobs forgotten."
