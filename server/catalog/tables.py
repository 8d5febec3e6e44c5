"""The catalogue as editors see it: one row a document. What devices see is in the log."""

from sqlalchemy import CheckConstraint, Column, DateTime, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from sync.tables import metadata

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
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("state IN ('draft', 'approved', 'retired')", name="state"),
)
