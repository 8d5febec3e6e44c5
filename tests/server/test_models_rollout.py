"""Which devices get which release: shares, app versions, halts; and that a device always has something to go to."""

import itertools
from typing import Any

import pytest

from server.models import Ask, bucket, newest_model, version
from server.models.releasing import By, Refused, Wish, halt, promote, publish, rollback
from sync.canonical import sha256_hex
from tests.server.shipping import LENIENT, NOW, devices, facts, health_report, offered, reached, released

URL = "/v1/models/current"


@pytest.fixture(autouse=True)
def salts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same salts every time, so that no count in these tests is a matter of luck."""
    numbers = itertools.count()
    monkeypatch.setattr("server.models.releasing.new_salt", lambda: f"salt {next(numbers)}")


def test_a_tenth_means_a_tenth_and_the_same_devices_every_time(limber: Any) -> None:
    old = released(limber, b"old")
    new = released(limber, b"new", share=1000)
    fleet = devices(1000)
    first = reached(limber, fleet)
    lucky = [device for device in fleet if first[device] == new.number]
    assert 70 < len(lucky) < 130
    assert {first[device] for device in fleet if device not in lucky} == {old.number}
    assert reached(limber, fleet) == first


def test_a_greater_share_only_adds_devices(limber: Any) -> None:
    released(limber, b"old")
    released(limber, b"new", channel="canary")
    fleet, before = devices(200), set()
    for percent in (1, 10, 50, 100):
        wish = Wish("stable", percent * 100)
        with limber.engine.begin() as conn:
            done = promote(conn, limber.key, None, wish, LENIENT, By("mia", NOW))
        assert done.release is not None
        now = {device for device, number in reached(limber, fleet).items() if number == done.release.number}
        assert before <= now
        before = now
    assert before == set(fleet)


def test_the_server_counts_buckets_as_the_function_does(limber: Any) -> None:
    released(limber, b"new", share=5000)
    with limber.engine.connect() as conn:
        salt = conn.exec_driver_sql("SELECT salt FROM model_rollout").scalar_one()
    for device, number in reached(limber, devices(200)).items():
        assert (number is not None) == (bucket(salt, device) < 5000)


def test_two_rollouts_do_not_begin_with_the_same_devices(limber: Any) -> None:
    released(limber, b"one", share=1000)
    released(limber, b"two", channel="canary", share=1000)
    fleet = devices(1000)
    one, two = (
        {device for device, number in reached(limber, fleet, channel=channel).items() if number}
        for channel in ("stable", "canary")
    )
    assert len(one & two) < len(one) / 3


def test_a_device_that_gives_no_id_gets_only_what_all_get(limber: Any) -> None:
    old = released(limber, b"old")
    released(limber, b"new", share=9999)
    assert offered(limber) == old.number


def test_an_older_app_gets_the_release_before(limber: Any) -> None:
    old = released(limber, b"old")
    new = released(limber, b"new", min_app=(1, 10, 0))
    assert offered(limber, app="1.10") == offered(limber, app="2") == new.number
    for query, number in (({"app": "1.10"}, new.number), ({"app": "1.9.9"}, old.number), ({}, old.number)):
        answer = limber.client.get(URL, query_string=query)
        assert answer.json["manifest"]["manifest"]["sequence"] == number


@pytest.mark.parametrize(("text", "numbers"), [("1", (1, 0, 0)), ("1.2", (1, 2, 0)), ("1.2.30", (1, 2, 30))])
def test_versions_are_three_numbers(text: str, numbers: tuple[int, int, int]) -> None:
    assert version(text) == numbers


@pytest.mark.parametrize("text", ["", "1.", "a", "1.2.3.4", "٣", "1234567", "-1"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="version"):
        version(text)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"app": "new"}, "app"),
        ({"app": "1.2.3.4"}, "app"),
        ({"device": "short"}, "device"),
        ({"device": "a b c d e"}, "device"),
    ],
)
def test_a_wrong_parameter_is_named(reader: Any, query: dict[str, str], field: str) -> None:
    answer = reader.client.get(URL, query_string=query)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


# Halt


def test_a_halted_release_goes_to_nobody_and_its_devices_are_offered_the_one_before(limber: Any) -> None:
    old = released(limber, b"old")
    bad = released(limber, b"bad", share=3000)
    fleet = devices(200)
    had_it = {device for device, number in reached(limber, fleet).items() if number == bad.number}
    with limber.engine.begin() as conn:
        done = halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
    again = done.release
    assert again is not None
    assert again.number > bad.number
    assert again.object_sha256 == old.object_sha256
    assert again.manifest["manifest"]["withdrawn"] == [bad.object_sha256]
    for device, number in reached(limber, fleet).items():
        assert number == (again.number if device in had_it else old.number)


def test_halting_twice_says_so_and_changes_nothing(limber: Any) -> None:
    released(limber, b"old")
    bad = released(limber, b"bad")
    with limber.engine.begin() as conn:
        halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
        again = halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
    assert not again.changed
    assert "halted at" in again.notes[0]


def test_halting_the_only_release_says_what_that_means(limber: Any) -> None:
    bad = released(limber, b"bad")
    with limber.engine.begin() as conn:
        done = halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
    assert (done.release, offered(limber)) == (None, None)
    assert "keep it until the next release" in done.notes[0]


def test_halting_tells_where_else_the_file_is(limber: Any) -> None:
    canary = released(limber, b"bad", channel="canary")
    stable = released(limber, b"bad")
    with limber.engine.begin() as conn:
        done = halt(conn, limber.key, stable.number, By("mia", NOW, "it limps"))
    assert any(f"release {canary.number} of channel canary" in note for note in done.notes)


def test_who_had_the_halted_release_is_never_sent_to_a_lower_number(limber: Any) -> None:
    """Also not when the release before was on its way out itself, or for newer apps only."""
    first = released(limber, b"first")
    released(limber, b"second", share=500)
    released(limber, b"third", min_app=(2, 0, 0))
    bad = released(limber, b"bad", min_app=(1, 0, 0), share=5000)
    fleet = [d for d, n in reached(limber, devices(100), app=(1, 5, 0)).items() if n == bad.number]
    with limber.engine.begin() as conn:
        halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
    assert all(number and number > bad.number for number in reached(limber, fleet, app=(1, 5, 0)).values())
    with limber.engine.connect() as conn:
        found = newest_model(conn, Ask(device=fleet[0], app=(1, 5, 0)))
    assert found is not None
    assert found.object_sha256 == first.object_sha256


def test_halting_what_was_replaced_everywhere_needs_no_other_release(limber: Any) -> None:
    released(limber, b"first")
    second, third = released(limber, b"second"), released(limber, b"third")
    with limber.engine.begin() as conn:
        done = halt(conn, limber.key, second.number, By("mia", NOW, "it limps"))
    assert done.release is None
    assert offered(limber) == third.number


def test_a_newer_release_on_its_way_out_stays_so_when_the_one_below_is_halted(limber: Any) -> None:
    released(limber, b"first")
    bad, newest = released(limber, b"second"), released(limber, b"third", share=2000)
    fleet = devices(200)
    lucky = {device for device, number in reached(limber, fleet).items() if number == newest.number}
    with limber.engine.begin() as conn:
        done = halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
        assert done.release is not None
        files = {r.number: r.object_sha256 for r in (done.release,)}
    for device, number in reached(limber, fleet).items():
        assert (number not in files) == (device in lucky)
        assert number is not None
        assert number > bad.number


def test_a_newer_release_for_newer_apps_stays_too(limber: Any) -> None:
    released(limber, b"first")
    bad, newest = released(limber, b"second"), released(limber, b"third", min_app=(3, 0, 0))
    with limber.engine.begin() as conn:
        halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
        for app, body in (((2, 0, 0), b"first"), ((3, 0, 0), b"third")):
            found = newest_model(conn, Ask(app=app))
            assert found is not None
            assert found.number > newest.number
            assert found.object_sha256 == sha256_hex(body)


def test_an_unknown_release_cannot_be_halted(limber: Any) -> None:
    with limber.engine.begin() as conn, pytest.raises(Refused, match="no release 7"):
        halt(conn, limber.key, 7, By("mia", NOW, "why not"))


# Roll back


def test_a_rollback_releases_the_older_file_under_a_new_number(limber: Any) -> None:
    old = released(limber, b"old")
    new = released(limber, b"new")
    with limber.engine.begin() as conn:
        done = rollback(conn, limber.key, None, Wish("stable"), By("mia", NOW, "worse"))
    assert done.release is not None
    assert (done.release.number, done.release.object_sha256) == (new.number + 1, old.object_sha256)
    assert offered(limber) == done.release.number
    assert done.release.manifest["manifest"]["withdrawn"] == [new.object_sha256]


def test_a_rollback_goes_as_far_as_it_is_told_but_not_to_a_halted_release(limber: Any) -> None:
    first = released(limber, b"first")
    second = released(limber, b"second")
    released(limber, b"third")
    by = By("mia", NOW, "worse")
    with limber.engine.begin() as conn:
        halt(conn, limber.key, second.number, by)
        with pytest.raises(Refused, match="was halted"):
            rollback(conn, limber.key, second.number, Wish("stable"), by)
        with pytest.raises(Refused, match="not an older one"):
            rollback(conn, limber.key, 99, Wish("stable"), by)
        done = rollback(conn, limber.key, first.number, Wish("stable"), by)
        assert done.release is not None
        assert done.release.object_sha256 == first.object_sha256
        forced = rollback(conn, limber.key, second.number, Wish("stable", force=True), by)
    assert forced.release is not None
    assert forced.release.object_sha256 == second.object_sha256


def test_with_nothing_before_there_is_no_rollback(limber: Any) -> None:
    with limber.engine.begin() as conn, pytest.raises(Refused, match="serves no release"):
        rollback(conn, limber.key, None, Wish("stable"), By("mia", NOW, "worse"))
    released(limber, b"only")
    with limber.engine.begin() as conn, pytest.raises(Refused, match="nothing to go back to"):
        rollback(conn, limber.key, None, Wish("stable"), By("mia", NOW, "worse"))


# Promote


def test_a_promotion_is_a_release_of_the_same_file_in_the_other_channel(limber: Any) -> None:
    canary = released(limber, b"new", channel="canary", min_app=(1, 2, 0))
    with limber.engine.begin() as conn:
        done = promote(conn, limber.key, None, Wish("stable"), LENIENT, By("mia", NOW))
    assert done.release is not None
    assert (done.release.channel, done.release.object_sha256) == ("stable", canary.object_sha256)
    assert done.release.number == canary.number + 1
    assert (offered(limber, app="1.2"), offered(limber, app="1.1")) == (done.release.number, None)


def test_a_promotion_that_makes_no_sense_is_refused(limber: Any) -> None:
    released(limber, b"old")
    released(limber, b"new", channel="canary")
    with limber.engine.begin() as conn:
        promote(conn, limber.key, None, Wish("stable", 5000), LENIENT, By("mia", NOW))
    for wish, source, said in (
        (Wish("stable", 1000), None, "only grows"),
        (Wish("stable", min_app=(9, 0, 0)), None, "older apps already"),
        (Wish("stable"), 99, "no release 99"),
        (Wish("stable"), 1, "no longer the newest"),
    ):
        with limber.engine.begin() as conn, pytest.raises(Refused, match=said):
            promote(conn, limber.key, source, wish, LENIENT, By("mia", NOW))


def test_there_must_be_something_to_promote(limber: Any) -> None:
    with limber.engine.begin() as conn, pytest.raises(Refused, match="no release to promote"):
        promote(conn, limber.key, None, Wish("stable"), LENIENT, By("mia", NOW))
    bad = released(limber, b"bad", channel="canary")
    with limber.engine.begin() as conn:
        halt(conn, limber.key, bad.number, By("mia", NOW, "it limps"))
        with pytest.raises(Refused, match="was halted"):
            promote(conn, limber.key, bad.number, Wish("stable"), LENIENT, By("mia", NOW))


def test_what_was_halted_once_does_not_come_back_unnoticed(limber: Any) -> None:
    released(limber, b"old")
    bad, by = released(limber, b"bad", channel="canary"), By("mia", NOW, "it limps")
    with limber.engine.begin() as conn:
        again = promote(conn, limber.key, None, Wish("stable"), LENIENT, by).release
        assert again is not None
        halt(conn, limber.key, again.number, by)
        with pytest.raises(Refused, match=f"halted as release {again.number} of stable"):
            promote(conn, limber.key, bad.number, Wish("stable"), LENIENT, by)
        halt(conn, limber.key, bad.number, by)
        with pytest.raises(Refused, match="the same file was halted"):
            publish(conn, limber.key, facts(limber, b"bad"), {}, Wish("canary"), by)
        publish(conn, limber.key, facts(limber, b"bad"), {}, Wish("canary", force=True), by)


def test_a_model_that_was_not_evaluated_is_a_first_one_or_a_canary(limber: Any) -> None:
    by = By("mia", NOW)
    with limber.engine.begin() as conn:
        first = publish(conn, limber.key, facts(limber, b"prior"), None, Wish("stable"), by)
        assert first.release is not None
        assert first.release.manifest["manifest"]["evaluated"] is False
        for evaluation in (None, {}):
            with pytest.raises(Refused, match="gets new models by promotion"):
                publish(conn, limber.key, facts(limber, b"second"), evaluation, Wish("stable"), by)
        canary = publish(conn, limber.key, facts(limber, b"second"), None, Wish("canary"), by)
        with pytest.raises(Refused, match="without an evaluation"):
            promote(conn, limber.key, None, Wish("stable"), LENIENT, by)
        forced = promote(conn, limber.key, None, Wish("stable", force=True), LENIENT, by)
    assert canary.release is not None
    assert forced.release is not None
    assert "without an evaluation" in forced.notes[0]


def test_another_contract_is_a_first_one_too(limber: Any) -> None:
    released(limber, b"old", contract=1)
    with limber.engine.begin() as conn:
        files = facts(limber, b"new", contract=2)
        done = publish(conn, limber.key, files, None, Wish("stable"), By("mia", NOW))
    assert done.changed


def test_reports_of_devices_that_fail_hold_a_promotion_back(limber: Any) -> None:
    released(limber, b"old")
    bad = released(limber, b"bad", channel="canary")
    limber.client.post("/v1/models/health", json=health_report(bad, runs=1000, failures=60))
    answer = limber.client.post("/v1/models/promote", json={}, headers=limber.token("ml_engineer"))
    assert answer.status_code == 409
    assert "6.00% of its runs failed" in answer.json["errors"]["health"][0]
    forced = {"force": True, "reason": "a fault of the test phones"}
    answer = limber.client.post("/v1/models/promote", json=forced, headers=limber.token("ml_engineer"))
    assert answer.status_code == 200
    assert "although 6.00%" in answer.json["notes"][0]
    entry = limber.client.get("/v1/models/status", headers=limber.token("ml_engineer")).json["audit"][0]
    assert (entry["actor"], entry["action"], entry["reason"]) == ("mia", "promote", forced["reason"])
    assert entry["details"]["doubts"]
