"""Background jobs: declared with `task`, put into the queue with `enqueue`, run by `python -m server jobs`.

They live in the same PostgreSQL, so that a job and the write it follows are one transaction. See docs/jobs.md.
"""

from server.jobs.queue import NotPossible, cancel, enqueue, retry
from server.jobs.registry import GiveUp, Job, Later, Stopping, Task, find, task, tasks
from server.jobs.running import Ended, rescue, run_pending

__all__ = [
    "Ended",
    "GiveUp",
    "Job",
    "Later",
    "NotPossible",
    "Stopping",
    "Task",
    "cancel",
    "enqueue",
    "find",
    "rescue",
    "retry",
    "run_pending",
    "task",
    "tasks",
]
