"""scripts/bench catalog: the catalogue that it grows is a sound one, and its way through the desk is a whole one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from server.catalog.content import read_seed, validate

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make() -> ModuleType:
    """The bench's module, as the script imports it."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from bench_lib import catalog_make
    finally:
        sys.path.pop(0)
    return catalog_make


def test_a_grown_catalogue_could_be_published(make: ModuleType) -> None:
    seed, grown = read_seed(), make.grown(700)
    assert validate(grown) == []
    assert sum(1 for key in grown if key[0] == "exercise") == 700
    assert sum(1 for key in grown if key[0] == "guide") == 700
    assert {key: grown[key] for key in seed} == seed


@pytest.mark.slow
def test_the_whole_way_is_measured_at_both_sizes() -> None:
    clean = {name: value for name, value in os.environ.items() if "LIMBER_" not in name}
    options = ("catalog", "--exercises", "400", "--releases", "4", "--rounds", "1", "--json")
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "bench"), *options],
        env={**clean, "LIMBER_NO_BOOTSTRAP": "1"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    measured = [row for row in rows if row["bench"] == "catalog"]
    assert {row["exercises"] for row in measured} == {335, 400}
    by_name = {row["row"]: row for row in measured if row["exercises"] == 400}
    assert len(by_name) * 2 == len(measured) > 40
    for row in by_name.values():
        assert row["p50_ms"] > 0
        assert row["ratio_to_seed"] > 0
    # One changed document is one document on the wire, at any size.
    assert by_name["pull, one release behind"]["body_bytes"] < 3_000
    assert len([row for row in rows if row["bench"] == "aim"]) == 7
