"""Inputs of the shift network: several molecules as one set of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molucid.simulate.nmr_graph import (
    AROMATIC,
    AROMATIC_ORDER,
    CHARGE,
    CONJUGATED,
    DEGREE,
    FIRST,
    HYDROGENS,
    IN_RING,
    LARGEST_RING,
    ORDER,
    SECOND,
    SMALLEST_RING,
    NmrGraph,
    Z,
)

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

ELEMENTS = (5, 6, 7, 8, 9, 14, 15, 16, 17, 34, 35, 53)
"""Atomic numbers with a feature of their own; the rest share one."""

_MAX_HYDROGENS, _MAX_DEGREE = 3, 4
_NUM_RINGS = LARGEST_RING - SMALLEST_RING + 1
NUM_ATOM_FEATURES = len(ELEMENTS) + 1 + (_MAX_HYDROGENS + 1) + (_MAX_DEGREE + 1) + 2 + 1 + _NUM_RINGS + 1
NUM_BOND_FEATURES = AROMATIC_ORDER + 2

_COLUMN_OF_ELEMENT = np.full(119, len(ELEMENTS))
_COLUMN_OF_ELEMENT[list(ELEMENTS)] = np.arange(len(ELEMENTS))


class ShiftBatch(NamedTuple):
    """Molecules, concatenated; atoms are numbered through the batch.

    Attributes:
        atoms: float32 `[A, NUM_ATOM_FEATURES]`.
        sender: atom at the far end of each directed bond; int64 `[E]`.
        receiver: atom that reads the message; int64 `[E]`.
        bonds: float32 `[E, NUM_BOND_FEATURES]`.
        molecule: of each atom; int64 `[A]`.
        num_atoms: of each molecule; int64 `[molecules]`.
        environment: number of each atom's neighbourhood, see `environments`; uint64 `[A]`.
        is_foreign: whether the atom's element, or that of a neighbour, has no feature of its own; bool `[A]`.
    """

    atoms: Floats
    sender: Ints
    receiver: Ints
    bonds: Floats
    molecule: Ints
    num_atoms: Ints
    environment: Keys
    is_foreign: NDArray[np.bool_]


def collate_graphs(graphs: Sequence[NmrGraph]) -> ShiftBatch:
    """The arrays of at least one molecule."""
    num_atoms = np.array([len(graph.atoms) for graph in graphs])
    first_atom = np.cumsum(num_atoms) - num_atoms
    atoms = np.concatenate([graph.atoms for graph in graphs])
    rings = np.concatenate([graph.rings for graph in graphs])
    bonds = np.concatenate([graph.bonds for graph in graphs])
    shift = np.repeat(first_atom, [len(graph.bonds) for graph in graphs])
    ends = bonds[:, [FIRST, SECOND]] + shift[:, None]
    sender, receiver = ends.ravel(), ends[:, ::-1].ravel()
    bonds = np.repeat(bonds, 2, axis=0)
    element = _COLUMN_OF_ELEMENT[atoms[:, Z]]
    foreign = element == len(ELEMENTS)
    beside = np.zeros(len(atoms), np.bool_)
    beside[receiver[foreign[sender]]] = True
    return ShiftBatch(
        _atom_features(atoms, rings, element),
        sender,
        receiver,
        _bond_features(bonds),
        np.repeat(np.arange(len(graphs)), num_atoms),
        num_atoms,
        environments(atoms, sender, receiver, bonds[:, ORDER]),
        foreign | beside,
    )


def _atom_features(atoms: Ints, rings: Ints, element: Ints) -> Floats:
    """One-hot element, hydrogens, degree; charge above and below 0, aromatic, ring sizes, number of ring sizes."""
    features = np.zeros((len(atoms), NUM_ATOM_FEATURES), np.float32)
    rows = np.arange(len(atoms))
    first = len(ELEMENTS) + 1
    features[rows, element] = 1
    features[rows, first + np.minimum(atoms[:, HYDROGENS], _MAX_HYDROGENS)] = 1
    first += _MAX_HYDROGENS + 1
    features[rows, first + np.minimum(atoms[:, DEGREE], _MAX_DEGREE)] = 1
    first += _MAX_DEGREE + 1
    features[:, first] = np.maximum(atoms[:, CHARGE], 0)
    features[:, first + 1] = np.maximum(-atoms[:, CHARGE], 0)
    features[:, first + 2] = atoms[:, AROMATIC]
    features[:, first + 3 : first + 3 + _NUM_RINGS] = rings
    features[:, -1] = rings.sum(1) / 3
    return features


def _bond_features(bonds: Ints) -> Floats:
    """One-hot order, conjugated, in a ring."""
    features = np.zeros((len(bonds), NUM_BOND_FEATURES), np.float32)
    features[np.arange(len(bonds)), bonds[:, ORDER] - 1] = 1
    features[:, AROMATIC_ORDER] = bonds[:, CONJUGATED]
    features[:, AROMATIC_ORDER + 1] = bonds[:, IN_RING]
    return features


def environments(atoms: Ints, sender: Ints, receiver: Ints, order: Ints) -> Keys:
    """A number for each atom that tells its element, hydrogens, charge and those of its neighbours by bond order.

    Equal neighbourhoods have equal numbers; different ones collide with a probability of about 2⁻⁶⁴.
    """
    kind = (
        (atoms[:, Z].astype(np.uint64) << np.uint64(16))
        | (atoms[:, HYDROGENS].astype(np.uint64) << np.uint64(8))
        | ((atoms[:, CHARGE] + 8).astype(np.uint64) << np.uint64(1))
        | atoms[:, AROMATIC].astype(np.uint64)
    )
    key = _mixed(kind)
    np.add.at(
        key, receiver, _mixed(kind[sender] * np.uint64(8) + order.astype(np.uint64) + np.uint64(1 << 40))
    )
    return key


def _mixed(value: Keys) -> Keys:
    """Finaliser of SplitMix64 (Steele, Lea and Flood 2014, OOPSLA), which spreads close numbers over 64 bits."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Keys = value ^ (value >> np.uint64(31))
    return mixed
