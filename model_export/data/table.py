"""The dataset's table: its schema, and a writer and a reader that hold one row group in memory, never the table.

One row is one slot of one routine. The folder holds `part-00000.parquet`, …, and `dataset.json`, which is written last:
without it the folder is no dataset, so that half a run is never trained on.

    for batch in table.batches(folder, ["features", "reward"]):
        x, y = table.matrix(batch), batch.column("reward").to_numpy()
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from model_export.policy import FEATURES

ABOUT = "dataset.json"
GROUP_ROWS = 50_000
FILE_ROWS = 1_000_000


class DatasetInvalid(ValueError):
    """The folder holds no dataset, or one that this code does not read."""


def schema(features: Sequence[str] = FEATURES) -> pa.Schema:
    """The columns; the names of the features travel in the metadata as a JSON list.

    `features` is what the graph's scorer saw of the slot's item, replayed. `candidate_*` are null but where the slot
    was `explored`: the items it was drawn from, best first, each with probability `propensity`.
    """
    vector = pa.list_(pa.int32(), len(features))
    columns = [
        ("person", pa.string(), False),  # salted hash of the account's stream
        ("session", pa.string(), False),  # salted hash of the session's id
        ("at", pa.timestamp("ms", tz="UTC"), False),
        ("family", pa.string(), True),  # simulated people only
        ("place", pa.int16(), False),
        ("slug", pa.string(), False),
        ("item", pa.int32(), False),  # index in the catalogue release, ascending slugs
        ("kind", pa.string(), False),
        ("activity", pa.string(), True),  # null: a demand vector of the person's own
        ("age", pa.int16(), False),
        ("level", pa.string(), False),
        ("conditioned", pa.bool_(), False),  # whether the person has any condition
        ("propensity", pa.float64(), False),
        ("explored", pa.bool_(), False),
        ("outcome", pa.string(), False),
        ("reward", pa.int8(), False),
        ("rating", pa.int8(), True),
        ("pain", pa.int8(), False),
        ("rpe", pa.int8(), True),
        ("model", pa.string(), False),
        ("catalog", pa.int32(), False),
        ("features", vector, False),
        ("candidate_items", pa.list_(pa.int32()), True),
        ("candidate_features", pa.list_(vector), True),
    ]
    fields = [pa.field(name, kind, nullable=nullable) for name, kind, nullable in columns]
    return pa.schema(fields, metadata={"features": json.dumps(list(features))})


class Writer:
    """Writes record batches of `schema` as numbered Parquet files; memory: one row group.

    `with Writer(folder) as writer: writer.add(batch)`; then `finish(folder, about)` makes it a dataset. Raises
    DatasetInvalid when the folder holds anything already.
    """

    def __init__(
        self,
        folder: Path,
        features: Sequence[str] = FEATURES,
        group_rows: int = GROUP_ROWS,
        file_rows: int = FILE_ROWS,
    ) -> None:
        empty_folder(folder)
        self.folder, self.schema = folder, schema(features)
        self.group_rows, self.file_rows = group_rows, file_rows
        self.rows = 0
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0
        self._file: pq.ParquetWriter | None = None
        self._file_rows = 0
        self._files = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self._held.append(batch)
        self._held_rows += batch.num_rows
        self.rows += batch.num_rows
        if self._held_rows >= self.group_rows:
            self._write(self.group_rows)

    def _write(self, least: int) -> None:
        """Write the held rows as whole row groups of at least `least` rows; the rest stays held."""
        held = pa.Table.from_batches(self._held, self.schema)
        start = 0
        while held.num_rows - start >= max(least, 1):
            group = held.slice(start, self.group_rows)
            if self._file is None or self._file_rows >= self.file_rows:
                self._next_file()
            self._file.write_table(group, row_group_size=self.group_rows)  # type: ignore[union-attr]
            self._file_rows += group.num_rows
            start += group.num_rows
        # Combined, so that what was written is not kept alive by a slice of it.
        self._held = held.slice(start).combine_chunks().to_batches()
        self._held_rows = held.num_rows - start

    def _next_file(self) -> None:
        if self._file is not None:
            self._file.close()
        path = self.folder / f"part-{self._files:05d}.parquet"
        self._file = pq.ParquetWriter(path, self.schema, compression="zstd", store_schema=True)
        self._files, self._file_rows = self._files + 1, 0

    def close(self) -> None:
        if self._held_rows:
            self._write(1)
        if self._file is None:
            self._next_file()  # no row at all is still a table
        self._file.close()  # type: ignore[union-attr]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is not None:
            for path in self.folder.glob("part-*.parquet"):
                path.unlink()  # so that the same command can be run again


def empty_folder(folder: Path) -> None:
    """Make `folder`. Raises DatasetInvalid when there is something in it: nothing is mixed or overwritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise DatasetInvalid(f"{folder}: {error.strerror}") from error
    if taken:
        raise DatasetInvalid(f"{folder} is not empty: name another folder")


def finish(folder: Path, about: dict[str, Any]) -> None:
    """Write dataset.json, which makes the folder a dataset."""
    (folder / ABOUT).write_text(json.dumps(about, indent=2, sort_keys=True) + "\n")


def about(folder: Path) -> dict[str, Any]:
    """What dataset.json says. Raises DatasetInvalid."""
    try:
        found = json.loads((folder / ABOUT).read_text())
    except OSError as error:
        raise DatasetInvalid(
            f"{folder} is no finished dataset: it has no {ABOUT}; make one with `python -m model_export dataset`"
        ) from error
    except ValueError as error:
        raise DatasetInvalid(f"{folder / ABOUT} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DatasetInvalid(f"{folder / ABOUT} is not an object")
    return found


def read(folder: Path, columns: Sequence[str] | None = None) -> ds.Dataset:
    """The dataset, lazily. Raises DatasetInvalid when it is unfinished, or `columns` (all) are not there as ours."""
    about(folder)
    files = sorted(folder.glob("part-*.parquet"))
    if not files:
        raise DatasetInvalid(f"{folder} has no part-*.parquet")
    try:
        found = ds.dataset([str(path) for path in files], format="parquet")
    except (OSError, pa.ArrowInvalid) as error:
        raise DatasetInvalid(f"{folder} cannot be read: {error}") from error
    wanted = schema(features_of(found))
    for field in wanted if columns is None else [wanted.field(name) for name in columns]:
        place = found.schema.get_field_index(field.name)
        if place < 0:
            raise DatasetInvalid(f"{folder} has no column {field.name}")
        if found.schema.field(place).type != field.type:
            raise DatasetInvalid(f"{folder}: column {field.name} is {found.schema.field(place).type}")
    return found


def features_of(found: ds.Dataset) -> list[str]:
    """Names of the features, in order. Raises DatasetInvalid when the metadata has none."""
    try:
        return [str(name) for name in json.loads((found.schema.metadata or {})[b"features"])]
    except (KeyError, ValueError) as error:
        raise DatasetInvalid("the dataset's metadata does not name its features") from error


def batches(
    folder: Path, columns: Sequence[str] | None = None, rows: int = 100_000
) -> Iterator[pa.RecordBatch]:
    """Record batches of at most `rows` rows in the order they were written, `columns` only; memory stays flat."""
    found = read(folder, columns)
    # No reading ahead of whole files: it would hold them in memory.
    scan = found.scanner(
        columns=list(columns) if columns is not None else None,
        batch_size=rows, batch_readahead=2, fragment_readahead=1, use_threads=False,
        fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=False),
    )  # fmt: skip
    try:
        for batch in scan.to_batches():
            if batch.num_rows:
                yield batch
    except (OSError, pa.ArrowInvalid) as error:
        raise DatasetInvalid(f"{folder} cannot be read: {error}") from error


def matrix(batch: pa.RecordBatch, column: str = "features") -> npt.NDArray[np.int32]:
    """[rows, F] of a fixed-size list column, without a copy."""
    values = batch.column(column)
    width = values.type.list_size
    return np.asarray(values.flatten().to_numpy(zero_copy_only=False), np.int32).reshape(-1, width)


def candidates(batch: pa.RecordBatch) -> list[npt.NDArray[np.int32] | None]:
    """Per row [k, F] features of the candidates, None where the slot was not explored."""
    column = batch.column("candidate_features")
    width = column.type.value_type.list_size
    if not len(column):
        return []
    # The values from the buffer, sliced by offsets: no Python object per number.
    flat = column.values.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
    offsets = column.offsets.to_numpy()
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    return [
        flat[start:end] if present else None
        for start, end, present in zip(offsets[:-1], offsets[1:], valid, strict=True)
    ]
