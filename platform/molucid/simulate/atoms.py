"""What the intensity model knows of atoms and bonds before any learning: types and small numeric features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molucid.chem.compiled import compiled
from molucid.simulate.bits import ONE

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

ATOM_TYPES = (
    "aromatic C", "triple-bonded C", "carbonyl C", "imine C", "alkene C", "CH2 or CH3", "CH or C",
    "pyridine N", "pyrrole N", "triple-bonded N", "nitro or cationic N", "imine N", "amide N", "aniline N", "amine N",
    "aromatic O", "double-bonded O", "hydroxyl O", "acyl ether O", "ether O", "anionic O",
    "S", "oxidised S", "P", "F", "Cl", "Br", "I", "B or Si", "other",
)  # fmt: skip
"""Chemical classes that govern where charge sits and which bonds break; the index is the feature column."""

NUM_ATOM_FEATURES = len(ATOM_TYPES) + 6
NUM_BOND_FEATURES = 6

_C, _N, _O, _S, _P = 6, 7, 8, 16, 15
_FIRST_HALOGEN_TYPE = ATOM_TYPES.index("F")
_HALOGENS = (9, 17, 35, 53)


@compiled
def bond_table(bond_order: NDArray[np.float64]) -> tuple[Ints, NDArray[np.uint64]]:
    """Bonds `[bonds, 2]` with the lower atom first, and neighbour masks `[atoms]`, of a bond order matrix."""
    num_atoms = len(bond_order)
    neighbours = np.zeros(num_atoms, np.uint64)
    bonds = np.empty((num_atoms * (num_atoms - 1) // 2, 2), np.int64)
    count = 0
    for i in range(num_atoms):
        for j in range(i + 1, num_atoms):
            if bond_order[i, j] > 0:
                bonds[count, 0], bonds[count, 1] = i, j
                neighbours[i] |= ONE << np.uint64(j)
                neighbours[j] |= ONE << np.uint64(i)
                count += 1
    return bonds[:count].copy(), neighbours


@compiled
def atom_type(
    atom: int, element: Ints, num_hydrogens: Ints, formal_charge: Ints, bond_order: NDArray[np.float64]
) -> int:
    """Index into `ATOM_TYPES`."""
    num_atoms = len(element)
    aromatic, triple, beside_acyl, beside_aromatic = False, False, False, False
    degree, double_to = 0, 0
    for other in range(num_atoms):
        order = bond_order[atom, other]
        if order == 0:
            continue
        degree += 1
        aromatic |= order == 1.5
        triple |= order == 3.0
        if order == 2.0 and double_to not in (_O, _S):
            double_to = element[other]
        for third in range(num_atoms):
            beyond = bond_order[other, third]
            beside_aromatic |= beyond == 1.5
            beside_acyl |= beyond == 2.0 and third != atom and element[third] in (_N, _O, _S)
    own = element[atom]
    if own == _C:
        if aromatic:
            return 0
        if triple:
            return 1
        if double_to in (_O, _S):
            return 2
        if double_to == _N:
            return 3
        if double_to:
            return 4
        return 5 if num_hydrogens[atom] >= 2 else 6
    if own == _N:
        if aromatic:
            return 7 if num_hydrogens[atom] == 0 and degree == 2 else 8
        if triple:
            return 9
        if double_to == _O or formal_charge[atom] > 0:
            return 10
        if double_to:
            return 11
        if beside_acyl:
            return 12
        return 13 if beside_aromatic else 14
    if own == _O:
        if aromatic:
            return 15
        if double_to:
            return 16
        if num_hydrogens[atom]:
            return 17
        if degree < 2:
            return 20
        return 18 if beside_acyl else 19
    if own == _S:
        return 22 if double_to else 21
    if own == _P:
        return 23
    for index in range(4):
        if own == _HALOGENS[index]:
            return _FIRST_HALOGEN_TYPE + index
    return 28 if own in (5, 14) else 29


@compiled
def atom_features(
    element: Ints,
    num_hydrogens: Ints,
    formal_charge: Ints,
    bond_order: NDArray[np.float64],
    ring_masks: NDArray[np.uint64],
) -> Floats:
    """`[atoms, NUM_ATOM_FEATURES]`: one-hot type, hydrogens / 3, degree / 4, charge, in ring, in 5-ring, in 6-ring."""
    num_atoms, num_types = len(element), len(ATOM_TYPES)
    features = np.zeros((num_atoms, num_types + 6), np.float32)
    for atom in range(num_atoms):
        features[atom, atom_type(atom, element, num_hydrogens, formal_charge, bond_order)] = 1
        degree = 0
        for other in range(num_atoms):
            degree += bond_order[atom, other] > 0
        features[atom, num_types] = num_hydrogens[atom] / 3
        features[atom, num_types + 1] = degree / 4
        features[atom, num_types + 2] = formal_charge[atom]
    for ring in ring_masks:
        size = 0
        for atom in range(num_atoms):
            size += (ring >> np.uint64(atom)) & ONE == ONE
        for atom in range(num_atoms):
            if (ring >> np.uint64(atom)) & ONE == ONE:
                features[atom, num_types + 3] = 1
                if size == 5 or size == 6:
                    features[atom, num_types + size - 1] = 1
    return features


@compiled
def bond_features(bonds: Ints, bond_order: NDArray[np.float64], atoms: Floats) -> Floats:
    """`[bonds, NUM_BOND_FEATURES]`: one-hot order (1, 2, 3, aromatic), both ends in rings, both ends unsaturated."""
    features = np.zeros((len(bonds), 6), np.float32)
    in_ring = len(ATOM_TYPES) + 3
    for bond in range(len(bonds)):
        i, j = bonds[bond]
        order = bond_order[i, j]
        features[bond, 3 if order == 1.5 else min(2, int(order) - 1)] = 1
        features[bond, 4] = atoms[i, in_ring] * atoms[j, in_ring]
        features[bond, 5] = bond_order[i].max() > 1 and bond_order[j].max() > 1
    return features
