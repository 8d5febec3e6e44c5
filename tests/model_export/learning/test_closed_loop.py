"""The same people with every policy: same days, same wishes, all safe; each baseline is what it says it is."""

from dataclasses import replace

import numpy as np
import pytest

from model_export.data.life import life
from model_export.learning import closed_loop, experts, policies, scorer
from model_export.learning.closed_loop import Plan
from model_export.request import parse
from model_export.runtime import Generator, generate

PLAN = Plan(people=2, sessions=3, families=("taste", "hurried"), others=1, other_sessions=3, seed=2)


@pytest.fixture(scope="module")
def rules(held):
    return scorer.replaced(held.model, scorer.constant())


@pytest.fixture(scope="module")
def sessions(held, rules, catalog):
    documents = closed_loop.documents_of(catalog)
    return closed_loop.simulate(held.model, rules, documents, catalog.release, PLAN)


def test_everybody_lives_with_every_policy(sessions):
    assert {(s.policy, s.family, s.person) for s in sessions} == {
        (policy, family, person) for policy in PLAN.names for family, person in PLAN.everybody()
    }


def test_all_policies_are_asked_for_the_same_things_on_the_same_days(sessions):
    asked = {
        policy: [(s.family, s.person, s.number, s.kind, s.activity) for s in sessions if s.policy == policy]
        for policy in PLAN.names
    }
    assert all(wishes == asked["model"] for wishes in asked.values())


def test_chances_and_shares_are_chances_and_shares(sessions):
    for s in sessions:
        assert 0 < s.reward < 1
        assert 0 <= s.completed <= 1
        assert s.answered is None or 0 <= s.answered <= 1


def test_policies_differ_in_what_they_show(sessions):
    shown = {policy: [s.slugs for s in sessions if s.policy == policy] for policy in PLAN.names}
    assert len({str(slugs) for slugs in shown.values()}) == len(PLAN.names)


def test_without_a_bonus_it_is_the_generator_itself(held, catalog, ask):
    generator = Generator.load(held.model)
    payload = ask("warmup", "football", 10, seed=5)
    assert policies.routine(generator, catalog, payload) == generate(generator, catalog, payload)


def test_a_model_without_an_opinion_is_rules_only(rules, catalog):
    plan = replace(PLAN, people=1, names=("model", "rules_only"))
    found = closed_loop.simulate(rules, rules, closed_loop.documents_of(catalog), catalog.release, plan)
    ours, theirs = ([replace(s, policy="") for s in found if s.policy == name] for name in plan.names)
    assert ours == theirs


def test_who_is_told_the_true_chances_earns_more_than_the_rules(held, rules, catalog):
    plan = replace(PLAN, people=4, families=("taste",), names=("oracle", "rules_only"))
    found = closed_loop.simulate(held.model, rules, closed_loop.documents_of(catalog), catalog.release, plan)
    earned = {name: np.mean([s.reward for s in found if s.policy == name]) for name in plan.names}
    assert earned["oracle"] > earned["rules_only"] + 0.01


def test_every_twelfth_person_stays_in_the_chair(held, catalog):
    payload = {"profile": {"constraints": ["no_jump"], "equipment": []}}
    sitting = closed_loop.seated(payload, closed_loop.SEATED_EVERY - 1)
    assert sitting["profile"] == {"constraints": ["seated_only"], "equipment": ["chair"]}
    assert closed_loop.seated(payload, 0) is payload


def test_the_expert_shows_the_list_and_leaves_out_what_is_not_allowed(rules, catalog, ask):
    generator, bonuses = Generator.load(rules), policies.listed(catalog)
    healthy = policies.routine(
        generator, catalog, ask("warmup", "football", 12, age=25, level="trained"), bonuses
    )
    listed = experts.routine_of("warmup", "football")
    assert sum(item["slug"] in listed for item in healthy["items"]) >= 6
    careful = policies.routine(
        generator,
        catalog,
        ask("warmup", "football", 12, age=25, level="trained", constraints=["no_jump"]),
        bonuses,
    )
    hazards = {
        h for item in careful["items"] for h in catalog.exercises[catalog.places[item["slug"]]]["hazards"]
    }
    assert not hazards & {"impact", "impact_high"}


def test_the_expert_has_a_list_of_known_exercises_for_every_wish(catalog):
    for kind in catalog.codes("kinds"):
        for activity in (*catalog.activities, None):
            listed = experts.routine_of(kind, activity)
            assert len(listed) >= 8
            assert set(listed) <= set(catalog.places)


def test_popularity_counts_completions_of_the_kind(catalog, ask):
    popular = policies.Popular(catalog)
    slots = [{"slug": "cat-cow", "outcome": "completed"}, {"slug": "open-book", "outcome": "skipped"}]
    popular.add({"payload": ask("mobility", "general", 10), "slots": slots})
    bonus = popular(parse(ask("mobility", "general", 10), catalog), {})
    assert bonus[catalog.places["cat-cow"]] > 0
    assert np.count_nonzero(bonus) == 1
    assert not popular(parse(ask("warmup", "football", 10), catalog), {}).any()


def test_the_others_who_make_the_popularity_are_not_under_test(catalog):
    assert closed_loop.OTHERS > 10_000


def test_a_catalogue_survives_the_way_to_another_process(catalog):
    again = type(catalog).from_documents(closed_loop.documents_of(catalog), catalog.release)
    assert again.exercises == catalog.exercises
    assert again.vocabulary == catalog.vocabulary


@pytest.mark.slow
def test_two_processes_see_the_same_lives(held, rules, catalog, sessions):
    documents = closed_loop.documents_of(catalog)
    assert closed_loop.simulate(held.model, rules, documents, catalog.release, PLAN, jobs=2) == sessions


def test_a_life_is_the_same_twice(rules, catalog):
    generator = Generator.load(rules)

    def lived():
        bonuses = policies.at_random(catalog)
        return list(
            life(
                "taste",
                1,
                catalog,
                lambda p: policies.routine(generator, catalog, p, bonuses),
                sessions=2,
                seed=0,
            )
        )

    assert lived() == lived()
