"""Agreement of infrared spectra on one axis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molucid.spectra.types import FloatArray


class IrAgreement(NamedTuple):
    """How well spectra predicted for N molecules agree with their references.

    Attributes:
        cosine: of each molecule's square roots; `[N]`.
        mean_spectrum_cosine: of the references with one spectrum given for all of them; `[N]`.
        is_top1: whether its own reference is the one closest to a prediction; bool `[N]`.
    """

    cosine: FloatArray
    mean_spectrum_cosine: FloatArray
    is_top1: NDArray[np.bool_]


def sqrt_cosines(first: ArrayLike, second: ArrayLike) -> FloatArray:
    """Cosines of the square roots of every row of one with every row of the other; `[N, M]`.

    Values below 0, as in baseline-corrected or molecular-dynamics spectra, count as 0.
    """
    rows, columns = _unit_roots(first), _unit_roots(second)
    cosines: FloatArray = rows @ columns.T
    return cosines


def agreement(predicted: ArrayLike, reference: ArrayLike, baseline: ArrayLike) -> IrAgreement:
    """Compare `predicted` with `reference`, both `[N, points]`, and the one spectrum `baseline` `[points]` with it."""
    cosines = sqrt_cosines(predicted, reference)
    return IrAgreement(
        np.diagonal(cosines).copy(),
        sqrt_cosines(np.asarray(baseline)[None], reference)[0],
        cosines.argmax(1) == np.arange(len(cosines)),
    )


def mean_root_spectrum(spectra: ArrayLike) -> FloatArray:
    """The spectrum whose square root is the mean of the unit square roots: the best single answer for all."""
    mean: FloatArray = _unit_roots(spectra).mean(0) ** 2
    return mean


def _unit_roots(spectra: ArrayLike) -> FloatArray:
    roots = np.sqrt(np.maximum(np.asarray(spectra, np.float64), 0))
    norms = np.linalg.norm(roots, axis=1, keepdims=True)
    units: FloatArray = np.divide(roots, norms, out=np.zeros_like(roots), where=norms > 0)
    return units
