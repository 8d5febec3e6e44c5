"""The ML engineer's door: train, export, verify, publish and show a model. `python -m model_export --help`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import onnx
from tqdm import tqdm

from model_export import bundle, training, verify
from model_export.bundle import BundleInvalid
from model_export.encode import Catalog
from model_export.export import build_graph, operators
from model_export.golden import make
from model_export.publish import publish, released_catalog
from model_export.runtime import Generator, ModelError

RUNS = Path("var/runs/latest")
QUICK = 300
FULL = 2000


class CommandError(RuntimeError):
    """Something the caller can put right; the message says how."""


def bar(total: int, what: str) -> tqdm[NoReturn]:
    return tqdm(total=total, desc=what, unit="req", disable=None, leave=False, file=sys.stderr)


def catalog_of(path: Path | None) -> Catalog:
    """`--catalog FILE`, or the bundled release."""
    if path is None:
        return bundle.read_catalog((bundle.FOLDER / "catalog.json").read_bytes())
    try:
        return bundle.read_catalog(path.read_bytes())
    except OSError as error:
        raise CommandError(f"--catalog {path}: {error.strerror}") from error


def train(catalog: Catalog, folder: Path, requests: int, seed: int) -> None:
    with bar(requests + max(requests // 10, 10), "training rows") as shown:

        def progress(done: int, _total: int) -> None:
            shown.update(done - shown.n)

        run = training.train_run(catalog, folder, requests=requests, seed=seed, progress=progress)
    print(f"Trained on {run['rows']:,} rows of catalogue release {run['catalog_release']} into {folder}.")
    print(
        f"R2 of the shipped trees on new people: {run['r2_of_the_shipped_trees']}. Target: {run['target']}."
    )


def export(catalog: Catalog, folder: Path) -> tuple[bytes, bytes]:
    """Model and golden cases of a run, also written into it."""
    model = build_graph(catalog, training.load_scorer(folder)).SerializeToString(deterministic=True)
    golden = make(Generator.load(model), catalog)
    (folder / "generator.onnx").write_bytes(model)
    (folder / "golden.json").write_bytes(golden)
    print(
        f"Exported {folder / 'generator.onnx'}: {len(model):,} bytes, {len(golden):,} bytes of golden cases."
    )
    return model, golden


def judge(model: bytes, golden: bytes, catalog: Catalog, requests: int) -> bool:
    """Print every gate; True when all passed."""
    with bar(requests, "proving") as shown:
        results = list(verify.gates(model, golden, catalog, requests, progress=shown.update))
    for gate in results:
        print(f"{'pass' if gate.passed else 'FAIL'}  {gate.name:<10} {gate.found}")
    return all(gate.passed for gate in results)


def run_train(args: argparse.Namespace) -> int:
    train(catalog_of(args.catalog), args.run, args.requests, args.seed)
    return 0


def run_export(args: argparse.Namespace) -> int:
    export(catalog_of(args.catalog), args.run)
    return 0


def files(path: Path) -> tuple[bytes, bytes]:
    """A model file and the golden.json beside it."""
    golden = path.parent / "golden.json"
    for wanted in (path, golden):
        if not wanted.is_file():
            raise CommandError(f"{wanted} is missing")
    return path.read_bytes(), golden.read_bytes()


def run_verify(args: argparse.Namespace) -> int:
    model, golden = files(args.file)
    return 0 if judge(model, golden, catalog_of(args.catalog), args.requests) else 1


def run_publish(args: argparse.Namespace) -> int:
    from server.db import open_engine
    from server.settings import Settings
    from sync.objects import open_store
    from sync.signing import load_key

    settings = Settings.from_env()
    engine = open_engine(settings.require_database_url(), 1).execution_options(
        isolation_level="READ COMMITTED"
    )
    key, store = load_key(settings.signing_key), open_store(settings.objects)
    with engine.connect() as conn:
        catalog, documents = released_catalog(conn)
    if args.train:
        train(catalog, args.run, args.requests, args.seed)
        model, golden = export(catalog, args.run)
    else:
        model, golden = files(args.file or args.run / "generator.onnx")
    if not judge(model, golden, catalog, args.proofs):
        raise CommandError("the model was not published: a gate failed")
    with engine.begin() as conn:
        release = publish(
            conn,
            store,
            key,
            model,
            golden,
            catalog_min=catalog.release,
            channel=args.channel,
            now=datetime.now(UTC),
        )
    engine.dispose()
    if release is None:
        print(f"Channel {args.channel} serves this very model already: nothing published.")
    else:
        print(f"Published model release {release.number} in channel {args.channel}: {release.object_key}.")
    if args.assets is not None:
        bundle.write(args.assets, model, golden, documents, catalog.release)
        print(f"Updated {args.assets}.")
    return 0


def run_show(args: argparse.Namespace) -> int:
    content = args.file.read_bytes()
    generator = Generator.load(content)
    model = onnx.load_from_string(content)
    facts = {
        "file": str(args.file),
        "sha256": generator.sha256,
        "bytes": len(content),
        "ir": model.ir_version,
        "opsets": {o.domain or "ai.onnx": o.version for o in model.opset_import},
        "operators": sorted(operators(model.graph)),
        "inputs": {i.name: i.shape for i in generator.session.get_inputs()},
        "outputs": {o.name: o.shape for o in generator.session.get_outputs()},
        "vocabulary": {name: len(codes) for name, codes in generator.vocabulary.items()},
    }
    if args.json:
        print(json.dumps(facts, indent=2))
        return 0
    for name, value in facts.items():
        if isinstance(value, dict):
            print(f"{name}:")
            print("\n".join(f"  {key:<22} {entry}" for key, entry in value.items()))
        else:
            print(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
    return 0


def at_least(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}")
        return int(text)

    return parse


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m model_export", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run_command=run)
        return command

    def sources(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--catalog", type=Path, help="a catalogue snapshot or bundle file (default: the bundled release)"
        )

    def runs(command: argparse.ArgumentParser) -> None:
        command.add_argument("--run", type=Path, default=RUNS, help="run folder (default: %(default)s)")

    def training_options(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--requests", type=at_least(10), default=training.DEFAULT_REQUESTS,
            help="random people to train on, 120 rows each (default: %(default)s)",
        )  # fmt: skip
        command.add_argument("--seed", type=at_least(0), default=0, help="default: %(default)s")

    one = add("train", run_train, "Train the scorer into a run folder.")
    sources(one)
    runs(one)
    training_options(one)
    two = add(
        "export", run_export, "Join a run's scorer with the policy into one ONNX file with golden cases."
    )
    sources(two)
    runs(two)
    three = add("verify", run_verify, "Run every gate on a model file; exit 1 when one fails.")
    three.add_argument("file", type=Path, help="generator.onnx, with golden.json beside it")
    three.add_argument(
        "--requests", type=at_least(1), default=FULL, help="random proofs (default: %(default)s)"
    )
    sources(three)
    four = add(
        "publish",
        run_publish,
        "Verify, upload, sign and release a model to the server's database and storage.",
    )
    four.add_argument("file", type=Path, nargs="?", help="generator.onnx (default: the run's)")
    four.add_argument("--train", action="store_true", help="train and export on the released catalogue first")
    four.add_argument(
        "--channel", choices=("stable", "canary"), default="stable", help="default: %(default)s"
    )
    four.add_argument(
        "--proofs", type=at_least(1), default=QUICK, help="random proofs (default: %(default)s)"
    )
    runs(four)
    training_options(four)
    assets = four.add_mutually_exclusive_group()
    assets.add_argument(
        "--assets",
        type=Path,
        default=bundle.FOLDER,
        help="folder of the app's bundle (default: mobile/assets/models)",
    )
    assets.add_argument(
        "--no-assets", dest="assets", action="store_const", const=None, help="leave the bundle alone"
    )
    five = add("show", run_show, "Show what a model file is.")
    five.add_argument("file", type=Path, nargs="?", default=bundle.FOLDER / "generator.onnx")
    five.add_argument("--json", action="store_true", help="for programs")
    return root


def main(arguments: list[str] | None = None) -> int:
    args = parser().parse_args(arguments)
    try:
        return int(args.run_command(args))
    except (CommandError, BundleInvalid, ModelError, FileNotFoundError, LookupError, ValueError) as error:
        print(f"model_export {args.command}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
