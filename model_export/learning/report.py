"""The evaluation as one HTML file that needs nothing else, for a person to judge by."""

from __future__ import annotations

from typing import Any

import jinja2

from model_export.data.families import FAMILIES
from model_export.learning import svg
from model_export.learning.compare import REGRET_AT
from model_export.learning.prior import SCALE

PHASES = ("raise", "mobilise", "activate", "potentiate", "cooldown")
MOST_FEATURES = 15


def number(digits: int, signed: bool = False) -> Any:
    """A filter that shows a number with so many digits, a dash for None."""

    def show(value: float | None) -> str:
        if value is None:
            return "-"
        text = f"{value:{'+' if signed else ''}.{digits}f}"
        return text.replace("+", "") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")

    return show


def environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("model_export.learning", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {
        "f3": number(3), "f4": number(4), "d3": number(3, True), "d4": number(4, True),
        "label": lambda name: str(name).replace("_", " "),
        "minus": lambda text: str(text).replace(" -", " \N{MINUS SIGN}").replace("(-", "(\N{MINUS SIGN}"),
    }  # fmt: skip
    return made


def forest_of(entries: dict[str, Any], title: str, name: str) -> str:
    rows = [(key, e["difference"], *e["interval"]) for key, e in entries.items() if e is not None]
    worst = min(rows, key=lambda row: row[1])
    said = f"{len(rows)} differences with intervals; the lowest is {worst[0]} with {worst[1]:+.4f}."
    return svg.forest(rows, title, said, name)


def smoothed(line: list[float]) -> list[float]:
    """Mean of each value and its neighbours: single sessions jump with the kind that was asked for."""
    return [sum(part) / len(part) for i in range(len(line)) for part in [line[max(i - 1, 0) : i + 2]]]


def pictures_of_curves(curves: dict[str, Any]) -> dict[str, str]:
    """A small plot per family."""
    out = {}
    for family, lines in curves.items():
        known = {name: smoothed(line) for name, line in lines.items() if line}
        said = f"Model: {lines['model'][0]:.2f} in the first session, {lines['model'][-1]:.2f} in the last."
        span = svg.around([value for line in known.values() for value in line], 0.1)
        out[family] = svg.curves(known, f"Reward by session, {family}", said, f"curve-{family}", span)
    return out


def drawn(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    out = []
    for place, example in enumerate(one for one in examples if one["items"]):
        bars = [(i["name"], i["phase"], i["seconds"], i["met"]) for i in example["items"]]
        said = f"{len(bars)} exercises in {example['total_s']} seconds, from {bars[0][0]} to {bars[-1][0]}."
        picture = svg.timeline(bars, example["total_s"], example["title"], said, f"routine-{place}")
        out.append({**example, "picture": picture, "rows": example["items"]})
    return out


def tiles(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The few figures that are asked for first."""
    out: list[tuple[str, str]] = []
    signed = number(4, True)
    if "all" in found:
        out.append((signed(found["all"]["difference"]), "reward against rules only, all families"))
        if found["worst_cohort"] is not None:
            out.append((signed(found["cohorts"][found["worst_cohort"]]["difference"]), "in the worst cohort"))
    validation = found["run"].get("cross_validation")
    if validation:
        means = validation["table"][validation["chosen"]]["mean"]
        out.append((f"{means['person']['auc']:.3f}", "AUC on new people, cross-validated"))
        out.append((f"{means['person']['ece']:.3f}", "calibration error on new people"))
    if "logs" in found:
        out.append((f"{found['logs']['ndcg']:.3f}", "nDCG@5 within logged routines"))
    out.append((f"{found['run']['params']['trees']}", f"trees of depth {found['run']['params']['depth']}"))
    return out


def html(found: dict[str, Any]) -> str:
    """The page for an evaluation (evaluate.py)."""
    run, simulated = found["run"], "families" in found
    validation = run.get("cross_validation")
    logs = found.get("logs")
    features = list(found["features"].items())[:MOST_FEATURES]
    return environment().get_template("report.html").render(
        sha=found["model_sha256"][:16],
        run=run,
        simulation_only=found["simulation_only"],
        verdict=found["verdict"],
        tiles=tiles(found),
        plan=found.get("plan"),
        words={name: family.words for name, family in FAMILIES.items()},
        policies=found.get("policies", {}),
        phases=PHASES,
        families=found.get("families"),
        forest=forest_of(found["families"], "Model less rules only, by family", "families-plot") if simulated else "",
        curves=pictures_of_curves(found["curves"]) if simulated else {},
        regret={f: rows for f, rows in found.get("regret", {}).items() if rows},
        scale=SCALE,
        regret_at=[str(n) for n in REGRET_AT],
        baselines=found.get("baselines", {}),
        cohorts=found.get("cohorts", {}),
        worst_cohort=found.get("worst_cohort"),
        cohort_forest=forest_of(found["cohorts"], "Model less rules only, by cohort", "cohorts-plot")
        if found.get("cohorts") else "",
        logs=logs,
        calibration=svg.calibration(
            logs["calibration"], "Calibration", f"Observed over predicted chance in ten bins; ECE {logs['ece']:.3f}.",
            "calibration-plot",
        ) if logs else "",
        cross_validation=validation["table"][validation["chosen"]]["mean"] if validation else None,
        importance=found["importance"],
        groups=run["groups"],
        importance_bars=svg.bars(
            sorted(((name, e["points"]) for name, e in found["importance"].items()), key=lambda p: -p[1]),
            "Importance by group", "Score points moved by shuffling each group's features.", "importance-plot",
            "points",
        ),
        feature_bars=svg.bars(
            features, "Importance by feature", "Score points moved by shuffling each feature.", "feature-plot", "points"
        ),
        examples=drawn(found["examples"]),
    )  # fmt: skip
