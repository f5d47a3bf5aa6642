"""Which atoms and bonds of molecules answer the queries of a SMARTS vocabulary.

A query that reads nothing but the features listed here gives the same answer for all atoms (bonds) of equal features.
So RDKit is asked once per query and kind of atom, and atoms that answer the same queries form one class.
"""

from __future__ import annotations

import re
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import Atom, Bond

_ATOM_QUERIES = {
    "AtomAnd", "AtomOr", "AtomNull", "AtomType", "AtomAtomicNum", "AtomIsAromatic", "AtomIsAliphatic",
    "AtomHCount", "AtomTotalDegree", "AtomExplicitDegree", "AtomFormalCharge", "AtomInRing", "AtomRingBondCount",
}  # fmt: skip
"""RDKit's names (`DescribeQuery`) of the atom queries that read element, aromaticity, hydrogens, neighbours, charge
and ring bonds only."""

_BOND_QUERIES = {"BondAnd", "BondOr", "BondNull", "BondOrder", "BondInRing", "SingleOrAromaticBond"}

_NAME = re.compile(r"^\s*(\S+)", re.MULTILINE)
_ANY_RING_COUNT = re.compile(r"AtomInNRings (-1|0) ")  # [R] and [R0]: in a ring or not

BOND_SYMBOLS = "-=#:"
"""SMILES symbols of the bonds that are told apart; the kind of a bond is twice its place here, plus 1 in a ring."""

_BOND_EXAMPLES = ("CC", "C1CC1", "C=C", "C1=CC1", "C#C", "C1#CCCCCCC1", "c1ccccc1", "c1ccccc1")
"""Molecules whose first bond is of each kind; an aromatic bond is always in a ring."""


def reads_listed_features(query: Atom | Bond) -> bool:
    """Whether equal features mean equal answers; recursive queries, e.g., look at the neighbours too."""
    names = set(_NAME.findall(_ANY_RING_COUNT.sub("AtomInRing ", query.DescribeQuery())))
    if isinstance(query, Bond):
        # RDKit compares the direction of a dative bond besides its query.
        return names <= _BOND_QUERIES and query.GetBondType() != Chem.BondType.DATIVE
    return names <= _ATOM_QUERIES


class Queries:
    """Distinct atom and bond queries by number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.atoms: list[Atom] = []
        self.bonds: list[Bond] = []

    def atom_number(self, query: Atom) -> int:
        """Number of an atom query; equal ones share it."""
        number = self._numbers.setdefault(
            f"atom {query.GetSmarts()} {query.DescribeQuery()}", len(self.atoms)
        )
        if number == len(self.atoms):
            self.atoms.append(query)
        return number

    def bond_number(self, query: Bond) -> int:
        """Number of a bond query; equal ones share it."""
        smarts = query.GetSmarts()  # type: ignore[call-arg]  # RDKit's stub takes the instance for an argument
        number = self._numbers.setdefault(f"bond {smarts} {query.DescribeQuery()}", len(self.bonds))
        if number == len(self.bonds):
            self.bonds.append(query)
        return number

    def bond_answers(self) -> NDArray[np.bool_]:
        """Whether the bond kind (row) answers the bond query (column)."""
        examples = [Chem.MolFromSmiles(smiles) for smiles in _BOND_EXAMPLES]
        answers = [[query.Match(mol.GetBondWithIdx(0)) for query in self.bonds] for mol in examples]
        return np.array(answers, np.bool_).reshape(len(examples), len(self.bonds))


class AtomClasses:
    """Atoms by the set of queries that they answer.

    Args:
        queries: atom queries.
    """

    def __init__(self, queries: list[Atom]) -> None:
        self._queries = queries
        self._of_features: dict[Hashable, int] = {}
        self._of_answers: dict[bytes, int] = {}
        self.answers: list[NDArray[np.bool_]] = []
        """Per class which queries it answers; `[queries]` each."""

    def get(self, features: Hashable) -> int | None:
        """Class of the atoms with `features`; `None` if none was met yet."""
        return self._of_features.get(features)

    def add(self, features: Hashable, example: Atom) -> int:
        """Class of the atoms with `features`, of which `example` is one."""
        answers = np.array([query.Match(example) for query in self._queries], np.bool_)
        number = self._of_answers.setdefault(answers.tobytes(), len(self.answers))
        if number == len(self.answers):
            self.answers.append(answers)
        self._of_features[features] = number
        return number
