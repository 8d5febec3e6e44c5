"""Signing in: passkeys, other providers, links in letters, throttling, steps that were begun."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE passkey (
    id         bytea NOT NULL,
    account    uuid NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] NOT NULL,
    name       text NOT NULL,
    synced     boolean NOT NULL,
    created_at timestamptz NOT NULL,
    used_at    timestamptz,
    doubted_at timestamptz,
    CONSTRAINT passkey_pkey PRIMARY KEY (id),
    CONSTRAINT passkey_account_fkey FOREIGN KEY (account) REFERENCES account (id) ON DELETE CASCADE
);
CREATE INDEX passkey_account_key ON passkey (account);
COMMENT ON TABLE passkey IS 'WebAuthn credentials.';
COMMENT ON COLUMN passkey.id IS 'Credential id, as the authenticator chose it.';
COMMENT ON COLUMN passkey.public_key IS 'COSE key.';
COMMENT ON COLUMN passkey.synced IS 'Backed up by its maker, so it is on several devices.';
COMMENT ON COLUMN passkey.doubted_at IS 'When its counter last went back: a copy may exist.';

CREATE TABLE identity (
    issuer    text NOT NULL,
    subject   text NOT NULL,
    account   uuid NOT NULL,
    email     text,
    linked_at timestamptz NOT NULL,
    used_at   timestamptz,
    CONSTRAINT identity_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT identity_account_fkey FOREIGN KEY (account) REFERENCES account (id) ON DELETE CASCADE
);
CREATE INDEX identity_account_key ON identity (account);
COMMENT ON TABLE identity IS 'Who somebody is at another OpenID provider.';
COMMENT ON COLUMN identity.email IS 'As the provider said it when it was linked; shown, never looked up.';

CREATE TABLE email_token (
    hash       bytea NOT NULL,
    account    uuid,
    purpose    text NOT NULL,
    email      text NOT NULL,
    next       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    CONSTRAINT email_token_pkey PRIMARY KEY (hash),
    CONSTRAINT email_token_account_fkey FOREIGN KEY (account) REFERENCES account (id) ON DELETE CASCADE,
    CONSTRAINT email_token_purpose_check CHECK (purpose IN ('register', 'address', 'reset'))
);
CREATE INDEX email_token_account_key ON email_token (account);
CREATE INDEX email_token_expires_at_key ON email_token (expires_at);
COMMENT ON TABLE email_token IS 'Links that were sent by e-mail; only a hash of each.';
COMMENT ON COLUMN email_token.next IS 'Where the person wanted to go.';

CREATE TABLE throttle (
    key   text NOT NULL,
    count integer NOT NULL,
    at    timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT throttle_pkey PRIMARY KEY (key)
);
CREATE INDEX throttle_until_key ON throttle (until);
COMMENT ON TABLE throttle IS 'Attempts that count against an account or an address.';

CREATE TABLE ceremony (
    hash       bytea NOT NULL,
    purpose    text NOT NULL,
    browser    bytea NOT NULL,
    account    uuid,
    data       jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT ceremony_pkey PRIMARY KEY (hash),
    CONSTRAINT ceremony_account_fkey FOREIGN KEY (account) REFERENCES account (id) ON DELETE CASCADE
);
CREATE INDEX ceremony_account_key ON ceremony (account);
CREATE INDEX ceremony_expires_at_key ON ceremony (expires_at);
COMMENT ON TABLE ceremony IS 'Steps of signing in that were begun and not finished.';
COMMENT ON COLUMN ceremony.hash IS 'Of the challenge, state or name of the step.';
COMMENT ON COLUMN ceremony.browser IS 'Hash of the browser''s secret.';

CREATE TABLE second_factor (
    account uuid NOT NULL,
    since   timestamptz NOT NULL,
    CONSTRAINT second_factor_pkey PRIMARY KEY (account),
    CONSTRAINT second_factor_account_fkey FOREIGN KEY (account) REFERENCES account (id) ON DELETE CASCADE
);
COMMENT ON TABLE second_factor IS 'Accounts that want a passkey after the password.';

CREATE TABLE login_place (
    token_hash bytea NOT NULL,
    agent      text NOT NULL,
    CONSTRAINT login_place_pkey PRIMARY KEY (token_hash),
    CONSTRAINT login_place_token_hash_fkey FOREIGN KEY (token_hash)
        REFERENCES login_session (token_hash) ON DELETE CASCADE
);
COMMENT ON TABLE login_place IS 'Where somebody is signed in, for them to recognise.';
COMMENT ON COLUMN login_place.agent IS 'Browser and system in words, such as Firefox on Android.';
"""

DOWNGRADE = "DROP TABLE login_place, second_factor, ceremony, throttle, email_token, identity, passkey"


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
