"""`measure`, `lint-copy` and `rules`: the rules of evidence at the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from model_export.cli import AddCommand, CommandError, add_catalog, at_least, bar, catalog_of

ROUTINES = 60
REQUESTS = 1000


def register(add: AddCommand) -> None:
    one = add(
        "measure", run_measure, "Measure the score rules on a panel of routines, per kind and activity."
    )
    one.add_argument("file", type=Path, nargs="?", help="generator.onnx (default: the bundled one)")
    one.add_argument(
        "--requests", type=at_least(1), default=REQUESTS, help="routines of the panel (default: %(default)s)"
    )
    one.add_argument(
        "--out", type=Path, help="write measures.json, measures.md and measures.svg into this folder"
    )
    one.add_argument("--json", action="store_true", help="print JSON instead of tables")
    add_catalog(one)
    two = add(
        "lint-copy", run_lint, "Find claims in copy that evidence does not bear (C01-C03, W08, N02); exit 1."
    )
    two.add_argument(
        "file", nargs="*", help="texts to read, - for standard input (default: all copy in the repository)"
    )
    two.add_argument(
        "--routines", type=at_least(0), default=ROUTINES,
        help="random routines whose reasons are read too (default: %(default)s)",
    )  # fmt: skip
    two.add_argument("--json", action="store_true", help="for programs: one finding a line")
    three = add("rules", run_rules, "Print where each of the 89 rules lives and which test holds it.")
    three.add_argument("--write", action="store_true", help="write docs/rules.md instead")


def run_measure(args: argparse.Namespace) -> int:
    from model_export import bundle
    from model_export.evidence import panel, report
    from model_export.request import RequestError
    from model_export.runtime import Generator, UnsafePlan, generate

    catalog = catalog_of(args.catalog)
    generator = Generator.load(args.file or bundle.FOLDER / "generator.onnx")
    unsafe: list[str] = []

    def ask(payload: Any) -> dict[str, Any]:
        try:
            return generate(generator, catalog, payload)
        except UnsafePlan as error:
            unsafe.append(str(error))
            raise RequestError("routine", f"the checker refused it: {error}") from error

    payloads = panel.panel(catalog, args.requests)
    with bar(panel.runs(catalog, payloads), "measuring") as shown:
        found = panel.run(catalog, ask, payloads, shown.update)
    print(json.dumps(report.data(found)) if args.json else report.text(found))
    if args.out is not None:
        written = ", ".join(str(path) for path in report.write(found, args.out))
        print(f"Wrote {written}.", file=sys.stderr)
    if unsafe:
        print(f"measure: the checker refused {len(unsafe)} routines, the first: {unsafe[0]}", file=sys.stderr)
    return 1 if unsafe else 0


def run_lint(args: argparse.Namespace) -> int:
    from model_export.evidence import copies

    if args.file:
        copy: Iterator[copies.Copy] = (
            copies.Copy(name, f"line {n}", text) for name in args.file for n, text in _read(name)
        )
    else:
        copy = _all_copy(args.routines)
    count = findings = 0

    def counted() -> Iterator[copies.Copy]:
        nonlocal count
        for piece in copy:
            count += 1
            yield piece

    for finding in copies.findings(counted()):
        findings += 1
        print(json.dumps(finding.record()) if args.json else finding)
    if not args.json:
        pieces, claims = (
            f"{count:,} piece{'s' * (count != 1)}",
            f"{findings or 'no'} claim{'s' * (findings != 1)}",
        )
        print(f"{pieces} of copy read, {claims} found.")
    return 1 if findings else 0


def _read(name: str) -> Iterator[tuple[int, str]]:
    """(line, paragraph) of a text file."""
    from model_export.evidence.copies import paragraphs

    try:
        yield from paragraphs(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name}: not UTF-8 text: {error.reason} at byte {error.start}") from error


def _all_copy(routines: int) -> Iterator[Any]:
    """The repository's copy, then what the bundled model says of random people."""
    import numpy as np

    from model_export import bundle
    from model_export.evidence import copies
    from model_export.runtime import Generator, RequestError, UnsafePlan, generate
    from model_export.sampling import payload

    yield from copies.everything()
    held = bundle.read()
    generator, rng = Generator.load(held.model), np.random.default_rng(2026)
    with bar(routines, "routines") as shown:
        for number in range(routines):
            given = payload(rng, held.catalog)
            shown.update(1)
            try:
                yield from copies.routine(generate(generator, held.catalog, given), f"random {number}")
            except (RequestError, UnsafePlan):
                continue


def run_rules(args: argparse.Namespace) -> int:
    from model_export.evidence import coverage

    if not args.write:
        print(coverage.markdown(), end="")
        return 0
    coverage.DOCUMENT.write_text(coverage.markdown(), encoding="utf-8")
    print(f"Wrote {coverage.DOCUMENT}.")
    return 0
