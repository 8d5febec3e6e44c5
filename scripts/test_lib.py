"""`scripts/test`: run tox with the environment we are in, and sum up what its pytest runs reported."""

import json
import os
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import browser_lib
import debian_lib

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".tox" / "results"


def main(arguments: list[str]) -> int:
    """Run tox with these arguments; returns its exit code, after one line that adds up all tests."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    try:
        browser_lib.ensure()
    except browser_lib.BrowserError as error:
        print(f"the browser tests will be skipped. {error}", file=sys.stderr, flush=True)
    try:
        debian_lib.ensure("ffmpeg", "ffmpeg", "the tests of films")
    except debian_lib.ToolError as error:
        print(f"the tests of films will be skipped. {error}", file=sys.stderr, flush=True)
    env = {**os.environ, "TEST_PYTHON": sys.executable, "TEST_DEPS": ""}
    command = [sys.executable, "-m", "tox", "run", *arguments]
    # Ctrl-C reaches tox as well, which ends its children; only then do we go.
    tox = subprocess.Popen(command, cwd=ROOT, env=env)
    signal.signal(signal.SIGTERM, lambda *_: tox.terminate())
    while True:
        try:
            code = tox.wait()
            break
        except KeyboardInterrupt:
            continue
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for file in sorted(RESULTS.iterdir()) if RESULTS.is_dir() else []:
        for name, number in (counts_of_jest(file) if file.suffix == ".json" else counts(file)).items():
            total[name] += number
    print(f"{', '.join(f'{number} {name}' for name, number in total.items())}; tox exit code {code}")
    return code


def counts(file: Path) -> dict[str, int]:
    """How many tests of a JUnit file passed, failed (or broke in a fixture) and were skipped."""
    # Written a moment ago by our own pytest: not a stranger's XML.
    suites = list(ET.parse(file).getroot().iter("testsuite"))  # noqa: S314
    tests, skipped = (sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "skipped"))
    failed = sum(int(suite.get(name, 0)) for suite in suites for name in ("failures", "errors"))
    return {"passed": tests - skipped - failed, "failed": failed, "skipped": skipped}


def counts_of_jest(file: Path) -> dict[str, int]:
    """The same of the JSON that jest writes."""
    found = json.loads(file.read_text())
    return {
        "passed": found["numPassedTests"],
        "failed": found["numFailedTests"] + found["numRuntimeErrorTestSuites"],
        "skipped": found["numPendingTests"],
    }
