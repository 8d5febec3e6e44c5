"""`train`, `runs` and `evaluate` of `python -m model_export`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model_export.cli import RUNS, AddCommand, CommandError, add_catalog, add_run, at_least, bar, catalog_of

Progress = Callable[[int, int], None]


def register(add: AddCommand) -> None:
    train = add(
        "train", run_train, "Train the scorer into a run folder, on the reviewed prior or on a dataset."
    )
    add_catalog(train)
    add_run(train)
    training_options(train)
    data = train.add_argument_group("on logged slots")
    data.add_argument("--dataset", type=Path, help="dataset folder (default: the reviewed prior alone)")
    data.add_argument(
        "--folds", type=at_least(2), default=5, help="parts to cross-validate by (default: %(default)s)"
    )
    data.add_argument(
        "--prior-slots", type=at_least(0), default=20_000,
        help="logged slots that the reviewed prior weighs as much as (default: %(default)s)",
    )  # fmt: skip
    data.add_argument(
        "--rows", type=at_least(1000), default=1_000_000,
        help="most slots to hold in memory; above it whole people are sampled (default: %(default)s)",
    )  # fmt: skip
    data.add_argument(
        "--engine", choices=("local", "dask"), default="local", help="where folds run (default: local)"
    )
    data.add_argument(
        "--workers", type=at_least(1), help="worker processes (default: one for each processor)"
    )
    data.add_argument("--address", help="a running Dask scheduler, such as tcp://10.0.0.5:8786")

    runs = add("runs", run_runs, "List training runs with their figures, newest first.")
    runs.add_argument(
        "--folder",
        type=Path,
        default=RUNS.parent,
        help="folder that holds run folders (default: %(default)s)",
    )
    runs.add_argument("--json", action="store_true", help="for programs")

    judge = add(
        "evaluate", run_evaluate, "Judge a run on logged slots and in simulated families; write a report."
    )
    add_catalog(judge)
    add_run(judge)
    judge.add_argument("--dataset", type=Path, help="dataset folder to measure on (default: none)")
    judge.add_argument(
        "--out", type=Path, required=True, help="folder for report.html, model-card.md, evaluation.json"
    )
    judge.add_argument(
        "--simulate", default="all", metavar="FAMILIES",
        help="all, none, or families joined by commas (default: %(default)s)",
    )  # fmt: skip
    judge.add_argument("--people", type=at_least(2), default=16, help="of each family (default: %(default)s)")
    judge.add_argument(
        "--sessions", type=at_least(1), default=20, help="of each person (default: %(default)s)"
    )
    judge.add_argument(
        "--rows", type=at_least(100), default=500_000,
        help="most slots to measure on; above it whole people are sampled (default: %(default)s)",
    )  # fmt: skip
    judge.add_argument("--seed", type=at_least(0), default=0, help="default: %(default)s")
    judge.add_argument("--jobs", type=at_least(1), help="processes (default: one for each processor)")


def training_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--requests", type=at_least(10), default=600,
        help="random people for the prior, 120 rows each (default: %(default)s)",
    )  # fmt: skip
    command.add_argument("--seed", type=at_least(0), default=0, help="default: %(default)s")


@contextmanager
def shown(total: int, what: str, unit: str) -> Iterator[Progress]:
    """A progress bar as a callable of (done, total)."""
    with bar(total, what, unit) as progress:

        def update(done: int, of: int) -> None:
            progress.total = of
            progress.update(done - progress.n)

        yield update


@contextmanager
def logged(folder: Path, arguments: dict[str, Any]) -> Iterator[logging.Logger]:
    """Append what happens, with times, to log.txt of the run folder; run.json stays free of them and repeats."""
    folder.mkdir(parents=True, exist_ok=True)
    log = logging.Logger("train")
    handler = logging.FileHandler(folder / "log.txt", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.info(
        "train %s", json.dumps({k: str(v) for k, v in arguments.items() if v is not None}, sort_keys=True)
    )
    try:
        yield log
    except Exception as error:
        log.info("failed: %s", error)
        raise
    finally:
        handler.close()


def run_train(args: argparse.Namespace) -> int:
    from model_export.data.jobs import processors
    from model_export.learning import training
    from model_export.learning.engine import Engine, EngineMissing

    if args.engine == "dask" and args.dataset is None:
        raise CommandError("--engine dask: the prior alone has nothing to cross-validate; give --dataset")
    if args.address is not None and args.engine != "dask":
        raise CommandError("--address: it is a Dask scheduler's; add --engine dask")
    options = {k: v for k, v in vars(args).items() if k not in ("run_command", "command") and not callable(v)}
    catalog = catalog_of(args.catalog)
    requests = args.requests + max(args.requests // 10, 10)
    with logged(args.run, options) as log, shown(requests, "prior", "req") as progress:
        if args.dataset is None:
            run = training.train_run(
                catalog, args.run, requests=args.requests, seed=args.seed, progress=progress
            )
        else:
            engine = Engine(args.engine, args.workers or processors(), args.address)
            try:
                with shown(1, "folds", "fit") as fitting:
                    run = training.train_on_dataset(
                        catalog, args.run, args.dataset, requests=args.requests, seed=args.seed, folds=args.folds,
                        prior_slots=args.prior_slots, most_rows=args.rows, engine=engine, progress=progress,
                        fitting=fitting,
                    )  # fmt: skip
            except EngineMissing as error:
                raise CommandError(str(error)) from error
        log.info("scorer %s, %s rows", run["scorer_sha256"], run["rows"])
    print(f"Trained on {run['rows']:,} rows of catalogue release {run['catalog_release']} into {args.run}.")
    if "cross_validation" in run:
        print_folds(run["cross_validation"])
    print(f"R2 of the shipped trees to the prior on new people: {run['r2_of_the_shipped_trees']}.")
    print(f"Target: {run['target']}.")
    return 0


def print_folds(found: dict[str, Any]) -> None:
    entry = found["table"][found["chosen"]]
    names = {"person": "new people", "time": "later time"}
    for split, means in entry["mean"].items():
        print(
            f"  {names[split]}: AUC {means['auc']:.3f}, Brier {means['brier']:.4f} "
            f"(standard error {means['brier_se']:.4f}), ECE {means['ece']:.3f}, {means['slots']:,.0f} slots a fold."
        )


def run_runs(args: argparse.Namespace) -> int:
    from model_export.learning import runs

    found = runs.find(args.folder)
    if args.json:
        print(
            json.dumps(
                [{"folder": str(one.folder), "made": one.made.isoformat(), **one.run} for one in found]
            )
        )
    elif not found:
        print(f"No run in {args.folder}: make one with `python -m model_export train`.", file=sys.stderr)
    else:
        print(runs.table(found))
    return 0


def run_evaluate(args: argparse.Namespace) -> int:
    from model_export.data.jobs import processors
    from model_export.data.simulate import families_of
    from model_export.learning import card, evaluate, report
    from model_export.learning.closed_loop import Plan

    plan = None
    if args.simulate != "none":
        try:
            families = families_of(args.simulate)
        except ValueError as error:
            raise CommandError(str(error).replace("--family", "--simulate")) from error
        plan = Plan(people=args.people, sessions=args.sessions, families=families, seed=args.seed)
    elif args.dataset is None:
        raise CommandError("nothing to judge by: give --dataset, or --simulate all")
    judged = evaluate.load(args.run, catalog_of(args.catalog))
    people = (plan.people + plan.others) * len(plan.families) if plan else 0
    with bar(people, "living", "person") as progress:
        found = evaluate.evaluate(
            judged,
            plan,
            args.dataset,
            jobs=args.jobs or processors(),
            most_rows=args.rows,
            progress=progress.update,
        )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "report.html").write_text(report.html(found), encoding="utf-8")
    (args.out / "model-card.md").write_text(card.card(found), encoding="utf-8")
    # What the gates read comes last: where it is, the evaluation is whole.
    (args.out / "evaluation.json").write_text(
        json.dumps(evaluate.gates(found), indent=2, sort_keys=True) + "\n"
    )
    for line in found["verdict"]:
        print(f"{'holds    ' if line['holds'] else 'not shown'}  {line['text']}")
    print(
        f"Report: {args.out / 'report.html'}. {'Simulation only.' if found['simulation_only'] else ''}".rstrip()
    )
    return 0
