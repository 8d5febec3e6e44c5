"""Rows of results: plain dictionaries, printed as JSON lines for programs or as tables for people."""

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]

QUIET_LOAD = 0.7
_AIMS = [("aim", "aim"), ("limit", "wanted"), ("value", "measured"), ("verdict", "")]


class BenchError(Exception):
    """The bench cannot go on, or what it would time is wrong; the message is for a person."""


def say(text: str) -> None:
    """Progress, for whoever watches: on stderr, so that the results can be piped."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def machine() -> Row:
    """What the numbers depend on: cores, load average as the bench starts, versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0]
    return {
        "bench": "machine", "row": "machine", "cores": cores, "load_1min": round(load, 2),
        "quiet": load < QUIET_LOAD, "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }  # fmt: skip


def aim(name: str, value: float, unit: str, *, least: float | None = None, most: float | None = None) -> Row:
    """A row that compares a measurement with what the project wants; a missed aim is only shown."""
    met = value >= least if least is not None else most is not None and value <= most
    return {
        "bench": "aim", "row": name, "value": value, "unit": unit, "least": least, "most": most, "met": met,
    }  # fmt: skip


def shown(value: object) -> str:
    """A cell: numbers with three or four digits that mean something, thousands apart; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[tuple[str, str]]) -> str:
    """Rows as text under (key, title) columns; numbers to the right. A key that a row lacks stays empty."""
    held = list(rows)
    cells = [[title for _, title in columns], *([shown(row.get(key)) for key, _ in columns] for row in held)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    right = [any(isinstance(row.get(key), int | float) for row in held) for key, _ in columns]
    lines = [
        "  ".join(
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def json_lines(rows: Iterable[Row]) -> str:
    """One JSON object a line; floats to four digits that mean something."""
    return "\n".join(
        json.dumps({key: float(f"{v:.4g}") if isinstance(v, float) else v for key, v in row.items()})
        for row in rows
    )


def machine_line(row: Row) -> str:
    """The machine in one line."""
    quiet = "quiet" if row["quiet"] else "NOT quiet: trust the ratios more than the times"
    cores, load = row["cores"], row["load_1min"]
    return (
        f"{cores} cores, load average {load} at the start ({quiet}); {row['system']}, Python {row['python']}"
    )


def aims_table(rows: Iterable[Row]) -> str:
    """The aims and whether they were met."""
    lines = []
    for row in rows:
        sign, bound = ("≥", row["least"]) if row["least"] is not None else ("≤", row["most"])
        unit = f" {row['unit']}" if row["unit"] else ""
        lines.append(
            {
                "aim": row["row"],
                "limit": f"{sign} {shown(bound)}{unit}",
                "value": f"{shown(row['value'])}{unit}",
                "verdict": "met" if row["met"] else "MISSED",
            }
        )
    return table(lines, _AIMS)
