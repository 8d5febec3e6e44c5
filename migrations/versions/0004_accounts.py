"""Accounts, the sessions of browsers, and everything the OAuth 2.0 provider remembers; secrets only as SHA-256."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE account (
    id                uuid NOT NULL,
    email             text,
    email_verified_at timestamptz,
    name              text NOT NULL DEFAULT '',
    roles             text[] NOT NULL DEFAULT '{member}',
    password_hash     text,
    locale            text,
    created_at        timestamptz NOT NULL,
    disabled_at       timestamptz,
    CONSTRAINT account_pkey PRIMARY KEY (id),
    CONSTRAINT account_email_check CHECK (email = lower(email) AND email <> ''),
    CONSTRAINT account_roles_check CHECK (roles <@ '{member,physio,editor,ml_engineer,support,admin}')
);
CREATE UNIQUE INDEX account_email_key ON account (email);
COMMENT ON TABLE account IS 'A person; the replicated data is in the stream account:<id>.';

CREATE TABLE login_session (
    token_hash bytea NOT NULL,
    account    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    auth_time  timestamptz NOT NULL,
    amr        text[] NOT NULL,
    CONSTRAINT login_session_pkey PRIMARY KEY (token_hash)
);
CREATE INDEX login_session_account_key ON login_session (account);
CREATE INDEX login_session_expires_at_key ON login_session (expires_at);
COMMENT ON TABLE login_session IS 'Browsers in which somebody is signed in; the cookie is the token.';

CREATE TABLE oauth_client (
    id                        text NOT NULL,
    name                      text NOT NULL,
    secret_hash               bytea,
    redirect_uris             text[] NOT NULL,
    post_logout_redirect_uris text[] NOT NULL,
    scopes                    text[] NOT NULL,
    grants                    text[] NOT NULL,
    introspects               boolean NOT NULL DEFAULT false,
    created_at                timestamptz NOT NULL,
    CONSTRAINT oauth_client_pkey PRIMARY KEY (id),
    CONSTRAINT oauth_client_introspects_check CHECK (NOT introspects OR secret_hash IS NOT NULL)
);
COMMENT ON TABLE oauth_client IS 'Programs of others that may ask; ours are in server/accounts/clients.py.';

CREATE TABLE token_family (
    id          uuid NOT NULL,
    account     uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    client_id   text NOT NULL,
    scope       text NOT NULL,
    auth_time   timestamptz NOT NULL,
    amr         text[] NOT NULL,
    created_at  timestamptz NOT NULL,
    used_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    secret_hash bytea,
    token_hash  bytea,
    revoked_at  timestamptz,
    reason      text,
    CONSTRAINT token_family_pkey PRIMARY KEY (id),
    CONSTRAINT token_family_token_hash_check CHECK ((token_hash IS NULL) = (secret_hash IS NULL)),
    CONSTRAINT token_family_reason_check CHECK ((reason IS NULL) = (revoked_at IS NULL))
);
CREATE UNIQUE INDEX token_family_secret_hash_key ON token_family (secret_hash);
CREATE INDEX token_family_account_key ON token_family (account);
CREATE INDEX token_family_expires_at_key ON token_family (expires_at);
COMMENT ON TABLE token_family IS 'What one grant gave. token_hash: of the one refresh token that is good.';

CREATE TABLE oauth_code (
    code_hash      bytea NOT NULL,
    account        uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    client_id      text NOT NULL,
    redirect_uri   text NOT NULL,
    scope          text NOT NULL,
    nonce          text,
    code_challenge text NOT NULL,
    auth_time      timestamptz NOT NULL,
    amr            text[] NOT NULL,
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz,
    family         uuid REFERENCES token_family (id) ON DELETE CASCADE,
    CONSTRAINT oauth_code_pkey PRIMARY KEY (code_hash)
);
CREATE INDEX oauth_code_account_key ON oauth_code (account);
CREATE INDEX oauth_code_family_key ON oauth_code (family);
CREATE INDEX oauth_code_expires_at_key ON oauth_code (expires_at);
COMMENT ON TABLE oauth_code IS 'Authorization codes; kept after use, so that a replay is recognised.';

CREATE TABLE device_code (
    code_hash  bytea NOT NULL,
    user_hash  bytea NOT NULL,
    client_id  text NOT NULL,
    scope      text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    interval_s integer NOT NULL,
    polled_at  timestamptz,
    account    uuid REFERENCES account (id) ON DELETE CASCADE,
    approved   boolean,
    auth_time  timestamptz,
    amr        text[],
    used_at    timestamptz,
    CONSTRAINT device_code_pkey PRIMARY KEY (code_hash),
    CONSTRAINT device_code_approved_check CHECK ((approved IS NULL) = (account IS NULL))
);
CREATE UNIQUE INDEX device_code_user_hash_key ON device_code (user_hash);
CREATE INDEX device_code_account_key ON device_code (account);
CREATE INDEX device_code_expires_at_key ON device_code (expires_at);
COMMENT ON TABLE device_code IS 'Devices that wait for somebody to type their code (RFC 8628).';

CREATE TABLE consent (
    account    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    client_id  text NOT NULL,
    scopes     text[] NOT NULL,
    granted_at timestamptz NOT NULL,
    CONSTRAINT consent_pkey PRIMARY KEY (account, client_id)
);
COMMENT ON TABLE consent IS 'What a person lets a program of others do.';

-- Access tokens are proofs in themselves. What must end sooner than they expire is listed here, for as long as one
-- may live, and every server process reads the list each second.
CREATE TABLE token_denial (
    subject      text NOT NULL,
    issued_until timestamptz NOT NULL,
    forget_at    timestamptz NOT NULL,
    CONSTRAINT token_denial_pkey PRIMARY KEY (subject)
);
CREATE INDEX token_denial_forget_at_key ON token_denial (forget_at);
COMMENT ON TABLE token_denial IS 'account:<id> or family:<id> whose access tokens issued until then are refused.';

-- A trigger, so that no way to disable, demote or erase an account can forget it.
CREATE FUNCTION deny_tokens_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO token_denial (subject, issued_until, forget_at)
    -- Not now(): whoever holds the row may be signing a token, and this waited for them.
    VALUES ('account:' || OLD.id, clock_timestamp(), clock_timestamp() + interval '2 hours')
    ON CONFLICT (subject) DO UPDATE SET issued_until = excluded.issued_until, forget_at = excluded.forget_at;
    RETURN NULL;
END $$;
CREATE TRIGGER account_disabled AFTER UPDATE OF disabled_at, roles ON account FOR EACH ROW
    WHEN ((NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL) OR NOT OLD.roles <@ NEW.roles)
    EXECUTE FUNCTION deny_tokens_of_account();
CREATE TRIGGER account_erased AFTER DELETE ON account FOR EACH ROW EXECUTE FUNCTION deny_tokens_of_account();
"""

DOWNGRADE = """
DROP TABLE token_denial, consent, device_code, oauth_code, token_family, oauth_client, login_session,
    account;
DROP FUNCTION deny_tokens_of_account();
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
