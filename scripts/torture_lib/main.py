"""The command line of `scripts/torture`."""

import argparse
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from torture_lib import PROTECTIONS, TortureError

DESCRIPTION = """\
Run a real system (PostgreSQL that syncs every commit, a server of two workers, a process for each device) behind a
network that loses, cuts, delays, doubles and reorders; kill -9 workers, the server, PostgreSQL and devices; set
devices' clocks wrong by up to a day; publish catalogue releases; put an older backup back. Then let all be calm and
compare every device, the server's tables and a ledger of everything that the server ever acknowledged."""
EPILOG = """\
The same seed plans the same faults at the same moments; what they hit depends on the machine's timing, so a second run
is another run of the same plan. Exit code 0 when nothing was lost, 1 when something was or the run broke off (the
folder is then kept, and what happened to each lost record is told), 2 for bad usage. docs/torture.md explains it."""


def number(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    """A parser of a number within bounds."""

    def parse(text: str) -> float:
        try:
            found = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
        return found

    return parse


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(
        prog="scripts/torture",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--minutes", type=number(float, 0.1, 1440), default=2.0, metavar="N",
        help="how long it is hurt, 0.1 to 1440 (%(default)s)",
    )  # fmt: skip
    made.add_argument(
        "--devices", type=number(int, 2, 100), default=8, metavar="N", help="how many, 2 to 100 (%(default)s)"
    )
    made.add_argument(
        "--accounts",
        type=number(int, 1, 50),
        metavar="N",
        help="whose they are (default: one for each four devices)",
    )
    made.add_argument(
        "--seed",
        type=number(int, 0, 2**32 - 1),
        metavar="S",
        help="of the plan of faults (default: drawn and printed)",
    )
    made.add_argument(
        "--pace", type=number(float, 0.05, 20), default=1.0, metavar="X",
        help="how slowly people act, 1 is a step of each device every half second (%(default)s)",
    )  # fmt: skip
    made.add_argument(
        "--dir", type=Path, metavar="DIR", help="an empty folder to work in (default: a temporary one)"
    )
    made.add_argument("--keep", action="store_true", help="keep the folder also when nothing was lost")
    made.add_argument(
        "--without", action="append", choices=PROTECTIONS, default=[], metavar="PROTECTION",
        help=f"take a protection out to see what is lost without it: {', '.join(PROTECTIONS)}",
    )  # fmt: skip
    return made


def main(argv: list[str] | None = None) -> int:
    """Run it; returns the exit code."""
    arguments = parser().parse_args(argv)
    if arguments.seed is None:
        arguments.seed = random.randrange(2**32)  # noqa: S311
    arguments.accounts = arguments.accounts or max(1, arguments.devices // 4)
    # Only now: they bring the server with them, which --help need not wait for.
    from up_processes import Stopped, catch_signals

    from torture_lib import run

    catch_signals()
    folder = None
    keep = True
    try:
        folder = _folder(arguments.dir)
        with ExitStack() as stack:
            lost = run.torture(arguments, folder, stack)
        keep = lost or arguments.keep
        return 1 if lost else 0
    except Stopped as stopped:
        print(f"\nstopped by {signal.Signals(stopped.signum).name}", file=sys.stderr)
        keep = arguments.keep
        return 128 + stopped.signum
    except TortureError as error:
        print(f"\ntorture: {error}", file=sys.stderr)
        return 1
    finally:
        if folder is not None:
            if keep:
                print(f"everything is kept in {folder}", flush=True)
            else:
                shutil.rmtree(folder, ignore_errors=True)


def _folder(given: Path | None) -> Path:
    if given is None:
        # Under /tmp rather than a private folder: PostgreSQL may have to run as another user than root.
        return Path(tempfile.mkdtemp(prefix="limber-torture-")).resolve()
    try:
        given.mkdir(parents=True, exist_ok=True)
        if any(given.iterdir()):
            raise TortureError(f"--dir {given}: is not empty")
    except OSError as error:
        raise TortureError(f"--dir {given}: {error.strerror}") from None
    return given.resolve()
