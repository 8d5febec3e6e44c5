"""The table's files: streamed, finished or refused, and of the same memory for any number of rows."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model_export.data import table
from model_export.policy import FEATURES

BATCH = """
import numpy as np, pyarrow as pa
from model_export.data import table

def batch(rows, seed):
    rng = np.random.default_rng(seed)
    schema, width = table.schema(), len(table.FEATURES)
    drawn = rng.random(rows) < 1 / 12
    offsets = pa.array(np.concatenate([[0], np.cumsum(drawn * 5)]).astype(np.int32))
    few, absent = int(drawn.sum()) * 5, pa.array(~drawn)
    numbers = lambda n: pa.array(rng.integers(0, 60, n).astype(np.int32))
    vectors = lambda n: pa.FixedSizeListArray.from_arrays(numbers(n * width), width)
    columns = {
        "person": [f"{seed:016x}{i // 240:016x}" for i in range(rows)],
        "session": [f"{seed:016x}{i // 12:016x}" for i in range(rows)],
        "at": pa.array(np.full(rows, 1_767_600_000_000 + seed), schema.field("at").type),
        "explored": drawn, "propensity": np.where(drawn, 0.2, 1.0), "features": vectors(rows),
        "candidate_items": pa.ListArray.from_arrays(offsets, numbers(few), mask=absent),
        "candidate_features": pa.ListArray.from_arrays(offsets, vectors(few), mask=absent),
    }
    def filled(field):
        if field.name in columns:
            return pa.array(columns[field.name]) if field.name in ("explored", "propensity") else columns[field.name]
        if pa.types.is_string(field.type):
            return ["warmup"] * rows
        return pa.array(np.zeros(rows, bool if pa.types.is_boolean(field.type) else int)).cast(field.type)
    arrays = [a if isinstance(a, pa.Array) else pa.array(a, f.type) for f in schema for a in [filled(f)]]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
"""
space: dict = {}
exec(BATCH, space)  # also run by the processes whose memory is measured
batch = space["batch"]


@pytest.fixture
def written(tmp_path):
    folder = tmp_path / "table"
    with table.Writer(folder, group_rows=100, file_rows=250) as writer:
        for seed in range(7):
            writer.add(batch(90, seed))
    table.finish(folder, {"rows": writer.rows})
    return folder


def test_what_is_written_is_read(written):
    whole = pa.Table.from_batches([batch(90, seed) for seed in range(7)])
    assert table.read(written).to_table().equals(whole)
    assert table.about(written) == {"rows": 630}


def test_files_and_row_groups_have_their_sizes(written):
    found = [pq.ParquetFile(path).metadata for path in sorted(written.glob("*.parquet"))]
    assert [m.num_rows for m in found] == [300, 300, 30]
    assert {m.row_group(i).num_rows for m in found for i in range(m.num_row_groups)} == {100, 30}


def test_batches_hold_the_wanted_columns_and_rows(written):
    found = list(table.batches(written, ["reward", "features"], rows=64))
    assert sum(b.num_rows for b in found) == 630
    assert max(b.num_rows for b in found) <= 64
    assert {tuple(b.schema.names) for b in found} == {("reward", "features")}
    matrix = np.concatenate([table.matrix(b) for b in found])
    assert matrix.shape == (630, len(FEATURES))
    assert matrix.tolist() == table.read(written).to_table()["features"].to_pylist()


@pytest.mark.parametrize("rows", [1000, 64])
def test_candidates_are_matrices_or_none(written, rows):
    for one in table.batches(written, ["candidate_features"], rows=rows):
        for found, wanted in zip(table.candidates(one), one.column(0).to_pylist(), strict=True):
            assert (found is None) is (wanted is None)
            assert found is None or found.tolist() == wanted
        part = one.slice(7, 30)
        for found, wanted in zip(table.candidates(part), part.column(0).to_pylist(), strict=True):
            assert found is None or found.tolist() == wanted


def test_a_table_without_rows_is_a_table(tmp_path):
    with table.Writer(tmp_path / "none"):
        pass
    table.finish(tmp_path / "none", {})
    assert table.read(tmp_path / "none").count_rows() == 0
    assert list(table.batches(tmp_path / "none")) == []


def test_an_unfinished_folder_is_refused(written):
    (written / table.ABOUT).unlink()
    with pytest.raises(table.DatasetInvalid, match=r"no dataset\.json"):
        table.read(written)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_description_is_refused(written, text):
    (written / table.ABOUT).write_text(text)
    with pytest.raises(table.DatasetInvalid):
        table.about(written)


def test_a_folder_without_files_or_with_broken_ones_is_refused(written, tmp_path):
    (written / "part-00001.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(table.DatasetInvalid):
        list(table.batches(written))
    for path in written.glob("*.parquet"):
        path.unlink()
    with pytest.raises(table.DatasetInvalid, match="no part"):
        table.read(written)


def test_a_table_of_other_columns_is_refused(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    columns = {"features": pa.array([[1, 2]], pa.list_(pa.int32(), 2)), "reward": pa.array([1], pa.int64())}
    schema = table.schema(["a", "b"])
    other = pa.table(columns).replace_schema_metadata(schema.metadata)
    pq.write_table(other, folder / "part-00000.parquet")
    table.finish(folder, {})
    with pytest.raises(table.DatasetInvalid, match="no column person"):
        table.read(folder)
    with pytest.raises(table.DatasetInvalid, match="column reward is int64"):
        table.read(folder, ["reward"])
    assert table.read(folder, ["features"]).count_rows() == 1
    pq.write_table(other.replace_schema_metadata({}), folder / "part-00000.parquet")
    with pytest.raises(table.DatasetInvalid, match="does not name its features"):
        table.read(folder)


MEASURE = (
    BATCH
    + """
import sys
from pathlib import Path

def peak():
    # Of this program alone: the highest use that getrusage tells begins with that of the process that started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024

folder, rows = Path(sys.argv[1]), int(sys.argv[2])
with table.Writer(folder) as writer:
    for seed in range(rows // 5000):
        writer.add(batch(5000, seed))
table.finish(folder, {})
written = peak()
total = sum(table.matrix(b).shape[0] for b in table.batches(folder, ["features", "reward", "candidate_features"]))
assert total == rows
print(written, peak())
"""
)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path):
    """Peak memory of writing and reading, in megabytes, at 500,000 rows and at four times as many."""
    peaks = []
    for rows in (500_000, 2_000_000):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, tmp_path / str(rows), str(rows)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append([int(x) for x in done.stdout.split()])
    (small_written, small_read), (large_written, large_read) = peaks
    assert large_written - small_written < 100, peaks
    assert large_read - small_read < 150, peaks
    assert large_read < 700, peaks
