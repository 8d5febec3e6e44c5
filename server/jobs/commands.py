"""`python -m server jobs`: runs background jobs until it is told to stop."""

from __future__ import annotations

import argparse
from typing import Final

from server.commands import AddCommand
from server.settings import Settings

HEARTBEAT_S: Final = 10.0
STALLED_AFTER: Final = 3
"""Heartbeats that a worker may miss before its jobs are taken from it."""


def register(add: AddCommand) -> None:
    """Add the command."""
    command = add("jobs", run_jobs, "Run background jobs until told to stop (SIGTERM).")
    command.add_argument(
        "--heartbeat",
        type=float,
        default=HEARTBEAT_S,
        metavar="SECONDS",
        help=f"how often the worker says that it lives (default {HEARTBEAT_S:g}); after {STALLED_AFTER} missed ones "
        "its jobs are given to another",
    )


def run_jobs(args: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if not 0.1 <= args.heartbeat <= 600:
        raise ValueError(f"--heartbeat: must be between 0.1 and 600 seconds, not {args.heartbeat:g}")
    settings = Settings.from_env()
    settings.require_database_url()
    from server.jobs import worker  # procrastinate is for the worker alone

    worker.run(settings, args.heartbeat)
    return 0
