"""Judge a run: on logged slots where there are some, and in the simulated families against the baselines.

    evaluation = evaluate(load(run, catalog), plan, dataset)

The figures come back as one JSON-ready object; report.py and card.py only show it. Simulated people cannot show
benefit: what their figures can show is that learning works, that no family or cohort loses by it, and how fast.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from model_export.contract import FEATURE_SPEC, VOCABULARIES
from model_export.decode import total_s
from model_export.encode import Catalog, vocabulary_of
from model_export.export import build_graph
from model_export.learning import closed_loop, compare, importance, logged, policies, prior, scorer, training
from model_export.learning.closed_loop import Plan, Session
from model_export.learning.slots import digest
from model_export.request import RequestError
from model_export.runtime import Generator, UnsafePlan
from model_export.trees import Trees, read_trees

GENERATOR = "generator.onnx"
NEEDED = {
    "target",
    "params",
    "groups",
    "versions",
    "seed",
    "scorer_sha256",
    "code_sha256",
    "catalog_release",
    "features",
}
"""What the report needs a run to say of itself."""
MARGIN = 0.01
"""A difference in mean reward below this is no loss worth the name: one slot in a hundred."""
EXAMPLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Football in twelve minutes, aged 24", {
        "request": {"kind": "warmup", "activity": "football", "budget_s": 720, "gap_s": 300},
        "profile": {"age": 24, "level": "trained", "equipment": ["mat", "mini_band"]}, "seed": 1}),
    ("After a run, aged 71 with a worn knee", {
        "request": {"kind": "cooldown", "activity": "run_distance", "budget_s": 600},
        "profile": {"age": 71, "level": "recreational", "conditions": ["knee_oa"],
                    "equipment": ["chair", "strap", "mat"]}, "seed": 2}),
    ("A quarter of an hour of mobility, beginner", {
        "request": {"kind": "mobility", "activity": "general", "budget_s": 900},
        "profile": {"age": 38, "level": "beginner", "equipment": ["mat", "chair"]}, "seed": 3}),
    ("Five minutes at the desk, staying seated", {
        "request": {"kind": "desk_break", "activity": "desk_work", "budget_s": 300},
        "profile": {"age": 46, "level": "beginner", "constraints": ["seated_only"],
                    "equipment": ["chair"]}, "seed": 4}),
)  # fmt: skip


class RunInvalid(ValueError):
    """The run folder cannot be judged; the message says what to do."""


@dataclass(frozen=True)
class Judged:
    """What is judged: the generator's file, the same file with a constant scorer, its trees, and what the run says."""

    run: dict[str, Any]
    model: bytes
    rules: bytes
    trees: Trees
    catalog: Catalog
    documents: list[Any]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.model).hexdigest()


def load(folder: Path, catalog: Catalog) -> Judged:
    """The run's exported generator, or one built here when there is none. Raises RunInvalid, FileNotFoundError."""
    try:
        ensemble = training.load_scorer(folder)
        run = json.loads((folder / training.RUN).read_text())
        missing = sorted(NEEDED - set(run))
    except (DecodeError, ValueError, TypeError, PermissionError) as error:
        raise RunInvalid(f"{folder} cannot be read ({error}): train the run again") from error
    if missing:
        raise RunInvalid(f"{folder / training.RUN} does not say {', '.join(missing)}: train the run again")
    exported = folder / GENERATOR
    if exported.is_file():
        model = exported.read_bytes()
        if not same_trees(model, read_trees(ensemble)):
            raise RunInvalid(
                f"{exported} was exported from another scorer: `python -m model_export export --run {folder}`"
            )
    else:
        model = build_graph(catalog, ensemble).SerializeToString(deterministic=True)
    documents = closed_loop.documents_of(catalog)
    rules = scorer.replaced(model, scorer.constant())
    return Judged(run, model, rules, read_trees(ensemble), catalog, documents)


def same_trees(generator: bytes, trees: Trees) -> bool:
    """Whether a generator's ensemble is node for node this one; an unreadable file has none."""
    try:
        held = read_trees(onnx.load_from_string(generator))
    except (DecodeError, ValueError):
        return False
    names = ("feature", "threshold", "left", "right", "weight", "roots")
    return held.base == trees.base and all(
        getattr(held, name).tolist() == getattr(trees, name).tolist() for name in names
    )


def evaluate(
    judged: Judged,
    plan: Plan | None,
    dataset: Path | None = None,
    *,
    jobs: int = 1,
    most_rows: int = logged.MOST_ROWS,
    progress: Callable[[int], object] = int,
) -> dict[str, Any]:
    """The whole evaluation. Without `plan` nothing is simulated, without `dataset` nothing is said of logs."""
    seed = plan.seed if plan else 0
    found: dict[str, Any] = {
        "model_sha256": judged.sha256,
        "simulation_only": True,
        "margin": MARGIN,
        "run": judged.run,
        "examples": examples(judged),
    }
    log = logged.read_log(dataset, most_rows) if dataset is not None else None
    if log is not None and dataset is not None:
        found["logs"] = logged.assess(log, judged.trees, seed=seed)
        found["logs"]["dataset"] = dataset.name
        found["logs"]["sha256"] = digest(dataset)
        found["logs"]["trained_on"] = judged.run.get("dataset", {}).get("sha256") == found["logs"]["sha256"]
        found["simulation_only"] = log.simulated
    rows = log.rows if log is not None else prior_sample(judged.catalog)
    rewards = log.reward if log is not None else None
    found["importance"] = importance.importances(judged.trees, rows, rewards, seed=seed)
    found["features"] = importance.by_feature(judged.trees, rows, seed)
    if plan is not None:
        sessions = closed_loop.simulate(
            judged.model,
            judged.rules,
            judged.documents,
            judged.catalog.release,
            plan,
            jobs=jobs,
            progress=progress,
        )
        found.update(simulated(sessions, plan, len(judged.catalog.exercises)))
    found["verdict"] = verdict(found)
    return found


def prior_sample(catalog: Catalog) -> scorer.Rows:
    """Rows to measure importances on where there are no logs."""
    return prior.sampled_rows(catalog, FEATURE_SPEC, vocabulary_of(catalog, VOCABULARIES), 60, 11)


def simulated(sessions: Sequence[Session], plan: Plan, items: int) -> dict[str, Any]:
    """Families, policies, cohorts, curves and regret of the simulated lives."""
    found: dict[str, Any] = {
        "plan": {"people": plan.people, "sessions": plan.sessions, "seed": plan.seed},
        "policies": {name: policies.WORDS[name] for name in plan.names},
        "families": {}, "baselines": {}, "curves": {}, "regret": {},
    }  # fmt: skip
    for family in plan.families:
        of_family = [session for session in sessions if session.family == family]
        found["families"][family] = entry = compare.difference(of_family, "model", "rules_only")
        headroom = compare.difference(of_family, "oracle", "rules_only")
        if entry is not None and headroom is not None:
            # What there is to gain at all: in some families next to nothing depends on the exercise.
            entry["headroom"] = {name: headroom[name] for name in ("difference", "interval")}
        found["baselines"][family] = {
            name: compare.figures(of_family, family, name, items) for name in plan.names
        }
        found["curves"][family] = {name: compare.curve(of_family, family, name) for name in plan.names}
        found["regret"][family] = {
            name: {
                str(number): estimate.as_dict()
                for number in compare.REGRET_AT
                if (estimate := compare.regret(of_family, family, name, number)) is not None
            }
            for name in plan.names
            if name != "oracle" and "oracle" in plan.names
        }
    found["all"] = compare.difference(sessions, "model", "rules_only")
    found["cohorts"] = compare.cohorts(sessions)
    found["worst_cohort"] = compare.worst(found["cohorts"])
    return found


def verdict(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Statements with whether they hold, the most important first."""
    said: list[dict[str, Any]] = []

    def say(holds: bool, text: str) -> None:
        said.append({"holds": holds, "text": text})

    if "families" in found:
        families = {name: entry for name, entry in found["families"].items() if entry is not None}
        better = [name for name, entry in families.items() if entry["interval"][0] > 0]
        losing = [name for name, entry in families.items() if entry["interval"][0] < -MARGIN]
        both = found["all"]
        say(
            both["interval"][0] > 0,
            f"Over all families the mean reward is {both['difference']:+.4f} against rules only "
            f"(95 % interval {both['interval'][0]:+.4f} to {both['interval'][1]:+.4f}).",
        )
        say(
            not losing,
            f"It may lose more than {MARGIN:.2f} in: {', '.join(losing)}." if losing
            else f"No family loses more than {MARGIN:.2f}; {len(better)} of {len(families)} gain beyond doubt"
            + (f" ({', '.join(better)})." if better else "."),
        )  # fmt: skip
        name = found["worst_cohort"]
        if name is not None:
            entry = found["cohorts"][name]
            say(
                entry["interval"][0] >= -MARGIN,
                f"Worst cohort: {name}, {entry['difference']:+.4f} "
                f"({entry['interval'][0]:+.4f} to {entry['interval'][1]:+.4f}).",
            )
        unsafe = sum(rows["model"]["unsafe"] for rows in found["baselines"].values())
        say(unsafe == 0, f"The checker refused {unsafe} of the model's routines in those lives.")
    for example in found.get("examples", ()):
        if example["refused"]:
            say(False, f"No routine for *{example['title']}*: {example['refused']}")
    if "logs" in found:
        logs = found["logs"]
        say(
            logs["auc"] > 0.5,
            f"On {logs['slots']:,} logged slots: AUC {logs['auc']:.3f}, calibration error {logs['ece']:.3f}"
            + (
                ", on the very slots it was trained on; its cross-validation is below."
                if logs["trained_on"]
                else "."
            ),
        )
    return said


def examples(judged: Judged) -> list[dict[str, Any]]:
    """Routines of the model for the fixed requests, as the report draws them."""
    generator = Generator.load(judged.model)
    met = {
        exercise["slug"]: (exercise["name"], float(exercise["met"])) for exercise in judged.catalog.exercises
    }
    made = []
    for title, payload in EXAMPLES:
        try:
            routine, refused = policies.routine(generator, judged.catalog, payload), ""
        except (RequestError, UnsafePlan) as error:
            routine, refused = {"total_s": 0, "items": []}, str(error)
        items = [
            {
                "slug": item["slug"],
                "name": met[item["slug"]][0],
                "met": met[item["slug"]][1],
                "phase": item["phase"],
                "learned": item["parts"]["learned"],
                "seconds": total_s([item]),
            }
            for item in routine["items"]
        ]
        made.append({"title": title, "total_s": routine["total_s"], "items": items, "refused": refused})
    return made


def gates(found: dict[str, Any]) -> dict[str, Any]:
    """evaluation.json: what the publishing gates read, and the figures of the baselines for a table elsewhere."""
    names = (
        "families", "cohorts", "all", "simulation_only", "model_sha256", "margin", "plan", "verdict", "worst_cohort",
        "baselines", "regret",
    )  # fmt: skip
    kept = {name: found[name] for name in names if name in found}
    if "logs" in found:
        logs = found["logs"]
        kept["logs"] = {
            name: logs[name] for name in ("auc", "ece", "brier", "ndcg", "slots", "trained_on", "off_policy")
        }
    return {"families": {}, "cohorts": {}, **kept}
