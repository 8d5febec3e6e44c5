"""Work in several processes, results in order: the same output for any number of jobs, in bounded memory."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from model_export.cli import CommandError

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Chunks under way or waiting for each process: enough to keep it busy, few enough to hold."""


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    jobs: int,
    begin: Callable[..., None],
    arguments: tuple[Any, ...] = (),
) -> Iterator[Result]:
    """`work` of each item, in the order of the items; `begin(*arguments)` once in each process.

    One job runs here. More are spawned, not forked: onnxruntime and Arrow have threads of their own. An exception in a
    process is raised here, and what was not started then never is. Raises CommandError when a process is killed.
    """
    if jobs == 1:
        begin(*arguments)
        yield from map(work, items)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=begin, initargs=arguments)
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= jobs * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise CommandError(
            "a process was ended from outside, perhaps for want of memory: use fewer --jobs"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
