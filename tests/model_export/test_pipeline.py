"""From rows to a released file: exact trees, reproducible bytes, self-contained golden cases, a verified bundle."""

import json
from datetime import UTC, datetime

import onnx
import pytest

from model_export import bundle, export, golden
from model_export.contract import CONTRACT, OPERATORS
from model_export.learning import training
from model_export.runtime import Generator, ModelError
from model_export.shipping.publish import publish
from server.catalog.content import read_seed
from sync.canonical import sha256_hex
from sync.objects import open_store
from sync.releases import current_release
from sync.signing import create_key, load_key, trust_document, verify


@pytest.fixture(scope="module")
def run(tmp_path_factory, catalog):
    folder = tmp_path_factory.mktemp("run")
    training.train_run(catalog, folder, requests=40, seed=1)
    return folder


def test_a_run_is_reproducible_to_the_byte(run, tmp_path, catalog):
    training.train_run(catalog, tmp_path, requests=40, seed=1)
    for name in (training.SCORER, training.RUN):
        assert (tmp_path / name).read_bytes() == (run / name).read_bytes()
    one, two = (export.build_graph(catalog, training.load_scorer(f)) for f in (run, tmp_path))
    assert one.SerializeToString(deterministic=True) == two.SerializeToString(deterministic=True)


def test_an_operator_outside_the_contract_stops_the_export(run, catalog, monkeypatch):
    monkeypatch.setattr(export, "OPERATORS", OPERATORS - {"Loop"})
    with pytest.raises(ValueError, match="outside the contract: Loop"):
        export.build_graph(catalog, training.load_scorer(run))


def test_what_does_not_vary_is_not_computed_in_every_step(held):
    model = onnx.load_from_string(held.model)
    (body,) = [a.g for n in model.graph.node if n.op_type == "Loop" for a in n.attribute if a.name == "body"]
    varying = {value.name for value in body.input}
    for node in body.node:
        assert varying.intersection(node.input), f"{node.op_type} could stand before the loop"
        varying.update(node.output)


def test_golden_cases_pass_for_their_model_and_fail_for_another(held, run, catalog):
    other = export.build_graph(catalog, training.load_scorer(run)).SerializeToString(deterministic=True)
    assert golden.check_golden(Generator.load(held.model), held.golden) == golden.CASES
    with pytest.raises(ModelError, match="golden case"):
        golden.check_golden(Generator.load(other), held.golden)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"documents": [], "cases": []}'])
def test_malformed_golden_cases_are_refused(held, content):
    with pytest.raises(ModelError):
        golden.check_golden(Generator.load(held.model), content)


def test_the_bundle_holds_the_content_that_editors_keep(held):
    documents = json.loads((bundle.FOLDER / "catalog.json").read_text())["documents"]
    assert {(d["collection"], d["id"]): d["data"] for d in documents} == read_seed()
    assert held.manifest["catalog"]["documents"] == len(documents)


def test_a_bundle_is_written_the_same_twice_and_a_changed_file_is_refused(held, tmp_path):
    documents = json.loads((bundle.FOLDER / "catalog.json").read_text())["documents"]
    for folder in (tmp_path / "a", tmp_path / "b"):
        bundle.write(folder, held.model, held.golden, reversed(documents), 1)
    for name in ("bundle.json", "catalog.json", "generator.onnx", "golden.json"):
        assert (tmp_path / "a" / name).read_bytes() == (bundle.FOLDER / name).read_bytes()
    (tmp_path / "a" / "generator.onnx").write_bytes(held.model[:-1] + b"?")
    with pytest.raises(bundle.BundleInvalid, match=r"generator\.onnx"):
        bundle.read(tmp_path / "a")
    (tmp_path / "b" / "catalog.json").unlink()
    with pytest.raises(bundle.BundleInvalid, match=r"catalog\.json"):
        bundle.read(tmp_path / "b")


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path):
    create_key(tmp_path / "key.pem")
    return open_store(str(tmp_path / "objects")), load_key(tmp_path / "key.pem")


def test_a_published_model_is_stored_by_content_and_signed(engine, shop, held):
    store, key = shop
    with engine.begin() as conn:
        release = publish(conn, store, key, held.model, held.golden, catalog_min=1, channel="stable", now=NOW)
    assert release is not None
    assert sha256_hex(store.get(release.object_key)) == release.object_sha256 == sha256_hex(held.model)
    trusted = {k["key_id"]: k["public_key"] for k in trust_document(key)["keys"]}
    with engine.connect() as conn:
        current = current_release(conn, "model")
    manifest = verify(current.manifest, trusted)
    assert (manifest["sequence"], manifest["contract"], manifest["channel"]) == (1, CONTRACT, "stable")
    assert (
        sha256_hex(store.get(f"models/{manifest['golden']['sha256']}.golden.json"))
        == manifest["golden"]["sha256"]
    )


def test_publishing_the_same_model_again_changes_nothing_and_another_channel_is_another_release(
    engine, shop, held
):
    store, key = shop
    options = {"catalog_min": 1, "now": NOW}
    with engine.begin() as conn:
        first = publish(conn, store, key, held.model, held.golden, channel="canary", **options)
        again = publish(conn, store, key, held.model, held.golden, channel="canary", **options)
        promoted = publish(conn, store, key, held.model, held.golden, channel="stable", **options)
    assert (first.number, again, promoted.number) == (1, None, 2)
