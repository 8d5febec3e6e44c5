"""The stories that a script of tests/node tells, each its own test."""

import re
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).resolve().parents[1] / "node"
_STORY = re.compile(r"^(story|long)\((['\"])(.+?)\2, async", re.MULTILINE)


def stories(script: str) -> Any:
    """Parametrize a test over the names of a script's stories; `long` ones are marked slow."""
    found = [
        pytest.param(name, marks=[pytest.mark.slow] if kind == "long" else [], id=name.replace(" ", "-"))
        for kind, _, name in _STORY.findall((NODE / script).read_text())
    ]
    return pytest.mark.parametrize("story", found)


def is_long(script: str, name: str) -> bool:
    """Whether a story is told only when slow tests are run."""
    return any(
        kind == "long" and each == name for kind, _, each in _STORY.findall((NODE / script).read_text())
    )
