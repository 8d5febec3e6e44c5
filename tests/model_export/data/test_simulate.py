"""Simulated people: reproducible, mis-specified, and silent about what moves them."""

import json
import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
import zstandard

from model_export import bundle
from model_export.checker import Violation
from model_export.data import families, jobs, life, people, simulate, simulate_push
from model_export.data.families import FAMILIES, Chances
from model_export.data.slots import parse
from model_export.data.table import DatasetInvalid
from model_export.runtime import generate
from sync import store
from sync.sealing import DataKey, create_master, is_sealed


def test_simulation_is_the_same_for_any_number_of_jobs(held, catalog, plan, simulated, tmp_path):
    plan = replace(plan, families=plan.families[:1])
    for number in (1, 2):
        simulate.write(tmp_path / f"{number}", simulate.everyone(plan, held.model, catalog, number))
    for name in ("1/sessions.jsonl", "1.truth.jsonl"):
        assert (tmp_path / name).read_bytes() == (tmp_path / name.replace("1", "2", 1)).read_bytes()
    # Nor does it matter who else is simulated.
    lines = (simulated / "sessions.jsonl").read_bytes()
    assert lines.startswith((tmp_path / "1/sessions.jsonl").read_bytes())


def test_another_seed_is_another_life(held, catalog, plan, told):
    other = next(simulate.everyone(replace(plan, seed=6), held.model, catalog, 1))
    assert other.rows != told[0].rows
    assert other.truth["hidden"] != told[0].truth["hidden"]


def test_a_compressed_log_holds_the_same(told, simulated, tmp_path):
    simulate.write(tmp_path / "packed", iter(told), compress=True)
    packed = (tmp_path / "packed" / "sessions.jsonl.zst").read_bytes()
    body = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    assert body == (simulated / "sessions.jsonl").read_bytes()
    assert len(packed) * 5 < len(body)


def test_nothing_is_written_over_an_earlier_simulation(told, simulated):
    with pytest.raises(DatasetInvalid, match="not empty"):
        simulate.write(simulated, iter(told))


def test_what_is_logged_is_what_the_generator_showed(told, generator, catalog):
    for person in told:
        for row in person.rows[1:]:
            session = parse(row["data"])
            routine = generate(generator, catalog, session.payload)
            assert [(s.slug, s.propensity) for s in session.slots] == [
                (item["slug"], item["propensity"]) for item in routine["items"]
            ]
            assert (session.model, session.catalog) == (generator.sha256, catalog.release)


def test_only_who_consents_explores(told):
    for number, person in enumerate(told):
        consents = person.rows[0]["data"]["training_consent"] is not None
        sessions = [row["data"] for row in person.rows[1:]]
        assert consents is (number % 2 == 0)
        assert {s["payload"]["explore"] for s in sessions} == {consents}
        assert consents or not any(slot["explored"] for s in sessions for slot in s["slots"])
    drawn = [slot["explored"] for p in told for row in p.rows[1:] for slot in row["data"]["slots"]]
    assert sum(drawn) > 10


def test_feedback_comes_back_with_the_next_request(told):
    """What was done, skipped, swapped, rated and hurt is in the history of the next payload."""
    seen = Counter()
    for person in told:
        sessions = [row["data"] for row in person.rows[1:]]
        for before, after in pairwise(sessions):
            history = after["payload"]["history"]
            earlier = before["payload"]["history"]["exercises"]
            for slot in before["slots"]:
                entry, was = history["exercises"][slot["slug"]], earlier.get(slot["slug"], {})
                for outcome, name in (("completed", "done"), ("skipped", "skipped"), ("swapped", "swapped")):
                    assert entry[name] == was.get(name, 0) + (slot["outcome"] == outcome)
                    seen[name] += slot["outcome"] == outcome
                if slot["rating"] is not None:
                    assert entry["rating"] == slot["rating"]
                    seen["rated"] += 1
            if before["rpe"] is not None:
                assert history["sessions"][0]["rpe"] == before["rpe"]
    assert min(seen[name] for name in ("done", "skipped", "swapped", "rated")) > 5


def test_a_pain_report_reaches_the_next_requests_and_is_forgotten_in_time():
    memory, at = life.Memory(), life.START
    slot = {"slug": "slow-walk", "outcome": "stopped_by_pain", "rating": None, "pain": 6}
    memory.note(at, slot, frozenset({"knee"}))
    week = at + timedelta(days=7)
    assert memory.payload(week)["pain"] == {"knee": {"days_since": 7, "level": 6}}
    assert memory.payload(week)["exercises"]["slow-walk"]["pain"] == 6
    later = at + timedelta(days=life.PAIN_KEPT_DAYS + 1)
    assert memory.payload(later)["pain"] == {}
    assert memory.payload(later)["exercises"]["slow-walk"]["pain"] == 0


def test_sessions_come_in_order_of_time_and_ids_sort_as_they_do(told):
    for person in told:
        rows = person.rows[1:]
        assert [r["data"]["at"] for r in rows] == sorted(r["data"]["at"] for r in rows)
        assert [r["id"] for r in rows] == sorted(r["id"] for r in rows)


def test_simulated_accounts_are_told_from_real_ones(told):
    assert all(people.is_simulated(person.rows[0]["stream"]) for person in told)
    assert not people.is_simulated("account:019ba403-eeff-75a4-a051-f21f6eb7e9c2")
    assert not people.is_simulated("catalog")


def keys(value, path=""):
    """Every path of names in a JSON value."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield f"{path}.{name}"
            yield from keys(entry, f"{path}.{name}")
    elif isinstance(value, list):
        for entry in value:
            yield from keys(entry, path)


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from numbers(entry)
    elif isinstance(value, float):
        yield value


def test_hidden_parameters_never_reach_the_log(told, simulated):
    log = (simulated / "sessions.jsonl").read_text()
    hidden = [x for person in told for x in numbers([person.truth["hidden"], person.truth["sessions"]])]
    telling = [x for x in hidden if len(str(x)) >= 6]
    assert len(telling) > 500
    assert not [x for x in telling if f":{x}" in log or f" {x}" in log]
    names = {name.rpartition(".")[2] for person in told for name in keys(person.rows)}
    assert not names & {"hidden", "mood", "rewards", "chances"}


@pytest.mark.parametrize("family", FAMILIES)
def test_hidden_parameters_act_through_reactions_alone(family, monkeypatch, generator, catalog):
    """With the same reactions, whatever is hidden, the log is the same to the byte."""
    plan = simulate.Plan((family,), 1, 2)
    real = FAMILIES[family]
    logs, truths = set(), set()
    for shift in range(2):

        def draw(rng, catalog, shift=shift):
            rng.random(shift)
            return real.draw(rng, catalog)

        fixed = replace(real, draw=draw, law=lambda hidden, moment: Chances(0.7))
        monkeypatch.setitem(FAMILIES, family, fixed)
        person = simulate.tell(family, 0, plan, generator, catalog)
        logs.add(json.dumps(person.rows))
        truths.add(json.dumps(person.truth))
    assert (len(logs), len(truths)) == (1, 2)


def test_the_truth_lies_outside_the_folder_of_sessions(simulated):
    assert [path.name for path in simulated.iterdir()] == ["sessions.jsonl"]
    assert simulate.truth_path(simulated).is_file()


def test_rewards_come_as_often_as_the_law_says(catalog):
    """Shown the same item over and over, each family is rewarded at the rate that the truth file states."""
    rng = np.random.default_rng(3)
    exercise = catalog.exercises[40]
    for name, family in FAMILIES.items():
        moment = families.Moment(
            exercise=exercise, regions=life.regions_of(catalog, exercise), place=2, places=8, length_s=45,
            elapsed_s=120, previous=None, done=3, days_since=2, kind="mobility", budget_s=600, minute=600,
            weekday=2, day=30, age=44, level=1, mood=0.3,
        )  # fmt: skip
        chances = family.law(family.draw(rng, catalog), moment)
        drawn = [life.outcome(chances, rng) for _ in range(3000)]
        rewarded = np.mean(
            [d["outcome"] == "completed" and d["rating"] != -1 and d["pain"] <= 3 for d in drawn]
        )
        assert abs(rewarded - chances.reward) < 0.04, name


def test_the_control_family_has_nothing_to_learn(catalog):
    hidden = FAMILIES["noise"].draw(np.random.default_rng(0), catalog)
    assert len({FAMILIES["noise"].law(hidden, moment) for moment in (None, "anything")}) == 1


def test_every_other_family_tells_items_or_moments_apart(told):
    for person in told:
        rates = {rate for session in person.truth["sessions"] for rate in session["rewards"]}
        assert (len(rates) == 1) is (person.family == "noise")


def test_a_wish_that_nothing_fits_is_counted_and_gives_no_session(catalog, generator, plan, monkeypatch):
    def refuse(*_):
        raise simulate.RequestError("request.budget_s", "nothing fits")

    monkeypatch.setattr(simulate, "generate", refuse)
    person = simulate.tell("taste", 0, plan, generator, catalog)
    assert len(person.rows) == 1
    assert person.impossible == life.TRIES


def test_a_plan_that_the_checker_refuses_is_told_with_its_payload(catalog, generator, plan, monkeypatch):
    def unsafe(*_):
        raise simulate.UnsafePlan([Violation("U01", "too long")])

    monkeypatch.setattr(simulate, "generate", unsafe)
    person = simulate.tell("taste", 0, plan, generator, catalog)
    assert len(person.unsafe) == life.TRIES
    assert person.unsafe[0].startswith('U01: too long: {"request"')


def test_an_unknown_family_is_named():
    assert simulate.families_of("noise,taste,noise") == ("noise", "taste")
    with pytest.raises(ValueError, match="lazy"):
        simulate.families_of("taste,lazy")


def test_the_command_writes_and_says_what(command, tmp_path, capsys):
    arguments = ["--family", "noise", "--people", 1, "--sessions", 2, "--jobs", 1]
    assert command("simulate", *arguments, "--out", tmp_path / "log") == 0
    assert "1 simulated people, 2 sessions" in capsys.readouterr().out
    # Model and catalogue are kept with it: the bundle may have moved on when the sessions are replayed.
    for name in ("generator.onnx", "catalog.json"):
        assert (tmp_path / "log" / name).read_bytes() == (bundle.FOLDER / name).read_bytes()
    with pytest.raises(command.error, match="--model"):
        command("simulate", *arguments, "--out", tmp_path / "other", "--model", tmp_path / "none.onnx")


def test_a_full_disk_is_told_in_a_sentence(command, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "sessions.jsonl")

    monkeypatch.setattr(simulate, "write", full)
    with pytest.raises(command.error, match=r"sessions\.jsonl: No space left"):
        command("simulate", "--out", tmp_path / "log")


def test_a_killed_process_is_told_and_leaves_none_behind(command):
    with pytest.raises(command.error, match="fewer --jobs"):
        list(jobs.in_order(os._exit, range(20), jobs=2, begin=int))


def test_a_simulation_never_comes_beside_real_accounts(database_url, engine, told, command, master):
    simulate_push.push_everyone(engine, iter(told[:2]), master)
    simulate_push.push_everyone(engine, iter(told[:2]), master)
    with engine.begin() as conn:
        head = store.read_head(conn, told[0].rows[0]["stream"])
        assert head.seq == len(told[0].rows)  # the second time changed nothing
    few = ["--family", "noise", "--people", 1, "--sessions", 1, "--jobs", 1]
    assert command("simulate", *few, "--to-database", database_url) == 0
    with engine.begin() as conn:
        store.publish(conn, "account:019ba403-eeff-75a4-a051-f21f6eb7e9c2", {("profile", "me"): {"age": 40}})
    with pytest.raises(command.error, match="real accounts"):
        command("simulate", *few, "--to-database", database_url)
    with pytest.raises(command.error, match="--to-database"):
        command("simulate", *few, "--to-database", "postgresql://nobody@127.0.0.1:1/none")


def test_what_is_pushed_is_sealed_as_a_phones_is(engine, told, master):
    simulate_push.push_everyone(engine, iter(told[:1]), master)
    person, stream = told[0], told[0].rows[0]["stream"]
    with engine.begin() as conn:
        stored = store.state(conn, stream)
        wrapped = conn.exec_driver_sql("SELECT wrapped FROM account_key").scalar_one()
        clocks = conn.exec_driver_sql("SELECT count(*) FROM record WHERE hlc IS NULL").scalar_one()
    assert clocks == 0
    key = DataKey(master.unwrap(wrapped, stream), stream)
    for row in person.rows:
        data = stored[row["collection"], row["id"]]
        sealed = {name for name, value in data.items() if is_sealed(value)}
        assert sealed == ({"payload", "slots"} if row["collection"] == "session" else set())
        assert key.unseal_data(data) == row["data"]


def test_accounts_of_another_master_key_are_told_in_a_sentence(
    database_url, engine, told, command, master, tmp_path, monkeypatch
):
    few = ["--family", "noise", "--people", 1, "--sessions", 1, "--jobs", 1]
    assert command("simulate", *few, "--to-database", database_url) == 0
    other = tmp_path / "other.key"
    monkeypatch.setenv("LIMBER_MASTER_KEY", str(other))
    with pytest.raises(command.error, match="no master key"):
        command("simulate", *few, "--to-database", database_url)
    create_master(other)
    with pytest.raises(command.error, match="does not open with master key file:"):
        command("simulate", *few, "--to-database", database_url)
