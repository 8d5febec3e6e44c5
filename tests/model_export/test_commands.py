"""The two doors of an engineer: `python -m model_export` and `scripts/generate`, as they are typed."""

import json
import os
import subprocess
import sys

import pytest

from model_export import bundle
from model_export.__main__ import main

GENERATE = bundle.FOLDER.parents[2] / "scripts" / "generate"
ASK = {"request": {"kind": "warmup", "activity": "swim", "budget_s": 480}, "profile": {"age": 30}, "seed": 1}


def generate(*arguments, text=""):
    # Without the proxy variables and with an unroutable resolver nothing could be fetched; the script needs nothing.
    environment = {
        "LIMBER_NO_BOOTSTRAP": "1",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(GENERATE.parents[1]),
    }
    return subprocess.run(
        [sys.executable, GENERATE, *arguments],
        input=text,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_generate_prints_the_routine_as_json(tmp_path):
    file = tmp_path / "ask.json"
    file.write_text(json.dumps(ASK))
    done = generate(str(file))
    routine = json.loads(done.stdout)
    assert (done.returncode, routine["status"], routine["seed"]) == (0, "ok", 1)
    assert abs(routine["total_s"] - 480) <= 30
    assert set(routine) == {
        "status", "warnings", "budget_s", "total_s", "model", "catalog", "seed", "items", "missing", "left_out",
    }  # fmt: skip


def test_generate_answers_line_by_line_and_goes_on_after_a_bad_one():
    lines = [json.dumps(ASK), "{", json.dumps({**ASK, "seed": -1}), "", json.dumps(ASK)]
    done = generate("--jsonl", "-", text="\n".join(lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [a.get("status", "error") for a in answers] == ["ok", "error", "error", "ok"]
    assert (answers[1]["error"]["line"], answers[2]["error"]["field"]) == (2, "seed")
    assert answers[0] == answers[3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"request": {"kind": "run"}}', "request.activity"),
        (json.dumps({**ASK, "profile": {"ag": 3}}), "profile.ag"),
        ("not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"request": NaN}', "NaN is not JSON"),
    ],
    ids=["missing", "unknown", "text", "deep", "nan"],
)
def test_generate_refuses_bad_input_in_one_line_with_exit_2(text, said):
    done = generate("-", text=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_generate_names_a_file_that_is_not_there():
    done = generate("/no/such.json")
    assert done.returncode == 2
    assert "/no/such.json: No such file" in done.stderr


def test_generate_shows_a_table_for_people():
    done = generate("--text", "-", text=json.dumps(ASK))
    assert "phase" in done.stdout
    assert "Total" in done.stdout


def test_train_export_verify_and_show_work_one_after_the_other(tmp_path, capsys):
    folder = str(tmp_path / "run")
    assert main(["train", "--run", folder, "--requests", "20"]) == 0
    assert main(["export", "--run", folder]) == 0
    judged = ["verify", f"{folder}/generator.onnx", "--requests", "5", "--max-ms", "100"]
    assert main(judged) == 1  # there is no evaluation
    assert "evaluation.json" in capsys.readouterr().out
    assert main([*judged, "--without-evaluation"]) == 0
    capsys.readouterr()
    assert main(["show", f"{folder}/generator.onnx", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["opsets"] == {"ai.onnx": 17, "ai.onnx.ml": 1}
    assert facts["ir"] == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "--run", "nowhere"], "model_export train --run nowhere"),
        (["verify", "nowhere.onnx"], "nowhere.onnx is missing"),
        (["show", "nowhere.onnx"], "nowhere.onnx"),
        (["train", "--catalog", "nowhere.json"], "--catalog nowhere.json"),
    ],
)
def test_a_command_that_cannot_go_on_says_what_to_do(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert said in capsys.readouterr().err


def test_publish_without_a_database_says_which_setting_is_missing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["publish", "--local", "--without-evaluation"]) == 1
    assert "DATABASE_URL" in capsys.readouterr().err


COMMANDS = ("train", "export", "verify", "show", "publish", "promote", "halt", "rollback", "status", "token")


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
