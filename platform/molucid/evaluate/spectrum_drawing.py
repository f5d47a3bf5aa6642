"""Inline SVG for reports: spectra of each kind, on the axes that their field draws them on.

Wavenumbers and chemical shifts fall from left to right. A trace of any length becomes one line with at most two points
per pixel column, the lowest and the highest value there, so that no line of it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from molucid.spectra.types import Evidence, FloatArray, InfraredSpectrum, MassSpectrum, NmrPeaks, NmrSpectrum

_WIDTH_PX, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 38, 12, 18, 28
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_MAX_TICKS = 13


@dataclass(frozen=True, slots=True)
class Plot:
    """A spectrum as a report shows it: heading, SVG, and facts as (name, value)."""

    title: str
    svg: Markup
    facts: tuple[tuple[str, str], ...]


def plots_of(evidence: Evidence) -> list[Plot]:
    """A plot of each spectrum that there is."""
    plots = [mass_plot(spectrum) for spectrum in evidence.msms]
    if evidence.ir is not None:
        plots.append(infrared_plot(evidence.ir))
    plots += [nmr_plot(spectrum) for spectrum in (evidence.h_nmr, evidence.c_nmr) if spectrum is not None]
    return plots


def mass_plot(spectrum: MassSpectrum) -> Plot:
    """Sticks, the strongest labelled, the precursor marked."""
    facts = [("peaks", str(len(spectrum.mz)))]
    for name, value, unit in (
        ("energy", spectrum.normalized_collision_energy, " NCE"),
        ("energy", spectrum.collision_energy_ev, " eV"),
    ):
        if value is not None:
            facts.insert(0, (name, f"{value:g}{unit}"))
    if spectrum.instrument is not None:
        facts.insert(0, ("instrument", spectrum.instrument))
    if spectrum.adduct is not None:
        facts.insert(0, ("adduct", spectrum.adduct))
    if spectrum.precursor_mz is not None:
        facts.insert(0, ("precursor", f"m/z {spectrum.precursor_mz:.4f}"))
    return Plot("MS/MS", mass_svg(spectrum), tuple(facts))


def infrared_plot(spectrum: InfraredSpectrum) -> Plot:
    """Absorbance, high wavenumbers left."""
    x, y = spectrum.wavenumber_cm1, spectrum.absorbance
    facts = (("points", str(len(x))), ("range", f"{x[0]:.0f} to {x[-1]:.0f} cm⁻¹"))
    canvas = _Canvas(float(x[0]), float(x[-1]), falling=True, height_px=150)
    canvas.trace(x, y)
    return Plot("IR", canvas.finished("wavenumber / cm⁻¹"), facts)


def nmr_plot(spectrum: NmrSpectrum | NmrPeaks) -> Plot:
    """A trace as a line, a list as sticks as high as their number of nuclei; high shifts left."""
    title = {"1H": "¹H NMR", "13C": "¹³C NMR"}[spectrum.nucleus]
    facts = [] if spectrum.field_mhz is None else [("frequency", f"{spectrum.field_mhz:g} MHz")]
    if spectrum.solvent is not None:
        facts.append(("solvent", spectrum.solvent))
    x = spectrum.shift_ppm
    if isinstance(spectrum, NmrSpectrum):
        facts.append(("points", str(len(x))))
        canvas = _Canvas(*_signal_range(x, spectrum.intensity), falling=True, height_px=150)
        canvas.trace(x, spectrum.intensity)
    else:
        facts.append(("peaks", str(len(x))))
        margin = 0.5 if spectrum.nucleus == "1H" else 10.0
        first, last = (float(x[0]), float(x[-1])) if len(x) else (0.0, 10.0)
        canvas = _Canvas(min(first - margin, 0.0), last + margin, falling=True, height_px=150)
        canvas.sticks(x, _heights(spectrum), [_peak_title(spectrum, place) for place in range(len(x))])
    return Plot(title, canvas.finished("δ / ppm"), tuple(facts))


def mass_svg(spectrum: MassSpectrum, num_labels: int = 6) -> Markup:
    """A stick spectrum with its axis, the strongest peaks labelled, the precursor marked."""
    mz, intensity, precursor = spectrum.mz, spectrum.intensity, spectrum.precursor_mz
    highest = max([*mz[-1:], *([precursor] if precursor else [])], default=100.0)
    low = 50 * (float(mz[0]) // 50) - 50 if mz.size and mz[0] > 100 else 0.0
    canvas = _Canvas(low, 1.05 * float(highest), falling=False, height_px=170)
    if precursor:
        canvas.mark(precursor, f"precursor m/z {precursor:.4f}")
    base = float(intensity.max()) if intensity.size else 1.0
    titles = [
        f"{value:.4f}, {100 * height / base:.1f} %" for value, height in zip(mz, intensity, strict=True)
    ]
    canvas.sticks(mz, intensity, titles)
    labelled: list[float] = []
    for peak in intensity.argsort()[::-1]:
        position = canvas.x(float(mz[peak]))
        if len(labelled) == num_labels:
            break
        if all(abs(position - other) > 44 for other in labelled):
            labelled.append(position)
            canvas.label(float(mz[peak]), float(intensity[peak]) / base, f"{float(mz[peak]):.3f}")
    return canvas.finished("m/z")


class _Canvas:
    """A plot that grows: an axis from `low` to `high`, and marks of unit height."""

    def __init__(self, low: float, high: float, *, falling: bool, height_px: int) -> None:
        self._low, self._high, self._falling = low, max(high, low + 1e-9), falling
        self._height_px, self._floor = height_px, height_px - _BOTTOM
        self._parts: list[str] = []

    def x(self, value: float) -> float:
        """Place of a value of the axis, in pixels from the left."""
        part = (value - self._low) / (self._high - self._low)
        if self._falling:
            part = 1.0 - part
        return _LEFT + part * (_WIDTH_PX - _LEFT - _RIGHT)

    def sticks(self, x: FloatArray, height: FloatArray, titles: Sequence[str]) -> None:
        """Vertical lines, the highest as high as the plot."""
        base = float(height.max()) if height.size and height.max() > 0 else 1.0
        for value, relative, title in zip(x.tolist(), (height / base).tolist(), titles, strict=True):
            place, y = self.x(value), self._y(relative)
            self._parts.append(
                f'<line class="peak" x1="{place:.1f}" y1="{y:.1f}" x2="{place:.1f}" y2="{self._floor}">'
                f"<title>{escape(title)}</title></line>"
            )

    def trace(self, x: FloatArray, y: FloatArray) -> None:
        """One line through the lowest and highest value of each pixel column.

        It fills the plot; where there are negative values, a line stands at zero.
        """
        inside = (x >= self._low) & (x <= self._high)
        place = np.array([self.x(value) for value in x[inside].tolist()])
        lowest, highest = float(y[inside].min(initial=0.0)), float(y[inside].max(initial=0.0))
        span = highest - lowest or 1.0
        height = (y[inside] - lowest) / span
        if lowest < 0:
            zero = self._y(-lowest / span)
            across = f'x1="{_LEFT}" y1="{zero:.1f}" x2="{_WIDTH_PX - _RIGHT}" y2="{zero:.1f}"'
            self._parts.append(f'<line class="zero" {across}/>')
        points = []
        columns = np.floor(place).astype(np.int64)
        for column in np.unique(columns):
            member = np.flatnonzero(columns == column)
            ends = sorted({int(member[height[member].argmin()]), int(member[height[member].argmax()])})
            points += [f"{place[i]:.1f},{self._y(float(height[i])):.1f}" for i in ends]
        self._parts.append(f'<polyline class="trace" points="{" ".join(points)}"/>')

    def mark(self, value: float, title: str) -> None:
        """A dashed line over the whole height."""
        place = self.x(value)
        self._parts.append(
            f'<line class="precursor" x1="{place:.1f}" y1="{_TOP}" x2="{place:.1f}" y2="{self._floor}">'
            f"<title>{escape(title)}</title></line>"
        )

    def label(self, value: float, height: float, text: str) -> None:
        """Text above a stick."""
        place = f'x="{self.x(value):.1f}" y="{self._y(height) - 3:.1f}"'
        self._parts.append(f'<text class="label" {place}>{escape(text)}</text>')

    def finished(self, axis_name: str) -> Markup:
        """The plot with its axis."""
        start, end = f'x1="{_LEFT}"', f'x2="{_WIDTH_PX - _RIGHT}"'
        axis = [f'<line class="axis" {start} y1="{self._floor}" {end} y2="{self._floor}"/>']
        for tick in self._ticks():
            place = f"{self.x(tick):.1f}"
            axis.append(
                f'<line class="axis" x1="{place}" y1="{self._floor}" x2="{place}" y2="{self._floor + 4}"/>'
            )
            axis.append(f'<text class="tick" x="{place}" y="{self._floor + 15}">{tick:g}</text>')
        right, foot = _WIDTH_PX - _RIGHT, self._height_px - 2
        axis.append(f'<text class="tick end" x="{right}" y="{foot}">{axis_name}</text>')
        opening = (
            f'<svg class="spectrum" viewBox="0 0 {_WIDTH_PX} {self._height_px}" width="{_WIDTH_PX}"'
            f' height="{self._height_px}" role="img" xmlns="http://www.w3.org/2000/svg">'
        )
        # numbers and escaped titles only
        return Markup("".join([opening, *axis, *self._parts, "</svg>"]))  # noqa: S704

    def _y(self, relative: float) -> float:
        return self._floor - (self._floor - _TOP) * relative

    def _ticks(self) -> list[float]:
        span = self._high - self._low
        step = next((s for s in _STEPS if span / s <= _MAX_TICKS), span)
        first, last = int(np.ceil(self._low / step)), int(np.floor(self._high / step))
        return [round(k * step, 6) for k in range(first, last + 1)]


def _signal_range(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """The part of a trace that holds its signals, with a margin; all of it if there are none."""
    above = np.flatnonzero(np.abs(y) > 0.02 * np.abs(y).max(initial=0.0))
    if not above.size:
        return float(x[0]), float(x[-1])
    margin = 0.05 * float(x[-1] - x[0])
    low, high = float(x[above[0]]) - margin, float(x[above[-1]]) + margin
    return max(float(x[0]), min(low, 0.0)), min(float(x[-1]), high)


def _heights(peaks: NmrPeaks) -> FloatArray:
    numbers = peaks.num_hydrogens or (None,) * len(peaks.shift_ppm)
    return np.array([1.0 if number is None else max(number, 1) for number in numbers], np.float64)


def _peak_title(peaks: NmrPeaks, place: int) -> str:
    parts = [f"{peaks.shift_ppm[place]:.2f} ppm"]
    if peaks.multiplicity is not None and peaks.multiplicity[place] is not None:
        parts.append(str(peaks.multiplicity[place]))
    if peaks.coupling_hz is not None and peaks.coupling_hz[place]:
        parts.append("J = " + ", ".join(f"{j:.1f}" for j in dict.fromkeys(peaks.coupling_hz[place])) + " Hz")
    if peaks.num_hydrogens is not None and peaks.num_hydrogens[place] is not None:
        parts.append(f"{peaks.num_hydrogens[place]} {'H' if peaks.nucleus == '1H' else 'C'}")
    return ", ".join(parts)
