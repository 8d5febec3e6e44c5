"""The command line of `scripts/bench`."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench_lib import CHANGES, report
from bench_lib.report import BenchError, Row
from sync.compress import ENCODINGS

if TYPE_CHECKING:
    from bench_lib.sync import How

ROOT = Path(__file__).resolve().parents[2]

DESCRIPTION = """\
Measure what a routine costs on this machine, and what a device's pull and sync and the editors' desk cost the server.

  generate   the bundled model in Python, Node and wasm: size, load time, p50 and p99 of a routine, and how they grow
             with the catalogue, against the same policy in plain Python
  pull       ten changes out of few and of many documents, against a bare endpoint of the same server
  sync       POST /v1/sync: nothing new, deltas, pushes, first pulls, with few and many clients, records and accounts,
             against a bare endpoint, and with `--against kinto` against Kinto on the same PostgreSQL
  catalog    the editors' desk from the list to the release, and a device's pull of it, with very many exercises and
             releases, against the same with the seed's exercises and one release

Without a name it runs the first two, in about three minutes; sync and catalog take about four more each.
docs/benchmarks.md explains the rows."""
EPILOG = """\
The results go to standard output, progress to standard error. A missed aim is shown, and is not an error:
exit code 0 when everything was measured, 1 when it could not be or an answer was wrong, 2 for bad usage."""


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser of a whole number within bounds."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{number} is not between {least} and {most}")
        return number

    return parse


def slice_seconds(text: str) -> float:
    """A parser of the length of one measurement."""
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0.05 <= seconds <= 10:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.05 and 10")
    return seconds


def sizes(text: str) -> list[int]:
    """A parser of numbers of documents: different ones, ascending."""
    return sorted({whole(CHANGES, 1_000_000)(part) for part in text.split(",")})


def counts(least: int, most: int) -> Callable[[str], list[int]]:
    """A parser of numbers: different ones, ascending; none for 0."""

    def parse(text: str) -> list[int]:
        return sorted({whole(least, most)(part) for part in text.split(",")} - {0})

    return parse


def catalogue_sizes(text: str) -> list[int]:
    """A parser of numbers of exercises: different ones, ascending; none for 0."""
    return sorted({whole(0, 20_000)(part) for part in text.split(",")} - {0})


def parser() -> argparse.ArgumentParser:
    """All options; those of one bench mean nothing to the others."""
    made = argparse.ArgumentParser(
        prog="scripts/bench",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "bench", nargs="?", choices=["generate", "pull", "sync", "catalog"], help="only this one"
    )
    made.add_argument("--json", action="store_true", help="one JSON object per row instead of tables")
    one = made.add_argument_group("generate")
    one.add_argument(
        "--requests", type=whole(1, 100_000), default=300, metavar="N", help="random requests (%(default)s)"
    )
    one.add_argument("--seed", type=whole(0, 2**32 - 1), default=1, help="of the requests (%(default)s)")
    one.add_argument(
        "--sizes",
        type=catalogue_sizes,
        default=[1_000, 3_000, 10_000],
        metavar="N,N",
        help="catalogues to grow to, by copies of exercises under other names (1000,3000,10000; 0: none)",
    )
    one.add_argument(
        "--python-only", action="store_true", help="leave out Node and wasm, which need Node 20 or newer"
    )
    two = made.add_argument_group("pull")
    two.add_argument(
        "--documents",
        type=sizes,
        default=[1_000, 100_000],
        metavar="N,N",
        help="documents in the stream, a server for each size (1000,100000)",
    )
    two.add_argument(
        "--connections", type=whole(1, 64), default=4, metavar="K", help="keep-alive clients (%(default)s)"
    )
    both = made.add_argument_group("pull and sync")
    both.add_argument(
        "--threads",
        type=whole(1, 64),
        default=4,
        metavar="N",
        help="of each server; scripts/up uses LIMBER_POOL_SIZE (%(default)s)",
    )
    both.add_argument(
        "--rounds",
        type=whole(1, 1000),
        default=6,
        metavar="N",
        help="of all measurements, also of catalog (%(default)s)",
    )
    both.add_argument(
        "--seconds", type=slice_seconds, default=0.5, metavar="S", help="of one measurement (%(default)s)"
    )
    both.add_argument(
        "--coding",
        choices=["identity", *ENCODINGS],
        help="content coding that the clients ask for (pull: identity; sync: zstd, and identity for pushes)",
    )
    _sync_options(made.add_argument_group("sync"))
    four = made.add_argument_group("catalog")
    four.add_argument(
        "--exercises", type=whole(400, 20_000), default=5_000, metavar="N", help="to grow to (%(default)s)"
    )
    four.add_argument(
        "--releases", type=whole(3, 500), default=200, metavar="N", help="that lie behind (%(default)s)"
    )
    return made


def _sync_options(three: argparse._ArgumentGroup) -> None:
    three.add_argument(
        "--clients",
        type=counts(1, 64),
        default=[1, 8],
        metavar="N,N",
        help="devices at once, each its account (1,8)",
    )
    three.add_argument(
        "--records", type=counts(CHANGES, 200_000), default=[10_000, 100_000], metavar="N,N",
        help="records of an account that is read (10000,100000)",
    )  # fmt: skip
    three.add_argument(
        "--stream", type=counts(0, 2_000_000), default=[1_000, 1_000_000], metavar="N,N",
        help="records of an account, to see how a delta's cost grows (1000,1000000; 0: not)",
    )  # fmt: skip
    three.add_argument(
        "--accounts", type=counts(0, 1_000_000), default=[100, 100_000], metavar="N,N",
        help="accounts in the database, to see the same (100,100000; 0: not)",
    )  # fmt: skip
    three.add_argument(
        "--workers", type=whole(1, 64), default=2, metavar="N", help="processes of each server (%(default)s)"
    )
    three.add_argument(
        "--against",
        choices=["kinto"],
        help="measure it beside ours; the first time it is installed from PyPI",
    )
    three.add_argument(
        "--kinto", type=Path, default=ROOT / "var" / "bench" / "kinto", metavar="FOLDER",
        help="where its environment is kept (default: var/bench/kinto)",
    )  # fmt: skip


def main() -> int:
    """Run what was asked for; returns the exit code."""
    args = parser().parse_args()
    # Only now: they bring numpy, onnxruntime and the server with them, which --help need not wait for.
    from up_processes import Stopped, catch_signals

    from bench_lib import catalog, generate, growth, pull, sync

    catch_signals()
    try:
        machine = report.machine()
        _print(args.json, [machine], report.machine_line(machine))
        aims = []
        if args.bench in (None, "generate"):
            rows = generate.run(
                args.requests, args.seed, args.sizes, () if args.python_only else tuple(generate.ENGINES)
            )
            grown = [row for row in rows if row["bench"] == "growth"]
            aims += _results(args.json, [row for row in rows if row not in grown], generate.COLUMNS)
            if args.sizes:
                _print(args.json, grown, f"\n{growth.text(grown)}")
        if args.bench in (None, "pull"):
            rows = pull.run(
                args.documents, args.connections, args.threads, args.rounds, args.seconds,
                args.coding or "identity",
            )  # fmt: skip
            aims += _results(args.json, rows, pull.COLUMNS)
        if args.bench == "sync":
            aims += _results(args.json, sync.run(_how(args)), sync.COLUMNS)
        if args.bench == "catalog":
            rows = catalog.run(args.exercises, args.releases, args.rounds)
            aims += _results(args.json, rows, catalog.COLUMNS)
        _print(args.json, aims, f"\n{report.aims_table(aims)}")
    except Stopped as stopped:
        report.say(f"stopped by {signal.Signals(stopped.signum).name}")
        return 128 + stopped.signum
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BenchError as error:
        report.say(str(error))
        return 1
    return 0


def _how(args: argparse.Namespace) -> "How":
    """What `sync` is to measure."""
    from bench_lib.sync import How

    return How(
        clients=args.clients, records=args.records, stream=args.stream, accounts=args.accounts, workers=args.workers,
        threads=args.threads, rounds=args.rounds, seconds=args.seconds, coding=args.coding or "zstd",
        kinto=args.kinto if args.against else None,
    )  # fmt: skip


def _results(as_json: bool, rows: list[Row], columns: list[tuple[str, str]]) -> list[Row]:
    """Print what was measured; returns the aims among the rows, to be shown last."""
    aims = [row for row in rows if row["bench"] == "aim"]
    measured = [row for row in rows if row["bench"] != "aim"]
    _print(as_json, measured, f"\n{report.table(measured, columns)}")
    return aims


def _print(as_json: bool, rows: list[Row], text: str) -> None:
    print(report.json_lines(rows) if as_json else text, flush=True)
