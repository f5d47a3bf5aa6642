"""Patterns that a molecule offers to a vocabulary: atom environments, functional groups and ring systems.

Atoms are written with their element, neighbours and hydrogens (`[CX4H2]`) or with their element alone (`[C]`); lower
case is aromatic. Equal surroundings are written alike, so that patterns can be tallied as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import Atom, Bond, BondType, Mol

MAX_RING_SYSTEM = 14
"""Atoms of the largest ring system that is offered; larger ones are seldom met twice."""

MAX_GROUP = 12
"""Atoms of the largest functional group that is offered, its carbons around included."""

_BONDS = {BondType.SINGLE: "-", BondType.DOUBLE: "=", BondType.TRIPLE: "#", BondType.AROMATIC: ":"}


class _Symbols(NamedTuple):
    """Per atom and per bond how it is written."""

    full: list[str]
    element: list[str]
    bonds: list[str]


def candidates(mol: Mol) -> set[str]:
    """Every pattern that `mol`, sanitised, without stereo and atoms of hydrogen, offers, as SMARTS."""
    symbols = _Symbols(
        [_full_symbol(atom) for atom in mol.GetAtoms()],
        [f"[{_element(atom)}]" for atom in mol.GetAtoms()],
        [_BONDS.get(bond.GetBondType(), "~") for bond in mol.GetBonds()],
    )
    found: set[str] = set()
    for atom in mol.GetAtoms():
        found.update(_environments(atom, symbols))
    for group in functional_groups(mol):
        found.update(_group_pattern(mol, group, symbols))
    for ring in ring_systems(mol):
        found.add(_ring_pattern(mol, ring, symbols))
    return found


def _element(atom: Atom) -> str:
    symbol = str(atom.GetSymbol())
    return symbol.lower() if atom.GetIsAromatic() else symbol


def _full_symbol(atom: Atom) -> str:
    charge = f"{atom.GetFormalCharge():+d}" if atom.GetFormalCharge() else ""
    return f"[{_element(atom)}X{atom.GetTotalDegree()}H{atom.GetTotalNumHs()}{charge}]"


def _environments(atom: Atom, symbols: _Symbols) -> Iterator[str]:
    """The surroundings of an atom within no, one and two bonds, in different detail."""
    center = symbols.full[atom.GetIdx()]
    yield center
    if atom.IsInRing():
        yield f"{center[:-1]};R]"
    near = [(symbols.bonds[b.GetIdx()], b.GetOtherAtom(atom), b) for b in atom.GetBonds()]
    if not near:
        return
    yield _branches(center, [bond + symbols.element[other.GetIdx()] for bond, other, _ in near])
    yield _branches(center, [bond + symbols.full[other.GetIdx()] for bond, other, _ in near])
    around = [atom.GetIdx(), *(other.GetIdx() for _, other, _ in near)]
    far = [
        [(b, b.GetOtherAtomIdx(o.GetIdx())) for b in o.GetBonds() if b.GetIdx() != back.GetIdx()]
        for _, o, back in near
    ]
    around += [index for shell in far for _, index in shell]
    # written as a tree, which is the surroundings only where no two branches meet
    if len(set(around)) == len(around) > len(near) + 1:
        for inner in (symbols.element, symbols.full):
            yield _branches(
                center,
                [
                    bond + _branches(inner[other.GetIdx()], [_outer(b, index, symbols) for b, index in shell])
                    for (bond, other, _), shell in zip(near, far, strict=True)
                ],
            )


def _outer(bond: Bond, index: int, symbols: _Symbols) -> str:
    return symbols.bonds[bond.GetIdx()] + symbols.element[index]


def _branches(center: str, branches: list[str]) -> str:
    ordered = sorted(branches)
    return center + "".join(f"({branch})" for branch in ordered[:-1]) + "".join(ordered[-1:])


def functional_groups(mol: Mol) -> list[set[int]]:
    """Atoms of each functional group, after Ertl (J. Cheminform. 2017, 9, 36).

    Marked are heteroatoms, carbons of multiple bonds outside of aromatic rings, and saturated carbons with two or more
    single bonds to oxygen, nitrogen or sulfur or in a three-membered ring with one; marked atoms that are bonded form
    one group. Aromatic heteroatoms are left to the ring systems.
    """
    marked = {a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() != 6 and not a.GetIsAromatic()}
    for bond in mol.GetBonds():
        if bond.GetBondType() in (BondType.DOUBLE, BondType.TRIPLE):
            marked |= {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}
    acetals = {
        a.GetIdx()
        for a in mol.GetAtoms()
        if a.GetAtomicNum() == 6
        and not a.GetIsAromatic()
        and sum(n.GetAtomicNum() in (7, 8, 16) and not n.GetIsAromatic() for n in a.GetNeighbors()) >= 2
    }
    strained = {
        i
        for ring in mol.GetRingInfo().AtomRings()
        if len(ring) == 3 and any(mol.GetAtomWithIdx(i).GetAtomicNum() in (7, 8, 16) for i in ring)
        for i in ring
    }
    marked |= acetals | strained
    groups = []
    while marked:
        group, waiting = set(), [marked.pop()]
        while waiting:
            index = waiting.pop()
            group.add(index)
            near = {n.GetIdx() for n in mol.GetAtomWithIdx(index).GetNeighbors()} & marked
            marked -= near
            waiting += near
        groups.append(group)
    return groups


def _group_pattern(mol: Mol, group: set[int], symbols: _Symbols) -> Iterator[str]:
    around = {n.GetIdx() for i in group for n in mol.GetAtomWithIdx(i).GetNeighbors()} - group
    if 2 <= len(group | around) <= MAX_GROUP:
        written = [full if i in group else symbols.element[i] for i, full in enumerate(symbols.full)]
        # bonds between two atoms around belong to rings and not to the group
        bonds = [b.GetIdx() for i in group for b in mol.GetAtomWithIdx(i).GetBonds()]
        yield _write(mol, group | around, set(bonds), written, symbols.bonds)


def ring_systems(mol: Mol) -> list[set[int]]:
    """Atoms of each ring, and of each system of rings that share bonds."""
    rings = [set(ring) for ring in mol.GetRingInfo().AtomRings()]
    systems: list[set[int]] = []
    for ring in rings:
        fused = [system for system in systems if len(system & ring) >= 2]
        systems = [system for system in systems if len(system & ring) < 2]
        systems.append(ring.union(*fused))
    return [ring for ring in [*rings, *systems] if len(ring) <= MAX_RING_SYSTEM]


def _ring_pattern(mol: Mol, ring: set[int], symbols: _Symbols) -> str:
    bonds = {
        b.GetIdx()
        for i in ring
        for b in mol.GetAtomWithIdx(i).GetBonds()
        if b.IsInRing() and b.GetOtherAtomIdx(i) in ring
    }
    return _write(mol, ring, bonds, symbols.element, symbols.bonds)


def _write(
    mol: Mol, atoms: set[int], bonds: set[int], atom_symbols: list[str], bond_symbols: list[str]
) -> str:
    return str(
        Chem.MolFragmentToSmiles(
            mol,
            atomsToUse=sorted(atoms),
            bondsToUse=sorted(bonds),
            atomSymbols=atom_symbols,
            bondSymbols=bond_symbols,
            isomericSmiles=False,
        )
    )
