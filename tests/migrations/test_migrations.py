"""The migrations build, take down and rebuild exactly the schema that the code's tables describe."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, NullPool, create_engine, inspect, text

from server import database
from server.catalog.tables import metadata  # importing it registers the catalogue's tables too
from server.models.tables import model_rollout  # and the models'
from sync import tables

CATALOGUE = """
SELECT 'column', c.relname, a.attname,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL ' ELSE ' ' END
       || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
"""


@pytest.fixture
def empty(make_database: Callable[[str], str]) -> Iterator[Engine]:
    made = create_engine(make_database("template0"), poolclass=NullPool)
    yield made
    made.dispose()


def url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def downgrade(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    config.attributes["url"] = url(engine)
    command.downgrade(config, "base")


def schema(engine: Engine) -> set[tuple[str, ...]]:
    with engine.connect() as conn:
        return {tuple(row) for row in conn.execute(text(CATALOGUE)) if row[1] != "alembic_version"}


def test_migrating_up_down_and_up_again_gives_the_same_schema(empty: Engine) -> None:
    database.migrate(url(empty))
    first = schema(empty)
    assert {row[1] for row in first} == set(metadata.tables)
    assert model_rollout.name in metadata.tables
    downgrade(empty)
    assert schema(empty) == set()
    database.migrate(url(empty))
    assert schema(empty) == first


def test_migrating_twice_keeps_the_data(empty: Engine) -> None:
    database.migrate(url(empty))
    with empty.begin() as conn:
        conn.execute(tables.stream.insert().values(stream="s", epoch="e"))
    database.migrate(url(empty))
    with empty.connect() as conn:
        assert conn.execute(tables.stream.select()).all() == [("s", "e", 0, 0, 0, 0)]


def test_the_tables_in_the_code_are_the_tables_in_the_database(empty: Engine, engine: Engine) -> None:
    assert metadata is tables.metadata
    with engine.connect() as conn:
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    # Alembic compares neither primary keys nor checks, so compare what PostgreSQL itself says of both.
    metadata.create_all(empty)
    assert schema(empty) == schema(engine)


def test_two_processes_may_migrate_at_once(empty: Engine) -> None:
    migrate = [sys.executable, "-c", "import sys; from server import database; database.migrate(sys.argv[1])"]
    both = [subprocess.Popen([*migrate, url(empty)], cwd=database.MIGRATIONS.parent) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert "record" in inspect(empty).get_table_names()


def test_migrating_without_a_url_says_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    config = Config(str(database.MIGRATIONS / "alembic.ini"))
    with pytest.raises(SystemExit, match="Set DATABASE_URL"):
        command.upgrade(config, "head")


def test_the_command_line_takes_the_url_from_the_environment(
    empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = empty.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", plain)
    command.upgrade(Config(str(database.MIGRATIONS / "alembic.ini")), "head")
    assert "record" in inspect(empty).get_table_names()
