"""Programs from Debian's packages, installed where that is possible: as root on a machine with apt."""

import os
import shutil
import subprocess
import sys


class ToolError(RuntimeError):
    """A program is missing and cannot be installed by us; the message says what to do."""


def ensure(program: str, package: str, purpose: str) -> str:
    """The path of `program`, after installing `package` where it is missing and we are root. Raises ToolError."""
    if found := shutil.which(program):
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ToolError(
            f"{program} is not on the PATH: install it (Debian and Ubuntu: apt install {package})"
        )
    print(f"installing Debian's {package} for {purpose} (about a minute)", file=sys.stderr, flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update"],
        ["apt-get", "install", "-y", "--no-install-recommends", package],
    ):
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            told = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise ToolError(f"`{' '.join(command)}` failed:\n{told}")
    if found := shutil.which(program):
        return found
    raise ToolError(f"Debian's {package} brought no {program}")
