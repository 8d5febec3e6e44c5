"""Asking YouTube: about one video while an editor waits, and about all that are attached once a day."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine

from server.db import read, write
from server.jobs import GiveUp, Job, Later, task
from server.settings import Settings
from server.videos import store
from server.videos.client import BATCH, KeyRefused, QuotaUsedUp, Unavailable, Video, YouTube

NO_KEY: Final = "LIMBER_YOUTUBE_KEY is not set"


class NoKey(LookupError):
    """There is no key to ask with; the message names the setting."""

    def __init__(self) -> None:
        super().__init__(NO_KEY)


def client(
    engine: Engine, settings: Settings, now: datetime, sleep: Callable[[float], None] = time.sleep
) -> YouTube:
    """A client that counts its quota. Raises NoKey."""
    if settings.youtube_key is None:
        raise NoKey
    spend = store.spender(engine, settings.youtube_quota, now)
    return YouTube(settings.youtube_key, settings.youtube_url, spend, sleep)


def look_up(engine: Engine, settings: Settings, video: str, now: datetime) -> Video:
    """What YouTube says of a video now, kept. Raises NoKey, and YouTubeError with a sentence for the editor."""
    youtube = client(engine, settings, now, sleep=_soon)
    try:
        (found,) = youtube.videos([video]).videos or ()
    except store.QuotaSpent:
        raise
    except QuotaUsedUp as error:
        said = str(error)
        raise store.QuotaSpent(write(engine, lambda conn: store.stop_for_today(conn, said, now))) from None

    def keep(conn: Connection) -> None:
        store.save(conn, [found], now)
        store.doubt(conn, video)

    write(engine, keep)
    return found


def _soon(seconds: float) -> None:
    # Somebody waits for the page.
    time.sleep(min(seconds, 0.5))


@task("videos.check", title="Check the attached videos", every="20 9 * * *", keep_days=90)
def check(job: Job) -> str:
    """Once a day, after the quota's day has begun: what became of every attached video."""
    uses = read(job.engine, store.attached)
    if job.settings.youtube_key is None:
        return f"Nothing was checked: {NO_KEY}. Videos: {len(uses)}."
    ids, changed, asked = sorted(uses), 0, 0
    youtube = client(job.engine, job.settings, job.now)
    for start in range(0, len(ids), BATCH):
        job.check()
        batch = ids[start : start + BATCH]
        changed += _check(job, youtube, batch)
        asked += 1
    with job.engine.begin() as conn:
        store.forget(conn, ids, job.now)
        waiting = len(store.notices(conn, uses))
    return f"Videos: {len(ids)}. Requests: {asked}. Changed: {changed}. Waiting for an editor: {waiting}."


def _check(job: Job, youtube: YouTube, ids: list[str]) -> int:
    """Ask about one batch; returns how many videos are in another state than before."""
    with job.engine.begin() as conn:
        known = store.known(conn, ids)
        # An ETag only helps where the answer it belongs to is still here.
        etag = store.etag_of(conn, ids) if all(i in known and known[i].checked_at for i in ids) else None
    try:
        answer = youtube.videos(ids, etag)
    except store.QuotaSpent as error:
        raise Later(error.until, str(error)) from None
    except QuotaUsedUp as error:
        with job.engine.begin() as conn:
            until = store.stop_for_today(conn, str(error), job.now)
        raise Later(until, f"{error} There is more at {until.astimezone(UTC):%H:%M} UTC.") from None
    except KeyRefused as error:
        raise GiveUp(f"{error} See LIMBER_YOUTUBE_KEY.") from None
    with job.engine.begin() as conn:
        if answer.videos is None:
            store.unchanged(conn, ids, job.now)
            return 0
        store.answered(conn, ids, answer.etag, job.now)
        return len(store.save(conn, answer.videos, job.now))


__all__ = ["NO_KEY", "KeyRefused", "NoKey", "Unavailable", "check", "client", "look_up"]
