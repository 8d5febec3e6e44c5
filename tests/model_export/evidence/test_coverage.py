"""docs/rules.md says where each rule lives and what holds it: all of it must be so."""

import ast
import importlib
import re

import pytest

from model_export.checker import COVERS
from model_export.evidence import coverage
from model_export.evidence.copies import ROOT
from model_export.evidence.measures import RULES

ROWS = coverage.rows()


def test_all_89_rules_are_there_once():
    codes = [row.code for row in ROWS]
    assert len(codes) == len(set(codes)) == 89


def test_the_bundled_catalogue_has_the_same_rules(catalog):
    assert {row.code for row in ROWS} == set(catalog.vocabulary["rules"])
    assert all(catalog.vocabulary["rules"][row.code]["use"] == row.rule["use"] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_every_rule_lives_somewhere_and_every_place_exists(row):
    assert row.homes
    for what, name in row.homes:
        module, _, attribute = name.partition(":")
        assert hasattr(importlib.import_module(module), attribute), f"{row.code}: {what} {name}"


def test_a_hard_rule_is_made_so_and_checked_by_a_program_that_shares_nothing_with_what_makes_it_so():
    """F07 is in the catalogue's cues; U06, determinism, speaks of two routines."""
    for row in ROWS:
        what = {home for home, _ in row.homes}
        if row.rule["use"] == "hard":
            assert "checker" in what or row.code == "U06", row.code
            assert what & {"policy", "warning", "catalogue"} or row.code == "F07", row.code


def test_a_score_rule_is_measured_or_is_a_function():
    for row in ROWS:
        if row.rule["use"] == "score":
            assert {"measure", "assessment", "policy"} & {home for home, _ in row.homes}, row.code
    score = {row.code for row in ROWS if row.rule["use"] == "score"}
    assert score - set(RULES) == {"F04", "F08", "F09", "L01", "L02", "L03"}


def test_no_check_and_no_measure_is_missing_from_the_table():
    named = {
        name.partition(":")[2] for row in ROWS for what, name in row.homes if what in {"checker", "measure"}
    }
    for code, function in COVERS.items():
        if code in {row.code for row in ROWS}:
            assert function in named, code
    assert {function.__name__ for function in RULES.values()} <= named


def functions(file):
    """Test functions of a file, and every string in it: the ids of its parameters are among them."""
    tree = ast.parse((ROOT / file).read_text())
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return found, {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) if isinstance(node.value, str)
    }


@pytest.mark.parametrize("file", sorted({node.partition("::")[0] for row in ROWS for node in row.tests}))
def test_every_test_that_is_named_exists(file):
    names, constants = functions(file)
    for row in ROWS:
        for node in row.tests:
            path, _, rest = node.partition("::")
            if path != file:
                continue
            name, _, parameter = rest.partition("[")
            assert name in names, node
            code = parameter.rstrip("]")
            generated = code in coverage.REQUIRED or re.fullmatch(r"X0\d", code)
            assert not code or code in constants or generated, node


def test_every_rule_has_a_test():
    assert [row.code for row in ROWS if not row.tests] == []


def test_the_document_is_up_to_date():
    assert coverage.DOCUMENT.read_text() == coverage.markdown(), "run python -m model_export rules --write"


def test_the_document_can_be_read_as_a_table():
    lines = [line for line in coverage.markdown().splitlines() if line.startswith("|")]
    assert len(lines) == 89 + 2
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {7}
