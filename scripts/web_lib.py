"""The app on the web, built into mobile/dist for the server to serve; built again only when its sources changed.

python scripts/web_lib.py    installs the packages and builds what is missing or out of date, saying what it does
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mobile_lib
from mobile_lib import MOBILE, MobileError

DIST = MOBILE / "dist"
STAMP = ".made-from"
# What a build is made from. Tests are not, so changing one rebuilds nothing.
FOLDERS = ("src", "assets", "public", "tools/web")
FILES = (
    "tools/postinstall.mjs",
    "app.json",
    "index.ts",
    "babel.config.js",
    "metro.config.js",
    "tsconfig.json",
    "package.json",
    "package-lock.json",
)
# Expo asks nobody, colours nothing and reports to nobody.
QUIET = {"CI": "1", "EXPO_OFFLINE": "1", "EXPO_NO_TELEMETRY": "1", "NODE_ENV": "production"}


def sources() -> str:
    """SHA-256 of everything that a build is made from."""
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(f"{path.relative_to(MOBILE)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _inputs() -> Iterator[Path]:
    yield from (MOBILE / name for name in FILES)
    for folder in FOLDERS:
        for path in sorted((MOBILE / folder).rglob("*")):
            if path.is_file() and not path.name.endswith((".test.ts", ".test.tsx")):
                yield path


def is_current() -> bool:
    """Whether mobile/dist is the build of the sources as they are."""
    stamp = DIST / STAMP
    return stamp.is_file() and stamp.read_text() == sources()


def ready_web() -> Path:
    """The folder of a current build, made now if need be. Raises MobileError: no Node, or it does not build."""
    if is_current():
        return DIST
    with mobile_lib.alone():
        made_from = sources()
        if is_current():  # another process was quicker
            return DIST
        mobile_lib.packages()
        for left in MOBILE.glob("dist.new-*"):  # of a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=MOBILE, prefix="dist.new-") as place:
            fresh = Path(place) / "dist"
            export("web", fresh)
            _step(["node", "tools/web/finish.mjs", str(fresh)], "adding the service worker, compressing")
            (fresh / STAMP).write_text(made_from)
            with contextlib.suppress(FileNotFoundError):
                DIST.rename(Path(place) / "old")
            fresh.rename(DIST)
    return DIST


def export(platform: str, folder: Path) -> None:
    """Expo's export of one platform (web, android, ios) into `folder`. Raises MobileError."""
    expo = MOBILE / "node_modules" / "expo" / "bin" / "cli"
    command = ["node", str(expo), "export", "-p", platform, "--output-dir", str(folder)]
    _step(command, f"bundling for {platform}")


def _step(command: list[str], what: str) -> None:
    print(f"app: {what}", file=sys.stderr, flush=True)
    done = subprocess.run(
        command, cwd=MOBILE, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        told = "\n".join(done.stdout.strip().splitlines()[-25:])
        raise MobileError(f"{what} failed:\n{told}")


if __name__ == "__main__":
    try:
        print(ready_web())
    except MobileError as error:
        sys.exit(f"app: {error}")
