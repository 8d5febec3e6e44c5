"""How a device gets a better model.

Offered, verified, downloaded, tried on its golden cases, swapped in; the previous one stays.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sync import answers, replica
from sync.answers import ModelManifest, Refused
from sync.download import download
from sync.signing import verify
from sync.transport import Transport

CONTRACT = 2
FAILURES_BEFORE_REVERT = 3
OPERATORS = frozenset(
    {
        "Abs", "Add", "And", "ArgMax", "Cast", "Concat", "Constant", "CumSum", "Div", "Equal", "Expand", "Gather",
        "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Loop", "MatMul", "Max", "Min", "Mul",
        "Not", "Or", "ReduceMax", "ReduceSum", "Reshape", "Shape", "Sub", "TopK", "TreeEnsembleRegressor", "Unsqueeze",
        "Where",
    }
)  # fmt: skip
"""What a device can run, also in an interpreter of its own: the closed list of the contract."""

_MAX_MODEL = 8 << 20

CheckModel = Callable[[Path, bytes], object]
"""Runs the golden cases, given as their file's bytes, on a model file; raises, saying why, when one fails."""


@dataclass
class ModelReport:
    """What a sync did to the model. `outcome`: swapped, unchanged, none (the server has none for us), refused
    (it was tried here before), failed, skipped.

    `sha256` and `sequence` describe what the device uses afterwards; `problem` says why when refused or
    failed: the model in use then stays.
    """

    outcome: str = "unchanged"
    sha256: str | None = None
    previous: str | None = None
    sequence: int | None = None
    key_id: str | None = None
    downloaded: int = 0
    problem: str | None = None


def update(
    db: sqlite3.Connection,
    folder: Path,
    transport: Transport,
    keys: Mapping[str, str],
    check_model: CheckModel,
    now: datetime,
    runtime: Mapping[str, str],
    channel: str = "stable",
    on_accept: Callable[[], None] = lambda: None,
) -> ModelReport:
    """Take the server's current model if it is better than ours and passes every check.

    `runtime` says what this device can run, e.g. {"ort": "1.32.0", "opset": "17"}. Raises Refused,
    SignatureInvalid or TransportError, and then the model in use is untouched.
    """
    models = recall(db)
    installed = _installed(folder, models)
    query = {"contract": str(CONTRACT), **runtime, "channel": channel, "device": install_id(db)}
    if installed:
        query["installed"] = installed["sha256"]
    url = f"/v1/models/current?{urlencode(query)}"
    etag = replica.recall(db, "model_etag") or {}
    known = etag["etag"] if etag.get("url") == url else None
    status, body, tag = answers.fetch(transport, url, known)
    if status == 404:
        return report(models, outcome="none")
    if status == 304:
        return report(models)
    report_now = accept(db, folder, transport, body, keys, check_model, now, runtime, channel, on_accept)
    if report_now.outcome == "unchanged":
        replica.remember(db, "model_etag", {"url": url, "etag": tag} if tag else None)
    return report_now


def wish(
    db: sqlite3.Connection, folder: Path, runtime: Mapping[str, str], channel: str = "stable"
) -> dict[str, Any]:
    """The same question as a member of `/v1/sync`'s request."""
    installed = _installed(folder, recall(db))
    asked: dict[str, Any] = {
        "installed": installed and installed["sha256"],
        "contract": CONTRACT,
        "channel": channel,
    }
    if "app" in runtime:
        asked["app"] = runtime["app"]
    asked["runtime"] = {"ort": runtime["ort"]} if "ort" in runtime else {}
    if "opset" in runtime:
        asked["runtime"]["opset"] = int(runtime["opset"])
    return asked


def accept(
    db: sqlite3.Connection,
    folder: Path,
    transport: Transport,
    body: Any,
    keys: Mapping[str, str],
    check_model: CheckModel,
    now: datetime,
    runtime: Mapping[str, str],
    channel: str = "stable",
    on_accept: Callable[[], None] = lambda: None,
) -> ModelReport:
    """Take the model that `body` offers, {"manifest", "url", "golden_url"}, as `update` does."""
    models = recall(db)
    installed = _installed(folder, models)
    envelope = answers.member(body, "manifest", dict, type(None))
    manifest = answers.model_manifest(verify(envelope, keys)) if envelope else None
    if manifest is None or (installed and manifest.sha256 == installed["sha256"]):
        if not installed:
            raise Refused("the server says that our model is current, but we have none")
        return report(models)
    _refuse_unfit(db, manifest, models, channel, now)
    before = models["refused"].get(manifest.sha256)
    if before and before["runtime"] == dict(runtime):
        return replace(report(models, "refused"), problem=f"refused before: {before['reason']}")
    folder.mkdir(exist_ok=True)
    _tidy(folder, models, offered=manifest.sha256)
    came = _bring(folder, transport, body, manifest)
    try:
        check_model(model_file(folder, manifest.sha256), _golden_file(folder, manifest.sha256).read_bytes())
    except Exception as error:
        reason = f"the golden cases of model {manifest.sha256[:12]} failed: {error}"
        # The same file would fail again on this runtime, so it is not downloaded again either.
        with replica.transaction(db):
            models = recall(db)
            models["refused"][manifest.sha256] = {"reason": reason, "runtime": dict(runtime)}
            replica.remember(db, "models", models)
        _tidy(folder, models)
        raise Refused(reason) from error
    with replica.transaction(db):
        models = _swapped(
            recall(db), installed, manifest, answers.member(envelope, "key_id", str), dict(runtime)
        )
        replica.remember(db, "models", models)
        on_accept()
    _tidy(folder, models)
    return replace(report(models), outcome="swapped", downloaded=came)


def install_id(db: sqlite3.Connection) -> str:
    """The random id that this install gave itself: it decides which rollouts reach it, and says nothing else."""
    known: str | None = replica.recall(db, "install")
    if known is None:
        known = secrets.token_hex(16)
        replica.remember(db, "install", known)
    return known


def recall(db: sqlite3.Connection) -> dict[str, Any]:
    """What the device remembers of models: current, previous, failures, sequence, refused."""
    empty: dict[str, Any] = {
        "current": None,
        "previous": None,
        "failures": 0,
        "sequence": 0,
        "offered": None,
        "refused": {},
    }
    return empty | (replica.recall(db, "models") or {})


def model_file(folder: Path, sha256: str) -> Path:
    """Where the model with this hash is kept."""
    return folder / f"{sha256}.onnx"


def _installed(folder: Path, models: dict[str, Any]) -> dict[str, Any] | None:
    """The model in use, if its file is still what it was."""
    current: dict[str, Any] | None = models["current"]
    return current if intact(folder, current) else None


def intact(folder: Path, entry: dict[str, Any] | None) -> bool:
    """Whether the file of a remembered model is still there, byte for byte."""
    if entry is None:
        return False
    path = model_file(folder, entry["sha256"])
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]


def note_failure(db: sqlite3.Connection, folder: Path) -> bool:
    """Count a failure of the current model in a row.

    True when it was one too many and the previous model took its place.
    """
    with replica.transaction(db):
        models = recall(db)
        models["failures"] += 1
        revert = models["failures"] >= FAILURES_BEFORE_REVERT and intact(folder, models["previous"])
        if revert:
            # A file that rotted on this device says nothing against the model.
            if intact(folder, models["current"]):
                reason = f"it failed {models['failures']} times in a row"
                refused = {"reason": reason, "runtime": models["current"]["runtime"]}
                models["refused"][models["current"]["sha256"]] = refused
            models |= {"current": models["previous"], "previous": None, "failures": 0}
        replica.remember(db, "models", models)
    return revert


def note_success(db: sqlite3.Connection) -> None:
    """The current model did its work: earlier failures no longer count."""
    models = recall(db)
    if models["failures"]:
        with replica.transaction(db):
            replica.remember(db, "models", recall(db) | {"failures": 0})


def _tidy(folder: Path, models: dict[str, Any], offered: str | None = None) -> None:
    """Delete files of models that are neither in use, nor kept as the previous, nor on offer."""
    kept = {entry["sha256"] for entry in (models["current"], models["previous"]) if entry} | {offered}
    for path in folder.iterdir():
        if path.name.partition(".")[0] not in kept:
            path.unlink(missing_ok=True)


def _refuse_unfit(
    db: sqlite3.Connection, manifest: ModelManifest, models: dict[str, Any], channel: str, now: datetime
) -> None:
    if manifest.contract != CONTRACT:
        raise Refused(f"the model speaks contract {manifest.contract}, this device {CONTRACT}")
    if foreign := manifest.operators - OPERATORS:
        raise Refused(f"the model needs operators that this device lacks: {', '.join(sorted(foreign))}")
    if manifest.channel != channel:
        raise Refused(f"the model is of channel {manifest.channel!r}, not {channel!r}")
    if manifest.sequence < models["sequence"]:
        raise Refused(
            f"model number {manifest.sequence} is older than number {models['sequence']}, seen here before"
        )
    if manifest.sequence == models["sequence"] and manifest.sha256 != models["offered"]:
        raise Refused(f"model number {manifest.sequence} comes with another hash than before")
    if manifest.expires_at <= now:
        raise Refused(f"the model's manifest expired on {manifest.expires_at.isoformat()}")
    catalog = replica.recall(db, "catalog")
    release = catalog["release"] if catalog else None
    first, last = manifest.catalog_min, manifest.catalog_max
    if release is None or release < first or (last is not None and release > last):
        span = f"{first} to {'any' if last is None else last}"
        raise Refused(
            f"the model is made for catalogue releases {span}, this device holds {release or 'none'}"
        )
    if max(manifest.bytes, manifest.golden_bytes) > _MAX_MODEL:
        raise Refused(f"the model is larger than {_MAX_MODEL} bytes")


def _bring(folder: Path, transport: Transport, body: Any, manifest: ModelManifest) -> int:
    """Have the model and its golden cases as files with the signed hashes; returns the bytes that came."""
    model, golden = model_file(folder, manifest.sha256), _golden_file(folder, manifest.sha256)
    url, golden_url = answers.member(body, "url", str), answers.member(body, "golden_url", str)
    came = 0
    for target, address, sha256, size in (
        (model, url, manifest.sha256, manifest.bytes),
        (golden, golden_url, manifest.golden_sha256, manifest.golden_bytes),
    ):
        if not target.exists() or hashlib.sha256(target.read_bytes()).hexdigest() != sha256:
            came += download(transport, address, target, sha256, size)
    return came


def _golden_file(folder: Path, sha256: str) -> Path:
    return folder / f"{sha256}.golden.json"


def _swapped(
    models: dict[str, Any],
    installed: dict[str, Any] | None,
    manifest: ModelManifest,
    key_id: str,
    runtime: dict[str, str],
) -> dict[str, Any]:
    """What to remember once the new model is current. No file is ever overwritten: its hash is its name."""
    current = {
        "sha256": manifest.sha256,
        "sequence": manifest.sequence,
        "channel": manifest.channel,
        "expires_at": manifest.expires_at.isoformat(),
        "key_id": key_id,
        "runtime": runtime,
    }
    gone = manifest.withdrawn | {manifest.sha256}
    kept = [entry for entry in (installed, models["previous"]) if entry and entry["sha256"] not in gone]
    return models | {
        "current": current,
        "previous": kept[0] if kept else None,
        "failures": 0,
        "sequence": manifest.sequence,
        "offered": manifest.sha256,
        "refused": {sha: why for sha, why in models["refused"].items() if sha != manifest.sha256},
    }


def report(models: dict[str, Any], outcome: str = "unchanged") -> ModelReport:
    current, previous = models["current"] or {}, models["previous"] or {}
    return ModelReport(
        outcome, current.get("sha256"), previous.get("sha256"), current.get("sequence"), current.get("key_id")
    )
