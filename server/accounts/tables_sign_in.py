"""Tables of signing in: passkeys, other providers, letters' links, throttling. `migrations/` creates them."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
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
from sqlalchemy.dialects.postgresql import JSONB

from server.accounts.tables import owner_column
from sync.tables import metadata

_NOW = text("now()")


passkey = Table(
    "passkey",
    metadata,
    Column("id", LargeBinary, primary_key=True, comment="Credential id, as the authenticator chose it."),
    owner_column(),
    Column("public_key", LargeBinary, nullable=False, comment="COSE key."),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", ARRAY(Text), nullable=False),
    Column("name", Text, nullable=False),
    Column("synced", Boolean, nullable=False, comment="Backed up by its maker, so it is on several devices."),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Column(
        "doubted_at", DateTime(timezone=True), comment="When its counter last went back: a copy may exist."
    ),
    Index(None, "account"),
    comment="WebAuthn credentials.",
)

identity = Table(
    "identity",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    owner_column(),
    Column("email", Text, comment="As the provider said it when it was linked; shown, never looked up."),
    Column("linked_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Index(None, "account"),
    comment="Who somebody is at another OpenID provider.",
)

email_token = Table(
    "email_token",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    owner_column(nullable=True),
    Column("purpose", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("next", Text, comment="Where the person wanted to go."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    CheckConstraint("purpose IN ('register', 'address', 'reset')", name="purpose"),
    Index(None, "account"),
    Index(None, "expires_at"),
    comment="Links that were sent by e-mail; only a hash of each.",
)

throttle = Table(
    "throttle",
    metadata,
    Column("key", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Index(None, "until"),
    comment="Attempts that count against an account or an address.",
)

ceremony = Table(
    "ceremony",
    metadata,
    Column("hash", LargeBinary, primary_key=True, comment="Of the challenge, state or name of the step."),
    Column("purpose", Text, nullable=False),
    Column("browser", LargeBinary, nullable=False, comment="Hash of the browser's secret."),
    owner_column(nullable=True),
    Column("data", JSONB, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index(None, "account"),
    Index(None, "expires_at"),
    comment="Steps of signing in that were begun and not finished.",
)

second_factor = Table(
    "second_factor",
    metadata,
    owner_column(primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    comment="Accounts that want a passkey after the password.",
)

login_place = Table(
    "login_place",
    metadata,
    Column(
        "token_hash",
        LargeBinary,
        ForeignKey("login_session.token_hash", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("agent", Text, nullable=False, comment="Browser and system in words, such as Firefox on Android."),
    comment="Where somebody is signed in, for them to recognise.",
)
