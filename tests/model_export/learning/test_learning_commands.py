"""`train`, `runs` and `evaluate` as an engineer types them."""

import argparse
import json

import pytest

from model_export.cli import CommandError
from model_export.learning import commands, training


@pytest.fixture
def type_in():
    """type_in("train", "--run", ...) -> exit status"""
    root = argparse.ArgumentParser()
    names = root.add_subparsers(dest="command", required=True)

    def add(name, run, text):
        command = names.add_parser(name, help=text, description=text)
        command.set_defaults(run_command=run)
        return command

    commands.register(add)

    def run(*words):
        args = root.parse_args([str(word) for word in words])
        return args.run_command(args)

    return run


def test_training_on_the_prior_is_the_default_and_is_listed(type_in, tmp_path, capsys):
    assert type_in("train", "--run", tmp_path / "one", "--requests", 10) == 0
    assert "simulation only" in capsys.readouterr().out
    assert type_in("runs", "--folder", tmp_path) == 0
    listed = capsys.readouterr().out
    assert "one" in listed
    assert "prior" in listed
    log = (tmp_path / "one" / "log.txt").read_text()
    assert "train {" in log
    assert "scorer " in log


def test_a_run_on_logs_is_listed_with_its_figures(type_in, dataset, tmp_path, capsys):
    words = [
        "train",
        "--run",
        tmp_path / "logs",
        "--dataset",
        dataset,
        "--requests",
        10,
        "--folds",
        2,
        "--workers",
        1,
    ]
    assert type_in(*words) == 0
    said = capsys.readouterr().out
    assert "new people: AUC" in said
    assert "later time: AUC" in said
    assert type_in("runs", "--folder", tmp_path, "--json") == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert run["dataset"]["slots"] == 1080
    type_in("runs", "--folder", tmp_path)
    assert "1,080" in capsys.readouterr().out


def test_no_runs_says_how_to_make_one(type_in, tmp_path, capsys):
    assert type_in("runs", "--folder", tmp_path) == 0
    assert "model_export train" in capsys.readouterr().err


def test_a_broken_run_is_left_out_of_the_list(type_in, tmp_path, capsys):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / training.RUN).write_text("{")
    type_in("runs", "--folder", tmp_path)
    assert "broken" not in capsys.readouterr().out


def test_a_failed_training_leaves_its_reason_in_the_log(type_in, tmp_path):
    with pytest.raises(ValueError, match="no finished dataset"):
        type_in("train", "--run", tmp_path / "run", "--dataset", tmp_path, "--requests", 10)
    assert "failed: " in (tmp_path / "run" / "log.txt").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--engine", "dask"], "give --dataset"), (["--address", "tcp://127.0.0.1:1"], "add --engine dask")],
)
def test_an_engine_without_work_for_it_is_refused(type_in, tmp_path, words, message):
    with pytest.raises(CommandError, match=message):
        type_in("train", "--run", tmp_path, *words)


def test_an_evaluation_writes_page_card_and_gates(type_in, dataset, tmp_path, capsys):
    type_in("train", "--run", tmp_path / "run", "--requests", 10)
    out = tmp_path / "out"
    words = ["evaluate", "--run", tmp_path / "run", "--dataset", dataset, "--out", out, "--simulate", "none"]
    assert type_in(*words) == 0
    assert "Report: " in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == ["evaluation.json", "model-card.md", "report.html"]
    assert json.loads((out / "evaluation.json").read_text())["logs"]["trained_on"] is False


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--simulate", "none"], "nothing to judge by"), (["--simulate", "martians"], "--simulate martians")],
)
def test_an_evaluation_that_cannot_be_says_why(type_in, tmp_path, words, message):
    with pytest.raises(CommandError, match=message):
        type_in("evaluate", "--run", tmp_path, "--out", tmp_path / "out", *words)


def test_a_missing_run_says_how_to_make_one(type_in, tmp_path):
    with pytest.raises(FileNotFoundError, match="train --run"):
        type_in("evaluate", "--run", tmp_path, "--out", tmp_path / "out")
