"""What the app's test of attribution shows is what an import writes."""

import json
from pathlib import Path

from server.catalog.content import read_seed
from server.catalog.importing import batches, crediting
from tests.catalog_import.conftest import files_of

ROOT = Path(__file__).resolve().parents[2]
SHOWN = ROOT / "mobile" / "src" / "library" / "fixtures" / "source.json"


def test_the_source_that_the_app_is_tested_with_is_the_importers_own() -> None:
    content = {
        key: data for key, data in read_seed().items() if key[0] in ("exercise", "vocabulary", "activity")
    }
    report = batches.look("warmup-generator", files_of("warmup-generator"), content)
    [found] = [each for each in report.results if each.source_id == "d"]
    assert found.record is not None
    written = crediting.companions(str(found.document), found.record)
    [(collection, name)] = [key for key in written if key[0] == "about"]
    shown = {"collection": collection, "id": name, "data": written[collection, name]}
    assert shown == json.loads(SHOWN.read_text(encoding="utf-8"))
