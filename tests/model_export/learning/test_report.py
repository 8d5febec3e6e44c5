"""The evaluation, the page and the card: complete, self-contained, readable without eyes, and honest about
simulation."""

import json
import re
from html.parser import HTMLParser

import pytest

from model_export.learning import card, evaluate, report, scorer, training
from model_export.learning.closed_loop import Plan

from .making import SMALL

PLAN = Plan(people=2, sessions=2, families=("taste", "noise"), others=1, other_sessions=2)


@pytest.fixture(scope="module")
def run(held, catalog, dataset, tmp_path_factory):
    """A run on logs, exported: its scorer in the bundled generator."""
    folder = tmp_path_factory.mktemp("judged")
    training.train_on_dataset(catalog, folder, dataset, requests=10, folds=2, prior_slots=200, grid=SMALL)
    (folder / evaluate.GENERATOR).write_bytes(scorer.replaced(held.model, training.load_scorer(folder)))
    return folder


@pytest.fixture(scope="module")
def judged(run, catalog):
    return evaluate.load(run, catalog)


@pytest.fixture(scope="module")
def found(judged, dataset):
    return evaluate.evaluate(judged, PLAN, dataset)


class Page(HTMLParser):
    """Tags with their attributes, and whether they are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.wrong = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "line", "rect", "circle", "polyline", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in ("rect",):
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def page(found):
    return report.html(found)


def test_the_page_is_whole(page):
    read = Page(page)
    assert read.wrong == []
    assert read.open == []
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in read.tags].count("h1") == 1


def test_the_page_needs_nothing_else(page):
    read = Page(page)
    assert not {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe"}
    assert not re.search(r"https?://|url\(|@import", page)


def test_every_plot_says_what_it_shows_and_has_its_figures_beside_it(page):
    read = Page(page)
    plots = [attrs for tag, attrs in read.tags if tag == "svg"]
    ids = {attrs["id"] for _, attrs in read.tags if "id" in attrs}
    assert len(plots) >= 8
    for plot in plots:
        assert plot["role"] == "img"
        assert set(plot["aria-labelledby"].split()) <= ids
    assert page.count("<table") >= 8
    assert "prefers-color-scheme: dark" in page


def test_simulation_only_is_said_on_page_and_card_and_to_the_gates(found, page):
    assert "Simulation only." in page
    assert "**Simulation only.**" in card.card(found)
    assert evaluate.gates(found)["simulation_only"] is True


def test_real_logs_are_not_called_a_simulation(found):
    real = {**found, "simulation_only": False}
    assert "Simulation only." not in report.html(real)
    assert "consenting people" in card.card(real)


def test_slots_that_were_trained_on_are_named_as_such(found, page):
    assert found["logs"]["trained_on"] is True
    assert "trained on these very slots" in page
    assert "the very slots it was trained on" in card.card(found)


def test_the_gates_get_families_and_cohorts_with_intervals(found):
    gates = json.loads(json.dumps(evaluate.gates(found)))
    assert set(gates["families"]) == set(PLAN.families)
    for entry in gates["families"].values():
        low, high = entry["interval"]
        assert low <= entry["difference"] <= high
        assert {"model", "rules_only", "people", "sessions"} <= set(entry)
    assert len(gates["model_sha256"]) == 64
    assert {"holds", "text"} == set(gates["verdict"][0])


def test_nothing_can_be_gained_where_there_is_nothing_to_learn(found):
    assert found["families"]["noise"]["difference"] == 0


def test_every_baseline_and_session_is_there(found):
    for family in PLAN.families:
        assert set(found["baselines"][family]) == set(PLAN.names)
        assert set(found["regret"][family]) == set(PLAN.names) - {"oracle"}
        assert all(len(line) == PLAN.sessions for line in found["curves"][family].values())


def test_the_examples_are_routines_of_the_length_asked_for(found):
    for (title, payload), example in zip(evaluate.EXAMPLES, found["examples"], strict=True):
        assert example["title"] == title
        assert abs(example["total_s"] - payload["request"]["budget_s"]) <= 30
        assert example["total_s"] == sum(item["seconds"] for item in example["items"])


def test_an_evaluation_without_logs_and_without_simulation_still_has_a_page(judged):
    bare = evaluate.evaluate(judged, None)
    text = report.html(bare)
    assert Page(text).wrong == []
    assert "What it goes by" in text
    assert "Against the rules alone" not in text
    assert card.card(bare).startswith("# Model card")


def test_a_generator_exported_from_another_scorer_is_refused(run, judged, catalog, tmp_path):
    for name in (training.SCORER, training.RUN):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    (tmp_path / evaluate.GENERATOR).write_bytes(judged.rules)
    with pytest.raises(evaluate.RunInvalid, match="export --run"):
        evaluate.load(tmp_path, catalog)


def test_the_exported_generator_is_the_one_that_is_judged(run, judged, catalog, tmp_path):
    for name in (training.SCORER, training.RUN):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    (tmp_path / evaluate.GENERATOR).write_bytes(judged.model)
    assert evaluate.load(tmp_path, catalog).sha256 == judged.sha256


@pytest.mark.parametrize(
    ("scorer_file", "run_file", "message"),
    [
        (None, b"{", "train the run again"),
        (None, b"[]", "does not say"),
        (None, b'{"seed": 1}', "does not say catalog_release"),
        (b"not onnx at all", None, "train the run again"),
    ],
)
def test_a_run_that_cannot_be_read_is_refused(run, catalog, tmp_path, scorer_file, run_file, message):
    (tmp_path / training.SCORER).write_bytes(scorer_file or (run / training.SCORER).read_bytes())
    (tmp_path / training.RUN).write_bytes(run_file or (run / training.RUN).read_bytes())
    with pytest.raises(evaluate.RunInvalid, match=message):
        evaluate.load(tmp_path, catalog)


def test_a_damaged_generator_is_not_taken_for_the_export(run, catalog, tmp_path):
    for name in (training.SCORER, training.RUN):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    (tmp_path / evaluate.GENERATOR).write_bytes(b"half a file")
    with pytest.raises(evaluate.RunInvalid, match="export --run"):
        evaluate.load(tmp_path, catalog)


@pytest.mark.parametrize(
    ("interval", "holds"),
    [([0.001, 0.02], [True, True]), ([-0.005, 0.01], [False, True]), ([-0.05, 0.01], [False, False])],
)
def test_the_verdict_says_what_the_interval_allows(interval, holds):
    entry = {"difference": 0.005, "interval": interval}
    found = {"families": {"taste": entry}, "all": entry, "cohorts": {}, "worst_cohort": None, "baselines": {}}
    assert [line["holds"] for line in evaluate.verdict(found)] == [*holds, True]


def test_a_routine_that_the_checker_refuses_is_said_in_the_verdict(found):
    family = next(iter(found["baselines"]))
    rows = {**found["baselines"][family], "model": {**found["baselines"][family]["model"], "unsafe": 2}}
    lines = evaluate.verdict({**found, "baselines": {family: rows}})
    assert {"holds": False, "text": "The checker refused 2 of the model's routines in those lives."} in lines


def test_an_example_that_cannot_be_made_is_said_instead_of_drawn(found):
    broken = [{"title": "Example", "total_s": 0, "items": [], "refused": "request.budget_s: too long"}]
    lines = evaluate.verdict({**found, "examples": broken})
    assert any("too long" in line["text"] and not line["holds"] for line in lines)
    assert "What it makes" in report.html({**found, "examples": broken})
