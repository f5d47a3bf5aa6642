"""Simulated peak lists made to look like measured ones, as lists and as traces.

Reference, shifts and couplings are off, mobile hydrogens are missing, multiplets overlap; a trace has noise, a
baseline, a phase error, and lines of the solvent, of water and of impurities. The result is a function of the list, the
ranges and the state of the generator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molucid.simulate.nmr_augment_config import NmrAugmentConfig
from molucid.simulate.nmr_augment_list import reported
from molucid.simulate.nmr_augment_trace import drawn_trace
from molucid.spectra.types import NmrPeaks, NmrSpectrum

__all__ = ["NmrAugmentConfig", "augment_peaks", "augmented_trace"]

_EXCHANGING = frozenset({"D2O", "CD3OD"})
_C_TO_H_FREQUENCY = 0.25145020
_LEAST_COUPLING_HZ = 0.3


def augment_peaks(peaks: NmrPeaks, config: NmrAugmentConfig, rng: np.random.Generator) -> NmrPeaks:
    """A list as a laboratory would report it; without `shift_std_ppm`, as a measured list."""
    return reported(_moved(peaks, config, rng), config, rng)


def augmented_trace(peaks: NmrPeaks, config: NmrAugmentConfig, rng: np.random.Generator) -> NmrSpectrum:
    """A trace on the grid of the nucleus; the compound's highest line is 1."""
    return drawn_trace(_moved(peaks, config, rng), config, rng)


def _moved(peaks: NmrPeaks, config: NmrAugmentConfig, rng: np.random.Generator) -> NmrPeaks:
    """Some peaks missing, shifts and couplings off, in a solvent and at a field."""
    solvent = peaks.solvent or _drawn_solvent(config, rng)
    num_peaks = len(peaks.shift_ppm)
    names = peaks.multiplicity or (None,) * num_peaks
    missing = config.mobile_missing if solvent not in _EXCHANGING else 1.0
    chance = [
        missing if _is_broad(name) else config.quaternary_missing if name == "S" else 0.0 for name in names
    ]
    kept = np.flatnonzero(rng.random(num_peaks) >= np.array(chance))
    offset = config.h_offset_ppm if peaks.nucleus == "1H" else config.c_offset_ppm
    shift = peaks.shift_ppm + offset * rng.uniform(-1, 1)
    if peaks.shift_std_ppm is not None:
        error = np.clip(rng.standard_normal(num_peaks), -3, 3)
        shift = shift + config.shift_error * peaks.shift_std_ppm * error
    field = float(rng.choice(config.field_mhz)) * (1.0 if peaks.nucleus == "1H" else _C_TO_H_FREQUENCY)
    return NmrPeaks(
        peaks.nucleus,
        shift[kept],
        multiplicity=tuple(names[place] for place in kept) if peaks.multiplicity is not None else None,
        coupling_hz=_scattered(peaks.coupling_hz, kept, config, rng),
        num_hydrogens=_at(peaks.num_hydrogens, kept),
        width_ppm=peaks.width_ppm[kept] if peaks.width_ppm is not None else None,
        field_mhz=field,
        solvent=solvent,
    )


def _drawn_solvent(config: NmrAugmentConfig, rng: np.random.Generator) -> str:
    weights = np.array([weight for _, weight in config.solvents])
    return config.solvents[int(rng.choice(len(weights), p=weights / weights.sum()))][0]


def _is_broad(name: str | None) -> bool:
    return name is not None and name.startswith("br")


def _scattered(
    coupling_hz: tuple[tuple[float, ...], ...] | None,
    kept: NDArray[np.intp],
    config: NmrAugmentConfig,
    rng: np.random.Generator,
) -> tuple[tuple[float, ...], ...] | None:
    """Couplings of the peaks that are kept, each with an error; equal couplings of a peak stay equal."""
    if coupling_hz is None:
        return None
    scattered = []
    for place in kept.tolist():
        values = coupling_hz[place]
        error = {value: config.coupling_error_hz * rng.standard_normal() for value in dict.fromkeys(values)}
        moved = [max(_LEAST_COUPLING_HZ, round(value + error[value], 1)) for value in values]
        scattered.append(tuple(sorted(moved, reverse=True)))
    return tuple(scattered)


def _at(values: tuple[int | None, ...] | None, kept: NDArray[np.intp]) -> tuple[int | None, ...] | None:
    return tuple(values[place] for place in kept.tolist()) if values is not None else None
