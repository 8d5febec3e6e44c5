"""The bundled catalogue and model: what the app's first launch has."""

import numpy as np
import pytest

from model_export import bundle
from model_export.runtime import Generator


@pytest.fixture(scope="session")
def held():
    return bundle.read()


@pytest.fixture(scope="session")
def catalog(held):
    return held.catalog


@pytest.fixture(scope="session")
def generator(held):
    return Generator.load(held.model)


@pytest.fixture
def rng():
    return np.random.default_rng(20261123)


KIT = ["chair", "mat", "step", "doorway", "strap"]


@pytest.fixture(scope="session")
def ask():
    """ask("warmup", "football", 12, age=40, conditions=[...], gap_s=600, seed=3) -> payload"""

    def payload(kind, activity, minutes, *, seed=0, gap_s=None, local_time=None, history=None, **profile):
        request = {"kind": kind, "activity": activity, "budget_s": minutes * 60}
        if gap_s is not None:
            request["gap_s"] = gap_s
        if local_time is not None:
            request["local_time"] = local_time
        made = {"request": request, "profile": {"equipment": KIT, **profile}, "seed": seed}
        if history is not None:
            made["history"] = {"exercises": history}
        return made

    return payload
