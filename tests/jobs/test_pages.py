"""The desk's pages of jobs: what failed and why is seen by every editor; only an admin tries again or cancels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from server.db import write
from server.jobs import GiveUp, Job, Task, enqueue, registry, run_pending, task
from tests.desk.conftest import Editor, at_desk, limber
from tests.server.conftest import Limber, start

__all__ = ["at_desk", "limber", "start"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Task:
    """A task that fails."""
    monkeypatch.setattr(registry, "_tasks", dict(registry.tasks()))

    def work(job: Job, upload: str) -> str:
        raise GiveUp(f"The file {upload} is cut off.")

    return task("tests.broken", title="Look at a broken file")(work)


def put(limber: Limber, what: Task, **args: Any) -> int:
    return write(limber.engine, lambda conn: enqueue(conn, what, **args))


def test_an_editor_sees_what_failed_and_why_but_cannot_try_again(
    limber: Limber, at_desk: Callable[..., Editor], broken: Task
) -> None:
    failed = put(limber, broken, upload="<b>one</b>")
    run_pending(limber.engine, limber.settings)
    waiting = put(limber, broken, upload="two")
    editor = at_desk("editor")
    page = editor.get("/desk/jobs")
    assert page.status == 200
    assert "The file <b>one</b> is cut off." in page.words
    assert "&lt;b&gt;one" in page.html
    assert "No worker is running" in page.words
    assert "Try again" not in page.words
    assert "waiting (1)" in page.words
    assert "Check the attached videos each day at 09:20 never" in page.words
    assert "Publish releases that are due each minute" in page.words
    one = editor.get(f"/desk/jobs/{failed}")
    assert "Somebody with the role admin can try it again." in one.words
    token = dict(page.form("/desk/sign-out"))["csrf"]
    for path in (f"/desk/jobs/{failed}/retry", f"/desk/jobs/{waiting}/cancel"):
        refused = editor.client.post(path, data={"csrf": token})
        assert refused.status_code == 403
        assert "admin" in refused.text


def test_an_admin_tries_a_failed_job_again_and_cancels_a_waiting_one(
    limber: Limber, at_desk: Callable[..., Editor], broken: Task
) -> None:
    failed = put(limber, broken, upload="one")
    run_pending(limber.engine, limber.settings)
    waiting = put(limber, broken, upload="two")
    admin = at_desk("admin")
    page = admin.send(admin.get("/desk/jobs?state=failed"), f"/desk/jobs/{failed}/retry")
    assert f"Job {failed} is tried again." in page.words
    assert page.path == "/desk/jobs"
    assert "failed (0)" in page.words
    page = admin.send(admin.get(f"/desk/jobs/{waiting}"), f"/desk/jobs/{waiting}/cancel")
    assert "is cancelled" in page.words
    ((_, ended),) = run_pending(limber.engine, limber.settings)
    assert ended.said == "The file one is cut off."
    with limber.engine.connect() as conn:
        trail = conn.execute(
            text("SELECT action, reason FROM catalog_event WHERE action LIKE 'job.%' ORDER BY id")
        )
        assert [tuple(row) for row in trail] == [
            ("job.retried", f"job {failed}"), ("job.cancelled", f"job {waiting}"),
        ]  # fmt: skip
    again = admin.client.post(f"/desk/jobs/{waiting}/cancel", data=dict(page.form("/desk/sign-out")))
    assert again.status_code == 409
    assert "is over: it is cancelled" in again.text


def test_a_job_shows_each_try_and_what_went_wrong_for_a_developer(
    limber: Limber, at_desk: Callable[..., Editor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_tasks", dict(registry.tasks()))

    def work(job: Job) -> str:
        raise ConnectionError("no route")

    job = put(limber, task("tests.flaky", title="Fetch something")(work))
    ((_, ended),) = run_pending(limber.engine, limber.settings, now=datetime.now(UTC))
    page = at_desk("physio").get(f"/desk/jobs/{job}")
    assert "Fetch something" in page.words
    assert "ConnectionError: no route" in page.words
    assert "Traceback (most recent call last)" in page.words
    assert "Not before" in page.words
    assert ended.again is not None


@pytest.mark.parametrize("path", ["/0", "/x", "/99999999999999999999", "?state=odd", "?task=odd"])
def test_what_is_not_there_is_a_plain_404(at_desk: Callable[..., Editor], path: str) -> None:
    page = at_desk("editor").get(f"/desk/jobs{path}")
    assert page.status == 404
    assert "There is no such" in page.words


def test_many_jobs_are_shown_page_by_page(
    limber: Limber, at_desk: Callable[..., Editor], broken: Task
) -> None:
    for number in range(51):
        put(limber, broken, upload=str(number))
    editor = at_desk("editor")
    assert "1–50 of 51 jobs" in editor.get("/desk/jobs?state=waiting").words
    assert "51–51 of 51 jobs" in editor.get("/desk/jobs?state=waiting&page=2").words


def test_nothing_to_do_is_said(at_desk: Callable[..., Editor]) -> None:
    assert "Nothing waits, runs or has failed." in at_desk("editor").get("/desk/jobs").words
