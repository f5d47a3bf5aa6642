"""Simulated peak lists made to look like measured ones, as lists and as traces.

Reference, shifts and couplings are off, mobile hydrogens are missing, multiplets overlap; a trace has noise, a
baseline, a phase error, and lines of the solvent, of water and of impurities. The result is a function of the list, the
ranges and the state of the generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molucid.simulate.nmr_augment_config import SIMULATED_FIELD_MHZ, NmrAugmentConfig
from molucid.simulate.nmr_augment_list import reported
from molucid.simulate.nmr_augment_trace import drawn_trace
from molucid.spectra.nuclei import C_PER_H_FREQUENCY
from molucid.spectra.referencing import without_foreign_lines
from molucid.spectra.types import NmrPeaks, NmrSpectrum

__all__ = ["Measurement", "NmrAugmentConfig", "augment_peaks", "augmented_trace", "drawn_measurement"]

_EXCHANGING = frozenset({"D2O", "CD3OD"})
_LEAST_COUPLING_HZ = 0.3
_SAME_FIELD_MHZ = 0.01


class Measurement(NamedTuple):
    """What all spectra of one sample share: the solvent, and the magnet by its ¹H frequency."""

    solvent: str
    h_field_mhz: float


def drawn_measurement(
    lists: Sequence[NmrPeaks], config: NmrAugmentConfig, rng: np.random.Generator
) -> Measurement:
    """The first solvent and the first field that one of the lists states, drawn where none does."""
    solvent, field = _drawn_solvent(config, rng), float(rng.choice(config.field_mhz))
    solvents = [peaks.solvent for peaks in lists if peaks.solvent]
    fields = [
        stated / _frequency(peaks) for peaks in lists if (stated := _stated_field_mhz(peaks)) is not None
    ]
    return Measurement(solvents[0] if solvents else solvent, fields[0] if fields else field)


def augment_peaks(
    peaks: NmrPeaks,
    config: NmrAugmentConfig,
    rng: np.random.Generator,
    measurement: Measurement | None = None,
) -> NmrPeaks:
    """A list as a reader delivers what a laboratory reports; without `shift_std_ppm`, as a measured list.

    Args:
        peaks: simulated; a solvent that it states is kept, and a field other than `SIMULATED_FIELD_MHZ`.
        config: ranges.
        rng: draws.
        measurement: solvent and field, where other spectra share them; `None` draws them.
    """
    listed = reported(_moved(peaks, config, rng, measurement), config, rng)
    settled, _ = without_foreign_lines(listed, config.referencing)
    assert isinstance(settled, NmrPeaks)
    return settled


def augmented_trace(
    peaks: NmrPeaks,
    config: NmrAugmentConfig,
    rng: np.random.Generator,
    measurement: Measurement | None = None,
) -> NmrSpectrum:
    """A trace on the grid of the nucleus as a reader delivers it, without the lines of the solvent.

    The compound's highest line is 1, unless it lies where the solvent is taken out. Arguments as of `augment_peaks`.
    """
    drawn = drawn_trace(_moved(peaks, config, rng, measurement), config, rng)
    settled, _ = without_foreign_lines(drawn, config.referencing)
    assert isinstance(settled, NmrSpectrum)
    return settled


def _moved(
    peaks: NmrPeaks, config: NmrAugmentConfig, rng: np.random.Generator, measurement: Measurement | None
) -> NmrPeaks:
    """Some peaks missing, shifts and couplings off, in a solvent and at a field."""
    drawn = measurement if measurement is not None else drawn_measurement([peaks], config, rng)
    solvent = peaks.solvent or drawn.solvent
    stated = _stated_field_mhz(peaks)
    field = drawn.h_field_mhz * _frequency(peaks) if stated is None else stated
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


def _frequency(peaks: NmrPeaks) -> float:
    """Of the list's nucleus, relative to ¹H."""
    return 1.0 if peaks.nucleus == "1H" else C_PER_H_FREQUENCY


def _stated_field_mhz(peaks: NmrPeaks) -> float | None:
    """The field that a list states, of its nucleus; `None` for the one that the simulator states by default."""
    if peaks.field_mhz is None:
        return None
    is_simulators = abs(peaks.field_mhz / _frequency(peaks) - SIMULATED_FIELD_MHZ) < _SAME_FIELD_MHZ
    return None if is_simulators else peaks.field_mhz


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
