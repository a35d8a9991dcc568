"""Plots as SVG texts for a page without scripts: readable small, in light and dark, by ear too.

Colours are variables of the page. Every plot has a title and a description with its numbers, and
numbers stand in the plot as text where they matter.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

WIDTH, _LEFT, _RIGHT = 860, 44, 12


def stacked(
    title: str, columns: Sequence[tuple[str, Mapping[str, int]]], colours: Mapping[str, str]
) -> str:
    """Columns over time, each stacked from parts: `(label, part -> count)`."""
    height, top, bottom = 220, 14, 34
    most = max((sum(parts.values()) for _, parts in columns), default=0) or 1
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(columns))
    scale = (height - top - bottom) / most
    body = _grid(most, height, top, bottom, "")
    every = max(1, round(len(columns) / 10))
    for index, (label, parts) in enumerate(columns):
        x, y = _LEFT + index * step, float(height - bottom)
        words = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in parts.items() if n)
        rects = ""
        for name, colour in colours.items():
            n = parts.get(name, 0)
            if n:
                y -= n * scale
                rects += (
                    f"<rect x='{x + step * 0.1:.1f}' y='{y:.1f}' width='{step * 0.8:.1f}'"
                    f" height='{n * scale:.1f}' fill='{colour}'/>"
                )
        body += f"<g><title>{html.escape(f'{label}: {words}')}</title>{rects}</g>"
        if index % every == 0:
            body += _text(x + step / 2, height - bottom + 16, label, "middle")
    said = "; ".join(f"{label}: {sum(parts.values())}" for label, parts in columns)
    return _svg(title, said, height, body)


def line(title: str, points: Sequence[tuple[str, float | None, int]], unit: str = "%") -> str:
    """A share over time: `(label, 0 to 100 or None, weight)`; larger dots say more."""
    height, top, bottom = 180, 14, 34
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(points))
    body = _grid(100, height, top, bottom, f" {unit}")
    most = max((weight for _, _, weight in points), default=1) or 1
    every = max(1, round(len(points) / 10))
    way: list[str] = []
    dots = ""
    for index, (label, value, weight) in enumerate(points):
        x = _LEFT + (index + 0.5) * step
        if index % every == 0:
            body += _text(x, height - bottom + 16, label, "middle")
        if value is None:
            continue
        y = height - bottom - value / 100 * (height - top - bottom)
        way.append(f"{x:.1f},{y:.1f}")
        radius = 2.5 + 3.5 * (weight / most) ** 0.5
        told = html.escape(f"{label}: {value:.0f} {unit} of {weight}")
        dots += (
            f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius:.1f}' fill='var(--edited)'>"
            f"<title>{told}</title></circle>"
        )
    if len(way) > 1:
        body += (
            f"<polyline points='{' '.join(way)}' fill='none' stroke='var(--edited)'"
            " stroke-width='2'/>"
        )
    said = "; ".join(f"{label}: {v:.0f} {unit}" for label, v, _ in points if v is not None)
    return _svg(title, said, height, body + dots)


def ranges(title: str, rows: Sequence[tuple[str, float, float, float, int]]) -> str:
    """Times on a logarithmic axis: `(name, median, 95th percentile, longest, n)` in seconds."""
    name_width, row_height, top = 150, 26, 24
    height = top + row_height * len(rows) + 8
    low = min((median for _, median, *_ in rows), default=0.001)
    low, high = max(1e-4, min(low, 0.01)), max((longest for *_, longest, _ in rows), default=1.0)
    decades = _decades(low, max(high, low * 10))
    span = (WIDTH - name_width - 130) / (len(decades) - 1)

    def at(seconds: float) -> float:
        return name_width + span * (math.log10(max(seconds, decades[0])) - math.log10(decades[0]))

    body = ""
    for seconds in decades:
        x = at(seconds)
        body += f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{top - 6}' y2='{height - 6}' class='grid'/>"
        body += _text(x, top - 10, _seconds(seconds), "middle")
    for index, (name, median, p95, longest, n) in enumerate(rows):
        y = top + index * row_height + row_height / 2
        body += _text(name_width - 8, y + 4, name[:22], "end", "fg")
        body += (
            f"<g><title>{html.escape(name)}: median {_seconds(median)}, 95 % within"
            f" {_seconds(p95)}, longest {_seconds(longest)}, {n} measured</title>"
            f"<line x1='{at(median):.1f}' x2='{at(longest):.1f}' y1='{y:.1f}' y2='{y:.1f}'"
            " stroke='var(--expired)' stroke-width='2'/>"
            f"<rect x='{at(median):.1f}' y='{y - 5:.1f}' height='10' rx='2' fill='var(--edited)'"
            f" width='{max(2.0, at(p95) - at(median)):.1f}'/></g>"
        )
        body += _text(WIDTH - 4, y + 4, f"{_seconds(median)} · {_seconds(p95)}", "end", "fg")
    said = "; ".join(
        f"{name}: median {_seconds(m)}, p95 {_seconds(p)}" for name, m, p, _, _ in rows
    )
    return _svg(title, said, height, body)


def bars(title: str, rows: Sequence[tuple[str, float, str]], colour: str = "var(--kept)") -> str:
    """Horizontal bars: `(name, value, the value in words)`."""
    name_width, row_height = 150, 24
    height = row_height * len(rows) + 8
    most = max((value for _, value, _ in rows), default=0.0) or 1.0
    body = ""
    for index, (name, value, words) in enumerate(rows):
        y = index * row_height + row_height / 2
        width = (WIDTH - name_width - 260) * value / most
        body += _text(name_width - 8, y + 8, name[:22], "end", "fg")
        body += (
            f"<rect x='{name_width}' y='{y - 4:.1f}' height='16' rx='2'"
            f" width='{max(1.0, width):.1f}' fill='{colour}'/>"
        )
        body += _text(name_width + width + 8, y + 8, words, "start", "fg")
    return _svg(title, "; ".join(f"{name}: {words}" for name, _, words in rows), height, body)


def _grid(most: int, height: int, top: int, bottom: int, unit: str) -> str:
    body = ""
    for share in (0.0, 0.5, 1.0):
        y = height - bottom - share * (height - top - bottom)
        body += f"<line x1='{_LEFT}' x2='{WIDTH - _RIGHT}' y1='{y:.1f}' y2='{y:.1f}' class='grid'/>"
        body += _text(_LEFT - 6, y + 4, f"{round(most * share):,}{unit}", "end")
    return body


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _seconds(value: float) -> str:
    if value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.3g} s" if value < 120 else f"{value / 60:.3g} min"


def _text(x: float, y: float, words: str, anchor: str, kind: str = "dim") -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' class='{kind}'>"
        f"{html.escape(words)}</text>"
    )


def _svg(title: str, description: str, height: float, body: str) -> str:
    return (
        f"<svg class='plot' viewBox='0 0 {WIDTH} {height:.0f}' role='img'>"
        f"<title>{html.escape(title)}</title><desc>{html.escape(description[:2000])}</desc>"
        f"{body}</svg>"
    )
