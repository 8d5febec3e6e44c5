"""Properties over random people: each is a fast test of few examples and a slow one of many; and what they compare."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, note, settings

from model_export.request import RequestError, parse
from model_export.runtime import generate, run_graph
from tests.thorough import often

FEW, MANY = 12, often(60, 600)
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


def each(few=FEW, **strategies):
    """The test holds for every example of the strategies; it also gets `generator` and `catalog`."""
    common = {"deadline": None, "suppress_health_check": QUIET, "phases": PHASES}
    profiles = {
        "few": settings(max_examples=few, derandomize=True, **common),
        "many": settings(max_examples=MANY, database=None, **common),
    }

    def property_test(function):
        @pytest.mark.parametrize("size", ["few", pytest.param("many", marks=pytest.mark.slow)])
        def test(size, generator, catalog):
            def body(**drawn):
                note(json.dumps(drawn.get("payload")))
                function(generator, catalog, **drawn)

            profiles[size](given(**strategies)(body))()

        test.__name__, test.__doc__ = function.__name__, function.__doc__
        return test

    return property_test


def made(generator, catalog, payload):
    """The routine; a request that nothing fits is not an example."""
    try:
        return generate(generator, catalog, payload)
    except RequestError:
        assume(False)


def changed(payload, **profile):
    """The same payload with a profile that differs."""
    return {**payload, "profile": {**payload["profile"], **profile}}


def past(payload, **history):
    return {**payload, "history": {**payload.get("history", {}), **history}}


def exercises_past(payload, entries):
    return past(payload, exercises={**payload.get("history", {}).get("exercises", {}), **entries})


def names(routine):
    return [item["slug"] for item in routine["items"]]


def rows(catalog, routine):
    return [catalog.exercises[catalog.places[slug]] for slug in names(routine)]


def hazards(catalog, routine):
    return {hazard for row in rows(catalog, routine) for hazard in row["hazards"]}


def outputs(generator, catalog, payload):
    return run_graph(generator, catalog, parse(payload, catalog))


def free(generator, catalog, payload):
    """Places of the exercises that the graph leaves to this person."""
    return set(np.flatnonzero(outputs(generator, catalog, payload)["blocked_by"] == 0).tolist())


def generate_or_refusal(generator, catalog, payload):
    try:
        return generate(generator, catalog, payload)
    except RequestError as error:
        return str(error)
