"""Every error is a problem with a request id, and says nothing about our insides."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import create_engine

from server import create_app
from server.problems import flatten
from server.settings import Settings
from sync.objects import StoreUnavailable

AWAY = "postgresql+psycopg://nobody@127.0.0.1:1/none"


@pytest.fixture
def away(tmp_path: Any) -> Iterator[Flask]:
    """A server whose database cannot be reached."""
    engine = create_engine(AWAY, connect_args={"connect_timeout": 2})
    app = create_app(Settings(database_url=AWAY, data=tmp_path), engine=engine, release_seconds=0.0)

    def fail() -> None:
        raise RuntimeError("secret inside")

    app.add_url_rule("/test/fail", view_func=fail)
    yield app
    engine.dispose()


def check(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = orjson.loads(answer.data)
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return body


def test_an_unknown_path_is_a_problem(away: Flask) -> None:
    check(away.test_client().get("/v1/nothing"), 404)


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/catalog/changes", "/healthz", "/docs", "/openapi.json"])
def test_a_wrong_method_says_which_are_allowed(away: Flask, path: str) -> None:
    answer = away.test_client().delete(path)
    check(answer, 405)
    assert {"GET", "HEAD", "OPTIONS"} == set(answer.headers["Allow"].split(", "))


def test_options_says_what_is_allowed(away: Flask) -> None:
    answer = away.test_client().options("/v1/routines")
    assert answer.status_code == 200
    assert {"POST", "OPTIONS"} == set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nope", b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b"[" * 5000, b'{"a": 1e999}']
)
def test_malformed_json_is_a_bad_request(away: Flask, body: bytes) -> None:
    answer = away.test_client().post("/v1/routines", data=body, content_type="application/json")
    assert list(check(answer, 400)["errors"]) == ["body"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "nonsense"])
def test_another_media_type_is_refused(away: Flask, kind: str | None) -> None:
    check(away.test_client().post("/v1/routines", data=b"{}", content_type=kind), 415)


def test_a_request_body_in_an_unknown_coding_is_refused(away: Flask) -> None:
    answer = away.test_client().post(
        "/v1/routines", data=b"x", content_type="application/json", headers={"Content-Encoding": "deflate"}
    )
    check(answer, 415)
    assert answer.headers["Accept-Encoding"] == "zstd, br, gzip, identity"


def test_a_body_above_the_limit_is_refused(away: Flask) -> None:
    client = away.test_client()
    large = b'"' + b"x" * 1_048_576 + b'"'
    check(client.post("/v1/routines", data=large, content_type="application/json"), 413)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ([], ["body"]),
        ("text", ["body"]),
        ({}, ["request"]),
        ({"request": 5}, ["request"]),
        ({"request": {"kind": 5, "activity": "x", "budget_s": 600}}, ["request.kind"]),
        ({"request": {"kind": "a\x00", "activity": "x", "budget_s": 600}}, ["request.kind"]),
        ({"request": {"kind": "a" * 300, "activity": "x", "budget_s": 600}}, ["request.kind"]),
        ({"request": {"kind": "warmup", "activity": "x", "budget_s": "long"}}, ["request.budget_s"]),
        (
            {
                "request": {"kind": "warmup", "activity": "x", "budget_s": 600},
                "profile": {"conditions": ["a", 1]},
            },
            ["profile.conditions.1"],
        ),
        ({"request": {"kind": "warmup", "activity": "x", "budget_s": 600}, "seed": -1}, ["seed"]),
        ({"request": {"kind": "warmup", "activity": "x", "budget_s": 600}, "sed": 1}, ["sed"]),
        ({"request": {"kind": "warmup"}}, ["request.activity", "request.budget_s"]),
    ],
)
def test_a_wrong_body_names_its_fields(away: Flask, body: Any, fields: list[str]) -> None:
    problem = check(away.test_client().post("/v1/routines", json=body), 422)
    assert sorted(problem["errors"]) == fields
    assert all(field in problem["detail"] for field in fields)


@pytest.mark.parametrize("path", ["/v1/catalog/changes", "/v1/catalog/snapshot", "/v1/models/current"])
def test_a_database_that_is_away_is_unavailable_and_worth_a_retry(away: Flask, path: str) -> None:
    answer = away.test_client().get(path)
    check(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_database_without_tables_is_unavailable(
    start: Callable[..., Any], make_database: Callable[[str], str]
) -> None:
    limber = start(make_database("template0"))
    check(limber.client.get("/v1/catalog/changes"), 503)


def test_a_store_that_is_away_is_unavailable(limber: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> bytes:
        raise StoreUnavailable("bucket is on fire")

    monkeypatch.setattr(type(limber.store), "get", refuse)
    answer = limber.client.get("/v1/catalog/snapshot")
    assert "fire" not in check(answer, 503)["detail"]
    assert "Retry-After" in answer.headers


def test_a_mistake_of_ours_is_logged_and_not_shown(away: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    answer = away.test_client().get("/test/fail", headers={"X-Request-ID": "story-1"})
    check(answer, 500)
    assert b"secret" not in answer.data
    assert b"Traceback" not in answer.data
    lines = [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]
    (error,) = [line for line in lines if line["event"] == "unhandled_error"]
    assert error["request_id"] == "story-1"
    assert "secret inside" in error["exception"]


def test_a_sane_request_id_is_kept_and_another_replaced(away: Flask) -> None:
    client = away.test_client()
    assert (
        client.get("/healthz", headers={"X-Request-ID": "abc-1.2_3"}).headers["X-Request-ID"] == "abc-1.2_3"
    )
    for bad in ("", "a b", "x" * 65, "ä", '"><script>'):
        made = client.get("/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"]
        assert made != bad
        assert len(made) == 32


def test_each_request_is_one_line_of_json(away: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    away.test_client().get("/healthz", headers={"X-Request-ID": "story-2"})
    (line,) = [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (line["event"], line["path"], line["status"]) == ("request", "/healthz", 200)
    assert (line["method"], line["request_id"], line["level"]) == ("GET", "story-2", "info")


def test_a_librarys_warning_takes_the_same_form(away: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("some.library").warning("%s is odd", "this")
    (line,) = [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (line["event"], line["level"]) == ("this is odd", "warning")


def test_security_headers_are_on_every_answer(away: Flask) -> None:
    client = away.test_client()
    for answer in (client.get("/healthz"), client.get("/"), client.get("/v1/nothing"), client.get("/docs")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in answer.headers


def test_a_public_https_address_pins_https(tmp_path: Any) -> None:
    settings = Settings(database_url=AWAY, data=tmp_path, public_url="https://limber.example")
    answer = create_app(settings).test_client().get("/healthz")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_nested_messages_become_paths() -> None:
    messages = {"a": {"b": {0: ["x"]}, "_schema": ["y"]}, "_schema": ["z"]}
    assert flatten(messages) == {"a.b.0": ["x"], "a": ["y"], "body": ["z"]}
