"""Which package may import which: the rooms of the house and their doors.

server -> sync, server -> model_export.runtime, .admission and .evidence.matrix, model_export -> sync; sync imports
neither. A door, such as `model_export/shipping/local.py`, wires packages together like a script does.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("sync", "server", "model_export", "scripts", "tests")
ALLOWED = {
    "sync": {"sync"},
    "server": {
        "server",
        "sync",
        "model_export.runtime",
        "model_export.admission",
        "model_export.evidence.matrix",
    },
    "model_export": {"model_export", "sync"},
}
DOORS = {
    "model_export/__main__.py": {"model_export", "sync", "server"},
    "model_export/shipping/local.py": {"model_export", "sync", "server"},
    "model_export/shipping/publish.py": {"model_export", "sync", "server"},
}
# The core of the replication serves any transport and any server.
FOREIGN = {"sync": {"flask", "flask_smorest", "werkzeug", "webargs", "granian"}}


def imports(file: Path, package: str) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of what a file of `package` imports, also in functions and by name."""
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}".lstrip(".")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def violations(root: Path) -> list[str]:
    """`file:line imports name` for every import that goes against the rules."""
    found = []
    for room, allowed in ALLOWED.items():
        for file in sorted((root / room).rglob("*.py")):
            where = file.relative_to(root)
            may = DOORS.get(where.as_posix(), allowed)
            for line, name in imports(file, ".".join(where.parent.parts)):
                first = name.split(".")[0]
                inside = any(name == way or name.startswith(f"{way}.") for way in may)
                if (first in OURS and not inside) or first in FOREIGN.get(room, ()):
                    found.append(f"{where.as_posix()}:{line} imports {name}")
    return found


def test_the_packages_import_each_other_in_one_direction_only() -> None:
    assert violations(ROOT) == []


def test_every_package_is_there_to_be_looked_at() -> None:
    assert {room for room in ALLOWED if list((ROOT / room).rglob("*.py"))} == set(ALLOWED)
    assert all((ROOT / door).exists() for door in DOORS)


@pytest.mark.parametrize(
    ("file", "code", "named"),
    [
        ("sync/store.py", "import server.settings", "server.settings"),
        ("sync/store.py", "from model_export import runtime", "model_export.runtime"),
        ("sync/deep/er.py", "from ... import server", "server"),
        ("sync/store.py", "def f():\n    from flask import request", "flask.request"),
        ("sync/store.py", "import importlib\nimportlib.import_module('server.web')", "server.web"),
        ("server/web.py", "import model_export.train", "model_export.train"),
        ("server/web.py", "from model_export import runtime, policy", "model_export.policy"),
        ("server/web.py", "from scripts import up_lib", "scripts.up_lib"),
        ("model_export/train.py", "from server.settings import Settings", "server.settings.Settings"),
        ("model_export/train.py", "from ..server import settings", "server.settings"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, code: str, named: str) -> None:
    place = tmp_path / file
    place.parent.mkdir(parents=True)
    place.write_text(code + "\n")
    assert [found.split(" imports ")[1] for found in violations(tmp_path)] == [named]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("sync/store.py", "from sync import tables\nfrom . import cursor\nimport json"),
        ("server/web.py", "import sync.store\nfrom model_export.runtime import generate"),
        ("server/web.py", "from model_export import runtime"),
        ("server/catalog/views.py", "from ..web import problem"),
        ("model_export/render.py", "from sync.objects import open_store"),
        ("model_export/shipping/local.py", "from server.settings import Settings"),
    ],
)
def test_a_right_import_is_let_through(tmp_path: Path, file: str, code: str) -> None:
    place = tmp_path / file
    place.parent.mkdir(parents=True)
    place.write_text(code + "\n")
    assert violations(tmp_path) == []
