"""The model and catalogue release that ship inside the app: `mobile/assets/models/`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_export.contract import CONTRACT
from model_export.encode import Catalog
from sync.canonical import canonical, catalog_digest, document_digest, sha256_hex

FOLDER = Path(__file__).resolve().parent.parent / "mobile" / "assets" / "models"


class BundleInvalid(ValueError):
    """The bundle is missing a file, or a file is not the one its manifest names."""


@dataclass(frozen=True)
class Bundle:
    """The bundled model's bytes, the on-device learner's, the golden cases of both, and the catalogue."""

    model: bytes
    golden: bytes
    learner: bytes
    learner_golden: bytes
    catalog: Catalog
    manifest: dict[str, Any]


def write(
    folder: Path, model: bytes, golden: bytes, documents: Iterable[Mapping[str, Any]], release: int
) -> dict[str, Any]:
    """Write model, learner, golden cases, catalogue and bundle.json. Returns the manifest. Same input, same bytes."""
    # The graph's tracer is heavy, and reading a bundle needs none.
    from model_export.personal.export import files as learner_files

    rows = sorted(documents, key=lambda d: (d["collection"], d["id"]))
    catalog = {"release": release, "documents": rows}
    learner, learner_golden = learner_files(Catalog.from_documents(rows, release))
    files = {
        "generator.onnx": model, "golden.json": golden, "learn.onnx": learner, "learn_golden.json": learner_golden,
        "catalog.json": canonical(catalog) + b"\n",
    }  # fmt: skip
    digests = {(d["collection"], d["id"]): document_digest(d["data"]) for d in rows}
    manifest = {
        "contract": CONTRACT,
        "catalog": {"release": release, "documents": len(rows), "digest": catalog_digest(digests)},
        "files": {name: {"bytes": len(body), "sha256": sha256_hex(body)} for name, body in files.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    (folder / "bundle.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    return manifest


def read(folder: Path = FOLDER) -> Bundle:
    """Read and verify a bundle. Raises BundleInvalid naming the file."""
    try:
        manifest = json.loads((folder / "bundle.json").read_text())
        bodies = {name: (folder / name).read_bytes() for name in manifest["files"]}
    except (OSError, ValueError, KeyError) as error:
        raise BundleInvalid(f"{folder} holds no complete bundle: {error}") from error
    for name, body in bodies.items():
        if sha256_hex(body) != manifest["files"][name]["sha256"]:
            raise BundleInvalid(f"{folder / name} is not the file that bundle.json names")
    catalog = read_catalog(bodies["catalog.json"])
    return Bundle(
        bodies["generator.onnx"],
        bodies["golden.json"],
        bodies["learn.onnx"],
        bodies["learn_golden.json"],
        catalog,
        manifest,
    )


def read_catalog(body: bytes) -> Catalog:
    """A catalogue file: the bundle's {"release", "documents"} or a snapshot's {"release", "changes"}."""
    try:
        content = json.loads(body)
        documents = content["documents"] if "documents" in content else content["changes"]
        return Catalog.from_documents(documents, release=content["release"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleInvalid(f"not a catalogue file: {error}") from error
