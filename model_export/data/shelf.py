"""Where models and catalogue releases of logged sessions are found again: by SHA-256 and by release number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model_export import bundle
from model_export.bundle import BundleInvalid
from model_export.encode import Array, Catalog
from model_export.runtime import Generator, Learner, ModelError
from sync.canonical import sha256_hex
from sync.objects import ObjectMissing, open_store


@dataclass(frozen=True)
class Shelf:
    """What is known where. Small and picklable: each process opens what it needs, once.

    models    SHA-256 -> file
    catalogs  release -> file
    store     address of an object store, which is asked for models/<sha256>.onnx
    snapshots release -> key of the catalogue's snapshot in the store
    """

    models: dict[str, Path] = field(default_factory=dict)
    catalogs: dict[int, Path] = field(default_factory=dict)
    store: str | None = None
    snapshots: dict[int, str] = field(default_factory=dict)


def find(
    address: str | None = None, *, folder: Path | None = None, snapshots: Mapping[int, str] | None = None
) -> Shelf:
    """The app's bundle, then `folder`, then `address`: a folder, read with all below it, or an object store's file://
    or s3:// address. The later goes before the earlier. Raises FileNotFoundError when a folder is not there.
    """
    models, catalogs = _folder(bundle.FOLDER)
    store = address if address is not None and "://" in address else None
    named = [folder] if folder is not None else []
    if address is not None and store is None:
        named.append(Path(address))
        store = address if snapshots or (Path(address) / "models").is_dir() else None
    for each in named:
        if not each.is_dir():
            raise FileNotFoundError(f"--models {each}: no such folder")
        found = _folder(each)
        models, catalogs = models | found[0], catalogs | found[1]
    return Shelf(models, catalogs, store, dict(snapshots or {}))


def _folder(folder: Path) -> tuple[dict[str, Path], dict[int, Path]]:
    models = {sha256_hex(path.read_bytes()): path for path in sorted(folder.rglob("*.onnx"))}
    catalogs = {}
    for path in sorted(folder.rglob("catalog*.json")):
        try:
            catalogs[int(json.loads(path.read_bytes())["release"])] = path
        except (ValueError, KeyError, TypeError):
            continue  # some other file of that name
    return models, catalogs


class Opened:
    """A shelf in use: what was opened stays open. None for what is not there or cannot be used."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._learner: Learner | None = None
        self._models: dict[str, Generator | None] = {}
        self._catalogs: dict[int, Catalog | None] = {}

    def personal(self, catalog: Catalog, learned: str | None) -> Array | None:
        """[N] the tilt of on-device learning, by the bundled learner: the log does not name another."""
        if learned is None:
            return None
        self._learner = self._learner or Learner.load(bundle.read().learner)
        return self._learner.personal_of(catalog, learned)[0]

    def model(self, sha256: str) -> Generator | None:
        if sha256 not in self._models:
            body = self._body(self._shelf.models.get(sha256), f"models/{sha256}.onnx")
            try:
                # By content: a file that changed since the shelf was filled is not the model that was logged.
                found = Generator.load(body) if body is not None and sha256_hex(body) == sha256 else None
            except ModelError:
                found = None  # another contract: its plans cannot be made again here
            self._models[sha256] = found
        return self._models[sha256]

    def catalog(self, release: int) -> Catalog | None:
        if release not in self._catalogs:
            key = self._shelf.snapshots.get(release)
            # The database's own release goes before a file that has the same number.
            body = self._body(None, key) if key else None
            if body is None:
                body = self._body(self._shelf.catalogs.get(release), None)
            try:
                found = bundle.read_catalog(body) if body is not None else None
            except BundleInvalid:
                found = None
            self._catalogs[release] = found
        return self._catalogs[release]

    def _body(self, path: Path | None, key: str | None) -> bytes | None:
        if path is not None:
            return path.read_bytes()
        if key is None or self._shelf.store is None:
            return None
        try:
            return open_store(self._shelf.store).get(key)
        except ObjectMissing:
            return None


def exercises(shelf: Shelf, releases: Iterable[str]) -> int:
    """Exercises of the newest of the catalogue releases; of the bundled one when there are none."""
    newest = max((int(release) for release in releases), default=None)
    catalog = None if newest is None else Opened(shelf).catalog(newest)
    return len((catalog or bundle.read().catalog).exercises)
