"""Runs: the same bytes twice, people and days kept apart, logs and prior in proportion, and errors that say what to
do."""

import json

import numpy as np
import pytest

from model_export.learning import crossval, prior, slots, training
from model_export.learning.folds import by_person, by_time
from model_export.learning.scorer import Params, probability
from model_export.trees import read_trees

from .making import SMALL, difficulty_law, write_dataset

PRIOR = {"requests": 10, "seed": 3}


def train(catalog, folder, dataset, **options):
    return training.train_on_dataset(
        catalog, folder, dataset, **PRIOR, **{"folds": 3, "prior_slots": 200, "grid": SMALL, **options}
    )


@pytest.fixture(scope="module")
def trained(catalog, dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, train(catalog, folder, dataset)


def test_a_run_on_the_prior_is_reproducible_to_the_byte(catalog, tmp_path):
    for name in ("one", "two"):
        training.train_run(catalog, tmp_path / name, **PRIOR)
    for file in (training.SCORER, training.RUN):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_another_seed_trains_another_scorer(catalog, tmp_path):
    for seed in (1, 2):
        training.train_run(catalog, tmp_path / str(seed), requests=10, seed=seed)
    assert (tmp_path / "1" / training.SCORER).read_bytes() != (tmp_path / "2" / training.SCORER).read_bytes()


def test_the_shipped_trees_follow_the_prior(catalog, tmp_path):
    assert training.train_run(catalog, tmp_path, requests=40, seed=1)["r2_of_the_shipped_trees"] > 0.9


def test_a_run_on_logs_is_reproducible_to_the_byte(trained, catalog, dataset, tmp_path):
    train(catalog, tmp_path, dataset)
    for file in (training.SCORER, training.RUN):
        assert (tmp_path / file).read_bytes() == (trained[0] / file).read_bytes()


def test_another_dataset_trains_another_scorer(trained, catalog, rows, tmp_path):
    write_dataset(tmp_path / "other", rows, seed=9)
    other = train(catalog, tmp_path / "run", tmp_path / "other")
    assert (tmp_path / "run" / training.SCORER).read_bytes() != (trained[0] / training.SCORER).read_bytes()
    assert other["dataset"]["sha256"] != trained[1]["dataset"]["sha256"]


def test_a_run_holds_everything_to_repeat_it(trained):
    run = json.loads((trained[0] / training.RUN).read_text())
    assert run == trained[1]
    assert {"seed", "params", "versions", "code_sha256", "catalog_release", "features", "monotone"} <= set(
        run
    )
    assert run["dataset"]["slots"] == 30 * 6 * 6
    assert len(run["cross_validation"]["table"]) == len(SMALL)
    assert {fold["split"] for fold in run["cross_validation"]["table"][0]["folds"]} == {"person", "time"}
    assert "/" not in run["dataset"]["name"]


def test_it_learns_what_the_people_want(trained, rows):
    trees = read_trees(training.load_scorer(trained[0]))
    truth = difficulty_law(rows)
    assert np.corrcoef(probability(trees(rows)), truth)[0, 1] > 0.8
    assert np.corrcoef(prior.targets(rows), truth)[0, 1] < 0.6
    assert trained[1]["cross_validation"]["table"][0]["mean"]["person"]["auc"] > 0.65


def test_few_logs_do_not_overturn_the_prior_and_many_do(rows, tmp_path):
    """Ten people who love what the prior advises against, beside a prior worth 20,000 slots and beside one worth
    ten."""
    write_dataset(tmp_path / "logs", rows, people=10, law=lambda x: 1 - prior.targets(x))
    data = slots.read_slots(tmp_path / "logs")

    def towards_the_prior(worth):
        blend = crossval.Pseudo(rows, prior.targets(rows), worth).blend(data)
        model = Params(least_rows=20).estimator(0).fit(blend[0].astype(np.float32), *blend[1:])
        return np.corrcoef(model.predict(rows.astype(np.float32)), prior.targets(rows))[0, 1]

    assert towards_the_prior(20_000) > 0.9
    assert towards_the_prior(10) < 0


def test_who_finishes_everything_does_not_teach_that_having_done_an_item_speaks_for_it():
    """People differ in how much they finish, and it shows in their history; the item itself makes no difference."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 100)
    rate = rng.uniform(0.2, 0.95, 60)[person]
    reward = (rng.random(6000) < rate).astype(float)
    done = np.round(10 * rate)
    left = reward - slots.habits(reward, person)
    assert np.corrcoef(done, reward)[0, 1] > 0.4
    assert abs(np.corrcoef(done, left)[0, 1]) < 0.15
    assert left.mean() == pytest.approx(reward.mean(), abs=1e-9)


def test_a_person_of_few_slots_has_hardly_a_habit():
    reward = np.array([1.0] + [1.0, 0.0] * 300)
    person = np.array([0] + [1] * 600)
    assert 0 < slots.habits(reward, person)[0] < 0.02


def test_a_drawn_slot_stands_for_the_candidates_it_was_drawn_from():
    found = slots.weights(np.array([True, True, False]), np.array([0.25, 0.0001, 0.5]), clip=10)
    assert found[0] / found[2] == pytest.approx(4)
    assert found[1] / found[2] == pytest.approx(10)  # clipped
    assert found.mean() == pytest.approx(1)


def test_nobody_is_measured_by_a_model_that_saw_them():
    person = np.random.default_rng(0).integers(0, 40, 600)
    folds = list(by_person(person, 4, 0))
    for fold in folds:
        parts = [set(person[index]) for index in (fold.train, fold.stop, fold.test)]
        assert all(parts)
        assert len(set().union(*parts)) == sum(map(len, parts))
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(600))


def test_no_model_is_measured_on_a_day_before_it_was_trained():
    at = np.repeat(np.arange(50), 7)
    folds = list(by_time(at, 3))
    assert len(folds) == 3
    for fold in folds:
        assert at[fold.train].max() < at[fold.stop].min() <= at[fold.stop].max() < at[fold.test].min()
    assert len(folds[0].train) < len(folds[1].train) < len(folds[2].train)


def test_one_day_of_logs_has_no_later_time_to_measure():
    assert list(by_time(np.zeros(100, np.int64), 3)) == []


def test_the_cheapest_of_equally_good_ensembles_is_chosen():
    def entry(trees, error, spread):
        return {
            "params": {"trees": trees, "depth": 5},
            "mean": {"person": {"brier": error, "brier_se": spread}},
        }

    table = [entry(24, 0.200, 0.004), entry(8, 0.203, 0.004), entry(4, 0.21, 0.004)]
    assert crossval.choose(table) == 1


def test_too_few_people_are_refused(catalog, rows, tmp_path):
    write_dataset(tmp_path / "few", rows, people=4)
    with pytest.raises(ValueError, match="4 people are too few"):
        train(catalog, tmp_path / "run", tmp_path / "few")


def test_a_dataset_without_slots_is_refused(catalog, rows, tmp_path):
    write_dataset(tmp_path / "none", rows, people=0)
    with pytest.raises(slots.SlotsInvalid, match="holds no slot"):
        train(catalog, tmp_path / "run", tmp_path / "none")


def test_a_dataset_made_for_other_features_is_refused(dataset, monkeypatch):
    monkeypatch.setattr(slots, "FEATURES", ("shoe_size",))
    with pytest.raises(slots.SlotsInvalid, match="made for other features"):
        slots.read_slots(dataset)


def test_more_slots_than_fit_are_sampled_by_whole_people(dataset):
    everybody, some = slots.read_slots(dataset), slots.read_slots(dataset, most=500)
    assert 0 < len(some) < len(everybody)
    assert set(some.people) < set(everybody.people)
    for place, name in enumerate(some.people):
        whole = everybody.person == everybody.people.index(name)
        assert (some.person == place).sum() == whole.sum()


def test_a_run_without_a_scorer_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="train --run"):
        training.load_scorer(tmp_path)
