"""The state of a SMILES that is being written, and what each token does to it.

The grammar is that of canonical SMILES as RDKit writes them (a subset of OpenSMILES), so that one molecule
has few
spellings: ring labels before branches, closing labels before opening ones, the lowest free label, no bond
symbol before an opening label, no branch at the end of a chain, and an aromatic ring opened by its first
atom (RDKit writes in depth-first order, in which the first atom of a ring always closes one).

An atom is open while it can take bonds: the last one, those that wait at a branch, and those with an open
ring label. When it closes, its implicit hydrogens are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, auto
from typing import NamedTuple

from molucid.generate.atom_tokens import AtomToken
from molucid.generate.kekule import Matching, extend_matching


class Last(IntEnum):
    """What the last token was."""

    NOTHING = auto()
    ATOM = auto()
    CLOSING_LABEL = auto()
    OPENING_LABEL = auto()
    BOND = auto()
    BRANCH_OPENED = auto()
    BRANCH_CLOSED = auto()
    END = auto()


AFTER_ATOM = (Last.ATOM, Last.CLOSING_LABEL, Last.OPENING_LABEL)
"""Last tokens after which a branch, an opening label or the end of a chain may follow."""


class OpenAtom(NamedTuple):
    """An atom that can still take bonds.

    Attributes:
        token: what was written.
        parent: index of the atom before it, −1 for none.
        order: sum of its bond orders; aromatic bonds count 1, open ring labels what they reserve.
        double: has an explicit double bond.
        aromatic_bonds: number of its aromatic bonds.
    """

    token: AtomToken
    parent: int
    order: int
    double: bool
    aromatic_bonds: int

    @property
    def room(self) -> int:
        """Bond order that it can still take."""
        limit = self.token.max_bond_order
        # An aromatic carbon keeps one valence for its ring's double bond unless it has its own outside of it.
        if self.token.aromatic and not self.double and self.token.valences[-1:] == (4,):
            limit -= 1
        return limit - self.order

    @property
    def room_for_double(self) -> int:
        """Like `room`, for a bond of order 2 or more."""
        return self.token.max_bond_order - self.order

    def implicit_hydrogens(self, extra: int = 0) -> int:
        """Implicit hydrogens after `extra` more bond orders and then no more; −1 beyond its valence."""
        if self.token.bracket:
            return 0
        order = self.order + extra
        missing = next((v - order for v in self.token.valences if v >= order), -1)
        if missing < 0 or not self.token.aromatic:
            return missing
        return max(missing - 1, 0) if self.token.element == "C" else 0


class SmilesState:
    """A prefix of a SMILES and the part of its formula that is still to be written.

    Treated as immutable once it is handed out: `copy` makes the one that a token changes.

    Attributes:
        length: tokens so far.
        last: what the last token was.
        bond: order of a bond symbol that waits for its atom, else 0.
        bond_text: that symbol.
        num_atoms: atoms so far.
        current: index of the atom that the next one is attached to, −1 for none.
        branch_points: atoms that wait for the end of a branch; the last is `current` where a branch was just
            opened.
        atoms: open atoms by index.
        rings: atom at which each open ring label stands.
        ring_partners: atoms bonded to `current` by a label closed at it.
        freed_labels: labels closed at `current`, which it does not use again.
        may_close_label: a ring label may be closed here; false once a branch or label was opened at
            `current`.
        needs_label: `current` is the first atom of an aromatic ring and has not opened a label yet.
        left: atoms still to be written by element, hydrogen excluded.
        num_left: their sum.
        hydrogens_left: hydrogens that no closed atom and no bracket accounts for.
        charge: sum of formal charges so far.
        aromatic_neighbours: aromatic bonds, by atom; with `double_required`, `double_excluded` and
            `matching` the input and result of `kekule`.
        children: cache of the state after each token, `None` where it may not stand.
        usable: ids of the tokens that can stand in any molecule of the formula.
        horizon: number of further tokens for which a continuation is known to exist.
    """

    __slots__ = (
        *("length", "last", "bond", "bond_text", "num_atoms", "current", "branch_points", "atoms", "rings"),
        *(
            "ring_partners",
            "freed_labels",
            "may_close_label",
            "needs_label",
            "left",
            "num_left",
            "hydrogens_left",
            "charge",
        ),
        *(
            "aromatic_neighbours",
            "double_required",
            "double_excluded",
            "matching",
            "children",
            "usable",
            "horizon",
        ),
    )

    def __init__(self, left: Mapping[str, int], hydrogens_left: int, usable: tuple[int, ...]) -> None:
        self.length = 0
        self.last = Last.NOTHING
        self.bond, self.bond_text = 0, ""
        self.num_atoms, self.current = 0, -1
        self.branch_points: tuple[int, ...] = ()
        self.atoms: dict[int, OpenAtom] = {}
        self.rings: dict[int, int] = {}
        self.ring_partners: tuple[int, ...] = ()
        self.freed_labels: tuple[int, ...] = ()
        self.may_close_label, self.needs_label = False, False
        self.left, self.num_left = left, sum(left.values())
        self.hydrogens_left, self.charge = hydrogens_left, 0
        self.aromatic_neighbours: dict[int, tuple[int, ...]] = {}
        self.double_required: frozenset[int] = frozenset()
        self.double_excluded: frozenset[int] = frozenset()
        self.matching: Matching = {}
        self.children: dict[int, SmilesState | None] = {}
        self.usable = usable
        self.horizon = 0

    def copy(self) -> SmilesState:
        """A state that shares nothing that changes with this one."""
        new = SmilesState.__new__(SmilesState)
        new.length = self.length
        new.last = self.last
        new.bond = self.bond
        new.bond_text = self.bond_text
        new.num_atoms = self.num_atoms
        new.current = self.current
        new.branch_points = self.branch_points
        new.ring_partners = self.ring_partners
        new.freed_labels = self.freed_labels
        new.may_close_label = self.may_close_label
        new.needs_label = self.needs_label
        new.left = self.left
        new.num_left = self.num_left
        new.hydrogens_left = self.hydrogens_left
        new.charge = self.charge
        new.aromatic_neighbours = self.aromatic_neighbours
        new.double_required = self.double_required
        new.double_excluded = self.double_excluded
        new.matching = self.matching
        new.usable = self.usable
        new.atoms, new.rings, new.children, new.horizon = self.atoms.copy(), self.rings.copy(), {}, 0
        return new

    def bind(self, a: int, b: int, order: int, aromatic: bool) -> None:
        """Record a bond between two open atoms; what a ring label reserved has been taken back."""
        for index, other in ((a, b), (b, a)):
            atom = self.atoms[index]
            self.atoms[index] = OpenAtom(
                atom.token,
                atom.parent,
                atom.order + order,
                atom.double or order > 1,
                atom.aromatic_bonds + aromatic,
            )
            if aromatic:
                bonds = (*self.aromatic_neighbours.get(index, ()), other)
                self.aromatic_neighbours = {**self.aromatic_neighbours, index: bonds}

    def close_if_done(self, index: int, allow_radicals: bool) -> bool:
        """Close atom `index` unless a branch or a ring label keeps it open; false if that cannot be."""
        if index < 0 or index in self.branch_points:
            return True
        labels = sum(atom == index for atom in self.rings.values())
        if labels:
            atom = self.atoms[index]
            return not atom.token.aromatic or atom.aromatic_bonds + labels >= 2
        atom = self.atoms.pop(index)
        hydrogens = atom.implicit_hydrogens()
        if hydrogens < 0 or hydrogens > self.hydrogens_left:
            return False
        self.hydrogens_left -= hydrogens
        token = atom.token
        filled = atom.order + token.hydrogens
        missing = next((v - filled for v in token.valences if v >= filled), 0)
        if not token.aromatic:
            return not (token.bracket and missing) or allow_radicals
        if atom.aromatic_bonds < 2:
            return False
        if missing == 0:
            self.double_excluded |= {index}
        elif missing == 1 or not token.bracket:
            if missing > 1 and token.element != "C":
                return False
            self.double_required |= {index}
        else:
            return allow_radicals
        matching = extend_matching(
            self.matching, index, self.aromatic_neighbours, self.double_required, self.double_excluded
        )
        self.matching = matching if matching is not None else {}
        return matching is not None
