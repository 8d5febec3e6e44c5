"""What is known of videos on YouTube, and of the API's quota. `migrations/` creates these tables."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Date, DateTime, Integer, Table, Text, text

from sync.tables import metadata

_MOMENT = DateTime(timezone=True)

video = Table(
    "video",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("state_since", _MOMENT, nullable=False),
    Column("reason", Text),
    Column("title", Text),
    Column("channel", Text),
    Column("seconds", Integer),
    Column("captions", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("blocked", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("thumbnail", Text),
    Column("views", BigInteger),
    Column("etag", Text),
    Column("checked_at", _MOMENT),
    Column("added_at", _MOMENT, nullable=False),
    Column("seen_by", Text),
    Column("seen_at", _MOMENT, comment="When an editor put the notice of the present state away."),
    CheckConstraint("id ~ '^[A-Za-z0-9_-]{11}$'", name="id"),
    CheckConstraint(
        "state IN ('ok', 'removed', 'private', 'not_embeddable', 'blocked_in', 'unknown')", name="state"
    ),
    comment="What YouTube last said of each video that was ever attached.",
)

youtube_day = Table(
    "youtube_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("units", Integer, nullable=False),
    Column("stopped_until", _MOMENT),
    Column("problem", Text),
    comment="Quota spent on the Data API, by day of the Pacific time zone.",
)

youtube_answer = Table(
    "youtube_answer",
    metadata,
    Column("ids", Text, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("at", _MOMENT, nullable=False),
    comment="The ETag of the last whole answer for a batch of ids.",
)
