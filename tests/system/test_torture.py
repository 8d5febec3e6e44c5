"""scripts/torture as a whole: a sound system comes through it, and without any one protection the loss is found."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 400.0
SHORT = ("--minutes", "0.4", "--devices", "5", "--pace", "0.5")


def torture(*options: str, temporary: Path) -> tuple[int, str, str]:
    clean = {name: value for name, value in os.environ.items() if "LIMBER_" not in name}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "torture"), *options],
        env={**clean, "LIMBER_NO_BOOTSTRAP": "1", "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the torture makes its folder; PostgreSQL, perhaps another user, must be able to enter."""
    with tempfile.TemporaryDirectory(prefix="limber-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


def left_of(temporary: Path) -> list[str]:
    """Command lines of processes that still name the torture's folder."""
    found = [" ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"])]
    return [line for line in found if str(temporary) in line]


def test_help_tells_what_is_done_and_what_the_exit_code_means(temporary: Path) -> None:
    code, out, _ = torture("--help", temporary=temporary)
    assert code == 0
    for word in ("--minutes", "--devices", "--seed", "--without", "ledger", "Exit code"):
        assert word in out


@pytest.mark.parametrize(
    "options", [("--devices", "1"), ("--minutes", "x"), ("--without", "luck"), ("--seed", "-1")]
)
def test_bad_usage_is_named(options: tuple[str, str], temporary: Path) -> None:
    code, _, err = torture(*options, temporary=temporary)
    assert code == 2
    assert options[0] in err


def test_a_folder_with_something_in_it_is_left_alone(temporary: Path) -> None:
    (temporary / "mine").write_text("mine")
    code, _, err = torture("--dir", str(temporary), temporary=temporary)
    assert (code, (temporary / "mine").read_text()) == (1, "mine")
    assert "not empty" in err


@pytest.mark.slow
@pytest.mark.xdist_group("torture")
def test_a_sound_system_loses_nothing(temporary: Path) -> None:
    place = temporary / "run"
    options = ("--minutes", "0.6", "--devices", "5", "--seed", "3", "--dir", str(place), "--keep")
    code, out, err = torture(*options, temporary=temporary)
    assert code == 0, out + err
    assert "nothing acknowledged was lost" in out
    report = json.loads((place / "report.json").read_text())
    for kind in ("put the older backup back", "kill device", "publish a release", "compare everything"):
        assert report["done"][kind] >= 1, report
    assert sum(count for kind, count in report["done"].items() if kind.startswith("kill")) >= 5
    assert len(report["network"]) >= 5
    assert left_of(temporary) == []


@pytest.mark.slow
@pytest.mark.xdist_group("torture")
@pytest.mark.parametrize("protection", ["lock", "idempotence", "epoch", "durability"])
def test_without_one_protection_the_loss_is_found(protection: str, temporary: Path) -> None:
    # What a kill hits is chance, so a seed may miss; three in a row do not.
    for seed in ("1", "2", "3"):
        place = temporary / seed
        code, out, err = torture(
            *SHORT, "--seed", seed, "--without", protection, "--dir", str(place), temporary=temporary
        )
        assert left_of(temporary) == []
        assert "broke" not in err, err
        if code == 1:
            break
    assert "LOST OR WRONG" in out, out + err
    assert place.is_dir()  # kept, to look into
    shutil.rmtree(place)
