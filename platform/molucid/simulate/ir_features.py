"""Inputs of the infrared model: a molecule's atoms, directed bonds and their features."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molucid.chem.compiled import compiled
from molucid.chem.elements import MODEL_ELEMENTS
from molucid.errors import InputError, shorten
from molucid.simulate.atoms import NUM_ATOM_FEATURES as NUM_TYPE_FEATURES
from molucid.simulate.atoms import atom_features, bond_features, bond_table
from molucid.simulate.bits import ONE
from molucid.simulate.molecule import read_molecule

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

ELEMENTS = (6, 7, 8, 15, 16, 9, 17, 35, 53, 5, 14, 34)
"""Atomic numbers of `MODEL_ELEMENTS` without hydrogen; each has a feature of its own."""

_FIRST_HYDROGENS = len(ELEMENTS)
_FIRST_RING = _FIRST_HYDROGENS + 4
_NUM_MORE = _FIRST_RING + 3
NUM_IR_ATOM_FEATURES = NUM_TYPE_FEATURES + _NUM_MORE

_COLUMN_OF_ELEMENT = np.full(119, -1)
_COLUMN_OF_ELEMENT[list(ELEMENTS)] = np.arange(len(ELEMENTS))


class IrGraph(NamedTuple):
    """One molecule, or several as one graph of several parts.

    Attributes:
        atoms: float32 `[A, NUM_IR_ATOM_FEATURES]`.
        bonds: atoms of each bond; int64 `[B, 2]`. A bond carries a message each way.
        bond_features: float32 `[B, NUM_BOND_FEATURES]`.
    """

    atoms: Floats
    bonds: Ints
    bond_features: Floats


def ir_graph(smiles: str) -> IrGraph:
    """Parse a SMILES; atoms keep its order.

    Raises:
        InputError: codes of `molecule.read_molecule`, and `charged_molecule`, `unsupported_element`.
    """
    graph = read_molecule(smiles)
    if graph.net_charge:
        raise InputError(
            f"net charge {graph.net_charge:+d} in {shorten(smiles)!r}",
            "a neutral molecule",
            hint="add or take away the hydrogens of its ionised groups",
            code="charged_molecule",
        )
    column = _COLUMN_OF_ELEMENT[graph.atomic_number]
    if (column < 0).any():
        raise InputError(
            f"an element outside {', '.join(MODEL_ELEMENTS)} in {shorten(smiles)!r}",
            "elements the infrared model was trained on",
            code="unsupported_element",
        )
    described = (graph.atomic_number, graph.num_hydrogens, graph.formal_charge, graph.bond_order)
    types = atom_features(*described, graph.ring_masks)
    bonds, _ = bond_table(graph.bond_order)
    more = _more_features(column, graph.num_hydrogens, graph.ring_masks)
    return IrGraph(
        np.concatenate([types, more], axis=1), bonds, bond_features(bonds, graph.bond_order, types)
    )


@compiled
def _more_features(column: Ints, num_hydrogens: Ints, ring_masks: NDArray[np.uint64]) -> Floats:
    """One-hot element, one-hot hydrogens (3 and more together), in a ring of 3, of 4, of 7 or more.

    Rings of 5 and 6 have their features in `atoms.atom_features`.
    """
    num_atoms = len(column)
    features = np.zeros((num_atoms, _NUM_MORE), np.float32)
    for atom in range(num_atoms):
        features[atom, column[atom]] = 1
        features[atom, _FIRST_HYDROGENS + min(num_hydrogens[atom], 3)] = 1
    for ring in ring_masks:
        size = 0
        for atom in range(num_atoms):
            size += (ring >> np.uint64(atom)) & ONE == ONE
        if size == 5 or size == 6:
            continue
        place = _FIRST_RING + (0 if size == 3 else 1 if size == 4 else 2)
        for atom in range(num_atoms):
            if (ring >> np.uint64(atom)) & ONE == ONE:
                features[atom, place] = 1
    return features
