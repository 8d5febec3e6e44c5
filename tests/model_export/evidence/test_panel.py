"""The panel asks everything it says, and its report says what was measured."""

import json
from collections import Counter
from xml.etree import ElementTree

import pytest

from model_export.evidence import panel, report
from model_export.evidence.heatmap import colour, heatmap, ink
from model_export.request import LEVELS, RequestError, parse
from model_export.runtime import generate


@pytest.fixture(scope="module")
def small(generator, catalog):
    """A panel over two activities: the whole way, in a second."""
    two = {code: catalog.activities[code] for code in ("football", "swim")}
    less = type(catalog)(1, catalog.exercises, two, catalog.conditions, catalog.vocabulary)
    rows = panel.panel(less, 40)
    return panel.run(less, lambda payload: generate(generator, catalog, payload), rows, lambda n: None)


def test_the_grid_has_every_kind_activity_length_and_level_and_all_of_it_can_be_asked(catalog):
    rows = panel.grid(catalog)
    asked = [
        (r["request"]["kind"], r["request"]["activity"], r["request"]["budget_s"], r["profile"]["level"])
        for r in rows
    ]
    assert len(set(asked)) == len(rows) == 35 * 3 * (3 * 5 + 2)
    assert {level for *_, level in asked} == set(LEVELS)
    for payload in [*rows[::50], *panel.extra(catalog)]:
        parse(payload, catalog)


@pytest.mark.parametrize("requests", [1, 500, 1000, 10_000])
def test_the_panel_is_as_large_as_asked_and_spread_over_all_kinds_and_activities(catalog, requests):
    rows = panel.panel(catalog, requests)
    extra = len(list(panel.extra(catalog)))
    assert len(rows) == min(max(requests, extra), len(panel.grid(catalog)) + extra)
    if requests >= 500:
        assert len({r["request"]["kind"] for r in rows}) == 4
        counts = Counter(r["request"]["activity"] for r in rows)
        assert len(counts) == 35
        assert max(counts.values()) <= 2 * min(counts.values())


def test_the_panel_is_the_same_each_time(catalog):
    assert panel.panel(catalog, 300) == panel.panel(catalog, 300)


def test_every_day_of_a_week_knows_the_days_before(compose):
    seen = []

    def reading(payload):
        seen.append(payload["history"]["exercises"])
        return compose("mobility", "general", 5, [("butterfly", {})])

    days = panel.week_of([panel.row("mobility", "general", 5, "trained") for _ in range(3)], reading)
    assert [day.day for day in days] == [0, 1, 2]
    assert seen == [
        {},
        {"butterfly": {"days_since": 1, "done": 1}},
        {"butterfly": {"days_since": 1, "done": 2}},
    ]


def test_what_cannot_be_made_is_counted_and_not_measured(catalog):
    def refuse(payload):
        raise RequestError("request.budget_s", "too much")

    found = panel.run(catalog, refuse, panel.grid(catalog)[:3], lambda n: None)
    assert (found.routines, found.rules) == (0, {})
    assert found.refused[0]["reason"] == "request.budget_s: too much"


def test_the_tables_say_what_was_measured(small):
    assert small.routines == 40
    assert {("kind", kind) for kind in ("warmup", "cooldown", "mobility", "desk_break")} <= set(small.rules)
    tally = small.rules["all", "all"]["U03"]
    assert (tally.applied, 0 <= tally.met <= 40) == (40, True)
    text = report.text(small)
    assert "40 routines measured" in text
    assert "Simulation only." in text
    for kind in ("warmup", "cooldown", "mobility", "desk_break", panel.WEEK):
        assert f"Score rules: {kind}" in text


def test_the_worst_are_named_once_for_a_kind_and_activity_with_what_they_missed(small):
    asked = [(w["request"]["request"]["kind"], w["request"]["request"]["activity"]) for w in small.worst]
    assert len(asked) == len(set(asked)) <= panel.WORST
    assert all(entry["failed"] for entry in small.worst)
    missed = [len({f["rule"] for f in entry["failed"]}) for entry in small.worst]
    assert missed == sorted(missed, reverse=True)


def test_the_files_hold_the_same_numbers(small, tmp_path):
    paths = report.write(small, tmp_path / "new")
    data = json.loads(paths[0].read_text())
    u03 = next(r for r in data["rules"] if (r["by"], r["rule"]) == ("all", "U03"))
    assert u03["applies"] == 40
    body = paths[1].read_text()
    assert "(measures.svg)" in body
    tables = [line for line in body.splitlines() if line.startswith("|")]
    assert tables
    drawn = ElementTree.fromstring(paths[2].read_text())
    cells = [t.text for t in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert cells == [
        f"{a}, {r}: {share:.0%}" for (a, r), share in sorted(report.activity_cells(small)[2].items())
    ]


def test_a_heat_map_is_readable_at_both_ends_and_blank_where_there_is_nothing():
    svg = heatmap("T & t", ["A", "B"], ["x"], {("x", "A"): 0.5}, "hint")
    drawn = ElementTree.fromstring(svg)
    assert drawn.get("aria-label") == "T & t"
    assert svg.count("<title>") == 1
    assert (colour(0), colour(1)) == ("#b23a48", "#347a5e")
    assert ink(0) == ink(1) != ink(0.5)
