"""Tables of accounts and of the OAuth 2.0 provider. `migrations/` creates them; a test keeps the two equal."""

from sqlalchemy import (
    ARRAY,
    UUID,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from sync.tables import metadata

_MOMENT = DateTime(timezone=True)


def owner_column(*, nullable: bool = False, primary_key: bool = False) -> Column[object]:
    """The column `account`, whose rows go with their account."""
    owner = ForeignKey("account.id", ondelete="CASCADE")
    return Column("account", UUID(), owner, nullable=nullable, primary_key=primary_key)


account = Table(
    "account",
    metadata,
    Column("id", UUID(), primary_key=True),
    Column("email", Text),
    Column("email_verified_at", _MOMENT),
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("roles", ARRAY(Text), nullable=False, server_default=text("'{member}'")),
    Column("password_hash", Text),
    Column("locale", Text),
    Column("created_at", _MOMENT, nullable=False),
    Column("disabled_at", _MOMENT),
    CheckConstraint("email = lower(email) AND email <> ''", name="email"),
    CheckConstraint("roles <@ '{member,physio,editor,ml_engineer,support,admin}'", name="roles"),
    Index(None, "email", unique=True),
    comment="A person; the replicated data is in the stream account:<id>.",
)

login_session = Table(
    "login_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    owner_column(),
    Column("created_at", _MOMENT, nullable=False),
    Column("expires_at", _MOMENT, nullable=False),
    Column("auth_time", _MOMENT, nullable=False),
    Column("amr", ARRAY(Text), nullable=False),
    Index(None, "account"),
    Index(None, "expires_at"),
    comment="Browsers in which somebody is signed in; the cookie is the token.",
)

oauth_client = Table(
    "oauth_client",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", LargeBinary),
    Column("redirect_uris", ARRAY(Text), nullable=False),
    Column("post_logout_redirect_uris", ARRAY(Text), nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("grants", ARRAY(Text), nullable=False),
    Column("introspects", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", _MOMENT, nullable=False),
    CheckConstraint("NOT introspects OR secret_hash IS NOT NULL", name="introspects"),
    comment="Programs of others that may ask; ours are in server/accounts/clients.py.",
)

token_family = Table(
    "token_family",
    metadata,
    Column("id", UUID(), primary_key=True),
    owner_column(),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("auth_time", _MOMENT, nullable=False),
    Column("amr", ARRAY(Text), nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("used_at", _MOMENT, nullable=False),
    Column("expires_at", _MOMENT, nullable=False),
    Column("secret_hash", LargeBinary),
    Column("token_hash", LargeBinary),
    Column("revoked_at", _MOMENT),
    Column("reason", Text),
    CheckConstraint("(token_hash IS NULL) = (secret_hash IS NULL)", name="token_hash"),
    CheckConstraint("(reason IS NULL) = (revoked_at IS NULL)", name="reason"),
    Index(None, "secret_hash", unique=True),
    Index(None, "account"),
    Index(None, "expires_at"),
    comment="What one grant gave. token_hash: of the one refresh token that is good.",
)

oauth_code = Table(
    "oauth_code",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True),
    owner_column(),
    Column("client_id", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("nonce", Text),
    Column("code_challenge", Text, nullable=False),
    Column("auth_time", _MOMENT, nullable=False),
    Column("amr", ARRAY(Text), nullable=False),
    Column("expires_at", _MOMENT, nullable=False),
    Column("used_at", _MOMENT),
    Column("family", UUID(), ForeignKey("token_family.id", ondelete="CASCADE")),
    Index(None, "account"),
    Index(None, "family"),
    Index(None, "expires_at"),
    comment="Authorization codes; kept after use, so that a replay is recognised.",
)

device_code = Table(
    "device_code",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True),
    Column("user_hash", LargeBinary, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("expires_at", _MOMENT, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("polled_at", _MOMENT),
    owner_column(nullable=True),
    Column("approved", Boolean),
    Column("auth_time", _MOMENT),
    Column("amr", ARRAY(Text)),
    Column("used_at", _MOMENT),
    CheckConstraint("(approved IS NULL) = (account IS NULL)", name="approved"),
    Index(None, "user_hash", unique=True),
    Index(None, "account"),
    Index(None, "expires_at"),
    comment="Devices that wait for somebody to type their code (RFC 8628).",
)

consent = Table(
    "consent",
    metadata,
    owner_column(primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("granted_at", _MOMENT, nullable=False),
    comment="What a person lets a program of others do.",
)

token_denial = Table(
    "token_denial",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("issued_until", _MOMENT, nullable=False),
    Column("forget_at", _MOMENT, nullable=False),
    Index(None, "forget_at"),
    comment="account:<id> or family:<id> whose access tokens issued until then are refused.",
)
