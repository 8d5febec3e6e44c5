"""Which tasks there are. A module declares one with `@task(…)` above a plain function; see docs/jobs.md."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from importlib import import_module
from typing import Any, Final

import croniter  # type: ignore[import-untyped]
from sqlalchemy import Engine

from server.settings import Settings
from sync.objects import ObjectStore, open_store

MODULES: Final = ("server.jobs.house", "server.media.jobs", "server.videos.checks")
"""Every module that declares tasks; the worker and the desk know no others."""

FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=1)


class GiveUp(Exception):
    """What a task raises when trying again would not help. The message is shown to editors."""


class Later(Exception):
    """What a task raises when it cannot be done before `at`. Does not count as a failed try."""

    def __init__(self, at: datetime, why: str) -> None:
        super().__init__(why)
        self.at = at


class Stopping(BaseException):
    """Raised by `Job.check` when the job was cancelled or the worker stops. Not to be caught."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Job:
    """What a task is given: where to work, what time it is, and which try this is (1 = the first).

    `engine` is the server's role, under row-level security, with ordinary transactions: `with job.engine.begin()`.
    """

    engine: Engine
    settings: Settings
    now: datetime
    id: int = 0
    attempt: int = 1
    stop_asked: Callable[[], bool] = field(default=_never, repr=False)

    @cached_property
    def store(self) -> ObjectStore:
        """The object storage that the settings name. Raises StoreInvalid."""
        return open_store(self.settings.objects)

    def check(self) -> None:
        """Call between the steps of long work: ends the task when it was cancelled or the worker stops."""
        if self.stop_asked():
            raise Stopping


@dataclass(frozen=True)
class Task:
    """A declared task. `attempts`: tries before it counts as failed; `every`: cron in UTC; `lock`: one at a time."""

    name: str
    title: str
    run: Callable[..., str | None]
    attempts: int = 5
    every: str | None = None
    heavy: bool = False
    lock: str | None = None
    priority: int = 0
    keep_days: int = 30

    @property
    def next_run_is_next_try(self) -> bool:
        """Whether a failed run is not repeated but followed by the next, which takes its place in the list."""
        return self.every is not None and self.attempts == 1

    def bind(self, args: Mapping[str, Any]) -> None:
        """Raises TypeError, naming the argument, unless the task can be called with `args`."""
        try:
            inspect.signature(self.run).bind(None, **args)
        except TypeError as error:
            raise TypeError(f"task {self.name}: {error}") from None

    def wait(self, failures: int) -> timedelta | None:
        """How long to wait after this many failed tries; None: it has failed."""
        if failures >= self.attempts:
            return None
        return min(FIRST_WAIT * int(4 ** min(failures - 1, 10)), LONGEST_WAIT)


_tasks: dict[str, Task] = {}


def task(
    name: str,
    *,
    title: str,
    attempts: int = 5,
    every: str | None = None,
    heavy: bool = False,
    lock: str | None = None,
    priority: int = 0,
    keep_days: int = 30,
) -> Callable[[Callable[..., str | None]], Task]:
    """Declares `run(job: Job, **arguments)` as a task: `name` as "media.inspect", `title` for the desk.

    What it returns is shown in the desk, one sentence or None. It may run twice (a worker may die at its last line):
    write so that a second run does no harm. `attempts=1` never tries again by itself. A periodic task (`every`)
    takes no arguments, never overlaps itself and only one run of it waits. `heavy`: minutes of work; one such job runs
    at a time, beside the quick ones, which never wait for it. `lock`: jobs of this lock run one by one in their order,
    so one that waits for its next try holds up those behind it. `keep_days`: how long a successful run is shown.
    """
    if every is not None and not croniter.croniter.is_valid(every):
        raise ValueError(f"task {name}: {every!r} is not a cron expression")

    def declare(run: Callable[..., str | None]) -> Task:
        alone = lock or (name if every else None)
        made = Task(name, title, run, attempts, every, heavy, alone, priority, keep_days)
        held = _tasks.setdefault(name, made)
        if (held.run.__module__, held.run.__qualname__) != (run.__module__, run.__qualname__):
            raise ValueError(f"task {name} is declared twice: {held.run.__module__} and {run.__module__}")
        _tasks[name] = made
        return made

    return declare


def tasks() -> Mapping[str, Task]:
    """Every task by its name."""
    for module in MODULES:
        import_module(module)
    return _tasks


def find(name: str) -> Task | None:
    """The task of this name; None when no module declares it any more."""
    return _tasks.get(name) or tasks().get(name)
