"""Model releases: who gets which, uploads on their way, health reports, the audit trail, key statements."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE model_rollout (
    number     integer NOT NULL,
    salt       text NOT NULL,
    share      integer NOT NULL,
    min_app    integer[] NOT NULL,
    evaluation jsonb,
    halted_at  timestamptz,
    CONSTRAINT model_rollout_pkey PRIMARY KEY (number),
    CONSTRAINT model_rollout_share_check CHECK (share BETWEEN 0 AND 10000)
);
COMMENT ON TABLE model_rollout IS 'Which devices get release (model, number); share in ten-thousandths.';

INSERT INTO model_rollout (number, salt, share, min_app)
SELECT number, object_sha256, 10000, '{0,0,0}' FROM release WHERE stream = 'model';

CREATE TABLE model_upload (
    sha256     text NOT NULL,
    kind       text NOT NULL,
    bytes      integer NOT NULL,
    body       bytea NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT model_upload_pkey PRIMARY KEY (sha256),
    CONSTRAINT model_upload_bytes_check CHECK (octet_length(body) < bytes)
);
COMMENT ON TABLE model_upload IS 'Files on their way to object storage: what has come so far.';

CREATE TABLE model_health (
    sha256     text NOT NULL,
    channel    text NOT NULL,
    day        date NOT NULL,
    reports    bigint NOT NULL,
    runs       bigint NOT NULL,
    failures   bigint NOT NULL,
    rejections bigint NOT NULL,
    completed  bigint NOT NULL,
    skipped    bigint NOT NULL,
    swapped    bigint NOT NULL,
    pain       bigint NOT NULL,
    latency    bigint[] NOT NULL,
    CONSTRAINT model_health_pkey PRIMARY KEY (sha256, channel, day)
);
COMMENT ON TABLE model_health IS
    'Sums of what devices reported; latency: runs per bucket of sync.health.BOUNDS_MS.';

CREATE TABLE model_health_report (
    id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT model_health_report_pkey PRIMARY KEY (id)
);
CREATE INDEX model_health_report_at_key ON model_health_report (at);
COMMENT ON TABLE model_health_report IS 'Reports that were counted, so that none is counted twice.';

CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL,
    reason  text,
    CONSTRAINT audit_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE audit IS 'Who did what, when and why. Rows are only ever added.';

CREATE TABLE key_statement (
    sequence integer NOT NULL,
    envelope jsonb NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT key_statement_pkey PRIMARY KEY (sequence),
    CONSTRAINT key_statement_sequence_check CHECK (sequence > 0)
);
COMMENT ON TABLE key_statement IS 'Which keys to trust, each statement signed by a key trusted before.';
"""

DOWNGRADE = "DROP TABLE key_statement, audit, model_health_report, model_health, model_upload, model_rollout;"


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
