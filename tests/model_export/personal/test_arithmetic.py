"""The integers: the graph is the reference, nothing overflows, and the proof in learn.py is seen to hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_export.arrays import NumpyOps
from model_export.personal import learn, spec, verify
from model_export.personal.runtime import Learner
from tests.thorough import often

INT32 = 2**31


class Checked(np.ndarray):
    """int64 that fails when a result would not have been an int32."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        plain = [np.asarray(x, np.int64) if np.asarray(x).dtype != bool else np.asarray(x) for x in inputs]
        options.pop("out", None)
        if options.get("dtype") == np.int32:
            options["dtype"] = np.int64
        result = getattr(ufunc, method)(*plain, **options)
        assert np.abs(result).max(initial=0) < INT32, f"{ufunc.__name__} leaves int32"
        return np.asarray(result).view(Checked)


def checked(x):
    return np.asarray(x, np.int64).view(Checked)


class CheckedOps(NumpyOps):
    """The reference on `Checked` integers."""

    def const(self, value):
        return checked(value)

    def i32(self, x):
        return checked(x)

    def where(self, c, a, b):
        return checked(np.where(np.asarray(c), np.asarray(a), np.asarray(b)))

    def col(self, x):
        return checked(x)[:, None]

    def row(self, x):
        return checked(x)[None, :]

    def hcat(self, xs):
        return checked(np.concatenate([np.asarray(x) for x in xs], axis=1))

    def join(self, xs):
        return checked(np.concatenate([np.asarray(x) for x in xs]))

    def loop(self, steps, go, state, body, width):
        return checked(super().loop(steps, go, state, body, width))


def learned(matrix, items, rows, ops=None):
    """The matrix [K, K + 1] after rows of feedback, by the reference."""
    flat, _ = learn.learn(ops or NumpyOps(), matrix, items, verify.feedback_array(rows))
    return np.asarray(flat).reshape(spec.K, spec.K + 1)


def dense_items(rng, count=40):
    """Exercises with as many features as the specification allows, which no catalogue has."""
    items = np.zeros((count, spec.K), np.int32)
    names = [row["name"].split(":")[0] for row in spec.TASTE]
    for row in items:
        for group in ("type", "posture"):
            row[rng.choice([i for i, name in enumerate(names) if name == group])] = 1
        row[[i for i, name in enumerate(names) if name not in ("type", "posture")]] = 1
        row[rng.choice(spec.K, rng.integers(0, 6))] = 0
        row[0] = 1
    items[0] = 0
    items[0, [i for i, name in enumerate(names) if name not in ("type", "posture")] + [1, 12]] = 1
    assert items.sum(1).max() == spec.MOST_ACTIVE
    return items


def random_rows(rng, count, size):
    return list(zip(rng.integers(0, count, size), rng.integers(-2, 3, size), strict=True))


def same(one, other):
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_the_graph_gives_the_reference_to_the_byte_over_a_life_of_feedback(learner, catalog):
    assert verify.different(learner, catalog, sessions=300, seed=1) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(often(1, 10)))
def test_thousands_of_sessions_give_the_reference_to_the_byte(learner, catalog, seed):
    assert verify.different(learner, catalog, sessions=1500, seed=100 + seed) == 0


def test_one_thread_and_four_give_the_same_bytes(learn_model, learner, catalog):
    four, rng = Learner.load(learn_model, threads=4), np.random.default_rng(2)
    state = learner.initial_state()
    for _ in range(60):
        rows = random_rows(rng, len(catalog.exercises), 12)
        one = learner.run(state, catalog, rows)
        assert same(four.run(state, catalog, rows), one)
        state = one["state_out"]


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(0, 64), wild=st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_state_and_no_feedback_leaves_int32(seed, size, wild):
    """Learned states of the densest exercises, and arrays of arbitrary numbers, through checked integers."""
    rng = np.random.default_rng(seed)
    items = dense_items(rng)
    if wild:
        edges = np.array([-INT32, INT32 - 1, spec.BOUND, -spec.BOUND, 0])
        matrix = rng.choice(edges, (spec.K, spec.K + 1)).astype(np.int32)
    else:
        matrix = learned(np.zeros((spec.K, spec.K + 1), np.int32), items, random_rows(rng, len(items), 64))
    rows = random_rows(rng, len(items), size)
    careful = learned(checked(matrix), items, rows, CheckedOps())
    assert np.array_equal(careful, learned(matrix, items, rows))
    assert np.abs(careful).max() <= spec.BOUND
    points = learn.points(CheckedOps(), checked(careful[:, -1]), checked(items))
    assert np.abs(points).max() <= spec.MOST_POINTS


def assert_sound(matrix, items, covariance):
    """Everything that the proof in learn.py says of a learned state."""
    p = covariance(matrix.astype(np.int64))
    assert np.array_equal(p, p.T)
    assert p.diagonal().max() <= spec.PRIOR
    eigenvalues = np.linalg.eigvalsh(p.astype(float))
    assert eigenvalues[0] > 0
    assert eigenvalues[-1] <= 2 * spec.PRIOR
    assert np.abs(p @ items.T.astype(np.int64)).max() < spec.GAIN


def worst(kind, rng, count, size=64):
    """A batch of feedback meant to do harm."""
    if kind == "one item, liked for ever":
        return [(0, 2)] * size
    if kind == "one item, up and down":
        return [(0, 2 if i % 2 else -2) for i in range(size)]
    if kind == "everything disliked":
        return [(i % count, -2) for i in range(size)]
    if kind == "two that differ in one thing, one liked and one not":
        return [(i % 2, 2 - 4 * (i % 2)) for i in range(size)]
    return [(int(rng.integers(count)), int(rng.choice([-2, 2]))) for _ in range(size)]


KINDS = (
    "one item, liked for ever", "one item, up and down", "everything disliked",
    "two that differ in one thing, one liked and one not", "extremes at random",
)  # fmt: skip


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_rows_meant_to_do_harm_leave_a_sound_state(kind, dense, items, covariance):
    rng = np.random.default_rng(5)
    given_items = dense_items(rng) if dense else items
    matrix = np.zeros((spec.K, spec.K + 1), np.int32)
    for _ in range(60):
        matrix = learned(matrix, given_items, worst(kind, rng, len(given_items)))
        assert_sound(matrix, given_items, covariance)


@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 39), st.integers(-2, 2)), min_size=1, max_size=64), max_size=8
    ),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_any_feedback_leaves_a_sound_state(batches, seed, covariance):
    given_items = dense_items(np.random.default_rng(seed))
    matrix = np.zeros((spec.K, spec.K + 1), np.int32)
    for rows in batches:
        matrix = learned(matrix, given_items, rows)
    assert_sound(matrix, given_items, covariance)


def test_the_integers_follow_the_real_filter(items, covariance):
    """The same model in float64 with no rounding and no clipping, 3,000 rows of a person with tastes.

    The integers stop forgetting at half a unit a row, so they may differ by 256 / 2 in the covariance, and little else.
    """
    rng = np.random.default_rng(8)
    taste = rng.normal(0, 0.3, spec.K)
    p, t = spec.PRIOR * np.eye(spec.K), np.zeros(spec.K)
    matrix = np.zeros((spec.K, spec.K + 1), np.int32)
    for _ in range(3000 // 60):
        chosen = rng.integers(0, len(items), 60)
        rewards = np.clip(np.round(items[chosen] @ taste + rng.normal(0, 1, 60)), -2, 2).astype(int)
        matrix = learned(matrix, items, list(zip(chosen, rewards, strict=True)))
        for place, reward in zip(chosen, rewards, strict=True):
            x = items[place].astype(float)
            gain = p @ x / (spec.NOISE + x @ p @ x)
            t, p = (
                t + gain * (reward * spec.UNIT - x @ t) - t / (2 * spec.FORGET),
                p - np.outer(gain, p @ x) - (p - spec.PRIOR * np.eye(spec.K)) / spec.FORGET,
            )
    assert np.abs(covariance(matrix) - p).max() < spec.FORGET / 2
    assert np.abs(matrix[:, -1] - t).max() < spec.UNIT / 40


def test_how_feedback_is_cut_into_batches_changes_nothing(learner, catalog):
    rng = np.random.default_rng(4)
    slugs = list(catalog.places)
    feedback = [(slugs[i], int(r)) for i, r in random_rows(rng, len(slugs), 150)]
    at_once = learner.update(learner.initial_state(), catalog, feedback)
    one_by_one = learner.initial_state()
    for answer in feedback:
        one_by_one = learner.update(one_by_one, catalog, [answer])
    assert at_once.tobytes() == one_by_one.tobytes()
    assert at_once[0] == 150


def test_no_feedback_leaves_the_state_as_it_is(learner, catalog):
    rng = np.random.default_rng(6)
    slugs = list(catalog.places)
    state = learner.update(
        learner.initial_state(), catalog, [(slugs[i], 2) for i in rng.integers(0, 300, 30)]
    )
    assert learner.run(state, catalog, [])["state_out"].tobytes() == state.tobytes()
    assert learner.update(state, catalog, []).tobytes() == state.tobytes()


def test_rows_after_one_that_names_no_exercise_do_not_count(learner, catalog):
    count = len(catalog.exercises)
    start = learner.initial_state()
    two = learner.run(start, catalog, [(3, 2), (5, -1)])["state_out"]
    for stop in (-1, -7, count, INT32 - 1):
        rows = [(3, 2), (5, -1), (stop, 2), (7, 2)]
        assert learner.run(start, catalog, rows)["state_out"].tobytes() == two.tobytes()


def test_a_reward_out_of_range_counts_as_the_greatest(learner, catalog):
    start = learner.initial_state()
    assert same(learner.run(start, catalog, [(3, INT32 - 1)]), learner.run(start, catalog, [(3, 2)]))
    assert same(learner.run(start, catalog, [(3, -INT32)]), learner.run(start, catalog, [(3, -2)]))


def test_the_count_of_answers_stops_rather_than_turns_over(learner, catalog):
    state = learner.initial_state()
    for start in (spec.MOST_SEEN, INT32 - 1):
        state[0] = start
        assert learner.run(state, catalog, [(0, 1)] * 64)["state_out"][0] == spec.MOST_SEEN
