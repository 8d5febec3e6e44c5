"""The ML engineer's door: from logged sessions to a model that ships. `python -m model_export --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from model_export import bundle, vectors
from model_export.bundle import BundleInvalid
from model_export.cli import CommandError, Run, add_catalog, add_run, catalog_of
from model_export.data import commands as data
from model_export.encode import Catalog
from model_export.evidence import commands as evidence
from model_export.export import build_graph
from model_export.golden import make
from model_export.learning import commands as learning
from model_export.personal import commands as personal
from model_export.runtime import Generator, ModelError
from model_export.shipping import commands as shipping


def export(catalog: Catalog, folder: Path) -> tuple[bytes, bytes]:
    """Model and golden cases of a run, also written into it."""
    # scikit-learn is most of a command's start, and only these two commands need it.
    from model_export.learning import training

    model = build_graph(catalog, training.load_scorer(folder)).SerializeToString(deterministic=True)
    golden = make(Generator.load(model), catalog)
    (folder / "generator.onnx").write_bytes(model)
    (folder / "golden.json").write_bytes(golden)
    print(
        f"Exported {folder / 'generator.onnx'}: {len(model):,} bytes, {len(golden):,} bytes of golden cases."
    )
    return model, golden


def run_export(args: argparse.Namespace) -> int:
    export(catalog_of(args.catalog), args.run)
    return 0


def run_bundle(args: argparse.Namespace) -> int:
    from model_export.learning import training
    from server.catalog.content import read_seed

    documents = [{"collection": c, "id": key, "data": data} for (c, key), data in read_seed().items()]
    catalog = Catalog.from_documents(documents, release=1)
    if not (args.run / training.SCORER).is_file():
        training.train_run(catalog, args.run)
    model, golden = export(catalog, args.run)
    bundle.write(args.assets, model, golden, documents, 1)
    print(f"Wrote {args.assets}. The shared vectors follow the bundle: python -m model_export vectors")
    return 0


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m model_export", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True)

    def add(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run_command=run)
        return command

    data.register(add)
    learning.register(add)
    two = add(
        "export", run_export, "Join a run's scorer with the policy into one ONNX file with golden cases."
    )
    add_catalog(two)
    add_run(two)
    three = add(
        "bundle", run_bundle, "Rebuild what ships inside the app from the seed catalogue and a run's scorer."
    )
    add_run(three)
    three.add_argument("--assets", type=Path, default=bundle.FOLDER, help="default: mobile/assets/models")
    vectors.register(add)
    personal.register(add)
    shipping.register(add)
    evidence.register(add)
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
