"""Plots as SVG, by hand: no library, no script, colours from the page's CSS variables so that dark mode is one rule.

Every plot has a title and a description for those who cannot see it, and the page gives its numbers in a table beside
it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """A drawing area of width x height pixels with margins, and the data ranges shown in it."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    left: int = 46
    right: int = 12
    top: int = 12
    bottom: int = 32

    def at(self, x: float, y: float) -> Point:
        (x0, x1), (y0, y1) = self.x, self.y
        across = (x - x0) / (x1 - x0 or 1)
        up = (y - y0) / (y1 - y0 or 1)
        return (
            self.left + across * (self.width - self.left - self.right),
            self.height - self.bottom - up * (self.height - self.top - self.bottom),
        )


def picture(width: int, height: int, title: str, description: str, parts: Sequence[str], name: str) -> str:
    """A whole SVG. `name` makes the ids of title and description unique in the page."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-t {name}-d" class="plot" '
        f'style="max-width:{width}px">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
        + "".join(parts)
        + "</svg>"
    )


def text(x: float, y: float, content: str, *, anchor: str = "middle", kind: str = "tick") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(content)}</text>'


def line(a: Point, b: Point, kind: str) -> str:
    return f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" class="{kind}"/>'


def polyline(points: Sequence[Point], kind: str) -> str:
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{kind}"/>'


def dot(at: Point, radius: float, kind: str) -> str:
    return f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}" class="{kind}"/>'


def box(x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> str:
    inner = f"<title>{escape(tip)}</title>" if tip else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{max(height, 0.5):.1f}" '
        f'rx="2" class="{kind}">{inner}</rect>'
    )


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from low to high, about `count` of them."""
    if high <= low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(base * power for base in (1, 2, 5, 10) if base * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 9) for i in range(first, last + 1)]


def axes(
    frame: Frame, x_label: str = "", x_ticks: Sequence[float] | None = None, digits: int = 2
) -> list[str]:
    """Horizontal grid lines with figures, figures below, a label in the corner."""
    parts = []
    for value in ticks(*frame.y):
        x, y = frame.at(frame.x[0], value)
        parts.append(line((x, y), (frame.at(frame.x[1], value)[0], y), "grid"))
        parts.append(text(x - 6, y + 4, f"{value:.{digits}f}", anchor="end"))
    for value in ticks(*frame.x) if x_ticks is None else x_ticks:
        x, y = frame.at(value, frame.y[0])
        parts.append(text(x, y + 16, f"{value:g}"))
    if x_label:
        parts.append(text(frame.width - frame.right, frame.height - 3, x_label, anchor="end", kind="label"))
    return parts


def around(values: Sequence[float], least: float = 0.02) -> tuple[float, float]:
    """A range that shows all values with some air, never narrower than `least`."""
    low, high = min(values), max(values)
    air = max((high - low) * 0.12, least / 2)
    return low - air, high + air


def curves(
    series: Mapping[str, Sequence[float]], title: str, description: str, name: str, y: tuple[float, float]
) -> str:
    """Lines over 1, 2, 3, …; the class of each line is its name."""
    longest = max(len(values) for values in series.values())
    frame = Frame(300, 190, (1, max(longest, 2)), y, left=40)
    parts = axes(frame, "session", [n for n in (1, 5, 10, 15, 20, 30, 40) if n <= longest])
    for key, values in series.items():
        parts.append(polyline([frame.at(i, v) for i, v in enumerate(values, start=1)], f"line {key}"))
    return picture(300, 190, title, description, parts, name)


def forest(rows: Sequence[tuple[str, float, float, float]], title: str, description: str, name: str) -> str:
    """(label, value, low, high) each: a dot with its interval, and a line at zero."""
    height = 34 + 24 * len(rows)
    numbers = [n for row in rows for n in row[1:]]
    low, high = around([*numbers, 0.0], 0.01)
    frame = Frame(640, height, (low, high), (0, len(rows)), left=190, top=6, bottom=28)
    parts = []
    for value in ticks(low, high, 6):
        top, bottom = frame.at(value, len(rows)), frame.at(value, 0)
        parts += [
            line(top, bottom, "grid"),
            text(bottom[0], bottom[1] + 16, f"{value:+.3f}" if value else "0"),
        ]
    parts.append(line(frame.at(0, len(rows)), frame.at(0, 0), "zero"))
    for place, (label, value, lowest, highest) in enumerate(rows):
        y = len(rows) - place - 0.5
        kind = "better" if lowest > 0 else "worse" if highest < 0 else "even"
        at = frame.at(value, y)
        parts += [
            text(frame.left - 8, at[1] + 4, label, anchor="end", kind="name"),
            line(frame.at(lowest, y), frame.at(highest, y), f"span {kind}"),
            dot(at, 5, kind),
        ]
    return picture(640, height, title, description, parts, name)


def bars(rows: Sequence[tuple[str, float]], title: str, description: str, name: str, unit: str) -> str:
    """(label, value >= 0) each, as horizontal bars with their figures."""
    height = 10 + 26 * len(rows)
    most = max((value for _, value in rows), default=1) or 1
    parts = []
    for place, (label, value) in enumerate(rows):
        y = 6 + 26 * place
        width = 360 * value / most
        parts += [
            text(182, y + 15, label, anchor="end", kind="name"),
            box(190, y, width, 18, "bar"),
            text(196 + width, y + 14, f"{value:.1f} {unit}", anchor="start"),
        ]
    return picture(640, height, title, description, parts, name)


def calibration(curve: Sequence[tuple[float, float, int]], title: str, description: str, name: str) -> str:
    """Observed over predicted with the diagonal, a dot a bin."""
    low, high = around([value for p, o, _ in curve for value in (p, o)], 0.1)
    low, high = max(low, 0.0), min(high, 1.0)
    frame = Frame(420, 320, (low, high), (low, high))
    parts = axes(frame, "predicted chance")
    parts.append(line(frame.at(low, low), frame.at(high, high), "zero"))
    points = [frame.at(p, o) for p, o, _ in curve]
    parts.append(polyline(points, "line model"))
    parts += [dot(point, 4, "model") for point in points]
    return picture(420, 320, title, description, parts, name)


def timeline(
    items: Sequence[tuple[str, str, float, float]], total: float, title: str, description: str, name: str
) -> str:
    """(slug, phase, seconds, MET) each, side by side: width is time, height is intensity, the class is the phase."""
    frame = Frame(900, 150, (0, total), (0, 8), left=34, bottom=26)
    parts = [text(28, frame.at(0, met)[1] + 4, str(met), anchor="end") for met in (2, 4, 6, 8)]
    parts += [line(frame.at(0, met), frame.at(total, met), "grid") for met in (2, 4, 6, 8)]
    at = 0.0
    for place, (slug, phase, seconds, met) in enumerate(items, start=1):
        x, y = frame.at(at, min(met, 8))
        end, ground = frame.at(at + seconds, 0)
        parts.append(
            box(
                x + 0.5, y, end - x - 1, ground - y, f"phase {phase}", f"{slug}: {seconds:.0f} s, {met:g} MET"
            )
        )
        if end - x > 16:
            parts.append(text((x + end) / 2, ground - 5, str(place), kind="count"))
        at += seconds
    every = 60 if total <= 600 else 120 if total <= 1200 else 300
    for second in range(0, int(total) + 1, every):
        x, y = frame.at(second, 0)
        parts.append(text(x, y + 16, f"{second // 60} min"))
    return picture(900, 150, title, description, parts, name)
