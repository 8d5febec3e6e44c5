"""One way to open an ONNX file of ours: options, metadata, contract."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime as ort


@dataclass(frozen=True)
class Opened:
    """A session, the SHA-256 of its file, and the metadata entries that were asked for, parsed."""

    session: ort.InferenceSession
    sha256: str
    metadata: dict[str, Any]


def open_session(
    source: str | Path | bytes,
    what: str,
    error: type[ValueError],
    contract: tuple[str, int],
    names: Sequence[str],
    threads: int = 1,
) -> Opened:
    """From a path or the file's bytes. `contract`: the metadata's key and the version this runtime speaks.

    Raises `error` that says what is wrong with the `what`.
    """
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as reason:
        raise error(f"cannot read the {what} {source!s}: {reason.strerror}") from reason
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A thread that waits for work must not burn a core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    key, version = contract
    try:
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        properties = session.get_modelmeta().custom_metadata_map
        spoken = json.loads(properties[key])
        metadata = {name: json.loads(properties[name]) for name in names}
    except (KeyError, ValueError) as reason:
        raise error(f"not a Limber {what}: metadata {reason} is missing or malformed") from reason
    except Exception as reason:  # onnxruntime raises classes of its own for a broken file
        raise error(f"onnxruntime cannot load the {what}: {reason}") from reason
    if spoken != version:
        raise error(f"the {what} speaks contract {spoken}, this runtime speaks {version}")
    return Opened(session, hashlib.sha256(content).hexdigest(), metadata)
