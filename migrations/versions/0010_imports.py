"""Imports of other catalogues into drafts."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE import_batch (
    id         uuid NOT NULL,
    format     text NOT NULL,
    files      jsonb NOT NULL,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    counts     jsonb NOT NULL,
    CONSTRAINT import_batch_pkey PRIMARY KEY (id)
);
CREATE INDEX import_batch_started_at_key ON import_batch (started_at);
COMMENT ON TABLE import_batch IS 'Reading another exercise set once; a run that brought nothing new leaves no row.';
COMMENT ON COLUMN import_batch.files IS 'SHA-256 of each file by its name.';
COMMENT ON COLUMN import_batch.counts IS 'What came of the records, and how fields came about.';

CREATE TABLE import_record (
    id          uuid NOT NULL,
    batch       uuid NOT NULL REFERENCES import_batch (id) ON DELETE CASCADE,
    format      text NOT NULL,
    source_id   text NOT NULL,
    place       text NOT NULL,
    name        text NOT NULL,
    source_name text NOT NULL,
    outcome     text NOT NULL,
    reason      text,
    why         text NOT NULL,
    document    text,
    like_id     text,
    like_name   text,
    score       double precision,
    draft       uuid REFERENCES catalog_draft (id) ON DELETE SET NULL,
    fields      jsonb NOT NULL,
    proposal    jsonb,
    language    text NOT NULL,
    steps       jsonb NOT NULL,
    notes       jsonb NOT NULL,
    licence     jsonb NOT NULL,
    share_alike boolean NOT NULL,
    digest      text NOT NULL,
    at          timestamptz NOT NULL,
    CONSTRAINT import_record_pkey PRIMARY KEY (id),
    CONSTRAINT import_record_outcome_check
        CHECK (outcome IN ('draft', 'change', 'same', 'duplicate', 'joined', 'refused', 'busy'))
);
CREATE UNIQUE INDEX import_record_format_source_id_key ON import_record (format, source_id);
CREATE INDEX import_record_batch_outcome_key ON import_record (batch, outcome);
CREATE INDEX import_record_document_key ON import_record (document);
CREATE INDEX import_record_draft_key ON import_record (draft);
COMMENT ON TABLE import_record IS 'One exercise of another set: what came of it, under which licence, and why.';
COMMENT ON COLUMN import_record.source_id IS 'Its name in the set; the same record is never taken twice.';
COMMENT ON COLUMN import_record.document IS 'Slug of the exercise that its draft is of.';
COMMENT ON COLUMN import_record.fields IS 'Field by field: mapped, guessed or refused, and why.';
COMMENT ON COLUMN import_record.proposal IS 'The exercise as far as it is known, for a person who wants it after all.';
COMMENT ON COLUMN import_record.steps IS 'Its sentences without HTML; empty where its text must not be kept.';
"""

DOWNGRADE = """
DROP TABLE import_record;
DROP TABLE import_batch;
"""


def upgrade() -> None:
    """Apply."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Undo."""
    op.execute(DOWNGRADE)
