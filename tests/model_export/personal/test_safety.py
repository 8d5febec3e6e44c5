"""Safety is never learned: whatever a state says, masks, rules and the checker do not move."""

import numpy as np
import pytest

from model_export.checker import check
from model_export.decode import decode
from model_export.encode import encode
from model_export.personal import spec
from model_export.request import parse
from model_export.runtime import impossible
from model_export.sampling import payload
from tests.thorough import often


def routine_of(generator, catalog, given, personal):
    """(outputs of the graph, routine, request) with this `personal` in place of the request's."""
    request = parse(given, catalog)
    tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
    tensors["personal"] = personal.astype(np.int32)
    names = [output.name for output in generator.session.get_outputs()]
    outputs = dict(zip(names, generator.session.run(None, tensors), strict=True))
    # A row of -1 ends a plan.
    outputs["items"] = outputs["plan"][outputs["plan"][:, 0] >= 0, 0]
    routine = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256)
    return outputs, routine, request


def unsafe(generator, catalog, given, personal):
    """Why this routine must not be shown; "" where it may, or where no routine fits the wishes, learned or not."""
    neutral, untilted, request = routine_of(generator, catalog, given, np.zeros_like(personal))
    outputs, routine, _ = routine_of(generator, catalog, given, personal)
    for name in ("blocked_by", "refer"):
        if outputs[name].tolist() != neutral[name].tolist():
            return f"{name} moved"
    if outputs["blocked_by"][outputs["items"]].any():
        return "a blocked item was planned"
    violations = check(catalog, given, routine)
    if impossible(catalog, request, outputs, routine, violations) is not None:
        before = check(catalog, given, untilted)
        possible = impossible(catalog, request, neutral, untilted, before) is None
        return "what was possible no longer is" if possible else ""
    return "; ".join(f"{v.rule} {v.message}" for v in violations)


def prone_to_harm(rng, catalog, number):
    """A random person with conditions, constraints and pain more often than not."""
    given = payload(rng, catalog, red_flags=number % 25 == 0)
    if number % 2 == 0:
        codes = rng.choice(catalog.codes("conditions"), 3, replace=False)
        given["profile"]["conditions"] = [str(code) for code in codes]
    return given


def states(learner, catalog, rng):
    """Learned states at their extremes, and ones nobody could learn but a graph might be handed."""
    slugs = list(catalog.places)
    hazardous = [e["slug"] for e in catalog.exercises if len(e["hazards"]) >= 2]
    gentle = [e["slug"] for e in catalog.exercises if not e["hazards"]]
    loves_danger = [(slug, 2) for slug in hazardous] + [(slug, -2) for slug in gentle]
    wild = rng.integers(-(2**31), 2**31, spec.STATE).astype(np.int32)
    return {
        "loves what is hazardous": learner.update(learner.initial_state(), catalog, loves_danger * 5),
        "one item liked for ever": learner.update(learner.initial_state(), catalog, [(slugs[7], 2)] * 2000),
        "hates everything": learner.update(
            learner.initial_state(), catalog, [(slug, -2) for slug in slugs] * 4
        ),
        "arbitrary numbers": wild,
    }


def broken(generator, catalog, learner, seed, people):
    rng = np.random.default_rng(seed)
    tilts = [learner.personal(state, catalog) for state in states(learner, catalog, rng).values()]
    found = []
    for number in range(people):
        given = prone_to_harm(rng, catalog, number)
        outputs, _, _ = routine_of(generator, catalog, given, tilts[0] * 0)
        # The worst any learner could say: all it may for what is blocked, all it may against the rest.
        against = np.where(outputs["blocked_by"] > 0, spec.MOST_POINTS, -spec.MOST_POINTS)
        reason = unsafe(generator, catalog, given, [*tilts, against][number % (len(tilts) + 1)])
        found += [reason] if reason else []
    return found


def test_no_learned_state_makes_a_routine_unsafe(generator, catalog, learner):
    assert broken(generator, catalog, learner, seed=5, people=80) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(often(1, 10)))
def test_no_learned_state_makes_thousands_of_routines_unsafe(generator, catalog, learner, seed):
    assert broken(generator, catalog, learner, seed=50 + seed, people=400) == []


def test_extreme_states_stay_within_the_bound_and_are_not_idle(catalog, learner):
    for name, state in states(learner, catalog, np.random.default_rng(1)).items():
        personal = learner.personal(state, catalog)
        assert personal.dtype == np.int32, name
        assert 0 < np.abs(personal).max() <= spec.MOST_POINTS, name
