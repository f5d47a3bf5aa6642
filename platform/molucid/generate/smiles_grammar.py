"""The moves of a SMILES: what each token does to the state, or that it may not stand here."""

from __future__ import annotations

from molucid.generate.atom_tokens import AtomToken, Kind, Token
from molucid.generate.smiles_state import AFTER_ATOM, Last, OpenAtom, SmilesState

_CHAIN_GOES_ON = (*AFTER_ATOM, Last.BRANCH_OPENED, Last.BRANCH_CLOSED)


def step(state: SmilesState, token: Token, allow_radicals: bool, allow_fragments: bool) -> SmilesState | None:
    """The state after `token`; `None` if a canonical SMILES cannot go on with it.

    The formula is used up on the way: a token that needs an atom or a hydrogen that is not left is refused.
    """
    kind = token.kind
    if kind is Kind.ATOM:
        assert token.atom is not None
        return _atom(state, token.atom, allow_radicals)
    if kind is Kind.RING:
        return _ring(state, token.label, allow_radicals)
    if kind is Kind.BOND:
        return _bond(state, token)
    if kind is Kind.OPEN_BRANCH:
        return _open_branch(state)
    if kind is Kind.CLOSE_BRANCH:
        return _close_branch(state, allow_radicals)
    if kind is Kind.END or (kind is Kind.DOT and allow_fragments):
        return _end_of_fragment(state, kind, allow_radicals)
    return None


def _next(state: SmilesState, last: Last) -> SmilesState:
    new = state.copy()
    new.length += 1
    new.last = last
    return new


def _atom(state: SmilesState, token: AtomToken, allow_radicals: bool) -> SmilesState | None:
    element = token.element
    if element == "H":
        hydrogens = token.hydrogens + 1
    elif state.left.get(element, 0) > 0:
        hydrogens = token.hydrogens
    else:
        return None
    if state.needs_label or hydrogens > state.hydrogens_left:
        return None
    previous = state.atoms.get(state.current)
    aromatic_pair = previous is not None and previous.token.aromatic and token.aromatic
    # Only between aromatic atoms is a single bond written, where it is not part of their ring.
    if state.bond_text == "-" and not aromatic_pair:
        return None
    aromatic = aromatic_pair and not state.bond
    order = state.bond or 1
    if previous is not None:
        # At the start of a branch one bond is kept for the chain that goes on after it.
        kept = 1 if state.current in state.branch_points else 0
        room = previous.room if order == 1 else previous.room_for_double
        if room < order + kept or token.max_bond_order < order:
            return None
    new = _next(state, Last.ATOM)
    new.bond, new.bond_text = 0, ""
    if element != "H":
        new.left = {**state.left, element: state.left[element] - 1}
        new.num_left -= 1
    new.hydrogens_left -= hydrogens
    new.charge += token.charge
    index = new.num_atoms
    new.num_atoms += 1
    new.atoms[index] = OpenAtom(token, state.current, 0, False, 0)
    new.current = index
    new.ring_partners, new.freed_labels, new.may_close_label = (), (), True
    new.needs_label = token.aromatic and not aromatic
    if previous is not None:
        new.bind(state.current, index, order, aromatic)
        if not new.close_if_done(state.current, allow_radicals):
            return None
    return new


def _bond(state: SmilesState, token: Token) -> SmilesState | None:
    if state.last not in _CHAIN_GOES_ON:
        return None
    atom = state.atoms[state.current]
    kept = 1 if state.last is Last.BRANCH_OPENED else 0
    room = atom.room if token.order == 1 else atom.room_for_double
    if room < token.order + kept or (token.text == "-" and not atom.token.aromatic):
        return None
    if state.needs_label and not state.rings:
        return None
    new = _next(state, Last.BOND)
    new.bond, new.bond_text = token.order, token.text
    return new


def _open_branch(state: SmilesState) -> SmilesState | None:
    if state.last not in (*AFTER_ATOM, Last.BRANCH_CLOSED) or state.needs_label:
        return None
    # One bond for the branch and one for the chain after it.
    if state.atoms[state.current].room < 2:
        return None
    new = _next(state, Last.BRANCH_OPENED)
    new.may_close_label = False
    new.branch_points = (*state.branch_points, state.current)
    return new


def _close_branch(state: SmilesState, allow_radicals: bool) -> SmilesState | None:
    if state.last not in AFTER_ATOM or state.needs_label or not state.branch_points:
        return None
    new = _next(state, Last.BRANCH_CLOSED)
    new.may_close_label = False
    new.current = state.branch_points[-1]
    new.branch_points = state.branch_points[:-1]
    return new if new.close_if_done(state.current, allow_radicals) else None


def _ring(state: SmilesState, label: int, allow_radicals: bool) -> SmilesState | None:
    if label in state.rings:
        return _close_ring(state, label, allow_radicals)
    return _open_ring(state, label)


def _open_ring(state: SmilesState, label: int) -> SmilesState | None:
    if state.last not in AFTER_ATOM or state.atoms[state.current].room < 1:
        return None
    lowest = 1
    while lowest in state.rings or lowest in state.freed_labels:
        lowest += 1
    if label != lowest:
        return None
    new = _next(state, Last.OPENING_LABEL)
    new.may_close_label = False
    new.rings[label] = state.current
    atom = new.atoms[state.current]
    new.atoms[state.current] = atom._replace(order=atom.order + 1)
    new.needs_label = False
    return new


def _close_ring(state: SmilesState, label: int, allow_radicals: bool) -> SmilesState | None:
    if not state.may_close_label:
        return None
    partner, current = state.rings[label], state.current
    a, b = state.atoms[partner], state.atoms[current]
    if partner in (current, b.parent) or partner in state.ring_partners:
        return None
    aromatic_pair = a.token.aromatic and b.token.aromatic
    if state.bond_text == "-" and not aromatic_pair:
        return None
    order = state.bond or 1
    # The opening label has reserved order 1 at the partner.
    fits = b.room >= 1 if order == 1 else min(a.room_for_double + 1, b.room_for_double) >= order
    if not fits:
        return None
    new = _next(state, Last.CLOSING_LABEL)
    del new.rings[label]
    new.bond, new.bond_text = 0, ""
    new.atoms[partner] = a._replace(order=a.order - 1)
    aromatic = aromatic_pair and not state.bond
    new.bind(partner, current, order, aromatic)
    new.needs_label = state.needs_label and not aromatic
    new.ring_partners = (*state.ring_partners, partner)
    new.freed_labels = (*state.freed_labels, label)
    return new if new.close_if_done(partner, allow_radicals) else None


def _end_of_fragment(state: SmilesState, kind: Kind, allow_radicals: bool) -> SmilesState | None:
    if state.last not in AFTER_ATOM or state.needs_label or state.branch_points or state.rings:
        return None
    new = _next(state, Last.END if kind is Kind.END else Last.NOTHING)
    new.current = -1
    return new if new.close_if_done(state.current, allow_radicals) else None
