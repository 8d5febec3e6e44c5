"""scripts/figures: every clip of the seed is fit to show, and the contact sheet can be drawn."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import figures_lib  # noqa: E402 - a script beside the package

NO_MODULES = not (figures_lib.MOBILE / "node_modules").is_dir()
needs_node = pytest.mark.skipif(NO_MODULES, reason="mobile/node_modules is not installed")


@pytest.mark.slow
@needs_node
def test_every_clip_of_the_seed_passes_the_check(capsys):
    code = figures_lib.main(["check"])
    assert (code, capsys.readouterr().out.splitlines()[:-1]) == (0, [])


@needs_node
def test_a_bad_clip_is_named_with_its_problem(tmp_path, capsys):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "motion").mkdir()
    exercise = {
        "slug": "hop",
        "type": "balance",
        "positions": ["standing"],
        "primary_muscles": ["quads"],
        "secondary_muscles": [],
    }
    clip = {"slug": "hop", "view": "side", "base": "stand", "seconds": 2, "keys": [{"footR": [20, -12, 9]}]}
    (tmp_path / "exercises" / "balance.json").write_text(json.dumps([exercise]))
    (tmp_path / "motion" / "balance.json").write_text(json.dumps([clip]))
    assert figures_lib.main(["check", "--seed", str(tmp_path)]) == 1
    assert "hop: " in (said := capsys.readouterr().out)
    assert "below the floor" in said


def test_words_choose_by_type_or_beginning():
    by_type = figures_lib.clips(figures_lib.SEED, ["potentiation"])
    assert len(by_type) >= 16
    assert [one["clip"]["slug"] for one in figures_lib.clips(figures_lib.SEED, ["kb-swing"])] == ["kb-swing"]
    assert by_type[0]["strength"]


def test_a_clip_of_no_exercise_is_refused(tmp_path, capsys):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "motion").mkdir()
    (tmp_path / "motion" / "balance.json").write_text('[{"slug": "nobody"}]')
    assert figures_lib.main(["check", "--seed", str(tmp_path)]) == 2
    assert "there is no exercise 'nobody'" in capsys.readouterr().out
