"""A training run: a folder that holds the scorer and all that is needed to repeat it."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from model_export import scorer
from model_export.contract import FEATURE_SPEC, VOCABULARIES
from model_export.encode import Catalog, vocabulary_of
from model_export.policy import FEATURES
from model_export.trees import read_trees

DEFAULT_REQUESTS = 600
SCORER = "scorer.onnx"
RUN = "run.json"


def train_run(
    catalog: Catalog,
    folder: Path,
    *,
    requests: int = DEFAULT_REQUESTS,
    seed: int = 0,
    progress: scorer.Progress = scorer.silent,
) -> dict[str, Any]:
    """Train the scorer on the reviewed prior and write `folder`. Returns what run.json holds.

    `requests` random people, 120 items each, make the rows; a tenth more, from another seed, measure the fit.
    """
    vocabulary = vocabulary_of(catalog, VOCABULARIES)
    held_out = max(requests // 10, 10)
    total = requests + held_out

    rows = scorer.training_rows(
        catalog, FEATURE_SPEC, vocabulary, requests, seed, lambda done, _: progress(done, total)
    )
    model = scorer.train(rows, seed)
    converted = scorer.convert(model)
    test = scorer.training_rows(
        catalog,
        FEATURE_SPEC,
        vocabulary,
        held_out,
        seed + 1,
        lambda done, _: progress(requests + done, total),
    )
    truth = scorer.prior_utility({name: test[:, i].astype(np.float64) for i, name in enumerate(FEATURES)})
    shipped = read_trees(converted)(test) / scorer.SCALE + 0.5
    residual = float(np.mean((truth - shipped) ** 2))
    run = {
        "target": "reviewed prior; no logs yet, simulation only",
        "seed": seed,
        "requests": requests,
        "rows": len(rows),
        "features": list(FEATURES),
        "r2_of_the_shipped_trees": round(1 - residual / float(np.var(truth)), 4),
        "versions": {name: version(name) for name in ("scikit-learn", "skl2onnx", "onnx", "numpy")},
        "catalog_release": catalog.release,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCORER).write_bytes(converted.SerializeToString(deterministic=True))
    (folder / RUN).write_text(json.dumps(run, indent=2, sort_keys=True) + "\n")
    return run


def load_scorer(folder: Path) -> onnx.ModelProto:
    """The scorer of a run. Raises FileNotFoundError that says how to make one."""
    path = folder / SCORER
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run `python -m model_export train --run {folder}` first")
    return onnx.load(path)
