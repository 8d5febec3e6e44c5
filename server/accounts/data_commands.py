"""`python -m server master …`: the key that wraps the data keys of accounts, and its succession."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from server.accounts.data_keys import master_key, rewrap
from server.commands import AddCommand, CommandError, owner_engine
from server.settings import Settings
from sync.sealing import SealBroken, create_master, open_master
from sync.signing import KeyInvalid, KeyUnavailable

BATCH: Final = 500


def register(add: AddCommand) -> None:
    """Add the commands of the master key."""
    made = add("master create", run_create, "Make a master key in a new file (LIMBER_MASTER_KEY).")
    made.add_argument("--file", type=Path, help="another file than LIMBER_MASTER_KEY")
    again = add(
        "master rewrap",
        run_rewrap,
        "Wrap every data key with the master key of the settings instead of an older one. Can be run again.",
    )
    old = again.add_mutually_exclusive_group(required=True)
    old.add_argument("--from-file", type=Path, metavar="FILE", help="the older master key")
    old.add_argument(
        "--from-kms", metavar="KEY", help="the older one, in AWS KMS, as LIMBER_MASTER_KMS names it"
    )


def run_create(args: argparse.Namespace) -> int:
    """Make the file; never in place of another."""
    path = args.file or Settings.from_env().master_key
    try:
        made = create_master(path)
    except FileExistsError:
        raise CommandError(f"{path} exists already: nothing was done") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    print(f"{path} holds {made.name}. Keep a copy, away from the database's backups.")
    return 0


def run_rewrap(args: argparse.Namespace) -> int:
    """In transactions of BATCH keys, so that it can be stopped and run again."""
    settings, done = Settings.from_env(), 0
    try:
        old = open_master(args.from_file or Path(), args.from_kms)
        new = master_key(settings)
        if old.name == new.name:
            raise CommandError(f"the older master key is the one of the settings, {new.name}")
        with owner_engine(settings) as engine:
            while True:
                with engine.begin() as conn:
                    wrapped = rewrap(conn, old, new, BATCH)
                if not wrapped:
                    break
                done += wrapped
                print(f"{done} data keys", file=sys.stderr)
    except (KeyInvalid, KeyUnavailable, SealBroken) as error:
        raise CommandError(str(error)) from None
    print(f"{done} data keys are wrapped by {new.name} now, none by {old.name}")
    return 0
