"""Files on their way in, and the pictures and films that were found good (migration 0009)."""

from sqlalchemy import (
    UUID,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sync.tables import metadata

STATES = ("receiving", "inspecting", "ready", "refused", "abandoned")

media_asset = Table(
    "media_asset",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column(
        "file",
        JSONB,
        nullable=False,
        comment="Type, bytes, size, seconds, poster and variants, as an item of media/<slug> has them.",
    ),
    Column("source", Text, nullable=False, comment="SHA-256 of what came: the same file is looked at once."),
    Column("alt", JSONB, nullable=False, comment="What it shows, in words, by language."),
    Column("credit", Text),
    Column("licence", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("kind IN ('image', 'video', 'clip')", name="kind"),
    Index(None, "source"),
    Index(None, "created_at"),
    comment="Pictures and films that were found good; their bytes are objects media/<sha256>.",
)

media_upload = Table(
    "media_upload",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("exercise", Text, comment="The exercise it is meant for."),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("part_bytes", Integer, nullable=False),
    Column("handle", Text, nullable=False, comment="What the object storage calls the upload."),
    Column(
        "secret",
        LargeBinary,
        nullable=False,
        comment="Signs the addresses of its parts where the server itself takes them.",
    ),
    Column("state", Text, nullable=False),
    Column("problem", Text),
    Column("asset", Text, ForeignKey("media_asset.sha256")),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="state"),
    CheckConstraint("(state = 'refused') = (problem IS NOT NULL)", name="problem"),
    CheckConstraint("(state = 'ready') = (asset IS NOT NULL)", name="asset"),
    Index(None, "updated_at"),
    comment="Files that editors send, from the first part until they were looked at.",
)

media_part = Table(
    "media_part",
    metadata,
    Column("upload", ForeignKey("media_upload.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", Text, nullable=False),
    comment="What the browser says each part is; compared with what came, and with a file picked again.",
)
