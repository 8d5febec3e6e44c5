"""A thousand requests come out to the byte in Python with the newest and the oldest supported onnxruntime."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import onnxruntime
import pytest

from model_export import identity

ROOT = Path(__file__).resolve().parents[2]
OLDEST = ROOT / "requirements" / "ort-oldest.txt"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def oldest() -> Path:
    """A Python with the oldest supported onnxruntime, kept in var/ for the next run."""
    made_from = hashlib.sha256(OLDEST.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = ROOT / "var" / f"ort-oldest-{made_from}"
    python = folder / "bin" / "python"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "ort-oldest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            venv.create(folder, with_pip=True, clear=True)
            install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", OLDEST]
            subprocess.run(install, check=True, stdin=subprocess.DEVNULL)
            (folder / "complete").touch()
    return python


@pytest.mark.parametrize("threads", [1, 4])
def test_the_installed_onnxruntime_gives_every_plan_to_the_byte(held, threads):
    assert onnxruntime.__version__ > "1.24"
    assert identity.replay(held, threads) == []


@pytest.mark.parametrize("threads", [1, 4])
def test_the_oldest_supported_onnxruntime_gives_every_plan_to_the_byte(oldest, threads):
    command = [oldest, "-m", "model_export.identity", "--threads", str(threads)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["version"].startswith("onnxruntime 1.24.")
    assert (found["cases"], found["different"]) == (1000, [])
