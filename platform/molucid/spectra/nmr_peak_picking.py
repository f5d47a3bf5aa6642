"""Peaks of an NMR trace."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveInt

from molucid.config import Config
from molucid.spectra.types import FloatArray, NmrPeaks, NmrSpectrum


class PeakPickingConfig(Config):
    """What counts as a peak.

    Attributes:
        min_relative_height: lowest height over that of the highest point.
        min_distance_points: of two peaks nearer than this the lower one is left out.
        min_signal_to_noise: lowest height over the noise, whose standard deviation is 1.4826 times the median distance
            of all points from their median: signals cover a small part of a trace.
        max_peaks: most peaks, the highest ones.
    """

    min_relative_height: float = Field(default=0.02, gt=0, lt=1)
    min_distance_points: PositiveInt = 3
    min_signal_to_noise: NonNegativeFloat = 5.0
    max_peaks: PositiveInt = 96


def pick_peaks(spectrum: NmrSpectrum, config: PeakPickingConfig) -> NmrPeaks:
    """Local maxima of a trace as a list of shifts; empty for a trace without a positive value."""
    places = peak_places(spectrum.intensity, signal_height(spectrum.intensity, config), config)
    return NmrPeaks(
        spectrum.nucleus,
        spectrum.shift_ppm[places],
        field_mhz=spectrum.field_mhz,
        solvent=spectrum.solvent,
    )


def peak_places(intensity: FloatArray, height: float, config: PeakPickingConfig) -> NDArray[np.intp]:
    """Indices of the peaks of a trace `[points]`, ascending; `height` is its `signal_height`."""
    if not (intensity > 0).any():
        return np.zeros(0, np.intp)
    places = find_maxima(intensity, height, config.min_distance_points)
    if len(places) > config.max_peaks:
        order = np.argsort(-intensity[places], kind="stable")
        places = np.sort(places[order[: config.max_peaks]])
    return places


def signal_height(intensity: FloatArray, config: PeakPickingConfig) -> float:
    """The least intensity of what is taken for signal in a trace `[points]`; 0 for one without points."""
    if not intensity.size:
        return 0.0
    middle = np.median(intensity)
    noise = 1.4826 * np.median(np.abs(intensity - middle))
    return float(
        max(config.min_relative_height * intensity.max(), middle + config.min_signal_to_noise * noise)
    )


def find_maxima(values: FloatArray, height: float, distance: int) -> NDArray[np.intp]:
    """Places of local maxima, ascending: what `scipy.signal.find_peaks(values, height=…, distance=…)` gives.

    Models pick peaks on machines that have no SciPy. A flat top counts once, at its middle.

    Args:
        values: shape `[points]`.
        height: least value of a maximum.
        distance: of two maxima nearer than this many points the lower one is left out, the highest deciding first.
    """
    # Runs of equal values; one that is above both neighbouring runs is a maximum.
    starts = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)
    ends = np.append(starts[1:], len(values)) - 1
    level = values[starts]
    rises = level[1:-1] > level[:-2]
    is_top = np.zeros(len(level), np.bool_)
    is_top[1:-1] = rises & (level[1:-1] > level[2:]) & (level[1:-1] >= height)
    places: NDArray[np.intp] = (starts[is_top] + ends[is_top]) // 2
    if distance <= 1 or len(places) < 2:
        return places
    keep = np.ones(len(places), np.bool_)
    for index in np.argsort(values[places], kind="stable")[::-1]:
        if keep[index]:
            near = np.abs(places - places[index]) < distance
            near[index] = False
            keep &= ~near
    return places[keep]
