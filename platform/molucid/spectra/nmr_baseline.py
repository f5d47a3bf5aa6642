"""The level that the lines of an NMR trace stand on."""

from __future__ import annotations

import numpy as np

from molucid.spectra.types import FloatArray, NmrSpectrum

_STRETCH_PPM = {"1H": 0.5, "13C": 10.0}
"""How far a level reaches: wider than a multiplet, narrower than the waves of a baseline."""


def baseline(spectrum: NmrSpectrum, signal_height: float) -> FloatArray:
    """The baseline at each point, shape `[points]`: straight between the levels of stretches of the axis.

    The level of a stretch is the median of its points that are lower than a signal, at their mean shift; a stretch
    without such a point has none.

    Args:
        spectrum: the trace, with at least one point.
        signal_height: intensity from which on a point belongs to a signal.
    """
    shift, intensity = spectrum.shift_ppm, spectrum.intensity
    below = intensity < signal_height
    if not below.any():
        return np.full(len(shift), np.median(intensity))
    num_stretches = max(1, round(float(shift[-1] - shift[0]) / _STRETCH_PPM[spectrum.nucleus]))
    size = -(-len(shift) // num_stretches)
    starts = np.arange(0, len(shift), size)
    counts = np.add.reduceat(below.astype(np.int64), starts)
    known = counts > 0
    middle = np.add.reduceat(np.where(below, shift, 0.0), starts)[known] / counts[known]
    # Signals, and the filling of the last stretch, sort to the end of their stretch.
    padded = np.full(len(starts) * size, np.inf)
    padded[: len(shift)] = np.where(below, intensity, np.inf)
    rows, counts = np.sort(padded.reshape(-1, size), axis=1)[known], counts[known]
    place = np.arange(len(rows))
    level = (rows[place, (counts - 1) // 2] + rows[place, counts // 2]) / 2
    found: FloatArray = np.interp(shift, middle, level)
    return found
