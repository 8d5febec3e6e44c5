"""How the time of a routine grows with the catalogue: a table of times and ratios, and a small plot in text."""

import math
from collections.abc import Sequence

from bench_lib.report import Row, shown, table

HEIGHT, WIDTH = 16, 64
MARKS = "ABCDEFGHIJKLMNOP"


def text(rows: Sequence[Row]) -> str:
    """Table and plot of growth rows (bench `growth`); nothing for a single size."""
    sizes = sorted({row["items"] for row in rows})
    if len(sizes) < 2:
        return ""
    return f"{times(rows, sizes)}\n\n{plot(rows, sizes)}"


def times(rows: Sequence[Row], sizes: Sequence[int]) -> str:
    """A line for each way: p50 at each size, the ratio to the smallest in brackets, and the power it grows with."""
    lines = []
    for mark, name in zip(MARKS, dict.fromkeys(row["row"] for row in rows), strict=False):
        own = {row["items"]: row for row in rows if row["row"] == name}
        cells = {f"at{n}": f"{shown(own[n]['p50_ms'])} ({own[n]['ratio_to_least']:.1f})" for n in sizes}
        lines.append({"mark": mark, "row": name, **cells, "power": power(own, sizes)})
    columns = [("mark", ""), ("row", "p50 ms (ratio)"), *((f"at{n}", f"{n:,} items") for n in sizes)]
    return table(lines, [*columns, ("power", "last power")])


def power(own: dict[int, Row], sizes: Sequence[int]) -> str:
    """k of time ~ items^k between the two largest sizes."""
    one, two = sizes[-2:]
    return f"{math.log(own[two]['p50_ms'] / own[one]['p50_ms']) / math.log(two / one):.2f}"


def plot(rows: Sequence[Row], sizes: Sequence[int]) -> str:
    """Times over sizes, both axes logarithmic; the letters are the table's, `*` stands for several."""
    values = [row["p50_ms"] for row in rows]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    left, right = math.log10(sizes[0]), math.log10(sizes[-1])
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    for mark, name in zip(MARKS, dict.fromkeys(row["row"] for row in rows), strict=False):
        for row in (row for row in rows if row["row"] == name):
            across = round((math.log10(row["items"]) - left) / (right - left) * (WIDTH - 1))
            up = round((math.log10(row["p50_ms"]) - low) / (high - low) * (HEIGHT - 1))
            cell = grid[HEIGHT - 1 - up]
            cell[across] = mark if cell[across] in (" ", mark) else "*"
    labels = {
        HEIGHT - 1 - round(n / (high - low) * (HEIGHT - 1)): f"{10.0 ** (low + n):,g} ms"
        for n in range(high - low + 1)
    }
    lines = [f"{labels.get(i, ''):>10} |{''.join(cells)}".rstrip() for i, cells in enumerate(grid)]
    ticks = [" "] * (WIDTH + 8)
    for size in sizes:
        at = round((math.log10(size) - left) / (right - left) * (WIDTH - 1))
        word = f"{size:,}"
        start = min(max(at - len(word) // 2, 0), len(ticks) - len(word))
        ticks[start : start + len(word)] = word
    return "\n".join([*lines, f"{'':>10} +{'-' * WIDTH}", f"{'':>12}{''.join(ticks).rstrip()} items"])
