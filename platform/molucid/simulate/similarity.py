"""Agreement of two tandem mass spectra."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def binned_amplitudes(
    mz: ArrayLike, intensity: ArrayLike, bin_width: float = 0.01
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Occupied bins (ascending; bin k covers `(k ± ½) · bin_width` Da) and the square root of each summed intensity."""
    bins = np.rint(np.asarray(mz, np.float64) / bin_width).astype(np.int64)
    occupied, index = np.unique(bins, return_inverse=True)
    summed = np.bincount(index, weights=np.asarray(intensity, np.float64), minlength=len(occupied))
    return occupied, np.sqrt(summed)


def sqrt_cosine(
    mz_a: ArrayLike, intensity_a: ArrayLike, mz_b: ArrayLike, intensity_b: ArrayLike, bin_width: float = 0.01
) -> float:
    """Cosine of square-root intensities in bins of `bin_width` Da; 0 if either spectrum is empty."""
    bins_a, amplitude_a = binned_amplitudes(mz_a, intensity_a, bin_width)
    bins_b, amplitude_b = binned_amplitudes(mz_b, intensity_b, bin_width)
    norms = float(np.linalg.norm(amplitude_a) * np.linalg.norm(amplitude_b))
    if norms == 0:
        return 0.0
    _, in_a, in_b = np.intersect1d(bins_a, bins_b, assume_unique=True, return_indices=True)
    return float(amplitude_a[in_a] @ amplitude_b[in_b]) / norms


FRAGMENT_MARGIN_DA = 0.5
"""Peaks lower than the precursor by more than this are fragments."""


def score_prediction(
    mz: NDArray[np.float64],
    intensity: NDArray[np.float64],
    measured_mz: NDArray[np.float64],
    measured_intensity: NDArray[np.float64],
    precursor_mz: float,
) -> tuple[float, float]:
    """`sqrt_cosine` of all peaks, and of the fragments alone; the latter is NaN where no fragment was measured."""
    with_precursor = sqrt_cosine(mz, intensity, measured_mz, measured_intensity)
    predicted, measured = (
        mz < precursor_mz - FRAGMENT_MARGIN_DA,
        measured_mz < precursor_mz - FRAGMENT_MARGIN_DA,
    )
    if not measured.any():
        return with_precursor, float("nan")
    return with_precursor, sqrt_cosine(
        mz[predicted], intensity[predicted], measured_mz[measured], measured_intensity[measured]
    )
