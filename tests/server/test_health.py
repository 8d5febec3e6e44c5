"""`/healthz` and `/readyz`: the second names what is missing."""

from collections.abc import Callable
from typing import Any

import pytest

from server import create_app, health
from server.settings import Settings


def test_a_published_server_is_ready(reader: Any) -> None:
    answer = reader.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "release": "ok"}}
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_a_release_it_is_not_ready(empty: Any) -> None:
    answer = empty.client.get("/readyz")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.json["checks"] == {
        "database": "ok",
        "migrations": "ok",
        "release": "no catalogue release is published",
    }
    assert "release: no catalogue" in answer.json["detail"]
    assert answer.headers["Retry-After"] == "5"


def test_without_migrations_it_is_not_ready(
    start: Callable[..., Any], make_database: Callable[[str], str]
) -> None:
    answer = start(make_database("template0")).client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["migrations"] == "the database has no tables yet"


def test_behind_the_newest_migration_it_is_not_ready(limber: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "newest_migration", lambda: "9999")
    answer = limber.client.get("/readyz")
    assert answer.status_code == 503
    assert "expected 9999" in answer.json["checks"]["migrations"]


def test_a_live_process_is_healthy_while_its_database_is_away(tmp_path: Any) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    client = create_app(Settings(database_url=url, data=tmp_path)).test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "cannot be reached"


def test_a_restarted_database_costs_no_request(limber: Any) -> None:
    """Connections that died in the pool are replaced without an error reaching the client."""
    assert limber.client.get("/readyz").status_code == 200
    with limber.engine.connect() as conn:
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert limber.client.get("/readyz").status_code == 200
    assert limber.client.get("/v1/catalog/changes").status_code == 200
