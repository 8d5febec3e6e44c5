"""A learner made from the text, the bundled catalogue's taste features, and people with tastes."""

from dataclasses import dataclass

import numpy as np
import pytest

from model_export.arrays import NumpyOps
from model_export.encode import vocabulary_of
from model_export.personal import learn, spec
from model_export.personal.export import build_learn_graph
from model_export.personal.rewards import feedback_of
from model_export.personal.runtime import Learner


@pytest.fixture(scope="session")
def learn_model(catalog):
    return build_learn_graph(vocabulary_of(catalog, spec.VOCABULARIES)).SerializeToString(deterministic=True)


@pytest.fixture(scope="session")
def learner(learn_model):
    return Learner.load(learn_model)


@pytest.fixture(scope="session")
def items(learner, catalog):
    """[N, K] taste features of the catalogue."""
    return learn.taste_features(NumpyOps(), learner.vocabulary, learner.tensors(catalog))


@dataclass
class Person:
    """Somebody who likes exercises by their features, and partly for reasons no feature knows."""

    utility: np.ndarray
    slugs: list
    rng: np.random.Generator

    @classmethod
    def random(cls, seed, items, slugs):
        rng = np.random.default_rng(seed)
        taste = rng.normal(0, 0.5, items.shape[1]) * (rng.random(items.shape[1]) < 0.5)
        return cls(items[:, 1:] @ taste[1:] + rng.normal(0, 0.3, len(items)), slugs, rng)

    @classmethod
    def who_likes(cls, seed, items, slugs, **tastes):
        """tastes: feature name with __ for the colon -> liking in rewards."""
        names = [row["name"].replace(":", "__") for row in spec.TASTE]
        vector = np.array([tastes.get(name, 0.0) for name in names])
        rng = np.random.default_rng(seed)
        return cls(items @ vector + rng.normal(0, 0.1, len(items)), slugs, rng)

    def does(self, places):
        """Feedback on a session: skips what is disliked more often, rates a third of the slots by a noisy feeling."""
        slots = []
        for place in places:
            feeling = self.utility[place] + self.rng.normal(0, 0.7)
            done = self.rng.random() < 1 / (1 + np.exp(-2.2 - 1.5 * self.utility[place]))
            rating = (
                (1 if feeling > 0.5 else -1 if feeling < -0.8 else 0) if self.rng.random() < 0.35 else None
            )
            outcome = "completed" if done else "skipped"
            slots.append({"slug": self.slugs[place], "outcome": outcome, "rating": rating, "pain": 0})
        return feedback_of(slots)

    def session(self, size=10):
        return self.does(self.rng.choice(len(self.slugs), size, replace=False))


@pytest.fixture(scope="session")
def random_person(items, catalog):
    return lambda seed: Person.random(seed, items, list(catalog.places))


@pytest.fixture(scope="session")
def person_who_likes(items, catalog):
    return lambda seed, **tastes: Person.who_likes(seed, items, list(catalog.places), **tastes)


def ranks(values):
    """Average ranks, ties shared."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


@pytest.fixture(scope="session")
def rank_correlation():
    """Spearman's, 0 where one of them is constant."""

    def rho(a, b):
        a, b = ranks(a), ranks(b)
        return 0.0 if a.std() == 0 or b.std() == 0 else float(np.corrcoef(a, b)[0, 1])

    return rho


def scales(matrix):
    """Covariance [K, K] of a state's matrix."""
    return matrix[:, :-1] + spec.PRIOR * np.eye(spec.K, dtype=np.int64)


@pytest.fixture(scope="session")
def covariance():
    return scales
