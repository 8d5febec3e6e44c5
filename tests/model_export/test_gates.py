"""Every publishing gate, proved by a model that was made to fail it; and the bundled model, which passes them."""

import copy
import json
import re

import numpy as np
import onnx
import pytest

from model_export import golden, verify
from model_export.admission import MAX_BYTES, Rejected, admit, judged
from model_export.contract import OPERATORS
from model_export.graphs import as_text, described, nodes, operators
from model_export.runtime import Generator
from sync import device_model
from sync.canonical import sha256_hex

REQUESTS = 6


@pytest.fixture(scope="session")
def proto(held):
    return onnx.load_from_string(held.model)


def evaluation(model, **changed):
    families = {
        name: {"model": 0.6, "rules_only": 0.5, "difference": 0.1, "interval": [0.05, 0.15]}
        for name in ("a", "b")
    }
    cohorts = {
        name: {"difference": 0.01, "interval": [-0.01, 0.03], "sessions": 100} for name in ("young", "old")
    }
    made = {
        "model_sha256": sha256_hex(model),
        "all": {"difference": 0.1, "interval": [0.05, 0.15]},
        "families": families,
        "cohorts": cohorts,
        "simulation_only": True,
    }
    return made | changed


def run(held, model, cases=None, requests=REQUESTS, **options):
    """{gate: Gate} of a model given as proto or bytes."""
    content = model if isinstance(model, bytes) else model.SerializeToString()
    cases = held.golden if cases is None else cases
    # A busy machine must not decide about what the tests are not about.
    options = {"max_ms": 60.0} | options
    return {g.name: g for g in verify.gates(content, cases, held.catalog, requests, **options)}


def failed(found):
    return {name for name, gate in found.items() if gate.passed is False}


def changed(proto, change):
    model = copy.deepcopy(proto)
    change(model)
    return model


def between(model, name, operator, constant):
    """Put `operator(name, constant)` where anything in the graph read the value `name`."""

    def rename(graph):
        for node in graph.node:
            node.input[:] = ["tampered" if given == name else given for given in node.input]
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    rename(attribute.g)

    rename(model.graph)
    at = next(i for i, node in enumerate(model.graph.node) if name in node.output)
    added = [
        onnx.helper.make_node("Constant", [], ["tamper"], value=onnx.numpy_helper.from_array(constant)),
        onnx.helper.make_node(operator, [name, "tamper"], ["tampered"]),
    ]
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*rest[: at + 1], *added, *rest[at + 1 :]])


def source_of(model, output):
    """The value that an output of the graph is a copy of."""
    return next(node.input[0] for node in model.graph.node if output in node.output)


def regolden(held, model):
    """Golden cases that fit the model, so that only the other gates can tell."""
    return golden.make(Generator.load(model.SerializeToString()), held.catalog)


def leaves(model):
    tree = next(node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor")
    return next(a for a in tree.attribute if a.name == "target_weights").floats


def metadata(model, key):
    return next(entry for entry in model.metadata_props if entry.key == key)


# The bundle


def test_the_bundled_model_passes_every_gate_and_each_tells_its_number_and_limit(held):
    found = run(held, held.model, evaluation=evaluation(held.model), requests=20)
    assert failed(found) == set(), verify.table(list(found.values()))
    assert list(found) == [
        "size", "brotli", "metadata", "opset", "operators", "interface", "loads", "golden", "parity", "safety",
        "served", "latency", "threads", "evaluation", "families", "cohorts",
    ]  # fmt: skip
    shown = verify.table(list(found.values()))
    for gate in found.values():
        assert gate.found
        assert gate.limit
        assert gate.found in shown


# The files alone


@pytest.mark.parametrize("cut", [0, 100, 50_000])
def test_a_truncated_file_fails_to_load(held, cut):
    assert failed(run(held, held.model[:cut])) & {"loads", "metadata"}


def test_a_model_of_another_contract_is_refused_by_number(held, proto):
    model = changed(proto, lambda m: setattr(metadata(m, "contract"), "value", "1"))
    found = run(held, model)
    assert "speaks contract 1" in found["metadata"].why
    assert "parity" not in found


@pytest.mark.parametrize("key", ["contract", "vocabulary", "feature_spec", "wording"])
@pytest.mark.parametrize("how", ["missing", "empty", "not JSON"])
def test_missing_metadata_is_named(held, proto, key, how):
    def change(model):
        entry = metadata(model, key)
        if how == "missing":
            model.metadata_props.remove(entry)
        else:
            entry.value = "{}" if how == "empty" else "{"

    with pytest.raises(Rejected, match=f"metadata: .*{key}"):
        admit(changed(proto, change).SerializeToString(), held.golden)


def test_another_opset_or_ir_version_is_refused(held, proto):
    for change in (
        lambda m: setattr(m.opset_import[0], "version", 18),
        lambda m: setattr(m, "ir_version", 9),
        lambda m: m.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1)),
    ):
        with pytest.raises(Rejected, match="opset"):
            admit(changed(proto, change).SerializeToString(), held.golden)


def test_an_operator_outside_the_closed_list_is_named(held, proto):
    model = changed(proto, lambda m: m.graph.node.append(onnx.helper.make_node("Neg", ["noise"], ["unused"])))
    found = run(held, model)
    assert failed(found) == {"operators"}
    assert "Neg" in found["operators"].why


def test_an_operator_hidden_in_the_loop_is_named_too(held, proto):
    def change(model):
        loop = next(node for node in model.graph.node if node.op_type == "Loop")
        body = next(a.g for a in loop.attribute if a.name == "body")
        body.node.append(onnx.helper.make_node("Neg", [body.input[0].name], ["unused"]))

    assert "Neg" in run(held, changed(proto, change))["operators"].why


def test_a_64_bit_interface_is_refused(held, proto):
    def change(model):
        model.graph.output[-1].type.tensor_type.elem_type = onnx.TensorProto.INT64

    found = run(held, changed(proto, change))
    assert proto.graph.output[-1].name in found["interface"].why


def test_a_model_over_the_size_is_refused_with_its_bytes(held, proto):
    def change(model):
        noise = np.random.default_rng(0).integers(0, 2**31, MAX_BYTES // 4, dtype=np.int32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(noise, "ballast"))

    with pytest.raises(Rejected, match="size: too large") as refused:
        admit(changed(proto, change).SerializeToString(), held.golden)
    assert refused.value.gates[0].found > f"{MAX_BYTES:,} bytes"


def test_tampered_leaves_fail_the_golden_cases(held, proto):
    """Parity cannot tell: the reference reads its leaves from the file."""

    def change(model):
        weights = leaves(model)
        for place in range(0, len(weights), 5):
            weights[place] = weights[place] + 40

    with pytest.raises(Rejected, match="golden: golden case"):
        admit(changed(proto, change).SerializeToString(), held.golden)


@pytest.mark.parametrize("cases", [b"", b"{}", b'{"documents": [], "cases": []}'])
def test_malformed_golden_cases_are_refused(held, cases):
    with pytest.raises(Rejected, match="golden"):
        admit(held.model, cases)


# Thousands of routines


def test_an_altered_policy_fails_parity_although_its_golden_cases_pass(held, proto):
    tree = next(node for node in proto.graph.node if node.op_type == "TreeEnsembleRegressor")
    model = changed(proto, lambda m: between(m, tree.output[0], "Mul", np.array([-3.0], np.float32)))
    found = run(held, model, regolden(held, model), unevaluated=True)
    assert failed(found) == {"parity"}
    assert "request" in found["parity"].why


def test_without_the_safety_mask_the_checker_finds_hazards(held, proto):
    blocked = source_of(proto, "blocked_by")
    model = changed(proto, lambda m: between(m, blocked, "Mul", np.array([0], np.int32)))
    found = run(held, model, regolden(held, model), requests=12)
    assert "safety" in failed(found)
    assert " breaks " in found["safety"].why


def test_a_model_that_serves_nobody_is_refused(held, proto):
    blocked = source_of(proto, "blocked_by")
    model = changed(proto, lambda m: between(m, blocked, "Add", np.array([1], np.int32)))
    found = run(held, model, regolden(held, model))
    assert "served" in failed(found)


def test_a_graph_slower_than_its_bound_is_refused(held, proto):
    found = run(held, changed(proto, lambda model: None), requests=2, unevaluated=True, max_ms=0.01)
    assert failed(found) == {"latency"}
    assert "ms" in found["latency"].found


def test_leaves_that_are_no_integers_depend_on_the_number_of_threads(held, proto):
    def change(model):
        rng, weights = np.random.default_rng(0), leaves(model)
        weights[:] = [float(np.float32(w * 1e5 + rng.normal() * 1e3)) for w in weights]

    found = run(held, changed(proto, change))
    assert "threads" in failed(found)


def test_a_graph_that_raises_is_refused_with_what_it_said(held, proto, monkeypatch):
    def raises(*_):
        raise RuntimeError("the loop ran out of items")

    monkeypatch.setattr(verify, "run_graph", raises)
    found = run(held, held.model)
    assert failed(found) == {"runs"}
    assert "ran out of items" in found["runs"].why


# The evaluation


@pytest.mark.parametrize(
    ("changes", "gate", "said"),
    [
        ({"model_sha256": "0" * 64}, "evaluation", "another model"),
        ({"families": {"a": {"difference": 0.1, "interval": [-0.02, 0.2]}}}, "families", "rules-only in a"),
        ({"all": {"difference": 0.1, "interval": [-0.001, 0.2]}}, "families", "over all families"),
        ({"all": None}, "evaluation", "malformed"),
        ({"families": {"a": {"difference": -0.1, "interval": [-0.2, -0.05]}}}, "families", "rules-only in a"),
        ({"families": {}}, "families", "not better"),
        ({"cohorts": {"old": {"difference": -0.01, "interval": [-0.015, -0.005]}}}, "cohorts", "worse.*old"),
        ({"cohorts": {"old": {"difference": -0.03, "interval": [-0.1, 0.1]}}}, "cohorts", "worse.*old"),
        ({"cohorts": {}}, "cohorts", "no cohort"),
        ({"families": None}, "evaluation", "malformed"),
        ({"families": {"a": {"difference": 0.1}}}, "evaluation", "malformed"),
        ({"cohorts": {"a": {"difference": 0.5, "interval": [0.0, 0.1]}}}, "evaluation", "does not hold"),
    ],
)
def test_an_evaluation_must_be_of_this_model_and_say_that_nobody_is_worse_off(held, changes, gate, said):
    found = {g.name: g for g in judged(evaluation(held.model, **changes), sha256_hex(held.model))}
    assert found[gate].passed is False
    assert re.search(said, found[gate].why)


@pytest.mark.parametrize("nonsense", [None, [], {}, "text", 3, {"families": 3, "cohorts": {}}])
def test_what_is_no_evaluation_is_refused(held, nonsense):
    (gate,) = judged(nonsense, sha256_hex(held.model))
    assert gate.passed is False


def test_a_missing_evaluation_fails_unless_it_is_left_out_on_purpose(held, monkeypatch):
    monkeypatch.setattr(verify, "prove", lambda *_: verify.Tally(requests=1, times_ms=[1.0]))
    assert failed(run(held, held.model)) == {"families", "cohorts"}
    left_out = run(held, held.model, unevaluated=True)
    assert failed(left_out) == set()
    assert left_out["cohorts"].passed is None
    assert "skip" in verify.table(list(left_out.values()))


# What the file holds


def test_show_tells_inputs_operators_sizes_the_loop_and_the_metadata(held, proto):
    facts = described(held.model)
    assert json.loads(json.dumps(facts)) == facts
    assert set(facts["inputs"]) == {value.name for value in proto.graph.input}
    assert facts["inputs"]["noise"] == "int32[N]"
    assert set(facts["operators"]) == operators(proto.graph)
    assert sum(entry["nodes"] for entry in facts["operators"].values()) == len(list(nodes(proto.graph)))
    assert facts["loops"][0]["nodes"] > 10
    assert facts["trees"]["leaves"] == len(leaves(proto))
    text = as_text(facts)
    for word in ("TreeEnsembleRegressor", "loop", "vocabulary", facts["sha256"], "brotli"):
        assert word in text


def test_a_device_knows_the_same_operators_as_the_contract():
    assert device_model.OPERATORS == OPERATORS
