"""All inputs of the intensity model that do not depend on the measurement conditions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molucid.chem.compiled import compiled
from molucid.errors import InputError
from molucid.simulate.atoms import atom_features, bond_features, bond_table
from molucid.simulate.bits import ONE, ZERO, popcount, trailing_zeros
from molucid.simulate.fragmenter import FragmenterConfig, enumerate_fragments
from molucid.simulate.molecule import MolecularGraph

Floats = NDArray[np.float32]

NUM_FRAGMENT_FEATURES = 16
NUM_MOLECULE_FEATURES = 6
MAX_CUT_BONDS = 6
"""Bonds that three cutting steps can open around one fragment, at two per step."""

NO_BOND = -1

ATOM_SUM_SCALE = 10.0
"""The model divides sums over atoms by it, which keeps them near 1 at the sizes of the training molecules."""


class MoleculeFeatures(NamedTuple):
    """Arrays of one molecule; the whole molecule is fragment 0.

    Attributes:
        atoms: float32 `[atoms, NUM_ATOM_FEATURES]`.
        bonds: atom indices, lower first; int64 `[bonds, 2]`.
        bond_features: float32 `[bonds, NUM_BOND_FEATURES]`.
        masks: uint64 `[fragments]`.
        mass: of each fragment with the hydrogens it has in the molecule, in Da; float64 `[fragments]`.
        num_hydrogens: int32 `[fragments]`.
        cut_bonds: directed bonds cut around each fragment: 2 · bond if the lower atom stays inside, 2 · bond + 1 if
            the upper one does, then `NO_BOND`; int16 `[fragments, MAX_CUT_BONDS]`.
        fragments: float32 `[fragments, NUM_FRAGMENT_FEATURES]`.
        molecule: float32 `[NUM_MOLECULE_FEATURES]`.
    """

    atoms: Floats
    bonds: NDArray[np.int64]
    bond_features: Floats
    masks: NDArray[np.uint64]
    mass: NDArray[np.float64]
    num_hydrogens: NDArray[np.int32]
    cut_bonds: NDArray[np.int16]
    fragments: Floats
    molecule: Floats


def molecule_features(graph: MolecularGraph, config: FragmenterConfig) -> MoleculeFeatures:
    """Fragment a molecule and describe its atoms, bonds and fragments.

    Raises:
        InputError: more fragments than the configured capacity (`too_many_fragments`).
    """
    described = _describe(
        graph.atomic_number,
        graph.num_hydrogens,
        graph.formal_charge,
        graph.mass,
        graph.bond_order,
        graph.ring_masks,
        config.max_depth,
        config.max_fragments,
    )
    if not described[0]:
        raise InputError(
            f"a molecule with more than {config.max_fragments} fragments",
            f"at most {config.max_fragments} fragments",
            hint="raise simulate.fragmenter.max_fragments or lower max_depth",
            code="too_many_fragments",
        )
    return MoleculeFeatures(*described[1:])


@compiled
def _describe(
    element: NDArray[np.int64],
    num_hydrogens: NDArray[np.int64],
    formal_charge: NDArray[np.int64],
    mass: NDArray[np.float64],
    bond_order: NDArray[np.float64],
    ring_masks: NDArray[np.uint64],
    max_depth: int,
    max_fragments: int,
) -> tuple[
    bool,
    Floats,
    NDArray[np.int64],
    Floats,
    NDArray[np.uint64],
    NDArray[np.float64],
    NDArray[np.int32],
    NDArray[np.int16],
    Floats,
    Floats,
]:
    bonds, neighbours = bond_table(bond_order)
    atoms = atom_features(element, num_hydrogens, formal_charge, bond_order, ring_masks)
    masks, depths, complete = enumerate_fragments(neighbours, max_depth, max_fragments)
    num_atoms, num_fragments = len(element), len(masks)

    directed = np.empty((num_atoms, num_atoms), np.int16)
    for bond in range(len(bonds)):
        directed[bonds[bond, 0], bonds[bond, 1]] = 2 * bond
        directed[bonds[bond, 1], bonds[bond, 0]] = 2 * bond + 1
    aromatic_ring = np.zeros(len(ring_masks), np.bool_)
    for ring in range(len(ring_masks)):
        aromatic_ring[ring] = True
        for atom in range(num_atoms):
            if (ring_masks[ring] >> np.uint64(atom)) & ONE == ONE and bond_order[atom].max() != 1.5:
                # an exocyclic double bond makes the maximum 2; such atoms are aromatic if any bond is
                aromatic_ring[ring] &= (bond_order[atom] == 1.5).any()

    fragment_mass = np.zeros(num_fragments, np.float64)
    fragment_hydrogens = np.zeros(num_fragments, np.int32)
    cut_bonds = np.full((num_fragments, MAX_CUT_BONDS), NO_BOND, np.int16)
    features = np.zeros((num_fragments, NUM_FRAGMENT_FEATURES), np.float32)
    whole_mass = mass.sum()
    for index in range(num_fragments):
        mask = masks[index]
        size, degrees, valence, num_cut, order_cut = 0, 0, 0, 0, 0.0
        rest = mask
        while rest != ZERO:
            member = trailing_zeros(rest)
            rest &= rest - ONE
            size += 1
            fragment_mass[index] += mass[member]
            fragment_hydrogens[index] += num_hydrogens[member]
            valence += _usual_valence(element[member]) - 2
            degrees += popcount(neighbours[member] & mask)
            outside = neighbours[member] & ~mask
            while outside != ZERO:
                other = trailing_zeros(outside)
                outside &= outside - ONE
                cut_bonds[index, num_cut] = directed[member, other]
                num_cut += 1
                order_cut += bond_order[member, other]
        unsaturation = 2 + valence - fragment_hydrogens[index]  # twice the double bond equivalents
        row = features[index]
        row[0] = size / 20
        row[1] = fragment_mass[index] / whole_mass
        row[2] = fragment_mass[index] / 300
        row[3] = depths[index] == 1
        row[4] = depths[index] == 2
        row[5] = num_cut / 3
        row[6] = order_cut / 6
        row[7] = (degrees // 2 - size + 1) / 3
        for ring in range(len(ring_masks)):
            kept = ring_masks[ring] & mask
            if kept == ring_masks[ring]:
                row[8] += 1 / 3
                row[9] += aromatic_ring[ring] / 3
            elif kept != ZERO:
                row[10] += 0.5
                row[11] += 0.5 * aromatic_ring[ring]
        row[12] = unsaturation & 1  # odd: a radical if cut without a hydrogen shift
        row[13] = unsaturation / 20
        row[14] = fragment_hydrogens[index] / 20
        row[15] = num_cut == 1

    molecule = np.empty(NUM_MOLECULE_FEATURES, np.float32)
    molecule[0] = num_atoms / 30
    molecule[1] = whole_mass / 400
    molecule[2] = fragment_hydrogens[0] / 30
    molecule[3] = len(ring_masks) / 4
    molecule[4] = aromatic_ring.sum() / 3
    molecule[5] = formal_charge.sum()
    return (
        complete,
        atoms,
        bonds,
        bond_features(bonds, bond_order, atoms),
        masks,
        fragment_mass,
        fragment_hydrogens,
        cut_bonds,
        features,
        molecule,
    )


@compiled
def _usual_valence(element: int) -> int:
    if element in (6, 14):
        return 4
    if element in (5, 7, 15):
        return 3
    return 1 if element in (9, 17, 35, 53) else 2
