"""scripts/_bootstrap.py: the environment is made once, kept while it fits, and repaired when it does not.

No network: the locks of these tests are empty, or name a package that pip is not allowed to look for.
"""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

# One worker for the file: its tests share what the first of them made.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bootstrap")]

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
SCRIPT = """
import _bootstrap
_bootstrap.ensure("base")
import json, os, sys
ours = sorted(name for name in os.environ if "LIMBER_" in name)
print(json.dumps([sys.prefix, os.environ["PYTHONPATH"], ours, sys.argv[1:]]))
"""


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_bootstrap", SCRIPTS / "_bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checkout(root: Path) -> Path:
    """A repository with nothing in it but bootstrapping and empty locks; returns its script."""
    (root / "scripts").mkdir(parents=True)
    (root / "requirements").mkdir()
    for name in ("base", "test"):
        (root / "requirements" / f"{name}.txt").write_text("# nothing\n")
    shutil.copy(SCRIPTS / "_bootstrap.py", root / "scripts")
    script = root / "scripts" / "hello"
    script.write_text(SCRIPT)
    return script


def start(script: Path, *arguments: str, **env: str) -> subprocess.Popen[str]:
    base = {name: value for name, value in os.environ.items() if "LIMBER_" not in name}
    return subprocess.Popen(
        [getattr(sys, "_base_executable", sys.executable), str(script), *arguments],
        env={**base, "PIP_NO_INDEX": "1", "PYTHONWARNINGS": "", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    child = start(script, *arguments, **env)
    out, err = child.communicate(timeout=120)
    return subprocess.CompletedProcess([str(script)], child.returncode, out, err)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of a checkout whose environment was made, by two runs at once."""
    script = checkout(tmp_path_factory.mktemp("checkout"))
    root = script.parent.parent
    both = [start(script, "a", "b c"), start(script, "a", "b c")]
    said = [child.communicate(timeout=180) for child in both]
    for child, (out, err) in zip(both, said, strict=True):
        assert child.returncode == 0, err
        assert json.loads(out) == [str(root / ".venv"), str(root), [], ["a", "b c"]]
    (root / "said").write_text("".join(err for _, err in said))
    return script


def marks(script: Path) -> dict[str, int]:
    """Modification times of what a build writes."""
    venv = script.parent.parent / ".venv"
    return {name: (venv / name).stat().st_mtime_ns for name in ("limber-stamp.json", "pyvenv.cfg")}


def test_two_runs_at_once_make_one_environment_and_show_what_they_do(ready: Path) -> None:
    said = (ready.parent.parent / "said").read_text()
    assert said.count("making the virtual environment") == 1
    assert said.count("waiting for it") == 1
    assert said.count("installing 0 locked packages") == 1
    assert said.count("environment ready after") == 1


def test_a_second_run_changes_nothing_and_says_nothing(ready: Path) -> None:
    before = marks(ready)
    again = run(ready)
    assert (again.returncode, again.stderr) == (0, "")
    assert marks(ready) == before


def test_a_changed_lock_is_installed_into_the_same_environment(ready: Path) -> None:
    before = marks(ready)
    lock = ready.parent.parent / "requirements" / "base.txt"
    lock.write_text(lock.read_text() + "# one line more\n")
    again = run(ready)
    assert again.returncode == 0, again.stderr
    assert "making the virtual environment" not in again.stderr
    after = marks(ready)
    assert after["pyvenv.cfg"] == before["pyvenv.cfg"]
    assert after["limber-stamp.json"] > before["limber-stamp.json"]


def test_an_environment_of_another_python_is_made_anew(ready: Path) -> None:
    stamp = ready.parent.parent / ".venv" / "limber-stamp.json"
    content = json.loads(stamp.read_text())
    stamp.write_text(json.dumps({**content, "python": [3, 2]}))
    again = run(ready)
    assert again.returncode == 0, again.stderr
    assert "making the virtual environment" in again.stderr
    assert json.loads(stamp.read_text()) == content
    assert json.loads(again.stdout)[0] == str(stamp.parent)


def test_it_can_be_kept_elsewhere_and_no_variable_of_ours_is_passed_on(tmp_path: Path) -> None:
    script = checkout(tmp_path / "checkout")
    done = run(script, LIMBER_VENV=str(tmp_path / "elsewhere"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [str(tmp_path / "elsewhere"), str(tmp_path / "checkout"), [], []]
    assert not (tmp_path / "checkout" / ".venv").exists()


def test_bootstrapping_can_be_skipped(tmp_path: Path) -> None:
    script = checkout(tmp_path)
    done = run(script, LIMBER_NO_BOOTSTRAP="1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[1:] == [str(tmp_path), [], []]
    assert not (tmp_path / ".venv").exists()


def test_an_environment_of_the_users_own_is_let_alone(tmp_path: Path) -> None:
    script = checkout(tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "precious").write_text("mine")
    done = run(script)
    assert done.returncode == 1
    assert "was not made by this script" in done.stderr
    assert "LIMBER_VENV" in done.stderr
    assert [child.name for child in (tmp_path / ".venv").iterdir()] == ["precious"]


def test_a_run_that_failed_or_was_interrupted_is_explained_and_the_next_one_starts_over(ready: Path) -> None:
    root = ready.parent.parent
    lock = root / "requirements" / "base.txt"
    before = lock.read_text()
    lock.write_text("limber-no-such-package==1.0\n")
    failed = run(ready, PIP_FIND_LINKS="")
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert "a locked package has no build for this Python" in failed.stderr
    assert "limber-no-such-package" in failed.stderr
    assert not (root / ".venv" / "limber-stamp.json").exists()
    lock.write_text(before)
    (root / ".venv" / "half-installed").mkdir()
    again = run(ready)
    assert again.returncode == 0, again.stderr
    assert "making the virtual environment" in again.stderr
    assert not (root / ".venv" / "half-installed").exists()


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    script = checkout(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    done = run(script, LIMBER_VENV=str(tmp_path / "file" / "venv"))
    assert done.returncode == 1
    assert f"cannot make {tmp_path / 'file' / 'venv'}" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_is_told_what_is_needed() -> None:
    module = load()
    with pytest.raises(module.BootstrapError, match=r"Python 3\.11 or newer is needed, this is 3\.8"):
        module.check_python((3, 8, 18))
    module.check_python((3, 11, 0))


def test_an_old_python_can_read_the_file() -> None:
    source = (SCRIPTS / "_bootstrap.py").read_text()
    ast.parse(source, feature_version=(3, 6))


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("ERROR: [Errno 28] No space left on device", "disk is full"),
        (
            "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution",
            "the network",
        ),
        ("SSLError(SSLCertVerificationError(...))", "certificate"),
        ("ensurepip is not available.  On Debian/Ubuntu systems", "python3-venv"),
        ("OSError: [Errno 30] Read-only file system: '/repo/.venv'", "LIMBER_VENV"),
    ],
)
def test_a_failure_is_explained(output: str, hint: str) -> None:
    explained = load()._explain("cannot install the packages", output)
    assert hint in explained
    assert output in explained
