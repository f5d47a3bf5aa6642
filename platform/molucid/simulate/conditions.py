"""Measurement conditions of a simulated spectrum, and their encoding for the intensity model."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molucid.errors import InputError, shorten
from molucid.simulate.ion_species import SIMULATED_ADDUCTS, ion_species
from molucid.spectra.instrument import INSTRUMENT_CLASSES

SIMULATED_INSTRUMENTS = ("orbitrap", "qtof", "ion_trap")
"""Where dissociation happens: `orbitrap` stands for the collision cell (HCD) of Orbitrap instruments, `ion_trap` for
resonant excitation. Classes without training spectra are encoded as unknown."""

_NUM_ENERGY_FEATURES = 10
NUM_CONDITION_FEATURES = len(SIMULATED_ADDUCTS) + len(SIMULATED_INSTRUMENTS) + 1 + _NUM_ENERGY_FEATURES + 1

_NCE_REFERENCE_MZ = 500.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a spectrum is to be measured.

    Attributes:
        adduct: canonical name, one of `SIMULATED_ADDUCTS`.
        collision_energy_ev: laboratory-frame collision energy in eV; `None` if not known or given as NCE.
        normalized_collision_energy: NCE in percent; at most one of the two energies may be given.
        instrument_class: one of `molucid.spectra.instrument.INSTRUMENT_CLASSES`; `None` if not known.

    Raises:
        InputError: two energies, one out of range, or an adduct or instrument class that is not known.
    """

    adduct: str = "[M+H]+"
    collision_energy_ev: float | None = None
    normalized_collision_energy: float | None = None
    instrument_class: str | None = None

    def __post_init__(self) -> None:
        if self.collision_energy_ev is not None and self.normalized_collision_energy is not None:
            raise InputError(
                f"{self.collision_energy_ev:g} eV and NCE {self.normalized_collision_energy:g}",
                "one collision energy, in eV or as NCE",
                code="two_energies",
            )
        for energy in (self.collision_energy_ev, self.normalized_collision_energy):
            if energy is not None and not 0 <= energy <= 1_000:
                raise InputError(f"collision energy {energy}", "0 to 1000", code="invalid_energy")
        ion_species(self.adduct)
        if self.instrument_class is not None:
            check_instrument_class(self.instrument_class)


def check_instrument_class(name: str) -> None:
    """Refuse a name that is none of `INSTRUMENT_CLASSES`; as an unknown class it would be simulated all the same.

    Raises:
        InputError: code `unknown_instrument_class`, with the nearest known name as its hint.
    """
    if name not in INSTRUMENT_CLASSES:
        near = difflib.get_close_matches(name, INSTRUMENT_CLASSES, n=1, cutoff=0.0)
        raise InputError(
            f"instrument class {shorten(name)!r}",
            f"one of {', '.join(INSTRUMENT_CLASSES)}",
            hint=f"the nearest known one is {near[0]}",
            code="unknown_instrument_class",
        )


def nce_to_ev(normalized_collision_energy: float, precursor_mz: float) -> float:
    """Laboratory energy in eV of a singly charged ion: eV = NCE · (m/z) / 500 (Thermo's definition of NCE)."""
    return normalized_collision_energy * precursor_mz / _NCE_REFERENCE_MZ


def encode_conditions(conditions: Conditions, precursor_mz: float) -> NDArray[np.float32]:
    """float32 `[NUM_CONDITION_FEATURES]`; eV and NCE keep flags of their own and are also converted to each other."""
    adducts = [float(name == conditions.adduct) for name in SIMULATED_ADDUCTS]
    instruments = [float(name == conditions.instrument_class) for name in SIMULATED_INSTRUMENTS]
    energy = _encode_energy(conditions, precursor_mz)
    parts = [*adducts, *instruments, 1.0 - sum(instruments), *energy, precursor_mz / _NCE_REFERENCE_MZ]
    return np.array(parts, np.float32)


def _encode_energy(conditions: Conditions, precursor_mz: float) -> Sequence[float]:
    if conditions.normalized_collision_energy is not None:
        is_nce, nce = 1.0, conditions.normalized_collision_energy
        ev = nce_to_ev(nce, precursor_mz)
    elif conditions.collision_energy_ev is not None:
        is_nce, ev = 0.0, conditions.collision_energy_ev
        nce = ev * _NCE_REFERENCE_MZ / precursor_mz
    else:
        return (0.0,) * _NUM_ENERGY_FEATURES
    log_nce = math.log(max(nce, 1.0)) / 4
    return (
        is_nce,
        1.0 - is_nce,
        math.log(max(ev, 1.0)) / 4,
        log_nce,
        log_nce * is_nce,
        min(nce, 200.0) / 60,
        min(ev, 200.0) / 40,
        (min(nce, 200.0) / 60) ** 2 * 0.3,
        math.exp(-nce / 15),  # where the precursor survives
        math.exp(-ev / 10),
    )
