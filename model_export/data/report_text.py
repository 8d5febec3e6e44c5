"""The data report to read: Markdown of what report.json holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from model_export.data.report import FEW, PSI_MAJOR, PSI_STABLE


def write(folder: Path, report: Mapping[str, Any]) -> None:
    """Write report.md."""
    (folder / "report.md").write_text(text(report), encoding="utf-8")


def text(report: Mapping[str, Any]) -> str:
    """Markdown, ending in a newline."""
    parts = [
        "# Data report",
        _who(report),
        "## What was set aside",
        _table(["Reason", "Sessions"], report["set_aside"].items()) if report["set_aside"] else "Nothing.",
        "## Coverage of the catalogue",
        _coverage(report["coverage"]),
        "## Propensity",
        _propensity(report["propensity"]),
        "## Outcomes",
        _table(["Outcome", "Share"], ((name, percent(share)) for name, share in report["outcome"].items())),
        "## Reward by cohort",
        "Reward: completed, not disliked, and with no more pain than 3 of 10. "
        f"A rate of fewer than {FEW} rows is marked: it says little.",
        *(_cohort(name, found) for name, found in report["reward"].items()),
    ]
    if "drift" in report:
        parts += ["## Drift", _drift(report["drift"])]
    return "\n\n".join(parts) + "\n"


def _who(report: Mapping[str, Any]) -> str:
    people, simulated = report["people"], report["simulated_people"]
    whose = "simulation only" if report["simulation_only"] else f"{simulated:,} of them simulated"
    lines = [
        f"{report['rows']:,} slots of {report['sessions']:,} sessions by {people:,} people ({whose}), "
        f"from {report['source']}.",
        f"Models: {', '.join(f'{sha[:12]} ({n:,} slots)' for sha, n in report['models'].items()) or 'none'}. "
        f"Catalogue releases: {', '.join(report['catalogs']) or 'none'}.",
    ]
    return "\n".join(lines)


def _coverage(coverage: Mapping[str, Any]) -> str:
    rows = [("all", percent(coverage["seen"])), *((k, percent(v)) for k, v in coverage["per_kind"].items())]
    return f"Share of the {coverage['exercises']} exercises that were shown at least once.\n\n" + _table(
        ["Kind", "Seen"], rows
    )


def _propensity(found: Mapping[str, Any]) -> str:
    least = "no rows" if found["min"] is None else f"least {found['min']:.3f}"
    return (
        f"{percent(found['explored_slots'])} of slots were drawn among several ({least}); "
        f"{percent(found['routines_with_one'])} of routines have such a slot.\n\n"
    ) + _table(["Propensity", "Slots"], ((p, f"{n:,}") for p, n in found["slots"].items()))


def _cohort(name: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (label, f"{entry['rows']:,}", percent(entry["rate"]) + (" (few)" if entry["rows"] < FEW else ""))
        for label, entry in found.items()
    ]
    return _table([name.capitalize(), "Slots", "Reward"], rows)


def _drift(drift: Mapping[str, Any]) -> str:
    entries = sorted(drift["psi"].items(), key=lambda entry: -entry[1]["index"])
    moved = [entry for entry in entries if entry[1]["verdict"] != "stable"]
    lead = (
        f"Population stability index against the earlier dataset: below {PSI_STABLE} stable, from {PSI_MAJOR} major. "
        f"{len(moved)} of {len(entries)} moved."
    )
    shown = moved or entries[:3]
    new = f"\n\nNew: {', '.join(drift['new_features'])}." if drift["new_features"] else ""
    table = _table(
        ["Feature", "Index", "Verdict"], ((n, f"{e['index']:.3f}", e["verdict"]) for n, e in shown)
    )
    return f"{lead}\n\n{table}{new}"


def percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)
