"""What the database knows of videos: where each is attached, what YouTube last said, and how much quota is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from server.db import write
from server.videos.client import QuotaUsedUp, Video
from server.videos.tables import video, youtube_answer, youtube_day

DEAD: Final = ("removed", "private", "not_embeddable")
"""States in which nobody can watch a video in the app any more."""
FORGET: Final = timedelta(days=30)
"""YouTube's terms let nobody keep what the API said for longer without asking again."""

_ATTACHED = text("""
SELECT item ->> 'id' AS video, id AS slug, 'released' AS how
  FROM catalog_document, jsonb_path_query(data, '$.items[*] ? (@.kind == "youtube")') item
 WHERE collection = 'media' AND state = 'approved'
UNION
SELECT item ->> 'id', document, 'draft'
  FROM catalog_draft, jsonb_path_query(data, '$.items[*] ? (@.kind == "youtube")') item
 WHERE collection = 'media' AND state IN ('draft', 'in_review', 'sent_back')
 ORDER BY 1, 2, 3 DESC
""")
# PostgreSQL knows the zone's rules; the machine of the server need not have them.
_DAY = text("""
SELECT day, CAST(day + 1 AS timestamp) AT TIME ZONE 'America/Los_Angeles' AS resets_at
  FROM (SELECT CAST(CAST(:now AS timestamptz) AT TIME ZONE 'America/Los_Angeles' AS date) AS day) today
""")


# --- where videos are attached ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """An exercise that a video is attached to; `how` is "released" (in the catalogue) or "draft" (on its way)."""

    slug: str
    how: str


def attached(conn: Connection) -> dict[str, list[Use]]:
    """Every attached video's uses, by id: in the catalogue and in open drafts."""
    found: dict[str, list[Use]] = {}
    for row in conn.execute(_ATTACHED):
        uses = found.setdefault(row.video, [])
        if row.slug not in {use.slug for use in uses}:
            uses.append(Use(row.slug, row.how))
    return found


# --- what YouTube said -----------------------------------------------------------------------------------


def known(conn: Connection, ids: Iterable[str] | None = None) -> dict[str, Row[Any]]:
    """The rows of these videos (default: all), by id."""
    query = select(video)
    if ids is not None:
        query = query.where(video.c.id.in_(list(ids)))
    return {row.id: row for row in conn.execute(query)}


def save(conn: Connection, videos: Sequence[Video], now: datetime) -> list[str]:
    """Keep what YouTube said; returns the ids whose state is another than before.

    What was known of one that is gone stays, so that editors can tell which it was. A new state is a new notice.
    """
    before = {row.id: row.state for row in known(conn, [each.id for each in videos]).values()}
    for each in videos:
        values = asdict(each) | {
            "captions": list(each.captions), "blocked": list(each.blocked),
            "checked_at": now, "state_since": now, "added_at": now,
        }  # fmt: skip
        kept = {"id", "added_at"}
        if each.state == "removed" and each.title is None:
            kept |= {"title", "channel", "seconds", "captions", "blocked", "thumbnail", "views"}
        if before.get(each.id) == each.state:
            kept.add("state_since")
        changes: dict[str, Any] = {name: value for name, value in values.items() if name not in kept}
        if before.get(each.id) != each.state:
            changes |= {"seen_by": None, "seen_at": None}
        conn.execute(insert(video).values(values).on_conflict_do_update(index_elements=["id"], set_=changes))
    return [each.id for each in videos if before.get(each.id, "unknown") != each.state]


def remember(conn: Connection, id_: str, said: Mapping[str, Any], now: datetime) -> None:
    """Note what an editor says of a video (title, channel, seconds, captions), unless YouTube was asked already."""
    row = {"id": id_, "state": "unknown", "state_since": now, "added_at": now, **said}
    conn.execute(insert(video).values(row).on_conflict_do_nothing())
    if said:
        conn.execute(update(video).where(video.c.id == id_, video.c.checked_at.is_(None)).values(**said))


def put_away(conn: Connection, id_: str, who: str, now: datetime) -> None:
    """An editor has seen the notice of the video's present state. Raises LookupError."""
    done = conn.execute(update(video).where(video.c.id == id_).values(seen_by=who, seen_at=now))
    if done.rowcount == 0:
        raise LookupError(f"There is no video {id_}.")


def notices(conn: Connection, uses: Mapping[str, Sequence[Use]] | None = None) -> list[Row[Any]]:
    """Attached videos that nobody can watch any more and whose notice no editor put away, the newest first."""
    ids = list(attached(conn) if uses is None else uses)
    query = select(video).where(video.c.id.in_(ids), video.c.state.in_(DEAD), video.c.seen_at.is_(None))
    return list(conn.execute(query.order_by(video.c.state_since.desc(), video.c.id)))


def forget(conn: Connection, keep: Iterable[str], now: datetime) -> int:
    """Drop what is known of videos that are attached nowhere, and answers that are too old; returns how many."""
    old = video.c.checked_at < now - FORGET
    gone = conn.execute(delete(video).where(video.c.id.not_in(list(keep)), old)).rowcount
    conn.execute(delete(youtube_answer).where(youtube_answer.c.at < now - FORGET))
    conn.execute(delete(youtube_day).where(youtube_day.c.day < (now - FORGET).date()))
    return gone


# --- answers already given (ETag) ------------------------------------------------------------------------


def etag_of(conn: Connection, ids: Sequence[str]) -> str | None:
    """The ETag of the last whole answer for exactly these ids; None where there is none."""
    query = select(youtube_answer.c.etag).where(youtube_answer.c.ids == ",".join(ids))
    found: str | None = conn.execute(query).scalar()
    return found


def unchanged(conn: Connection, ids: Sequence[str], now: datetime) -> None:
    """YouTube said that nothing changed for these."""
    conn.execute(update(video).where(video.c.id.in_(list(ids))).values(checked_at=now))
    conn.execute(update(youtube_answer).where(youtube_answer.c.ids == ",".join(ids)).values(at=now))


def answered(conn: Connection, ids: Sequence[str], etag: str | None, now: datetime) -> None:
    """Keep the ETag of a whole answer."""
    if etag:
        row = insert(youtube_answer).values(ids=",".join(ids), etag=etag, at=now)
        conn.execute(row.on_conflict_do_update(index_elements=["ids"], set_={"etag": etag, "at": now}))


def doubt(conn: Connection, id_: str) -> None:
    """Forget the ETags of answers about a video: since then it was asked about alone, and its row is newer."""
    conn.execute(delete(youtube_answer).where(youtube_answer.c.ids.contains(id_, autoescape=True)))


# --- quota -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quota:
    """Of one day of the Pacific time zone: units spent of those we allow ourselves, and when the next day begins."""

    day: date
    units: int
    limit: int
    resets_at: datetime
    problem: str | None = None

    @property
    def left(self) -> int:
        """Units that can still be spent today."""
        return 0 if self.problem else max(self.limit - self.units, 0)


def quota(conn: Connection, limit: int, now: datetime) -> Quota:
    """How today's quota stands."""
    today = conn.execute(_DAY, {"now": now}).one()
    row = conn.execute(select(youtube_day).where(youtube_day.c.day == today.day)).one_or_none()
    units, problem = (0, None) if row is None else (row.units, row.problem)
    return Quota(today.day, units, limit, today.resets_at, problem)


class QuotaSpent(QuotaUsedUp):
    """Today's units are spent; `until` is when there are new ones."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"The quota of the day is used up. There is more at {until:%H:%M} UTC.")
        self.until = until


def spender(engine: Engine, limit: int, now: datetime) -> Callable[[int], None]:
    """`spend(units)`: counts them at once, whatever becomes of the request. Raises QuotaSpent."""

    def spend(units: int) -> None:
        def count(conn: Connection) -> bool:
            today = conn.execute(_DAY, {"now": now}).one()
            row = insert(youtube_day).values(day=today.day, units=units)
            more = row.on_conflict_do_update(
                index_elements=["day"],
                set_={"units": youtube_day.c.units + units},
                where=(youtube_day.c.units + units <= limit) & youtube_day.c.stopped_until.is_(None),
            )
            return conn.execute(more.returning(youtube_day.c.day)).one_or_none() is not None

        if units > limit or not write(engine, count):
            raise QuotaSpent(write(engine, lambda conn: quota(conn, limit, now).resets_at))

    return spend


def stop_for_today(conn: Connection, problem: str, now: datetime) -> datetime:
    """YouTube says that the quota is used up: nothing more is asked before the next day; returns when that begins."""
    today = conn.execute(_DAY, {"now": now}).one()
    words = {"stopped_until": today.resets_at, "problem": problem}
    row = insert(youtube_day).values(day=today.day, units=0, **words)
    conn.execute(row.on_conflict_do_update(index_elements=["day"], set_=words))
    until: datetime = today.resets_at
    return until
