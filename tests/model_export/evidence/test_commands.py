"""`measure`, `lint-copy` and `rules` as an engineer or an editor types them."""

import io
import json
import sys

import pytest

from model_export.__main__ import main
from model_export.evidence import coverage


def test_lint_copy_names_file_place_words_and_rule_and_exits_1(tmp_path, capsys):
    text = tmp_path / "cue.txt"
    text.write_text("A light pull.\n\nThis stretch fixes your posture.\n")
    assert main(["lint-copy", str(text)]) == 1
    out = capsys.readouterr().out
    assert f'{text}: line 3: C03 "fixes your posture"' in out
    assert "2 pieces of copy read, 1 claim found." in out


def test_lint_copy_reads_standard_input_and_answers_programs(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("Speeds recovery."))
    assert main(["lint-copy", "--json", "-"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["rule"], found["start"], found["words"]) == ("C01", 0, "Speeds recovery")


def test_lint_copy_of_all_there_is_finds_nothing(capsys):
    assert main(["lint-copy", "--routines", "3"]) == 0
    assert "no claims found" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_named(tmp_path, capsys):
    assert main(["lint-copy", str(tmp_path / "none.txt")]) == 1
    assert "none.txt: No such file" in capsys.readouterr().err
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert main(["lint-copy", str(tmp_path / "binary")]) == 1
    assert "not UTF-8" in capsys.readouterr().err


def test_rules_prints_the_document(capsys):
    assert main(["rules"]) == 0
    assert capsys.readouterr().out == coverage.markdown()


def test_rules_writes_the_document(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(coverage, "DOCUMENT", tmp_path / "rules.md")
    assert main(["rules", "--write"]) == 0
    assert (tmp_path / "rules.md").read_text() == coverage.markdown()
    assert "rules.md" in capsys.readouterr().out


@pytest.mark.slow
def test_measure_prints_the_tables_and_writes_them(tmp_path, capsys):
    assert main(["measure", "--requests", "200", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr()
    assert "200 routines measured" in out.out
    assert "Score rules: warmup" in out.out
    assert {path.name for path in tmp_path.iterdir()} == {"measures.json", "measures.md", "measures.svg"}


def test_measure_refuses_nonsense(capsys):
    with pytest.raises(SystemExit):
        main(["measure", "--requests", "0"])
    assert "at least 1" in capsys.readouterr().err
