"""Background jobs (procrastinate) and what YouTube says of attached videos.

procrastinate's schema is that of version 3.10, word for word, in a schema of its own; a test holds it against the
installed version. A newer version brings its own migration files: they become a migration of ours.
"""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PROCRASTINATE = Path(__file__).resolve().parent.parent / "procrastinate-3.10.sql"

# Its functions name its tables without their schema: whoever calls one need not have it in the search path.
AFTER = """
DO $$
DECLARE each regprocedure;
BEGIN
    FOR each IN SELECT oid FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = jobs, pg_temp', each);
    END LOOP;
END $$;

CREATE TABLE jobs.attempt (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job      bigint NOT NULL REFERENCES jobs.procrastinate_jobs ON DELETE CASCADE,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    outcome  text NOT NULL CHECK (outcome IN ('done', 'failed', 'later', 'stopped', 'lost')),
    said     text,
    detail   text
);
CREATE INDEX attempt_job_key ON jobs.attempt (job);
COMMENT ON TABLE jobs.attempt IS 'Each try of a job that ended: procrastinate itself keeps no error text.';

GRANT USAGE ON SCHEMA jobs TO limber_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO limber_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO limber_app;

CREATE TABLE video (
    id         text PRIMARY KEY CONSTRAINT video_id_check CHECK (id ~ '^[A-Za-z0-9_-]{11}$'),
    state      text NOT NULL CONSTRAINT video_state_check CHECK (
        state IN ('ok', 'removed', 'private', 'not_embeddable', 'blocked_in', 'unknown')),
    state_since timestamptz NOT NULL,
    reason     text,
    title      text,
    channel    text,
    seconds    integer,
    captions   text[] NOT NULL DEFAULT '{}',
    blocked    text[] NOT NULL DEFAULT '{}',
    thumbnail  text,
    views      bigint,
    etag       text,
    checked_at timestamptz,
    added_at   timestamptz NOT NULL,
    seen_by    text,
    seen_at    timestamptz
);
COMMENT ON TABLE video IS 'What YouTube last said of each video that was ever attached.';
COMMENT ON COLUMN video.seen_at IS 'When an editor put the notice of the present state away.';

CREATE TABLE youtube_day (
    day           date PRIMARY KEY,
    units         integer NOT NULL,
    stopped_until timestamptz,
    problem       text
);
COMMENT ON TABLE youtube_day IS 'Quota spent on the Data API, by day of the Pacific time zone.';

CREATE TABLE youtube_answer (
    ids  text PRIMARY KEY,
    etag text NOT NULL,
    at   timestamptz NOT NULL
);
COMMENT ON TABLE youtube_answer IS 'The ETag of the last whole answer for a batch of ids.';
"""

DOWNGRADE = """
DROP TABLE youtube_answer;
DROP TABLE youtube_day;
DROP TABLE video;
DROP SCHEMA jobs CASCADE;
"""


def upgrade() -> None:
    """Apply."""
    run = op.get_bind().exec_driver_sql
    before = run("SELECT current_setting('search_path')").scalar_one()
    run("CREATE SCHEMA jobs")
    run("SET LOCAL search_path = jobs")
    # A driver that is given no parameters still reads % as their mark.
    run(PROCRASTINATE.read_text().replace("%", "%%"))
    run("SELECT set_config('search_path', %(before)s, true)", {"before": before})
    run(AFTER.replace("%", "%%"))


def downgrade() -> None:
    """Undo."""
    op.execute(DOWNGRADE)
