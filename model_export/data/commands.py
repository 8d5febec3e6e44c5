"""`python -m model_export simulate` and `dataset`."""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

from model_export.cli import AddCommand, CommandError, Run, add_catalog, at_least, bar, catalog_of

if TYPE_CHECKING:
    from model_export.data.shelf import Shelf
    from model_export.data.simulate import Plan, Summary
    from model_export.data.sources import Source
    from sync.sealing import MasterKey

SALT = Path("var/dataset.salt")


def register(add: AddCommand) -> None:
    """Add this area's commands."""
    one = add(
        "simulate",
        plainly(run_simulate),
        "Simulate people who use the real generator; write what their phones log.",
    )
    one.add_argument(
        "--family", default="all", help="all, or names joined by commas (docs/data.md; default: all)"
    )
    one.add_argument(
        "--people", type=at_least(1), default=50, help="people of each family (default: %(default)s)"
    )
    one.add_argument(
        "--sessions", type=at_least(1), default=20, help="sessions of each (default: %(default)s)"
    )
    where = one.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--out", type=Path, help="folder to write; the truth goes to FOLDER.truth.jsonl beside it"
    )
    where.add_argument(
        "--to-database", metavar="URL", help="the server's PostgreSQL; refused beside real accounts"
    )
    one.add_argument(
        "--model", type=Path, help="generator.onnx that makes the routines (default: the bundled one)"
    )
    add_catalog(one)
    one.add_argument(
        "--start", type=day, default="2026-01-05", help="first simulated day (default: %(default)s)"
    )
    one.add_argument(
        "--withhold",
        type=at_least(2),
        metavar="N",
        help="every Nth person does not consent (default: all consent)",
    )
    one.add_argument("--compress", action="store_true", help="write sessions.jsonl.zst")
    one.add_argument("--seed", type=at_least(0), default=0, help="default: %(default)s")
    add_jobs(one)

    two = add(
        "dataset", plainly(run_dataset), "Make the training table of consented sessions, and its report."
    )
    source = two.add_mutually_exclusive_group(required=True)
    source.add_argument("--from", dest="folder", type=Path, help="folder that `simulate` wrote")
    source.add_argument(
        "--database", metavar="URL", nargs="?", const="",
        help="the server's PostgreSQL (without a URL: DATABASE_URL, which keeps its password off the command line)",
    )  # fmt: skip
    two.add_argument("--out", type=Path, required=True, help="folder to write: new or empty")
    two.add_argument("--since", type=day, help="leave out sessions before this day, such as 2026-03-01")
    two.add_argument(
        "--models", metavar="FOLDER|URL",
        help="where models and catalogue releases of the past are: a folder, or an object store such as "
        "s3://bucket/prefix (default with --database: the server's LIMBER_OBJECTS; the app's bundle is always known)",
    )  # fmt: skip
    two.add_argument(
        "--salt", type=Path, default=SALT,
        help="file with the salt that hashes people; made when absent, keep it secret (default: %(default)s)",
    )  # fmt: skip
    two.add_argument("--against", type=Path, help="an earlier dataset: report what moved since")
    add_jobs(two)


def add_jobs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--jobs", type=at_least(1), help="processes (default: one for each processor)")


def day(text: str) -> datetime:
    """Argument type: a day in UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-03-01") from None


def jobs_of(args: argparse.Namespace) -> int:
    from model_export.data.jobs import processors

    return args.jobs or processors()


def plainly(run: Run) -> Run:
    """What the system refuses (a full disk, a folder that is not ours) is told in a sentence."""

    @wraps(run)
    def wrapped(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except OSError as error:
            named = f"{error.filename}: " if error.filename else ""
            raise CommandError(f"{named}{error.strerror or error}") from error

    return wrapped


def run_simulate(args: argparse.Namespace) -> int:
    from model_export import bundle
    from model_export.data.simulate import Plan, families_of, truth_path

    plan = Plan(
        families_of(args.family), args.people, args.sessions, args.seed, args.withhold or 0, args.start
    )
    path = args.model or bundle.FOLDER / "generator.onnx"
    try:
        model = path.read_bytes()
    except OSError as error:
        raise CommandError(f"--model {path}: {error.strerror}") from error
    done = _simulate(args, plan, model)
    print(
        f"{done.people:,} simulated people, {done.sessions:,} sessions, {done.slots:,} slots "
        f"into {args.out if args.out is not None else 'the database'}."
    )
    if done.impossible:
        print(f"Wishes that nothing fits: {done.impossible:,}.")
    if done.unsafe:
        print(f"Plans that the checker refused: {len(done.unsafe):,}, the first {done.unsafe[0]}")
    if args.out is not None:
        (args.out / "generator.onnx").write_bytes(model)
        (args.out / "catalog.json").write_bytes((args.catalog or bundle.FOLDER / "catalog.json").read_bytes())
        print(f"What is hidden of them: {truth_path(args.out)}, for `evaluate` only.")
    return 0


def _simulate(args: argparse.Namespace, plan: Plan, model: bytes) -> Summary:
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

    from model_export.data import simulate, simulate_push
    from model_export.runtime import Generator
    from sync.sealing import SealBroken
    from sync.signing import KeyUnavailable

    Generator.load(model)  # a model that is none is told once, not by every process
    people = simulate.everyone(plan, model, catalog_of(args.catalog), jobs_of(args))
    with bar(len(plan.families) * plan.people, "simulating", "person") as shown:
        if args.out is not None:
            return simulate.write(args.out, people, compress=args.compress, progress=shown.update)
        try:
            master = master_of_the_server()
            if master is None:
                raise CommandError("--to-database: no master key to seal with; `scripts/up` makes one")
            engine = create_engine(simulate_push.driver_url(args.to_database), poolclass=NullPool)
            return simulate_push.push_everyone(engine, people, master, progress=shown.update)
        except (simulate_push.RealPeople, SealBroken, KeyUnavailable) as error:
            raise CommandError(f"--to-database: {error}") from error
        except (ArgumentError, OperationalError, ProgrammingError) as error:
            raise CommandError(f"--to-database: {str(error).splitlines()[0]}") from error


def _source(args: argparse.Namespace) -> tuple[Source, Shelf]:
    """Where sessions are read, and what their models and catalogue releases are found by."""
    from model_export.data import shelf, sources

    if args.folder is not None:
        return sources.FolderSource(args.folder), shelf.find(args.models, folder=args.folder)
    url = args.database or os.environ.get("DATABASE_URL")
    if not url:
        raise CommandError("--database: give a PostgreSQL URL, or set DATABASE_URL")
    database = sources.DatabaseSource(url, master_of_the_server())
    address = args.models or objects_of_the_server()
    return database, shelf.find(address, snapshots=database.snapshots())


def objects_of_the_server() -> str | None:
    """Where the server's settings (docs/settings.md) say that its objects are; None when nothing is there."""
    data = os.environ.get("LIMBER_DATA") or "var"
    address = os.environ.get("LIMBER_OBJECTS") or str(Path(data) / "objects")
    return address if "://" in address or Path(address).is_dir() else None


def master_of_the_server() -> MasterKey | None:
    """The key that opens sealed records, where the server's settings say it is; None when there is none."""
    from sync.sealing import open_master
    from sync.signing import KeyInvalid, KeyUnavailable

    path = Path(
        os.environ.get("LIMBER_MASTER_KEY") or Path(os.environ.get("LIMBER_DATA") or "var", "keys/master.key")
    )
    kms = os.environ.get("LIMBER_MASTER_KMS") or None
    try:
        return open_master(path, kms) if kms is not None or path.exists() else None
    except (KeyInvalid, KeyUnavailable) as error:
        raise CommandError(f"the master key: {error}") from error


def run_dataset(args: argparse.Namespace) -> int:
    from model_export.data import dataset, report, report_text, shelf

    if args.out.resolve() in args.salt.resolve().parents:
        raise CommandError(f"--salt {args.salt}: the salt must stay out of the dataset")
    before = report.distributions(args.against) if args.against is not None else None
    source, known = _source(args)
    start = time.monotonic()
    with bar(source.count(), "replaying", "session") as shown:
        about = dataset.build(
            source, args.out, salt=dataset.salt_of(args.salt), shelf=known, since=args.since, jobs=jobs_of(args),
            progress=shown.update,
        )  # fmt: skip
    seconds = time.monotonic() - start
    with bar(about["rows"], "reporting", "slot") as shown:
        exercises = shelf.exercises(known, about["catalogs"])
        found = report.make(args.out, exercises, before=before, progress=shown.update)
    report_text.write(args.out, found)
    aside = sum(about["set_aside"].values())
    print(
        f"{about['rows']:,} slots of {about['sessions']:,} sessions by {about['people']:,} people into {args.out}: "
        f"{about['rows'] / max(seconds, 1e-9):,.0f} slots a second."
    )
    if aside:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in about["set_aside"].items())
        print(f"Set aside: {aside:,} sessions ({reasons}).")
    if "drift" in found:
        moved = [n for n, e in found["drift"]["psi"].items() if e["verdict"] != "stable"]
        print(f"Moved since {args.against}: {', '.join(moved) or 'nothing'}.")
    print(f"Report: {args.out / 'report.md'}")
    if not about["rows"]:
        raise CommandError(
            "no slot is left to train on: nobody consents, or all was set aside (see the report)"
        )
    return 0
