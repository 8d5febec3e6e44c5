"""Arguments that several commands of shipping share."""

from __future__ import annotations

import argparse
from pathlib import Path

from model_export import bundle
from model_export.cli import at_least

SERVER = "http://127.0.0.1:8000"
CHANNELS = ("canary", "stable")


def add_file(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file", type=Path, nargs="?", default=bundle.FOLDER / "generator.onnx",
        help="generator.onnx with golden.json, and evaluation.json if there is one, beside it (default: the bundle's)",
    )  # fmt: skip
    command.add_argument(
        "--evaluation", type=Path, metavar="FILE", help="default: evaluation.json beside the model"
    )
    command.add_argument(
        "--without-evaluation", action="store_true",
        help="leave the gates on the evaluation out; the release says so, and is promoted by force only",
    )  # fmt: skip


def add_proofs(command: argparse.ArgumentParser, default: int) -> None:
    command.add_argument(
        "--requests",
        type=at_least(1),
        default=default,
        help="random routines to prove (default: %(default)s)",
    )
    command.add_argument(
        "--max-ms", type=float, default=5.0, help="greatest median time of a routine (default: %(default)g)"
    )


def add_percent(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--percent",
        type=percent,
        default=100.0,
        help="share of devices; it only grows (default: %(default)g)",
    )


def percent(text: str) -> float:
    value = float(text)
    if not 0.01 <= value <= 100:
        raise argparse.ArgumentTypeError("must be between 0.01 and 100")
    return value


def add_server(command: argparse.ArgumentParser) -> None:
    command.add_argument("--server", default=SERVER, metavar="URL", help="default: %(default)s")
    command.add_argument(
        "--token-file", type=Path, metavar="FILE", help="access token (default: LIMBER_TOKEN)"
    )
