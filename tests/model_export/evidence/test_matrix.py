"""The catalogue's matrix against the rules' own words."""

import json

import pytest

from model_export.evidence import matrix
from model_export.evidence.copies import ROOT, SEED


@pytest.fixture(scope="module")
def conditions():
    entries = json.loads((ROOT / SEED / "conditions.json").read_text())
    return {entry["code"]: entry for entry in entries}


@pytest.fixture(scope="module")
def hazards():
    return set(json.loads((ROOT / SEED / "vocabulary.json").read_text())["hazards"])


def test_the_matrix_holds_what_the_rules_ask_for(conditions, hazards, catalog):
    assert matrix.missing(conditions, hazards) == []
    assert matrix.missing(catalog.conditions, catalog.codes("hazards")) == []


def test_every_hazard_that_an_editor_takes_out_is_missed(conditions, hazards):
    for rule, condition, hazard in matrix.required(hazards):
        left = [code for code in conditions[condition]["exclude"] if code != hazard]
        changed = {**conditions, condition: {"exclude": left}}
        found = matrix.missing(changed, hazards)
        assert f"{condition}.exclude lacks {hazard}, which {rule} asks for" in found


def test_a_condition_that_is_gone_is_missed_whole(conditions, hazards):
    without = {code: entry for code, entry in conditions.items() if code != "glaucoma"}
    assert matrix.missing(without, hazards) == ["glaucoma.exclude lacks head_below_heart, which O09 asks for"]


def test_every_rule_that_names_a_hazard_to_exclude_is_in_the_table(hazards):
    """C09 and K01 forbid a position and a region, not a hazard."""
    rules = json.loads((ROOT / SEED / "rules.json").read_text())
    speaking = {
        r["id"] for r in rules
        if r["use"] == "hard" and "exclude" in r["expr"] and r["id"] != "K01"
    }  # fmt: skip
    assert speaking <= set(matrix.REQUIRED)


def test_every_pattern_of_the_table_means_some_hazard(hazards):
    found = {(rule, condition) for rule, condition, _ in matrix.required(hazards)}
    assert found == {(rule, condition) for rule, entry in matrix.REQUIRED.items() for condition in entry}
