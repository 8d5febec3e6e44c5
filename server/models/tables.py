"""Tables of model shipping. `migrations/` creates them; a test keeps the two equal."""

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sync.health import COUNTS
from sync.tables import metadata

_NOW = text("now()")

model_rollout = Table(
    "model_rollout",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("salt", Text, nullable=False),
    Column("share", Integer, nullable=False),
    Column("min_app", ARRAY(Integer), nullable=False),
    Column("evaluation", JSONB(none_as_null=True)),
    Column("halted_at", DateTime(timezone=True)),
    CheckConstraint("share BETWEEN 0 AND 10000", name="share"),
    comment="Which devices get release (model, number); share in ten-thousandths.",
)

model_upload = Table(
    "model_upload",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("octet_length(body) < bytes", name="bytes"),
    comment="Files on their way to object storage: what has come so far.",
)

model_health = Table(
    "model_health",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("reports", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in COUNTS),
    Column("latency", ARRAY(BigInteger), nullable=False),
    comment="Sums of what devices reported; latency: runs per bucket of sync.health.BOUNDS_MS.",
)

model_health_report = Table(
    "model_health_report",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Index(None, "at"),
    comment="Reports that were counted, so that none is counted twice.",
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("reason", Text),
    comment="Who did what, when and why. Rows are only ever added.",
)

key_statement = Table(
    "key_statement",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("envelope", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("sequence > 0", name="sequence"),
    comment="Which keys to trust, each statement signed by a key trusted before.",
)
