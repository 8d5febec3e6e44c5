"""A thousand requests come out to the byte in Node, in the wasm of onnxruntime-web and in the interpreter.

One thread of the versions that the app pins is in the app's own tests (mobile/src/generator/identity.test.ts).
"""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.thorough import often

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("node")]


def load_library() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mobile_lib", ROOT / "scripts" / "mobile_lib.py")
    assert spec is not None
    assert spec.loader is not None
    library = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(library)
    return library


@pytest.fixture(scope="module")
def tools() -> Path:
    library = load_library()
    try:
        library.node()
    except library.MobileError as error:
        pytest.skip(str(error))
    return Path(library.ready()) / "tools"


# The app's own tests run every case on the wasm with one thread; several are slow where there are fewer cores.
@pytest.mark.parametrize(
    ("engine", "threads", "every"),
    [("node", 4, 1), ("node-latest", 4, 1), ("wasm", 4, often(5, 1)), ("interpreter", 1, 1)],
)
def test_every_plan_is_the_same_to_the_byte(tools: Path, engine: str, threads: int, every: int) -> None:
    command = ["node", str(tools / "identity.js"), engine, str(threads), str(every)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["threads"], found["cases"], found["different"]) == (threads, 1000 // every, [])


def test_wrong_usage_says_what_is_right(tools: Path) -> None:
    done = subprocess.run(
        ["node", str(tools / "identity.js"), "abacus", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage: node identity.js node|node-latest|wasm|interpreter THREADS [EVERY]" in done.stderr
