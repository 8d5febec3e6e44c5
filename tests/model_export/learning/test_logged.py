"""What is said of logs: choices that were never made are judged without bias, cohorts are found, samples are whole."""

import numpy as np
import pytest

from model_export.learning import logged, scorer
from model_export.learning.estimators import estimate
from model_export.trees import read_trees

from .making import CANDIDATES, difficulty_law, write_dataset


@pytest.fixture(scope="module")
def log(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("log") / "data"
    write_dataset(folder, rows, people=120, sessions=8, slots=3, seed=4)
    return logged.read_log(folder)


@pytest.fixture(scope="module")
def trees(rows):
    """A scorer that knows the people's law."""
    return read_trees(
        scorer.convert(scorer.fit(rows, difficulty_law(rows), None, scorer.Params(least_rows=10), 0))
    )


def test_drawn_slots_come_with_their_candidates(log):
    e = log.explored
    assert len(e.row) == 120 * 8
    assert set(np.diff(e.start)) <= set(range(2, CANDIDATES + 1))
    assert np.array_equal(e.rows[e.start[:-1] + e.shown], log.rows[e.row])


@pytest.mark.parametrize(
    "choice", ["the model's highest score", "the logging model's first", "by lot, as it was logged"]
)
def test_the_value_of_a_choice_that_was_never_made_is_found_from_drawn_slots(log, trees, choice):
    """The truth is known: the law of every candidate."""
    e = log.explored
    chances = {
        "the model's highest score": lambda: logged.certain(e, logged.picks(e, trees(e.rows))),
        "the logging model's first": lambda: logged.certain(e, np.zeros(len(e.row), np.int64)),
        "by lot, as it was logged": lambda: np.repeat(1 / np.diff(e.start), np.diff(e.start)),
    }[choice]()
    truth = float(np.mean(np.add.reduceat(chances * difficulty_law(e.rows), e.start[:-1])))
    report = logged.off_policy(log, trees, resamples=300)[choice]
    for found in (report.ips, report.snips, report.dr):
        assert found.low - 0.02 <= truth <= found.high + 0.02


def test_a_scorer_that_knows_the_law_earns_more_than_the_lot(log, trees):
    found = logged.off_policy(log, trees, resamples=300)
    assert found["the model's highest score"].dr.low > found["by lot, as it was logged"].dr.high


def test_the_reward_model_never_saw_the_person_it_predicts(log):
    """Shuffling a person's own rewards leaves the predictions for them as they were."""
    half = np.random.default_rng(0).permutation(int(log.person.max()) + 1) % 2
    one = logged.reward_model(log, 0)
    mine = half[log.person] == 0
    flipped = logged.Log(**{**vars(log), "reward": np.where(mine, 1 - log.reward, log.reward)})
    other = logged.reward_model(flipped, 0)
    owner = half[log.person[np.repeat(log.explored.row, np.diff(log.explored.start))]] == 0
    assert np.array_equal(one[owner], other[owner])
    assert not np.array_equal(one[~owner], other[~owner])


def test_a_slot_whose_item_is_not_among_its_candidates_says_nothing():
    features = np.zeros((2, 3), np.int32)
    found = logged.explored_of(np.array([5, 7, 9]), [[5, 6], [1, 2], None], [features, features, None])
    assert found.row.tolist() == [0]
    one = logged.explored_of(np.array([5]), [[5]], [features[:1]])
    assert len(one.row) == 0


def test_the_cohort_that_the_scorer_ranks_worst_is_named(log, trees):
    predicted = scorer.probability(trees(log.rows))
    broken = np.where(log.cohorts["level: beginner"], 1 - predicted, predicted)
    assert logged.worst_cohort(logged.cohort_table(log, broken)) == "level: beginner"


def test_a_cohort_too_small_to_judge_is_never_the_worst():
    rows = {
        "a": {"slots": 10, "auc": 0.1},
        "b": {"slots": 5000, "auc": 0.6},
        "c": {"slots": 5000, "auc": float("nan")},
    }
    assert logged.worst_cohort(rows) == "b"
    assert logged.worst_cohort({"a": {"slots": 10, "auc": 0.1}}) is None


def test_routines_are_ranked_within_themselves(log):
    assert logged.ndcg_of_routines(log, log.reward) == 1
    assert logged.ndcg_of_routines(log, -log.reward) < 0.9


def test_the_assessment_of_made_up_people_says_so(log, trees):
    found = logged.assess(log, trees, resamples=50)
    assert found["simulated"] is True
    assert found["explored"] == len(log.explored.row)
    assert {"kind: warmup", "level: trained", "condition: yes"} <= set(found["cohorts"])
    assert 0.5 < found["auc"] < 1


def test_a_value_needs_explored_slots(log):
    with pytest.raises(ValueError, match="no explored slot"):
        estimate(logged.rounds_of(
            logged.Log(**{**vars(log), "explored": logged.explored_of(log.item[:0], [], [])}), np.zeros(0), np.zeros(0)
        ))  # fmt: skip
