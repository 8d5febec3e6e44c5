"""What every command of `python -m model_export` shares: its errors, its progress bar, its argument types."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Protocol

from tqdm import tqdm

from model_export import bundle
from model_export.encode import Catalog

RUNS = Path("var/runs/latest")
"""The run folder that commands use where none is given."""

Run = Callable[[argparse.Namespace], int]


class CommandError(RuntimeError):
    """Something the caller can put right; the message says how."""


class AddCommand(Protocol):
    """Adds a subcommand: its name, what runs it (returns the exit status), one sentence of help."""

    def __call__(self, name: str, run: Run, text: str) -> argparse.ArgumentParser: ...


def bar(total: int, what: str, unit: str = "req") -> tqdm[NoReturn]:
    """A progress bar on stderr; nothing where stderr is no terminal."""
    return tqdm(total=total, desc=what, unit=unit, disable=None, leave=False, file=sys.stderr)


def catalog_of(path: Path | None) -> Catalog:
    """`--catalog FILE`, or the bundled release. Raises CommandError naming the file."""
    if path is None:
        return bundle.read_catalog((bundle.FOLDER / "catalog.json").read_bytes())
    try:
        return bundle.read_catalog(path.read_bytes())
    except OSError as error:
        raise CommandError(f"--catalog {path}: {error.strerror}") from error


def at_least(least: int) -> Callable[[str], int]:
    """Argument type: a whole number not below `least`."""

    def parse(text: str) -> int:
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}")
        return int(text)

    return parse


def add_catalog(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--catalog", type=Path, help="a catalogue snapshot or bundle file (default: the bundled release)"
    )


def add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("--run", type=Path, default=RUNS, help="run folder (default: %(default)s)")
