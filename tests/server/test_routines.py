"""`POST /v1/routines`: made with the current model and catalogue, loaded once."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from server import create_app
from server.routines.schemas import Routine
from sync.canonical import sha256_hex

BUNDLED = Path(__file__).resolve().parents[2] / "mobile" / "assets" / "models" / "generator.onnx"
URL = "/v1/routines"
REQUEST = {"request": {"kind": "warmup", "activity": "run_distance", "budget_s": 720}, "seed": 7}


def test_a_routine_comes_from_the_current_model_and_catalogue(limber: Any) -> None:
    release = limber.publish_model(b"graph")
    answer = limber.client.post(URL, json=REQUEST)
    assert answer.status_code == 200
    assert (answer.json["model"], answer.json["catalog"]) == (f"sha256:{release.object_sha256}", 1)
    assert answer.json["seed"] == 7
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_new_release_is_taken_up_and_an_old_one_not_loaded_again(limber: Any) -> None:
    loads: list[str] = []
    shared = limber.app.extensions["limber"]
    fake = shared.runtime()

    def load(body: bytes) -> Any:
        loads.append("model")
        return fake.Generator.load(body)

    def from_documents(documents: Any, release: int) -> Any:
        loads.append("catalog")
        return fake.Catalog.from_documents(documents, release)

    counting = SimpleNamespace(**vars(fake))
    counting.Generator = SimpleNamespace(load=load)
    counting.Catalog = SimpleNamespace(from_documents=from_documents)
    app = create_app(
        limber.settings, engine=limber.engine, store=limber.store, runtime=counting, release_seconds=0.0
    )
    client = app.test_client()
    limber.publish_model(b"one")
    for _ in range(3):
        assert client.post(URL, json=REQUEST).json["catalog"] == 1
    assert loads == ["model", "catalog"]
    limber.edit("exercise", "march-in-place", {"name": "Marching"})
    assert client.post(URL, json=REQUEST).json["catalog"] == 2
    assert loads == ["model", "catalog", "catalog"]
    newer = limber.publish_model(b"two")
    assert client.post(URL, json=REQUEST).json["model"] == f"sha256:{newer.object_sha256}"
    assert loads == ["model", "catalog", "catalog", "model"]


def test_what_the_generator_refuses_is_named(limber: Any) -> None:
    limber.publish_model(b"graph")
    answer = limber.client.post(URL, json={"request": {"kind": "nap", "activity": "x", "budget_s": 720}})
    assert answer.status_code == 422
    assert answer.json["errors"] == {"request.kind": ["is not one of cooldown, warmup"]}


def test_without_a_model_the_answer_says_so(limber: Any) -> None:
    answer = limber.client.post(URL, json=REQUEST)
    assert answer.status_code == 503
    assert answer.json["detail"] == "No model release is published yet."
    assert "Retry-After" in answer.headers


def test_without_a_catalogue_the_answer_says_so(empty: Any) -> None:
    assert empty.client.post(URL, json=REQUEST).json["detail"] == "No catalogue release is published yet."


def test_a_damaged_model_is_not_used(limber: Any) -> None:
    release = limber.publish_model(b"graph")
    (limber.store.root / release.object_key).write_bytes(b"other")
    answer = limber.client.post(URL, json=REQUEST)
    assert (answer.status_code, "damaged" in answer.json["detail"]) == (503, True)


def test_a_model_made_for_another_catalogue_is_not_used(limber: Any) -> None:
    limber.publish_model(b"graph")
    with limber.engine.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE release SET manifest = jsonb_set(manifest, '{manifest,catalog_min}', '5')"
            " WHERE stream = 'model'"
        )
    answer = limber.client.post(URL, json=REQUEST)
    assert answer.json["detail"] == "Model 1 is not made for catalogue release 1."


def test_a_given_file_replaces_the_published_model(
    start: Callable[..., Any],
    make_database: Callable[[str], str],
    published: Any,
    limber: Any,
    tmp_path: Path,
) -> None:
    file = tmp_path / "my.onnx"
    file.write_bytes(b"mine")
    app = create_app(
        dataclasses.replace(limber.settings, model=file),
        engine=limber.engine,
        store=limber.store,
        runtime=limber.app.extensions["limber"].runtime(),
        release_seconds=0.0,
    )
    assert app.test_client().post(URL, json=REQUEST).json["model"] == f"sha256:{sha256_hex(b'mine')}"
    file.unlink()
    fresh = create_app(
        dataclasses.replace(limber.settings, model=file), engine=limber.engine, store=limber.store
    )
    assert fresh.test_client().post(URL, json=REQUEST).status_code == 503


def test_a_plan_that_the_checker_refuses_is_reported_and_not_sent(
    reader: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = reader.client.post(URL, json=REQUEST | {"seed": 13})
    assert (answer.status_code, "S01" in answer.text) == (503, False)
    events = [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["violations"] for line in events if line["event"] == "unsafe_plan"] == ["S01: unlucky"]


def test_a_file_that_is_no_model_is_unavailable(limber: Any, tmp_path: Path) -> None:
    file = tmp_path / "broken.onnx"
    file.write_bytes(b"not a model")
    app = create_app(
        dataclasses.replace(limber.settings, model=file), engine=limber.engine, store=limber.store
    )
    answer = app.test_client().post(URL, json=REQUEST)
    assert answer.status_code == 503
    assert answer.json["detail"] == "The model or the catalogue cannot be read."


def test_the_real_runtime_makes_a_routine_with_the_bundled_model(limber: Any) -> None:
    settings = dataclasses.replace(limber.settings, model=BUNDLED)
    app = create_app(settings, engine=limber.engine, store=limber.store)
    answer = app.test_client().post(
        URL, json=REQUEST | {"profile": {"conditions": ["achilles_tendinopathy"]}}
    )
    assert answer.status_code == 200, answer.text
    assert abs(answer.json["total_s"] - 720) <= 30
    assert answer.json["model"] == f"sha256:{sha256_hex(BUNDLED.read_bytes())}"
    assert Routine().validate(answer.json) == {}
    refused = app.test_client().post(URL, json={"request": REQUEST["request"] | {"activity": "levitation"}})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["request.activity"])


@pytest.mark.parametrize("extra", [{"profile": None}, {"history": None}, {"profile": {"age": None}}])
def test_what_may_be_left_out_may_be_null(reader: Any, extra: dict[str, Any]) -> None:
    assert reader.client.post(URL, json=REQUEST | extra).status_code == 200
