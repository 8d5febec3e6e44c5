"""What changed since last time: every difference once, each with a cause that the two requests bear out."""

import copy

import numpy as np
import pytest

from model_export.evidence.causes import barred
from model_export.evidence.changes import changed_text, compare
from model_export.evidence.claims import lint
from model_export.request import RequestError, parse
from model_export.runtime import UnsafePlan, generate, run_graph
from model_export.sampling import payload as random_payload

CHANGES = {"added", "removed", "longer", "shorter", "moved"}


def base(kind="warmup", activity="football", minutes=12, **profile):
    return {
        "request": {"kind": kind, "activity": activity, "budget_s": minutes * 60},
        "profile": {"equipment": ["chair", "mat", "step", "strap"], **profile},
        "history": {"exercises": {}}, "seed": 1,
    }  # fmt: skip


def but(payload, **parts):
    """The payload with fields of its parts replaced; `seed` and the like as they are."""
    changed = copy.deepcopy(payload)
    for name, value in parts.items():
        changed[name] = {**changed.get(name, {}), **value} if isinstance(value, dict) else value
    return changed


@pytest.fixture(scope="module")
def since(generator, catalog):
    """since(before, after) -> (the comparison, both routines)"""

    def told(before, after):
        routines = [generate(generator, catalog, payload) for payload in (before, after)]
        return compare(catalog, before, routines[0], after, routines[1]), routines

    return told


def slugs(routine):
    return [item["slug"] for item in routine["items"]]


def causes(told, change):
    return {entry["cause"] for entry in told["changes"] if entry["change"] == change}


def entry(told, slug, change):
    return next(e for e in told["changes"] if (e["slug"], e["change"]) == (slug, change))


@pytest.fixture(scope="module")
def first(generator, catalog):
    return slugs(generate(generator, catalog, base()))


def test_nothing_changed_when_nothing_did(since):
    told, _ = since(base(), base())
    assert told == {"summary": "Nothing changed since last time.", "changes": []}


def test_what_is_disliked_goes_and_says_so_and_what_comes_says_for_what(since, first, catalog):
    replaced = 0
    for slug in first[1:6]:
        told, _ = since(base(), but(base(), history={"exercises": {slug: {"rating": -1}}}))
        assert entry(told, slug, "removed")["because"] == "You disliked it."
        assert "what you disliked" in told["summary"]
        name = catalog.exercises[catalog.places[slug]]["name"]
        replaced += any(name in e["because"] for e in told["changes"] if e["cause"] == "replaces")
    assert replaced


def test_a_dislike_that_is_taken_back_is_named_when_the_item_returns(since, first):
    disliked = but(base(), history={"exercises": {first[3]: {"rating": -1}}})
    told, _ = since(disliked, base())
    assert entry(told, first[3], "added")["because"] == "You took back your dislike."


def test_pain_with_an_exercise_is_named(since, first):
    told, _ = since(base(), but(base(), history={"exercises": {first[3]: {"pain": 6, "days_since": 1}}}))
    assert entry(told, first[3], "removed")["because"] == "You reported pain of 6 of 10 with it."


def test_pain_in_a_region_is_named_with_the_hazard_and_its_end_too(since, catalog):
    hurt = but(base(), history={"pain": {"knee": {"days_since": 2, "level": 5}}})
    told, _ = since(base(), hurt)
    gone = [e for e in told["changes"] if e["cause"] == "pain_region"]
    assert gone
    for e in gone:
        hazards = catalog.exercises[catalog.places[e["slug"]]]["hazards"]
        assert any("knee" in catalog.vocabulary["hazards"][h].get("regions", ()) for h in hazards)
        assert "knee" in e["because"]
    back, _ = since(hurt, base())
    assert "pain_region" in causes(back, "added")
    assert all("more than seven days" in e["because"] for e in back["changes"] if e["cause"] == "pain_region")


def test_a_condition_and_its_hazard_are_named(since):
    told, _ = since(base(), base(conditions=["achilles_tendinopathy"]))
    named = [e["because"] for e in told["changes"] if e["cause"] == "condition"]
    assert named
    assert all(because.startswith("Achilles tendinopathy") for because in named)


def test_a_wish_and_missing_equipment_are_named(since):
    told, _ = since(base(), base(constraints=["no_jump"]))
    assert "constraint" in causes(told, "removed")
    told, _ = since(base("mobility", "general", 15), base("mobility", "general", 15, equipment=[]))
    assert "equipment" in causes(told, "removed")


def test_two_sessions_that_were_too_hard_shorten_the_next_and_are_named(since):
    tired = but(base(), history={"sessions": [{"rpe": 8, "target": 4}, {"rpe": 7, "target": 4}]})
    told, (before, after) = since(base(), tired)
    assert after["budget_s"] < before["budget_s"]
    assert "strain" in causes(told, "removed") | causes(told, "shorter")
    assert "how hard the last sessions felt" in told["summary"]
    rested, _ = since(tired, base())
    assert "strain" in causes(rested, "added") | causes(rested, "longer")


def test_less_time_is_named(since):
    told, _ = since(base(minutes=15), base(minutes=8))
    assert "budget" in causes(told, "removed")
    told, _ = since(base(minutes=8), base(minutes=15))
    assert "budget" in causes(told, "added") | causes(told, "longer")


def test_what_was_done_yesterday_gives_way_and_says_so(since, first):
    done = {slug: {"days_since": 1, "done": 1} for slug in first}
    told, _ = since(base(), but(base(), history={"exercises": done}))
    gone = [e for e in told["changes"] if e["change"] == "removed"]
    assert gone
    assert {e["because"] for e in gone if e["cause"] == "recent"} == {"You did it yesterday."}


def test_another_seed_is_variety_and_nothing_else(since):
    told, _ = since(base(), but(base(), seed=8))
    exchanged = causes(told, "added") | causes(told, "removed")
    assert "variety" in exchanged
    assert exchanged <= {"variety", "room", "replaces", "replaced"}
    assert "variety" in told["summary"]


def test_a_deficit_is_named_where_it_brought_something(since, catalog):
    told, _ = since(base("mobility", "general"), base("mobility", "general", deficits=["ankle.dorsiflexion"]))
    for e in told["changes"]:
        if e["cause"] == "deficit":
            assert "ankle.dorsiflexion" in catalog.exercises[catalog.places[e["slug"]]]["moves"]
    assert "deficit" in causes(told, "added")


def test_from_65_on_longer_holds_are_said_to_be_for_age(since):
    told, _ = since(base("cooldown", age=64), base("cooldown", age=65))
    assert causes(told, "longer") <= {"age", "room"}


def test_a_red_flag_explains_everything(since):
    told, (before, _) = since(base(), base(red_flags=["chest_pain"]))
    assert {(e["change"], e["cause"]) for e in told["changes"]} == {("removed", "refer")}
    assert len(told["changes"]) == len(before["items"])
    back, _ = since(base(red_flags=["chest_pain"]), base())
    assert causes(back, "added") == {"cleared"}


def test_what_is_tried_out_says_so(since, generator, catalog):
    """With consent one item of a routine is drawn among the best."""
    for seed in range(20):
        before, after = base(), but(base(), seed=seed, explore=True)
        told, (_, other) = since(before, after)
        drawn = {i["slug"] for i in other["items"] if i["propensity"] < 1}
        named = {e["slug"] for e in told["changes"] if e["cause"] == "explored" and e["change"] == "added"}
        assert named <= drawn
        if named:
            return
    raise AssertionError("nothing was drawn in twenty routines")


def test_the_comparison_can_be_read_in_a_terminal(since, first, catalog):
    told, _ = since(base(), but(base(), history={"exercises": {first[3]: {"rating": -1}}}))
    lines = changed_text(told, catalog).splitlines()
    assert lines[0] == told["summary"]
    assert len(lines) == 1 + len(told["changes"])
    assert any("You disliked it." in line for line in lines)
    assert changed_text({"summary": "Nothing.", "changes": []}, catalog) == "Nothing."


def test_another_model_with_the_same_request_is_the_cause(since, catalog):
    _, (before, after) = since(base(), but(base(), seed=8))
    newer = {**after, "model": "sha256:0"}
    told = compare(catalog, base(), before, base(), newer)
    assert causes(told, "added") == causes(told, "removed") == {"model"}
    assert "a newer model" in told["summary"]


def test_an_exercise_that_left_the_catalogue_says_so(since, catalog):
    _, (before, after) = since(base(), base())
    before = copy.deepcopy(before)
    before["items"][2]["slug"] = "no-longer-there"
    told = compare(catalog, base(), before, but(base(), seed=8), after)
    assert entry(told, "no-longer-there", "removed")["cause"] == "catalog"


def dose(item):
    """Work, then what its switches and rests add."""
    sets, sides = item["sets"], item["sides"]
    return sets * item["work_s_per_side"] * sides, sets * 5 * (sides - 1) + item["rest_s"] * (sets - 1)


def differences(before, after):
    """Found another way: sets, sums, and an order that is right without what moved."""
    old, new = ({i["slug"]: i for i in r["items"]} for r in (before, after))
    found = {(s, "removed") for s in old.keys() - new.keys()} | {
        (s, "added") for s in new.keys() - old.keys()
    }
    for slug in old.keys() & new.keys():
        a, b = (dose(i) for i in (old[slug], new[slug]))
        if a != b:
            found.add((slug, "longer" if b > a else "shorter"))
    return found


def changed_randomly(rng, payload, routine, catalog):
    """The same request a day later: something was done, liked, disliked, hurt, or the person is another."""
    after = copy.deepcopy(payload)
    history = after.setdefault("history", {}).setdefault("exercises", {})
    for item in routine["items"]:
        if rng.random() < 0.5:
            history[item["slug"]] = {
                "days_since": int(rng.integers(0, 9)), "done": int(rng.integers(1, 5)),
                "skipped": int(rng.integers(0, 2)), "rating": int(rng.choice([-1, 0, 0, 1])),
                "pain": int(rng.choice([0, 0, 0, 2, 6])),
            }  # fmt: skip
    if rng.random() < 0.3:
        after["history"]["sessions"] = [{"rpe": int(rng.integers(3, 10))}, {"rpe": int(rng.integers(3, 10))}]
    if rng.random() < 0.3:
        after["seed"] = int(rng.integers(100))
    if rng.random() < 0.3:
        after["profile"]["conditions"] = [str(rng.choice(catalog.codes("conditions")))]
    if rng.random() < 0.2:
        after["request"]["budget_s"] = max(
            120, payload["request"]["budget_s"] + int(rng.integers(-3, 4)) * 60
        )
    return after


def test_every_difference_is_explained_exactly_once(generator, catalog):
    """Random people, a day apart. What moved is right when the others keep their order without it."""
    rng = np.random.default_rng(11)
    compared = 0
    while compared < 80:
        before = random_payload(rng, catalog)
        try:
            one = generate(generator, catalog, before)
            after = changed_randomly(rng, before, one, catalog)
            other = generate(generator, catalog, after)
        except (RequestError, UnsafePlan):
            continue
        compared += 1
        told = compare(catalog, before, one, after, other)
        keys = [(e["slug"], e["change"]) for e in told["changes"]]
        assert len(keys) == len(set(keys))
        assert {key for key in keys if key[1] != "moved"} == differences(one, other)
        moved = {slug for slug, change in keys if change == "moved"}
        stayed = [[s for s in slugs(r) if s not in moved] for r in (one, other)]
        assert [s for s in stayed[0] if s in stayed[1]] == [s for s in stayed[1] if s in stayed[0]]
        for e in told["changes"]:
            assert e["change"] in CHANGES
            assert e["because"].strip().endswith(".")
            assert lint(e["because"]) == []
        assert lint(told["summary"]) == []
        assert told["summary"].count(".") == 1
        assert bool(told["changes"]) == (told["summary"] != "Nothing changed since last time.")


def test_a_named_cause_is_true_of_the_new_request_or_was_of_the_old(generator, catalog):
    """What a routine holds is never barred; and what the graph keeps out by person, wish or kit has a name."""
    rng = np.random.default_rng(5)
    outputs_of = []
    for _ in range(60):
        given = random_payload(rng, catalog)
        request = parse(given, catalog)
        outputs = run_graph(generator, catalog, request)
        outputs_of.append(outputs)
        chosen = {int(i) for i in outputs["plan"][:, 0] if i >= 0}
        for place, exercise in enumerate(catalog.exercises):
            cause = barred(catalog, request, exercise)
            if place in chosen:
                assert cause is None, (exercise["slug"], cause, given)
            # Bits 1 condition, 2 constraint, 4 equipment, 8 level: each has a name.
            if outputs["blocked_by"][place] & 15:
                assert cause is not None, (exercise["slug"], int(outputs["blocked_by"][place]), given)
    assert outputs_of
