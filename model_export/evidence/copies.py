"""All copy that people see, each text with where it stands: what `lint-copy` reads.

Sources: wording of reasons and the strings of the programs that print routines, the catalogue's content, product
documents, the server's pages, and the reasons of routines made for the purpose.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_export.evidence.claims import Claim, lint

ROOT = Path(__file__).resolve().parents[2]
SEED = Path("server/catalog/seed")
CODE = (
    "model_export/wording.py", "model_export/decode.py", "model_export/render.py", "model_export/request.py",
    "model_export/runtime.py", "model_export/evidence/changes.py", "model_export/evidence/causes.py", "server/pages.py",
)  # fmt: skip
GENERATED = "docs/rules.md"
"""Repeats what the rules say, also of claims; its source, rules.json, is read instead."""
NOT_OURS = {"node_modules", "var", "build", "dist", "htmlcov"}
LITERAL = re.compile(r"""(?<!\\)(["'`])((?:\\.|(?!\1)[^\\\n])*)\1""")
NOT_COPY = {"expr", "source", "when", "group", "met_code"}
"""Fields of a catalogue document that nobody reads as a sentence."""


@dataclass(frozen=True)
class Copy:
    """A text, the file (or other source) it is in, and its place there: a field's path or a line."""

    file: str
    place: str
    text: str


@dataclass(frozen=True)
class Finding:
    """A claim in a piece of copy."""

    copy: Copy
    claim: Claim

    def record(self) -> dict[str, Any]:
        """For programs."""
        c = self.claim
        return {
            "file": self.copy.file, "place": self.copy.place, "rule": c.rule, "start": c.start, "end": c.end,
            "words": c.words, "why": c.why, "text": self.copy.text,
        }  # fmt: skip

    def __str__(self) -> str:
        text = " ".join(self.copy.text.split())
        shown = text if len(text) <= 160 else text[:157] + "..."
        c = self.claim
        return f'{self.copy.file}: {self.copy.place}: {c.rule} "{c.words}" - {c.why}\n    {shown}'


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every sentence in a document: strings with a space, but no claim rule's own statement."""
    if isinstance(value, dict):
        if value.get("use") == "claim":
            return
        for key, entry in value.items():
            if key not in NOT_COPY:
                yield from strings(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for n, entry in enumerate(value):
            name = (
                entry.get("slug") or entry.get("code") or entry.get("id") if isinstance(entry, dict) else None
            )
            yield from strings(entry, f"{path}[{name or n}]")
    elif isinstance(value, str) and " " in value:
        yield path, value


def foreign(path: Path) -> bool:
    """Whether a path inside the repository is of a tool or was made by one."""
    return any(part in NOT_OURS or part.startswith(".") for part in path.parts)


def seed(root: Path = ROOT) -> Iterator[Copy]:
    for file in sorted((root / SEED).rglob("*.json")):
        name = file.relative_to(root).as_posix()
        for path, text in strings(json.loads(file.read_text(encoding="utf-8"))):
            yield Copy(name, path, text)


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """(number of its first line, paragraph) of a text."""
    line = 1
    for part in re.split(r"(\n\s*\n)", text):
        if part.strip():
            yield line, part
        line += part.count("\n")


def prose(root: Path = ROOT) -> Iterator[Copy]:
    """Paragraphs of the Markdown documents, at their first line."""
    for file in sorted(root.rglob("*.md")):
        name = file.relative_to(root).as_posix()
        if name == GENERATED or foreign(file.relative_to(root)):
            continue
        for line, paragraph in paragraphs(file.read_text(encoding="utf-8")):
            yield Copy(name, f"line {line}", paragraph)


def pages(root: Path = ROOT) -> Iterator[Copy]:
    """The server's templates, without tags and template code."""
    for file in sorted((root / "server" / "templates").rglob("*.html")):
        text = re.sub(
            r"<(script|style)\b.*?</\1>|<[^>]*>|\{[{%#].*?[}%#]\}",
            "\n\n",
            file.read_text(encoding="utf-8"),
            flags=re.S,
        )
        for block in re.split(r"\n\s*\n", text):
            if block.strip():
                yield Copy(file.relative_to(root).as_posix(), "text", block.strip())


def code(root: Path = ROOT) -> Iterator[Copy]:
    """String constants of the programs whose strings are shown; docstrings are for readers of the code."""
    for name in CODE:
        if not (root / name).is_file():
            continue
        tree = ast.parse((root / name).read_text(encoding="utf-8"))
        documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
        docs = {
            id(n.value)
            for node in ast.walk(tree)
            if isinstance(node, documented)
            for n in node.body
            if isinstance(n, ast.Expr)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and " " in node.value
                and id(node) not in docs
            ):
                yield Copy(name, f"line {node.lineno}", node.value)


def app(root: Path = ROOT) -> Iterator[Copy]:
    """String literals of the app's TypeScript, whole templates with their holes."""
    for file in sorted((root / "mobile").rglob("*.ts*")):
        name = file.relative_to(root)
        if file.suffix not in {".ts", ".tsx"} or foreign(name):
            continue
        text = file.read_text(encoding="utf-8")
        for found in LITERAL.finditer(text):
            if " " in found[2]:
                yield Copy(name.as_posix(), f"line {text.count(chr(10), 0, found.start()) + 1}", found[2])


def words(root: Path = ROOT) -> Iterator[Copy]:
    """The app's messages, of every language: what it says is there and not in its code."""
    for file in sorted((root / "mobile" / "src" / "i18n").glob("*/*.json")):
        name = file.relative_to(root).as_posix()
        for path, text in strings(json.loads(file.read_text(encoding="utf-8"))):
            yield Copy(name, path, text)


def routine(made: dict[str, Any], place: str) -> Iterator[Copy]:
    """What a routine says: reasons, and why something was left out."""
    for item in made["items"]:
        yield Copy("routine", f"{place}, {item['slug']}", item["reason"])
    for entry in made["left_out"]:
        yield Copy("routine", f"{place}, left out {entry['slug']}", entry["because"].replace("_", " "))


def everything(root: Path = ROOT) -> Iterator[Copy]:
    """All copy in the repository."""
    for source in (seed, prose, pages, code, app, words):
        yield from source(root)


def findings(copy: Iterator[Copy]) -> Iterator[Finding]:
    for piece in copy:
        for claim in lint(piece.text):
            yield Finding(piece, claim)
