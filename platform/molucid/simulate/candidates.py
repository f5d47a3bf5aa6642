"""Candidate ions of a molecule under one adduct: fragments × hydrogen shifts, grouped into peaks.

A peak is a cell of 0.5 mDa, `(k ± ½) · 0.5 mDa`, and has the m/z of the first ion found in it. Ions of several formulas
in one cell are therefore one peak, whose m/z depends on the order of the atoms in the SMILES by up to 0.5 mDa; two ions
on both sides of a cell's border are two peaks, however close.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molucid.chem.compiled import compiled
from molucid.chem.elements import MONOISOTOPIC_MASS
from molucid.simulate.bits import ZERO
from molucid.simulate.features import MoleculeFeatures
from molucid.simulate.hash_table import slot_of
from molucid.simulate.ion_species import MAX_HYDROGEN_SHIFT, NUM_SHIFTS, IonSpecies

INTACT_COLUMN = NUM_SHIFTS
NUM_COLUMNS = NUM_SHIFTS + 1
"""Outputs per fragment: one per hydrogen shift, and one for the intact ion of adducts that are no hydrogen shift."""

NOT_A_CANDIDATE = -1

_CELLS_PER_DA = 2_000.0
_HYDROGEN_MASS = MONOISOTOPIC_MASS["H"]


class Candidates(NamedTuple):
    """Candidate ions of one molecule and adduct.

    Attributes:
        peak: peak that each fragment and column adds to, or `NOT_A_CANDIDATE`; int32 `[fragments, NUM_COLUMNS]`.
        mz: m/z of the first ion of each peak, in order of discovery; float64 `[peaks]`.
        precursor_peak: the peak of the intact ion.
    """

    peak: NDArray[np.int32]
    mz: NDArray[np.float64]
    precursor_peak: int


def candidates(features: MoleculeFeatures, species: IonSpecies) -> Candidates:
    """Every fragment with −3 … +3 hydrogens that the molecule can supply, as ions of `species`."""
    return Candidates(
        *group_candidates(
            features.mass,
            features.num_hydrogens,
            species.fragment_offset,
            species.max_added_hydrogens,
            species.intact_offset,
            species.intact_shift is None,
        )
    )


@compiled
def group_candidates(
    mass: NDArray[np.float64],
    num_hydrogens: NDArray[np.int32],
    fragment_offset: float,
    max_added_hydrogens: int,
    intact_offset: float,
    has_intact_column: bool,
) -> tuple[NDArray[np.int32], NDArray[np.float64], int]:
    """Fields of `Candidates`; no candidate is heavier than the precursor."""
    num_fragments = len(mass)
    size = 64
    while size < 6 * num_fragments:
        size *= 2
    keys = np.zeros(size, np.uint64)
    peak_of_slot = np.empty(size, np.int32)
    peak = np.full((num_fragments, NUM_COLUMNS), NOT_A_CANDIDATE, np.int32)
    mz = np.empty(NUM_COLUMNS * num_fragments, np.float64)
    precursor_mz = mass[0] + intact_offset
    mz[0] = precursor_mz
    count = 1
    first_slot = slot_of(keys, _cell(precursor_mz))
    keys[first_slot] = _cell(precursor_mz)
    peak_of_slot[first_slot] = 0
    for fragment in range(num_fragments):
        for column in range(NUM_SHIFTS):
            shift = column - MAX_HYDROGEN_SHIFT
            hydrogens = num_hydrogens[fragment] + shift
            ion_mz = mass[fragment] + shift * _HYDROGEN_MASS + fragment_offset
            if (
                hydrogens < 0
                or hydrogens > num_hydrogens[0] + max_added_hydrogens
                or ion_mz > precursor_mz + 0.01
                or ion_mz < 5.0
            ):
                continue
            if 3 * count > 2 * size:
                size *= 2
                keys = np.zeros(size, np.uint64)
                peak_of_slot = np.empty(size, np.int32)
                for index in range(count):
                    slot = slot_of(keys, _cell(mz[index]))
                    keys[slot] = _cell(mz[index])
                    peak_of_slot[slot] = index
            slot = slot_of(keys, _cell(ion_mz))
            if keys[slot] == ZERO:
                keys[slot] = _cell(ion_mz)
                peak_of_slot[slot] = count
                mz[count] = ion_mz
                count += 1
            peak[fragment, column] = peak_of_slot[slot]
    if has_intact_column:
        peak[0, INTACT_COLUMN] = 0
    return peak, mz[:count].copy(), 0


@compiled
def _cell(mz: float) -> np.uint64:
    return np.uint64(int(mz * _CELLS_PER_DA + 0.5))
