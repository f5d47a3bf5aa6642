"""Molecules as arrays of atom features and bonds, read from a SMILES that RDKit writes.

Asking RDKit for each feature of each atom takes longer than all the counting. One SMILES with every hydrogen count and
every bond written out holds the same, and compiled code reads it in no time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import Mol

from molucid.chem.compiled import compiled
from molucid.chem.elements import MODEL_ELEMENTS
from molucid.chem.fragment_queries import BOND_SYMBOLS

Integers = NDArray[np.int32]

MAX_ATOMS = 64
"""Atoms of a molecule that is read: sets of atoms are 64-bit words."""

MAX_DEGREE = 8
"""Neighbours of an atom of a molecule that is read."""

_ATOM = re.compile(r"\[([^]:]+)[^]]*\]")
_ELEMENT = re.compile(r"[A-Z][a-z]?|[a-z]+")
_FORMAT = {"canonical": False, "doIsomericSmiles": False, "allHsExplicit": True, "allBondsExplicit": True}
_SYMBOLS = np.full(128, -1, np.int32)
_SYMBOLS[[ord(symbol) for symbol in BOND_SYMBOLS]] = range(len(BOND_SYMBOLS))


class Graphs(NamedTuple):
    """Some molecules.

    Attributes:
        features: per atom one number, equal for atoms of equal features; `[all atoms]`.
        atom_start: place of a molecule's first atom, in the order of its SMILES; `[molecules + 1]`.
        bonds: first atom, second atom, both numbered within the molecule, and kind; `[all bonds, 3]`.
        bond_start: place of a molecule's first bond; `[molecules + 1]`.
    """

    features: NDArray[np.int64]
    atom_start: Integers
    bonds: Integers
    bond_start: Integers


class GraphReader:
    """Reads molecules; numbers the atom symbols in the order in which it meets them."""

    def __init__(self) -> None:
        self._symbols: dict[str, int] = {"H": 0}
        self._format = Chem.SmilesWriteParams()
        for option, value in _FORMAT.items():
            setattr(self._format, option, value)

    def read(self, mols: Sequence[Mol]) -> tuple[Graphs, NDArray[np.bool_]]:
        """The graphs of sanitised molecules, and which of them could be read; the others have no atoms.

        Not read are molecules of more than 64 atoms, with elements outside `MODEL_ELEMENTS`, with bonds other than
        single, double, triple and aromatic, or with an atom of more than 8 neighbours.
        """
        texts = [self._written(mol)[0] if 0 < mol.GetNumAtoms() <= MAX_ATOMS else "" for mol in mols]
        graphs, read = self._read_texts(texts)
        if not read.all():
            # once more without those that are not read, which then leave nothing behind
            graphs, _ = self._read_texts([text if read[i] else "" for i, text in enumerate(texts)])
        return graphs, read

    def order(self, mol: Mol) -> list[int]:
        """RDKit's numbers of the atoms of `mol` in the order of its graph."""
        _, written = self._written(mol)
        return [int(number) for number in re.findall(r"\d+", written.GetProp("_smilesAtomOutputOrder"))]

    def _written(self, mol: Mol) -> tuple[str, Mol]:
        """The SMILES, and the molecule that it was written from."""
        text = str(Chem.MolToSmiles(mol, self._format))
        if "/" in text or "\\" in text:
            # a direction stands in the place of the bond's symbol
            mol = Chem.Mol(mol)
            Chem.RemoveStereochemistry(mol)
            text = str(Chem.MolToSmiles(mol, self._format))
        return text, mol

    def _read_texts(self, texts: Sequence[str]) -> tuple[Graphs, NDArray[np.bool_]]:
        known = self._symbols
        rows: list[list[int]] = []
        for text in texts:
            symbols = _ATOM.findall(text)
            try:
                rows.append([known[symbol] for symbol in symbols])
            except KeyError:
                rows.append([self._number(symbol) for symbol in symbols])
        return read_graphs(
            np.frombuffer(("\n".join(texts) + "\n").encode("ascii"), np.uint8).astype(np.int64),
            np.array([number for row in rows for number in row], np.int64),
            np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32),
            _SYMBOLS,
        )

    def _number(self, symbol: str) -> int:
        """Number of an atom as written, e.g. `cH` or `NH3+`; −1 for an element that is not read."""
        element = _ELEMENT.match(symbol)
        # a hydrogen with a charge or a hydrogen of its own would not be told as a neighbour's hydrogen
        read = (
            element is not None
            and element[0].capitalize() in MODEL_ELEMENTS
            and symbol[:2] not in ("HH", "H+", "H-")
        )
        return self._symbols.setdefault(symbol, len(self._symbols) if read else -1)


@compiled
def read_graphs(
    text: NDArray[np.int64], atoms: NDArray[np.int64], atom_start: Integers, symbols: Integers
) -> tuple[Graphs, NDArray[np.bool_]]:
    """Read SMILES, one per line, every atom in brackets and every bond written.

    Args:
        text: ASCII codes.
        atoms: per atom the number of its symbol, 0 for a hydrogen atom, −1 for one that is not read.
        atom_start: see `Graphs`.
        symbols: per ASCII character the place of the bond that it stands for, else −1.

    Returns:
        The graphs and per molecule whether it was read.
    """
    num_molecules = len(atom_start) - 1
    read = atom_start[1:] > atom_start[:-1]
    degree = np.zeros(len(atoms), np.int64)
    ring_bonds, hydrogens = np.zeros_like(degree), np.zeros_like(degree)
    bonds = np.empty((len(text), 3), np.int32)
    bond_start = np.zeros(num_molecules + 1, np.int32)
    above = np.empty(MAX_ATOMS, np.int32)  # the atom before, −1 for the first of a part
    bond_above = np.empty(MAX_ATOMS, np.int32)
    branches = np.empty(MAX_ATOMS + 1, np.int32)
    opened = np.full(1000, -1, np.int32)
    num_bonds, at = 0, 0
    for molecule in range(num_molecules):
        base = atom_start[molecule]
        atom, previous, depth, symbol = -1, -1, 0, -1
        while text[at] != ord("\n"):
            character = text[at]
            at += 1
            if character == ord("["):
                while text[at] != ord("]"):
                    at += 1
                at += 1
                atom += 1
                read[molecule] &= atoms[base + atom] >= 0
                above[atom] = previous
                if previous >= 0:
                    bond_above[atom] = num_bonds
                    bonds[num_bonds, 0], bonds[num_bonds, 1], bonds[num_bonds, 2] = previous, atom, 2 * symbol
                    num_bonds += 1
                    read[molecule] &= symbol >= 0
                previous, symbol = atom, -1
            elif character == ord("("):
                branches[depth] = previous
                depth += 1
            elif character == ord(")"):
                depth -= 1
                previous = branches[depth]
            elif character == ord("."):
                previous = -1
            elif symbols[character] >= 0:
                symbol = symbols[character]
            elif character == ord("%") or ord("0") <= character <= ord("9"):
                number, at = _ring_number(text, at - 1)
                if opened[number] < 0:
                    opened[number] = previous
                    symbol = -1
                    continue
                other, opened[number] = opened[number], -1
                read[molecule] &= symbol >= 0
                bonds[num_bonds, 0], bonds[num_bonds, 1], bonds[num_bonds, 2] = (
                    other,
                    previous,
                    2 * symbol + 1,
                )
                num_bonds += 1
                symbol = -1
                _mark_ring(bonds, above, bond_above, other, previous)
            else:
                read[molecule] = False
        at += 1
        for bond in range(bond_start[molecule], num_bonds):
            first, second, kind = base + bonds[bond, 0], base + bonds[bond, 1], bonds[bond, 2]
            for end, far in ((first, second), (second, first)):
                degree[end] += 1
                ring_bonds[end] += kind & 1
                hydrogens[end] += atoms[far] == 0
                read[molecule] &= degree[end] <= MAX_DEGREE
            # an aromatic bond outside of rings has no meaning in SMARTS that a kind could stand for
            read[molecule] &= kind != 2 * (len(BOND_SYMBOLS) - 1)
        bond_start[molecule + 1] = num_bonds
    features = ((atoms * 16 + degree) * 16 + ring_bonds) * 16 + hydrogens
    return Graphs(features, atom_start, bonds[:num_bonds], bond_start), read


@compiled
def _ring_number(text: NDArray[np.int64], at: int) -> tuple[int, int]:
    """The number of a ring bond that begins at `at` (`7`, `%12` or `%(123)`), and the place after it."""
    if text[at] != ord("%"):
        return int(text[at]) - ord("0"), at + 1
    if text[at + 1] != ord("("):
        return (int(text[at + 1]) - ord("0")) * 10 + int(text[at + 2]) - ord("0"), at + 3
    at += 2
    number = 0
    while text[at] != ord(")"):
        number = number * 10 + int(text[at]) - ord("0")
        at += 1
    return number, at + 1


@compiled
def _mark_ring(bonds: Integers, above: Integers, bond_above: Integers, first: int, second: int) -> None:
    """Mark the bonds of the tree path between two atoms as ring bonds; an atom stands after the one above it."""
    while first != second:
        if first < second:
            first, second = second, first
        bonds[bond_above[first], 2] |= 1
        first = above[first]
