"""What devices report of their models, and what it does to a promotion."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest

from server.models.health import Thresholds, count, doubts, rates, sums
from sync.health import BOUNDS_MS, BUCKETS, added, bucket, empty, percentile
from tests.server.shipping import LENIENT, NOW, health_report, released

URL = "/v1/models/health"


def total(limber: Any, sha256: str, channel: str = "stable") -> dict[str, Any]:
    with limber.engine.connect() as conn:
        return sums(conn, NOW - timedelta(days=2))[sha256, channel]


def test_reports_of_several_devices_add_up_by_model_and_channel(limber: Any) -> None:
    stable, canary = released(limber, b"one"), released(limber, b"two", channel="canary")
    for runs in (10, 20):
        report = health_report(stable, runs=runs, failures=1, completed=runs, skipped=2, pain=1)
        report["models"] += health_report(canary, runs=1)["models"]
        assert limber.client.post(URL, json=report).json == {"counted": 2}
    found = total(limber, stable.object_sha256)
    assert (found["reports"], found["runs"], found["failures"], found["completed"]) == (2, 30, 2, 30)
    assert found["latency"][3] == 30
    assert total(limber, canary.object_sha256, "canary")["runs"] == 2
    assert rates(found)["p99_ms"] == 5


def test_a_report_that_is_sent_again_counts_once(limber: Any) -> None:
    release = released(limber, b"one")
    report = health_report(release, runs=10)
    assert [limber.client.post(URL, json=report).json["counted"] for _ in range(3)] == [1, 0, 0]
    assert total(limber, release.object_sha256)["runs"] == 10


def test_a_report_that_comes_twice_at_once_counts_once(limber: Any) -> None:
    release = released(limber, b"one")
    report, answers = health_report(release, runs=10), []

    def send() -> None:
        answers.append(limber.app.test_client().post(URL, json=report).json["counted"])

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [0, 0, 0, 0, 0, 1]
    assert total(limber, release.object_sha256)["runs"] == 10


def test_a_model_that_was_never_released_fills_no_table(limber: Any) -> None:
    report = health_report(released(limber, b"one"), runs=1)
    report["models"][0]["sha256"] = "f" * 64
    assert limber.client.post(URL, json=report).json == {"counted": 0}
    with limber.engine.connect() as conn:
        assert sums(conn, NOW - timedelta(days=2)) == {}


def test_days_are_kept_apart_and_old_report_ids_are_forgotten(limber: Any) -> None:
    release = released(limber, b"one")
    report = {**health_report(release, runs=3), "id": uuid.uuid4()}
    with limber.engine.begin() as conn:
        assert count(conn, report, NOW - timedelta(days=100)) == 1
        assert count(conn, report, NOW) == 1
        days = conn.exec_driver_sql("SELECT count(*) FROM model_health").scalar_one()
    assert days == 2
    assert total(limber, release.object_sha256)["runs"] == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"runs": -1}, "models.0.runs"),
        ({"runs": 10_000_000}, "models.0.runs"),
        ({"runs": "3"}, "models.0.runs"),
        ({"runs": 1.5}, "models.0.runs"),
        ({"failures": 4, "rejections": 7}, "models.0.runs"),
        ({"latency": [1]}, "models.0.latency"),
        ({"latency": [11] + [0] * (BUCKETS - 1)}, "models.0.latency"),
        ({"latency": None}, "models.0.latency"),
        ({"sha256": "abc"}, "models.0.sha256"),
        ({"channel": "nightly"}, "models.0.channel"),
        ({"person": "mia"}, "models.0.person"),
    ],
)
def test_a_malformed_report_is_refused_by_field(reader: Any, change: dict[str, Any], field: str) -> None:
    report = health_report("0" * 64, runs=10)
    report["models"][0] |= change
    answer = reader.client.post(URL, json=report)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


@pytest.mark.parametrize(
    "change", [{"id": "1"}, {"id": None}, {"models": []}, {"models": [{}] * 9}, {"extra": 1}]
)
def test_a_malformed_envelope_is_refused(reader: Any, change: dict[str, Any]) -> None:
    report = health_report("0" * 64, runs=10) | change
    assert reader.client.post(URL, json=report).status_code == 422


# What speaks against a promotion


def doubted(limber: Any, sha256: str, before: str | None = None, **limits: Any) -> list[str]:
    fields = {name: getattr(LENIENT, name) for name in LENIENT.__slots__}
    with limber.engine.connect() as conn:
        return doubts(conn, sha256, before, Thresholds(**fields | limits), NOW)


THRESHOLDS: list[tuple[dict[str, int], dict[str, float], str]] = [
    ({"runs": 9}, {"min_runs": 10}, "9 runs of it, 10 are asked for"),
    ({"runs": 100, "failures": 2}, {"max_failures": 0.01}, "2.00% of its runs failed"),
    ({"runs": 100, "rejections": 2}, {"max_rejections": 0.01}, "refused 2.00% of its plans"),
    ({"runs": 100, "slow": 2}, {"max_p99_ms": 100}, "99th percentile is inf ms"),
]


def test_each_threshold_is_told_with_its_number(limber: Any) -> None:
    for number, (counts, limits, said) in enumerate(THRESHOLDS):
        release = released(limber, b"model %d" % number)
        limber.client.post(URL, json=health_report(release, **counts))
        (found,) = doubted(limber, release.object_sha256, **limits)
        assert said in found
        assert doubted(limber, release.object_sha256) == []


def test_fewer_completed_items_than_before_are_told_but_not_by_chance(limber: Any) -> None:
    old, new = released(limber, b"old"), released(limber, b"new", channel="canary")
    limber.client.post(URL, json=health_report(old, runs=1, completed=9000, skipped=1000))
    limber.client.post(URL, json=health_report(new, runs=1, completed=16, skipped=4))

    def found() -> list[str]:
        return doubted(limber, new.object_sha256, old.object_sha256, max_drop=0.02)

    assert found() == []  # ten points less, but of twenty items only
    limber.client.post(URL, json=health_report(new, runs=1, completed=8000, skipped=2000))
    assert "80.0% of its items are completed, 90.0% of the model before" in found()[0]


def test_no_reports_are_no_doubt_when_none_are_asked_for(limber: Any) -> None:
    assert doubted(limber, "0" * 64) == []
    assert "0 runs" in doubted(limber, "0" * 64, min_runs=1)[0]


# The histogram


def test_a_percentile_is_never_told_too_small() -> None:
    assert percentile([0] * BUCKETS, 0.5) is None
    for ms in (0.2, 1, 1.001, 7, 1000, 1001, 5000):
        latency = [0] * BUCKETS
        latency[bucket(ms)] = 1
        told = percentile(latency, 0.99)
        assert told is not None
        assert told >= ms
    mixed = [0] * BUCKETS
    mixed[bucket(4)], mixed[bucket(40)] = 99, 1
    assert (percentile(mixed, 0.5), percentile(mixed, 0.99), percentile(mixed, 1.0)) == (5, 5, 50)


def test_counters_add_up() -> None:
    one = empty() | {"runs": 2, "latency": [1] * BUCKETS}
    assert added(one, one)["runs"] == 4
    assert added(one, one)["latency"] == [2] * BUCKETS
    assert len(BOUNDS_MS) == BUCKETS - 1
