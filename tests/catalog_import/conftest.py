"""The catalogue's content in a database, small sets of our own, and whoever imports them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from server.catalog.content import read_seed
from server.catalog.history import Actor
from server.catalog.importing import batches
from server.catalog.importing.batches import Report, Result
from server.catalog.importing.reading import Files, gather
from server.catalog.publish import load_seed

FIXTURES = Path(__file__).parent / "fixtures"
SETS = {
    "free-exercise-db": "free_exercise_db.json",
    "longhaul": "longhaul",
    "wger": "wger",
    "warmup-generator": "warmup_generator.json",
    "csv": "table.csv",
}
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
ANA = Actor("0a000000-0000-4000-8000-000000000001", "Ana", frozenset({"editor"}))
COLLECTIONS = ("exercise", "vocabulary", "activity")


def files_of(form: str) -> dict[str, bytes]:
    """Our own small set of a format."""
    return gather(FIXTURES / SETS[form])


def by_id(report: Report) -> dict[str, Result]:
    """The results by the id that the record has in its set."""
    return {each.source_id: each for each in report.results}


@pytest.fixture(scope="session")
def content() -> dict[tuple[str, str], dict[str, object]]:
    """What an import compares with, of the content files."""
    return {key: data for key, data in read_seed().items() if key[0] in COLLECTIONS}


@pytest.fixture
def look(content: dict[tuple[str, str], dict[str, object]]) -> Callable[..., dict[str, Result]]:
    """`look("csv", files)`: what an import would make of the records, by their id; without a database."""
    return lambda form, files=None: by_id(batches.look(form, files or files_of(form), content))


@pytest.fixture
def filled(conn: Connection, content: dict[tuple[str, str], dict[str, object]]) -> Connection:
    """A database with the approved content."""
    load_seed(conn, content)
    conn.commit()
    return conn


@pytest.fixture
def bring(filled: Connection) -> Callable[..., Report]:
    """`bring("csv", files, dry=True)`: import and commit."""

    def run(form: str, files: Files | None = None, *, actor: Actor = ANA, **how: object) -> Report:
        report = batches.run(filled, actor, form, files or files_of(form), now=NOW, **how)  # type: ignore[arg-type]
        filled.commit()
        return report

    return run


def count(conn: Connection, table: str) -> int:
    """Rows of a table."""
    found = conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return int(found)
