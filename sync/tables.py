"""The log's tables (SQLAlchemy Core). `migrations/` is what creates them; a test keeps the two equal."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_key",
    }
)

stream = Table(
    "stream",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("epoch", Text, nullable=False),
    Column("head", BigInteger, nullable=False, server_default=text("0")),
    Column("floor", BigInteger, nullable=False, server_default=text("0")),
    Column(
        "records",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Rows of an account's stream, deleted ones too: what its quota counts.",
    ),
    Column(
        "bytes",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Bytes of their data as JSON.",
    ),
    CheckConstraint("epoch <> ''", name="epoch"),
    CheckConstraint("floor >= 0 AND floor <= head", name="bounds"),
    comment="One ordered log. Its row lock orders writers; floor: greatest seq of a pruned tombstone.",
)

# No foreign key to `stream`: every writer holds that row's lock anyway.
record = Table(
    "record",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("collection", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    Column("data", JSONB),
    Column("clocks", JSONB),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("hlc", Text, comment="The greatest clock in the row; NULL in the catalogue, which has none."),
    CheckConstraint("deleted OR data IS NOT NULL", name="data"),
    CheckConstraint("seq > 0", name="seq"),
    Index(None, "stream", "seq", unique=True),
    Index(None, "at", postgresql_where=text("deleted")),
    comment="The newest version of every record; seq is its place in the stream.",
)

release = Table(
    "release",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger),
    Column("channel", Text, nullable=False, server_default=text("'stable'")),
    Column("manifest", JSONB, nullable=False, comment="The signed envelope."),
    Column("object_key", Text, nullable=False),
    Column("object_sha256", Text, nullable=False),
    Column("object_bytes", BigInteger, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("number > 0", name="number"),
    comment="What was published: releases of the catalogue, and of models (which have no seq).",
)
