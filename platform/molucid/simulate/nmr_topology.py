"""Neighbourhoods of a molecular graph as Python lists, for rules that walk along bonds."""

from __future__ import annotations

from typing import NamedTuple

from molucid.simulate.nmr_graph import (
    AROMATIC,
    AROMATIC_ORDER,
    FIRST,
    HYDROGENS,
    ORDER,
    SECOND,
    NmrGraph,
    Z,
)

CARBON, NITROGEN, OXYGEN, FLUORINE, PHOSPHORUS, SULFUR = 6, 7, 8, 9, 15, 16
HALOGENS = frozenset((FLUORINE, 17, 35, 53))


class Bond(NamedTuple):
    """A bond as one of its atoms sees it: the other atom, the order and the bond's number."""

    other: int
    order: int
    number: int


class Topology:
    """Of one molecule.

    Attributes:
        element: atomic number of each atom.
        hydrogens: bound to each atom.
        aromatic: whether each atom is.
        bonds: of each atom.
        rings: atoms of each ring.
        equivalence: same number for atoms that a symmetry exchanges.
        cis: double bonds with marked geometry: number of the bond to whether the marked substituents are cis.
    """

    def __init__(self, graph: NmrGraph) -> None:
        self.element: list[int] = graph.atoms[:, Z].tolist()
        self.hydrogens: list[int] = graph.atoms[:, HYDROGENS].tolist()
        self.aromatic = [bool(value) for value in graph.atoms[:, AROMATIC].tolist()]
        self.bonds: list[list[Bond]] = [[] for _ in self.element]
        columns = graph.bonds[:, [FIRST, SECOND, ORDER]].tolist()
        for number, (first, second, order) in enumerate(columns):
            self.bonds[first].append(Bond(second, order, number))
            self.bonds[second].append(Bond(first, order, number))
        self.rings = [frozenset(ring) for ring in graph.ring_atoms]
        self.equivalence: list[int] = graph.equivalence.tolist()
        self.cis = graph.cis

    def classes(self, element: int) -> list[tuple[int, int]]:
        """First atom and size of each symmetry class of atoms of `element`, in the order of the atoms."""
        first: dict[int, int] = {}
        size: dict[int, int] = {}
        for atom, (own, label) in enumerate(zip(self.element, self.equivalence, strict=True)):
            if own == element:
                first.setdefault(label, atom)
                size[label] = size.get(label, 0) + 1
        return [(atom, size[label]) for label, atom in first.items()]

    def highest_order(self, atom: int) -> int:
        """1, 2 or 3; an aromatic atom has 2."""
        orders = [2 if bond.order == AROMATIC_ORDER else bond.order for bond in self.bonds[atom]]
        return max(orders, default=1)

    def is_saturated(self, atom: int) -> bool:
        """Whether all bonds of the atom are single."""
        return self.highest_order(atom) == 1

    def has_double_bond_to(self, atom: int, elements: tuple[int, ...]) -> bool:
        """Whether a double bond leads from `atom` to one of `elements`."""
        return any(bond.order == 2 and self.element[bond.other] in elements for bond in self.bonds[atom])

    def ring_size(self, *atoms: int) -> int | None:
        """Size of the smallest ring that holds all of `atoms`; `None` without one."""
        sizes = [len(ring) for ring in self.rings if all(atom in ring for atom in atoms)]
        return min(sizes, default=None)

    def is_stereocentre(self, atom: int) -> bool:
        """Whether the graph around a saturated carbon has four different branches."""
        if self.element[atom] != CARBON or self.hydrogens[atom] > 1 or not self.is_saturated(atom):
            return False
        labels = {self.equivalence[bond.other] for bond in self.bonds[atom]}
        return len(labels) + self.hydrogens[atom] == 4
