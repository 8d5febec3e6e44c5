"""The data report: its figures are those of the rows, its drift is the textbook's."""

import json
import math
from collections import Counter

import numpy as np
import pytest

from model_export.data import report, report_text, table


@pytest.fixture(scope="module")
def found(made, catalog):
    return report.make(made, len(catalog.exercises))


@pytest.fixture(scope="module")
def rows(made):
    return table.read(made).to_table().to_pylist()


def test_the_figures_are_those_of_the_rows(found, rows, catalog):
    assert found["rows"] == len(rows)
    assert found["sessions"] == len({row["session"] for row in rows})
    assert found["people"] == found["simulated_people"] == len({row["person"] for row in rows})
    assert found["simulation_only"] is True
    n = len(catalog.exercises)
    assert found["coverage"]["seen"] == round(len({row["slug"] for row in rows}) / n, 4)
    for kind, share in found["coverage"]["per_kind"].items():
        assert share == round(len({row["slug"] for row in rows if row["kind"] == kind}) / n, 4)
    assert found["propensity"]["min"] == min(row["propensity"] for row in rows)
    assert sum(found["propensity"]["slots"].values()) == len(rows)
    explored = sum(row["explored"] for row in rows)
    assert found["propensity"]["explored_slots"] == round(explored / len(rows), 4)
    assert found["propensity"]["routines_with_one"] == round(explored / found["sessions"], 4)
    outcomes = Counter(row["outcome"] for row in rows)
    assert found["outcome"] == {name: round(k / len(rows), 4) for name, k in outcomes.items()}


def test_each_cohort_has_its_rate(found, rows):
    def band(row):
        return max(entry for entry in report.AGES if entry[0] <= row["age"])[1]

    cohorts = {
        "kind": lambda row: row["kind"], "level": lambda row: row["level"], "age": band,
        "condition": lambda row: "yes" if row["conditioned"] else "no", "family": lambda row: row["family"],
    }  # fmt: skip
    assert set(found["reward"]) == set(cohorts)
    for name, of in cohorts.items():
        assert set(found["reward"][name]) == {of(row) for row in rows}
        for label, entry in found["reward"][name].items():
            here = [row["reward"] for row in rows if of(row) == label]
            assert entry == {"rows": len(here), "rate": round(float(np.mean(here)), 4)}


def test_distributions_count_every_row(found, rows):
    names = found["distributions"]
    assert all(sum(values.values()) == len(rows) for values in names.values())
    assert names["age"] == {str(age): n for age, n in Counter(row["age"] for row in rows).items()}


def test_the_report_can_be_read(found, made):
    report_text.write(made, found)
    text = (made / "report.md").read_text()
    for wanted in ("simulation only", "## Propensity", "| warmup |", "(few)", "| Age |", "## Coverage"):
        assert wanted in text


def test_real_people_are_not_called_simulated(found):
    real = {**found, "people": 9, "simulated_people": 2, "simulation_only": False}
    text = report_text.text(real)
    assert "2 of them simulated" in text
    assert "simulation only" not in text


def test_psi_is_the_sum_over_bins():
    before, now = {0: 50, 1: 50}, {0: 80, 1: 20}
    wanted = (0.8 - 0.5) * math.log(0.8 / 0.5) + (0.2 - 0.5) * math.log(0.2 / 0.5)
    assert report.psi(before, now) == pytest.approx(wanted)
    assert report.psi(before, before) == 0
    assert report.psi(now, before) == pytest.approx(wanted)  # it has no direction


def test_psi_bins_many_values_by_deciles():
    rng = np.random.default_rng(0)
    same = [Counter(rng.integers(0, 1000, 20_000).tolist()) for _ in range(2)]
    moved = Counter((rng.integers(0, 1000, 20_000) + 400).tolist())
    assert report.psi(*same) < 0.01
    assert report.psi(same[0], moved) > report.PSI_MAJOR
    assert report.psi({5: 10}, {5: 3}) == 0
    assert report.psi({5: 100}, {9: 100}) > report.PSI_MAJOR  # a value never seen before is a bin of its own


@pytest.mark.parametrize(
    ("index", "word"), [(0.0, "stable"), (0.1, "moderate"), (0.249, "moderate"), (0.25, "major")]
)
def test_the_usual_thresholds_name_a_drift(index, word):
    assert report.verdict(index) == word


def test_drift_is_found_by_feature_and_needs_only_the_older_report(made, found, catalog, tmp_path):
    older = {name: {int(v): n for v, n in values.items()} for name, values in found["distributions"].items()}
    same = report.make(made, len(catalog.exercises), before=older)["drift"]
    assert {entry["verdict"] for entry in same["psi"].values()} == {"stable"}
    older["age"] = {value + 30: n for value, n in older["age"].items()}
    del older["demand"]
    moved = report.make(made, len(catalog.exercises), before=older)
    assert [n for n, e in moved["drift"]["psi"].items() if e["verdict"] == "major"] == ["age"]
    assert moved["drift"]["new_features"] == ["demand"]
    assert "| age |" in report_text.text(moved)
    (tmp_path / "report.json").write_text(json.dumps(found))
    assert report.distributions(tmp_path)["age"] == {
        int(v): n for v, n in found["distributions"]["age"].items()
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"distributions": {"age": [1]}}'])
def test_a_report_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(table.DatasetInvalid, match="--against"):
        report.distributions(tmp_path)
