"""Inline SVG charts of multi-spectral evaluations: training, protocols, failures, relative performance, fragments.

Colours come from the page's style sheet by class: series `s0`, `s1`, … in the order of the systems, protocols `p-…`,
outcomes `o-…` and sets of molecules `m-…` by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from molucid.evaluate.bootstrap import Interval
from molucid.evaluate.failures import OUTCOMES, Outcome
from molucid.evaluate.figures import Frame, ceiling, curve
from molucid.evaluate.fragments import FREQUENCY_EDGES, FragmentMetrics, frequency_name
from molucid.evaluate.protocols import PROTOCOLS, Protocol
from molucid.evaluate.training_overlap import TrainingOverlap

_ROW_PX = 30
_MIN_LABEL_PX = 34
"""Narrowest part of a bar that has room for its percentage."""

_MIN_NUMBER_PX = 21
"""Narrowest bar that has room for its percentage without sign above it."""


def overlap_circles(overlap: TrainingOverlap, width_px: int = 340, height_px: int = 230) -> Markup:
    """Draw how many molecules are of the truth, of training or of both (top of the paper's figure 2).

    The circles are of one size whatever the numbers: true areas would hide a small truth in a large training set.
    """
    middle, radius, shift = width_px / 2, 92, 56
    y = height_px / 2 + 14
    parts = []
    for name, side, number in (("truth", -1, overlap.num_truth), ("training", 1, overlap.num_training)):
        x = middle + side * shift
        parts.append(f'<g class="m-{name}"><circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/></g>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="14">{name}: {number:,}</text>')
    numbers = (
        ("only truth", -1, overlap.num_only_truth),
        ("both", 0, overlap.num_both),
        ("only training", 1, overlap.num_only_training),
    )
    for name, side, number in numbers:
        x = middle + side * radius
        parts.append(f'<text class="number" x="{x:.1f}" y="{y:.1f}">{number:,}</text>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{y + 16:.1f}">{name}</text>')
    opening = (
        f'<svg class="chart" viewBox="0 0 {width_px} {height_px}" width="{width_px}" height="{height_px}" role="img" '
        'aria-label="Molecules of truth and training" xmlns="http://www.w3.org/2000/svg">'
    )
    # Nothing of the input but numbers.
    return Markup(opening + "".join(parts) + "</svg>")  # noqa: S704


def element_bars(overlap: TrainingOverlap, height_px: int = 230) -> Markup:
    """Draw the share of molecules of truth and training that hold each element (bottom of the paper's figure 2)."""
    elements = overlap.elements
    # At most what the page leaves beside the circles.
    width_px = min(776, max(340, 60 + 56 * len(elements)))
    frame = Frame(width_px, height_px, (0.0, float(len(elements))), (0.0, 100.0))
    parts = []
    for j, element in enumerate(elements):
        parts.append(_tick(frame.x(j + 0.5), frame, element))
        sets = (
            ("truth", overlap.share_of_truth(element), overlap.truth_with, overlap.num_truth),
            ("training", overlap.share_of_training(element), overlap.training_with, overlap.num_training),
        )
        for s, (name, share, having, number) in enumerate(sets):
            left, right = frame.x(j + 0.04 + 0.46 * s), frame.x(j + 0.04 + 0.46 * (s + 1)) - 1
            percent = 100 * share
            text = f"{element}, {name}: {having.get(element, 0):,} of {number:,} molecules, {percent:.3g} %"
            parts.append(_bar(f"m-{name}", frame, left, right, percent, text))
            if right - left >= _MIN_NUMBER_PX:
                y = frame.y(percent) - 3
                parts.append(
                    f'<text class="tick" x="{(left + right) / 2:.1f}" y="{y:.1f}">{_short(percent)}</text>'
                )
    return frame.drawing("Molecules that hold an element", parts, "", "molecules that hold it, %")


def protocol_bars(
    shares: Mapping[Protocol, Sequence[Interval]],
    ks: Sequence[int],
    top: float,
    width_px: int = 320,
    height_px: int = 230,
) -> Markup:
    """Draw Top-k of one system by protocol, one group of bars per k (the paper's figure 7).

    Args:
        shares: protocol → per k the share of right answers.
        ks: the numbers k.
        top: largest share of all charts that stand side by side, for a common axis.
        width_px: width of the drawing.
        height_px: height of the drawing.
    """
    frame = Frame(width_px, height_px, (0.0, float(len(ks))), (0.0, ceiling(top)))
    parts = []
    for j, k in enumerate(ks):
        parts.append(_tick(frame.x(j + 0.5), frame, f"k = {k}"))
        for p, protocol in enumerate(PROTOCOLS):
            interval = shares[protocol][j]
            left, right = frame.x(j + 0.14 + 0.24 * p), frame.x(j + 0.14 + 0.24 * (p + 1)) - 1
            text = f"Top-{k} {protocol}: {_percent(interval)}"
            parts.append(_bar(f"p-{protocol}", frame, left, right, interval.mean, text))
            middle = (left + right) / 2
            low, high = frame.y(interval.low), frame.y(interval.high)
            parts.append(
                f'<line class="whisker" x1="{middle:.1f}" y1="{low:.1f}" x2="{middle:.1f}" y2="{high:.1f}"/>'
            )
    return frame.drawing("Top-k by protocol", parts, "", "share of right answers")


def outcome_bars(
    names: Sequence[str], shares: Sequence[Mapping[Outcome, Interval]], width_px: int = 660
) -> Markup:
    """Draw successes and categories of failure, one stacked bar per system (the paper's figure 8)."""
    label_px = min(240, 14 + 7 * max(len(name) for name in names))
    scale = width_px - label_px - 12
    height_px = _ROW_PX * len(names) + 30
    parts = []
    for row, (name, of_outcome) in enumerate(zip(names, shares, strict=True)):
        top, left = 6 + _ROW_PX * row, float(label_px)
        parts.append(f'<text class="tick y" x="{label_px - 8}" y="{top + 15}">{escape(_cut(name))}</text>')
        for outcome in OUTCOMES:
            interval = of_outcome[outcome]
            width = scale * interval.mean
            if width <= 0:
                continue
            title = escape(f"{name}, {outcome.replace('_', ' ')}: {_percent(interval)}")
            parts.append(
                f'<g class="o-{outcome}"><title>{title}</title>'
                f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_ROW_PX - 8}"/>'
            )
            if width >= _MIN_LABEL_PX:
                parts.append(
                    f'<text x="{left + width / 2:.1f}" y="{top + 15}">{100 * interval.mean:.0f} %</text>'
                )
            parts.append("</g>")
            left += width
    floor = 6 + _ROW_PX * len(names)
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = label_px + scale * tick
        anchor = ' style="text-anchor:end"' if tick == 1 else ""
        parts.append(f'<text class="tick" x="{x:.1f}" y="{floor + 12}"{anchor}>{100 * tick:g} %</text>')
    opening = (
        f'<svg class="chart" viewBox="0 0 {width_px} {height_px}" width="{width_px}" height="{height_px}" role="img" '
        'aria-label="Successes and failures by category" xmlns="http://www.w3.org/2000/svg">'
    )
    # Every text of the input has gone through `escape`; the rest is numbers.
    return Markup(opening + "".join(parts) + "</svg>")  # noqa: S704


def relative_bars(
    metrics: Sequence[str],
    ratios: Sequence[Sequence[float | None]],
    names: Sequence[str],
    width_px: int = 660,
    height_px: int = 270,
) -> Markup:
    """Draw performance relative to the reference, one group of bars per metric (the paper's figure 5).

    Args:
        metrics: titles along the x axis.
        ratios: per system, the reference first, one ratio per metric; `None` where there is no finite one.
        names: per system its name, shown as tooltip.
        width_px: width of the drawing.
        height_px: height of the drawing.
    """
    top = max([1.0, *(ratio for row in ratios for ratio in row if ratio is not None)])
    frame = Frame(width_px, height_px, (0.0, float(len(metrics))), (0.0, ceiling(top)))
    parts = []
    for j, metric in enumerate(metrics):
        parts.append(_tick(frame.x(j + 0.5), frame, metric))
    bar = 0.8 / len(ratios)
    for s, row in enumerate(ratios):
        for j, ratio in enumerate(row):
            if ratio is None:
                continue
            left, right = frame.x(j + 0.1 + bar * s), frame.x(j + 0.1 + bar * (s + 1)) - 1.5
            parts.append(_bar(f"s{s}", frame, left, right, ratio, f"{names[s]}, {metrics[j]}: {ratio:.3f}"))
            if right - left >= 24:
                y = frame.y(ratio) - 4
                parts.append(
                    f'<text class="tick" x="{(left + right) / 2:.1f}" y="{y:.1f}">{ratio:.2f}</text>'
                )
    y = frame.y(1.0)
    ends = f'x1="{frame.x(0):.1f}" x2="{frame.x(len(metrics)):.1f}"'
    parts.append(f'<line class="reference" {ends} y1="{y:.1f}" y2="{y:.1f}"/>')
    return frame.drawing("Performance relative to the reference", parts, "", "relative to the reference")


def frequency_chart(
    names: Sequence[str], tables: Sequence[FragmentMetrics], width_px: int = 460, height_px: int = 260
) -> Markup:
    """Draw the mean F1 of the fragments of each bin of frequency, with quartiles (top of the paper's figure 4)."""
    lows = [low for low in FREQUENCY_EDGES[:-1] if any(b.low == low for t in tables for b in t.by_frequency)]
    frame = Frame(width_px, height_px, (0.0, float(max(len(lows), 1))), (0.0, 1.0))
    parts = [
        _tick(frame.x(j + 0.5), frame, frequency_name(low).removesuffix(" %")) for j, low in enumerate(lows)
    ]
    for s, (name, table) in enumerate(zip(names, tables, strict=True)):
        offset = (s + 1) / (len(tables) + 1)
        for entry in table.by_frequency:
            x = frame.x(lows.index(entry.low) + 0.2 + 0.6 * offset)
            first, mean, third = (frame.y(v) for v in (entry.quartiles[0], entry.mean_f1, entry.quartiles[1]))
            text = f"{name}, {entry.name} of the molecules, {entry.num_fragments} fragments: F1 {entry.mean_f1:.3f}"
            parts.append(
                f'<g class="s{s}"><title>{escape(text)}</title>'
                f'<line x1="{x:.1f}" y1="{first:.1f}" x2="{x:.1f}" y2="{third:.1f}"/>'
                f'<circle cx="{x:.1f}" cy="{mean:.1f}" r="4"/></g>'
            )
    return frame.drawing(
        "F1 by frequency", parts, "molecules that have the fragment, %", "mean F1 of fragments"
    )


def coverage_chart(
    names: Sequence[str], tables: Sequence[FragmentMetrics], width_px: int = 420, height_px: int = 260
) -> Markup:
    """Draw which share of all occurrences the best X % of the fragments cover (bottom of the paper's figure 4)."""
    frame = Frame(width_px, height_px, (0.0, 1.0), (0.0, 1.0))
    parts = [_tick(frame.x(tick), frame, f"{100 * tick:g}") for tick in (0, 0.2, 0.4, 0.6, 0.8, 1)]
    for s, table in enumerate(tables):
        coverage = table.coverage
        pairs = zip(
            [0.0, *coverage.share_of_fragments.tolist()],
            [0.0, *coverage.share_of_occurrences.tolist()],
            strict=True,
        )
        points = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in pairs)
        parts.append(curve(s, names[s], points))
    return frame.drawing(
        "Coverage by the best predicted fragments", parts, "best fragments by F1, %", "share of occurrences"
    )


def _bar(series: str, frame: Frame, left: float, right: float, value: float, text: str) -> str:
    y = frame.y(value)
    return (
        f'<g class="{series}"><title>{escape(text)}</title>'
        f'<rect x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}" height="{frame.y(0) - y:.1f}"/></g>'
    )


def _tick(x: float, frame: Frame, text: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{frame.y(0) + 15:.1f}">{escape(text)}</text>'


def _short(percent: float) -> str:
    # Few are `0.0`, none is `0`.
    return f"{percent:.1f}" if 0 < percent < 9.95 else f"{percent:.0f}"


def _percent(interval: Interval) -> str:
    mean, low, high = (100 * value for value in (interval.mean, interval.low, interval.high))
    return f"{mean:.1f} % ({low:.1f} to {high:.1f})"


def _cut(name: str, limit: int = 34) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
