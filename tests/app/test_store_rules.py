"""The app checks a person's changes with the server's own rules, and comes to the same verdicts."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from sync import record_rules
from sync.canonical import value_problem
from sync.fields import FieldInvalid
from sync.records import RULES
from tests.mobile.test_identity import load_library
from tests.sync.record_values import json_values, values

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "mobile" / "src" / "store" / "rules.json"


def test_the_apps_rules_are_those_of_the_records() -> None:
    assert FILE.read_text() == record_rules.text(), (
        "run `python -m sync.record_rules > mobile/src/store/rules.json`"
    )


def verdict(collection: str, name: str, value: Any) -> dict[str, Any]:
    """What the server says of a field."""
    field, reason = value_problem(value, name, 1) or (None, None)
    try:
        if field is None:
            RULES[collection].check({name: value}, whole=False)
    except FieldInvalid as error:
        field, reason = error.field, error.reason
    return {"collection": collection, "name": name, "value": value, "field": field, "reason": reason}


def spoiled(value: Any) -> st.SearchStrategy[Any]:
    """A value with one of its parts replaced."""
    anything = json_values(3)
    match value:
        case dict() if value:
            return st.sampled_from(sorted(value)).flatmap(
                lambda name: spoiled(value[name]).map(lambda part: value | {name: part})
            )
        case list() if value:
            return st.integers(0, len(value) - 1).flatmap(
                lambda i: spoiled(value[i]).map(lambda part: [*value[:i], part, *value[i + 1 :]])
            )
        case str():
            return st.sampled_from([value.upper(), f"{value} ", value * 2, value[:-1]]) | anything
        case int() | float():
            return st.sampled_from([-value, value + 1, value * 1000, value / 2]) | anything
    return anything


def cases(number: int) -> list[dict[str, Any]]:
    """`number` values of each field, good ones and such as nearly are, with the server's verdict."""
    made: list[dict[str, Any]] = []
    for collection, rule in RULES.items():
        for name, field in rule.fields.items():
            good = values(field)

            @seed(1)
            @settings(
                max_examples=number, database=None, deadline=None, suppress_health_check=list(HealthCheck)
            )
            @given(st.just((collection, name)), good | good.flatmap(spoiled) | json_values(5))
            def collect(where: tuple[str, str], value: Any) -> None:
                made.append(verdict(*where, value))

            collect()
    return made


@pytest.mark.slow
@pytest.mark.xdist_group("node")
def test_thousands_of_values_are_judged_alike(tmp_path: Path) -> None:
    library = load_library()
    try:
        library.node()
    except library.MobileError as error:
        pytest.skip(str(error))
    library.ready()
    made = cases(25)
    assert sum(case["field"] is not None for case in made) > len(made) / 5
    (tmp_path / "cases.json").write_text(json.dumps(made))
    command = ["node", "--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--ci"]
    done = subprocess.run(
        [*command, "--selectProjects", "plain", "--testPathPattern", "src/store/check"],
        cwd=ROOT / "mobile", env=os.environ | {"LIMBER_RULE_CASES": str(tmp_path / "cases.json")},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
