"""The house's own tasks: releases are published when they are due, what is old is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from server.catalog import publishing
from server.catalog.history import Actor
from server.jobs import Ended, enqueue, run_pending, tasks
from server.jobs.house import KEEP_FAILED_DAYS, prune, publish, tidy
from server.jobs.registry import Task
from sync.releases import current_release
from tests.conftest import Published
from tests.server.conftest import FAKE_RUNTIME, Limber, start

__all__ = ["start"]

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
ADA = Actor("ada", "Ada", frozenset({"editor"}))


@pytest.fixture
def limber(start: Callable[..., Limber], make_database: Callable[[str], str], published: Published) -> Limber:
    return start(make_database(published.database), published, runtime=FAKE_RUNTIME)


def run(limber: Limber, what: Task, now: datetime = NOW) -> Ended:
    with limber.engine.begin() as conn:
        enqueue(conn, what)
    return run_pending(limber.engine, limber.settings, now=now)[-1][1]


def release(engine: Engine) -> int:
    with engine.connect() as conn:
        found = current_release(conn, "catalog")
    assert found is not None
    return found.number


def test_a_scheduled_release_is_published_when_its_time_has_come_and_not_before(limber: Limber) -> None:
    with limber.engine.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE catalog_document SET data = jsonb_set(data, '{cue}', '\"Stand tall and breathe out slowly.\"')"
            " WHERE (collection, id) ="
            " (SELECT 'exercise', min(id) FROM catalog_document WHERE collection = 'exercise')"
        )
        publishing.schedule(conn, ADA, NOW + timedelta(hours=1), "A calmer cue.", NOW)
    assert run(limber, publish).said is None
    assert release(limber.engine) == 1
    ended = run(limber, publish, NOW + timedelta(hours=1))
    assert (ended.outcome, release(limber.engine)) == ("done", 2), ended.said
    assert ended.said == "release 2."
    assert run(limber, publish, NOW + timedelta(hours=2)).said is None


def test_old_jobs_are_forgotten_after_their_tasks_days_and_failed_ones_later(limber: Limber) -> None:
    run(limber, publish)
    run(limber, tidy)
    with limber.engine.begin() as conn:
        enqueue(conn, "videos.check")
        conn.exec_driver_sql(
            "UPDATE jobs.procrastinate_jobs SET status = 'failed' WHERE task_name = 'house.tidy_jobs'"
        )
    today = datetime.now(UTC)

    def left(days: int) -> list[str]:
        run(limber, tidy, today + timedelta(days=days))
        with limber.engine.connect() as conn:
            return sorted(conn.scalars(text("SELECT task_name FROM jobs.procrastinate_jobs WHERE status <> 'succeeded'"
                                            " OR task_name = 'catalog.publish_due'")))  # fmt: skip

    with limber.engine.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE jobs.procrastinate_jobs SET scheduled_at = now() + interval '1 year' WHERE status = 'todo'"
        )
    assert left(0) == ["catalog.publish_due", "house.tidy_jobs", "videos.check"]
    assert left(2) == ["house.tidy_jobs", "videos.check"]
    assert left(KEEP_FAILED_DAYS + 1) == ["videos.check"], "what waits is never forgotten"


def test_deletions_older_than_the_setting_are_forgotten_as_the_command_does(limber: Limber) -> None:
    with limber.engine.connect() as conn:
        motion = conn.execute(text("SELECT min(id) FROM catalog_document WHERE collection = 'motion'"))
        limber.edit("motion", motion.scalar_one(), None)
    today = datetime.now(UTC)
    for days, gone in ((1, 0), (400, 1)):
        said = run(limber, prune, today + timedelta(days=days)).said
        assert said == f"{gone} deletions older than 180 days forgotten."


def test_every_task_by_the_clock_names_a_time_and_never_overlaps_itself() -> None:
    periodic = [each for each in tasks().values() if each.every]
    assert {each.name for each in periodic} >= {
        "catalog.publish_due", "videos.check", "house.prune", "house.tidy_jobs", "media.abandon",
    }  # fmt: skip
    for each in periodic:
        assert each.lock == each.name
        each.bind({})
