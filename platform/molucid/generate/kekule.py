"""Whether the aromatic atoms written so far can still be given alternating double bonds.

A string whose aromatic atoms have no Kekulé structure is no molecule. While a SMILES is being written, every
aromatic atom that takes no further bond and needs a double bond must have a partner of its own among its
aromatic
neighbours: a matching that covers these atoms. Atoms that may still change are allowed as partners, so that a
prefix of a valid string always has such a matching.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

Neighbours = Mapping[int, tuple[int, ...]]
Matching = Mapping[int, int]


def extend_matching(
    matching: Matching, atom: int, neighbours: Neighbours, required: Set[int], excluded: Set[int]
) -> Matching | None:
    """A matching that covers `required`, given one that does so but for `atom`.

    Args:
        matching: partner of each matched atom, both ways; not changed.
        atom: atom whose double bond has just become required (in `required`) or impossible (in `excluded`).
        neighbours: aromatic neighbours of each aromatic atom.
        required: atoms that must have a double bond.
        excluded: atoms that cannot have one.

    Returns:
        The matching, or `None` if there is none.
    """
    if (atom in matching) != (atom in excluded):
        return matching
    if atom in required:
        for other in neighbours.get(atom, ()):
            if other not in matching and other not in excluded:
                return {**matching, atom: other, other: atom}
    component = _component(atom, neighbours)
    found = _cover({}, component & required, neighbours, excluded)
    if found is None:
        return None
    return {**{a: b for a, b in matching.items() if a not in component}, **found}


def _component(atom: int, neighbours: Neighbours) -> set[int]:
    reached, frontier = {atom}, [atom]
    while frontier:
        for other in neighbours.get(frontier.pop(), ()):
            if other not in reached:
                reached.add(other)
                frontier.append(other)
    return reached


def _cover(
    matching: dict[int, int], uncovered: Set[int], neighbours: Neighbours, excluded: Set[int]
) -> dict[int, int] | None:
    # Backtracking on the most constrained atom; with at most three neighbours each, most choices are forced.
    if not uncovered:
        return matching
    atom, partners = -1, [0] * 4
    for candidate in sorted(uncovered):
        free = [o for o in neighbours.get(candidate, ()) if o not in matching and o not in excluded]
        if len(free) < len(partners):
            atom, partners = candidate, free
            if len(free) <= 1:
                break
    for other in partners:
        found = _cover(
            {**matching, atom: other, other: atom}, uncovered - {atom, other}, neighbours, excluded
        )
        if found is not None:
            return found
    return None
