"""The table of sign-ins to the desk. Migration 0007 creates it; a test keeps the two equal."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, Index, LargeBinary, Table

from server.accounts.tables import owner_column
from sync.tables import metadata

_MOMENT = DateTime(timezone=True)

desk_session = Table(
    "desk_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    owner_column(),
    Column("family", UUID(), ForeignKey("token_family.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("seen_at", _MOMENT, nullable=False),
    Column("expires_at", _MOMENT, nullable=False),
    Index(None, "account"),
    Index(None, "family"),
    Index(None, "expires_at"),
    comment="Browsers signed in to the desk; the cookie is the token, the family is the sign-in's grant.",
)
