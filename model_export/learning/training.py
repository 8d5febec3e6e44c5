"""A training run: a folder that holds the scorer and all that is needed to repeat it (docs/adr/0007-run-folders.md).

Without a dataset the scorer is fitted to the reviewed prior. With one, logged slots join the prior's rows, which
weigh as much as `prior_slots` of them: in a leaf where n slots were logged and the prior is worth m there, the mean
is (n x observed + m x prior) / (n + m), so a few logs move nothing far and many decide. An offset would have needed a
second ensemble on the phone, and monotone constraints would have held for the correction only, not for the sum.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from model_export.contract import FEATURE_SPEC, VOCABULARIES
from model_export.encode import Catalog, vocabulary_of
from model_export.learning import crossval, prior, scorer
from model_export.learning.constraints import ALLOWED, GROUPS, MONOTONE
from model_export.learning.engine import Engine
from model_export.learning.folds import Fold, by_person, by_time
from model_export.learning.slots import MOST_ROWS, Slots, digest, read_slots
from model_export.policy import FEATURES
from model_export.trees import read_trees

DEFAULT_REQUESTS = 600
PRIOR_SLOTS = 20_000
"""Logged slots that the prior weighs as much as: some 1,600 routines. A judgement, not tuned on the logs it guards."""
FOLDS = 5
TIME_FOLDS = 3
SCORER = "scorer.onnx"
RUN = "run.json"
LOCAL = Engine()
PACKAGES = ("scikit-learn", "skl2onnx", "onnx", "numpy")


def train_run(
    catalog: Catalog,
    folder: Path,
    *,
    requests: int = DEFAULT_REQUESTS,
    seed: int = 0,
    progress: prior.Progress = prior.silent,
    params: scorer.Params | None = None,
) -> dict[str, Any]:
    """Train the scorer on the reviewed prior and write `folder`. Returns what run.json holds.

    `requests` random people, 120 items each, make the rows; a tenth more, from another seed, measure the fit.
    """
    params = params or scorer.Params()
    rows, test = prior_rows(catalog, requests, seed, progress)
    model = scorer.fit(rows, prior.targets(rows), None, params, seed)
    return write(
        folder, model, seed, catalog,
        {
            "target": "reviewed prior; no logs yet, simulation only",
            "requests": requests,
            "rows": len(rows),
            "params": params.as_dict(),
        },
        test,
    )  # fmt: skip


def prior_rows(
    catalog: Catalog, requests: int, seed: int, progress: prior.Progress
) -> tuple[scorer.Rows, scorer.Rows]:
    """Rows to fit the prior on, and a tenth more from another seed to measure it."""
    vocabulary = vocabulary_of(catalog, VOCABULARIES)
    held_out = max(requests // 10, 10)
    total = requests + held_out
    rows = prior.sampled_rows(
        catalog, FEATURE_SPEC, vocabulary, requests, seed, lambda done, _: progress(done, total)
    )
    test = prior.sampled_rows(
        catalog,
        FEATURE_SPEC,
        vocabulary,
        held_out,
        seed + 1,
        lambda done, _: progress(requests + done, total),
    )
    return rows, test


def train_on_dataset(
    catalog: Catalog,
    folder: Path,
    dataset: Path,
    *,
    requests: int = DEFAULT_REQUESTS,
    seed: int = 0,
    folds: int = FOLDS,
    prior_slots: float = PRIOR_SLOTS,
    most_rows: int = MOST_ROWS,
    grid: Sequence[scorer.Params] = crossval.GRID,
    engine: Engine = LOCAL,
    progress: prior.Progress = prior.silent,
    fitting: prior.Progress = prior.silent,
) -> dict[str, Any]:
    """Cross-validate the grid by person and by time, fit the chosen setting on all slots, and write `folder`.

    `progress` is told of the prior's requests, `fitting` of the jobs. The engine changes where they run, not what
    comes out. Raises EngineMissing, SlotsInvalid or DatasetInvalid for a dataset that cannot be used, ValueError for
    too few people.
    """
    data = read_slots(dataset, most_rows)
    splits = [*by_person(data.person, folds, seed), *by_time(data.at, min(folds, TIME_FOLDS))]
    rows, test = prior_rows(catalog, requests, seed, progress)
    pseudo = crossval.Pseudo(rows, prior.targets(rows), prior_slots)
    with engine.running((data, pseudo)):
        table = crossval.cross_validate(data, pseudo, grid, splits, seed, fitting)
    best = crossval.choose(table)
    params = scorer.Params(**{**table[best]["params"], "trees": crossval.trees_to_fit(table[best])})
    model = scorer.fit(*pseudo.blend(data), params, seed)
    return write(
        folder, model, seed, catalog,
        {
            "target": "logged slots beside the reviewed prior",
            "requests": requests,
            "rows": len(rows) + len(data),
            "params": params.as_dict(),
            "prior_slots": prior_slots,
            "dataset": about_dataset(dataset, data),
            "cross_validation": {"chosen": best, "table": table, **sizes(splits)},
        },
        test,
    )  # fmt: skip


def about_dataset(dataset: Path, data: Slots) -> dict[str, Any]:
    """What was trained on, so that it can be found again."""
    return {
        "name": dataset.name,
        "sha256": digest(dataset),
        "slots": len(data),
        "people": len(data.people),
        "explored": int(data.explored.sum()),
        "reward": round(float(data.reward.mean()), 5),
    }


def sizes(splits: Sequence[Fold]) -> dict[str, Any]:
    return {
        "folds": [
            {
                "split": f.kind,
                "fold": f.number,
                "train": len(f.train),
                "stop": len(f.stop),
                "test": len(f.test),
            }
            for f in splits
        ]
    }


def write(
    folder: Path, model: Any, seed: int, catalog: Catalog, facts: dict[str, Any], test: scorer.Rows
) -> dict[str, Any]:
    """Convert, measure how well the shipped trees follow the prior, and write the folder; run.json comes last."""
    converted = scorer.convert(model)
    content = converted.SerializeToString(deterministic=True)
    truth = prior.targets(test)
    shipped = scorer.probability(read_trees(converted)(test))
    residual = float(np.mean((truth - shipped) ** 2))
    run = {
        **facts,
        "seed": seed,
        "features": list(FEATURES),
        "groups": {name: list(members) for name, members in GROUPS.items()},
        "may_interact": {name: list(groups) for name, groups in ALLOWED.items()},
        "monotone": MONOTONE,
        "r2_of_the_shipped_trees": round(1 - residual / float(np.var(truth)), 4),
        "scorer_sha256": hashlib.sha256(content).hexdigest(),
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "code_sha256": code_digest(),
        "catalog_release": catalog.release,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCORER).write_bytes(content)
    (folder / RUN).write_text(json.dumps(run, indent=2, sort_keys=True) + "\n")
    return run


def code_digest() -> str:
    """SHA-256 over this package's source: two runs with the same one ran the same code."""
    total = hashlib.sha256()
    package = Path(__file__).parent.parent
    for path in sorted(package.rglob("*.py")):
        total.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def load_scorer(folder: Path) -> onnx.ModelProto:
    """The scorer of a run. Raises FileNotFoundError that says how to make one."""
    path = folder / SCORER
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run `python -m model_export train --run {folder}` first")
    return onnx.load(path)
