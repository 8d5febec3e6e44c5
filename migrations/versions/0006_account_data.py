"""Data keys of accounts, links with physios, receipts of erasure; row-level security over them."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE account_key (
    account    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    wrapped    bytea NOT NULL,
    master     text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT account_key_pkey PRIMARY KEY (account)
);
COMMENT ON TABLE account_key IS 'The key of an account''s sealed fields; without its row nobody reads them again.';
COMMENT ON COLUMN account_key.master IS 'Which master key wrapped it.';

CREATE TABLE physio_link (
    id          uuid NOT NULL,
    member      uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    physio      uuid REFERENCES account (id) ON DELETE SET NULL,
    code_hash   text,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    ended_at    timestamptz,
    CONSTRAINT physio_link_pkey PRIMARY KEY (id),
    CONSTRAINT physio_link_member_check CHECK (member <> physio),
    CONSTRAINT physio_link_code_hash_check CHECK (accepted_at IS NULL OR code_hash IS NULL)
);
CREATE INDEX physio_link_member_key ON physio_link (member);
CREATE INDEX physio_link_physio_key ON physio_link (physio);
CREATE UNIQUE INDEX physio_link_code_hash_key ON physio_link (code_hash);
COMMENT ON TABLE physio_link IS 'A member''s invitation of a physio, and the link it became; in force until ended_at.';
COMMENT ON COLUMN physio_link.code_hash IS 'SHA-256 of an invitation''s code; NULL once it was used or withdrawn.';
COMMENT ON COLUMN physio_link.expires_at IS 'When the invitation lapses, not the link.';

CREATE TABLE physio_act (
    id      bigint GENERATED ALWAYS AS IDENTITY,
    link    uuid NOT NULL REFERENCES physio_link (id) ON DELETE CASCADE,
    at      timestamptz NOT NULL,
    actor   text NOT NULL,
    action  text NOT NULL,
    details jsonb NOT NULL,
    CONSTRAINT physio_act_pkey PRIMARY KEY (id),
    CONSTRAINT physio_act_actor_check CHECK (actor IN ('member', 'physio'))
);
CREATE INDEX physio_act_link_key ON physio_act (link);
COMMENT ON TABLE physio_act IS 'What was done under a link, for the member to see. Rows are only ever added.';

CREATE TABLE erasure_receipt (
    id       uuid NOT NULL,
    at       timestamptz NOT NULL,
    envelope jsonb NOT NULL,
    CONSTRAINT erasure_receipt_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE erasure_receipt IS 'That an account was erased. Which one cannot be told from it.';
COMMENT ON COLUMN erasure_receipt.envelope IS 'Signed; tells of nobody.';

ALTER TABLE account_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE physio_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE physio_act  ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_account ON account_key
    USING (account::text = (SELECT current_setting('limber.account', true)));

-- Both sides see a link; only the member makes one. An invitation is also seen by who brings its code.
CREATE POLICY seen_by_both ON physio_link FOR SELECT USING (
    (SELECT current_setting('limber.account', true)) IN (member::text, physio::text)
    OR (physio IS NULL AND code_hash = (SELECT current_setting('limber.invitation', true))));
CREATE POLICY made_by_member ON physio_link FOR INSERT WITH CHECK (
    member::text = (SELECT current_setting('limber.account', true)) AND physio IS NULL);
CREATE POLICY changed_by_both ON physio_link FOR UPDATE
    USING ((SELECT current_setting('limber.account', true)) IN (member::text, physio::text)
        OR (physio IS NULL AND code_hash = (SELECT current_setting('limber.invitation', true))))
    WITH CHECK ((SELECT current_setting('limber.account', true)) IN (member::text, physio::text));

-- The subquery is under the policies above.
CREATE POLICY seen_with_link ON physio_act FOR SELECT USING (link IN (SELECT id FROM physio_link));
CREATE POLICY added_with_link ON physio_act FOR INSERT WITH CHECK (link IN (SELECT id FROM physio_link));
"""

DOWNGRADE = "DROP TABLE erasure_receipt, physio_act, physio_link, account_key;"


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
