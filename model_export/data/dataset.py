"""The dataset: consented sessions from a source, replayed in several processes, streamed into Parquet.

Memory does not grow with the rows: what is held is a few chunks of sessions, one row group, and a hash per person.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from model_export.data import replay, table
from model_export.data.jobs import in_order
from model_export.data.replay import Raw
from model_export.data.shelf import Shelf
from model_export.data.sources import Source
from model_export.policy import FEATURES

CHUNK = 64
"""Sessions handed to a process at a time: half a second of work."""
REASONS_MOST = 50
"""Reasons counted by name: what somebody typed must not fill the report."""
VERSION = 1

Progress = Callable[[int], object]


def salt_of(path: Path) -> bytes:
    """The salt that hashes people, made where absent for its owner's eyes only (0600).

    Whoever has it can look a known account up in a dataset, so it stays out of them. Raises ValueError when too short.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        salt = path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return salt_of(path)
    else:
        salt = secrets.token_bytes(32)
        with os.fdopen(handle, "wb") as file:
            file.write(salt)
    if len(salt) < 16:
        raise ValueError(f"--salt {path}: a salt has at least 16 bytes, this file {len(salt)}")
    return salt


def salt_id(salt: bytes) -> str:
    """Tells two salts apart without giving either away: people of two datasets can only be joined under one."""
    return hashlib.sha256(b"salt id\0" + salt).hexdigest()[:12]


def chunks(raws: Iterable[Raw], size: int) -> Iterator[list[Raw]]:
    iterator = iter(raws)
    while chunk := list(islice(iterator, size)):
        yield chunk


def build(
    source: Source,
    out: Path,
    *,
    salt: bytes,
    shelf: Shelf,
    since: datetime | None = None,
    jobs: int = 1,
    progress: Progress = int,
) -> dict[str, Any]:
    """Write the dataset of `source` into `out`; returns what dataset.json holds.

    Raises DatasetInvalid when `out` holds something or the source cannot be read.
    """
    aside: Counter[str] = Counter()
    models: Counter[str] = Counter()
    catalogs: Counter[int] = Counter()
    people: dict[str, bool] = {}
    sessions = early = 0
    with table.Writer(out) as writer:
        results = in_order(
            replay.work, chunks(source.read(), CHUNK),
            jobs=jobs, begin=replay.begin, arguments=(shelf, salt, since),
        )  # fmt: skip
        for result in results:
            writer.add(result.batch)
            sessions, early = sessions + result.sessions, early + result.early
            people |= result.people
            count(models, result.batch, "model")
            count(catalogs, result.batch, "catalog")
            for reason, number in result.set_aside.items():
                aside[reason if reason in aside or len(aside) < REASONS_MOST else "other"] += number
            progress(result.records)
    about = {
        "version": VERSION,
        "source": source.name,
        "since": None if since is None else since.isoformat(),
        "rows": writer.rows,
        "sessions": sessions,
        "before_since": early,
        "people": len(people),
        "simulated_people": sum(people.values()),
        "set_aside": dict(sorted(aside.items())),
        "models": dict(sorted(models.items())),
        "catalogs": {str(release): rows for release, rows in sorted(catalogs.items())},
        "features": list(FEATURES),
        "salt": salt_id(salt),
        "pyarrow": pa.__version__,
    }
    table.finish(out, about)
    return about


def count(counter: Counter[Any], batch: pa.RecordBatch, column: str) -> None:
    """Add the rows per value of a column."""
    for entry in batch.column(column).value_counts():
        counter[entry["values"].as_py()] += entry["counts"].as_py()
