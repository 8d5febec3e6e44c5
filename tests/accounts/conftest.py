"""The servers of tests/server, for accounts, and one on loopback for OAuth."""

from collections.abc import Callable, Iterator

import pytest

from tests.accounts.oauth_ground import Ground, serving
from tests.accounts.signing_in import clear
from tests.server.conftest import Limber, _serve, empty, limber, start

__all__ = ["empty", "limber", "start"]


@pytest.fixture(scope="session")
def oauth(
    make_session_database: Callable[[str], str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """A running authorization server, shared: each test has people of its own."""
    with serving(make_session_database(template), tmp_path_factory.mktemp("oauth")) as ground:
        yield ground


@pytest.fixture(scope="session")
def house(
    make_session_database: Callable[[str], str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Limber]:
    """A server that many tests share, each with people of its own."""
    served = _serve(make_session_database(template), tmp_path_factory.mktemp("house"))
    yield served
    served.engine.dispose()


@pytest.fixture(scope="session")
def door_of_all(
    make_session_database: Callable[[str], str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Limber]:
    served = _serve(make_session_database(template), tmp_path_factory.mktemp("door"))
    yield served
    served.engine.dispose()


@pytest.fixture
def door(door_of_all: Limber) -> Limber:
    """A server without a single account; the database is shared and emptied, which is quicker than a new one."""
    clear(door_of_all)
    return door_of_all
