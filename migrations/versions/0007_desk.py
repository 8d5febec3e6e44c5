"""Drafts, reviews, publications and the history of the catalogue; sign-in to the desk."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE catalog_document
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN updated_by text,
    ADD CONSTRAINT catalog_document_version_check CHECK (version > 0);
COMMENT ON COLUMN catalog_document.version IS 'Counts the changes of data or state; a trigger sees to it.';
COMMENT ON COLUMN catalog_document.updated_by IS 'Who brought the last change in; NULL: the content files.';
CREATE INDEX catalog_document_easier_key ON catalog_document ((data ->> 'easier')) WHERE collection = 'guide';
CREATE INDEX catalog_document_harder_key ON catalog_document ((data ->> 'harder')) WHERE collection = 'guide';
CREATE INDEX catalog_document_updated_at_key ON catalog_document (updated_at);

-- Whoever writes, by whatever door: a draft that began from an older version must notice.
CREATE FUNCTION catalog_document_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + ((NEW.data, NEW.state) IS DISTINCT FROM (OLD.data, OLD.state))::integer;
    RETURN NEW;
END $$;
CREATE TRIGGER catalog_document_count BEFORE UPDATE ON catalog_document
    FOR EACH ROW EXECUTE FUNCTION catalog_document_count();

CREATE TABLE catalog_draft (
    id           uuid NOT NULL,
    collection   text NOT NULL,
    document     text NOT NULL,
    base_version integer NOT NULL,
    base         jsonb,
    data         jsonb,
    version      integer NOT NULL DEFAULT 1,
    state        text NOT NULL DEFAULT 'draft',
    author       text NOT NULL,
    contributors text[] NOT NULL,
    origin       text NOT NULL DEFAULT 'desk',
    note         text,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    submitted_at timestamptz,
    reviewer     text,
    reviewed_at  timestamptz,
    review_note  text,
    CONSTRAINT catalog_draft_pkey PRIMARY KEY (id),
    CONSTRAINT catalog_draft_state_check
        CHECK (state IN ('draft', 'in_review', 'approved', 'sent_back', 'discarded')),
    CONSTRAINT catalog_draft_base_check CHECK (base_version > 0 OR (base_version = 0 AND base IS NULL)),
    CONSTRAINT catalog_draft_data_check CHECK (data IS NOT NULL OR base IS NOT NULL),
    CONSTRAINT catalog_draft_version_check CHECK (version > 0)
);
CREATE UNIQUE INDEX catalog_draft_open_key ON catalog_draft (collection, document)
    WHERE state IN ('draft', 'in_review', 'sent_back');
CREATE INDEX catalog_draft_state_updated_at_id_key ON catalog_draft (state, updated_at, id);
CREATE INDEX catalog_draft_origin_key ON catalog_draft (origin);
COMMENT ON TABLE catalog_draft IS 'A change on its way into the catalogue. One open draft a document.';
COMMENT ON COLUMN catalog_draft.base_version IS 'The document''s version that it began from; 0: there was none.';
COMMENT ON COLUMN catalog_draft.base IS 'The document''s data at base_version; NULL: it was not in the catalogue.';
COMMENT ON COLUMN catalog_draft.data IS 'What is proposed; NULL: to take the document back.';
COMMENT ON COLUMN catalog_draft.contributors IS 'All who wrote in it; none of them may approve it.';

CREATE TABLE catalog_draft_version (
    draft    uuid NOT NULL REFERENCES catalog_draft (id) ON DELETE CASCADE,
    version  integer NOT NULL,
    data     jsonb,
    saved_by text NOT NULL,
    CONSTRAINT catalog_draft_version_pkey PRIMARY KEY (draft, version)
);
COMMENT ON TABLE catalog_draft_version IS
    'What later versions of an open draft replaced: to tell whose change is whose when two write at once.';

CREATE TABLE catalog_publication (
    id            uuid NOT NULL,
    state         text NOT NULL,
    notes         text NOT NULL,
    requested_by  text NOT NULL,
    requested_at  timestamptz NOT NULL,
    scheduled_for timestamptz,
    done_at       timestamptz,
    release       integer,
    rolls_back_to integer,
    changed       integer,
    problem       text,
    CONSTRAINT catalog_publication_pkey PRIMARY KEY (id),
    CONSTRAINT catalog_publication_state_check
        CHECK (state IN ('scheduled', 'published', 'failed', 'cancelled')),
    CONSTRAINT catalog_publication_release_check CHECK ((state = 'published') = (release IS NOT NULL)),
    CONSTRAINT catalog_publication_scheduled_for_check CHECK (state <> 'scheduled' OR scheduled_for IS NOT NULL),
    CONSTRAINT catalog_publication_done_at_check CHECK ((state = 'scheduled') = (done_at IS NULL))
);
CREATE INDEX catalog_publication_due_key ON catalog_publication (scheduled_for) WHERE state = 'scheduled';
CREATE UNIQUE INDEX catalog_publication_release_key ON catalog_publication (release);
CREATE INDEX catalog_publication_requested_at_key ON catalog_publication (requested_at);
COMMENT ON TABLE catalog_publication IS
    'What editors published or mean to publish. What was released is in the table release.';
COMMENT ON COLUMN catalog_publication.changed IS 'How many documents the release changed.';
COMMENT ON COLUMN catalog_publication.problem IS 'Why it failed or was cancelled.';

CREATE TABLE catalog_event (
    id         bigint GENERATED ALWAYS AS IDENTITY,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    roles      text[] NOT NULL,
    action     text NOT NULL,
    collection text,
    document   text,
    draft      uuid,
    release    integer,
    before     jsonb,
    after      jsonb,
    reason     text,
    CONSTRAINT catalog_event_pkey PRIMARY KEY (id)
);
CREATE INDEX catalog_event_collection_document_id_key ON catalog_event (collection, document, id);
CREATE INDEX catalog_event_actor_id_key ON catalog_event (actor, id);
CREATE INDEX catalog_event_draft_key ON catalog_event (draft);
COMMENT ON TABLE catalog_event IS
    'Who did what to the catalogue, when and why. Rows are only ever added: a trigger sees to it.';
COMMENT ON COLUMN catalog_event.before IS 'Changed fields only, by dotted path.';

-- A trigger and not only a grant: it holds for the owner of the tables, too. The one change is that an erased account
-- is no longer named.
CREATE FUNCTION catalog_event_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        OLD.actor := 'erased';
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'catalog_event is only ever added to: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER catalog_event_is_kept BEFORE UPDATE ON catalog_event
    FOR EACH ROW EXECUTE FUNCTION catalog_event_is_kept();
CREATE TRIGGER catalog_event_is_not_emptied BEFORE DELETE OR TRUNCATE ON catalog_event
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_event_is_kept();
REVOKE UPDATE, DELETE ON catalog_event FROM limber_app;
GRANT UPDATE (actor) ON catalog_event TO limber_app;

CREATE TABLE desk_session (
    token_hash bytea NOT NULL,
    account    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    family     uuid NOT NULL REFERENCES token_family (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT desk_session_pkey PRIMARY KEY (token_hash)
);
CREATE INDEX desk_session_account_key ON desk_session (account);
CREATE INDEX desk_session_family_key ON desk_session (family);
CREATE INDEX desk_session_expires_at_key ON desk_session (expires_at);
COMMENT ON TABLE desk_session IS
    'Browsers signed in to the desk; the cookie is the token, the family is the sign-in''s grant.';
"""

DOWNGRADE = """
DROP TABLE desk_session, catalog_event, catalog_publication, catalog_draft_version, catalog_draft;
DROP FUNCTION catalog_event_is_kept;
DROP TRIGGER catalog_document_count ON catalog_document;
DROP FUNCTION catalog_document_count;
DROP INDEX catalog_document_easier_key, catalog_document_harder_key, catalog_document_updated_at_key;
ALTER TABLE catalog_document DROP COLUMN version, DROP COLUMN updated_by;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
