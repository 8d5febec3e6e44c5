"""Datasets of made-up people whose law a test knows."""

import numpy as np
import pyarrow as pa

from model_export.data import table
from model_export.learning.scorer import Params
from model_export.policy import FEATURES

CANDIDATES = 4
SMALL = (
    Params(trees=8, leaves=8, depth=4, rate=0.3, least_rows=20),
    Params(trees=4, leaves=4, depth=3, least_rows=20),
)


def column(rows, name):
    return rows[:, FEATURES.index(name)].astype(float)


def difficulty_law(rows):
    """Chances that only difficulty and kit decide, unlike the prior."""
    return 1 / (1 + np.exp(-(2.2 - 1.0 * column(rows, "difficulty") - 0.8 * column(rows, "equipment"))))


def write_dataset(
    folder, rows, *, people=30, sessions=6, slots=6, seed=0, law=difficulty_law, family="made-up"
):
    """Write people x sessions x slots rows; the first slot of each session is drawn among four candidates. Session k of
    everybody is on day k. Returns the number of rows."""
    rng = np.random.default_rng(seed)
    n = people * sessions * slots
    at = np.arange(n)
    person, session, place = at // (sessions * slots), at // slots, at % slots
    choices = rng.integers(0, len(rows), (n, CANDIDATES))
    shown = np.where(place == 0, rng.integers(0, CANDIDATES, n), 0)
    index = choices[at, shown]
    features = rows[index]
    reward = (rng.random(n) < law(features)).astype(np.int8)
    explored = place == 0
    day = (session % sessions)[:, None] * 86_400_000 + 1_767_600_000_000
    kinds = np.array(["warmup", "cooldown", "mobility", "desk_break"])
    columns = {
        "person": [f"p{i:04d}" for i in person],
        "session": [f"s{i:05d}" for i in session],
        "at": pa.array((day[:, 0] + place).astype("int64")).cast(pa.timestamp("ms", tz="UTC")),
        "family": [family] * n,
        "place": place.astype(np.int16),
        "slug": [f"e{i}" for i in index],
        "item": index.astype(np.int32),
        "kind": kinds[session % 4].tolist(),
        "activity": ["general"] * n,
        "age": (15 + person * 2 % 70).astype(np.int16),
        "level": [("beginner", "recreational", "trained")[i % 3] for i in person],
        "conditioned": person % 4 == 0,
        "propensity": np.where(explored, 1 / CANDIDATES, 1.0),
        "explored": explored,
        "outcome": ["completed" if r else "skipped" for r in reward],
        "reward": reward,
        "rating": pa.nulls(n, pa.int8()),
        "pain": np.zeros(n, np.int8),
        "rpe": pa.nulls(n, pa.int8()),
        "model": ["0" * 64] * n,
        "catalog": np.ones(n, np.int32),
        "features": features.tolist(),
        "candidate_items": [choices[i].tolist() if explored[i] else None for i in at],
        "candidate_features": [rows[choices[i]].tolist() if explored[i] else None for i in at],
    }
    known = table.schema()
    batch = pa.RecordBatch.from_arrays(
        [
            c if isinstance(c, pa.Array) else pa.array(c, known.field(name).type)
            for name, c in columns.items()
        ],
        schema=known,
    )
    with table.Writer(folder) as writer:
        writer.add(batch)
    table.finish(folder, {"rows": n})
    return n
