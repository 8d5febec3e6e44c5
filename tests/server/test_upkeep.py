"""Upkeep: what was deleted long ago is forgotten, and only that."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from server.__main__ import main
from server.upkeep import prune
from sync import store
from sync.push import push
from sync.records import RULES

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ACCOUNTS = [f"account:0195f3a0-0000-7000-8000-00000000000{n}" for n in (1, 2)]


@pytest.fixture
def deleted(engine: Engine) -> Engine:
    """Two accounts and the catalogue: in each something lives and something was deleted, just now."""
    now_ms = int(NOW.timestamp() * 1000)
    for account in ACCOUNTS:
        patches: list[dict[str, Any]] = [
            {
                "collection": "exercise_pref",
                "id": name,
                "hlc": f"{now_ms + n:012x}-0000-1f2e3d4c5b6a7988",
                **change,
            }
            for n, (name, change) in enumerate(
                [("a", {"set": {"rating": 1}}), ("b", {"set": {"rating": 1}}), ("b", {"delete": True})]
            )
        ]
        with engine.begin() as conn:
            push(conn, account, patches, now_ms=now_ms, rules=RULES)
    with engine.begin() as conn:
        store.publish(conn, "catalog", {("exercise", "x"): {}, ("exercise", "y"): {}})
        store.publish(conn, "catalog", {("exercise", "x"): {}})
        conn.exec_driver_sql("UPDATE record SET at = %(at)s", {"at": NOW})
    return engine


def left(engine: Engine) -> tuple[int, int]:
    with engine.connect() as conn:
        found = conn.exec_driver_sql("SELECT count(*), count(*) FILTER (WHERE deleted) FROM record").one()
    return tuple(found)


def test_deletions_past_the_horizon_are_forgotten_everywhere(deleted: Engine) -> None:
    assert prune(deleted, 180, NOW + timedelta(days=179)) == 0
    assert left(deleted) == (6, 3)
    assert prune(deleted, 180, NOW + timedelta(days=181)) == 3
    assert left(deleted) == (3, 0)
    with deleted.connect() as conn:
        floors = conn.exec_driver_sql("SELECT stream, floor, records FROM stream ORDER BY stream").all()
    assert [tuple(row) for row in floors] == [(ACCOUNTS[0], 2, 1), (ACCOUNTS[1], 2, 1), ("catalog", 3, 0)]


def test_nothing_published_is_nothing_to_forget(engine: Engine) -> None:
    assert prune(engine, 180, NOW) == 0


def test_the_command_says_what_it_forgot(
    deleted: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with deleted.begin() as conn:
        conn.exec_driver_sql("UPDATE record SET at = now() - interval '3 days'")
    monkeypatch.setenv("DATABASE_URL", deleted.url.render_as_string(hide_password=False))
    assert main(["prune", "--days", "2"]) == 0
    assert capsys.readouterr().out == "3 deletions older than 2 days forgotten\n"
    assert main(["prune", "--days", "0"]) == 1
    assert "--days" in capsys.readouterr().err
