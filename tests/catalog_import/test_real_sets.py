"""The four real sets, where somebody has put them beside the checkout: nobody's data is in this repository."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from server.catalog.importing.batches import Report
from server.catalog.importing.reading import gather
from server.catalog.importing.tables import import_record
from server.catalog.tables import catalog_draft
from tests.catalog_import.conftest import count

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "import"
REAL = {
    "free-exercise-db": ("free-exercise-db/exercises.json", 873),
    "longhaul": ("longhaul-exercises", 403),
    "wger": ("wger", 872),
    "warmup-generator": ("warmup-generator/exercises.fr.json", 52),
}
Bring = Callable[..., Report]


@pytest.fixture(params=REAL)
def real(request: pytest.FixtureRequest, bring: Bring) -> tuple[str, Report]:
    place, records = REAL[request.param]
    if not (BESIDE / place).exists():
        pytest.skip("the real sets are not beside this checkout")
    report = bring(request.param, gather(BESIDE / place))
    assert report.counts["records"] == records
    return request.param, report


def test_a_real_set_is_read_whole_and_comes_to_nothing_twice(
    real: tuple[str, Report], bring: Bring, filled: Connection
) -> None:
    form, report = real
    outcomes = report.counts["outcomes"]
    assert report.counts["refused"].get("malformed", 0) == 0
    assert outcomes["draft"] > 30
    assert outcomes["duplicate"] > 5
    drafted = count(filled, "catalog_draft")
    again = bring(form, gather(BESIDE / REAL[form][0]))
    assert again.counts["outcomes"] == {"known": report.counts["records"]}
    assert count(filled, "catalog_draft") == drafted
    told: list[Any] = [
        *filled.scalars(select(catalog_draft.c.data)),
        *filled.scalars(select(import_record.c.steps)),
    ]
    assert not [each for each in told if re.search(r"</?(p|ul|ol|li|br|b|a|div|script)\b", str(each))]
    guides = filled.scalars(
        select(catalog_draft.c.document).where(catalog_draft.c.collection == "guide")
    ).all()
    shared = set(filled.scalars(select(import_record.c.document).where(import_record.c.share_alike)))
    assert not shared & set(guides)
    if form == "wger":
        assert outcomes["joined"] >= 9
    if form == "free-exercise-db":
        assert not [each for each in filled.scalars(select(import_record.c.steps)) if each]
