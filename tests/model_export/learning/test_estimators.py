"""The estimators against a bandit whose truth is known: no bias, honest intervals, and errors where logs say
nothing."""

import numpy as np
import pytest

from model_export.learning.estimators import Rounds, estimate, importance, mean_interval

PEOPLE, EACH, ARMS = 120, 8, 5


def bandit(seed, *, model_error=0.1):
    """Rounds of a uniform logging policy over five candidates, and the true value of the target, which picks by a noisy
    guess. People differ, so rounds of one person hang together."""
    rng = np.random.default_rng(seed)
    n = PEOPLE * EACH
    person = np.repeat(np.arange(PEOPLE), EACH)
    taste = rng.normal(0, 0.12, PEOPLE)[person, None]
    chance = np.clip(rng.beta(3, 2, (n, ARMS)) + taste, 0.02, 0.98)
    guess = np.clip(chance + rng.normal(0, model_error, chance.shape) + 0.08, 0, 1)
    picked = (chance + rng.normal(0, 0.15, chance.shape)).argmax(1)
    shown = rng.integers(0, ARMS, n)
    at = np.arange(n)
    reward = (rng.random(n) < chance[at, shown]).astype(float)
    rounds = Rounds(
        reward,
        np.full(n, 1 / ARMS),
        (shown == picked).astype(float),
        guess[at, shown],
        guess[at, picked],
        person,
    )
    return rounds, float(chance[at, picked].mean())


@pytest.fixture(scope="module")
def replications():
    return [
        (estimate(rounds, resamples=200, seed=i), truth)
        for i, (rounds, truth) in enumerate(map(bandit, range(150)))
    ]


@pytest.mark.parametrize("name", ["ips", "snips", "dr"])
def test_an_estimate_is_right_on_average(replications, name):
    errors = np.array([getattr(report, name).value - truth for report, truth in replications])
    assert abs(errors.mean()) < 3 * errors.std() / np.sqrt(len(errors)) + 0.002


@pytest.mark.parametrize("name", ["ips", "snips", "dr"])
def test_an_interval_holds_the_truth_as_often_as_it_says(replications, name):
    inside = np.mean([getattr(r, name).low <= truth <= getattr(r, name).high for r, truth in replications])
    assert 0.9 <= inside <= 0.99


def test_a_reward_model_makes_dr_tighter_even_when_it_is_biased(replications):
    spread = {
        n: np.std([getattr(r, n).value - truth for r, truth in replications]) for n in ("ips", "snips", "dr")
    }
    assert spread["dr"] < spread["snips"] < spread["ips"]


def test_a_wrong_reward_model_leaves_dr_right_because_the_chances_are_known():
    errors = []
    for seed in range(80):
        rounds, truth = bandit(seed)
        wrong = Rounds(rounds.reward, rounds.propensity, rounds.target, rounds.model_shown * 0 + 0.9,
                       rounds.model_target * 0 + 0.9, rounds.person)  # fmt: skip
        errors.append(estimate(wrong, resamples=1).dr.value - truth)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors)) + 0.002


def test_intervals_by_person_are_wider_than_by_slot_when_people_differ():
    """Counting slots as independent would promise too much."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 20)
    value = (rng.random(1200) < np.repeat(rng.uniform(0.1, 0.9, 60), 20)).astype(float)
    by_person, by_slot = mean_interval(value, person), mean_interval(value, np.arange(1200))
    assert by_person.value == by_slot.value == value.mean()
    assert by_person.high - by_person.low > 2 * (by_slot.high - by_slot.low)


def test_the_effective_sample_is_what_matched_when_all_weights_are_equal():
    rounds, _ = bandit(3)
    report = estimate(rounds, resamples=10)
    assert report.effective == pytest.approx(report.matched)
    assert report.largest_weight == ARMS
    assert report.rounds == PEOPLE * EACH
    assert report.matched == pytest.approx(PEOPLE * EACH / ARMS, rel=0.15)


def test_the_logging_policy_itself_is_worth_what_it_earned():
    rounds, _ = bandit(4)
    own = Rounds(
        rounds.reward,
        rounds.propensity,
        rounds.propensity,
        rounds.model_shown,
        rounds.model_shown,
        rounds.person,
    )
    report = estimate(own, resamples=10)
    assert report.ips.value == pytest.approx(rounds.reward.mean())
    assert report.snips.value == pytest.approx(rounds.reward.mean())
    assert report.effective == pytest.approx(report.rounds)


def test_a_policy_that_nothing_matches_has_no_snips_and_an_ips_of_zero():
    rounds, _ = bandit(5)
    never = Rounds(
        rounds.reward,
        rounds.propensity,
        rounds.target * 0,
        rounds.model_shown,
        rounds.model_target,
        rounds.person,
    )
    report = estimate(never, resamples=10)
    assert np.isnan(report.snips.value)
    assert report.ips.value == 0
    assert report.matched == 0
    assert report.dr.value == pytest.approx(rounds.model_target.mean())


@pytest.mark.parametrize("propensity", [0.0, -0.2, 1.5])
def test_an_impossible_propensity_is_refused(propensity):
    rounds, _ = bandit(6)
    broken = Rounds(rounds.reward, np.full_like(rounds.reward, propensity), rounds.target, rounds.model_shown,
                    rounds.model_target, rounds.person)  # fmt: skip
    with pytest.raises(ValueError, match="propensity"):
        importance(broken)


def test_no_rounds_is_an_error_that_says_so():
    nothing = np.zeros(0)
    with pytest.raises(ValueError, match="no explored slot"):
        estimate(Rounds(nothing, nothing, nothing, nothing, nothing, nothing.astype(np.int64)))
