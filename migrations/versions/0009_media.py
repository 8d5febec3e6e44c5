"""Media of the catalogue and their uploads."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE media_asset (
    sha256     text NOT NULL,
    kind       text NOT NULL,
    file       jsonb NOT NULL,
    source     text NOT NULL,
    alt        jsonb NOT NULL,
    credit     text,
    licence    text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT media_asset_pkey PRIMARY KEY (sha256),
    CONSTRAINT media_asset_kind_check CHECK (kind IN ('image', 'video', 'clip'))
);
CREATE INDEX media_asset_source_key ON media_asset (source);
CREATE INDEX media_asset_created_at_key ON media_asset (created_at);
COMMENT ON TABLE media_asset IS 'Pictures and films that were found good; their bytes are objects media/<sha256>.';
COMMENT ON COLUMN media_asset.file IS
    'Type, bytes, size, seconds, poster and variants, as an item of media/<slug> has them.';
COMMENT ON COLUMN media_asset.source IS 'SHA-256 of what came: the same file is looked at once.';
COMMENT ON COLUMN media_asset.alt IS 'What it shows, in words, by language.';

CREATE TABLE media_upload (
    id         uuid NOT NULL,
    exercise   text,
    name       text NOT NULL,
    size       bigint NOT NULL,
    part_bytes integer NOT NULL,
    handle     text NOT NULL,
    secret     bytea NOT NULL,
    state      text NOT NULL,
    problem    text,
    asset      text REFERENCES media_asset (sha256),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT media_upload_pkey PRIMARY KEY (id),
    CONSTRAINT media_upload_state_check
        CHECK (state IN ('receiving', 'inspecting', 'ready', 'refused', 'abandoned')),
    CONSTRAINT media_upload_problem_check CHECK ((state = 'refused') = (problem IS NOT NULL)),
    CONSTRAINT media_upload_asset_check CHECK ((state = 'ready') = (asset IS NOT NULL))
);
CREATE INDEX media_upload_updated_at_key ON media_upload (updated_at);
COMMENT ON TABLE media_upload IS 'Files that editors send, from the first part until they were looked at.';
COMMENT ON COLUMN media_upload.exercise IS 'The exercise it is meant for.';
COMMENT ON COLUMN media_upload.handle IS 'What the object storage calls the upload.';
COMMENT ON COLUMN media_upload.secret IS 'Signs the addresses of its parts where the server itself takes them.';

CREATE TABLE media_part (
    upload uuid NOT NULL REFERENCES media_upload (id) ON DELETE CASCADE,
    number integer NOT NULL,
    sha256 text NOT NULL,
    CONSTRAINT media_part_pkey PRIMARY KEY (upload, number)
);
COMMENT ON TABLE media_part IS
    'What the browser says each part is; compared with what came, and with a file picked again.';
"""

DOWNGRADE = """
DROP TABLE media_part;
DROP TABLE media_upload;
DROP TABLE media_asset;
"""


def upgrade() -> None:
    """Apply."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Undo."""
    op.execute(DOWNGRADE)
