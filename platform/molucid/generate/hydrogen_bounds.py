"""Whether the rest of the formula can still be written: necessary conditions, checked after every token.

They never refuse a prefix of a canonical SMILES of the formula; what they let pass may still prove
impossible some tokens later.

Most hydrogens: every atom still to come is attached by one single bond, which costs one hydrogen on either
side, so an atom of valence v adds v − 2. Fewest hydrogens: every atom to come takes as much of the open
atoms' hydrogens as its valence allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from molucid.generate.atom_tokens import AtomToken
from molucid.generate.smiles_state import AFTER_ATOM, Last, SmilesState

_TRIPLE = 3


@dataclass(frozen=True, slots=True)
class ElementBounds:
    """What the alphabet can do with one element.

    Attributes:
        max_valence: most bonds and hydrogens of one atom, less its formal charge if charges must sum to 0.
        max_bond_order: highest order of the bond to the atom before it.
        max_charge, min_charge: extremes of its formal charge.
    """

    max_valence: int
    max_bond_order: int
    max_charge: int
    min_charge: int


def element_bounds(tokens: Iterable[AtomToken], neutral: bool) -> Mapping[str, ElementBounds]:
    """Bounds of each element over the atom tokens that may be used.

    In a neutral molecule charges cancel, so the valence of `[NH3+]` counts 4 − 1: what it gains, `[O-]`
    loses.
    """
    by_element: dict[str, list[AtomToken]] = {}
    for token in tokens:
        by_element.setdefault(token.element, []).append(token)
    return {
        element: ElementBounds(
            max(t.max_bond_order + t.hydrogens - (t.charge if neutral else 0) for t in atoms),
            min(_TRIPLE, max(t.max_bond_order for t in atoms)),
            max(0, *(t.charge for t in atoms)),
            min(0, *(t.charge for t in atoms)),
        )
        for element, atoms in by_element.items()
    }


def can_be_completed(
    state: SmilesState, bounds: Mapping[str, ElementBounds], neutral: bool, allow_fragments: bool
) -> bool:
    """Whether the atoms, hydrogens and charges that are left may still fit behind this prefix."""
    if state.last is Last.END:
        return state.num_left == state.hydrogens_left == 0 and not (neutral and state.charge)
    # Hydrogens are atoms of their own among fragments only.
    atoms_left = state.num_left + (state.hydrogens_left if allow_fragments else 0)
    if atoms_left < _atoms_needed(state):
        return False
    if neutral and not _charges_can_cancel(state, bounds):
        return False
    if allow_fragments:
        most = _most_hydrogens(state, bounds, neutral) + 2 * atoms_left
        return _fewest_hydrogens(state, bounds) <= state.hydrogens_left <= most
    if not _next_can_be_attached(state):
        return False
    if not state.num_left:
        return _closing_fits(state)
    most = _most_hydrogens(state, bounds, neutral)
    return _fewest_hydrogens(state, bounds) <= state.hydrogens_left <= most


def tokens_needed(state: SmilesState) -> int:
    """Fewest tokens that complete this prefix, `<eos>` included."""
    if state.last is Last.END:
        return 0
    return state.num_left + len(state.branch_points) + len(state.rings) + 1


def _atoms_needed(state: SmilesState) -> int:
    # Each branch point is followed by an atom after its branch.
    needed = len(state.branch_points)
    label_can_follow = state.may_close_label and state.rings
    if state.last is Last.BRANCH_OPENED or (state.last is Last.BOND and not label_can_follow):
        needed += 1
    if state.last is Last.OPENING_LABEL or state.needs_label:
        needed = max(needed, 2)  # the smallest ring has two more atoms after its first
    return needed


def _next_can_be_attached(state: SmilesState) -> bool:
    # Every branch point keeps a bond for the chain after its branch.
    if not state.num_left or state.branch_points or state.bond or state.current < 0:
        return True
    return state.atoms[state.current].room >= 1


def _charges_can_cancel(state: SmilesState, bounds: Mapping[str, ElementBounds]) -> bool:
    if state.charge > 0:
        return state.charge <= -sum(n * bounds[e].min_charge for e, n in state.left.items() if n)
    return -state.charge <= sum(n * bounds[e].max_charge for e, n in state.left.items() if n)


def _most_hydrogens(state: SmilesState, bounds: Mapping[str, ElementBounds], neutral: bool) -> int:
    most = sum(n * (bounds[e].max_valence - 2) for e, n in state.left.items() if n)
    for index, atom in state.atoms.items():
        if index == state.current and state.bond > 1:
            most += atom.room_for_double
        elif index == state.current or index in state.branch_points:
            most += atom.room
        else:
            # Waits for its ring label to be closed, perhaps by a bond of higher order than reserved.
            most += max(atom.implicit_hydrogens(extra) for extra in range(_TRIPLE))
    if state.current < 0:
        most += 2  # the first atom is attached to nothing
    elif state.bond:
        most -= 2 * (state.bond - 1)
    if neutral:
        most -= state.charge
    return most - len(state.rings)


def _fewest_hydrogens(state: SmilesState, bounds: Mapping[str, ElementBounds]) -> int:
    fixed = 0
    for index, atom in state.atoms.items():
        # Ring labels opened at the current atom could still take all of its hydrogens.
        can_open_labels = index == state.current and state.num_left >= 2 and state.last in AFTER_ATOM
        if not (can_open_labels or atom.token.has_hydrogen_shells):
            fixed += max(atom.implicit_hydrogens(), 0)
    taken = sum(n * bounds[e].max_bond_order for e, n in state.left.items() if n)
    return fixed - taken - 2 * _TRIPLE * len(state.rings)


def _closing_fits(state: SmilesState) -> bool:
    # No atom is left: every open label closes at the current atom, so the hydrogens are known but for bond
    # orders.
    current = state.atoms[state.current]
    partners = tuple(state.rings.values())
    if (partners and not state.may_close_label) or len(set(partners)) < len(partners):
        return False
    if current.token.aromatic:
        aromatic = sum(state.atoms[p].token.aromatic for p in partners)
        if current.aromatic_bonds + aromatic < 2:
            return False
    return any(
        current.implicit_hydrogens(sum(orders))
        + sum(state.atoms[p].implicit_hydrogens(o - 1) for p, o in zip(partners, orders, strict=True))
        == state.hydrogens_left
        for orders in product((1, 2, _TRIPLE), repeat=len(partners))
    )
