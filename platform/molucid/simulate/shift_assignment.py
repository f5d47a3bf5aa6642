"""Which atom each shift of a measured list belongs to, found with the current predictor.

A symmetry class of atoms offers one place per atom, and two per CH2 group in ¹H because its hydrogens may differ. The
shifts go to places so that the sum of their distances from the predictions, in predicted scales, is least (the
linear sum assignment problem); the number of hydrogens that a list states for a carbon is kept. A list that
leaves a class without a shift is not assigned: what is missing would push the others to wrong atoms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from molucid.simulate.nmr_graph import HYDROGENS, NmrGraph
from molucid.simulate.shift_model import C_SHIFT, H_SHIFT
from molucid.simulate.shift_training_set import ShiftList, observed_atoms
from molucid.spectra.types import FloatArray

_FORBIDDEN, _FIRST_PLACE = 1e6, -1e3
_LARGEST_DISTANCE = 8.0  # in scales: beyond, one wrong shift would not drag the others any further


def assign(
    shifts: ShiftList, graph: NmrGraph, predicted_ppm: FloatArray, scale_ppm: FloatArray
) -> list[tuple[int, int, int, float]]:
    """Rows of molecule, atom, output column and shift; none if the list does not fit the molecule.

    Args:
        shifts: measured.
        graph: of its molecule.
        predicted_ppm: for each atom of the molecule; `[atoms]`.
        scale_ppm: of the predictions; `[atoms]`.
    """
    atoms = observed_atoms(graph, shifts.nucleus)
    classes, first = np.unique(graph.equivalence[atoms], return_index=True)
    places, is_first = _places(shifts, graph, atoms, first)
    shift_ppm, stated = shifts.shift_ppm, shifts.num_hydrogens
    if len(shift_ppm) > len(places) and shifts.nucleus == "1H":
        # some entries repeat a shift per hydrogen
        shift_ppm, kept = np.unique(shift_ppm, return_index=True)
        stated = stated[kept]
    if not len(classes) <= len(shift_ppm) <= len(places):
        return []
    distance = np.abs(shift_ppm[:, None] - predicted_ppm[places]) / scale_ppm[places]
    cost = np.minimum(distance, _LARGEST_DISTANCE) + _FIRST_PLACE * is_first
    hydrogens = np.minimum(graph.atoms[places, HYDROGENS], 3)
    cost[(stated[:, None] >= 0) & (stated[:, None] != hydrogens)] = _FORBIDDEN
    rows, columns = linear_sum_assignment(cost)
    chosen = cost[rows, columns]
    if (chosen >= _FORBIDDEN / 2).any() or is_first[columns].sum() < len(classes):
        return []
    column = C_SHIFT if shifts.nucleus == "13C" else H_SHIFT
    return [
        (shifts.molecule, int(places[place]), column, float(shift_ppm[row]))
        for row, place in zip(rows, columns, strict=True)
    ]


def _places(
    shifts: ShiftList, graph: NmrGraph, atoms: NDArray[np.int64], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Atom of each place, and whether it is the first place of its class."""
    is_first = np.zeros(len(atoms), np.bool_)
    is_first[first] = True
    if shifts.nucleus == "13C":
        return atoms, is_first
    second = atoms[graph.atoms[atoms, HYDROGENS] == 2]
    return np.concatenate([atoms, second]), np.concatenate([is_first, np.zeros(len(second), np.bool_)])
