"""From a peak list to lines, and from lines to a trace: first-order multiplets with Lorentzian lines.

A coupling to n equal partners of spin ½ splits a line into n + 1 with binomial intensities; several couplings split
one after the other. Strong coupling (roofs, AA′BB′) is not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pydantic import Field

from molucid.config import Config
from molucid.errors import InputError
from molucid.spectra.grids import Grid
from molucid.spectra.nmr_multiplicity import CARBON_TYPES, PARTNERS, coupling_partners
from molucid.spectra.nuclei import USUAL_FIELD_MHZ
from molucid.spectra.types import FloatArray, NmrPeaks

_DECIMALS = 2  # of a line's offset in Hz: closer lines are one
_LEAST_WIDTH_STEPS = (
    1.5  # of the grid: a narrower line would change its area with its place between two points
)
_MOST_LINES = 4096  # of one multiplet
_NAME_OF_PARTNERS = {number: name for name, number in PARTNERS.items()}
_MOST_SPLITTINGS = 3  # of a multiplet that has a name; more are an m
_SAME_HZ = 0.4  # couplings closer than this are read as equal


class LineConfig(Config):
    """Shapes of lines, and what stands for what a list leaves out.

    Attributes:
        h_field_mhz: ¹H frequency of a ¹H list that states none.
        c_field_mhz: ¹³C frequency of a ¹³C list that states none.
        h_width_hz: full width at half height of ¹H lines.
        c_width_hz: of ¹³C lines.
        broad_width_hz: of a peak that is called broad (`br`) without a width.
        multiplet_width_ppm: width of the band for an `m` without couplings and width.
        unstated_coupling_hz: for each coupling that a multiplicity implies and the list does not state.
        carbon_intensity: of a carbon with 0, 1, 2 and 3 hydrogens; those of the multimodal spectroscopic dataset.
        window_widths: half-width of the computed part of a line, in full widths at half height.
    """

    h_field_mhz: float = Field(default=USUAL_FIELD_MHZ["1H"], gt=0)
    c_field_mhz: float = Field(default=USUAL_FIELD_MHZ["13C"], gt=0)
    h_width_hz: float = Field(default=0.8, gt=0)
    c_width_hz: float = Field(default=1.5, gt=0)
    broad_width_hz: float = Field(default=15.0, gt=0)
    multiplet_width_ppm: float = Field(default=0.06, gt=0)
    unstated_coupling_hz: float = Field(default=7.0, gt=0)
    carbon_intensity: tuple[float, float, float, float] = (0.42, 0.71, 1.0, 1.29)
    window_widths: float = Field(default=20.0, ge=2)


class Lines(NamedTuple):
    """Single lines; float64 `[lines]` each.

    Attributes:
        shift_ppm: place.
        intensity: area; the lines of a peak add up to its number of hydrogens (1 where unknown), for ¹³C to its number
            of carbons times `carbon_intensity`.
        width_ppm: full width at half height.
    """

    shift_ppm: FloatArray
    intensity: FloatArray
    width_ppm: FloatArray


def lines(peaks: NmrPeaks, field_mhz: float | None = None, config: LineConfig | None = None) -> Lines:
    """All lines of a list, in no particular order.

    A peak with couplings is split by each of them, one coupling per partner; one without, but with a width, is a band
    of that width (a single line of that width if it is called broad); one with a multiplicity alone is split by
    `unstated_coupling_hz`.

    Args:
        peaks: of one nucleus.
        field_mhz: frequency of the nucleus at which couplings are drawn; `None` for the list's own or the default.
        config: shapes.

    Raises:
        InputError: a multiplet of more than 4096 lines (`too_many_couplings`).
    """
    config = config if config is not None else LineConfig()
    default = config.h_field_mhz if peaks.nucleus == "1H" else config.c_field_mhz
    field = field_mhz or peaks.field_mhz or default
    offsets, weights, widths = [], [], []
    for place in range(len(peaks.shift_ppm)):
        (offset, weight), line_hz = _pattern(peaks, place, field, config)
        offsets.append(offset)
        weights.append(weight * _area(peaks, place, config))
        widths.append(line_hz)
    counts = [len(offset) for offset in offsets]
    if not counts:
        return Lines(np.zeros(0), np.zeros(0), np.zeros(0))
    return Lines(
        np.repeat(peaks.shift_ppm, counts) + np.concatenate(offsets) / field,
        np.concatenate(weights),
        np.repeat(np.array(widths) / field, counts),
    )


@lru_cache(maxsize=8192)
def split_lines(coupling_hz: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """Offsets in Hz, ascending, and intensities, adding up to 1, of a line split by each of the couplings.

    Raises:
        InputError: more than 4096 lines (`too_many_couplings`).
    """
    pattern = {0.0: 1.0}
    for coupling in coupling_hz:
        half = abs(coupling) / 2
        split: dict[float, float] = {}
        for offset, weight in pattern.items():
            for moved in (offset - half, offset + half):
                rounded = round(moved, _DECIMALS)
                split[rounded] = split.get(rounded, 0.0) + weight / 2
        if len(split) > _MOST_LINES:
            raise InputError(
                f"{len(coupling_hz)} couplings", f"a multiplet of at most {_MOST_LINES} lines",
                hint="give it as m with a width", code="too_many_couplings",
            )  # fmt: skip
        pattern = split
    offsets = np.array(sorted(pattern))
    weights = np.array([pattern[offset] for offset in offsets.tolist()])
    offsets.setflags(write=False)
    weights.setflags(write=False)
    return offsets, weights


def multiplicity_name(coupling_hz: Sequence[float]) -> str:
    """What a chemist calls the pattern: `s`, `d`, `dt`, `quint`, …; `m` for more than three different splittings.

    Args:
        coupling_hz: one per partner, falling.
    """
    groups: list[list[float]] = []
    for coupling in coupling_hz:
        if groups and groups[-1][-1] - coupling < _SAME_HZ:
            groups[-1].append(coupling)
        else:
            groups.append([coupling])
    if len(groups) > _MOST_SPLITTINGS or any(len(group) not in _NAME_OF_PARTNERS for group in groups):
        return "m"
    return "".join(_NAME_OF_PARTNERS[len(group)] for group in groups) or "s"


def render(peaks: NmrPeaks, grid: Grid, config: LineConfig | None = None) -> FloatArray:
    """The sum of the list's Lorentzian lines at the points of `grid`; float64 `[num_points]`.

    The area under one hydrogen is 1 (in ppm), less what lies beyond `window_widths` (1.6 % by default) and beyond the
    grid. Lines are at least 1.5 steps of the grid wide.

    Raises:
        InputError: as `lines`.
    """
    config = config if config is not None else LineConfig()
    return render_lines(lines(peaks, config=config), grid, config.window_widths)


def render_lines(found: Lines, grid: Grid, window_widths: float) -> FloatArray:
    """The sum of Lorentzian lines at the points of `grid`, each computed within `window_widths` of its full widths."""
    trace = np.zeros(grid.num_points)
    if not len(found.shift_ppm):
        return trace
    place = (found.shift_ppm - grid.first) / grid.step
    half_width = np.maximum(found.width_ppm / grid.step, _LEAST_WIDTH_STEPS) / 2
    height = found.intensity / (math.pi * half_width * grid.step)
    reach = np.ceil(2 * window_widths * half_width).astype(np.int64)
    inside = (place > -reach) & (place < grid.num_points + reach)
    for steps in np.unique(reach[inside]).tolist():
        of_reach = inside & (reach == steps)
        nearest = np.rint(place[of_reach])
        window = np.arange(-steps, steps + 1)
        distance = (window[None, :] + (nearest - place[of_reach])[:, None]) / half_width[of_reach, None]
        values = height[of_reach, None] / (1 + distance * distance)
        # points beyond the grid go to a margin that is cut off
        index = nearest.astype(np.int64)[:, None] + window[None, :] + 2 * steps
        total = np.bincount(index.ravel(), values.ravel(), minlength=grid.num_points + 4 * steps)
        trace += total[2 * steps : 2 * steps + grid.num_points]
    return trace


@lru_cache(maxsize=1024)
def _band(width_hz: float, line_hz: float) -> tuple[FloatArray, FloatArray]:
    """Lines half a line width apart under a parabola over the width: a multiplet that cannot be read."""
    number = max(3, math.ceil(2 * width_hz / line_hz))
    offsets = np.linspace(-width_hz / 2, width_hz / 2, number + 2)[1:-1]
    weights = 1 - (2 * offsets / width_hz) ** 2
    return offsets, weights / weights.sum()


def _pattern(
    peaks: NmrPeaks, place: int, field_mhz: float, config: LineConfig
) -> tuple[tuple[FloatArray, FloatArray], float]:
    """Offsets and intensities of one peak's lines, and their width in Hz."""
    name = _name(peaks, place)
    couplings = peaks.coupling_hz[place] if peaks.coupling_hz is not None else ()
    width_hz = float(peaks.width_ppm[place]) * field_mhz if peaks.width_ppm is not None else 0.0
    line_hz = config.h_width_hz if peaks.nucleus == "1H" else config.c_width_hz
    if name is not None and name.startswith("br"):
        line_hz = width_hz or config.broad_width_hz
        return split_lines(couplings), line_hz
    if couplings:
        return split_lines(couplings), line_hz
    if width_hz or name == "m":
        return _band(round(width_hz or config.multiplet_width_ppm * field_mhz, 2), line_hz), line_hz
    if peaks.nucleus == "1H" and name is not None:
        implied = (config.unstated_coupling_hz,) * sum(coupling_partners(name) or ())
        return split_lines(implied), line_hz
    return split_lines(()), line_hz


def _name(peaks: NmrPeaks, place: int) -> str | None:
    return peaks.multiplicity[place] if peaks.multiplicity is not None else None


def _area(peaks: NmrPeaks, place: int, config: LineConfig) -> float:
    name = _name(peaks, place)
    number = peaks.num_hydrogens[place] if peaks.num_hydrogens is not None else None
    area = 1.0 if number is None else float(number)
    if peaks.nucleus == "13C" and name in CARBON_TYPES:
        area *= config.carbon_intensity[CARBON_TYPES.index(name)]
    return area
