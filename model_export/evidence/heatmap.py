"""A table of shares drawn as an SVG heat map that a person can read: every cell carries its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

CELL_W, CELL_H, LEFT, TOP, PAD = 46, 20, 150, 96, 12
LOW, MIDDLE, HIGH = (178, 58, 72), (244, 226, 170), (52, 122, 94)
"""Colours at 0, a half and 1: red, sand, green."""


def colour(share: float) -> str:
    """Hex colour of a share 0..1."""
    low, high, part = (LOW, MIDDLE, share * 2) if share < 0.5 else (MIDDLE, HIGH, share * 2 - 1)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(low, high, strict=True))


def ink(share: float) -> str:
    """Text that can be read on that colour."""
    return "#ffffff" if share < 0.22 or share > 0.8 else "#22282b"


def heatmap(
    title: str, columns: Sequence[str], rows: Sequence[str], cells: Mapping[tuple[str, str], float], hint: str
) -> str:
    """SVG text; `cells` by (row, column) with shares 0..1, blank where there is none."""
    width = LEFT + CELL_W * len(columns) + PAD
    height = TOP + CELL_H * len(rows) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{PAD}" y="24" font-size="15" font-weight="600" fill="#22282b">{escape(title)}</text>',
        f'<text x="{PAD}" y="42" fill="#5b6468">{escape(hint)}</text>',
    ]
    for c, column in enumerate(columns):
        x = LEFT + c * CELL_W + CELL_W / 2
        parts.append(
            f'<text x="{x}" y="{TOP - 8}" text-anchor="middle" font-weight="600" fill="#22282b">{escape(column)}</text>'
        )
    for r, name in enumerate(rows):
        y = TOP + r * CELL_H
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end" fill="#22282b">{escape(name)}</text>'
        )
        for c, column in enumerate(columns):
            share = cells.get((name, column))
            x = LEFT + c * CELL_W
            if share is None:
                parts.append(
                    f'<rect x="{x + 1}" y="{y + 1}" width="{CELL_W - 2}" height="{CELL_H - 2}" fill="#f3f4f4"/>'
                )
                continue
            parts.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{CELL_W - 2}" height="{CELL_H - 2}" fill="{colour(share)}">'
                f"<title>{escape(name)}, {escape(column)}: {share:.0%}</title></rect>"
                f'<text x="{x + CELL_W / 2}" y="{y + 14}" text-anchor="middle" fill="{ink(share)}">{share:.0%}</text>'
            )
    parts.append(_legend(LEFT, TOP + CELL_H * len(rows) + 12))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _legend(x: int, y: int) -> str:
    steps = [
        f'<rect x="{x + 40 + n * 14}" y="{y}" width="14" height="12" fill="{colour(n / 10)}"/>'
        for n in range(11)
    ]
    return (
        f'<text x="{x}" y="{y + 10}" fill="#5b6468">0 %</text>{"".join(steps)}'
        f'<text x="{x + 202}" y="{y + 10}" fill="#5b6468">100 % of routines</text>'
    )
