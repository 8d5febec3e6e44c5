"""A routine for a terminal: what to do, how long, why, and what was left out."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping
from typing import Any

from model_export.encode import Catalog

HEADER = ("phase", "exercise", "dose", "side", "why")


def clock(seconds: int) -> str:
    """718 -> 11:58"""
    return f"{seconds // 60}:{seconds % 60:02d}"


def dose(item: Mapping[str, Any]) -> str:
    """`2 x 30 s` or `12 reps (36 s)`."""
    work = (
        f"{item['reps']} reps ({item['work_s_per_side']} s)"
        if item["reps"]
        else f"{item['work_s_per_side']} s"
    )
    return f"{item['sets']} x {work}" if item["sets"] > 1 else work


def routine_text(routine: Mapping[str, Any], catalog: Catalog, width: int | None = None) -> str:
    """The whole answer as text; `width` columns, by default the terminal's."""
    width = width or min(shutil.get_terminal_size((110, 24)).columns, 140)
    labels = catalog.vocabulary["warnings"]
    names = {exercise["slug"]: exercise["name"] for exercise in catalog.exercises}
    lines = []
    if routine["status"] == "refer":
        lines.append("No routine: please get care first.")
    for code in routine["warnings"]:
        lines.append(f"! {labels.get(code, {}).get('label', code)} ({code})")
    if routine["items"]:
        lines += [""] * bool(lines)
        lines += _table(routine, catalog, names, width)
    if routine["left_out"]:
        lines += ["", "Left out for you:"]
        lines += [f"  {names.get(e['slug'], e['slug'])} - {e['because']}" for e in routine["left_out"]]
    if routine["items"]:
        model = routine["model"].split(":")[-1][:12]
        lines += ["", f"Total {clock(routine['total_s'])} min. Model {model}, catalogue release {routine['catalog']}, "
                  f"seed {routine['seed']}."]  # fmt: skip
    return "\n".join(lines)


def _table(routine: Mapping[str, Any], catalog: Catalog, names: Mapping[str, str], width: int) -> list[str]:
    laterality = {exercise["slug"]: exercise["laterality"] for exercise in catalog.exercises}
    side = {"unilateral": "each side", "alternating": "in turns", "bilateral": "both"}
    rows = [
        (item["phase"], names[item["slug"]], dose(item), side[laterality[item["slug"]]],
         f"{item['reason']} [{', '.join(item['rules'])}]")
        for item in routine["items"]
    ]  # fmt: skip
    widths = [max(len(row[i]) for row in [HEADER, *rows]) for i in range(4)]
    rest = max(width - sum(widths) - 8, 30)
    lines = []
    for row in [HEADER, tuple("-" * w for w in [*widths, min(rest, 40)]), *rows]:
        wrapped = textwrap.wrap(row[4], rest) or [""]
        start = "  ".join(cell.ljust(w) for cell, w in zip(row[:4], widths, strict=True))
        lines.append(f"{start}  {wrapped[0]}")
        lines += [" " * (sum(widths) + 8) + more for more in wrapped[1:]]
    return lines
