"""What imports leave behind: the runs, and each record of other sets with its licence and what came of it."""

from sqlalchemy import UUID, Boolean, CheckConstraint, Column, DateTime, Float, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from sync.tables import metadata

_MOMENT = DateTime(timezone=True)

import_batch = Table(
    "import_batch",
    metadata,
    Column("id", UUID(), primary_key=True),
    Column("format", Text, nullable=False),
    Column("files", JSONB, nullable=False, comment="SHA-256 of each file by its name."),
    Column("started_by", Text, nullable=False),
    Column("started_at", _MOMENT, nullable=False),
    Column("counts", JSONB, nullable=False, comment="What came of the records, and how fields came about."),
    Index(None, "started_at"),
    comment="Reading another exercise set once; a run that brought nothing new leaves no row.",
)

import_record = Table(
    "import_record",
    metadata,
    Column("id", UUID(), primary_key=True),
    Column("batch", UUID(), ForeignKey("import_batch.id", ondelete="CASCADE"), nullable=False),
    Column("format", Text, nullable=False),
    Column(
        "source_id",
        Text,
        nullable=False,
        comment="Its name in the set; the same record is never taken twice.",
    ),
    Column("place", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source_name", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("why", Text, nullable=False),
    Column("document", Text, comment="Slug of the exercise that its draft is of."),
    Column("like_id", Text),
    Column("like_name", Text),
    Column("score", Float(53)),
    Column("draft", UUID(), ForeignKey("catalog_draft.id", ondelete="SET NULL")),
    Column("fields", JSONB, nullable=False, comment="Field by field: mapped, guessed or refused, and why."),
    Column(
        "proposal",
        JSONB(none_as_null=True),
        comment="The exercise as far as it is known, for a person who wants it after all.",
    ),
    Column("language", Text, nullable=False),
    Column(
        "steps",
        JSONB,
        nullable=False,
        comment="Its sentences without HTML; empty where its text must not be kept.",
    ),
    Column("notes", JSONB, nullable=False),
    Column("licence", JSONB, nullable=False),
    Column("share_alike", Boolean, nullable=False),
    Column("digest", Text, nullable=False),
    Column("at", _MOMENT, nullable=False),
    CheckConstraint(
        "outcome IN ('draft', 'change', 'same', 'duplicate', 'joined', 'refused', 'busy')", name="outcome"
    ),
    Index(None, "format", "source_id", unique=True),
    Index(None, "batch", "outcome"),
    Index(None, "document"),
    Index(None, "draft"),
    comment="One exercise of another set: what came of it, under which licence, and why.",
)
