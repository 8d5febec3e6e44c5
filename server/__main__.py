"""The operator's door: roles, programs that may ask for tokens, keys, and after a restored backup. The server itself is
started by `scripts/up`, or by a WSGI server (`server.wsgi:app`). Settings are those of docs/settings.md."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from sqlalchemy.exc import DBAPIError

from server import restored, upkeep
from server.accounts import commands as accounts
from server.accounts import data_commands
from server.commands import CommandError, Run
from server.jobs import commands as jobs
from server.settings import SettingsError

COMMANDS = (accounts, data_commands, jobs, restored, upkeep)
GROUPS = {
    "client": "Programs that may ask for tokens",
    "key": "The key that signs tokens",
    "master": "The key that wraps the data keys of accounts",
    "role": "What an account may do",
}


def parser() -> argparse.ArgumentParser:
    """The parser of the command line, with every command of `COMMANDS`."""
    root = argparse.ArgumentParser(prog="python -m server", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    groups: dict[str, Any] = {}

    def add(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        group, _, own = name.rpartition(" ")
        if group and group not in groups:
            several = commands.add_parser(group, help=GROUPS[group], description=GROUPS[group])
            groups[group] = several.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
        command: argparse.ArgumentParser = (groups[group] if group else commands).add_parser(
            own, help=text, description=text
        )
        command.set_defaults(run_command=run, named=name)
        return command

    for module in COMMANDS:
        module.register(add)
    return root


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. What the caller can put right is one line on stderr."""
    args = parser().parse_args(arguments)
    try:
        return int(args.run_command(args))
    except (CommandError, SettingsError, LookupError, ValueError) as error:
        print(f"server {args.named}: {error}", file=sys.stderr)
        return 1
    except DBAPIError as error:
        print(f"server {args.named}: the database refused: {str(error.orig).strip()}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
