"""The measures as tables: for a terminal, as JSON for programs, as Markdown with a heat map for the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from model_export.evidence.heatmap import heatmap
from model_export.evidence.panel import WEEK, Measured, Tally

HINT = "Share of the routines to which a rule applies that meet it; F04 and F09: of a week's muscles."
TITLE = "Score rules met, by activity"


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def kinds(found: Measured) -> list[str]:
    return [*sorted(name for what, name in found.rules if what == "kind" and name != WEEK), WEEK]


def rule_rows(found: Measured, kind: str) -> Iterator[list[str]]:
    """Rule, share met, part, bound, mean, how many routines miss the part."""
    for rule, tally in sorted(found.rules.get(("kind", kind), {}).items()):
        for n, (part, value) in enumerate(tally.means().items()):
            met = f"{tally.share:.0%} of {tally.applied}" if n == 0 else ""
            missed = f"{tally.failed[part]}" if tally.failed[part] else ""
            yield [rule if n == 0 else "", met, part, found.bounds[rule, part], f"{value:.2f}", missed]


def quality_rows(found: Measured) -> Iterator[list[str]]:
    columns = [name for name in kinds(found) if name != WEEK]
    names = dict.fromkeys(name for what in columns for name in found.numbers.get(("kind", what), {}))
    for name in names:
        values = [found.numbers.get(("kind", kind), {}).get(name) for kind in columns]
        yield [name, *(f"{mean(v):.2f}" if v else "" for v in values)]


def worst_rows(found: Measured) -> Iterator[list[str]]:
    for entry in found.worst:
        asked, person = entry["request"]["request"], entry["request"]["profile"]
        who = [
            person["level"],
            str(person["age"]),
            *person.get("conditions", []),
            *person.get("constraints", []),
        ]
        failed = "; ".join(f"{f['rule']} {f['part']} {f['value']:g} ({f['bound']})" for f in entry["failed"])
        yield [asked["kind"], str(asked["activity"]), str(asked["budget_s"] // 60), ", ".join(who), failed]


def activity_cells(found: Measured) -> tuple[list[str], list[str], dict[tuple[str, str], float]]:
    """Rules that some activity misses, activities, and the share met by (activity, rule).

    F04 and F09 were measured on one week of each activity: there it is the share of muscles, their first part.
    """
    tallies: dict[str, dict[str, Tally]] = {
        name: t for (what, name), t in found.rules.items() if what == "activity"
    }
    rules = sorted({rule for t in tallies.values() for rule in t if t[rule].share < 1})
    cells = {(name, rule): _cell(rule, t[rule]) for name, t in tallies.items() for rule in rules if rule in t}
    return rules, sorted(tallies), cells


def _cell(rule: str, tally: Tally) -> float:
    return next(iter(tally.means().values())) if rule in {"F04", "F09"} else tally.share


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in [header, *rows]]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])


RULE_HEADER = ("rule", "met", "part", "bound", "mean", "missed")
WORST_HEADER = ("kind", "activity", "min", "person", "missed")


def sections(found: Measured) -> Iterator[tuple[str, Sequence[str], list[list[str]]]]:
    """Title, header, rows of every table."""
    for kind in kinds(found):
        yield f"Score rules: {kind}", RULE_HEADER, list(rule_rows(found, kind))
    columns = [name for name in kinds(found) if name != WEEK]
    yield "What no rule asks for (means)", ("", *columns), list(quality_rows(found))
    uncovered = [
        [activity, ", ".join(f"{code} {n}" for code, n in counts.most_common())]
        for (_, activity), counts in sorted(found.uncovered.items())
    ]
    yield "W10: demanded most and not answered (times)", ("activity", "codes"), uncovered
    yield "The worst requests, one of a kind and activity", WORST_HEADER, list(worst_rows(found))


def text(found: Measured) -> str:
    """Everything for a terminal."""
    lines = [opening(found)]
    for title, header, rows in sections(found):
        lines += ["", title, "", plain_table(header, rows) if rows else "none"]
    return "\n".join(lines)


def opening(found: Measured) -> str:
    return f"{found.routines} routines measured, {len(found.refused)} requests refused. Simulation only."


def markdown(found: Measured, picture: str) -> str:
    """The same for the documentation, with the heat map by file name."""
    lines = ["# Score rules, measured", "", opening(found), "", f"![{TITLE}]({picture})"]
    for title, header, rows in sections(found):
        lines += ["", f"## {title}", "", markdown_table(header, rows) if rows else "None."]
    return "\n".join(lines) + "\n"


def picture(found: Measured) -> str:
    rules, activities, cells = activity_cells(found)
    return heatmap(TITLE, rules, activities, cells, HINT)


def data(found: Measured) -> dict[str, Any]:
    """Everything as JSON values."""
    return {
        "routines": found.routines,
        "refused": found.refused,
        "rules": [
            {
                "by": what, "name": name, "rule": rule, "applies": tally.applied, "met": tally.met,
                "means": {part: round(value, 4) for part, value in tally.means().items()},
                "missed": dict(tally.failed),
            }
            for (what, name), tallies in sorted(found.rules.items())
            for rule, tally in sorted(tallies.items())
        ],
        "bounds": [{"rule": r, "part": p, "bound": b} for (r, p), b in sorted(found.bounds.items())],
        "quality": [
            {"by": what, "name": name, "means": {n: round(mean(v), 4) for n, v in numbers.items()}}
            for (what, name), numbers in sorted(found.numbers.items())
        ],
        "uncovered": {activity: dict(counts) for (_, activity), counts in sorted(found.uncovered.items())},
        "worst": found.worst,
    }  # fmt: skip


def write(found: Measured, folder: Path) -> list[Path]:
    """measures.json, measures.md and measures.svg in the folder. Returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "measures.json": json.dumps(data(found), indent=1) + "\n",
        "measures.md": markdown(found, "measures.svg"),
        "measures.svg": picture(found),
    }
    for name, body in files.items():
        (folder / name).write_text(body, encoding="utf-8")
    return [folder / name for name in files]
