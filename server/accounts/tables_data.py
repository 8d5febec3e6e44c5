"""Tables of what an account's data needs: its key, links with physios, receipts of erasure."""

from sqlalchemy import (
    UUID,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sync.tables import metadata

_MOMENT = DateTime(timezone=True)

account_key = Table(
    "account_key",
    metadata,
    Column("account", UUID(), ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", Text, nullable=False, comment="Which master key wrapped it."),
    Column("created_at", _MOMENT, nullable=False),
    comment="The key of an account's sealed fields; without its row nobody reads them again.",
)

physio_link = Table(
    "physio_link",
    metadata,
    Column("id", UUID(), primary_key=True),
    Column("member", UUID(), ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("physio", UUID(), ForeignKey("account.id", ondelete="SET NULL")),
    Column("code_hash", Text, comment="SHA-256 of an invitation's code; NULL once it was used or withdrawn."),
    Column("created_at", _MOMENT, nullable=False),
    Column("expires_at", _MOMENT, nullable=False, comment="When the invitation lapses, not the link."),
    Column("accepted_at", _MOMENT),
    Column("ended_at", _MOMENT),
    CheckConstraint("member <> physio", name="member"),
    CheckConstraint("accepted_at IS NULL OR code_hash IS NULL", name="code_hash"),
    Index(None, "member"),
    Index(None, "physio"),
    Index(None, "code_hash", unique=True),
    comment="A member's invitation of a physio, and the link it became; in force until ended_at.",
)

physio_act = Table(
    "physio_act",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("link", UUID(), ForeignKey("physio_link.id", ondelete="CASCADE"), nullable=False),
    Column("at", _MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    CheckConstraint("actor IN ('member', 'physio')", name="actor"),
    Index(None, "link"),
    comment="What was done under a link, for the member to see. Rows are only ever added.",
)

erasure_receipt = Table(
    "erasure_receipt",
    metadata,
    Column("id", UUID(), primary_key=True),
    Column("at", _MOMENT, nullable=False),
    Column("envelope", JSONB, nullable=False, comment="Signed; tells of nobody."),
    comment="That an account was erased. Which one cannot be told from it.",
)
