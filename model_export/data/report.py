"""What is in a dataset, for the engineer who will train on it: report.json; report_text.py makes report.md of it.

One pass, column by column; what is kept are counts, so memory does not grow with the rows. report.json holds each
feature's distribution, so that drift can still be measured when the older dataset itself had to go.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from model_export.data import table
from model_export.data.dataset import count
from model_export.request import LEVELS

REPORT = "report.json"
AGES = ((0, "under 18"), (18, "18-34"), (35, "35-49"), (50, "50-64"), (65, "65 and over"))
COLUMNS = ("family", "slug", "kind", "age", "level", "conditioned", "propensity", "explored", "outcome", "reward",
           "place", "features")  # fmt: skip
FEW = 200
"""Rows below which a cohort's rate says little: 95 % of the time within 0.07 at best."""
PSI_STABLE, PSI_MAJOR = 0.1, 0.25
"""Population stability index: below 0.1 stable, from 0.25 major change (Siddiqi, Credit Risk Scorecards, 2006)."""
PSI_BINS = 10
PSI_LEAST = 1e-4
"""Least share of a bin, so that an empty one has a logarithm."""

Distribution = Mapping[int, int]
Progress = Callable[[int], object]


@dataclass
class Tally:
    """Counts of one pass."""

    rows: int = 0
    routines: int = 0
    explored: int = 0
    seen: dict[str, set[str]] = field(default_factory=dict)
    propensity: Counter[float] = field(default_factory=Counter)
    outcome: Counter[str] = field(default_factory=Counter)
    cohorts: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    distributions: dict[str, Counter[int]] = field(default_factory=dict)

    def add(self, batch: pa.RecordBatch, features: list[str]) -> None:
        reward = batch.column("reward").to_numpy()
        self.rows += batch.num_rows
        self.routines += int((batch.column("place").to_numpy() == 0).sum())
        self.explored += batch.column("explored").true_count
        count(self.propensity, batch, "propensity")
        count(self.outcome, batch, "outcome")
        kinds = np.asarray(batch.column("kind").to_pylist())
        slugs = np.asarray(batch.column("slug").to_pylist())
        for kind in np.unique(kinds):
            self.seen.setdefault(str(kind), set()).update(np.unique(slugs[kinds == kind]).tolist())
        self._cohort("kind", kinds, reward)
        self._cohort("level", np.asarray(batch.column("level").to_pylist()), reward)
        self._cohort("age", age_bands(batch.column("age").to_numpy()), reward)
        conditioned = batch.column("conditioned").to_numpy(zero_copy_only=False)
        self._cohort("condition", np.where(conditioned, "yes", "no"), reward)
        family = batch.column("family")
        if family.null_count < len(family):
            names = [name if name is not None else "none" for name in family.to_pylist()]
            self._cohort("family", np.asarray(names), reward)
        self._distribute("reward", reward)
        for place, name in enumerate(features):
            self._distribute(name, table.matrix(batch)[:, place])

    def _cohort(self, name: str, labels: np.ndarray[Any, Any], reward: np.ndarray[Any, Any]) -> None:
        found = self.cohorts.setdefault(name, {})
        for label in np.unique(labels):
            here = reward[labels == label]
            entry = found.setdefault(str(label), [0, 0])
            entry[0] += len(here)
            entry[1] += int(here.sum())

    def _distribute(self, name: str, values: np.ndarray[Any, Any]) -> None:
        found = self.distributions.setdefault(name, Counter())
        unique, counts = np.unique(values, return_counts=True)
        for value, number in zip(unique.tolist(), counts.tolist(), strict=True):
            found[value] += number


def age_bands(ages: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """[rows] the band of each age, as text."""
    names = np.array([name for _, name in AGES])
    return names[np.searchsorted([least for least, _ in AGES], ages, side="right") - 1]


def psi(before: Distribution, now: Distribution) -> float:
    """Population stability index: sum of (now - before) ln(now / before) over shares.

    Bins are deciles of `before`; or its single values when there are no more than ten, and one for all others. nan
    where either is empty.
    """
    if not before or not now:
        return math.nan
    values = np.array(sorted(before))
    if len(values) > PSI_BINS:
        cumulated = np.cumsum([before[v] for v in values.tolist()])
        at = np.searchsorted(cumulated, cumulated[-1] * np.arange(1, PSI_BINS) / PSI_BINS)
        values = np.unique(values[at])
        exact = False
    else:
        exact = True

    def shares(distribution: Distribution) -> Any:
        found = np.zeros(len(values) + 1)
        keys = np.array(list(distribution))
        bins = np.searchsorted(values, keys)
        if exact:
            known = values[np.minimum(bins, len(values) - 1)] == keys
            bins = np.where(known, bins, len(values))
        np.add.at(found, bins, list(distribution.values()))
        return found / found.sum()

    old, new = shares(before), shares(now)
    filled = (old > 0) | (new > 0)
    old, new = np.maximum(old[filled], PSI_LEAST), np.maximum(new[filled], PSI_LEAST)
    return float(np.sum((new - old) * np.log(new / old)))


def verdict(index: float) -> str:
    """stable, moderate or major, by the usual thresholds."""
    return "stable" if index < PSI_STABLE else "moderate" if index < PSI_MAJOR else "major"


def make(
    folder: Path,
    exercises: int,
    *,
    before: Mapping[str, Distribution] | None = None,
    progress: Progress = int,
) -> dict[str, Any]:
    """Read the dataset, write report.json into it and return what it holds. Raises DatasetInvalid.

    `exercises`: items of the newest catalogue release. `before`: the `distributions` of an older dataset.
    """
    about = table.about(folder)
    features = table.features_of(table.read(folder, COLUMNS))
    tally = Tally()
    for batch in table.batches(folder, COLUMNS, rows=25_000):
        tally.add(batch, features)
        progress(batch.num_rows)
    report = summary(about, tally, exercises)
    if before is not None:
        indices = {
            name: psi(before[name], now) for name, now in tally.distributions.items() if name in before
        }
        report["drift"] = {
            "psi": {
                name: {"index": round(index, 4), "verdict": verdict(index)} for name, index in indices.items()
            },
            "new_features": sorted(set(tally.distributions) - set(before)),
        }
    report["distributions"] = {
        name: {str(value): number for value, number in sorted(found.items())}
        for name, found in tally.distributions.items()
    }
    (folder / REPORT).write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")
    return report


def distributions(folder: Path) -> dict[str, Distribution]:
    """From another dataset's report. Raises DatasetInvalid saying what to do."""
    try:
        found = json.loads((folder / REPORT).read_text())["distributions"]
        return {name: {int(v): int(n) for v, n in values.items()} for name, values in found.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise table.DatasetInvalid(
            f"--against {folder}: no readable {REPORT}; name the folder of an earlier dataset"
        ) from error


def summary(about: Mapping[str, Any], tally: Tally, exercises: int) -> dict[str, Any]:
    """Everything but drift and distributions."""
    ever = set().union(*tally.seen.values()) if tally.seen else set()
    return {
        **{name: about[name] for name in ("rows", "people", "simulated_people", "sessions", "source", "set_aside")},
        "models": about["models"],
        "catalogs": about["catalogs"],
        "simulation_only": 0 < about["people"] == about["simulated_people"],
        "coverage": {
            "exercises": exercises,
            "seen": _share(len(ever), exercises),
            "per_kind": {kind: _share(len(slugs), exercises) for kind, slugs in sorted(tally.seen.items())},
        },
        "propensity": {
            "min": min(tally.propensity, default=None),
            "slots": {f"{p:.3f}": n for p, n in sorted(tally.propensity.items())},
            "explored_slots": _share(tally.explored, tally.rows),
            "routines_with_one": _share(tally.explored, tally.routines),
        },
        "outcome": {name: _share(n, tally.rows) for name, n in tally.outcome.most_common()},
        "reward": {name: _rates(found) for name, found in tally.cohorts.items()},
    }  # fmt: skip


def _rates(cohorts: Mapping[str, list[int]]) -> dict[str, Any]:
    ordered = sorted(cohorts.items(), key=_in_order)
    return {label: {"rows": rows, "rate": _share(welcome, rows)} for label, (rows, welcome) in ordered}


def _in_order(cohort: tuple[str, Any]) -> tuple[int, str]:
    """Ages and levels as they rise, the rest by name."""
    rising = [name for _, name in AGES] + list(LEVELS)
    return (rising.index(cohort[0]) if cohort[0] in rising else -1, cohort[0])


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
