"""The model card in Markdown: what it is, what it was fed, what is known of it, and what is not (Mitchell 2019,
FAT*)."""

from __future__ import annotations

from typing import Any

from model_export.learning.constraints import ALLOWED, MONOTONE


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    lines.insert(1, "|---" + "|---:" * (len(head) - 1) + "|")
    return "\n".join(lines)


def compared(entry: dict[str, Any]) -> list[str]:
    """Cells of one comparison with the rules alone."""
    low, high = entry["interval"]
    means = [f"{entry[name]:.3f}" for name in ("model", "rules_only")]
    return [*means, f"{entry['difference']:+.4f}", f"{low:+.4f} to {high:+.4f}"]


def card(found: dict[str, Any]) -> str:
    """The card of an evaluation (evaluate.py)."""
    run = found["run"]
    params = run["params"]
    parts = [
        f"# Model card: scorer {run['scorer_sha256'][:12]}",
        "**Simulation only.** No real person's data is in any figure below; nothing here shows a benefit to anybody."
        if found["simulation_only"]
        else "Figures under *On logged slots* come from consenting people; all others are simulated and show no "
        "benefit.",
        "## What it is",
        f"A gradient-boosted ensemble of {params['trees']} trees (depth {params['depth']}, {params['leaves']} leaves "
        "at most) that estimates the chance that an exercise will be completed and welcome, for a person, an "
        "occasion and an exercise. It is one of seven parts of the generator's score. It decides nothing about "
        "safety: exclusions, limits and time are rules, checked again by a separate program. Fixed-point: the same "
        "score on every "
        "device.\n\n"
        f"- Generator: `{found['model_sha256']}`\n- Scorer: `{run['scorer_sha256']}`\n"
        f"- Catalogue release: {run['catalog_release']}\n- Seed {run['seed']}; code `{run['code_sha256'][:12]}`; "
        + ", ".join(f"{name} {value}" for name, value in sorted(run["versions"].items())),
        "## What it is for",
        "Ordering exercises that the rules already allow, in warm-ups, cool-downs, mobility sessions and desk breaks. "
        "Not for diagnosis, treatment, or deciding who may exercise.",
        "## What it was fitted to",
        fitted(run),
        "## What it may learn",
        "\n".join(
            f"- {name}: features of {', '.join(groups)} may combine." for name, groups in ALLOWED.items()
        )
        + "\n- Held by constraint: "
        + ", ".join(f"{name} only {'raises' if way > 0 else 'lowers'}" for name, way in MONOTONE.items())
        + " the score.\n- Never seen: sex, conditions, red flags, place, name, any identifier.",
        "## What is known of it",
        *known(found),
        "## What is not known",
        "- Whether anybody trains better, hurts less or stays with it for longer: that needs a trial.\n"
        "- How people unlike the simulated ones react. The simulated laws are guesses, wrong on purpose.\n"
        "- Slots that were never shown: logs speak of what a policy chose and of one drawn slot a routine.\n"
        "- A reward of *completed and not disliked* prefers the easy; the rules, not the scorer, keep demand answered.",
    ]
    return "\n\n".join(parts) + "\n"


def fitted(run: dict[str, Any]) -> str:
    prior = (
        f"A reviewed prior: {run['requests']} random people, a formula of {len(run['features'])} features that people "
        "can argue about (`model_export/learning/prior.py`). Judgement, not measured."
    )
    if "dataset" not in run:
        return prior + " No logs."
    data = run["dataset"]
    return (
        f"{data['slots']:,} logged slots of {data['people']:,} people (`{data['name']}`, sha256 "
        f"`{data['sha256'][:12]}`, {data['explored']:,} drawn among several; those weigh by inverse propensity, "
        f"clipped), and {prior[0].lower()}{prior[1:]} "
        f"The prior weighs as much as {run['prior_slots']:,.0f} slots."
    )


def known(found: dict[str, Any]) -> list[str]:
    out = [
        "\n".join(
            f"- {'Holds' if line['holds'] else 'Not shown'}: {line['text']}" for line in found["verdict"]
        )
    ]
    validation = found["run"].get("cross_validation")
    if validation:
        means = validation["table"][validation["chosen"]]["mean"]
        names = {"person": "new people", "time": "later time"}
        rows = [
            [names[k], f"{m['auc']:.3f}", f"{m['brier']:.4f}", f"{m['ece']:.3f}"] for k, m in means.items()
        ]
        out += ["### Cross-validation", table(["split", "AUC", "Brier", "ECE"], rows)]
    if "logs" in found:
        logs = found["logs"]
        out += [
            f"### On logged slots ({'simulated' if logs['simulated'] else 'consented'})",
            f"AUC {logs['auc']:.3f}, ECE {logs['ece']:.3f}, nDCG@5 {logs['ndcg']:.3f} on {logs['slots']:,} slots"
            + (", the very slots it was trained on." if logs["trained_on"] else "."),
        ]
        rows = [
            [name, *(f"{r[k]['value']:.3f} ({r[k]['low']:.3f} to {r[k]['high']:.3f})" for k in ("ips", "snips", "dr")),
             f"{r['effective']:,.0f}"]
            for name, r in logs["off_policy"].items()
        ]  # fmt: skip
        if rows:
            out.append(table(["choice", "IPS", "SNIPS", "DR", "effective sample"], rows))
    if "families" in found:
        rows = [
            [name, *compared(e), f"{e['headroom']['difference']:+.4f}" if "headroom" in e else "-"]
            for name, e in found["families"].items()
            if e is not None
        ]
        head = ["model", "rules only", "difference", "95 % interval"]
        out += ["### In simulated families", table(["family", *head, "an oracle gains"], rows)]
        rows = [[name, *compared(e)] for name, e in found["cohorts"].items()]
        out += [f"### In cohorts (worst: {found['worst_cohort']})", table(["cohort", *head], rows)]
    return out
