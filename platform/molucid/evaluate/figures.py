"""Inline SVG charts of an evaluation: means with intervals, accuracy by k, distribution of similarity.

Colours, line styles and fonts come from the page's style sheet by class: series `s0`, `s1`, … in the order of the
systems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from molucid.evaluate.bootstrap import FloatArray, Interval

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 40


@dataclass(frozen=True, slots=True)
class Frame:
    """A plot area with linear axes.

    Attributes:
        width_px: width of the drawing.
        height_px: height of the drawing.
        x_range: values at the left and right edge of the plot area.
        y_range: values at its lower and upper edge.
    """

    width_px: int
    height_px: int
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Convert a value to a horizontal place in px."""
        low, high = self.x_range
        return _LEFT + (value - low) / (high - low) * (self.width_px - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Convert a value to a vertical place in px, from the top."""
        low, high = self.y_range
        return self.height_px - _BOTTOM - (value - low) / (high - low) * (self.height_px - _TOP - _BOTTOM)

    def drawing(self, label: str, parts: Sequence[str], x_title: str, y_title: str) -> Markup:
        """Put `parts` into a drawing with y axis, grid, titles and a description for screen readers."""
        low, high = self.y_range
        step = _step(high - low)
        left, right = _LEFT, self.width_px - _RIGHT
        axis = []
        for tick in np.arange(low, high + step / 2, step):
            y = self.y(float(tick))
            axis.append(f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
            axis.append(f'<text class="tick y" x="{left - 6}" y="{y + 3.5:.1f}">{float(tick):g}</text>')
        middle = (self.height_px - _BOTTOM + _TOP) / 2
        titles = (
            f'<text class="title" x="{(left + right) / 2:.0f}" y="{self.height_px - 6}">'
            f"{escape(x_title)}</text>"
            f'<text class="title" transform="translate(11 {middle:.0f}) rotate(-90)">{escape(y_title)}</text>'
        )
        size = f'width="{self.width_px}" height="{self.height_px}"'
        opening = (
            f'<svg class="chart" viewBox="0 0 {self.width_px} {self.height_px}" {size} role="img" '
            f'aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">'
        )
        # Every text of the input has gone through `escape`; the rest is numbers.
        return Markup(opening + "".join(axis) + "".join(parts) + titles + "</svg>")  # noqa: S704


def interval_chart(
    strata: Sequence[str],
    series: Sequence[Sequence[Interval | None]],
    names: Sequence[str],
    y_title: str,
    width_px: int = 660,
    height_px: int = 260,
) -> Markup:
    """Draw points with error bars, one group per stratum and one series per system.

    Args:
        strata: names along the x axis.
        series: per system one interval per stratum; `None` where it has none.
        names: per system its name, shown as tooltip.
        y_title: title of the y axis with its unit.
        width_px: width of the drawing.
        height_px: height of the drawing.
    """
    top = max((i.high for row in series for i in row if i is not None), default=1.0)
    frame = Frame(width_px, height_px, (0.0, float(len(strata))), (0.0, ceiling(top)))
    parts = []
    for j, stratum in enumerate(strata):
        x = frame.x(j + 0.5)
        parts.append(f'<text class="tick" x="{x:.1f}" y="{frame.y(0) + 15:.1f}">{escape(stratum)}</text>')
    for s, row in enumerate(series):
        offset = (s + 1) / (len(series) + 1)
        for j, interval in enumerate(row):
            if interval is None:
                continue
            x = frame.x(j + 0.2 + 0.6 * offset)
            low, mean, high = (frame.y(v) for v in (interval.low, interval.mean, interval.high))
            text = f"{names[s]}, {strata[j]}: {interval.mean:.4g} ({interval.low:.4g} to {interval.high:.4g})"
            parts.append(
                f'<g class="s{s}"><title>{escape(text)}</title>'
                f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}"/>'
                f'<circle cx="{x:.1f}" cy="{mean:.1f}" r="4"/></g>'
            )
    return frame.drawing(f"{y_title} by stratum", parts, "", y_title)


def width_for(num_marks: int) -> int:
    """Width in px of a chart with so many marks side by side: what they need, within the width of the page."""
    return max(660, min(1120, _LEFT + _RIGHT + 12 * num_marks))


def curve(series: int, name: str, points: str) -> str:
    """Draw a line of one series with its name as tooltip, on a broad unseen line that a pointer meets easily."""
    return (
        f'<g class="s{series}"><title>{escape(name)}</title><polyline points="{points}"/>'
        f'<polyline class="near" points="{points}"/></g>'
    )


def accuracy_curves(
    match_ranks: Sequence[Sequence[int | None]],
    max_k: int,
    names: Sequence[str],
    width_px: int = 320,
    height_px: int = 240,
) -> Markup:
    """Draw the share of spectra whose truth is among the first k, for k = 1 … `max_k`; a curve per named system."""
    curves = [
        [sum(rank is not None and rank <= k for rank in ranks) / len(ranks) for k in range(1, max_k + 1)]
        for ranks in match_ranks
    ]
    top = ceiling(max(max(shares) for shares in curves))
    frame = Frame(width_px, height_px, (1.0, float(max(max_k, 2))), (0.0, top))
    parts = [
        f'<text class="tick" x="{frame.x(k):.1f}" y="{frame.y(0) + 15:.1f}">{k}</text>'
        for k in range(1, max_k + 1, max(1, max_k // 10))
    ]
    for s, shares in enumerate(curves):
        points = " ".join(f"{frame.x(k):.1f},{frame.y(share):.1f}" for k, share in enumerate(shares, start=1))
        ends = ", ".join(f"k = {k}: {100 * shares[k - 1]:.1f} %" for k in dict.fromkeys((1, max_k)))
        parts.append(curve(s, f"{names[s]}, {ends}", points))
    return frame.drawing("Accuracy by k", parts, "k (first k candidates)", "share with the true structure")


def similarity_curves(
    values: Sequence[FloatArray], names: Sequence[str], width_px: int = 320, height_px: int = 240
) -> Markup:
    """Draw the share of spectra that reach at least a Tanimoto similarity; a falling curve per named system."""
    frame = Frame(width_px, height_px, (0.0, 1.0), (0.0, 1.0))
    grid = np.linspace(0, 1, 101)
    parts = [
        f'<text class="tick" x="{frame.x(tick):.1f}" y="{frame.y(0) + 15:.1f}">{tick:g}</text>'
        for tick in (0, 0.2, 0.4, 0.6, 0.8, 1)
    ]
    for s, column in enumerate(values):
        points = " ".join(f"{frame.x(t):.1f},{frame.y(float((column >= t - 1e-9).mean())):.1f}" for t in grid)
        parts.append(curve(s, f"{names[s]}, mean {float(column.mean()):.3f}", points))
    return frame.drawing(
        "Distribution of similarity", parts, "Tanimoto similarity", "share of spectra at or above"
    )


def _step(span: float) -> float:
    """Choose a tick step of 1, 2 or 5 times a power of ten that gives at most six ticks."""
    power = 10.0 ** np.floor(np.log10(span / 5))
    return float(next(power * m for m in (1, 2, 5, 10) if span / (power * m) <= 5.0001))


def ceiling(value: float) -> float:
    """Round up to the next tick, so that the highest mark lies inside; at least a small positive range."""
    value = max(value, 0.01)
    step = _step(value)
    return float(np.ceil(value / step - 1e-9) * step)
