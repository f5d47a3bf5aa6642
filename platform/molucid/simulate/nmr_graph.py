"""A molecule as the shift predictor and the coupling rules read it.

RDKit parses, perceives rings and aromaticity and ranks atoms by symmetry; all else is arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molucid.errors import InputError, shorten
from molucid.simulate.parsing import GRAPH_PERCEPTION, read_connected

MAX_ATOMS = 255
"""Heavy atoms of the largest molecule that is simulated."""

Z, HYDROGENS, CHARGE, AROMATIC, DEGREE = range(5)
"""Columns of `NmrGraph.atoms`."""

FIRST, SECOND, ORDER, CONJUGATED, IN_RING = range(5)
"""Columns of `NmrGraph.bonds`."""

AROMATIC_ORDER = 4
"""Value in the column `ORDER` of an aromatic bond; 1, 2 and 3 are single, double and triple."""

SMALLEST_RING, LARGEST_RING = 3, 8
"""Ring sizes told apart; larger ones count as `LARGEST_RING`."""

_PERCEPTION = GRAPH_PERCEPTION | Chem.SANITIZE_SETCONJUGATION
_ORDERS = {1.0: 1, 2.0: 2, 3.0: 3, 1.5: AROMATIC_ORDER}
_MAIN_GROUP = frozenset(
    [*range(3, 21), *range(31, 39), *range(49, 57), *range(81, 84)]
) - {10, 18, 36, 54}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class NmrGraph:
    """Heavy-atom graph of one connected, diamagnetic molecule.

    Attributes:
        atoms: atomic number, bound hydrogens, formal charge, aromatic (0 or 1), bonds to heavy atoms; int64
            `[atoms, 5]`.
        rings: 1 where the atom is in a ring of 3, 4, 5, 6, 7, 8 or more atoms; int64 `[atoms, 6]`.
        bonds: two atoms, order (`AROMATIC_ORDER` for aromatic), conjugated, in a ring; int64 `[bonds, 5]`.
        ring_atoms: the atoms of each ring.
        equivalence: same number for atoms that a symmetry of the graph exchanges; int64 `[atoms]`.
        cis: double bonds with marked geometry: number of the bond to whether the marked substituents are cis.
    """

    atoms: NDArray[np.int64]
    rings: NDArray[np.int64]
    bonds: NDArray[np.int64]
    ring_atoms: tuple[tuple[int, ...], ...]
    equivalence: NDArray[np.int64]
    cis: dict[int, bool]


def read_graph(smiles: str) -> NmrGraph:
    """Parse a SMILES.

    Raises:
        InputError: codes `invalid_smiles`, `isotope_label`, `multiple_components`, `too_many_atoms`,
            `unsupported_element`, `radical`.
    """
    # stereo is perceived only where a SMILES marks a double bond, because it takes half of the parser's time
    molecule = read_connected(smiles, MAX_ATOMS, component="measured", perception=_PERCEPTION, fully_if="/\\")
    return _graph(molecule, smiles)


def _graph(molecule: Chem.Mol, smiles: str) -> NmrGraph:
    num_atoms, num_bonds = molecule.GetNumAtoms(), molecule.GetNumBonds()
    # by index, because RDKit's atom iterator takes twice as long
    atoms = [molecule.GetAtomWithIdx(index) for index in range(num_atoms)]
    for atom in atoms:
        if atom.GetAtomicNum() not in _MAIN_GROUP:
            raise InputError(
                f"atom {atom.GetSymbol()!r} in {shorten(smiles)!r}",
                "heavy atoms of the main groups and implicit hydrogens",
                code="unsupported_element",
            )
        if atom.GetNumRadicalElectrons():
            raise InputError(
                f"unpaired electrons in {shorten(smiles)!r}", "a diamagnetic molecule", code="radical"
            )
    rows = [
        (a.GetAtomicNum(), a.GetTotalNumHs(), a.GetFormalCharge(), a.GetIsAromatic(), a.GetDegree())
        for a in atoms
    ]
    bonds = [molecule.GetBondWithIdx(index) for index in range(num_bonds)]
    info = molecule.GetRingInfo()
    ring_atoms = tuple(info.AtomRings())
    rings = np.zeros((num_atoms, LARGEST_RING - SMALLEST_RING + 1), np.int64)
    for ring in ring_atoms:
        rings[list(ring), min(len(ring), LARGEST_RING) - SMALLEST_RING] = 1
    in_ring = {index for ring in info.BondRings() for index in ring}
    bond_rows = [
        (
            bond.GetBeginAtomIdx(),
            bond.GetEndAtomIdx(),
            _ORDERS.get(bond.GetBondTypeAsDouble(), 1),
            bond.GetIsConjugated(),
            index in in_ring,
        )
        for index, bond in enumerate(bonds)
    ]
    cis = (
        {
            index: bond.GetStereo() in (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
            for index, bond in enumerate(bonds)
            if bond.GetStereo() > Chem.BondStereo.STEREOANY
        }
        if "/" in smiles or "\\" in smiles
        else {}
    )
    return NmrGraph(
        np.array(rows, np.int64).reshape(num_atoms, 5),
        rings,
        np.array(bond_rows, np.int64).reshape(num_bonds, 5),
        ring_atoms,
        np.array(Chem.CanonicalRankAtoms(molecule, breakTies=False, includeChirality=False), np.int64),
        cis,
    )
