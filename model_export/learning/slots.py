"""Logged slots as arrays to train on: read from a dataset, weighted by how they were drawn, sampled by whole people."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from model_export.policy import FEATURES

MOST_ROWS = 1_000_000
"""Slots held in memory to train on: 1 GB with scikit-learn's own copies. Above it, whole people are sampled."""
CLIP = 10.0
"""Greatest weight of an explored slot. With five candidates none is above 5; a wrong log must not rule a model."""
SHRINK = 30.0
"""Slots after which half of a person's difference from the others counts as their habit."""
COLUMNS = ("person", "at", "explored", "propensity", "reward", "features")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class SlotsInvalid(ValueError):
    """The dataset cannot be trained on; the message says what to do."""


@dataclass(frozen=True)
class Slots:
    """n slots: features [n, F], reward 0..1 [n], weight [n], person as a number [n], time in ms [n], explored [n]."""

    rows: npt.NDArray[np.int32]
    reward: Floats
    weight: Floats
    person: Ints
    at: Ints
    explored: npt.NDArray[np.bool_]
    people: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.reward)

    @property
    def target(self) -> Floats:
        """[n] the reward less the habit of its person: what is left for the exercise and the occasion to explain."""
        return self.reward - habits(self.reward, self.person)

    def take(self, index: npt.NDArray[np.intp]) -> Slots:
        return Slots(
            self.rows[index], self.reward[index], self.weight[index], self.person[index], self.at[index],
            self.explored[index], self.people,
        )  # fmt: skip


def weights(explored: npt.NDArray[np.bool_], propensity: Floats, clip: float = CLIP) -> Floats:
    """[n] inverse propensity of explored slots, clipped; 1 for the others, which had no alternative. Mean 1.

    An explored slot stands for the k candidates it was drawn from; the rest are the policy's own choice. Horvitz and
    Thompson 1952, J Am Stat Assoc 47:663-685.
    """
    raw = np.where(explored, np.minimum(1 / np.maximum(propensity, 1e-9), clip), 1.0)
    return raw / raw.mean() if len(raw) else raw


def habits(reward: Floats, person: Ints, shrink: float = SHRINK) -> Floats:
    """[n] how much more than everybody the slot's person finishes of whatever they are shown, shrunk towards 0.

    A random intercept by its BLUP with a variance ratio of `shrink` (Robinson 1991, Stat Sci 6:15-32). It is taken off
    the target: who finishes everything has done everything, and a scorer would learn that having done an item speaks
    for it.
    """
    above = reward - reward.mean() if len(reward) else reward
    count = np.bincount(person)
    return (np.bincount(person, weights=above) / (count + shrink))[person] if len(reward) else above


def digest(folder: Path) -> str:
    """SHA-256 over the dataset's files in order of their names: the identity of what was trained on."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.suffix in (".parquet", ".json"):
            total.update(path.name.encode() + b"\0")
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _kept(people: list[str], share: float) -> npt.NDArray[np.bool_]:
    """Whole people, by a hash of their id: the same ones whatever else is in the dataset."""
    return np.array([zlib.crc32(person.encode()) / 2**32 < share for person in people])


def sampled(folder: Path, columns: Sequence[str], most: int) -> Iterator[pa.RecordBatch]:
    """Batches of the dataset's columns, `person` among them, of about `most` slots: whole people or nothing of them.

    Raises SlotsInvalid, or table.DatasetInvalid for a broken dataset.
    """
    from model_export.data import table

    found = table.read(folder, columns)
    if table.features_of(found) != list(FEATURES):
        raise SlotsInvalid(
            f"{folder} was made for other features than this code's: make it again with "
            "`python -m model_export dataset`"
        )
    total = int(found.count_rows())
    if total == 0:
        raise SlotsInvalid(f"{folder} holds no slot: nobody consented yet, or the simulation made no session")
    share = min(1.0, most / total)
    rows = 0
    for batch in table.batches(folder, columns):
        encoded = batch.column("person").dictionary_encode()
        keep = _kept(encoded.dictionary.to_pylist(), share)[encoded.indices.to_numpy()]
        kept = batch if keep.all() else batch.filter(pa.array(keep))
        rows += kept.num_rows
        if kept.num_rows:
            yield kept
    if rows == 0:
        raise SlotsInvalid(
            f"{folder}: sampling {most:,} of {total:,} slots by person left none; ask for more rows"
        )


def codes(names: list[str]) -> tuple[Ints, tuple[str, ...]]:
    """[n] each name as a number, and the names by number, in order of first appearance."""
    known: dict[str, int] = {}
    numbers = np.array([known.setdefault(name, len(known)) for name in names], np.int64)
    return numbers, tuple(known)


def read_slots(folder: Path, most: int = MOST_ROWS) -> Slots:
    """At most about `most` slots of a dataset folder. Raises what `sampled` raises."""
    from model_export.data import table

    rows, columns, names = [], [], []
    for batch in sampled(folder, COLUMNS, most):
        rows.append(table.matrix(batch))
        names.append(batch.column("person").dictionary_encode())
        columns.append(batch.drop_columns(["person", "features"]))
    read = pa.Table.from_batches(columns)
    person, people = codes([name for part in names for name in part.to_pylist()])
    explored = read.column("explored").to_numpy()
    return Slots(
        np.concatenate(rows),
        read.column("reward").to_numpy().astype(np.float64),
        weights(explored, read.column("propensity").to_numpy()),
        person,
        read.column("at").cast("int64").to_numpy(),
        explored,
        people,
    )
