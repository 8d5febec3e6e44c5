"""`python -m server jobs`: the process that runs background jobs until it is told to stop.

procrastinate fetches, schedules and keeps the heartbeat; what a try does and remembers is `server.jobs.running`. It
outlives a restart of PostgreSQL. docs/jobs.md says what an operator sees of it.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import orjson
import procrastinate
from procrastinate import exceptions, jobs, retry
from procrastinate.worker import Worker
from sqlalchemy import Engine, create_engine, make_url

from server import telemetry
from server.db import CONNECT_TIMEOUT_S, OPTIONS
from server.jobs.commands import HEARTBEAT_S, STALLED_AFTER
from server.jobs.queue import HEAVY, QUICK
from server.jobs.registry import Job, Task, tasks
from server.jobs.running import Ended, attempt, rescue
from server.settings import Settings
from server.telemetry import log

AT_ONCE: Final = {QUICK: 2, HEAVY: 1}
STOP_S: Final = 10.0
"""How long a stopping worker waits for running jobs before it asks them to stop."""
CATCH_UP_S: Final = 86_400.0
"""A periodic task that was due while no worker ran is done at the start, unless that is longer ago than this."""
SLOWEST_RETRY_S: Final = 30.0


class _NotDone(Exception):
    """Carries how a try ended through procrastinate to `_Retries`."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.said)
        self.ended = ended


class _Retries(retry.BaseRetryStrategy):
    def get_retry_decision(
        self, *, exception: BaseException, job: jobs.Job
    ) -> procrastinate.RetryDecision | None:
        now = datetime.now(UTC)
        if isinstance(exception, _NotDone):
            again = exception.ended.again
            return None if again is None else procrastinate.RetryDecision(retry_at=again)
        if isinstance(exception, exceptions.JobAborted):  # only asked when the worker stops
            return procrastinate.RetryDecision(retry_at=now)
        # The database went away around the try: whether the task ran to its end is not known.
        return (
            procrastinate.RetryDecision(retry_at=now + timedelta(seconds=10)) if job.attempts < 20 else None
        )


def make_app(settings: Settings, engine: Engine) -> procrastinate.App:
    """procrastinate's side of every declared task. Opens no connection."""
    url = make_url(settings.require_database_url()).set(drivername="postgresql")
    connector = procrastinate.PsycopgConnector(
        conninfo=url.render_as_string(hide_password=False),
        kwargs={
            "options": f"{OPTIONS} -c search_path=jobs",
            "application_name": "limber jobs",
            "connect_timeout": CONNECT_TIMEOUT_S,
        },
        min_size=1,
        max_size=4,
        timeout=CONNECT_TIMEOUT_S * 2,
    )
    app = procrastinate.App(connector=connector, periodic_defaults={"max_delay": CATCH_UP_S})
    for task in tasks().values():
        _declare(app, task, settings, engine)
    return app


def _declare(app: procrastinate.App, task: Task, settings: Settings, engine: Engine) -> None:
    def run(context: procrastinate.JobContext, /, **args: Any) -> None:
        args.pop("timestamp", None)  # procrastinate's, of a periodic task
        job = Job(engine, settings, datetime.now(UTC), context.job.id or 0, stop_asked=context.should_abort)
        ended = attempt(job, task.name, args)
        if ended.outcome == "stopped":
            raise exceptions.JobAborted
        if ended.outcome != "done":
            raise _NotDone(ended)

    queue = HEAVY if task.heavy else QUICK
    # Of what is due every few minutes one waiting run is enough. Not where a failed try waits to be repeated:
    # going back into the queue beside its own next run, it would break this lock.
    alone = task.name if task.next_run_is_next_try else None
    declared = app.task(
        name=task.name,
        queue=queue,
        lock=task.lock,
        queueing_lock=alone,
        priority=task.priority,
        pass_context=True,
        retry=_Retries(),
    )(run)
    if task.every:
        app.periodic(cron=task.every)(cast(Any, declared))


def job_engine(settings: Settings) -> Engine:
    """The engine that tasks are given: the server's role, transactions as usual, connections looked at before use."""
    return create_engine(
        settings.require_database_url(),
        pool_size=sum(AT_ONCE.values()) + 1,
        max_overflow=2,
        pool_pre_ping=True,
        json_deserializer=orjson.loads,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "limber jobs",
            "options": OPTIONS,
        },
    )


async def serve(settings: Settings, heartbeat: float = HEARTBEAT_S) -> None:
    """Work until SIGTERM or SIGINT; the database may come and go meanwhile."""
    stopping, loop, wait = asyncio.Event(), asyncio.get_running_loop(), 1.0
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopping.set)
    engine = job_engine(settings)
    try:
        while not stopping.is_set():
            began = loop.time()
            try:
                await _work(make_app(settings, engine), engine, heartbeat, stopping)
            except (exceptions.ConnectorException, OSError) as error:
                log.warning("jobs: the database does not answer", problem=str(error).strip())
            if stopping.is_set():
                break
            wait = 1.0 if loop.time() - began > 60 else min(wait * 2, SLOWEST_RETRY_S)
            log.warning("jobs: the worker begins anew", seconds=wait)
            await _unless(stopping, wait)
    finally:
        engine.dispose()
    log.info("jobs: stopped")


async def _work(app: procrastinate.App, engine: Engine, heartbeat: float, stopping: asyncio.Event) -> None:
    """Both queues' workers, until one of them ends or `stopping` is set; then all end, their jobs first."""
    async with app.open_async():
        stalled = heartbeat * STALLED_AFTER
        workers = [
            Worker(
                app,
                name=queue,
                queues=[queue],
                concurrency=most,
                install_signal_handlers=False,
                shutdown_graceful_timeout=STOP_S,
                update_heartbeat_interval=heartbeat,
                stalled_worker_timeout=stalled,
            )
            for queue, most in AT_ONCE.items()
        ]
        running = [asyncio.create_task(cast(Any, each).run()) for each in workers]
        running.append(asyncio.create_task(_rescue(engine, workers, heartbeat)))
        asked = asyncio.create_task(stopping.wait())
        log.info("jobs: ready", tasks=len(tasks()))
        await asyncio.wait([*running, asked], return_when=asyncio.FIRST_COMPLETED)
        for each in (*running, asked):
            each.cancel()  # to procrastinate that is the request to finish what it began
        for problem in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(problem, Exception):
                log.warning("jobs: a worker ended", problem=str(problem).strip())


async def _rescue(engine: Engine, ours: Sequence[Worker], heartbeat: float) -> None:
    while True:
        living = [each.worker_id for each in ours if each.worker_id is not None]
        try:
            await asyncio.to_thread(rescue, engine, heartbeat * STALLED_AFTER, datetime.now(UTC), living)
        except Exception as error:  # the next round looks again
            log.warning("jobs: could not look for lost jobs", problem=str(error).strip())
        await asyncio.sleep(heartbeat)


async def _unless(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return


def run(settings: Settings, heartbeat: float = HEARTBEAT_S) -> None:
    """The whole process: logs, then `serve`."""
    telemetry.configure(settings.log_level)
    # How a job ended is logged by `attempt`, once.
    logging.getLogger("procrastinate.worker").addFilter(_not_an_outcome)
    asyncio.run(serve(settings, heartbeat))


def _not_an_outcome(record: logging.LogRecord) -> bool:
    return getattr(record, "action", "") not in ("job_error", "job_error_retry", "job_aborted")
