"""Peaks of an NMR trace."""

from __future__ import annotations

import numpy as np
from pydantic import Field, PositiveInt

from molucid.config import Config
from molucid.spectra.types import NmrPeaks, NmrSpectrum


class PeakPickingConfig(Config):
    """What counts as a peak.

    Attributes:
        min_relative_height: lowest height over that of the highest point.
        min_distance_points: of two peaks nearer than this the lower one is left out.
    """

    min_relative_height: float = Field(default=0.02, gt=0, lt=1)
    min_distance_points: PositiveInt = 3


def pick_peaks(spectrum: NmrSpectrum, config: PeakPickingConfig) -> NmrPeaks:
    """Local maxima of a trace as a list of shifts; empty for a trace without a positive value."""
    # Imported here: models are trained on machines that have no SciPy, from samples packed as lists.
    from scipy.signal import find_peaks

    highest = spectrum.intensity.max(initial=0.0)
    places = np.zeros(0, np.intp)
    if highest > 0:
        places, _ = find_peaks(
            spectrum.intensity,
            height=config.min_relative_height * highest,
            distance=config.min_distance_points,
        )
    return NmrPeaks(
        spectrum.nucleus,
        spectrum.shift_ppm[places],
        field_mhz=spectrum.field_mhz,
        solvent=spectrum.solvent,
    )
