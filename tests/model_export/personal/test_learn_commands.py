"""Golden cases, and the two commands."""

import argparse
import io
import json

import onnx
import pytest

from model_export.cli import CommandError
from model_export.personal import commands, golden, verify
from model_export.personal.runtime import Learner, LearnerError


@pytest.fixture(scope="module")
def cases(learner, catalog):
    return golden.make(learner, catalog)


def test_golden_cases_hold_for_the_learner_that_made_them(learner, cases):
    assert golden.check_golden(learner, cases) == golden.CASES
    assert len(cases) < 40_000
    content = json.loads(cases)
    assert any(any(case["personal"]) for case in content["cases"])
    assert not any(content["cases"][0]["personal"])


@pytest.mark.parametrize("name", ["personal", "state"])
def test_one_integer_that_differs_is_found(learner, cases, name):
    content = json.loads(cases)
    if name == "state":
        content["cases"][4]["state"] ^= 1
    else:
        content["cases"][4]["personal"][3] += 1
    with pytest.raises(LearnerError, match=f"golden case 4 of the learner: {name} differs"):
        golden.check_golden(learner, json.dumps(content).encode())


def test_a_learner_with_other_arithmetic_fails_the_cases(cases, catalog, learner, monkeypatch):
    from model_export.personal import learn
    from model_export.personal.export import build_learn_graph

    monkeypatch.setattr(learn, "POINTS", 101)
    other = Learner.load(build_learn_graph(learner.vocabulary).SerializeToString())
    with pytest.raises(LearnerError, match="personal differs"):
        golden.check_golden(other, cases)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"documents": [], "cases": []}'])
def test_golden_cases_that_are_none_are_refused(learner, content):
    with pytest.raises(LearnerError, match="malformed"):
        golden.check_golden(learner, content)


def test_no_golden_cases_prove_nothing(learner, cases):
    empty = json.dumps({**json.loads(cases), "cases": []}).encode()
    with pytest.raises(LearnerError, match="no golden cases"):
        golden.check_golden(learner, empty)


@pytest.fixture
def command():
    """command("learn-show", FILE, …) -> exit status"""
    root = argparse.ArgumentParser()
    found = root.add_subparsers(required=True)

    def add(name, run, text):
        made = found.add_parser(name, help=text, description=text)
        made.set_defaults(run_command=run)
        return made

    commands.register(add)

    def call(*arguments):
        args = root.parse_args([str(a) for a in arguments])
        return args.run_command(args)

    return call


def test_a_learner_is_exported_and_a_state_of_it_explained(command, catalog, tmp_path, capsys):
    assert command("learn-export", "--run", tmp_path / "run", "--sessions", 20) == 0
    said = capsys.readouterr().out
    assert "to the byte in 20 sessions" in said
    assert "Exported" in said
    assert command("learn-verify", tmp_path / "run" / "learn.onnx", "--sessions", 5) == 0
    assert "to the byte in 5 sessions" in capsys.readouterr().out
    learner = Learner.load(tmp_path / "run" / "learn.onnx")
    assert golden.check_golden(learner, (tmp_path / "run" / "learn_golden.json").read_bytes()) == 8
    liked = [e["slug"] for e in catalog.exercises if e["positions"][0] == "walking"]
    disliked = [e["slug"] for e in catalog.exercises if e["type"] == "foam_roll"]
    feedback = [(slug, 2) for slug in liked] + [(slug, -2) for slug in disliked]
    text = learner.to_text(learner.update(learner.initial_state(), catalog, feedback))
    state, payload = tmp_path / "state.txt", tmp_path / "payload.json"
    state.write_text(text + "\n")
    payload.write_text(json.dumps({"history": {"learned": text}}))
    model = ("--model", tmp_path / "run" / "learn.onnx")
    assert command("learn-show", state, *model) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].startswith("Likes ")
    assert "work that moves about" in said.splitlines()[0]
    assert "foam rolling" in said.splitlines()[1]
    assert command("learn-show", payload, *model, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["answers"] == len(feedback)
    assert len(shown["tastes"]) == 29


def without_metadata(model):
    del model.metadata_props[:]


def a_newer_ir(model):
    model.ir_version = 9


def a_foreign_operator(model):
    model.graph.node.append(onnx.helper.make_node("Neg", ["personal"], ["unused"]))


def another_input(model):
    model.graph.input[0].name = model.graph.input[0].name + "_"


def more_bytes(model):
    model.doc_string = "x" * verify.MAX_BYTES


def a_tilt_from_nothing(model):
    """The points of an expected reward of 0 become 1: the constant added before the last division grows."""
    node = [n for n in model.graph.node if n.op_type == "Add"][-1]
    extra = onnx.helper.make_node(
        "Constant", [], ["extra"], value=onnx.helper.make_tensor("", onnx.TensorProto.INT32, [], [4096])
    )
    model.graph.node.insert(0, extra)
    node.input[1] = "extra"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (without_metadata, "metadata"),
        (a_newer_ir, "IR 9"),
        (a_foreign_operator, "outside the contract: Neg"),
        (another_input, "cannot load"),
        (more_bytes, "20,000 are allowed"),
    ],
)
def test_a_learner_that_must_not_ship_is_refused_with_the_reason(learn_model, cases, catalog, damage, reason):
    model = onnx.load_from_string(learn_model)
    damage(model)
    found = verify.problems(model.SerializeToString(), cases, catalog, sessions=3)
    assert len(found) == 1
    assert reason in found[0]


def test_golden_cases_of_another_learner_keep_a_file_from_shipping(
    learn_model, cases, catalog, tmp_path, command
):
    (tmp_path / "learn.onnx").write_bytes(learn_model)
    changed = json.loads(cases)
    changed["cases"][2]["personal"][0] += 1
    (tmp_path / "learn_golden.json").write_text(json.dumps(changed))
    with pytest.raises(CommandError, match="must not ship: golden case 2"):
        command("learn-verify", tmp_path / "learn.onnx")
    (tmp_path / "learn_golden.json").unlink()
    with pytest.raises(CommandError, match=r"learn_golden.json is missing"):
        command("learn-verify", tmp_path / "learn.onnx")


def test_arithmetic_that_only_the_reference_can_judge_is_found(learn_model, catalog):
    """Golden cases made by the same wrong file agree with it; the reference does not, nor does a fresh state's zero."""
    model = onnx.load_from_string(learn_model)
    a_tilt_from_nothing(model)
    wrong = model.SerializeToString()
    found = verify.problems(wrong, golden.make(Learner.load(wrong), catalog), catalog, sessions=5)
    assert [sentence.split()[0] for sentence in found] == ["a", "5"]


def test_standard_input_is_read_for_a_dash(command, learn_model, learner, tmp_path, monkeypatch, capsys):
    (tmp_path / "learn.onnx").write_bytes(learn_model)
    monkeypatch.setattr("sys.stdin", io.StringIO(learner.to_text(learner.initial_state())))
    assert command("learn-show", "-", "--model", tmp_path / "learn.onnx") == 0
    assert capsys.readouterr().out.startswith("Nothing that could be said yet")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nonsense!", "history.learned: is not base64"),
        ("{", "neither a learned state nor a payload"),
        ("{}", "history.learned is missing"),
        ('{"history": {"learned": 3}}', "history.learned is missing"),
        ('{"history": 3}', "neither a learned state nor a payload"),
    ],
)
def test_what_is_no_state_is_refused_in_words(command, learn_model, tmp_path, content, reason):
    (tmp_path / "learn.onnx").write_bytes(learn_model)
    (tmp_path / "state").write_text(content)
    with pytest.raises(CommandError, match=reason):
        command("learn-show", tmp_path / "state", "--model", tmp_path / "learn.onnx")


def test_a_file_that_is_missing_is_named(command, learn_model, tmp_path):
    (tmp_path / "learn.onnx").write_bytes(learn_model)
    with pytest.raises(CommandError, match=r"cannot read .*none"):
        command("learn-show", tmp_path / "none", "--model", tmp_path / "learn.onnx")
    with pytest.raises(CommandError, match="learn-export"):
        command("learn-show", tmp_path / "none", "--model", tmp_path / "other.onnx")
