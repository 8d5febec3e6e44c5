"""A small dataset of made-up people, and one thread for each test: the suite itself runs in parallel."""

import pytest
from threadpoolctl import threadpool_limits

from model_export.contract import FEATURE_SPEC, VOCABULARIES
from model_export.encode import vocabulary_of
from model_export.learning import prior

from .making import write_dataset


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def rows(catalog):
    """[1200, F] features of random people by the graph's front end."""
    return prior.sampled_rows(catalog, FEATURE_SPEC, vocabulary_of(catalog, VOCABULARIES), 20, 5)[:1200]


@pytest.fixture(scope="session")
def dataset(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "made-up"
    write_dataset(folder, rows)
    return folder
