"""The two scripts as a person calls them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.catalog.content import read_seed
from tests.catalog_import.conftest import FIXTURES

ROOT = Path(__file__).resolve().parents[2]


def call(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script with the Python of the tests; settings only those given."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("LIMBER_", "DATABASE_"))
    }
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / script, *arguments],
        env={**inherited, "LIMBER_NO_BOOTSTRAP": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_dry_run_needs_no_database_and_tells_of_every_field() -> None:
    file = str(FIXTURES / "warmup_generator.json")
    done = call("import-exercises", "--format", "warmup-generator", file, "--dry-run", "--all")
    assert done.returncode == 0, done.stderr
    assert "warmup-generator: 6 records (dry run: nothing was written)" in done.stdout
    assert "put together from French terms" in done.stdout
    assert "fields of the drafts:" in done.stdout


def test_an_import_writes_drafts_and_a_report(database_url: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = ("--format", "csv", str(FIXTURES / "table.csv"), "--json", str(report))
    done = call("import-exercises", *arguments, DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    told = json.loads(report.read_text())
    assert told["records"] == 5
    assert told["batch"] in done.stdout
    drafted = [each for each in told["results"] if each["outcome"] == "draft"]
    assert drafted[0]["licence"]["by"] == "Ana Reef"
    again = call("import-exercises", *arguments, DATABASE_URL=database_url)
    assert "nothing new: nothing was written" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--format", "wger", "missing"), 1, "import-exercises: missing: No such file or directory"),
        (("--format", "xml", "missing"), 2, "invalid choice"),
        (
            ("--format", "csv", str(FIXTURES / "wger" / "licenses.json"), "--dry-run"),
            1,
            "licenses.json: the column",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], status: int, said: str) -> None:
    done = call("import-exercises", *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_database_an_import_says_what_it_needs() -> None:
    done = call("import-exercises", "--format", "csv", str(FIXTURES / "table.csv"))
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stderr


def test_the_content_is_exported_without_a_database(tmp_path: Path) -> None:
    out = tmp_path / "catalog.csv"
    done = call("export-catalog", "--seed", "--format", "csv", "--out", str(out))
    assert done.returncode == 0, done.stderr
    exercises = [key for key in read_seed() if key[0] == "exercise"]
    assert len(out.read_text().splitlines()) == len(exercises) + 1
    back = call("import-exercises", "--format", "csv", str(out), "--dry-run")
    assert f"{len(exercises)}  same" in back.stdout


def test_the_approved_catalogue_is_exported(database_url: str, tmp_path: Path) -> None:
    done = call("export-catalog", DATABASE_URL=database_url, LIMBER_DATA=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "documents": [],
        "format": "limber-catalog",
        "release": None,
        "version": 1,
    }
    none = call("export-catalog", "--release", "4", DATABASE_URL=database_url, LIMBER_DATA=str(tmp_path))
    assert none.returncode == 1
    assert none.stderr.startswith("export-catalog: ")
