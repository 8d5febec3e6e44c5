"""Before a change is approved, the real generator shows whose routines it changes."""

import copy
import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from model_export import bundle, runtime
from server.catalog import drafts, panel
from server.catalog.content import read_seed
from server.catalog.panel import compare, outcomes, requests
from server.catalog.refusals import Refused
from tests.catalog.conftest import EDA, NOW

SEED = read_seed()
Documents = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def generator() -> runtime.Generator:
    return runtime.Generator.load(bundle.FOLDER / "generator.onnx")


def changed(slug: str, **fields: Any) -> Documents:
    key = ("exercise", slug)
    return {**SEED, key: copy.deepcopy(SEED[key]) | fields}


def test_the_panel_crosses_kinds_activities_and_people() -> None:
    payloads = [each.payload for each in requests()]
    assert len(payloads) >= 24
    assert len({each.code for each in requests()}) == len(payloads)
    assert {p["request"]["kind"] for p in payloads} == {"warmup", "cooldown", "mobility", "desk_break"}
    assert len({p["request"]["activity"] for p in payloads}) > 12
    conditions = {code for p in payloads for code in p["profile"]["conditions"]}
    assert {"achilles_tendinopathy", "pregnancy_t23", "fall_risk"} <= conditions
    assert len(conditions) >= 16
    constraints = {code for p in payloads for code in p["profile"]["constraints"]}
    assert constraints == set(SEED["vocabulary", "constraints"]["entries"])


def test_every_request_of_the_panel_is_answered(generator: runtime.Generator) -> None:
    for request, outcome in zip(requests(), outcomes(SEED, generator, runtime), strict=True):
        assert outcome.refused is None, request.code
        if "red_flags" in request.payload["profile"]:
            assert (outcome.status, outcome.items) == ("refer", ())
        else:
            assert (outcome.status, len(outcome.items) > 3) == ("ok", True), request.code


def test_a_change_that_the_generator_does_not_read_changes_no_routine(generator: runtime.Generator) -> None:
    rows = compare(SEED, changed("march-in-place", name="Walk on the spot"), generator, runtime)
    assert [row.request.code for row in rows if row.changed] == []
    without_words = {key: data for key, data in SEED.items() if key[0] in panel.READS}
    assert not any(row.changed for row in compare(SEED, without_words, generator, runtime))


def test_the_panel_shows_a_new_name_without_asking_the_generator_again(
    generator: runtime.Generator, monkeypatch: Any
) -> None:
    before = outcomes(SEED, generator, runtime)
    worded = {
        key: data | {"name": f"{data['name']} b", "cue": "Just do it."} if key[0] == "exercise" else data
        for key, data in SEED.items()
    }
    made = panel._run(
        {key: data for key, data in worded.items() if key[0] in panel.READS}, generator, runtime
    )
    monkeypatch.setattr(panel, "_run", None)
    after = outcomes(worded, generator, runtime)
    for old, new, again in zip(before, after, made, strict=True):
        assert [item | {"name": f"{item['name']} b"} for item in old.items] == list(new.items)
        # And asked again it would say the same.
        assert [item["slug"] for item in again.items] == [item["slug"] for item in old.items]
        assert (again.status, again.refused) == (old.status, old.refused)


def test_a_new_hazard_takes_the_exercise_out_of_the_routines_of_those_whom_it_could_hurt(
    generator: runtime.Generator,
) -> None:
    """What carries the hazard that a condition excludes is in no routine of theirs, and others keep it."""
    hazards = {
        code: data["exclude"] for (collection, code), data in SEED.items() if collection == "condition"
    }
    before = outcomes(SEED, generator, runtime)
    request, outcome = next(
        (request, outcome)
        for request, outcome in zip(requests(), before, strict=True)
        if request.code == "run-achilles"
    )
    slug = outcome.items[-1]["slug"]
    hazard = next(
        code for code in hazards["achilles_tendinopathy"] if code not in SEED["exercise", slug]["hazards"]
    )
    after = changed(slug, hazards=[*SEED["exercise", slug]["hazards"], hazard])
    rows = {row.request.code: row for row in compare(SEED, after, generator, runtime)}
    assert rows[request.code].changed
    assert slug in rows[request.code].gone
    assert rows[request.code].new
    assert slug not in {item["slug"] for item in rows[request.code].after.items}
    assert len([row for row in rows.values() if row.changed]) < len(rows)


def test_an_exercise_that_is_taken_back_is_in_no_routine(generator: runtime.Generator) -> None:
    slug = outcomes(SEED, generator, runtime)[0].items[0]["slug"]
    after = {key: data for key, data in SEED.items() if key != ("exercise", slug)}
    rows = compare(SEED, after, generator, runtime)
    assert rows[0].gone == [slug]
    assert all(slug not in {item["slug"] for item in row.after.items} for row in rows)


def test_a_catalogue_that_makes_no_routine_says_why_instead_of_failing(generator: runtime.Generator) -> None:
    few = {key: data for key, data in SEED.items() if key[0] != "exercise"}
    rows = compare(SEED, few, generator, runtime)
    assert all(row.changed for row in rows)
    assert {row.after.refused for row in rows} == {"the catalogue has no exercise documents"}


def test_an_editor_sees_whose_routines_a_draft_changes_before_anybody_approves_it(
    desk: Connection, generator: runtime.Generator
) -> None:
    slug = outcomes(SEED, generator, runtime)[0].items[0]["slug"]
    draft = drafts.start(
        desk, EDA, ("exercise", slug), data=SEED["exercise", slug] | {"difficulty": 5}, now=NOW
    )
    rows = drafts.routines(desk, draft, generator, runtime)
    assert rows == compare(SEED, changed(slug, difficulty=5), generator, runtime)
    assert [row.request.code for row in rows if row.changed]
    with pytest.raises(Refused):
        drafts.routines(desk, replace(draft, data={"slug": slug}), generator, runtime)


def test_the_routines_before_are_made_once(generator: runtime.Generator, monkeypatch: Any) -> None:
    outcomes(SEED, generator, runtime)
    runs, real = [], panel._run

    def counted(*arguments: Any) -> Any:
        runs.append(1)
        return real(*arguments)

    monkeypatch.setattr(panel, "_run", counted)
    compare(SEED, changed("march-in-place", difficulty=3), generator, runtime)
    compare(dict(SEED), changed("march-in-place", difficulty=3), generator, runtime)
    assert runs == [1]


def test_a_preview_takes_no_longer_than_an_editor_waits(generator: runtime.Generator) -> None:
    started = time.process_time()
    compare(SEED, changed("march-in-place", difficulty=4), generator, runtime)
    assert time.process_time() - started < 5
