"""The catalogue as editors see it: documents, drafts of changes to them, publications, and what was done by whom.

What devices see is in the log (`sync/tables.py`). `migrations/` creates these tables; a test keeps the two equal.
"""

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sync.tables import metadata

_MOMENT = DateTime(timezone=True)
# Also in queries as they stand here: with a parameter in its place PostgreSQL does not see that the index fits.
IS_OPEN = text("state IN ('draft', 'in_review', 'sent_back')")
IS_GUIDE = text("collection = 'guide'")
# `data["easier"].astext` would ask with the name as a parameter, and no index fits that.
EASIER, HARDER = (literal_column(f"(data ->> '{way}')", Text) for way in ("easier", "harder"))

catalog_document = Table(
    "catalog_document",
    metadata,
    Column("collection", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("data", JSONB, nullable=False),
    Column(
        "seed_sha256",
        Text,
        comment="Digest of the content file's version loaded here; NULL for an editor's own document.",
    ),
    Column("updated_at", _MOMENT, nullable=False, server_default=text("now()")),
    Column(
        "version",
        Integer,
        nullable=False,
        server_default=text("1"),
        comment="Counts the changes of data or state; a trigger sees to it.",
    ),
    Column("updated_by", Text, comment="Who brought the last change in; NULL: the content files."),
    CheckConstraint("state IN ('draft', 'approved', 'retired')", name="state"),
    CheckConstraint("version > 0", name="version"),
    # Which guides lead to an exercise, asked whenever somebody changes it.
    Index(
        "catalog_document_easier_key",
        EASIER,
        postgresql_where=IS_GUIDE,
    ),
    Index(
        "catalog_document_harder_key",
        HARDER,
        postgresql_where=IS_GUIDE,
    ),
    Index("catalog_document_updated_at_key", "updated_at"),
)

catalog_draft = Table(
    "catalog_draft",
    metadata,
    Column("id", UUID(), primary_key=True),
    Column("collection", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column(
        "base_version",
        Integer,
        nullable=False,
        comment="The document's version that it began from; 0: there was none.",
    ),
    Column(
        "base",
        JSONB(none_as_null=True),
        comment="The document's data at base_version; NULL: it was not in the catalogue.",
    ),
    Column("data", JSONB(none_as_null=True), comment="What is proposed; NULL: to take the document back."),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("author", Text, nullable=False),
    Column(
        "contributors",
        ARRAY(Text),
        nullable=False,
        comment="All who wrote in it; none of them may approve it.",
    ),
    Column("origin", Text, nullable=False, server_default=text("'desk'")),
    Column("note", Text),
    Column("created_at", _MOMENT, nullable=False),
    Column("updated_at", _MOMENT, nullable=False),
    Column("submitted_at", _MOMENT),
    Column("reviewer", Text),
    Column("reviewed_at", _MOMENT),
    Column("review_note", Text),
    CheckConstraint("state IN ('draft', 'in_review', 'approved', 'sent_back', 'discarded')", name="state"),
    CheckConstraint("base_version > 0 OR (base_version = 0 AND base IS NULL)", name="base"),
    CheckConstraint("data IS NOT NULL OR base IS NOT NULL", name="data"),
    CheckConstraint("version > 0", name="version"),
    Index("catalog_draft_open_key", "collection", "document", unique=True, postgresql_where=IS_OPEN),
    Index(None, "state", "updated_at", "id"),
    Index(None, "origin"),
    comment="A change on its way into the catalogue. One open draft a document.",
)

catalog_draft_version = Table(
    "catalog_draft_version",
    metadata,
    Column("draft", UUID(), ForeignKey("catalog_draft.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("data", JSONB(none_as_null=True)),
    Column("saved_by", Text, nullable=False),
    comment="What later versions of an open draft replaced: to tell whose change is whose when two write at once.",
)

catalog_publication = Table(
    "catalog_publication",
    metadata,
    Column("id", UUID(), primary_key=True),
    Column("state", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", _MOMENT, nullable=False),
    Column("scheduled_for", _MOMENT),
    Column("done_at", _MOMENT),
    Column("release", Integer),
    Column("rolls_back_to", Integer),
    Column("changed", Integer, comment="How many documents the release changed."),
    Column("problem", Text, comment="Why it failed or was cancelled."),
    CheckConstraint("state IN ('scheduled', 'published', 'failed', 'cancelled')", name="state"),
    CheckConstraint("(state = 'published') = (release IS NOT NULL)", name="release"),
    CheckConstraint("state <> 'scheduled' OR scheduled_for IS NOT NULL", name="scheduled_for"),
    CheckConstraint("(state = 'scheduled') = (done_at IS NULL)", name="done_at"),
    Index("catalog_publication_due_key", "scheduled_for", postgresql_where=text("state = 'scheduled'")),
    Index(None, "release", unique=True),
    Index(None, "requested_at"),
    comment="What editors published or mean to publish. What was released is in the table release.",
)

catalog_event = Table(
    "catalog_event",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", _MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("action", Text, nullable=False),
    Column("collection", Text),
    Column("document", Text),
    Column("draft", UUID()),
    Column("release", Integer),
    Column("before", JSONB(none_as_null=True), comment="Changed fields only, by dotted path."),
    Column("after", JSONB(none_as_null=True)),
    Column("reason", Text),
    Index(None, "collection", "document", "id"),
    Index(None, "actor", "id"),
    Index(None, "draft"),
    comment="Who did what to the catalogue, when and why. Rows are only ever added: a trigger sees to it.",
)
