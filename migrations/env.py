"""Runs the migrations in one transaction. The URL is the caller's, that of `-x url=…`, or DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import NullPool, create_engine, make_url, text

_LOCK = 7_091_501_114  # any constant: whoever migrates takes this advisory lock


def run() -> None:
    url = (
        context.config.attributes.get("url")
        or context.get_x_argument(as_dictionary=True).get("url")
        or os.environ.get("DATABASE_URL")
    )
    if not url:
        raise SystemExit("Set DATABASE_URL (or pass -x url=postgresql://…) to say which database to migrate.")
    if url.startswith("postgres://"):
        url = url.replace("postgres", "postgresql", 1)
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("The migrations need a database: --sql is not supported.")
run()
