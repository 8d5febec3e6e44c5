"""The same cross-validation on Dask: the same figures, and a clear word where Dask is not there."""

import sys

import pytest

from model_export.learning import training
from model_export.learning.engine import Engine, EngineMissing

from .making import SMALL

OPTIONS = {"requests": 10, "seed": 3, "folds": 2, "prior_slots": 200, "grid": SMALL}


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineMissing, match="pip install"), Engine("dask").running():
        pass


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_two_dask_workers_come_to_the_same_scorer(catalog, dataset, tmp_path):
    pytest.importorskip("distributed")
    training.train_on_dataset(catalog, tmp_path / "here", dataset, **OPTIONS)
    training.train_on_dataset(catalog, tmp_path / "there", dataset, engine=Engine("dask", 2), **OPTIONS)
    for file in (training.SCORER, training.RUN):
        assert (tmp_path / "here" / file).read_bytes() == (tmp_path / "there" / file).read_bytes()


@pytest.mark.slow
def test_two_local_processes_come_to_the_same_scorer(catalog, dataset, tmp_path):
    training.train_on_dataset(catalog, tmp_path / "one", dataset, **OPTIONS)
    training.train_on_dataset(catalog, tmp_path / "two", dataset, engine=Engine("local", 2), **OPTIONS)
    assert (tmp_path / "one" / training.SCORER).read_bytes() == (
        tmp_path / "two" / training.SCORER
    ).read_bytes()


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    distributed = pytest.importorskip("distributed")
    client = distributed.Client
    # Nothing listens there: waiting as long as one does for a real one would tell no more.
    monkeypatch.setattr(distributed, "Client", lambda where, timeout: client(where, timeout=timeout / 20))
    with (
        pytest.raises(EngineMissing, match="no Dask scheduler answers"),
        Engine("dask", 1, "tcp://127.0.0.1:9").running(),
    ):
        pass
