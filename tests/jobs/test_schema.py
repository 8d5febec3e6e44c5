"""procrastinate's tables are those of the version that is installed, in a schema of their own."""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

ROOT = Path(__file__).resolve().parents[2]

# Everything that procrastinate's schema consists of; search_path is ours to set, so the bodies are compared.
PARTS = """
SELECT 'column ' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
       || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
 WHERE c.relnamespace = :schema::regnamespace AND c.relkind IN ('r', 'c') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = :schema::regnamespace
UNION ALL
SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = :schema
UNION ALL
SELECT 'trigger ' || tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
 WHERE c.relnamespace = :schema::regnamespace AND NOT tgisinternal
UNION ALL
SELECT 'function ' || proname || '(' || pg_get_function_arguments(oid) || ')', pg_get_function_result(oid) || prosrc
  FROM pg_proc WHERE pronamespace = :schema::regnamespace
UNION ALL
SELECT 'enum ' || typname, string_agg(enumlabel, ' ' ORDER BY enumsortorder)
  FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typnamespace = :schema::regnamespace GROUP BY typname
"""


def parts(conn: Connection, schema: str) -> dict[str, str]:
    found = conn.execute(text(PARTS.replace(":schema", f"'{schema}'")))
    here = f"{schema}.procrastinate"
    named = {
        name.replace(here, "procrastinate"): words.replace(here, "procrastinate") for name, words in found
    }
    return {name: words for name, words in named.items() if not name.split()[1].startswith("attempt")}


def test_the_database_has_what_the_installed_procrastinate_wants(conn: Connection) -> None:
    conn.exec_driver_sql("CREATE SCHEMA fresh")
    conn.exec_driver_sql("SET LOCAL search_path = fresh")
    conn.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    conn.exec_driver_sql("SET LOCAL search_path = public")
    ours, wanted = parts(conn, "jobs"), parts(conn, "fresh")
    assert len(wanted) > 70
    assert ours == wanted


def test_calling_its_functions_needs_no_search_path(conn: Connection) -> None:
    unset = conn.exec_driver_sql(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace AND proconfig IS NULL"
    )
    assert unset.all() == []


def test_the_vendored_file_is_the_librarys_word_for_word() -> None:
    (held,) = (ROOT / "migrations").glob("procrastinate-*.sql")
    # Once a newer version is installed, the database is brought up to date by migrations, and this file stays.
    if held.stem.endswith("3.10"):
        assert held.read_text() == SchemaManager.get_schema()
