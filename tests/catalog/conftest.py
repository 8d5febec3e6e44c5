"""An editors' catalogue with the content files approved in it, cloned for each test."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
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
def seeded(postgres: str, template: str) -> Iterator[str]:
    """Name of a migrated database that holds the content files, to clone."""
    name = f"limber_seeded_{secrets.token_hex(4)}"
    plain = make_url(postgres).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    engine = create_engine(make_url(postgres).set(database=name))
    with engine.begin() as conn:
        load_seed(conn)
    engine.dispose()
    yield name
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
