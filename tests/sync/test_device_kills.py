"""A device of an account that is killed at any of its steps loses nothing and doubles nothing."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest


@pytest.mark.slow
def test_killed_at_any_step_of_an_edit_or_a_sync_the_next_sync_ends_the_same(
    tmp_path: Path, database_url: str
) -> None:
    """A child process is ended, without any clean-up, at every call that touches SQLite, a file or the network."""
    script, memory = Path(__file__).with_name("kill_account.py"), Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        done = subprocess.run(
            [sys.executable, str(script), folder, database_url],
            capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > 500  # it was killed at so many different steps
