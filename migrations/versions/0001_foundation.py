"""The replication log, its releases, and the editors' catalogue."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE stream (
    stream text NOT NULL,
    epoch  text NOT NULL,
    head   bigint NOT NULL DEFAULT 0,
    floor  bigint NOT NULL DEFAULT 0,
    CONSTRAINT stream_pkey PRIMARY KEY (stream),
    CONSTRAINT stream_epoch_check CHECK (epoch <> ''),
    CONSTRAINT stream_bounds_check CHECK (floor >= 0 AND floor <= head)
);
COMMENT ON TABLE stream IS
    'One ordered log. Its row lock orders writers; floor: greatest seq of a pruned tombstone.';

CREATE TABLE record (
    stream     text NOT NULL,
    collection text NOT NULL,
    id         text NOT NULL,
    seq        bigint NOT NULL,
    deleted    boolean NOT NULL DEFAULT false,
    data       jsonb,
    clocks     jsonb,
    at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT record_pkey PRIMARY KEY (stream, collection, id),
    CONSTRAINT record_data_check CHECK (deleted OR data IS NOT NULL),
    CONSTRAINT record_seq_check CHECK (seq > 0)
);
CREATE UNIQUE INDEX record_stream_seq_key ON record (stream, seq);
COMMENT ON TABLE record IS 'The newest version of every record; seq is its place in the stream.';

CREATE TABLE release (
    stream        text NOT NULL,
    number        integer NOT NULL,
    seq           bigint,
    channel       text NOT NULL DEFAULT 'stable',
    manifest      jsonb NOT NULL,
    object_key    text NOT NULL,
    object_sha256 text NOT NULL,
    object_bytes  bigint NOT NULL,
    published_at  timestamptz NOT NULL,
    CONSTRAINT release_pkey PRIMARY KEY (stream, number),
    CONSTRAINT release_number_check CHECK (number > 0)
);
COMMENT ON TABLE release IS
    'What was published: releases of the catalogue, and of models (which have no seq).';
COMMENT ON COLUMN release.manifest IS 'The signed envelope.';

CREATE TABLE catalog_document (
    collection  text NOT NULL,
    id          text NOT NULL,
    state       text NOT NULL DEFAULT 'draft',
    data        jsonb NOT NULL,
    seed_sha256 text,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT catalog_document_pkey PRIMARY KEY (collection, id),
    CONSTRAINT catalog_document_state_check CHECK (state IN ('draft', 'approved', 'retired'))
);
COMMENT ON COLUMN catalog_document.seed_sha256 IS
    'Digest of the content file''s version loaded here; NULL for an editor''s own document.';
"""

DOWNGRADE = "DROP TABLE catalog_document, release, record, stream;"


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
