"""The signals of an NMR trace: groups of lines, as an experimental section would list them, with their areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molucid.spectra.nmr_baseline import baseline
from molucid.spectra.nmr_peak_picking import PeakPickingConfig, peak_places, signal_height
from molucid.spectra.types import FloatArray, NmrPeaks, NmrSpectrum

_JOINED_PPM = {"1H": 0.04, "13C": 0.0}
"""Lines nearer than this are one signal: 16 Hz at 400 MHz. ¹³C is measured decoupled, so each line is one."""
_REACH_PPM = {"1H": 0.1, "13C": 1.0}
"""How far beyond its outer lines the area of a signal is taken, unless another is nearer."""


@dataclass(frozen=True, slots=True)
class Signals:
    """Signals of one trace.

    Attributes:
        peaks: centre of each signal, the distance of its outer lines as `width_ppm`, and as `coupling_hz` the distances
            of neighbouring lines, falling, where the field is known. No multiplicity: overlapping lines do not tell it.
        area: integral of each over shift, above the baseline, ≥ 0, in units of the trace; shape `[peaks]`.
    """

    peaks: NmrPeaks
    area: FloatArray


def signals_of(spectrum: NmrSpectrum, config: PeakPickingConfig) -> Signals:
    """Find the lines of a trace and join those of one multiplet."""
    height = signal_height(spectrum.intensity, config)
    lines_ppm = spectrum.shift_ppm[peak_places(spectrum.intensity, height, config)]
    groups = np.split(lines_ppm, np.flatnonzero(np.diff(lines_ppm) > _JOINED_PPM[spectrum.nucleus]) + 1)
    if not lines_ppm.size:
        groups = []
    first = np.array([group[0] for group in groups])
    last = np.array([group[-1] for group in groups])
    field_mhz = spectrum.field_mhz
    peaks = NmrPeaks(
        spectrum.nucleus,
        (first + last) / 2,
        coupling_hz=None
        if field_mhz is None
        else tuple(tuple(np.sort(np.diff(group) * field_mhz)[::-1].tolist()) for group in groups),
        width_ppm=last - first,
        field_mhz=field_mhz,
        solvent=spectrum.solvent,
    )
    return Signals(peaks, _areas(spectrum, first, last, height))


def _areas(spectrum: NmrSpectrum, first: FloatArray, last: FloatArray, height: float) -> FloatArray:
    """Integrals around the signals from `first` to `last`, ascending; halfway between two the next one begins."""
    if not first.size:
        return np.zeros(0)
    reach = _REACH_PPM[spectrum.nucleus]
    between = (last[:-1] + first[1:]) / 2
    low = np.maximum(np.concatenate([[-np.inf], between]), first - reach)
    high = np.minimum(np.concatenate([between, [np.inf]]), last + reach)
    shift, step = spectrum.shift_ppm, np.gradient(spectrum.shift_ppm)
    # The area up to each point; that of a signal is the difference at its ends.
    above = spectrum.intensity - baseline(spectrum, height)
    up_to: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(above * step)])
    area: FloatArray = up_to[np.searchsorted(shift, high)] - up_to[np.searchsorted(shift, low)]
    return np.maximum(area, 0.0)
