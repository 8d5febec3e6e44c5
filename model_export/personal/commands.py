"""`learn-export`, `learn-verify`, `learn-show`: write and judge the on-device learner, and say what a state says."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from model_export import bundle
from model_export.cli import AddCommand, CommandError, add_catalog, add_run, at_least, bar, catalog_of
from model_export.encode import Catalog

MODEL = "learn.onnx"
GOLDEN = "learn_golden.json"


def run_export(args: argparse.Namespace) -> int:
    from model_export.personal.export import files

    catalog = catalog_of(args.catalog)
    model, cases = files(catalog)
    judge(model, cases, catalog, args.sessions)
    args.run.mkdir(parents=True, exist_ok=True)
    (args.run / MODEL).write_bytes(model)
    (args.run / GOLDEN).write_bytes(cases)
    print(f"Exported {args.run / MODEL}: {len(model):,} bytes, {len(cases):,} bytes of golden cases.")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    golden = args.file.parent / GOLDEN
    for wanted in (args.file, golden):
        if not wanted.is_file():
            raise CommandError(f"{wanted} is missing: learn-export writes it")
    judge(args.file.read_bytes(), golden.read_bytes(), catalog_of(args.catalog), args.sessions)
    return 0


def judge(model: bytes, golden: bytes, catalog: Catalog, sessions: int) -> None:
    """Say that the learner may ship; raises CommandError saying why it may not."""
    from model_export.personal.verify import problems

    with bar(sessions, "proving", "session") as shown:
        found = problems(model, golden, catalog, sessions, progress=shown.update)
    if found:
        raise CommandError("the learner must not ship: " + "; ".join(found))
    print(f"The learner gives the reference to the byte in {sessions} sessions, and its golden cases.")


def text_of(source: str) -> str:
    """The text in a file, or on standard input for `-`; of a payload or a person's JSON its history.learned."""
    try:
        content = (sys.stdin.read() if source == "-" else Path(source).read_text()).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {source}: {error}") from error
    if not content.startswith("{"):
        return content
    try:
        learned = (json.loads(content).get("history") or {}).get("learned")
    except (ValueError, AttributeError) as error:
        raise CommandError(f"{source} is neither a learned state nor a payload: {error}") from error
    if not isinstance(learned, str):
        raise CommandError(f"{source}: history.learned is missing")
    return learned


def run_show(args: argparse.Namespace) -> int:
    from model_export.personal.runtime import Learner
    from model_export.personal.words import sentences, tastes
    from model_export.request import RequestError

    if not args.model.is_file():
        raise CommandError(f"{args.model} is missing: write one with learn-export and name it with --model")
    learner = Learner.load(args.model)
    try:
        state = learner.from_text(text_of(args.state))
    except RequestError as error:
        raise CommandError(f"{args.state}: {error}") from error
    found = tastes(learner, state)
    if args.json:
        print(json.dumps({"answers": int(state[0]), "tastes": [vars(taste) for taste in found]}, indent=2))
        return 0
    print("\n".join(sentences(learner, state)))
    print(f"\n{int(state[0])} answers\n{'points':>7}  {'±':>3}  taste")
    for taste in found:
        print(f"{taste.points:>+7d}  {taste.give_or_take:>3d}  {taste.says}")
    return 0


def register(add: AddCommand) -> None:
    one = add(
        "learn-export", run_export, "Write the on-device learner and its golden cases into a run folder."
    )
    add_run(one)
    two = add(
        "learn-verify",
        run_verify,
        "Check an on-device learner; exit 1 with the reason when it must not ship.",
    )
    two.add_argument("file", type=Path, help="learn.onnx, with learn_golden.json beside it")
    for command in (one, two):
        add_catalog(command)
        command.add_argument(
            "--sessions",
            type=at_least(1),
            default=300,
            help="random sessions to prove (default: %(default)s)",
        )
    three = add("learn-show", run_show, "Say in words what a learned state says about a person.")
    three.add_argument(
        "state", metavar="STATE", help="file with a state's text or a payload; - for standard input"
    )
    three.add_argument(
        "--model", type=Path, default=bundle.FOLDER / MODEL, help="learn.onnx (default: the bundled one)"
    )
    three.add_argument("--json", action="store_true", help="for programs")
