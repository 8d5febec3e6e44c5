"""Two-way streams: clocks and totals of account streams, and row-level security over them."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Roles belong to the whole cluster: another database may have made it, at this very moment even.
UPGRADE = """
ALTER TABLE record ADD COLUMN hlc text;
ALTER TABLE stream
    ADD COLUMN records bigint NOT NULL DEFAULT 0,
    ADD COLUMN bytes   bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN record.hlc IS 'The greatest clock in the row; NULL in the catalogue, which has none.';
COMMENT ON COLUMN stream.records IS 'Rows of an account''s stream, deleted ones too: what its quota counts.';
COMMENT ON COLUMN stream.bytes IS 'Bytes of their data as JSON.';

CREATE INDEX record_at_key ON record (at) WHERE deleted;

DO $$ BEGIN
    CREATE ROLE limber_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role(current_user, 'limber_app', 'MEMBER') THEN GRANT limber_app TO CURRENT_USER; END IF;
END $$;
GRANT USAGE ON SCHEMA public TO limber_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO limber_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO limber_app;

ALTER TABLE stream ENABLE ROW LEVEL SECURITY;
ALTER TABLE record ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_account ON stream
    USING (left(stream, 8) <> 'account:' OR stream = (SELECT 'account:' || current_setting('limber.account', true)));
CREATE POLICY own_account ON record
    USING (left(stream, 8) <> 'account:' OR stream = (SELECT 'account:' || current_setting('limber.account', true)));
"""

# The role stays: other databases of the cluster may use it.
DOWNGRADE = """
DROP POLICY own_account ON record;
DROP POLICY own_account ON stream;
ALTER TABLE record DISABLE ROW LEVEL SECURITY;
ALTER TABLE stream DISABLE ROW LEVEL SECURITY;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM limber_app;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM limber_app;
REVOKE ALL ON SCHEMA public FROM limber_app;
DROP INDEX record_at_key;
ALTER TABLE stream DROP COLUMN records, DROP COLUMN bytes;
ALTER TABLE record DROP COLUMN hlc;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
