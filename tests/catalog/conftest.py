"""An editors' catalogue with the content files approved in it, cloned for each test."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url

from server.catalog.history import Actor
from server.catalog.publish import load_seed

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
EDA = Actor("00000000-0000-7000-8000-00000000eda0", "Eda", frozenset({"member", "editor"}))
PAT = Actor("00000000-0000-7000-8000-0000000000a7", "Pat", frozenset({"member", "physio"}))
ADA = Actor("00000000-0000-7000-8000-000000000ada", "Ada", frozenset({"member", "admin"}))
OLE = Actor("00000000-0000-7000-8000-0000000001e0", "Ole", frozenset({"member", "editor"}))


@pytest.fixture(scope="session")
def seeded(make_session_database: Callable[[str], str], template: str) -> str:
    """Name of a migrated database that holds the content files, to clone."""
    url = make_session_database(template)
    engine = create_engine(url)
    with engine.begin() as conn:
        load_seed(conn)
    engine.dispose()
    return make_url(url).database or ""


@pytest.fixture
def desk_engine(make_database: Callable[[str], str], seeded: str) -> Iterator[Engine]:
    made = create_engine(make_database(seeded), pool_size=10)
    yield made
    made.dispose()


@pytest.fixture
def desk(desk_engine: Engine) -> Iterator[Connection]:
    """A connection to an editors' catalogue with the content files in it."""
    with desk_engine.connect() as connection:
        yield connection
