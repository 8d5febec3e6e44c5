"""What the TypeScript side needs before anything can run it: Node, the locked packages, the compiled tools.

python scripts/mobile_lib.py    installs and compiles what is missing or out of date
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOBILE = ROOT / "mobile"
POSTINSTALL = MOBILE / "tools" / "postinstall.mjs"
OUTSIDE = ROOT / "tests" / "node"
BUILD = MOBILE / "build"
LEAST_NODE = 20


class MobileError(RuntimeError):
    """Node or a package is missing; the message says what to do."""


def node() -> str:
    """The path of Node. Raises MobileError where there is none, or too old a one."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        raise MobileError(f"node and npm are not on the PATH: install Node {LEAST_NODE} or newer")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    match = re.match(r"v(\d+)", version)
    if match is None or int(match[1]) < LEAST_NODE:
        raise MobileError(f"{found} is {version or 'broken'}: install Node {LEAST_NODE} or newer")
    return found


def ready() -> Path:
    """Install and compile what is out of date; returns the folder of the compiled tools. Raises MobileError."""
    with alone():
        lock = packages()
        sources = list(MOBILE.glob("tsconfig*.json"))
        sources += [p for folder in ("src", "test", "tools") for p in sorted((MOBILE / folder).rglob("*.ts"))]
        _when_changed(BUILD, [*lock, *sources], MOBILE, "npm", "run", "--silent", "build")
    return BUILD


def outside() -> Path:
    """Install the clients and providers of others that tests run; returns their folder. Raises MobileError."""
    node()
    with alone():
        _when_changed(OUTSIDE / "node_modules", _lock(OUTSIDE), OUTSIDE, "npm", "ci", "--include=dev")
    return OUTSIDE


def packages() -> list[Path]:
    """Install the app's locked packages; returns the files that say which. Call `alone`. Raises MobileError."""
    node()
    made_from = [*_lock(MOBILE), POSTINSTALL]
    if _when_changed(MOBILE / "node_modules", made_from, MOBILE, "npm", "ci", "--include=dev"):
        # npm may run no script (.npmrc), so ours is run by us.
        _run(MOBILE, "node", str(POSTINSTALL))
    return made_from


def _lock(folder: Path) -> list[Path]:
    return [folder / name for name in ("package.json", "package-lock.json", ".npmrc")]


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One at a time: tests run side by side."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "mobile.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _when_changed(made: Path, sources: Iterable[Path], folder: Path, *command: str) -> bool:
    """Run the command when the sources are not those that `made` was made from; returns whether it had to."""
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    stamp = made / ".made-from"
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return False
    _run(folder, *command)
    stamp.write_text(digest.hexdigest())
    return True


def _run(folder: Path, *command: str) -> None:
    name = folder.relative_to(ROOT)
    print(f"{name}: {' '.join(command)}", file=sys.stderr, flush=True)
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "NPM_CONFIG_UPDATE_NOTIFIER": "false"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        told = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise MobileError(f"`{' '.join(command)}` in {name}/ failed:\n{told}")


if __name__ == "__main__":
    try:
        ready()
    except MobileError as error:
        sys.exit(f"mobile: {error}")
