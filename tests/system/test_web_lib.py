"""Building the app for the web: only when its sources changed, and never half a build."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands in for node: writes what an export would, and counts how often.
NODE = """#!/bin/sh
case "$*" in
  --version) echo v22.1.0 ;;
  *export*) shift 4; [ "$1" = --output-dir ]; mkdir -p "$2"; cp src/app.ts "$2/app.js"; echo x >> built ;;
  *finish.mjs*) [ ! -e broken ] || { echo "no such module" >&2; exit 1; } ;;
esac
"""


@pytest.fixture
def lib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """web_lib on a small app of its own, with a node that only pretends."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import mobile_lib
    import web_lib

    mobile = tmp_path / "mobile"
    for name in (*web_lib.FILES, ".npmrc"):
        (mobile / name).parent.mkdir(parents=True, exist_ok=True)
        (mobile / name).write_text("{}")
    (mobile / "src").mkdir()
    (mobile / "src" / "app.ts").write_text("one")
    (mobile / "src" / "app.test.ts").write_text("test")
    (mobile / "node_modules").mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, body in (("node", NODE), ("npm", "#!/bin/sh\n")):
        (programs / name).write_text(body)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(mobile_lib, "ROOT", tmp_path)
    monkeypatch.setattr(mobile_lib, "MOBILE", mobile)
    monkeypatch.setattr(web_lib, "MOBILE", mobile)
    monkeypatch.setattr(web_lib, "DIST", mobile / "dist")
    yield web_lib
    for name in ("mobile_lib", "web_lib"):
        sys.modules.pop(name)


def times_built(lib: Any) -> int:
    built = lib.MOBILE / "built"
    return len(built.read_text().split()) if built.exists() else 0


def test_it_is_built_once_and_again_when_a_source_changes(lib: Any) -> None:
    assert not lib.is_current()
    assert (lib.ready_web() / "app.js").read_text() == "one"
    assert lib.is_current()
    lib.ready_web()
    assert times_built(lib) == 1
    (lib.MOBILE / "src" / "app.ts").write_text("two")
    assert not lib.is_current()
    assert (lib.ready_web() / "app.js").read_text() == "two"
    assert times_built(lib) == 2


def test_a_test_is_no_source(lib: Any) -> None:
    lib.ready_web()
    (lib.MOBILE / "src" / "app.test.ts").write_text("another test")
    (lib.MOBILE / "src" / "screen.test.tsx").write_text("a new one")
    assert lib.is_current()


def test_a_new_file_and_a_new_name_are_changes(lib: Any) -> None:
    lib.ready_web()
    (lib.MOBILE / "src" / "more.ts").write_text("")
    assert not lib.is_current()
    lib.ready_web()
    (lib.MOBILE / "src" / "more.ts").rename(lib.MOBILE / "src" / "less.ts")
    assert not lib.is_current()


def test_a_build_that_fails_leaves_the_one_before_and_says_why(lib: Any) -> None:
    lib.ready_web()
    (lib.MOBILE / "src" / "app.ts").write_text("two")
    (lib.MOBILE / "broken").write_text("")
    with pytest.raises(lib.MobileError, match="no such module"):
        lib.ready_web()
    assert (lib.DIST / "app.js").read_text() == "one"
    assert not lib.is_current()
    assert list(lib.MOBILE.glob("dist.new-*")) == []


def test_what_a_killed_build_left_is_cleared_away(lib: Any) -> None:
    (lib.MOBILE / "dist.new-x" / "dist").mkdir(parents=True)
    lib.ready_web()
    assert list(lib.MOBILE.glob("dist.new-*")) == []


def test_without_node_the_message_says_what_to_install(
    lib: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(lib.MobileError, match="install Node 20 or newer"):
        lib.ready_web()
