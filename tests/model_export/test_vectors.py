"""The shared vectors say what this code does, and say so when they are out of date."""

import dataclasses
import json

import numpy as np
import pytest

from model_export import vectors, vectors_cases, vectors_checker, vectors_learner
from model_export.checker import check
from model_export.encode import fnv1a, noise
from model_export.runtime import run_graph

SAMPLE = slice(0, None, 17)


@pytest.fixture(scope="module")
def plans(held):
    return vectors.read(vectors.PLANS, held)


@pytest.mark.parametrize("name", vectors.NAMES)
def test_the_vectors_were_made_for_the_bundle_that_ships(held, name):
    vectors.read(name, held)


@pytest.mark.parametrize("name", vectors.NAMES)
def test_vectors_of_another_bundle_say_how_to_make_them_again(held, name):
    other = json.loads(json.dumps(held.manifest))
    other["files"]["generator.onnx"]["sha256"] = other["catalog"]["digest"] = "0" * 64
    with pytest.raises(vectors.StaleVectors, match="run `python -m model_export vectors`"):
        vectors.read(name, dataclasses.replace(held, manifest=other))


def test_missing_vectors_say_how_to_make_them(held, tmp_path):
    with pytest.raises(vectors.StaleVectors, match="run `python -m model_export vectors`"):
        vectors.read(vectors.PLANS, held, tmp_path)


@pytest.fixture(scope="module")
def models(held):
    return vectors.Models.load(held)


def test_reference_and_graph_make_of_them_what_they_promise(held, models, plans):
    sampled = vectors.Plans(plans.header, plans.cases[SAMPLE])
    assert len(plans.cases) == 1000
    for each in (vectors.reference(held), models):
        assert list(vectors.differences(each, held, sampled)) == [], f"out of date? {vectors.HOW}"


def test_a_plan_that_differs_in_one_number_is_found(held, models, plans):
    def run(*given):
        outputs = models.run(*given)
        outputs["plan"][-1, -1] += 1
        return outputs

    sampled = vectors.Plans(plans.header, plans.cases[1:2])
    (found,) = vectors.differences(dataclasses.replace(models, run=run), held, sampled)
    assert found.startswith("case 0: plan")


def test_some_routines_are_tilted_by_what_was_learned_and_some_states_are_refused(plans):
    texts = [((case["payload"].get("history") or {}).get("learned")) for case in plans.cases]
    assert len({len(text) for text in texts if text}) == 2


def test_no_case_promises_an_unsafe_routine(plans):
    assert [n for n, case in enumerate(plans.cases) if case["refused"] == "unsafe"] == []


def test_twins_tie_for_every_seed(held, plans):
    catalog = vectors.catalogs(held, plans.header)["twins"]
    slugs = [extra["slug"] for extra in plans.header["twins"]["exercises"] if not extra["changes"]]
    assert len(slugs) > 200
    for one, two in zip(slugs[::2], slugs[1::2], strict=True):
        assert one != two
        assert fnv1a(one) == fnv1a(two)
    for seed in (0, 7, 2**32 - 1):
        made = noise(catalog, seed)
        places = np.array([catalog.places[slug] for slug in slugs])
        assert (made[places[::2]] == made[places[1::2]]).all()


def test_ties_are_met_and_go_to_the_lower_index(held, generator, plans):
    """Of twins that could both be chosen, the first in the catalogue's order always is."""
    named = vectors.catalogs(held, plans.header)
    slugs = [extra["slug"] for extra in plans.header["twins"]["exercises"] if not extra["changes"]]
    pairs = [sorted(pair) for pair in zip(slugs[::2], slugs[1::2], strict=True)]
    met = 0
    for case in [c for c in plans.cases if c["catalog"] == "twins" and not c["payload"]["explore"]][:60]:
        catalog = named["twins"]
        history = (case["payload"].get("history") or {}).get("exercises") or {}
        request = vectors.parse(case["payload"], catalog)
        items = run_graph(generator, catalog, request)["plan"][:, 0].tolist()
        for first, second in pairs:
            if first in history or second in history or catalog.places[second] not in items:
                continue
            met += 1
            assert catalog.places[first] in items
    assert met > 10


def test_every_payload_is_read_or_refused_as_promised(held, catalog):
    content = vectors.read(vectors.REQUESTS, held)
    fields = set()
    for case in content["cases"]:
        payload = vectors_checker.patched({"payload": content["good"]}, case["patch"])["payload"]
        assert vectors_cases.field_of(payload, catalog) == case["field"], (
            f"{case}: out of date? {vectors.HOW}"
        )
        fields.add(case["field"])
    assert len(content["cases"]) > 300
    assert len(fields) > 40


def test_every_tampered_routine_breaks_the_promised_rules(held, catalog):
    content = vectors.read(vectors.CHECKER, held)
    broken = set()
    for case in content["cases"]:
        result = vectors_checker.patched(content["routines"][case["routine"]], case["patch"])
        rules = sorted({v.rule for v in check(catalog, result["payload"], result["routine"])})
        assert rules == case["rules"], f"{case}: out of date? {vectors.HOW}"
        broken.update(rules)
    # F07 looks at the catalogue's cue, which no change to a routine can take away.
    assert set(content["checks"]) - broken == {"F07"}


def test_the_learner_makes_of_its_feedback_what_they_promise(held, models, catalog):
    content = vectors.read(vectors.LEARNER, held)
    assert list(vectors_learner.differences(models.learner, catalog, content)) == [], (
        f"out of date? {vectors.HOW}"
    )
    assert len({case["personal"] for case in content["cases"]}) > 30
    assert all(case["reason"] for case in content["refusals"])


def test_feedback_that_differs_by_one_reward_is_found(held, models, catalog):
    content = vectors.read(vectors.LEARNER, held)
    first = next(n for n, case in enumerate(content["cases"]) if case["feedback"])
    content["cases"][first]["feedback"][0][1] *= -1
    content["cases"][first]["feedback"][0][1] += content["cases"][first]["feedback"][0][1] == 0
    found = list(vectors_learner.differences(models.learner, catalog, content))
    assert found[0].startswith(f"learner, session {first}: ")


def test_a_patch_leaves_the_document_as_it_was():
    document = {"a": [1, 2]}
    patch = [
        {"op": "copy", "from": "/a/0", "path": "/a/-"}, {"op": "remove", "path": "/a/1"},
        {"op": "replace", "path": "/a/0", "value": 9}, {"op": "add", "path": "/b", "value": []},
    ]  # fmt: skip
    assert vectors_checker.patched(document, patch) == {"a": [9, 1], "b": []}
    assert document == {"a": [1, 2]}
