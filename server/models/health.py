"""Health after release: what devices report of a model, summed by model, channel and day."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from server.models.tables import model_health, model_health_report
from server.settings import Settings
from sync import tables
from sync.health import added, empty, percentile

WINDOW = timedelta(days=28)
"""How far back a promotion and the status look."""
REMEMBERED = timedelta(days=90)
"""How long a report's id is kept: a device that sends one again after that is counted again."""

_ADD = """
INSERT INTO model_health (sha256, channel, day, reports, runs, failures, rejections, completed, skipped, swapped, pain,
                          latency)
VALUES (%(sha256)s, %(channel)s, %(day)s, 1, %(runs)s, %(failures)s, %(rejections)s, %(completed)s, %(skipped)s,
        %(swapped)s, %(pain)s, %(latency)s)
ON CONFLICT (sha256, channel, day) DO UPDATE SET
    reports = model_health.reports + 1,
    runs = model_health.runs + excluded.runs,
    failures = model_health.failures + excluded.failures,
    rejections = model_health.rejections + excluded.rejections,
    completed = model_health.completed + excluded.completed,
    skipped = model_health.skipped + excluded.skipped,
    swapped = model_health.swapped + excluded.swapped,
    pain = model_health.pain + excluded.pain,
    latency = ARRAY(SELECT a + b FROM unnest(model_health.latency, excluded.latency) WITH ORDINALITY AS t(a, b, n)
                     ORDER BY n)
"""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What devices must report of a model before it goes to more of them; see docs/settings.md."""

    min_runs: int
    max_failures: float
    max_rejections: float
    max_p99_ms: float
    max_drop: float

    @classmethod
    def of(cls, settings: Settings) -> Thresholds:
        return cls(
            settings.health_min_runs, settings.health_max_failures, settings.health_max_rejections,
            settings.health_max_p99_ms, settings.health_max_drop,
        )  # fmt: skip


def count(conn: Connection, report: Mapping[str, Any], now: datetime) -> int:
    """Add a device's report, checked before: {"id", "models": [{"sha256", "channel", counters, "latency"}]}.

    Returns how many of its models were counted: 0 for a report that was counted before. A model that was never
    released is left out, so that nobody can fill the table with names. `now` gives the day, in UTC.
    """
    conn.execute(delete(model_health_report).where(model_health_report.c.at < now - REMEMBERED))
    fresh = insert(model_health_report).values(id=report["id"], at=now).on_conflict_do_nothing()
    if conn.execute(fresh.returning(model_health_report.c.id)).one_or_none() is None:
        return 0
    r = tables.release.c
    hashes = {entry["sha256"] for entry in report["models"]}
    known = set(
        conn.execute(
            select(r.object_sha256).where(r.stream == "model", r.object_sha256.in_(hashes))
        ).scalars()
    )
    entries = [entry for entry in report["models"] if entry["sha256"] in known]
    # In one order everywhere, so that two reports about the same models cannot wait for each other.
    for entry in sorted(entries, key=lambda e: (e["sha256"], e["channel"])):
        conn.exec_driver_sql(_ADD, {**entry, "day": now.astimezone(UTC).date()})
    return len(entries)


def sums(conn: Connection, since: datetime) -> dict[tuple[str, str], dict[str, Any]]:
    """{(sha256, channel): counters} of the days from `since` on, with "reports" and "days"."""
    h = model_health.c
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in conn.execute(select(model_health).where(h.day >= since.astimezone(UTC).date())):
        key = (row.sha256, row.channel)
        held = found.get(key, empty() | {"reports": 0, "days": 0})
        found[key] = added(held, row._asdict()) | {
            "reports": held["reports"] + row.reports,
            "days": held["days"] + 1,
        }
    return found


def rates(counters: Mapping[str, Any]) -> dict[str, float | None]:
    """Shares and percentiles of counters; None where there is nothing to divide by.

    `completion` is the share of items that were done, of those that were done, skipped, swapped or hurt.
    """
    runs, outcomes = counters["runs"], sum(counters[n] for n in ("completed", "skipped", "swapped", "pain"))
    p50, p99 = (percentile(counters["latency"], share) for share in (0.5, 0.99))
    return {
        "failures": counters["failures"] / runs if runs else None,
        "rejections": counters["rejections"] / runs if runs else None,
        "p50_ms": p50,
        "p99_ms": p99,
        "completion": counters["completed"] / outcomes if outcomes else None,
        "pain": counters["pain"] / outcomes if outcomes else None,
        "outcomes": float(outcomes),
    }


def doubts(conn: Connection, sha256: str, before: str | None, limits: Thresholds, now: datetime) -> list[str]:
    """Why devices' reports speak against giving a model to more of them; empty when nothing does.

    The drop in completion against the model `before` counts when it is beyond both the limit and twice its standard
    error, so that a handful of sessions is no verdict.
    """
    everywhere = sums(conn, now - WINDOW)
    mine, other = (_of_model(everywhere, model) for model in (sha256, before))
    found, ours = [], rates(mine)
    if mine["runs"] < limits.min_runs:
        found.append(f"devices reported {mine['runs']} runs of it, {limits.min_runs} are asked for")
    if (ours["failures"] or 0) > limits.max_failures:
        found.append(f"{ours['failures']:.2%} of its runs failed, at most {limits.max_failures:.2%} may")
    if (ours["rejections"] or 0) > limits.max_rejections:
        found.append(
            f"the checker refused {ours['rejections']:.2%} of its plans, at most {limits.max_rejections:.2%} may"
        )
    if (ours["p99_ms"] or 0) > limits.max_p99_ms:
        found.append(f"its 99th percentile is {ours['p99_ms']:g} ms, at most {limits.max_p99_ms:g} ms may")
    theirs = rates(other)
    if ours["completion"] is not None and theirs["completion"] is not None:
        drop = theirs["completion"] - ours["completion"]
        error = math.sqrt(sum(_variance(each) for each in (ours, theirs)))
        if drop > max(limits.max_drop, 2 * error):
            found.append(
                f"{ours['completion']:.1%} of its items are completed, {theirs['completion']:.1%} of the model "
                f"before; at most {limits.max_drop:.1%} may be lost"
            )
    return found


def _of_model(everywhere: Mapping[tuple[str, str], Mapping[str, Any]], sha256: str | None) -> dict[str, Any]:
    total = empty()
    for (model, _), counters in everywhere.items():
        if model == sha256:
            total = added(total, counters)
    return total


def _variance(of: Mapping[str, float | None]) -> float:
    share, outcomes = of["completion"] or 0.0, of["outcomes"] or 1.0
    return share * (1 - share) / outcomes
