"""What was learned acts: routines of the shipped generator with and without it, on simulated people."""

import numpy as np
import pytest

from model_export.contract import PLAN
from model_export.encode import encode
from model_export.personal import spec
from model_export.request import parse


def plan_of(generator, catalog, given, personal):
    """Indices of the planned items, with this `personal` in place of the request's."""
    request = parse(given, catalog)
    tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
    (plan,) = generator.session.run(["plan"], {**tensors, "personal": personal})
    # A row of -1 ends a plan.
    return plan[plan[:, 0] >= 0, 0], plan


def planned(generator, catalog, personal, feature, seeds):
    """Share of planned items that have the feature, over cool-downs of one healthy person."""
    with_it = total = 0
    for seed in seeds:
        given = {
            "request": {"kind": "cooldown", "activity": "general", "budget_s": 900},
            "profile": {"equipment": ["chair", "mat", "strap"]}, "seed": seed,
        }  # fmt: skip
        chosen, _ = plan_of(generator, catalog, given, personal)
        with_it += int(feature[chosen].sum())
        total += len(chosen)
    return with_it / total


def test_what_was_learned_acts_on_the_routine(generator, catalog, learner, items, person_who_likes):
    """A dislike of the floor takes two fifths of it out of cool-downs within thirty sessions, and bars none of it."""
    floor = items[:, [row["name"] for row in spec.TASTE].index("posture:floor")]
    person, state = person_who_likes(3, posture__floor=-1.0), learner.initial_state()
    for _ in range(30):
        state = learner.update(state, catalog, person.session(12))
    nothing = np.zeros(len(items), np.int32)
    before = planned(generator, catalog, nothing, floor, range(8))
    after = planned(generator, catalog, learner.personal(state, catalog), floor, range(8))
    assert before > 0.2
    assert 0 < after < before * 0.6


def welcome(generator, catalog, learner, person, seed, learning):
    """[24] mean utility of the routines of a person who does what the generator says and answers."""
    state, found, kinds = learner.initial_state(), [], ("warmup", "cooldown", "mobility")
    for session in range(24):
        given = {
            "request": {"kind": kinds[session % 3], "activity": "general", "budget_s": 780},
            "profile": {"equipment": ["chair", "mat", "strap"]}, "seed": 1000 * seed + session,
        }  # fmt: skip
        personal = learner.personal(state if learning else learner.initial_state(), catalog)
        chosen, _ = plan_of(generator, catalog, given, personal)
        found.append(person.utility[chosen].mean())
        state = learner.update(state, catalog, person.does(chosen))
    return found


@pytest.mark.slow
def test_routines_become_more_welcome_than_without_learning(generator, catalog, learner, random_person):
    """Simulation only: people learn from nothing but their own routines, so what is not shown is not learned."""
    gain = np.array(
        [
            np.subtract(
                welcome(generator, catalog, learner, random_person(seed), seed, True),
                welcome(generator, catalog, learner, random_person(seed), seed, False),
            )
            for seed in range(8)
        ]
    )
    assert gain[:, 0].max() == gain[:, 0].min() == 0
    assert gain[:, 12:].mean() > gain[:, :3].mean()
    assert gain[:, 12:].mean() > 0.08
    assert (gain[:, 6:].mean(1) > 0).all()


def test_the_learned_part_of_a_score_is_exactly_what_the_learner_said(generator, catalog, learner):
    slugs = list(catalog.places)
    state = learner.update(learner.initial_state(), catalog, [(slug, 2) for slug in slugs[::3]])
    personal = learner.personal(state, catalog)
    given = {"request": {"kind": "warmup", "activity": "football", "budget_s": 720}, "seed": 1}
    chosen, plan = plan_of(generator, catalog, given, personal)
    parts = plan[: len(chosen), PLAN.index("personal")]
    assert parts.tolist() == personal[chosen].tolist()
    assert parts.any()
