"""Shared vectors: what every runtime must make of the same requests, kept in `sync/vectors/`.

`generator-plans.jsonl.gz`: first line, what they were made for and how the catalogue `twins` is made; then a line
for each of 1,000 requests with the SHA-256 of every output's int32 little-endian bytes and of the routine's
canonical JSON (first 16 hex digits each). The values come from the numpy reference, so that they favour no runtime.
`generator-requests.json`: payloads with the field that a refusal must name. `generator-checker.json`: tampered
routines with the rules that the safety checker must find broken. `learner.json`: the on-device learner, and one
person's feedback.

Reading needs numpy and onnxruntime only, so that the oldest supported onnxruntime can be put to it in a small
environment.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from model_export import contract
from model_export.bundle import Bundle
from model_export.checker import check
from model_export.decode import decode
from model_export.encode import Array, Catalog, encode
from model_export.request import Request, parse
from model_export.runtime import Generator, Learner, impossible, run_graph
from sync.canonical import canonical, sha256_hex

if TYPE_CHECKING:
    import argparse

    from model_export.cli import AddCommand

FOLDER = Path(__file__).resolve().parent.parent / "sync" / "vectors"
PLANS = "generator-plans.jsonl.gz"
REQUESTS = "generator-requests.json"
CHECKER = "generator-checker.json"
LEARNER = "learner.json"
NAMES = (PLANS, REQUESTS, CHECKER, LEARNER)
HOW = "run `python -m model_export vectors`"
DIGITS = 16

Outputs = dict[str, Any]
RunGraph = Callable[[Catalog, Request, Array], Outputs]
"""Runs the generator's graph, or something in its place, with the `personal` of on-device learning."""
Progress = Callable[[int], object]


class StaleVectors(ValueError):
    """The vectors were made for another bundle, or are missing; the message says how to make them again."""


@dataclass(frozen=True)
class Plans:
    """The file of plans: its first line, and the cases."""

    header: dict[str, Any]
    cases: list[dict[str, Any]]


def made_for(held: Bundle) -> dict[str, Any]:
    """What the vectors depend on: the model, the catalogue, and the contract as this code knows it."""
    return {
        "model": held.manifest["files"]["generator.onnx"]["sha256"],
        "learner": held.manifest["files"]["learn.onnx"]["sha256"],
        "catalog": held.manifest["catalog"],
        "contract": {
            "version": contract.CONTRACT,
            "request": list(contract.REQUEST),
            "request_vectors": contract.REQUEST_VECTORS,
            "history": list(contract.HISTORY),
            "plan": list(contract.PLAN),
            "parts": list(contract.PARTS),
            "blocked_by": contract.BLOCKED_BY,
        },
    }


def read(name: str, held: Bundle, folder: Path = FOLDER) -> Any:
    """The content of one file: `Plans`, or the JSON. Raises StaleVectors when it is not for this bundle."""
    try:
        body = (folder / name).read_bytes()
    except OSError as error:
        raise StaleVectors(f"{folder / name}: {error.strerror}; {HOW}") from None
    if name == PLANS:
        header, *cases = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        content: Any = Plans(header, cases)
    else:
        content = json.loads(body)
        header = content
    for what, wanted in made_for(held).items():
        if what in header and header[what] != wanted:
            raise StaleVectors(f"{folder / name} was made for another {what} than the bundle's; {HOW}")
    return content


def catalogs(held: Bundle, header: Mapping[str, Any]) -> dict[str, Catalog]:
    """The catalogues that cases name: the bundle's, and one with near-duplicate exercises and new codes."""
    return {"bundle": held.catalog, "twins": extended(held.catalog, header["twins"])}


def extended(plain: Catalog, extras: Mapping[str, Any]) -> Catalog:
    """The catalogue with {"exercises": [{"of", "slug", "changes"}], "vocabulary": {name: {code: entry}}} added."""
    exercises = list(plain.exercises)
    for extra in extras["exercises"]:
        of = plain.exercises[plain.places[extra["of"]]]
        exercises.append({**of, **extra["changes"], "slug": extra["slug"]})
    exercises.sort(key=lambda exercise: str(exercise["slug"]))
    vocabulary = {
        name: {**entries, **extras["vocabulary"].get(name, {})} for name, entries in plain.vocabulary.items()
    }
    return Catalog(plain.release, exercises, plain.activities, plain.conditions, vocabulary)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:DIGITS]


@dataclass(frozen=True)
class Models:
    """What makes a routine: the generator, the learner for what was learned, and what runs the generator's graph."""

    generator: Generator
    learner: Learner
    run: RunGraph

    @classmethod
    def load(cls, held: Bundle, threads: int = 1) -> Models:
        """The bundle's, in the installed onnxruntime."""
        generator = Generator.load(held.model, threads)
        return cls(generator, Learner.load(held.learner, threads), partial(run_graph, generator))


def outcome(models: Models, catalog: Catalog, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a case promises: digests of the outputs and the routine, and the field of a refusal: null when there
    is none, `unsafe` when the checker refuses the plan."""
    generator, request = models.generator, parse(payload, catalog)
    personal, refused = models.learner.personal_of(catalog, request.learned)
    outputs = models.run(catalog, request, personal)
    routine = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256)
    routine |= {"learned_refused": refused} if refused else {}
    violations = check(catalog, payload, routine)
    refusal = impossible(catalog, request, outputs, routine, violations)
    return {
        "outputs": {
            name: digest(np.asarray(value, "<i4").tobytes()) for name, value in sorted(outputs.items())
        },
        "routine": digest(canonical(routine)),
        "refused": refusal.field if refusal else "unsafe" if violations else None,
    }


def differences(models: Models, held: Bundle, plans: Plans, progress: Progress = int) -> Iterator[str]:
    """One line per case whose outcome is not the promised one."""
    named = catalogs(held, plans.header)
    for number, case in enumerate(plans.cases):
        found = outcome(models, named[case["catalog"]], case["payload"])
        wrong = [name for name, value in case["outputs"].items() if found["outputs"].get(name) != value]
        wrong += [name for name in ("routine", "refused") if found[name] != case[name]]
        if wrong:
            yield f"case {number}: {', '.join(wrong)} differ"
        progress(1)


def reference(held: Bundle) -> Models:
    """The bundle's models with the numpy reference in the graph's place; of the graph it reads the trees only."""
    import onnx

    from model_export.arrays import NumpyOps
    from model_export.policy import run
    from model_export.trees import read_trees

    models, trees = Models.load(held), read_trees(onnx.load_from_string(held.model))
    generator = models.generator

    def run_reference(catalog: Catalog, request: Request, personal: Array) -> Outputs:
        tensors = encode(catalog, request, generator.feature_spec, generator.vocabulary, generator.sha256)
        return run(NumpyOps(), generator.vocabulary, {**tensors, "personal": personal}, trees)

    return Models(generator, models.learner, run_reference)


def make(held: Bundle, progress: Progress = int) -> dict[str, bytes]:
    """Every file's bytes for this bundle. The same bundle gives the same content; zlib may pack it otherwise."""
    from model_export import vectors_cases, vectors_checker, vectors_learner

    models = reference(held)
    header = {**made_for(held), "twins": vectors_cases.twins(held.catalog)}
    named = catalogs(held, header)
    learned = vectors_learner.make(models.learner, held.catalog)
    lines = [header]
    for catalog, payload in vectors_cases.payloads(named, learned["text"]):
        lines.append({"catalog": catalog, "payload": payload, **outcome(models, named[catalog], payload)})
        progress(1)
    requests = vectors_cases.requests(held.catalog)
    tampered = vectors_checker.cases(models, held.catalog)
    of = {name: header[name] for name in ("model", "learner", "catalog")}
    return {
        PLANS: gzip.compress(b"".join(canonical(line) + b"\n" for line in lines), 9, mtime=0),
        REQUESTS: rows({"catalog": of["catalog"], **requests}, "cases"),
        CHECKER: rows({**of, **tampered}, "cases"),
        LEARNER: rows({**of, **learned}, "cases"),
    }


def rows(content: Mapping[str, Any], key: str) -> bytes:
    """JSON with one entry of the list `key` a line, so that a change is seen in a diff."""
    head = {name: value for name, value in content.items() if name != key}
    lines = ",\n".join(canonical(row).decode() for row in content[key])
    return f'{canonical(head).decode()[:-1]},"{key}":[\n{lines}\n]}}\n'.encode()


def unpacked(name: str, body: bytes) -> bytes:
    """What two versions of a file are compared by: zlib's versions pack alike, not the same."""
    return gzip.decompress(body) if name.endswith(".gz") else body


def run_vectors(args: argparse.Namespace) -> int:
    from model_export import bundle
    from model_export.cli import bar
    from model_export.vectors_cases import CASES

    held = bundle.read()
    with bar(CASES, "vectors") as shown:
        made = make(held, shown.update)
    stale = []
    for name, body in made.items():
        file = args.folder / name
        if not file.is_file() or unpacked(name, file.read_bytes()) != unpacked(name, body):
            stale.append(name)
            if not args.check:
                args.folder.mkdir(parents=True, exist_ok=True)
                file.write_bytes(body)
    sizes = ", ".join(f"{name} {len(body):,} bytes" for name, body in made.items())
    if args.check and stale:
        print(f"Out of date: {', '.join(stale)}; {HOW}.")
        return 1
    print(f"{'Up to date' if not stale else 'Written: ' + ', '.join(stale)}. {sizes}, sha256 of all "
          f"{sha256_hex(b''.join(unpacked(n, b) for n, b in made.items()))[:12]}.")  # fmt: skip
    return 0


def register(add: AddCommand) -> None:
    command = add(
        "vectors",
        run_vectors,
        "Write the shared vectors that every runtime, and the app's tests, are held against.",
    )
    command.add_argument(
        "--check", action="store_true", help="only compare; exit 1 when they are out of date"
    )
    command.add_argument("--folder", type=Path, default=FOLDER, help="default: sync/vectors")
