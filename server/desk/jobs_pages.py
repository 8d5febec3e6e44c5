"""`/desk/jobs`: what waits, what runs, what failed and why; try again, cancel."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response
from sqlalchemy import Connection

from server.accounts.page import now
from server.catalog.history import record
from server.db import read, write
from server.desk.page import asked, back_to, blp, field, pages, render, to
from server.desk.session import actor, desk_page
from server.jobs import NotPossible, cancel, listing, retry, tasks
from server.problems import Fault
from server.state import state

SHOWN = ("waiting", "running", "failed")


@blp.get("/jobs")
@desk_page(blp, "catalog.edit")
def jobs() -> Response:
    """The list: by default what waits, runs or failed."""
    known = tasks()
    chosen, task = asked("state"), asked("task")
    if chosen not in ("", *listing.STATES) or task not in ("", *known):
        raise Fault(404, "There is no such list of jobs.")
    states = [chosen] if chosen else list(SHOWN)
    with state().engine.connect() as conn:
        counts = listing.counts(conn, task or None)
        at = pages(sum(counts[each] for each in states))
        rows = listing.listed(conn, states, task or None, at["size"], at["offset"])
        alive, heard = listing.workers(conn)
        periodic = [each for each in known.values() if each.every]
        runs = listing.last_runs(conn, [each.name for each in periodic])
    return render(
        "jobs.html", rows=rows, at=at, counts=counts, chosen=chosen, task=task, alive=alive, heard=heard,
        tasks=sorted(known.values(), key=lambda each: each.title),
        periodic=sorted(periodic, key=lambda each: each.title), runs=runs, when=when,
    )  # fmt: skip


@blp.get("/jobs/<job>")
@desk_page(blp, "catalog.edit")
def job(job: str) -> Response:
    """One job with everything its tries said."""
    number = _number(job)
    found = read(state().engine, lambda conn: listing.one(conn, number))
    if found is None:
        raise Fault(404, "There is no such job. Old ones are forgotten after a while.")
    entry, tries = found
    return render("jobs_one.html", job=entry, tries=tries)


@blp.post("/jobs/<job>/retry")
@desk_page(blp, "jobs.retry")
def retry_job(job: str) -> Response:
    """Try a failed job again now."""
    number = _number(job)
    return _do(number, "job.retried", retry, f"Job {number} is tried again.")


@blp.post("/jobs/<job>/cancel")
@desk_page(blp, "jobs.retry")
def cancel_job(job: str) -> Response:
    """Take a job out of the queue, or have a running one stop."""
    number = _number(job)
    return _do(
        number, "job.cancelled", cancel, f"Job {number} is cancelled. A running one stops at its next step."
    )


def _do(number: int, action: str, what: Callable[[Connection, int], Any], notice: str) -> Response:
    who = actor()

    def work(conn: Connection) -> None:
        what(conn, number)
        record(conn, who, action, now(), reason=f"job {number}")

    try:
        write(state().engine, work)
    except LookupError:
        raise Fault(404, "There is no such job. Old ones are forgotten after a while.") from None
    except NotPossible as error:
        raise Fault(409, str(error)) from None
    return to(back_to(field("back", 300), f"/desk/jobs/{number}"), notice=notice)


def when(cron: str) -> str:
    """A cron expression in words, where it is one of the simple ones."""
    if cron == "* * * * *":
        return "each minute"
    daily = re.fullmatch(r"(\d{1,2}) (\d{1,2}) \* \* \*", cron)
    return f"each day at {int(daily[2]):02}:{int(daily[1]):02}" if daily else cron


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Fault(404, "There is no such job.")
    return int(text)


def overview(conn: Connection, _: datetime) -> list[tuple[str, str, str]]:
    """What waits for somebody: failed jobs, and a worker that is missing."""
    failed = listing.counts(conn)["failed"]
    waits = []
    if failed:
        waits.append((str(failed), "failed job" if failed == 1 else "failed jobs", "/desk/jobs?state=failed"))
    if not listing.workers(conn)[0]:
        waits.append(("No", "worker is running: nothing happens in the background", "/desk/jobs"))
    return waits
