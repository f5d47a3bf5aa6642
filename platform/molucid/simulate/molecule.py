"""A molecule as the few arrays that the fragmenter and the intensity model read.

RDKit parses and perceives; everything per atom and bond after that happens in compiled code, because a Python loop
over atoms and bonds costs more than the enumeration of all fragments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdmolops

from molucid.chem.elements import MONOISOTOPIC_MASS
from molucid.errors import InputError, shorten
from molucid.simulate.fragmenter import MAX_ATOMS, MAX_RINGS
from molucid.simulate.parsing import read_connected

_PERIODIC_TABLE = Chem.GetPeriodicTable()
_MASS_OF_NUMBER = np.zeros(119)
for _symbol, _mass in MONOISOTOPIC_MASS.items():
    _MASS_OF_NUMBER[_PERIODIC_TABLE.GetAtomicNumber(_symbol)] = _mass
_MASS_OF_NUMBER[1] = 0.0  # a hydrogen that is an atom of the graph is not a heavy atom
_HYDROGEN_MASS = MONOISOTOPIC_MASS["H"]


@dataclass(frozen=True, slots=True, eq=False)
class MolecularGraph:
    """Heavy-atom graph of one connected molecule.

    Attributes:
        atomic_number: int64 `[atoms]`.
        num_hydrogens: hydrogens bound to each atom, int64 `[atoms]`.
        formal_charge: int64 `[atoms]`.
        mass: of each atom with its hydrogens in Da, float64 `[atoms]`.
        bond_order: 0 where there is no bond, 1.5 for aromatic bonds, float64 `[atoms, atoms]`.
        ring_masks: atoms of each ring of the smallest set of smallest rings, uint64 `[rings]`.
    """

    atomic_number: NDArray[np.int64]
    num_hydrogens: NDArray[np.int64]
    formal_charge: NDArray[np.int64]
    mass: NDArray[np.float64]
    bond_order: NDArray[np.float64]
    ring_masks: NDArray[np.uint64]

    @property
    def net_charge(self) -> int:
        """Sum of the formal charges."""
        return int(self.formal_charge.sum())


def read_molecule(smiles: str) -> MolecularGraph:
    """Parse a SMILES; stereo marks are read and ignored.

    Raises:
        InputError: codes `invalid_smiles`, `isotope_label`, `multiple_components`, `too_many_atoms`,
            `unsupported_element`, `too_many_rings`.
    """
    molecule = read_connected(smiles, MAX_ATOMS, component="ionised")
    num_atoms = molecule.GetNumAtoms()
    if molecule.GetNumBonds() - num_atoms + 1 > MAX_RINGS:
        raise InputError("too many rings", f"at most {MAX_RINGS} independent rings", code="too_many_rings")
    # by index, because RDKit's atom iterator takes twice as long
    atoms = map(molecule.GetAtomWithIdx, range(num_atoms))
    rows = [(a.GetAtomicNum(), a.GetTotalNumHs(), a.GetFormalCharge()) for a in atoms]
    atomic_number, num_hydrogens, formal_charge = np.array(rows, np.int64).T.copy()
    mass = _MASS_OF_NUMBER[atomic_number]
    if not mass.all():
        symbol = _PERIODIC_TABLE.GetElementSymbol(int(atomic_number[mass == 0][0]))
        raise InputError(
            f"atom {symbol!r} in {shorten(smiles)!r}",
            "heavy atoms with a tabulated mass and implicit hydrogens",
            code="unsupported_element",
        )
    rings = [sum([1 << atom for atom in ring]) for ring in molecule.GetRingInfo().AtomRings()]
    return MolecularGraph(
        atomic_number,
        num_hydrogens,
        formal_charge,
        mass + _HYDROGEN_MASS * num_hydrogens,
        rdmolops.GetAdjacencyMatrix(molecule, useBO=True),
        np.array(rings, np.uint64),
    )
